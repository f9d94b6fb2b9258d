// SPDX-License-Identifier: Apache-2.0
#include "rules/logsql_stats.h"

#include "rules/logsql_pipes.h"

// ---- sets of names -----------------------------------------------------------------------------

struct names {
    str *items;
    size_t count;
};

static bool names_has(const struct names *l, str name)
{
    for (size_t i = 0; i < l->count; i++) {
        if (str_eq(l->items[i], name))
            return true;
    }
    return false;
}

static void names_add(struct names *l, str name)
{
    if (!names_has(l, name))
        l->items[l->count++] = name; // there is room for every token
}

static void names_remove(struct names *l, str name)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (!str_eq(l->items[i], name))
            l->items[kept++] = l->items[i];
    }
    l->count = kept;
}

static str without_quotes(str s)
{
    return s.n > 1 && strchr("\"'`", s.p[0]) ? str_slice(s, 1, s.n - 1) : s;
}

// ---- what a query results in -------------------------------------------------------------------

struct results {
    str query;
    struct names labels, metrics;
    struct logsql_pipe stats;
    struct err *err;
};

static bool is_row_func(const struct logsql_token *t)
{
    return logsql_is(t, "row_any") || logsql_is(t, "row_min") || logsql_is(t, "row_max");
}

// [by] (field, field:step, …): the names of the fields.
static const struct logsql_token *read_fields(const struct logsql_token *t,
                                              const struct logsql_token *to, struct names *ret)
{
    if (t < to && logsql_is(t, "by"))
        t++;
    if (t >= to || !logsql_is(t, "("))
        return t;
    const struct logsql_token *end = MIN(logsql_skip(t), to);
    bool starts = true; // of a field; what follows its name is its step and so on
    for (t++; t < end; t++) {
        if (starts && t->is_word)
            names_add(ret, without_quotes(t->text));
        starts = logsql_is(t, ",");
    }
    return end;
}

// One result: func(args) [if (…)] [limit N] [[as] name].
static const struct logsql_token *read_result(struct results *r, const struct logsql_token *t,
                                              const struct logsql_token *to, bool may_be_label)
{
    const struct logsql_token *func = t, *last = t;
    str name = {0};
    while (t < to && !logsql_is(t, ",")) {
        bool is_name = t->is_word && t > func && !logsql_is(t, "if") && !logsql_is(t, "as") &&
                       !logsql_is(last, "limit");
        name = is_name && !logsql_is(t, "limit") ? without_quotes(t->text) : name;
        last = t;
        t = logsql_opens(t) ? logsql_skip(t) : t + 1;
    }
    if (name.n == 0) { // it is called as it is written
        const struct logsql_token *end =
            func + 1 < to && logsql_is(func + 1, "(") ? logsql_skip(func + 1) - 1 : func;
        name = str_from(func->text.p, (size_t)(end->text.p + end->text.n - func->text.p));
    }
    bool is_label = may_be_label && is_row_func(func);
    names_add(is_label ? &r->labels : &r->metrics, name);
    names_remove(is_label ? &r->metrics : &r->labels, name);
    return t;
}

static void read_results(struct results *r, const struct logsql_token *t,
                         const struct logsql_token *to, bool may_be_label)
{
    for (; t < to; t++)
        t = read_result(r, t, to, may_be_label);
}

static void apply_stats(struct results *r)
{
    const struct logsql_token *t = r->stats.from;
    if (logsql_is(t, "stats"))
        t++;
    read_results(r, read_fields(t, r->stats.to, &r->labels), r->stats.to, true);
}

static bool apply_more_stats(struct results *r, const struct logsql_pipe *p, struct arena *mem)
{
    struct names by = {arena_array(mem, str, (size_t)(p->to - p->from) + 1), 0};
    const struct logsql_token *t = read_fields(p->from + 1, p->to, &by);
    bool is_same = by.count == r->labels.count || logsql_is(p->from, "total_stats");
    for (size_t i = 0; i < by.count; i++)
        is_same &= names_has(&r->labels, by.items[i]);
    if (!is_same)
        return err_set(r->err, ERR_INVALID,
                       "the \"%.*s\" must contain the same list of fields as `stats` pipe in the "
                       "query [%.*s]",
                       STR(logsql_pipe_text(p)), STR(r->query));
    read_results(r, t, p->to, false);
    return true;
}

