// SPDX-License-Identifier: Apache-2.0
#include "gossip/tls_config.h"

#include "tests/support/check.h"

#define SERVER "tls_server_config: {cert_file: c.pem, key_file: /k.pem}\n"

static void everything_is_read(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct cluster_tls t;
    defer(arena_done) struct arena mem = {0};
    str text = S("tls_server_config:\n"
                 "  cert_file: c.pem\n"
                 "  key: KEY\n"
                 "  client_ca_file: /etc/ca.pem\n"
                 "  client_auth_type: RequireAndVerifyClientCert\n"
                 "  client_allowed_sans: [a.example, 10.0.0.1]\n"
                 "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n"
                 "  curve_preferences: [X25519, CurveP256]\n"
                 "  min_version: TLS12\n"
                 "  max_version: TLS13\n"
                 "  prefer_server_cipher_suites: true\n"
                 "tls_client_config:\n"
                 "  ca: CA\n"
                 "  cert_file: sub/client.pem\n"
                 "  key_file: client.key\n"
                 "  server_name: peers.example\n"
                 "  insecure_skip_verify: true\n"
                 "  min_version: TLS13\n");
    assert_true(cluster_tls_parse(text, S("/dir"), &mem, &t, &err));
    assert_true(t.server.is_server && !t.client.is_server);
    check_str(t.server.cert.file, S("/dir/c.pem"));
    check_str(t.server.key.text, S("KEY"));
    check_str(t.server.ca.file, S("/etc/ca.pem"));
    assert_true(tlsconf_check_server(&t.server, &err));
    assert_int_equal(t.server.client_auth, TLS_REQUIRE_AND_VERIFY);
    assert_int_equal(t.server.client_sans.count, 2);
    check_str(t.server.client_sans.items[1], S("10.0.0.1"));
    assert_int_equal(t.server.cipher_suites.count, 1);
    check_str(t.server.curves.items[0], S("X25519"));
    assert_int_equal(t.server.min_version, HTTPCONF_TLS12);
    assert_int_equal(t.server.max_version, HTTPCONF_TLS13);
    assert_true(t.server.prefer_server_ciphers);
    check_str(t.client.ca.text, S("CA"));
    check_str(t.client.cert.file, S("/dir/sub/client.pem"));
    check_str(t.client.key.file, S("/dir/client.key"));
    check_str(t.client.server_name, S("peers.example"));
    assert_true(t.client.insecure_skip_verify);
    assert_int_equal(t.client.min_version, HTTPCONF_TLS13);

    assert_true(cluster_tls_parse(S(SERVER), S(""), &mem, &t, &err)); // nothing about clients
    check_str(t.server.cert.file, S("c.pem"));
    assert_int_equal(t.client.ca.text.n + t.client.ca.file.n, 0);
}

static void bad_files_are_refused_in_upstreams_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } CASES[] = {
        {"", "missing 'tls_server_config' entry in the TLS configuration"},
        {"tls_client_config: {}", "missing 'tls_server_config' entry in the TLS configuration"},
        {SERVER "tls_client_config:\n",
         "missing 'tls_client_config' entry in the TLS configuration"},
        {SERVER "x: 1\n", "yaml: unmarshal errors:\n  line 2: field x not found in type "
                          "cluster.TLSTransportConfig"},
        {"tls_server_config: {min_version: TLS9}", "unknown TLS version: TLS9"},
        {"tls_server_config: {cipher_suites: [RC4]}", "unknown cipher: RC4"},
        {"tls_server_config: {curve_preferences: [P1]}", "unknown curve: P1"},
        {SERVER "tls_client_config: {cert: x}",
         "exactly one of key or key_file must be configured when a client certificate is "
         "configured"},
        {SERVER "tls_client_config: {ca: x, ca_file: y}",
         "at most one of ca, ca_file & ca_ref must be configured"},
        {SERVER "tls_client_config: {ca_ref: x}", "cannot use secret ref without manager"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct err err = ERR_INIT;
        struct cluster_tls t;
        defer(arena_done) struct arena mem = {0};
        assert_false(cluster_tls_parse(str_c(CASES[i].text), S(""), &mem, &t, &err));
        check_err(&err, CASES[i].error);
    }
}

static void servers_need_a_pair_and_a_policy_for_their_authorities(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct tlsconf t = {.is_server = true};
    assert_false(tlsconf_check_server(&t, &err));
    check_err(&err, "TLS config is not present");
    t.client_auth_type = S("NoClientCert");
    assert_false(tlsconf_check_server(&t, &err));
    check_err(&err, "missing one of cert or cert_file");
    t.client_auth_type = S("");
    t.cert.text = S("x");
    assert_false(tlsconf_check_server(&t, &err));
    check_err(&err, "missing one of key or key_file");
    t.key.file = S("x");
    assert_true(tlsconf_check_server(&t, &err));
    t.ca.file = S("x");
    assert_false(tlsconf_check_server(&t, &err));
    check_err(&err, "client CA's have been configured without a Client Auth Policy");
    t.client_auth_type = S("Any");
    assert_false(tlsconf_check_server(&t, &err));
    check_err(&err, "invalid ClientAuth: Any");
    t.client_auth_type = S("RequireClientCert");
    assert_true(tlsconf_check_server(&t, &err));
    assert_int_equal(t.client_auth, TLS_REQUIRE_ANY_CERT);
    t.client_auth_type = S("");
    t.client_auth = TLS_REQUIRE_AND_VERIFY;
    assert_true(tlsconf_check_server(&t, &err));
}

static void names_match_as_in_go(void **state)
{
    (void)state;
    static const struct {
        const char *san, *name;
        bool matches;
    } CASES[] = {
        {"a.example", "A.Example", true},
        {"a.example", "a.example.", true},
        {"*.example", "a.example", true},
        {"*.example", "a.b.example", false},
        {"*.example", ".example", false},
        {"*.example", "example", false},
        {"a*.example", "ab.example", false},
        {"a.example", "b.example", false},
        {"*", "a", false},
        {"", "", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
        assert_int_equal(tlsconf_name_matches(str_c(CASES[i].san), str_c(CASES[i].name)),
                         CASES[i].matches);
}

int test_tls_config(void);
int test_tls_config(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(bad_files_are_refused_in_upstreams_words),
        cmocka_unit_test(servers_need_a_pair_and_a_policy_for_their_authorities),
        cmocka_unit_test(names_match_as_in_go),
    };
    return run_group("tls_config", tests);
}
