// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/config_httpconf.h"

#include "tests/support/check.h"
#include "tests/support/fake_env.h"

struct loaded {
    struct fake_env fake;
    struct config *config;
    const struct httpconf *http; // of the only webhook
};

// `http` stands below http_config, indented by six.
static void load(struct loaded *l, const char *http)
{
    struct err err = ERR_INIT;
    struct buf text = {0};
    fake_env_init(&l->fake);
    buf_printf(
        &text,
        "route: {receiver: r}\n"
        "receivers:\n- name: r\n  webhook_configs:\n  - url: http://x/\n    http_config:\n%s",
        http);
    l->config = config_load(buf_str(&text), S("/etc/am/alertmanager.yml"),
                            &(struct config_options){.env = &l->fake.env}, &err);
    check_err(&err, "");
    const struct integration *made = l->config->receivers[0].integrations[0];
    l->http = ((const struct integration_conf *)made->conf)->http;
    assert_non_null(l->http);
    buf_done(&text);
}

static void unload(struct loaded *l)
{
    config_unref(l->config);
    fake_env_done(&l->fake);
}

static void check_secret(struct httpconf_secret got, const char *text, const char *file)
{
    check_str(got.text, str_c(text));
    check_str(got.file, str_c(file));
}

static void defaults_say_little(void **state)
{
    (void)state;
    struct loaded l;
    load(&l, "      follow_redirects: true\n");
    assert_int_equal(l.http->dialect, HTTPCONF_PROMETHEUS);
    assert_int_equal(l.http->auth, HTTPCONF_NO_AUTH);
    assert_false(l.http->no_redirects);
    assert_true(l.http->enable_http2);
    assert_int_equal(l.http->header_count, 0);
    assert_false(l.http->proxy.from_environment);
    check_str(l.http->proxy.url, S(""));
    check_str(l.http->refusal, S(""));
    unload(&l);
    load(&l, "      follow_redirects: false\n      enable_http2: false\n");
    assert_true(l.http->no_redirects);
    assert_false(l.http->enable_http2);
    unload(&l);
}

static void credentials_come_through(void **state)
{
    (void)state;
    struct loaded l;
    load(&l, "      basic_auth: {username: u, password_file: pw}\n");
    assert_int_equal(l.http->auth, HTTPCONF_BASIC);
    check_secret(l.http->username, "u", "");
    check_secret(l.http->password, "", "/etc/am/pw"); // beside the configuration
    unload(&l);
    load(&l, "      authorization: {credentials: c}\n");
    assert_int_equal(l.http->auth, HTTPCONF_AUTHORIZATION);
    check_str(l.http->type, S("Bearer"));
    check_secret(l.http->credentials, "c", "");
    unload(&l);
    load(&l, "      bearer_token_file: /abs/token\n");
    assert_int_equal(l.http->auth, HTTPCONF_AUTHORIZATION);
    check_secret(l.http->credentials, "", "/abs/token");
    unload(&l);
}

static void tls_and_proxy_come_through(void **state)
{
    (void)state;
    struct loaded l;
    load(&l,
         "      tls_config: {ca_file: ca, cert: c, key: k, server_name: s, min_version: TLS13,\n"
         "                   max_version: TLS12, insecure_skip_verify: true}\n"
         "      proxy_url: http://u:p@proxy:3128\n"
         "      no_proxy: a,b\n"
         "      proxy_connect_header: {x-b: [1, 2], X-A: [3]}\n");
    const struct httpconf_tls *tls = &l.http->tls;
    check_secret(tls->ca, "", "/etc/am/ca");
    check_secret(tls->cert, "c", "");
    check_secret(tls->key, "k", "");
    check_str(tls->server_name, S("s"));
    assert_true(tls->insecure_skip_verify);
    assert_int_equal(tls->min_version, HTTPCONF_TLS13);
    assert_int_equal(tls->max_version, HTTPCONF_TLS12);
    const struct httpconf_proxy *proxy = &l.http->proxy;
    check_str(proxy->url, S("http://u:p@proxy:3128"));
    check_str(proxy->no_proxy, S("a,b"));
    assert_int_equal(proxy->connect_header_count, 3);
    check_str(proxy->connect_headers[0].name, S("X-A"));
    check_str(proxy->connect_headers[1].name, S("X-B"));
    check_secret(proxy->connect_headers[2].value, "2", "");
    unload(&l);
    load(&l, "      proxy_from_environment: true\n");
    assert_true(l.http->proxy.from_environment);
    unload(&l);
}

