// SPDX-License-Identifier: Apache-2.0
// Labels from texts. The grammar of a series is that of Prometheus' text format as VictoriaMetrics
// reads it (upstream: lib/protoparser/prometheus, promutil.NewLabelsFromString).
#include "base/model/label_list.h"
#include "base/text/json.h"
#include "base/text/unicode.h"
#include "base/text/yaml.h"

#define NAME_LABEL S("__name__")

// ---- one series --------------------------------------------------------------------------------

struct series_parser {
    str rest;
    str metric;
    bool has_metric_already; // the braces may not name one
    struct label_list *out;
    struct err *err;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_blanks(str *s)
{
    while (s->n && is_blank(s->p[0]))
        *s = str_skip(*s, 1);
}

static str trim_right_blanks(str s)
{
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static bool accept(struct series_parser *p, char c)
{
    if (p->rest.n == 0 || p->rest.p[0] != c)
        return false;
    p->rest = str_skip(p->rest, 1);
    return true;
}

// \\ \" \n; any other backslash is one.
static str unescaped(str s, struct arena *mem)
{
    if (str_find(s, '\\') == STR_NONE)
        return arena_str(mem, s);
    char *to = arena_alloc_raw(mem, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i], next = (char)(c == '\\' && i + 1 < s.n ? s.p[i + 1] : '\0');
        bool is_escape = next == '\\' || next == '"' || next == 'n';
        to[n++] = (char)(!is_escape ? c : next == 'n' ? '\n' : next);
        i += is_escape;
    }
    return str_from(to, n);
}

static bool read_quoted(struct series_parser *p, str *ret)
{
    str s = p->rest;
    if (!accept(p, '"'))
        return err_set(p->err, ERR_SYNTAX, "missing starting double quote in string: \"%.*s\"",
                       STR(s));
    size_t end = 1, slashes = 0;
    while (end < s.n && (s.p[end] != '"' || slashes % 2)) {
        slashes = s.p[end] == '\\' ? slashes + 1 : 0;
        end++;
    }
    if (end >= s.n)
        return err_set(p->err, ERR_SYNTAX, "missing closing double quote in string: \"%.*s\"",
                       STR(s));
    *ret = unescaped(str_slice(s, 1, end), p->out->mem);
    p->rest = str_skip(s, end + 1);
    return true;
}

// The name in front of a value. *ret_is_metric: it was a quoted name of the metric instead.
static bool read_name(struct series_parser *p, size_t quote_at, str *ret, bool *ret_is_metric)
{
    str plain = trim_right_blanks(str_slice(p->rest, 0, quote_at));
    *ret_is_metric = false;
    if (plain.n) {
        if (plain.p[plain.n - 1] != '=')
            return err_set(p->err, ERR_SYNTAX, "missing value for unquoted tag \"%.*s\"",
                           STR(p->rest));
        p->rest = str_skip(p->rest, quote_at);
        *ret = arena_str(p->out->mem, trim_right_blanks(str_slice(plain, 0, plain.n - 1)));
        return true;
    }
    if (!read_quoted(p, ret))
        return false;
    skip_blanks(&p->rest);
    if (accept(p, '=')) {
        skip_blanks(&p->rest);
        return true;
    }
    if (p->rest.n && p->rest.p[0] != ',' && p->rest.p[0] != '}')
        return err_set(p->err, ERR_SYNTAX, "missing value for quoted tag \"%.*s\"", STR(*ret));
    if (p->metric.n || p->has_metric_already)
        return err_set(p->err, ERR_SYNTAX, "duplicate metric name \"%.*s\"", STR(*ret));
    p->metric = *ret;
    *ret_is_metric = true;
    accept(p, ',');
    return true;
}

// Behind the opening brace; reads the closing one as well.
static bool read_labels(struct series_parser *p)
{
    for (;;) {
        str name = {0}, value = {0};
        bool is_metric = false;
        skip_blanks(&p->rest);
        size_t quote_at = str_find(p->rest, '"');
        if (quote_at == STR_NONE)
            return accept(p, '}') ||
                   err_set(p->err, ERR_SYNTAX, "missing value for tag \"%.*s\"", STR(p->rest));
        if (!read_name(p, quote_at, &name, &is_metric))
            return false;
        if (is_metric)
            continue;
        if (!read_quoted(p, &value))
            return false;
        if (name.n)
            label_list_add(p->out, name, value);
        skip_blanks(&p->rest);
        if (accept(p, '}'))
            return true;
        if (!accept(p, ','))
            return err_set(p->err, ERR_SYNTAX, "missing comma after tag %.*s=\"%.*s\"", STR(name),
                           STR(value));
    }
}

// A value and perhaps a time may follow.
static bool check_tail(struct series_parser *p)
{
    double number;
    str rest = p->rest, word;
    for (size_t i = 0; i < 2; i++) {
        skip_blanks(&rest);
        if (rest.n == 0)
            return true;
        size_t end = 0;
        while (end < rest.n && !is_blank(rest.p[end]))
            end++;
        word = str_slice(rest, 0, end);
        rest = str_skip(rest, end);
        // One more number stands behind them in the text format: the second would be too many.
        if (i == 1 || !str_to_f64(word, &number))
            return err_set(p->err, ERR_SYNTAX, "cannot parse value \"%.*s\"", STR(word));
    }
    return true;
}

static bool read_series(struct series_parser *p)
{
    str text = p->rest;
    if (str_find(text, '\n') != STR_NONE || str_starts(text, S("#")))
        return err_set(p->err, ERR_SYNTAX, "unexpected number of rows parsed; want 1");
    skip_blanks(&p->rest);
    size_t brace_at = str_find(p->rest, '{'), end = 0;
    if (brace_at != STR_NONE) {
        p->metric = trim_right_blanks(str_slice(p->rest, 0, brace_at));
        p->rest = str_skip(p->rest, brace_at + 1);
        if (!read_labels(p))
            return err_wrap(p->err, "cannot unmarshal tags");
    } else {
        while (end < p->rest.n && !is_blank(p->rest.p[end]))
            end++;
        p->metric = str_slice(p->rest, 0, end);
        p->rest = str_skip(p->rest, end);
    }
    if (p->metric.n == 0 && !p->has_metric_already)
        return err_set(p->err, ERR_SYNTAX, "metric cannot be empty");
    return check_tail(p);
}

bool label_list_parse_metric(str text, struct label_list *ret, struct err *err)
{
    struct label_list labels = {.mem = ret->mem};
    struct series_parser p = {
        .rest = text,
        .has_metric_already = str_starts(text, S("{")), // one is thought in front
        .out = &labels,
        .err = err,
    };
    if (text.n > LABEL_LIST_TEXT_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "a series may have %zu bytes at most",
                       LABEL_LIST_TEXT_BYTES_MAX);
    if (!read_series(&p))
        return err_wrap(err, "error during metric parse: cannot unmarshal Prometheus line");
    *ret = (struct label_list){.mem = ret->mem};
    if (!p.has_metric_already)
        label_list_add(ret, NAME_LABEL, arena_str(ret->mem, p.metric));
    for (size_t i = 0; i < labels.count; i++)
        label_list_add(ret, labels.items[i].name, labels.items[i].value);
    return true;
}

bool label_list_parse_input(str text, struct label_list *ret, struct err *err)
{
    text = str_trim_unicode(text);
    bool has_open = str_find(text, '{') != STR_NONE, has_close = str_find(text, '}') != STR_NONE;
    if (str_find(text, '\n') != STR_NONE)
        return err_set(err, ERR_SYNTAX, "only one time series is allowed; got multiple lines");
    if (has_open != has_close)
        return err_set(err, ERR_SYNTAX, "cannot unmarshal Prometheus line \"%.*s\"", STR(text));
    if (!has_open && str_find(text, '=') != STR_NONE)
        text = arena_printf(ret->mem, "{%.*s}", STR(text));
    return label_list_parse_metric(text.n ? text : S("{}"), ret, err);
}

// ---- maps --------------------------------------------------------------------------------------

static void sort_map(struct label_list *l) // of equal names the last one counts
{
    l->count = label_sort_unique(l->items, l->count);
}

static bool refuse_yaml(const struct yaml_node *n, const char *type, struct err *err)
{
    return err_set(err, ERR_SYNTAX,
                   "yaml: unmarshal errors:\n  line %u: cannot unmarshal %.*s into %s", n->line,
                   STR(yaml_short_tag(n)), type);
}

bool label_list_parse_yaml(str text, struct label_list *ret, struct err *err)
{
    const struct yaml_options options = {.duplicates_are_fine = true};
    struct yaml_node *root;
    *ret = (struct label_list){.mem = ret->mem};
    if (text.n > LABEL_LIST_TEXT_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "labels may have %zu bytes at most",
                       LABEL_LIST_TEXT_BYTES_MAX);
    if (!yaml_parse(text, &options, ret->mem, &root, err))
        return false;
    if (root->kind == YAML_NULL)
        return true;
    if (root->kind != YAML_MAPPING)
        return refuse_yaml(root, "map[string]string", err);
    yaml_each (i, root) {
        str name, value;
        const struct yaml_member *m = &root->members[i];
        if (!yaml_to_str(m->key, &name))
            return refuse_yaml(m->key, "string", err);
        if (!yaml_to_str(m->value, &value))
            return refuse_yaml(m->value, "string", err);
        label_list_add(ret, name, value);
    }
    sort_map(ret);
    return true;
}

bool label_list_parse_json(str text, struct label_list *ret, struct err *err)
{
    *ret = (struct label_list){.mem = ret->mem};
    if (text.n > LABEL_LIST_TEXT_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "labels may have %zu bytes at most",
                       LABEL_LIST_TEXT_BYTES_MAX);
    const json *root = json_parse(text, false, ret->mem, err);
    if (!root)
        return false;
    if (!json_is_object(root) && !json_is_null(root))
        return err_set(err, ERR_SYNTAX, "json: cannot unmarshal the value into a map of strings");
    json_each (v, root) {
        if (!json_is_string(v) && !json_is_null(v))
            return err_set(err, ERR_SYNTAX, "json: the value of \"%.*s\" is not a string",
                           STR(json_key(v)));
        label_list_add(ret, json_key(v), json_str(v));
    }
    sort_map(ret);
    return true;
}
