// SPDX-License-Identifier: Apache-2.0
// Addresses, URLs and TLS settings as values of flags.
#define BANNED_ALLOW_IMPURE // certificates are files
#include <stdlib.h>
#include <unistd.h>

#include "base/io/env_uv.h"
#include "tests/support/cases.h"
#include "tests/support/certs.h"
#include "vmalert/net_flags.h"
#include "vmalert/server_flags.h"

static const char *expect_bool(bool got, const cJSON *c, const char *key)
{
    return got == case_get_bool(c, key) ? NULL : got ? "it is one" : "it is none";
}

// Did it end as the case says: with an error, or without?
static const char *expect_end(bool ok, const struct err *err, const cJSON *c, const char *key,
                              struct arena *mem)
{
    if (ok != case_get_bool(c, key))
        return NULL;
    return case_fail(mem, "%s %.*s", ok ? "accepted" : "refused:", STR(err_str(err)));
}

static const char *run_missing_port(const cJSON *c, struct arena *mem)
{
    str host, port;
    struct err err = ERR_INIT;
    net_split_host_port(case_get_text(c, "addr", mem), &host, &port, &err);
    return expect_bool(err.code == ERR_NOT_FOUND, c, "expected");
}

static const char *run_lone_port(const cJSON *c, struct arena *mem)
{
    return expect_bool(net_is_lone_port(case_get_text(c, "s", mem)), c, "expected");
}

static const char *run_ipv4(const cJSON *c, struct arena *mem)
{
    return expect_bool(net_is_ipv4_addr(case_get_text(c, "addr", mem)), c, "resultExpected");
}

static const char *run_normalize(const cJSON *c, struct arena *mem)
{
    str got = S(""), want = case_get_text(c, "expected", mem);
    struct err err = ERR_INIT;
    bool has_port = case_get(c, "defaultPort") != NULL;
    uint16_t port = has_port ? (uint16_t)case_get_i64(c, "defaultPort") : 80;
    bool ok = net_normalize_addr(case_get_text(c, "addr", mem), port, mem, &got, &err);
    const char *problem = expect_end(ok, &err, c, "error", mem);
    return problem || !ok || str_eq(got, want) ? problem : case_fail(mem, "%.*s", STR(got));
}

static const char *run_suites(const cJSON *c, struct arena *mem)
{
    struct flag_strs names = {.items = arena_array(mem, str, 64)};
    const cJSON *list = case_get(c, "cipherSuites"), *id = case_get(c, "expectedSuites");
    for (const cJSON *e = list ? list->child : NULL; e && names.count < 64; e = e->next)
        names.items[names.count++] = case_text(e, mem);
    struct str_list got;
    struct err err = ERR_INIT;
    bool ok = net_parse_cipher_suites(&names, mem, &got, &err);
    const char *problem = expect_end(ok, &err, c, "error", mem);
    if (problem || !ok)
        return problem;
    id = id ? id->child : NULL;
    for (size_t i = 0; i < got.count; i++, id = id->next) {
        size_t at = 0;
        while (!str_eq(got.items[i], str_c(TLS_SUITES[at].name)))
            at++;
        if (!id || TLS_SUITES[at].id != id->valueint)
            return case_fail(mem, "%.*s is in its place", STR(got.items[i]));
    }
    return id ? "one is missing" : NULL;
}

static const char *run_version(const cJSON *c, struct arena *mem)
{
    static const char *const NAMES[] = {"", "tls.VersionTLS10", "tls.VersionTLS11",
                                        "tls.VersionTLS12", "tls.VersionTLS13"};
    enum httpconf_tls_version got = 0;
    struct err err = ERR_INIT;
    bool ok = net_parse_tls_version(case_get_text(c, "s", mem), &got, &err);
    const char *problem = expect_end(ok, &err, c, "error", mem);
    const cJSON *want = case_get(c, "want");
    str name = cJSON_IsString(want) ? case_text(want, mem) : S("");
    if (problem || !ok || str_eq(name, str_c(NAMES[got])))
        return problem;
    return case_fail(mem, "%s", NAMES[got]);
}

