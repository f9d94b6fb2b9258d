// SPDX-License-Identifier: Apache-2.0
#include "vmalert/tool/input_series.h"

#include "base/text/gofmt.h"
#include "base/text/regex.h"
#include "rules/metricsql/metricsql.h"
#include "rules/result.h"

// A number (or _) with an operator at either end; what stands between such pieces does not count.
#define PIECE      S("(?i)[+x-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+|inf|nan|_)(?:e[+-]?\\d+)?[+x-]?")
#define PIECES_MAX 3

struct parser {
    const struct regex *piece;
    struct arena *mem;
    struct input_values *out;
    struct err *err;
};

struct pieces {
    str items[PIECES_MAX];
    size_t count; // may be more than were kept
};

static struct pieces pieces_of(const struct parser *p, str item)
{
    struct pieces ret = {.count = 0};
    struct regex_span span;
    for (size_t at = 0; at < item.n && regex_find(p->piece, item, at, &span, 1); at = span.to) {
        if (ret.count < PIECES_MAX)
            ret.items[ret.count] = str_slice(item, span.from, span.to);
        ret.count++;
    }
    return ret;
}

static char last_char(str s)
{
    return s.p[s.n - 1];
}

static str without_last(str s)
{
    return str_slice(s, 0, s.n - 1);
}

static bool add(struct parser *p, double value, bool is_omitted)
{
    struct input_values *v = p->out;
    if (v->count == INPUT_VALUES_MAX)
        return err_set(p->err, ERR_LIMIT, "more than %d values", INPUT_VALUES_MAX);
    if (v->count == v->cap) {
        v->cap = MAX(v->cap * 2, 16);
        struct input_value *grown = arena_array(p->mem, struct input_value, v->cap);
        if (v->count)
            memcpy(grown, v->items, v->count * sizeof(*grown));
        v->items = grown;
    }
    v->items[v->count++] = (struct input_value){value, is_omitted};
    return true;
}

static bool read_number(struct parser *p, str text, double *ret)
{
    return gofmt_parse_f64(text, ret, p->err);
}

static bool read_count(struct parser *p, str text, int64_t *ret)
{
    str digits = text.n && text.p[0] == '+' ? str_skip(text, 1) : text;
    if (str_to_i64(digits, ret))
        return true;
    return err_set(p->err, ERR_SYNTAX, "strconv.ParseInt: parsing \"%.*s\": invalid syntax",
                   STR(text));
}

// start, start + step, … and `count` more.
static bool add_steps(struct parser *p, double start, double step, int64_t count)
{
    for (int64_t i = 0; i <= count; i++) {
        if (!add(p, start + step * (double)i, false))
            return false;
    }
    return true;
}

static bool add_one(struct parser *p, str text)
{
    double value;
    if (str_eq(text, S("_")))
        return add(p, 0, true);
    return read_number(p, text, &value) && add(p, value, false);
}

// AxN: N + 1 times A; _xN: N gaps, at least one.
static bool add_repeated(struct parser *p, str what, int64_t count)
{
    double value;
    if (!str_eq(what, S("_")))
        return count < 0 || (read_number(p, what, &value) && add_steps(p, value, 0, count));
    for (int64_t i = 0; count >= 0 && i < MAX(count, 1); i++) {
        if (!add(p, 0, true))
            return false;
    }
    return true;
}

static bool add_pair(struct parser *p, const struct pieces *x)
{
    str first = without_last(x->items[0]);
    double value;
    int64_t count;
    if (!read_count(p, x->items[1], &count))
        return false;
    if (last_char(x->items[0]) == 'x')
        return add_repeated(p, first, count);
    if (last_char(x->items[0]) == '+')
        return read_number(p, first, &value) && add(p, value + (double)count, false);
    return err_set(p->err, ERR_SYNTAX, "got invalid operation %c", last_char(x->items[0]));
}

// A+BxN, A-BxN
static bool add_series(struct parser *p, const struct pieces *x, str whole)
{
    double start, step;
    int64_t count;
    if (last_char(x->items[1]) != 'x')
        return err_set(p->err, ERR_SYNTAX, "unsupported input %.*s", STR(whole));
    if (!read_count(p, x->items[2], &count) || !read_number(p, without_last(x->items[1]), &step) ||
        !read_number(p, without_last(x->items[0]), &start))
        return false;
    return add_steps(p, start, last_char(x->items[0]) == '+' ? step : -step, count);
}

static bool add_item(struct parser *p, str item, str whole)
{
    if (str_eq(item, S("stale")))
        return add(p, stale_nan(), false);
    if (str_find_str(item, S("stale")) != STR_NONE)
        return err_set(p->err, ERR_SYNTAX, "stale metric doesn't support operations");
    struct pieces x = pieces_of(p, item);
    if (x.count == 1)
        return add_one(p, x.items[0]);
    if (x.count == 2)
        return add_pair(p, &x);
    if (x.count == 3)
        return add_series(p, &x, whole);
    return err_set(p->err, ERR_SYNTAX, "unsupported input %.*s", STR(whole));
}

static bool add_items(struct parser *p, str text)
{
    str rest = str_trim(text);
    if (!rest.n)
        return err_set(p->err, ERR_SYNTAX, "values cannot be an empty string");
    while (rest.n) {
        size_t n = 0;
        while (n < rest.n && !char_is_space(rest.p[n]))
            n++;
        if (!add_item(p, str_slice(rest, 0, n), text))
            return false;
        rest = str_trim(str_skip(rest, n));
    }
    return true;
}

bool input_values_parse(str text, struct arena *mem, struct input_values *ret, struct err *err)
{
    *ret = (struct input_values){0};
    struct regex *piece = regex_new(PIECE, REGEX_SEARCH, err);
    if (!piece)
        return false;
    struct parser p = {piece, mem, ret, err};
    bool ok = add_items(&p, text);
    regex_free(piece);
    return ok;
}

bool input_series_parse(str series, str values, struct arena *mem, struct label_list *ret_labels,
                        struct input_values *ret_values, struct err *err)
{
    *ret_labels = (struct label_list){.mem = mem};
    const struct mql_expr *e = mql_parse(series, mem, err);
    if (!e)
        return err_wrap(err, "failed to parse series %.*s", STR(series));
    if (!input_values_parse(values, mem, ret_values, err))
        return err_wrap(err, "failed to parse input series value %.*s", STR(values));
    bool is_one = e->kind == MQL_SELECTOR && e->selector.count == 1;
    const struct mql_filters *f = is_one ? &e->selector.alternatives[0] : NULL;
    if (!f || !f->count) // what upstream shows behind the colon is an error that is none
        return err_set(err, ERR_INVALID, "got invalid input series %.*s: %%!w(<nil>)", STR(series));
    for (size_t i = 0; i < f->count; i++)
        label_list_set(ret_labels, f->items[i].label, f->items[i].value);
    return true;
}
