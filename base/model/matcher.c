// SPDX-License-Identifier: Apache-2.0
#include "base/model/matcher.h"

#include "base/model/matcher_lex.h"
#include "base/text/unicode.h"

bool matcher_init(struct matcher *m, enum matcher_op op, str name, str value, struct arena *mem,
                  struct err *err)
{
    struct regex *regex = NULL;
    if (op == MATCH_RE || op == MATCH_NRE) {
        regex = regex_new(value, REGEX_WHOLE, err);
        if (!regex)
            return false;
    }
    *m = (struct matcher){op, arena_str(mem, name), arena_str(mem, value), regex};
    return true;
}

void matcher_done(struct matcher *m)
{
    regex_free(m->regex);
    m->regex = NULL;
}

void matchers_done(struct matchers *m)
{
    for (size_t i = 0; i < m->count; i++)
        matcher_done(&m->items[i]);
    m->count = 0;
}

// ---- matching -----------------------------------------------------------------------------------

bool matcher_matches_value(const struct matcher *m, str value)
{
    switch (m->op) {
    case MATCH_EQ:
        return str_eq(m->value, value);
    case MATCH_NE:
        return !str_eq(m->value, value);
    case MATCH_RE:
        return regex_matches(m->regex, value);
    case MATCH_NRE:
        return !regex_matches(m->regex, value);
    }
    return false;
}

bool matcher_matches(const struct matcher *m, const struct labels *l)
{
    return matcher_matches_value(m, labels_value(l, m->name, NULL));
}

bool matchers_match(const struct matchers *m, const struct labels *l)
{
    for (size_t i = 0; i < m->count; i++) {
        if (!matcher_matches(&m->items[i], l))
            return false;
    }
    return true;
}

bool matcher_matches_filter(const struct matcher *m, str value, bool is_present)
{
    bool is_negative = m->op == MATCH_NE || m->op == MATCH_NRE;
    if (m->value.n == 0 && is_present == is_negative)
        return true;
    return matcher_matches_value(m, value);
}

// ---- order --------------------------------------------------------------------------------------

int matcher_cmp(const struct matcher *a, const struct matcher *b)
{
    int order = str_cmp(a->name, b->name);
    if (order == 0)
        order = str_cmp(a->value, b->value);
    return order ? order : (int)a->op - (int)b->op;
}

static int matcher_cmp_items(const void *a, const void *b)
{
    return matcher_cmp(a, b);
}

void matchers_sort(struct matchers *m)
{
    if (m->count > 1)
        qsort(m->items, m->count, sizeof(*m->items), matcher_cmp_items);
}

bool matcher_eq(const struct matcher *a, const struct matcher *b)
{
    return matcher_cmp(a, b) == 0;
}

bool matchers_contain(const struct matchers *m, const struct matcher *wanted)
{
    for (size_t i = 0; i < m->count; i++) {
        if (matcher_eq(&m->items[i], wanted))
            return true;
    }
    return false;
}

// ---- texts --------------------------------------------------------------------------------------

str matcher_op_str(enum matcher_op op)
{
    switch (op) {
    case MATCH_EQ:
        return S("=");
    case MATCH_NE:
        return S("!=");
    case MATCH_RE:
        return S("=~");
    case MATCH_NRE:
        return S("!~");
    }
    return S("");
}

static bool name_needs_quotes(str name)
{
    for (size_t width; name.n; name = str_skip(name, width)) {
        if (matcher_rune_is_reserved(utf8_decode(name, &width)))
            return true;
    }
    return false;
}

// The classic grammar's quoting: it knows no other escapes.
static void put_classic_value(struct buf *b, str value)
{
    buf_put_c(b, '"');
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == '\\' || c == '"' || c == '\n')
            buf_put_c(b, '\\');
        buf_put_c(b, (char)(c == '\n' ? 'n' : c));
    }
    buf_put_c(b, '"');
}

void buf_put_matcher(struct buf *b, const struct matcher *m)
{
    bool is_quoted = name_needs_quotes(m->name);
    if (is_quoted)
        buf_put_quoted(b, m->name);
    else
        buf_put(b, m->name);
    buf_put(b, matcher_op_str(m->op));
    if (is_quoted)
        buf_put_quoted(b, m->value);
    else
        put_classic_value(b, m->value);
}

void buf_put_matchers_bare(struct buf *b, const struct matchers *m)
{
    for (size_t i = 0; i < m->count; i++) {
        if (i > 0)
            buf_put_c(b, ',');
        buf_put_matcher(b, &m->items[i]);
    }
}

void buf_put_matchers(struct buf *b, const struct matchers *m)
{
    buf_put_c(b, '{');
    buf_put_matchers_bare(b, m);
    buf_put_c(b, '}');
}

// ---- JSON ---------------------------------------------------------------------------------------

void json_put_matcher(struct json_writer *w, const struct matcher *m)
{
    json_object_begin(w);
    json_put_key(w, S("isEqual"));
    json_put_bool(w, m->op == MATCH_EQ || m->op == MATCH_RE);
    json_put_key(w, S("isRegex"));
    json_put_bool(w, m->op == MATCH_RE || m->op == MATCH_NRE);
    json_put_key(w, S("name"));
    json_put_str(w, m->name);
    json_put_key(w, S("value"));
    json_put_str(w, m->value);
    json_object_end(w);
}

enum matcher_op matcher_op_from_json(const json *v)
{
    const json *equal = json_get_nocase(v, S("isEqual"));
    bool is_equal = json_is_null(equal) || json_bool(equal);
    bool is_regex = json_bool(json_get_nocase(v, S("isRegex")));
    if (is_regex)
        return is_equal ? MATCH_RE : MATCH_NRE;
    return is_equal ? MATCH_EQ : MATCH_NE;
}
