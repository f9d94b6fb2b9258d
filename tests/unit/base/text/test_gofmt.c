// SPDX-License-Identifier: Apache-2.0
#include "base/text/gofmt.h"

#include <math.h>

#include "base/core/rand.h"
#include "base/text/humanize.h"
#include "base/text/titlecase.h"
#include "tests/support/check.h"

static void check_f64(double v, char format, int prec, const char *want)
{
    defer(buf_done) struct buf b = {0};
    buf_put_f64(&b, v, format, prec);
    check_str(buf_str(&b), str_c(want));
}

static void floats_print_their_shortest_form(void **state)
{
    (void)state;
    check_f64(0, 'g', -1, "0");
    check_f64(-0.0, 'g', -1, "-0");
    check_f64(100000, 'g', -1, "100000");
    check_f64(1e6, 'g', -1, "1e+06");
    check_f64(1234567, 'g', -1, "1.234567e+06");
    check_f64(0.0001, 'g', -1, "0.0001");
    check_f64(0.00001, 'g', -1, "1e-05");
    check_f64(0.1 + 0.2, 'g', -1, "0.30000000000000004");
    check_f64(5e-324, 'g', -1, "5e-324");
    check_f64(1.7976931348623157e308, 'g', -1, "1.7976931348623157e+308");
    check_f64(NAN, 'g', -1, "NaN");
    check_f64(-INFINITY, 'f', 2, "-Inf");
    check_f64(1e21, 'f', -1, "1000000000000000000000");
    check_f64(1.5, 'e', -1, "1.5e+00");
    check_f64(123456789, 'e', 3, "1.235e+08");
    check_f64(0, 'e', 2, "0.00e+00");
    check_f64(0, 'e', -1, "0e+00");
    check_f64(2.5, 'f', 0, "2");
    check_f64(0.35, 'f', 1, "0.3");
    check_f64(1000, 'g', 4, "1000");
    check_f64(10000, 'g', 4, "1e+04");
    check_f64(1.5, 'x', -1, "0x1.8p+00");
    check_f64(5e-324, 'x', -1, "0x1p-1074");
    check_f64(1.5, 'x', 0, "0x1p+01");
    check_f64(1, 'b', -1, "4503599627370496p-52");
}

static void shortest_forms_parse_back(void **state)
{
    (void)state;
    struct rand r;
    rand_seed(&r, 1);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = rand_u64(&r);
        double v, back;
        memcpy(&v, &bits, sizeof(v));
        if (isnan(v) || isinf(v))
            continue;
        defer(buf_done) struct buf b = {0};
        buf_put_f64_go(&b, v);
        assert_true(gofmt_parse_f64(buf_str(&b), &back, NULL));
        assert_memory_equal(&v, &back, sizeof(v));
    }
}

static void numbers_parse_as_literals_do(void **state)
{
    (void)state;
    double f;
    uint64_t u;
    struct err err = ERR_INIT;
    assert_true(gofmt_parse_f64(S("1_000.5"), &f, &err) && f == 1000.5);
    assert_false(gofmt_parse_f64(S("1__0"), &f, &err));
    assert_false(gofmt_parse_f64(S("_1"), &f, &err));
    check_err(&err, "strconv.ParseFloat: parsing \"_1\": invalid syntax");
    assert_false(gofmt_parse_f64(S("1e999"), &f, &err));
    check_err(&err, "strconv.ParseFloat: parsing \"1e999\": value out of range");
    assert_true(gofmt_parse_f64(S("-inf"), &f, &err) && isinf(f));
    assert_true(gofmt_parse_u64(S("0x_ff"), &u) && u == 255);
    assert_true(gofmt_parse_u64(S("0b101"), &u) && u == 5);
    assert_true(gofmt_parse_u64(S("017"), &u) && u == 15);
    assert_false(gofmt_parse_u64(S("08"), &u));
    assert_false(gofmt_parse_u64(S("18446744073709551616"), &u));
}

#define CHECK_VERB(want, call)                                                                     \
    do {                                                                                           \
        struct buf b = {0};                                                                        \
        call;                                                                                      \
        check_str(buf_str(&b), S(want));                                                           \
        buf_done(&b);                                                                              \
    } while (0)

