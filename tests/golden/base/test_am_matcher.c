// SPDX-License-Identifier: Apache-2.0
#include "base/model/matcher.h"
#include "base/model/matcher_lex.h"
#include "tests/support/cases.h"

static enum matcher_op op_from(str text)
{
    for (int op = MATCH_EQ; op <= MATCH_NRE; op++) {
        if (str_eq(text, matcher_op_str((enum matcher_op)op)))
            return (enum matcher_op)op;
    }
    fail_msg("no operator: %.*s", STR(text));
    return MATCH_EQ;
}

// The matcher that name, op and value of an object say.
static bool matcher_from_case(const cJSON *c, struct arena *mem, struct matcher *ret,
                              struct err *err)
{
    return matcher_init(ret, op_from(case_get_text(c, "op", mem)), case_get_text(c, "name", mem),
                        case_get_text(c, "value", mem), mem, err);
}

// ---- lexer --------------------------------------------------------------------------------------

static const char *kind_name(enum matcher_token_kind kind)
{
    switch (kind) {
    case MATCHER_TOKEN_END:
        return "EOF";
    case MATCHER_TOKEN_OPEN_BRACE:
        return "OpenBrace";
    case MATCHER_TOKEN_CLOSE_BRACE:
        return "CloseBrace";
    case MATCHER_TOKEN_COMMA:
        return "Comma";
    case MATCHER_TOKEN_EQ:
        return "Equals";
    case MATCHER_TOKEN_NE:
        return "NotEquals";
    case MATCHER_TOKEN_RE:
        return "Matches";
    case MATCHER_TOKEN_NRE:
        return "NotMatches";
    case MATCHER_TOKEN_QUOTED:
        return "Quoted";
    case MATCHER_TOKEN_UNQUOTED:
        return "Unquoted";
    }
    return "";
}

static bool span_is(const cJSON *token, const char *key, size_t from, size_t to)
{
    const cJSON *span = case_get(token, key);
    return span && (size_t)span->child->valuedouble == from &&
           (size_t)span->child->next->valuedouble == to;
}

static const char *run_lexer(const cJSON *c, struct arena *mem)
{
    struct matcher_lexer l = {.input = case_get_text(c, "input", mem)};
    struct matcher_token t;
    struct err err = ERR_INIT;
    const cJSON *tokens = case_get(c, "tokens");
    for (const cJSON *want = tokens->child; want; want = want->next) {
        if (!matcher_lexer_next(&l, &t, &err))
            return case_fail(mem, "error: %.*s", STR(err_str(&err)));
        if (!str_eq(str_c(kind_name(t.kind)), case_get_text(want, "kind", mem)) ||
            !str_eq(t.text, case_get_text(want, "value", mem)) ||
            !span_is(want, "offset", t.from, t.to) ||
            !span_is(want, "column", t.column_from, t.column_to))
            return case_fail(mem, "%s %.*s bytes %zu:%zu columns %zu:%zu", kind_name(t.kind),
                             STR(t.text), t.from, t.to, t.column_from, t.column_to);
    }
    bool is_fine = matcher_lexer_next(&l, &t, &err);
    str error = case_get_text(c, "error", mem);
    if (!str_eq(err_str(&err), error) || is_fine != (error.n == 0))
        return case_fail(mem, "error: %.*s", STR(err_str(&err)));
    return is_fine && t.kind != MATCHER_TOKEN_END ? "more tokens" : NULL;
}

// ---- parser -------------------------------------------------------------------------------------

static enum matcher_mode mode_from(str text)
{
    return str_eq(text, S("classic")) ? MATCHER_CLASSIC
           : str_eq(text, S("utf8"))  ? MATCHER_UTF8
                                      : MATCHER_FALLBACK;
}