static const char *run_url(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    bool ok = net_check_url(case_get_text(c, "urlStr", mem), &err);
    return expect_end(ok, &err, c, "error", mem);
}

// ---- certificates ------------------------------------------------------------------------------

static struct {
    struct env *env;
    char folder[64];
} world;

static void put_file(const char *name, const struct buf *text)
{
    char path[96];
    snprintf(path, sizeof(path), "%s/%s", world.folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text->p, 1, text->n, f), text->n);
    fclose(f);
}

// The pair that the cases' place has is made here.
static str place_of(const cJSON *c, const char *key, struct arena *mem)
{
    str path = case_get_text(c, key, mem);
    if (!str_starts(path, S("./")))
        return path;
    return arena_printf(mem, "%s/%.*s", world.folder, STR(str_skip(path, 2)));
}

static const char *run_server(const cJSON *c, struct arena *mem)
{
    struct tlsconf conf;
    struct err err = ERR_INIT;
    str cert = place_of(c, "tlsCertFile", mem), key = place_of(c, "tlsKeyFile", mem);
    bool is_on = true;
    struct server_flags flags = {
        .tls = {&is_on, 1}, .tls_cert_file = {&cert, 1}, .tls_key_file = {&key, 1}};
    bool ok = server_flags_tls(&flags, 0, mem, &conf, &err);
    struct tls *tls = ok ? env_tls_new(world.env, &conf, &err) : NULL;
    ok = tls != NULL;
    env_tls_free(world.env, tls);
    return expect_end(ok, &err, c, "expectErr", mem);
}

// ---- all of them -------------------------------------------------------------------------------

// Schemes of proxies: the cases name the test, but hold no value.
static const char *run_proxy(const cJSON *c, struct arena *mem)
{
    (void)mem;
    return case_get(c, "u") || case_get(c, "s") ? "values of this test are not known" : NULL;
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    static const struct {
        const char *test;
        const char *(*run)(const cJSON *, struct arena *);
    } TESTS[] = {
        {"IsErrMissingPort", run_missing_port},
        {"IsLonePort", run_lone_port},
        {"NormalizeAddrSuccess", run_normalize},
        {"NormalizeAddrError", run_normalize},
        {"IsTCPv4Addr", run_ipv4},
        {"CipherSuitesFromNamesSucces", run_suites},
        {"CipherSuitesFromNamesFailure", run_suites},
        {"ParseTLSVersionSuccess", run_version},
        {"ParseTLSVersionFailure", run_version},
        {"GetServerTLSConfig", run_server},
        {"URLParseSuccess", run_proxy},
        {"CheckURL_Success", run_url},
        {"CheckURL_Failure", run_url},
    };
    str test = case_get_text(c, "test", mem);
    for (size_t i = 0; i < ARRAY_LEN(TESTS); i++) {
        if (str_eq(test, str_c(TESTS[i].test)))
            return TESTS[i].run(c, mem);
    }
    return case_fail(mem, "unknown test %.*s", STR(test));
}

static void cases_hold(void **state)
{
    (void)state;
    case_file_run("vm-net", run_case);
}

static int setup(void **state)
{
    (void)state;
    struct cert_ca ca;
    struct cert_pair pair;
    struct err err = ERR_INIT;
    snprintf(world.folder, sizeof(world.folder), "/tmp/tocsin-net-XXXXXX");
    if (!mkdtemp(world.folder))
        return -1;
    cert_ca_init(&ca, "ca");
    cert_issue(&pair, &ca, "server", "DNS:localhost");
    put_file("test.crt", &pair.cert);
    put_file("test.key", &pair.key);
    cert_pair_done(&pair);
    cert_ca_done(&ca);
    world.env = env_uv_new(&(struct env_uv_options){0}, &err);
    return world.env ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char path[96];
    env_uv_free(world.env);
    snprintf(path, sizeof(path), "%s/test.crt", world.folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/test.key", world.folder);
    unlink(path);
    rmdir(world.folder);
    return 0;
}

int test_vm_net(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cases_hold, setup, teardown),
    };
    return run_group("vm-net", tests);
}
