// SPDX-License-Identifier: Apache-2.0
#include "rules/logsql_pipes.h"

// ---- tokens ------------------------------------------------------------------------------------

static bool is_word_char(char c)
{
    return (unsigned char)c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '/' || c == '@';
}

static size_t quoted_bytes(str s) // 0: the closing quote is missing
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == s.p[0])
            return i + 1;
        i += s.p[i] == '\\' && s.p[0] != '`';
    }
    return 0;
}

static str skip_blank(str s) // and comments
{
    while (s.n && (char_is_space(s.p[0]) || s.p[0] == '#')) {
        size_t n = s.p[0] == '#' ? str_find(s, '\n') : 1;
        s = str_skip(s, MIN(n, s.n));
    }
    return s;
}

bool logsql_is(const struct logsql_token *t, const char *text)
{
    return str_eq_nocase(t->text, str_c(text));
}

bool logsql_opens(const struct logsql_token *t)
{
    return logsql_is(t, "(") || logsql_is(t, "[") || logsql_is(t, "{");
}

static bool closes(const struct logsql_token *t)
{
    return logsql_is(t, ")") || logsql_is(t, "]") || logsql_is(t, "}");
}

// The token behind the bracket that matches the one at t. Ranges are written [a, b) too, so that
// any closing bracket will do; they are balanced in the whole text.
const struct logsql_token *logsql_skip(const struct logsql_token *t)
{
    size_t depth = 0;
    do {
        depth += logsql_opens(t);
        depth -= closes(t);
        t++;
    } while (depth > 0 && t->text.n);
    return t;
}

static bool check_brackets(const struct logsql_tokens *tokens, str text, struct err *err)
{
    size_t depth = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        if (closes(&tokens->items[i]) && depth-- == 0)
            return err_set(err, ERR_SYNTAX, "unexpected \"%.*s\" in [%.*s]",
                           STR(tokens->items[i].text), STR(text));
        depth += logsql_opens(&tokens->items[i]);
    }
    return depth == 0 || err_set(err, ERR_SYNTAX, "missing closing bracket in [%.*s]", STR(text));
}

bool logsql_tokenize(str text, struct arena *mem, struct logsql_tokens *ret, struct err *err)
{
    ret->items = arena_array(mem, struct logsql_token, MIN(text.n, LOGSQL_TOKENS_MAX) + 1);
    ret->count = 0;
    for (str rest = skip_blank(text); rest.n; rest = skip_blank(rest)) {
        size_t n = 0;
        bool is_quoted = strchr("\"'`", rest.p[0]) != NULL && rest.p[0];
        while (!is_quoted && n < rest.n && is_word_char(rest.p[n]))
            n++;
        bool is_word = is_quoted || n > 0;
        if (is_quoted && (n = quoted_bytes(rest)) == 0)
            return err_set(err, ERR_SYNTAX, "cannot find closing quote %c in [%.*s]", rest.p[0],
                           STR(text));
        n = MAX(n, 1);
        if (ret->count == LOGSQL_TOKENS_MAX)
            return err_set(err, ERR_LIMIT, "the expression has more than %d words",
                           LOGSQL_TOKENS_MAX);
        ret->items[ret->count++] = (struct logsql_token){str_slice(rest, 0, n), is_word};
        rest = str_skip(rest, n);
    }
    return check_brackets(ret, text, err);
}

// ---- pipes -------------------------------------------------------------------------------------

struct pipe_name {
    const char *name;
    enum logsql_pipe_kind kind;
};

