// SPDX-License-Identifier: Apache-2.0
#include "rules/result.h"

#include "tests/support/check.h"

static bool parse(const char *type, const char *result, bool is_range, struct arena *mem,
                  struct query_result *ret, struct err *err)
{
    str body =
        arena_printf(mem, "{\"status\":\"success\",\"data\":{\"resultType\":\"%s\",\"result\":%s}}",
                     type, result);
    return result_parse_prometheus(body, is_range, mem, ret, err);
}

static void check_answer(const char *type, const char *result, bool is_range, const char *want)
{
    struct arena mem = {0};
    struct query_result got;
    struct err err = ERR_INIT;
    bool ok = parse(type, result, is_range, &mem, &got, &err);
    check_err(&err, want);
    assert_true(ok == (want[0] == 0));
    arena_done(&mem);
}

static void instant_series_need_labels(void **state)
{
    (void)state;
    check_answer("vector", "[{\"metric\":{},\"value\":[1,\"1\"]}]", false, "");
    check_answer("vector", "[{\"value\":[1,\"1\"]}]", false,
                 "failed to decode response: series 0: no `metric` object");
    check_answer("vector", "[{\"metric\":[\"a\"],\"value\":[1,\"1\"]}]", false,
                 "failed to decode response: series 0: labels must be an object");
    check_answer("matrix", "[{\"values\":[[1,\"1\"]]}]", true, "");
}

static void a_result_is_a_list(void **state)
{
    (void)state;
    check_answer("vector", "{}", false, "failed to decode response: the result must be an array");
    check_answer("vector", "null", false, "failed to decode response: the result must be an array");
    check_answer("matrix", "{}", true, "failed to decode response: the result must be an array");
    check_answer("matrix", "null", true, "");
}

static void a_value_is_a_number_in_range(void **state)
{
    (void)state;
    static const char *const FINE[] = {"+Inf", "-inf", "Infinity", "NaN", "1e3", "1e-400", "-0"};
    static const char *const TOO_LARGE[] = {"1e400", "-1e309", "0x1p1024"};
    struct arena mem = {0};
    for (size_t i = 0; i < ARRAY_LEN(FINE); i++)
        check_answer("scalar", arena_printf(&mem, "[1,\"%s\"]", FINE[i]).p, false, "");
    for (size_t i = 0; i < ARRAY_LEN(TOO_LARGE); i++)
        check_answer("scalar", arena_printf(&mem, "[1,\"%s\"]", TOO_LARGE[i]).p, false,
                     arena_printf(&mem, "failed to decode response: value \"%s\" is out of range",
                                  TOO_LARGE[i])
                         .p);
    check_answer("scalar", "[1,\"one\"]", false,
                 "failed to decode response: cannot parse value \"one\"");
    arena_done(&mem);
}

static void graphite_answers_with_a_list(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct query_result got;
    struct err err = ERR_INIT;
    assert_false(result_parse_graphite(S("{\"a\":1}"), &mem, &got, &err));
    check_err(&err, "failed to decode response: the answer must be an array");
    err_clear(&err);
    assert_true(result_parse_graphite(
        S("[{\"tags\":{\"a\":\"b\"},\"datapoints\":[[1,10],[2,20]]},{\"datapoints\":[]}]"), &mem,
        &got, &err));
    assert_int_equal(got.count, 1);
    assert_true(got.series[0].samples[0].value == 2);
    assert_int_equal(got.series[0].samples[0].ts_ms, 20000);
    arena_done(&mem);
}

int test_result(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instant_series_need_labels),
        cmocka_unit_test(a_result_is_a_list),
        cmocka_unit_test(a_value_is_a_number_in_range),
        cmocka_unit_test(graphite_answers_with_a_list),
    };
    return run_group("result", tests);
}