static const char *compare_list(const cJSON *c, struct matchers *got, struct arena *mem)
{
    const cJSON *expect = case_get(c, "expect");
    size_t count = 0;
    for (const cJSON *want = expect->child; want; want = want->next, count++) {
        struct matcher m;
        if (!matcher_from_case(want, mem, &m, NULL))
            return "the expected matcher does not compile";
        bool is_there = case_get_bool(c, "unordered")
                            ? matchers_contain(got, &m)
                            : count < got->count && matcher_eq(&got->items[count], &m);
        matcher_done(&m);
        if (!is_there) {
            defer(buf_done) struct buf text = {0};
            buf_put_matchers(&text, got);
            return case_fail(mem, "got %.*s", STR(buf_str(&text)));
        }
    }
    return count == got->count ? NULL : case_fail(mem, "%zu matchers", got->count);
}

static bool parse_case(const cJSON *c, struct arena *mem, struct matchers *ret, struct err *err)
{
    struct matcher_parser p = {.mode = mode_from(case_get_text(c, "mode", mem)), .origin = "api"};
    str input = case_get_text(c, "input", mem);
    if (str_eq(case_get_text(c, "api", mem), S("matchers")))
        return matchers_parse(&p, input, mem, ret, err);
    *ret = (struct matchers){arena_new(mem, struct matcher), 1};
    return matcher_parse(&p, input, mem, ret->items, err);
}

static const char *run_parse(const cJSON *c, struct arena *mem)
{
    struct matchers got = {0};
    struct err err = ERR_INIT;
    const cJSON *error = case_get(c, "error");
    if (!parse_case(c, mem, &got, &err)) {
        bool is_right = cJSON_IsTrue(error) ||
                        (cJSON_IsString(error) && str_eq(err_str(&err), str_c(error->valuestring)));
        return is_right ? NULL : case_fail(mem, "error: %.*s", STR(err_str(&err)));
    }
    const char *why = error ? "accepted" : compare_list(c, &got, mem);
    matchers_done(&got);
    return why;
}

// ---- evaluation ---------------------------------------------------------------------------------

static const char *run_eval(const cJSON *c, struct arena *mem)
{
    struct matcher m;
    struct err err = ERR_INIT;
    str error = case_get_text(c, "error", mem);
    if (!matcher_from_case(c, mem, &m, &err))
        return str_eq(err_str(&err), error) ? NULL
                                            : case_fail(mem, "error: %.*s", STR(err_str(&err)));
    const char *why = error.n ? "accepted" : NULL;
    for (int wanted = 0; wanted < 2; wanted++) {
        const cJSON *values = case_get(c, wanted ? "matches" : "not");
        for (const cJSON *v = values ? values->child : NULL; v; v = v->next) {
            str value = case_text(v, mem);
            if (matcher_matches_value(&m, value) != (bool)wanted)
                why = case_fail(mem, "%.*s should%s match", STR(value), wanted ? "" : " not");
        }
    }
    matcher_done(&m);
    return why;
}

// ---- texts --------------------------------------------------------------------------------------

static bool member_is(const json *a, const json *b, str key)
{
    const json *x = json_get(a, key), *y = json_get(b, key);
    return json_is_string(x) ? str_eq(json_str(x), json_str(y)) && json_is_string(y)
                             : json_is_bool(x) && json_is_bool(y) && json_bool(x) == json_bool(y);
}

static bool same_json(str got, str want, struct arena *mem)
{
    const json *a = json_parse(got, false, mem, NULL), *b = json_parse(want, false, mem, NULL);
    return a && b && json_count(a) == 4 && json_count(b) == 4 && member_is(a, b, S("isEqual")) &&
           member_is(a, b, S("isRegex")) && member_is(a, b, S("name")) &&
           member_is(a, b, S("value"));
}