static void headers_are_flattened_in_order(void **state)
{
    (void)state;
    struct loaded l;
    load(&l, "      http_headers:\n"
             "        x-b: {files: [f], values: [v1, v2], secrets: [s]}\n"
             "        X-A: {values: [a]}\n");
    static const struct {
        const char *name, *text, *file;
    } want[] = {{"X-A", "a", ""},
                {"X-B", "v1", ""},
                {"X-B", "v2", ""},
                {"X-B", "s", ""},
                {"X-B", "", "/etc/am/f"}};
    assert_int_equal(l.http->header_count, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        check_str(l.http->headers[i].name, str_c(want[i].name));
        check_secret(l.http->headers[i].value, want[i].text, want[i].file);
    }
    unload(&l);
}

static void oauth2_comes_through(void **state)
{
    (void)state;
    struct loaded l;
    load(&l, "      oauth2:\n"
             "        client_id: id\n"
             "        client_secret_file: sec\n"
             "        token_url: http://t/\n"
             "        scopes: [a, b]\n"
             "        endpoint_params: {k: v}\n"
             "        tls_config: {ca_file: ca2}\n"
             "        proxy_url: http://proxy/\n");
    const struct httpconf_oauth2 *o = l.http->oauth2;
    assert_int_equal(l.http->auth, HTTPCONF_OAUTH2);
    assert_false(o->is_jwt);
    check_str(o->token_url, S("http://t/"));
    check_str(o->client_id, S("id"));
    check_secret(o->client_secret, "", "/etc/am/sec");
    assert_int_equal(o->scope_count, 2);
    check_str(o->params[0].name, S("k"));
    check_str(o->params[0].value, S("v"));
    check_secret(o->tls.ca, "", "/etc/am/ca2");
    check_str(o->proxy.url, S("http://proxy/"));
    unload(&l);
    load(&l, "      oauth2:\n"
             "        client_id: id\n"
             "        grant_type: urn:ietf:params:oauth:grant-type:jwt-bearer\n"
             "        client_certificate_key: k\n"
             "        signature_algorithm: RS512\n"
             "        token_url: http://t/\n"
             "        claims: {n: 1, f: 1.5, b: true, s: 'x', l: [a, 2], m: {z: null}}\n");
    o = l.http->oauth2;
    assert_true(o->is_jwt);
    assert_int_equal(o->signature_bits, 512);
    check_secret(o->key, "k", "");
    static const char *const claims[] = {"n=1",     "f=1.5",       "b=true",
                                         "s=\"x\"", "l=[\"a\",2]", "m={\"z\":null}"};
    assert_int_equal(o->claim_count, ARRAY_LEN(claims));
    for (size_t i = 0; i < ARRAY_LEN(claims); i++) {
        struct buf got = {0};
        buf_printf(&got, "%.*s=%.*s", STR(o->claims[i].name), STR(o->claims[i].value));
        check_str(buf_str(&got), str_c(claims[i]));
        buf_done(&got);
    }
    unload(&l);
}

static void references_need_a_manager(void **state)
{
    (void)state;
    static const struct {
        const char *http, *want;
    } cases[] = {
        {"      authorization: {credentials_ref: x}\n", "unable to use credentials"},
        {"      basic_auth: {username_ref: x}\n", "unable to use username"},
        {"      basic_auth: {username: u, password_ref: x}\n", "unable to use password"},
        {"      tls_config: {ca_ref: x}\n", "unable to use CA cert"},
        {"      oauth2: {client_id: i, token_url: 'http://t', client_secret_ref: x}\n",
         "unable to use client secret"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct loaded l;
        struct buf want = {0};
        load(&l, cases[i].http);
        buf_printf(&want, "%s: cannot use secret ref without manager", cases[i].want);
        check_str(l.http->refusal, buf_str(&want));
        buf_done(&want);
        unload(&l);
    }
}

int test_config_httpconf(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_say_little),
        cmocka_unit_test(credentials_come_through),
        cmocka_unit_test(tls_and_proxy_come_through),
        cmocka_unit_test(headers_are_flattened_in_order),
        cmocka_unit_test(oauth2_comes_through),
        cmocka_unit_test(references_need_a_manager),
    };
    return run_group("alertmanager/config_httpconf", tests);
}
