// SPDX-License-Identifier: Apache-2.0
#include "tests/support/check.h"
#include "vmalert/net_flags.h"

static void addresses_are_split_as_go_does(void **state)
{
    (void)state;
    static const struct {
        const char *addr, *host, *port, *error;
    } CASES[] = {
        {"a:80", "a", "80", ""},
        {":80", "", "80", ""},
        {"a:", "a", "", ""},
        {"[::1]:80", "::1", "80", ""},
        {"[fe80::1%eth0]:http", "fe80::1%eth0", "http", ""},
        {"", "", "", "address : missing port in address"},
        {"a", "", "", "address a: missing port in address"},
        {"[::1]", "", "", "address [::1]: missing port in address"},
        {"[::1]x:80", "", "", "address [::1]x:80: missing port in address"},
        {"::1", "", "", "address ::1: too many colons in address"},
        {"[::1]::80", "", "", "address [::1]::80: too many colons in address"},
        {"[::1:80", "", "", "address [::1:80: missing ']' in address"},
        {"[a[b]:80", "", "", "address [a[b]:80: unexpected '[' in address"},
        {"a]:80", "", "", "address a]:80: unexpected ']' in address"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        str host = S(""), port = S("");
        struct err err = ERR_INIT;
        bool ok = net_split_host_port(str_c(CASES[i].addr), &host, &port, &err);
        check_err(&err, CASES[i].error);
        assert_int_equal(ok, CASES[i].error[0] == '\0');
        check_str(host, str_c(CASES[i].host));
        check_str(port, str_c(CASES[i].port));
    }
}

static void the_default_port_is_put_where_none_is(void **state)
{
    (void)state;
    static const struct {
        const char *addr, *want; // NULL: refused
    } CASES[] = {
        {"a", "a:80"}, {"a:1", "a:1"}, {"[::1]", "[::1]:80"}, {"[::1]:1", "[::1]:1"},
        {"::1", NULL}, {"a/b", NULL},  {"http://a", NULL},    {"[::1]x", NULL},
    };
    struct arena mem = {0};
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        str got = S("");
        struct err err = ERR_INIT;
        bool ok = net_normalize_addr(str_c(CASES[i].addr), 80, &mem, &got, &err);
        assert_int_equal(ok, CASES[i].want != NULL);
        if (ok)
            check_str(got, str_c(CASES[i].want));
    }
    arena_done(&mem);
}

static void kinds_of_addresses_are_told_apart(void **state)
{
    (void)state;
    assert_true(net_is_lone_port(S(":0")));
    assert_true(net_is_lone_port(S(":65535")));
    assert_false(net_is_lone_port(S(":65536")));
    assert_false(net_is_lone_port(S(":")));
    assert_false(net_is_lone_port(S(":-1")));
    assert_false(net_is_lone_port(S("a:80")));
    assert_true(net_is_ipv4_addr(S("255.0.0.1:65535")));
    assert_false(net_is_ipv4_addr(S("256.0.0.1:80")));
    assert_false(net_is_ipv4_addr(S("1.2.3.4")));
    assert_false(net_is_ipv4_addr(S("1.2.3.4:65536")));
    assert_true(net_is_ipv6_addr(S("[::]:80")));
    assert_false(net_is_ipv6_addr(S("localhost:80")));
}

static void urls_must_parse(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_true(net_check_url(S("https://a.example/b"), &err));
    assert_false(net_check_url(S(""), &err));
    check_err(&err, "url cannot be empty");
    assert_false(net_check_url(S(":::"), &err));
    check_err(&err, "failed to parse url \":::\": parse \":::\": missing protocol scheme");
}

static void tls_settings_are_named_in_any_case(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct err err = ERR_INIT;
    enum httpconf_tls_version version;
    assert_true(net_parse_tls_version(S("Tls13"), &version, &err));
    assert_int_equal(version, HTTPCONF_TLS13);
    assert_false(net_parse_tls_version(S("TLS14"), &version, &err));
    check_err(&err, "unsupported TLS version \"TLS14\"");

    str names[] = {S("tls_ecdhe_rsa_with_aes_128_gcm_sha256"), S("0xC030"), S("49171")};
    struct str_list got;
    assert_true(net_parse_cipher_suites(&(struct flag_strs){names, 3}, &mem, &got, &err));
    assert_int_equal(got.count, 3);
    check_str(got.items[0], S("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
    check_str(got.items[1], S("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"));
    check_str(got.items[2], S("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"));
    static const char *const BAD[] = {"", "x", "0x0005", "0x1c030", "TLS_RSA_WITH_AES_128_CBC_SHA"};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        str name = str_c(BAD[i]);
        assert_false(net_parse_cipher_suites(&(struct flag_strs){&name, 1}, &mem, &got, &err));
        defer(buf_done) struct buf want = {0};
        buf_printf(&want, "unsupported TLS cipher suite name: %s", BAD[i]);
        check_str(err_str(&err), buf_str(&want));
    }
    arena_done(&mem);
}

int test_net_flags(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_split_as_go_does),
        cmocka_unit_test(the_default_port_is_put_where_none_is),
        cmocka_unit_test(kinds_of_addresses_are_told_apart),
        cmocka_unit_test(urls_must_parse),
        cmocka_unit_test(tls_settings_are_named_in_any_case),
    };
    return run_group("net_flags", tests);
}