static const char *run_string(const cJSON *c, struct arena *mem)
{
    struct matcher m;
    if (!matcher_from_case(c, mem, &m, NULL))
        return "does not compile";
    str kind = case_get_text(c, "kind", mem), text = case_get_text(c, "text", mem);
    defer(buf_done) struct buf got = {0};
    bool is_right;
    if (str_eq(kind, S("string"))) {
        buf_put_matcher(&got, &m);
        is_right = str_eq(buf_str(&got), text);
    } else if (str_eq(kind, S("json"))) {
        struct json_writer w = {.out = &got};
        json_put_matcher(&w, &m);
        is_right = same_json(buf_str(&got), text, mem);
    } else {
        const json *v = json_parse(text, false, mem, NULL);
        is_right = v && matcher_op_from_json(v) == m.op &&
                   str_eq(json_str(json_get_nocase(v, S("name"))), m.name) &&
                   str_eq(json_str(json_get_nocase(v, S("value"))), m.value);
    }
    matcher_done(&m);
    return is_right ? NULL : case_fail(mem, "got %.*s", STR(buf_str(&got)));
}

// ---- filters of the API -------------------------------------------------------------------------

static bool filter_takes(const struct matcher *m, const cJSON *labels, struct arena *mem)
{
    const cJSON *value = case_get(labels, m->name.p);
    return matcher_matches_filter(m, case_text(value, mem), value != NULL);
}

static bool filter_takes_silence(const cJSON *c, struct arena *mem)
{
    struct matcher items[16];
    struct matchers silence = {items, 0};
    for (const cJSON *v = case_get(c, "silence")->child; v; v = v->next)
        assert_true(matcher_from_case(v, mem, &items[silence.count++], NULL));
    bool takes = true;
    for (const cJSON *v = case_get(c, "filter")->child; v; v = v->next) {
        struct matcher m;
        assert_true(matcher_from_case(v, mem, &m, NULL));
        takes &= matchers_contain(&silence, &m);
        matcher_done(&m);
    }
    matchers_done(&silence);
    return takes;
}

static bool filter_takes_receiver(const cJSON *c, struct arena *mem)
{
    struct matcher_parser p = {.mode = MATCHER_FALLBACK, .origin = "api"};
    struct matcher m;
    assert_true(matcher_parse(&p, case_get_text(c, "matcher", mem), mem, &m, NULL));
    bool takes = false;
    for (const cJSON *name = case_get(c, "receivers")->child; name; name = name->next)
        takes |= filter_takes(&m, case_get(case_get(c, "receiver_labels"), name->valuestring), mem);
    matcher_done(&m);
    return takes;
}

static const char *run_filter(const cJSON *c, struct arena *mem)
{
    str kind = case_get_text(c, "kind", mem);
    bool got;
    if (str_eq(kind, S("silence"))) {
        got = filter_takes_silence(c, mem);
    } else if (str_eq(kind, S("receivers"))) {
        got = filter_takes_receiver(c, mem);
    } else {
        struct matcher m;
        if (!matcher_from_case(case_get(c, "matcher"), mem, &m, NULL))
            return "does not compile";
        got = filter_takes(&m, case_get(c, "labels"), mem);
        matcher_done(&m);
    }
    return got == case_get_bool(c, "expect") ? NULL : got ? "matches" : "does not match";
}

// -------------------------------------------------------------------------------------------------

static void lexer(void **state)
{
    (void)state;
    case_file_run("am-matcher-lexer", run_lexer);
}

static void parser(void **state)
{
    (void)state;
    case_file_run("am-matcher-parse", run_parse);
}

static void evaluation(void **state)
{
    (void)state;
    case_file_run("am-matcher-eval", run_eval);
}

static void texts(void **state)
{
    (void)state;
    case_file_run("am-matcher-string", run_string);
}

static void filters(void **state)
{
    (void)state;
    case_file_run("am-api-match", run_filter);
}

int test_am_matcher(void);
int test_am_matcher(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lexer), cmocka_unit_test(parser),  cmocka_unit_test(evaluation),
        cmocka_unit_test(texts), cmocka_unit_test(filters),
    };
    return run_group("am_matcher", tests);
}
