// SPDX-License-Identifier: Apache-2.0
// Tokens to trees: durations, windows, offset and @. spec: vmalert MetricsQL §7.
#include "rules/metricsql/number.h"
#include "rules/metricsql/parser.h"

// ---- durations ---------------------------------------------------------------------------------

struct mql_expr *mql_duration_node(struct arena *mem, str text, struct err *err)
{
    if (!mql_duration_check(text, err))
        return NULL;
    struct mql_expr *e = mql_node(mem, MQL_DURATION);
    e->duration.text = text;
    return e;
}

// The name of a template. In "w:1m", which is one token, it ends at the colon.
static struct mql_expr *parse_duration_name(struct mql_parser *p)
{
    str text = p->token.text;
    size_t colon = str_find(text, ':');
    if (colon != STR_NONE) {
        p->lexer.at = (size_t)(text.p - p->lexer.input.p) + colon;
        p->pending_count = 0;
        text = p->token.text = str_slice(text, 0, colon);
    }
    struct mql_expr *e = mql_node(p->mem, MQL_DURATION);
    e->duration.text = text;
    e->duration.source_is_a_name = true;
    return mql_next(p) ? e : NULL;
}

struct mql_expr *mql_parse_duration(struct mql_parser *p)
{
    str text = p->token.text;
    switch (p->token.kind) {
    case MQL_TOKEN_IDENT:
        return parse_duration_name(p);
    case MQL_TOKEN_DURATION:
        if (!mql_next(p))
            return NULL;
        break;
    case MQL_TOKEN_NUMBER:
        if (!mql_parse_number(p)) {
            err_wrap(p->err, "duration: parse error");
            return NULL;
        }
        break;
    case MQL_TOKEN_END:
    case MQL_TOKEN_STRING:
    case MQL_TOKEN_SIGN:
        return mql_unexpected_null(p, "duration", "valid duration");
    }
    if (str_eq(text, S("$__interval")))
        text = S("1i");
    return mql_duration_node(p->mem, text, p->err);
}

static struct mql_expr *parse_signed_duration(struct mql_parser *p)
{
    bool is_negative = mql_is_sign(p, '-');
    if (is_negative && !mql_next(p))
        return NULL;
    struct mql_expr *e = mql_parse_duration(p);
    if (e && is_negative)
        e->duration.text = arena_printf(p->mem, "-%.*s", STR(e->duration.text));
    return e;
}

// ---- rollups -----------------------------------------------------------------------------------

static bool starts_step(const struct mql_parser *p)
{
    return p->token.text.n > 0 && p->token.text.p[0] == ':';
}

// ":" and perhaps a duration. As a name may begin with a colon and hold digits, ":1m" is one token.
static bool parse_step(struct mql_parser *p, struct mql_rollup *r)
{
    p->token = mql_token_of(str_skip(p->token.text, 1));
    if (p->token.kind == MQL_TOKEN_END) {
        if (!mql_next(p))
            return false;
        r->inherits_step = mql_is_sign(p, ']');
    }
    if (mql_is_sign(p, ']'))
        return true;
    r->step = mql_parse_duration(p);
    return r->step != NULL;
}

static bool parse_window(struct mql_parser *p, struct mql_rollup *r)
{
    if (!mql_next(p))
        return false;
    if (str_eq(p->token.text, S("$__interval"))) {
        if (!mql_next(p)) // the same as no window: the engine chooses one
            return false;
    } else if (!starts_step(p)) {
        r->window = mql_parse_duration(p);
        if (!r->window)
            return false;
    }
    if (starts_step(p) && !parse_step(p, r))
        return false;
    if (!mql_is_sign(p, ']'))
        return mql_unexpected(p, "windowAndStep", "\"]\"");
    return mql_next(p);
}

static bool parse_at(struct mql_parser *p, struct mql_rollup *r)
{
    if (r->at)
        return err_set(p->err, ERR_SYNTAX, "duplicate `@` token");
    if (!mql_next(p))
        return false;
    r->at = mql_parse_operand(p);
    return r->at || err_wrap(p->err, "cannot parse `@` expresion"); // as upstream spells it
}

static bool parse_offset(struct mql_parser *p, struct mql_rollup *r)
{
    if (!mql_next(p))
        return false;
    r->offset = parse_signed_duration(p);
    return r->offset != NULL;
}

bool mql_rollup_starts(const struct mql_parser *p)
{
    return mql_is_sign(p, '[') || mql_is_sign(p, '@') || mql_is_word(p, S("offset"));
}

struct mql_expr *mql_parse_rollup(struct mql_parser *p, struct mql_expr *operand)
{
    struct mql_expr *e = mql_node(p->mem, MQL_ROLLUP);
    struct mql_rollup *r = &e->rollup;
    r->expr = operand;
    if (mql_is_sign(p, '[') && !parse_window(p, r))
        return NULL;
    if (mql_is_sign(p, '@') && !parse_at(p, r))
        return NULL;
    if (mql_is_word(p, S("offset")) && !parse_offset(p, r))
        return NULL;
    if (mql_is_sign(p, '@') && !parse_at(p, r))
        return NULL;
    return mql_finish(p, e);
}
