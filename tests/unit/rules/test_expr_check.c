// SPDX-License-Identifier: Apache-2.0
// Expressions of rules in the three languages.
#include "rules/expr_check.h"

#include "rules/graphiteql.h"
#include "rules/logsql_stats.h"
#include "tests/support/check.h"

static void check_good(bool (*check)(str, struct err *), const char *text)
{
    struct err err = ERR_INIT;
    bool ok = check(str_c(text), &err);
    check_err(&err, "");
    assert_true(ok);
}

static void check_bad(bool (*check)(str, struct err *), const char *text, const char *want)
{
    struct err err = ERR_INIT;
    assert_false(check(str_c(text), &err));
    check_err(&err, want);
}

static void each_language_has_its_words(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_true(rule_expr_check(RULE_PROMETHEUS, S("up == 0"), NULL));
    assert_true(rule_expr_check(RULE_GRAPHITE, S("sumSeries(a.*)"), NULL));
    assert_true(rule_expr_check(RULE_VLOGS, S("error | count() n"), NULL));
    assert_false(rule_expr_check(RULE_PROMETHEUS, S("f(\"x\")"), &err));
    check_err(&err, "bad MetricsQL expr: \"f(\\\"x\\\")\", err: unsupported function \"f\"");
    assert_false(rule_expr_check(RULE_GRAPHITE, S("up == 1"), &err));
    check_err(&err, "bad GraphiteQL expr: \"up == 1\", err: unexpected tail left after parsing "
                    "\"up\"; context: \"== 1\"");
    assert_false(rule_expr_check(RULE_VLOGS, S("error"), &err));
    check_err(&err, "bad LogsQL expr: \"error\", err: missing `| stats ...` pipe in the query "
                    "[error]");
}

static void graphite_targets_are_accepted(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "a",
        "a.b{c,d}.e[0-9]*",
        "*.cpu",
        "f()",
        "f(a,)",
        "sumSeries(time('foo.bar',10))",
        "summarize(x.y, \"5min\", func='max', alignToFrom=true)",
        "a|scale(-1.5e3)|alias('x')|sortByName",
        "-0x1F",
        ".5",
        "'it\\'s'",
        "a\\ b\\x41",
        "none",
    };
    for (size_t i = 0; i < ARRAY_LEN(GOOD); i++)
        check_good(graphiteql_check, GOOD[i]);
}

static void graphite_refusals_show_where(void **state)
{
    (void)state;
    check_bad(graphiteql_check, "",
              "cannot parse target expression: unexpected token when parsing "
              "expression: \"\"; context: \"\"");
    check_bad(
        graphiteql_check, "sum(up == 0) by (x)",
        "cannot parse target expression: cannot parse args for function \"sum\": cannot parse "
        "named value for \"up\": unexpected token when parsing expression: \"=\"; context: "
        "\"= 0) by (x)\"");
    check_bad(graphiteql_check, "f(a b)",
              "cannot parse target expression: cannot parse args for function \"f\": unexpected "
              "token detected in func args: \"b\"; context: \"b)\"");
    check_bad(graphiteql_check, "f(1=2)",
              "cannot parse target expression: cannot parse args for function \"f\": expecting a "
              "name for named expression; got \"1\"; context: \"=2)\"");
    check_bad(
        graphiteql_check, "a|b(1)|2",
        "cannot parse target expression: expecting function name after \"a|b(1)\"|, got \"2\"; "
        "context: \"2\"");
    check_bad(graphiteql_check, "a{b",
              "cannot parse target expression: missing '}' char in "
              "\"a{b\"; context: \"a{b\"");
    check_bad(graphiteql_check, "a ~",
              "cannot parse target expression: cannot find next token after "
              "\"a\": cannot find a single ident char in \"~\"; context: "
              "\"a~\"");
    check_bad(graphiteql_check, "1.",
              "cannot parse target expression: missing fractional part in "
              "\"1.\"; context: \"1.\"");
    check_bad(graphiteql_check, "08",
              "cannot parse target expression: cannot parse integer \"08\": "
              "strconv.ParseInt: parsing \"08\": invalid syntax; context: "
              "\"08\"");
}

