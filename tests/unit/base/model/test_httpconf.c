// SPDX-License-Identifier: Apache-2.0
#include "base/model/httpconf.h"

#include "tests/support/check.h"

static void versions_have_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum httpconf_tls_version want;
    } cases[] = {{"", HTTPCONF_TLS_DEFAULT},
                 {"TLS10", HTTPCONF_TLS10},
                 {"TLS11", HTTPCONF_TLS11},
                 {"TLS12", HTTPCONF_TLS12},
                 {"TLS13", HTTPCONF_TLS13}};
    enum httpconf_tls_version got;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(httpconf_parse_tls_version(str_c(cases[i].text), &got));
        assert_int_equal(got, cases[i].want);
    }
    got = HTTPCONF_TLS11;
    assert_false(httpconf_parse_tls_version(S("tls12"), &got));
    assert_false(httpconf_parse_tls_version(S("TLS14"), &got));
    assert_int_equal(got, HTTPCONF_TLS11);
}

static void names_are_made_canonical(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"x-a-b", "X-A-B"},
        {"CONTENT-type", "Content-Type"},
        {"wWW-authenticate", "Www-Authenticate"},
        {"", ""},
        {"-a--b-", "-A--B-"},
        {"x_y.z", "X_y.z"},
        {"a b", "a b"},
        {"a:b", "a:b"},
        {"x-\xc3\xa4", "x-\xc3\xa4"},
    };
    struct arena mem = {0};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_str(httpconf_canonical_name(str_c(cases[i][0]), &mem), str_c(cases[i][1]));
    check_str(httpconf_canonical_name(str_from("a\0b", 3), &mem), str_from("a\0b", 3));
    arena_done(&mem);
}

static void copies_stand_on_their_own(void **state)
{
    (void)state;
    struct arena mem = {0};
    char text[] = "abc";
    str s = str_c(text);
    struct httpconf_header header = {s, {.text = s}};
    struct httpconf_tls tls =
        httpconf_copy_tls(&(struct httpconf_tls){.ca.text = s,
                                                 .cert.file = s,
                                                 .key.text = s,
                                                 .server_name = s,
                                                 .insecure_skip_verify = true,
                                                 .min_version = HTTPCONF_TLS12},
                          &mem);
    struct httpconf_proxy proxy = httpconf_copy_proxy(
        &(struct httpconf_proxy){
            .url = s, .no_proxy = s, .connect_headers = &header, .connect_header_count = 1},
        &mem);
    memset(text, 'x', sizeof(text) - 1);
    const str all[] = {tls.ca.text,
                       tls.cert.file,
                       tls.key.text,
                       tls.server_name,
                       proxy.url,
                       proxy.no_proxy,
                       proxy.connect_headers[0].name,
                       proxy.connect_headers[0].value.text};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        check_str(all[i], S("abc"));
    assert_true(tls.insecure_skip_verify);
    assert_int_equal(tls.min_version, HTTPCONF_TLS12);
    arena_done(&mem);
}

int test_httpconf(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_have_names),
        cmocka_unit_test(names_are_made_canonical),
        cmocka_unit_test(copies_stand_on_their_own),
    };
    return run_group("base/model/httpconf", tests);
}
