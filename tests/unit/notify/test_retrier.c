// SPDX-License-Identifier: Apache-2.0
// What a receiver's answer means, and how long to wait before the next try.
#include "notify/retrier.h"

#include "notify/stages.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

static void verdicts(void **state)
{
    (void)state;
    const struct {
        int status;
        bool is_delivered, may_retry;
        const char *failure;
    } cases[] = {
        {200, true, false, ""},
        {204, true, false, ""},
        {299, true, false, ""},
        {199, false, false, "other"},
        {301, false, false, "other"},
        {400, false, false, "clientError"},
        {401, false, false, "authError"},
        {403, false, false, "authError"},
        {404, false, false, "clientError"},
        {429, false, false, "rateLimited"},
        {500, false, true, "serverError"},
        {503, false, true, "serverError"},
        {599, false, true, "serverError"},
        {600, false, false, "other"},
    };
    static const struct retrier RETRIER = {0};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct notify_result r;
        retrier_judge(&RETRIER, cases[i].status, S("busy"), NULL, &r);
        assert_int_equal(r.is_delivered, cases[i].is_delivered);
        assert_int_equal(r.may_retry, cases[i].may_retry);
        if (r.is_delivered)
            continue;
        char text[64];
        snprintf(text, sizeof(text), "unexpected status code %d: busy", cases[i].status);
        check_err(&r.err, text);
        check_str(notify_failure_str(r.failure), str_c(cases[i].failure));
    }
}

static void busy_services_say_how_long(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *value;
        dur_ns want;
    } cases[] = {
        {429, "120", DUR_SECONDS(120)},
        {503, "0", 0},
        {503, "86400", RETRY_AFTER_MAX},
        {503, "18446744073709551615", RETRY_AFTER_MAX},
        {503, "Wed, 21 Oct 2026 07:28:00 GMT", 0},
        {503, "-1", 0},
        {500, "120", 0},
        {200, "120", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct http_header header = {S("retry-after"), str_c(cases[i].value)};
        const struct http_response response = {
            .status = cases[i].status, .headers = &header, .header_count = 1};
        assert_int_equal(notify_retry_after(&response), cases[i].want);
    }
    assert_int_equal(notify_retry_after(&(struct http_response){.status = 429}), 0);
}

static str first_word(int status, str body, struct arena *mem)
{
    str word, rest;
    (void)status;
    str_cut(body, ' ', &word, &rest);
    return arena_printf(mem, "<%.*s>", STR(word));
}

static void codes_and_texts_of_a_service(void **state)
{
    (void)state;
    static const int CODES[] = {429, 418};
    struct arena mem = {0};
    const struct retrier retrier = {CODES, ARRAY_LEN(CODES), first_word};
    struct notify_result r;
    retrier_judge(&retrier, 418, S("teapot is hot"), &mem, &r);
    assert_true(r.may_retry && !r.is_delivered);
    check_err(&r.err, "unexpected status code 418: <teapot>");
    retrier_judge(&retrier, 417, S("x"), &mem, &r);
    assert_false(r.may_retry);
    retrier_judge(&(struct retrier){0}, 502, S(""), &mem, &r);
    check_err(&r.err, "unexpected status code 502");
    arena_done(&mem);
}

static void back_off_grows_to_a_minute(void **state)
{
    (void)state;
    struct fake_env f;
    fake_env_init(&f);
    double middle = 0.5;
    for (uint32_t failures = 0; failures < 40; failures++) {
        dur_ns least = DUR_MAX, most = 0;
        for (int i = 0; i < 300; i++) {
            dur_ns d = retry_backoff(&f.env, failures);
            least = MIN(least, d);
            most = MAX(most, d);
        }
        assert_true(dur_to_seconds(least) >= middle * 0.499);
        assert_true(dur_to_seconds(most) <= middle * 1.501);
        assert_true(dur_to_seconds(most - least) > middle * 0.9);
        middle = MIN(middle * 1.5, 60);
    }
    fake_env_done(&f);
}

int test_retrier(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(busy_services_say_how_long),
        cmocka_unit_test(codes_and_texts_of_a_service),
        cmocka_unit_test(back_off_grows_to_a_minute),
    };
    return run_group("retrier", tests);
}