static void flags_pad_and_sign(void **state)
{
    (void)state;
    struct gofmt none = {0}, zero6 = {.zero = true, .has_width = true, .width = 6};
    struct gofmt left6 = {.minus = true, .has_width = true, .width = 6};
    struct gofmt plus = {.plus = true}, sharp = {.sharp = true},
                 prec3 = {.has_prec = true, .prec = 3};
    CHECK_VERB("-00042", gofmt_int(&b, &zero6, (uint64_t)-42, true, 10, 'd'));
    CHECK_VERB("42    ", gofmt_int(&b, &left6, 42, true, 10, 'd'));
    CHECK_VERB("+42", gofmt_int(&b, &plus, 42, true, 10, 'd'));
    CHECK_VERB("042", gofmt_int(&b, &prec3, 42, true, 10, 'd'));
    CHECK_VERB("0x2a", gofmt_int(&b, &sharp, 42, true, 16, 'x'));
    CHECK_VERB("0o52", gofmt_int(&b, &none, 42, true, 8, 'O'));
    CHECK_VERB("U+0041 'A'", gofmt_unicode(&b, &sharp, 'A'));
    CHECK_VERB("'\\n'", gofmt_char_quoted(&b, &none, '\n'));
    CHECK_VERB("\xef\xbf\xbd", gofmt_char(&b, &none, 0xd800));
    CHECK_VERB("h\xc3\xa9l", gofmt_str(&b, &prec3, S("h\xc3\xa9llo")));
    CHECK_VERB("0000\xc3\xa9x", gofmt_str(&b, &zero6, S("\xc3\xa9x")));
    CHECK_VERB("0x6869", gofmt_hex(&b, &sharp, S("hi"), false));
    CHECK_VERB("`a\"b`", gofmt_quoted(&b, &sharp, S("a\"b")));
    CHECK_VERB(
        "003.50",
        gofmt_f64(&b,
                  &(struct gofmt){
                      .zero = true, .has_width = true, .width = 6, .has_prec = true, .prec = 2},
                  3.5, 'f'));
    CHECK_VERB("1.00000", gofmt_f64(&b, &sharp, 1, 'g'));
    CHECK_VERB("   NaN", gofmt_f64(&b, &zero6, NAN, 'f'));
    CHECK_VERB("  +Inf", gofmt_f64(&b, &zero6, INFINITY, 'f'));
}

static void numbers_read_well(void **state)
{
    (void)state;
    CHECK_VERB("127.1k", buf_put_humanized(&b, 127087));
    CHECK_VERB("120u", buf_put_humanized(&b, 0.00012));
    CHECK_VERB("0", buf_put_humanized(&b, 0));
    CHECK_VERB("124.1ki", buf_put_humanized_1024(&b, 127087));
    CHECK_VERB("1.5%", buf_put_humanized_percentage(&b, 0.015));
    CHECK_VERB("194d 8h 2m 35s", buf_put_humanized_duration(&b, 16790555));
    CHECK_VERB("200ms", buf_put_humanized_duration(&b, 0.2));
    CHECK_VERB("-1m 1s", buf_put_humanized_duration(&b, -61));
    CHECK_VERB("0s", buf_put_humanized_duration(&b, 0));
    CHECK_VERB("-106751991167300d -15h -30m -8s", buf_put_humanized_duration(&b, 1e300));
}

static void titles_follow_either_rule(void **state)
{
    (void)state;
    CHECK_VERB("Foo Bar", buf_put_title_words(&b, S("FOO bAR")));
    CHECK_VERB("Don't A:b 3Rd", buf_put_title_words(&b, S("don't a:b 3rd")));
    CHECK_VERB("Ss \xce\x91\xcf\x82", buf_put_title_words(&b, S("\xc3\x9f \xce\x91\xce\xa3")));
    CHECK_VERB("FOO Don'T 3rd", buf_put_title_letters(&b, S("fOO don't 3rd") /* only firsts */));
    CHECK_VERB("\xef\xbf\xbd", buf_put_upper_unicode(&b, S("\xff")));
}

int test_gofmt(void);
int test_gofmt(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_print_their_shortest_form),
        cmocka_unit_test(shortest_forms_parse_back),
        cmocka_unit_test(numbers_parse_as_literals_do),
        cmocka_unit_test(flags_pad_and_sign),
        cmocka_unit_test(numbers_read_well),
        cmocka_unit_test(titles_follow_either_rule),
    };
    return run_group("text/gofmt", tests);
}