static void graphite_nesting_is_bounded(void **state)
{
    (void)state;
    struct buf text = {0};
    struct err err = ERR_INIT;
    for (int i = 0; i <= GRAPHITEQL_NESTING_MAX; i++)
        buf_put(&text, S("f("));
    assert_false(graphiteql_check(buf_str(&text), &err));
    assert_int_equal(err.code, ERR_LIMIT);
    buf_done(&text);
}

static void log_queries_that_end_in_numbers_are_accepted(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "* | stats count() as n",
        "error|count()",
        "options(concurrency=2) {app=\"x\"} _time:[2024-01-01, 2024-01-02) | by (a) sum(b) c;",
        "x | stats by (a) count() n, row_any(b) c | total_stats sum(n) as m | sort by (m)",
        "x | stats by (a) count() n | running_stats by (a) sum(n) m",
        "x | stats count() n | rename n as m | keep m",
        "x | stats by (a) count() | format \"<a>\" as b | delete a",
        "x | stats count() n, row_any(_msg) m | unpack_json from m fields (a, b)",
        "x:in(y | uniq by (z)) | stats count() # a comment",
        "x | stats by (_time:1m) count() n | stats max(n)",
    };
    for (size_t i = 0; i < ARRAY_LEN(GOOD); i++)
        check_good(logsql_check_stats, GOOD[i]);
    check_good(
        logsql_check_stats,
        "x | extract \"ip=<ip> \" | stats by (ip) count() if (code:!~200) as failed, count() "
        "total | math failed / total as share | filter share:>0.01 | fields ip, share");
}

static void log_queries_without_numbers_are_refused(void **state)
{
    (void)state;
    check_bad(logsql_check_stats, "",
              "unexpected end of query after \"\"; expecting a filter; "
              "context: []");
    check_bad(logsql_check_stats, "stats count(*) as n",
              "missing `| stats ...` pipe in the query [stats count(*) as n]");
    check_bad(logsql_check_stats, "x:in(y | stats count())",
              "missing `| stats ...` pipe in the query [x:in(y | stats count())]");
    check_bad(logsql_check_stats, "x | stats by (_time:5m) count()",
              "cannot contain time buckets stats pipe `stats by (_time:step)`");
    check_bad(logsql_check_stats, "x | stats count() n | delete n",
              "missing metric fields in the results of query [x | stats count() n | delete n]");
    check_bad(logsql_check_stats, "x | stats row_any(a)",
              "missing metric fields in the results of query [x | stats row_any(a)]");
    check_bad(logsql_check_stats, "x | stats by (a) count() | uniq by (a)",
              "the \"uniq by (a)\" pipe cannot be put after \"stats by (a) count()\" pipe in the "
              "query [x | stats by (a) count() | uniq by (a)]");
    check_bad(
        logsql_check_stats, "x | stats by (a) count() n | running_stats sum(n)",
        "the \"running_stats sum(n)\" must contain the same list of fields as `stats` pipe in "
        "the query [x | stats by (a) count() n | running_stats sum(n)]");
    check_bad(logsql_check_stats, "x | stats count() n | unpack_json",
              "missing fields(...) after \"unpack_json\" in the query [x | stats count() n | "
              "unpack_json]");
    check_bad(
        logsql_check_stats, "x | stats count() n | unpack_json fields (a*)",
        "fields(...) at \"unpack_json fields (a*)\" cannot contain wildcard filter; query [x | "
        "stats count() n | unpack_json fields (a*)]");
    check_bad(logsql_check_stats, "x \"y", "cannot find closing quote \" in [x \"y]");
    check_bad(logsql_check_stats, "(x | stats count()",
              "missing closing bracket in [(x | stats "
              "count()]");
    check_bad(logsql_check_stats, "x) | stats count()", "unexpected \")\" in [x) | stats count()]");
    check_bad(logsql_check_stats, "x | | stats count()",
              "missing pipe after \"|\" in [x | | stats "
              "count()]");
}

int test_expr_check(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_language_has_its_words),
        cmocka_unit_test(graphite_targets_are_accepted),
        cmocka_unit_test(graphite_refusals_show_where),
        cmocka_unit_test(graphite_nesting_is_bounded),
        cmocka_unit_test(log_queries_that_end_in_numbers_are_accepted),
        cmocka_unit_test(log_queries_without_numbers_are_refused),
    };
    return run_group("expr_check", tests);
}