// expr as name, …: the last word of each part is the name.
static void apply_math(struct results *r, const struct logsql_pipe *p)
{
    str name = {0};
    for (const struct logsql_token *t = p->from + 1; t <= p->to; t++) {
        while (t < p->to && logsql_opens(t))
            t = logsql_skip(t);
        if (t < p->to && !logsql_is(t, ",")) {
            name = t->is_word ? without_quotes(t->text) : name;
            continue;
        }
        if (name.n) {
            names_add(&r->metrics, name);
            names_remove(&r->labels, name);
        }
        name = (str){0};
    }
}

static bool has_wildcard(const struct logsql_pipe *p)
{
    for (const struct logsql_token *t = p->from; t < p->to; t++) {
        if (logsql_is(t, "*"))
            return true;
    }
    return false;
}

static bool lists(const struct logsql_pipe *p, str name)
{
    for (const struct logsql_token *t = p->from + 1; t < p->to; t++) {
        if (t->is_word && str_eq(without_quotes(t->text), name))
            return true;
    }
    return false;
}

static void restrict_names(struct names *l, const struct logsql_pipe *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (lists(p, l->items[i]) == (p->kind == LOGSQL_PIPE_FIELDS))
            l->items[kept++] = l->items[i];
    }
    l->count = kept;
}

static void copy_name(struct names *from, struct names *other, str source, str target, bool moves)
{
    if (!names_has(from, source))
        return;
    if (moves)
        names_remove(from, source);
    names_add(from, target);
    names_remove(other, target);
}

// source [as] target, …
static void apply_copy(struct results *r, const struct logsql_pipe *p)
{
    str source = {0};
    for (const struct logsql_token *t = p->from + 1; t < p->to; t++) {
        if (!t->is_word || logsql_is(t, "as"))
            continue;
        str name = without_quotes(t->text);
        if (source.n == 0) {
            source = name;
            continue;
        }
        bool is_metric = names_has(&r->metrics, source);
        copy_name(is_metric ? &r->metrics : &r->labels, is_metric ? &r->labels : &r->metrics,
                  source, name, p->kind == LOGSQL_PIPE_RENAME);
        source = (str){0};
    }
}

static void add_label(struct results *r, str name)
{
    names_add(&r->labels, name);
    names_remove(&r->metrics, name);
}

static void apply_format(struct results *r, const struct logsql_pipe *p)
{
    str name = S("_msg");
    for (const struct logsql_token *t = p->from + 1; t + 1 < p->to; t++) {
        if (logsql_is(t, "as") && t[1].is_word)
            name = without_quotes(t[1].text);
    }
    add_label(r, name);
}

static bool apply_unpack_json(struct results *r, const struct logsql_pipe *p)
{
    const struct logsql_token *t = p->from + 1;
    while (t < p->to && !logsql_is(t, "fields"))
        t = logsql_opens(t) ? logsql_skip(t) : t + 1;
    if (t >= p->to)
        return err_set(r->err, ERR_INVALID,
                       "missing fields(...) after \"%.*s\" in the query [%.*s]",
                       STR(logsql_pipe_text(p)), STR(r->query));
    const struct logsql_token *end = MIN(logsql_skip(t + 1), p->to);
    for (; t < end; t++) {
        if (logsql_is(t, "*"))
            return err_set(r->err, ERR_INVALID,
                           "fields(...) at \"%.*s\" cannot contain wildcard filter; query [%.*s]",
                           STR(logsql_pipe_text(p)), STR(r->query));
        if (t->is_word && !logsql_is(t, "fields"))
            add_label(r, without_quotes(t->text));
    }
    return true;
}