static const struct pipe_name PIPES[] = {
    {"filter", LOGSQL_PIPE_NEUTRAL},
    {"where", LOGSQL_PIPE_NEUTRAL},
    {"sort", LOGSQL_PIPE_NEUTRAL},
    {"order", LOGSQL_PIPE_NEUTRAL},
    {"first", LOGSQL_PIPE_NEUTRAL},
    {"last", LOGSQL_PIPE_NEUTRAL},
    {"limit", LOGSQL_PIPE_NEUTRAL},
    {"head", LOGSQL_PIPE_NEUTRAL},
    {"offset", LOGSQL_PIPE_NEUTRAL},
    {"skip", LOGSQL_PIPE_NEUTRAL},
    {"stats", LOGSQL_PIPE_STATS},
    {"by", LOGSQL_PIPE_STATS},
    {"running_stats", LOGSQL_PIPE_MORE_STATS},
    {"total_stats", LOGSQL_PIPE_MORE_STATS},
    {"math", LOGSQL_PIPE_MATH},
    {"eval", LOGSQL_PIPE_MATH},
    {"fields", LOGSQL_PIPE_FIELDS},
    {"keep", LOGSQL_PIPE_FIELDS},
    {"delete", LOGSQL_PIPE_DELETE},
    {"del", LOGSQL_PIPE_DELETE},
    {"rm", LOGSQL_PIPE_DELETE},
    {"drop", LOGSQL_PIPE_DELETE},
    {"copy", LOGSQL_PIPE_COPY},
    {"cp", LOGSQL_PIPE_COPY},
    {"rename", LOGSQL_PIPE_RENAME},
    {"mv", LOGSQL_PIPE_RENAME},
    {"format", LOGSQL_PIPE_FORMAT},
    {"unpack_json", LOGSQL_PIPE_UNPACK_JSON},
};

static const char *const OTHER_PIPES[] = {
    "block_stats",
    "blocks_count",
    "coalesce",
    "collapse_nums",
    "decolorize",
    "drop_empty_fields",
    "extract",
    "extract_regexp",
    "facets",
    "field_names",
    "field_values",
    "generate_sequence",
    "hash",
    "join",
    "json_array_concat",
    "json_array_len",
    "len",
    "pack_json",
    "pack_logfmt",
    "query_stats",
    "replace",
    "replace_regexp",
    "sample",
    "set_stream_fields",
    "split",
    "stats_remote",
    "stream_context",
    "time_add",
    "top",
    "union",
    "uniq",
    "unpack_logfmt",
    "unpack_syslog",
    "unpack_words",
    "unroll",
};

static const char *const STATS_FUNCS[] = {
    "any",       "avg",       "count",     "count_empty", "count_uniq",  "count_uniq_hash",
    "field_max", "field_min", "histogram", "json_values", "max",         "median",
    "min",       "quantile",  "rate",      "rate_sum",    "row_any",     "row_max",
    "row_min",   "stddev",    "sum",       "sum_len",     "uniq_values", "values",
};

static bool is_one_of(const struct logsql_token *t, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (logsql_is(t, names[i]))
            return true;
    }
    return false;
}

static enum logsql_pipe_kind pipe_kind(const struct logsql_token *t)
{
    for (size_t i = 0; i < ARRAY_LEN(PIPES); i++) {
        if (logsql_is(t, PIPES[i].name))
            return PIPES[i].kind;
    }
    if (is_one_of(t, OTHER_PIPES, ARRAY_LEN(OTHER_PIPES)))
        return LOGSQL_PIPE_OTHER;
    if (is_one_of(t, STATS_FUNCS, ARRAY_LEN(STATS_FUNCS)) && logsql_is(t + 1, "("))
        return LOGSQL_PIPE_STATS; // | count() is short for | stats count()
    return LOGSQL_PIPE_NEUTRAL;   // and a filter stands for itself
}

// The end of what begins at t: the next | or ; outside of brackets.
const struct logsql_token *logsql_part_end(const struct logsql_token *t)
{
    while (t->text.n && !logsql_is(t, "|") && !logsql_is(t, ";"))
        t = logsql_opens(t) ? logsql_skip(t) : t + 1;
    return t;
}

struct logsql_pipe logsql_pipe_at(const struct logsql_token *t)
{
    return (struct logsql_pipe){.from = t, .to = logsql_part_end(t), .kind = pipe_kind(t)};
}

str logsql_pipe_text(const struct logsql_pipe *p)
{
    if (p->from == p->to)
        return (str){0};
    const struct logsql_token *last = p->to - 1;
    return str_from(p->from->text.p, (size_t)(last->text.p + last->text.n - p->from->text.p));
}
