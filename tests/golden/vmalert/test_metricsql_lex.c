// SPDX-License-Identifier: Apache-2.0
// The lexical pieces of MetricsQL: numbers, durations, names, operators, tokens.
#include <math.h>

#include "base/core/time.h"
#include "rules/metricsql/funcs.h"
#include "rules/metricsql/ident.h"
#include "rules/metricsql/lexer.h"
#include "rules/metricsql/number.h"
#include "rules/metricsql/words.h"
#include "tests/support/cases.h"

static const char *compare(bool is_good, const cJSON *c, struct arena *mem, const char *got)
{
    bool wants_error = case_get_bool(c, "error");
    return is_good != wants_error ? NULL : case_fail(mem, "%s", got);
}

static const char *compare_text(str got, const cJSON *c, const char *key, struct arena *mem)
{
    str want = case_get_text(c, key, mem);
    return str_eq(got, want) ? NULL : case_fail(mem, "\"%.*s\"", STR(got));
}

static const char *run_suffix(str s, const cJSON *c, struct arena *mem)
{
    size_t got = mql_number_scan_suffix(s);
    return got == (size_t)case_get_i64(c, "lenExpected") ? NULL : case_fail(mem, "%zu", got);
}

static const char *run_number_scan(str s, const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    size_t got = mql_number_scan(s, &err);
    if (case_get_bool(c, "error"))
        return err.n ? NULL : case_fail(mem, "%zu bytes", got);
    return compare_text(str_slice(s, 0, got), c, "nsExpected", mem);
}

static const char *run_number_parse(str s, const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    double got = 0, want = case_get_f64(c, "vExpected");
    bool ok = mql_number_parse(s, &got, &err);
    if (case_get_bool(c, "error"))
        return ok ? case_fail(mem, "%g", got) : NULL;
    bool is_same = ok && (isnan(want) ? isnan(got) : fabs(got - want) <= 1e-12 * fabs(want));
    return is_same || got == want ? NULL : case_fail(mem, "%g %.*s", got, STR(err_str(&err)));
}

static const char *run_duration(str s, const cJSON *c, struct arena *mem, bool may_be_negative)
{
    struct err err = ERR_INIT;
    int64_t got = 0;
    bool ok = dur_ms_parse_metricsql(s, case_get_i64(c, "step"), &got, &err);
    if (!may_be_negative && got < 0)
        ok = false;
    if (case_get_bool(c, "error"))
        return ok ? case_fail(mem, "%lld", (long long)got) : NULL;
    double want = case_get_f64(c, "dExpected");
    bool is_same = want >= 0x1p63    ? got == INT64_MAX
                   : want <= -0x1p63 ? got == INT64_MIN
                                     : got == (int64_t)want;
    return ok && is_same ? NULL : case_fail(mem, "%lld %.*s", (long long)got, STR(err_str(&err)));
}

static const char *run_tokens(str s, const cJSON *c, struct arena *mem)
{
    struct mql_lexer *l = arena_new(mem, struct mql_lexer);
    struct mql_token t;
    struct err err = ERR_INIT;
    const cJSON *want = case_get(c, "tokens");
    mql_lexer_init(l, s);
    for (want = want ? want->child : NULL;; want = want ? want->next : NULL) {
        if (!mql_lexer_next(l, &t, &err))
            return case_get_bool(c, "error") ? NULL : case_fail(mem, "%.*s", STR(err_str(&err)));
        if (t.kind == MQL_TOKEN_END)
            return !want && !case_get_bool(c, "error") ? NULL : "it ends early";
        if (!case_get_bool(c, "error") && !(want && str_eq(case_text(want, mem), t.text)))
            return case_fail(mem, "token \"%.*s\"", STR(t.text));
    }
}

static const char *run_words(str test, str s, const cJSON *c, struct arena *mem)
{
    enum mql_modifier_kind kind = mql_modifier_find(s);
    bool is_good = false;
    if (str_starts(test, S("IsAggrFuncModifier")))
        is_good = mql_modifier_is_aggregate(kind);
    else if (str_starts(test, S("IsBinaryOpGroupModifier")))
        is_good = mql_modifier_is_group(kind);
    else if (str_starts(test, S("IsBinaryOpJoinModifier")))
        is_good = mql_modifier_is_join(kind);
    else if (str_starts(test, S("IsBinaryOpBoolModifier")))
        is_good = str_eq_nocase(s, S("bool"));
    else if (str_starts(test, S("IsBinaryOp")))
        is_good = mql_op_find(s) != MQL_OP_NONE;
    else
        return case_fail(mem, "the test \"%.*s\" is not known", STR(test));
    return compare(is_good, c, mem, is_good ? "it is one" : "it is none");
}

static const char *run_names(str test, str s, const cJSON *c, struct arena *mem)
{
    struct buf out = {.mem = mem};
    if (str_eq(test, S("UnescapeIdent")))
        buf_put(&out, mql_ident_unescape(mem, s));
    else if (str_eq(test, S("AppendEscapedIdent")))
        buf_put_mql_ident(&out, s);
    else if (str_eq(test, S("AppendQuotedIdent")))
        buf_put_mql_ident_quoted(&out, s);
    else
        buf_put(&out, str_slice(s, 0, mql_ident_scan(s)));
    return compare_text(buf_str(&out), c, "resultExpected", mem);
}

static const char *run(const cJSON *c, struct arena *mem)
{
    str test = case_get_text(c, "test", mem), s = case_get_text(c, "s", mem);
    if (str_eq(test, S("ScanNumMultiplier")))
        return run_suffix(s, c, mem);
    if (str_starts(test, S("ScanPositiveNumber")))
        return run_number_scan(s, c, mem);
    if (str_starts(test, S("ParsePositiveNumber")))
        return run_number_parse(s, c, mem);
    if (str_eq(test, S("IsSpecialIntegerPrefix")))
        return mql_number_is_special(s) == case_get_bool(c, "resultExpected") ? NULL : "wrong";
    if (str_starts(test, S("PositiveDuration")))
        return run_duration(s, c, mem, false);
    if (str_starts(test, S("Duration")))
        return run_duration(s, c, mem, true);
    if (str_eq(test, S("LexerTokens")))
        return run_tokens(s, c, mem);
    if (str_find_str(test, S("Ident")) != STR_NONE)
        return run_names(test, s, c, mem);
    return run_words(test, s, c, mem);
}

static void pieces(void **state)
{
    (void)state;
    case_file_run("metricsql-lex", run);
}

int test_metricsql_lex(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pieces)};
    return run_group("metricsql-lex", tests);
}