static bool apply_pipe(struct results *r, const struct logsql_pipe *p, struct arena *mem)
{
    switch (p->kind) {
    case LOGSQL_PIPE_NEUTRAL:
    case LOGSQL_PIPE_STATS: // the last one has been seen
        return true;
    case LOGSQL_PIPE_MORE_STATS:
        return apply_more_stats(r, p, mem);
    case LOGSQL_PIPE_MATH:
        apply_math(r, p);
        return true;
    case LOGSQL_PIPE_FIELDS:
    case LOGSQL_PIPE_DELETE:
        if (!has_wildcard(p)) {
            restrict_names(&r->labels, p);
            restrict_names(&r->metrics, p);
        }
        return true;
    case LOGSQL_PIPE_COPY:
    case LOGSQL_PIPE_RENAME:
        if (!has_wildcard(p))
            apply_copy(r, p);
        return true;
    case LOGSQL_PIPE_FORMAT:
        apply_format(r, p);
        return true;
    case LOGSQL_PIPE_UNPACK_JSON:
        return apply_unpack_json(r, p);
    case LOGSQL_PIPE_OTHER:
        break;
    }
    return err_set(r->err, ERR_INVALID,
                   "the \"%.*s\" pipe cannot be put after \"%.*s\" pipe in the query [%.*s]",
                   STR(logsql_pipe_text(p)), STR(logsql_pipe_text(&r->stats)), STR(r->query));
}

// ---- the query ---------------------------------------------------------------------------------

// The last stats pipe among those that begin behind `t`, a "|"; NULL in ret->from: none.
static bool find_stats(const struct results *r, const struct logsql_token *t,
                       struct logsql_pipe *ret)
{
    while (logsql_is(t, "|")) {
        struct logsql_pipe p = logsql_pipe_at(t + 1);
        if (p.from == p.to)
            return err_set(r->err, ERR_SYNTAX, "missing pipe after \"|\" in [%.*s]", STR(r->query));
        if (p.kind == LOGSQL_PIPE_STATS)
            *ret = p;
        t = p.to;
    }
    return !t->text.n || (logsql_is(t, ";") && !t[1].text.n) ||
           err_set(r->err, ERR_SYNTAX, "unexpected unparsed tail after [%.*s]; tail: [%.*s]",
                   STR(r->query), STR(t->text));
}

static bool check_tokens(const struct logsql_tokens *tokens, struct results *r, struct arena *mem)
{
    const struct logsql_token *t = tokens->items;
    if (logsql_is(t, "options") && logsql_is(t + 1, "("))
        t = logsql_skip(t + 1);
    const struct logsql_token *end = logsql_part_end(t);
    if (end == t)
        return err_set(r->err, ERR_SYNTAX,
                       "unexpected end of query after \"\"; expecting a filter; context: [%.*s]",
                       STR(r->query));
    if (!find_stats(r, end, &r->stats))
        return false;
    if (!r->stats.from)
        return err_set(r->err, ERR_INVALID, "missing `| stats ...` pipe in the query [%.*s]",
                       STR(r->query));
    apply_stats(r);
    for (t = r->stats.to; logsql_is(t, "|");) {
        struct logsql_pipe p = logsql_pipe_at(t + 1);
        if (!apply_pipe(r, &p, mem))
            return false;
        t = p.to;
    }
    if (r->metrics.count == 0)
        return err_set(r->err, ERR_INVALID, "missing metric fields in the results of query [%.*s]",
                       STR(r->query));
    return !names_has(&r->labels, S("_time")) ||
           err_set(r->err, ERR_INVALID,
                   "cannot contain time buckets stats pipe `stats by (_time:step)`");
}

bool logsql_check_stats(str text, struct err *err)
{
    if (text.n > LOGSQL_TEXT_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "the expression is longer than %zu bytes",
                       LOGSQL_TEXT_BYTES_MAX);
    struct arena mem = {0};
    struct logsql_tokens tokens;
    struct err why;
    err_clear(&why);
    bool ok = logsql_tokenize(text, &mem, &tokens, &why);
    if (ok) {
        struct results r = {.query = text, .err = &why};
        r.labels.items = arena_array(&mem, str, tokens.count + 1);
        r.metrics.items = arena_array(&mem, str, tokens.count + 1);
        ok = check_tokens(&tokens, &r, &mem);
    }
    if (!ok)
        err_set(err, why.code, "%.*s", STR(err_str(&why)));
    arena_done(&mem);
    return ok;
}
