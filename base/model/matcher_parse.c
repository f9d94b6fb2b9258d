// SPDX-License-Identifier: Apache-2.0
// Which grammar reads an input, and what is said where the two differ (spec: §4, §5).
#include "base/model/matcher_parse.h"

#include "base/model/matcher_lex.h"

bool matcher_list_add(struct matcher_list *list, enum matcher_op op, str name, str value,
                      struct arena *mem, struct err *err)
{
    struct matchers *all = &list->all;
    if (all->count == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 4;
        struct matcher *grown = arena_array(mem, struct matcher, list->cap);
        if (all->count)
            memcpy(grown, all->items, all->count * sizeof(*grown));
        all->items = grown;
    }
    if (!matcher_init(&all->items[all->count], op, name, value, mem, err))
        return false;
    all->count++;
    return true;
}

// ---- the fallback mode --------------------------------------------------------------------------

static void warn_incompatible(const struct matcher_parser *p, str input, const struct err *utf8_err,
                              const struct matchers *classic)
{
    if (!p->log)
        return;
    defer(buf_done) struct buf suggestion = {0};
    buf_put_matchers_bare(&suggestion, classic);
    log_warn(p->log,
             "Alertmanager is moving to a new parser for labels and matchers, and this input is "
             "incompatible. It was read by the classic parser. Put values and regular expressions "
             "in double quotes and escape backslashes so that both parsers agree.",
             LOG_STR("input", input), LOG_C("origin", p->origin), LOG_ERR(utf8_err),
             LOG_STR("suggestion", buf_str(&suggestion)));
}

static void warn_disagreement(const struct matcher_parser *p, str input)
{
    if (p->log)
        log_warn(p->log, "Matchers input has disagreement", LOG_STR("input", input),
                 LOG_C("origin", p->origin));
}

// Upstream compares an empty list with an absent one: no matchers count as different.
static bool lists_agree(const struct matchers *a, const struct matchers *b)
{
    if (a->count != b->count || a->count == 0)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!matcher_eq(&a->items[i], &b->items[i]))
            return false;
    }
    return true;
}

static bool parse_list_fallback(const struct matcher_parser *p, str input, struct arena *mem,
                                struct matchers *ret, struct err *err)
{
    struct matchers utf8, classic;
    struct err utf8_err = ERR_INIT;
    bool utf8_is_fine = matchers_parse_utf8(input, mem, &utf8, &utf8_err);
    bool classic_is_fine = matchers_parse_classic(input, mem, &classic, err);
    if (utf8_is_fine && (!classic_is_fine || lists_agree(&utf8, &classic))) {
        if (classic_is_fine)
            matchers_done(&classic);
        err_clear(err);
        *ret = utf8;
        return true;
    }
    if (!classic_is_fine)
        return false;
    if (utf8_is_fine) {
        warn_disagreement(p, input);
        matchers_done(&utf8);
    } else {
        warn_incompatible(p, input, &utf8_err, &classic);
    }
    *ret = classic;
    return true;
}

static bool parse_one_fallback(const struct matcher_parser *p, str input, struct arena *mem,
                               struct matcher *ret, struct err *err)
{
    struct matcher utf8, classic;
    struct err utf8_err = ERR_INIT;
    bool utf8_is_fine = matcher_parse_utf8(input, mem, &utf8, &utf8_err);
    bool classic_is_fine = matcher_parse_classic(input, mem, &classic, err);
    if (utf8_is_fine && (!classic_is_fine || matcher_eq(&utf8, &classic))) {
        if (classic_is_fine)
            matcher_done(&classic);
        err_clear(err);
        *ret = utf8;
        return true;
    }
    if (!classic_is_fine)
        return false;
    if (utf8_is_fine) {
        warn_disagreement(p, input);
        matcher_done(&utf8);
    } else {
        warn_incompatible(p, input, &utf8_err, &(struct matchers){&classic, 1});
    }
    *ret = classic;
    return true;
}

// ---- entry points -------------------------------------------------------------------------------

static bool input_fits(str input, struct err *err)
{
    if (input.n <= MATCHER_INPUT_BYTES_MAX)
        return true;
    return err_set(err, ERR_LIMIT, "matchers of %zu bytes, at most %zu are allowed", input.n,
                   MATCHER_INPUT_BYTES_MAX);
}

static void log_mode(const struct matcher_parser *p, str input)
{
    if (!p->log)
        return;
    struct log_attr input_attr = LOG_STR("input", input), origin = LOG_C("origin", p->origin);
    switch (p->mode) {
    case MATCHER_FALLBACK:
        log_debug(p->log,
                  "Parsing with UTF-8 matchers parser, with fallback to classic matchers parser",
                  input_attr, origin);
        return;
    case MATCHER_UTF8:
        log_debug(p->log, "Parsing with UTF-8 matchers parser", input_attr, origin);
        return;
    case MATCHER_CLASSIC:
        log_debug(p->log, "Parsing with classic matchers parser", input_attr, origin);
        return;
    }
}

bool matcher_parse(const struct matcher_parser *p, str input, struct arena *mem,
                   struct matcher *ret, struct err *err)
{
    if (!input_fits(input, err))
        return false;
    log_mode(p, input);
    if (p->mode == MATCHER_CLASSIC)
        return matcher_parse_classic(input, mem, ret, err);
    if (str_starts(input, S("{")) || str_ends(input, S("}")))
        return err_set(err, ERR_SYNTAX, "unexpected open or close brace: %.*s", STR(input));
    if (p->mode == MATCHER_UTF8)
        return matcher_parse_utf8(input, mem, ret, err);
    return parse_one_fallback(p, input, mem, ret, err);
}

bool matchers_parse(const struct matcher_parser *p, str input, struct arena *mem,
                    struct matchers *ret, struct err *err)
{
    if (!input_fits(input, err))
        return false;
    log_mode(p, input);
    if (p->mode == MATCHER_CLASSIC)
        return matchers_parse_classic(input, mem, ret, err);
    if (p->mode == MATCHER_UTF8)
        return matchers_parse_utf8(input, mem, ret, err);
    return parse_list_fallback(p, input, mem, ret, err);
}
