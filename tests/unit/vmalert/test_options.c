// SPDX-License-Identifier: Apache-2.0
#include "vmalert/options.h"

#include "tests/support/check.h"

struct line {
    struct arena mem;
    struct vmalert_options opt;
    struct flags flags;
    struct err err;
};

static bool line_parse(struct line *l, const char *const *args, int count)
{
    char *argv[16] = {(char *)(uintptr_t) "vmalert"};
    *l = (struct line){.err = ERR_INIT};
    for (int i = 0; i < count; i++)
        argv[i + 1] = (char *)(uintptr_t)args[i];
    l->flags = vmalert_flags(&l->opt, &l->mem);
    return flags_parse(&l->flags, count + 1, argv, &l->mem, NULL, &l->err);
}

static void check_shown(struct line *l, const char *name, const char *want)
{
    defer(buf_done) struct buf text = {0};
    for (size_t i = 0; i < l->flags.count; i++) {
        if (strcmp(l->flags.items[i].name, name) == 0)
            buf_put_flag_value(&text, &l->flags.items[i], &l->opt);
    }
    check_str(buf_str(&text), str_c(want));
}

static void flags_are_sorted_and_unique(void **state)
{
    (void)state;
    struct line l;
    assert_true(line_parse(&l, NULL, 0));
    for (size_t i = 1; i < l.flags.count; i++)
        assert_true(strcmp(l.flags.items[i - 1].name, l.flags.items[i].name) < 0);
    arena_done(&l.mem);
}

static void secrets_are_told_by_name(void **state)
{
    (void)state;
    static const char *const ARGS[] = {
        "-httpAuth.password=p",
        "-tlsKeyFile=/k",
        "-httpAuth.username=u",
        "-datasource.url=http://u:p@h",
        "-remoteWrite.url=w",
        "-remoteWrite.showURL",
        "-secret.flags=RULE,external.url",
        "-rule=r.yml",
        "-external.url=http://x",
        "-datasource.headers=A:b",
        "-notifier.url=n",
        "-remoteRead.bearerToken=t",
    };
    struct line l;
    assert_true(line_parse(&l, ARGS, ARRAY_LEN(ARGS)));
    static const char *const HIDDEN[] = {
        "httpAuth.password", "tlsKeyFile",         "datasource.url", "rule",
        "external.url",      "datasource.headers", "notifier.url",   "remoteRead.bearerToken",
        "secret.flags",      "metricsAuthKey",
    };
    for (size_t i = 0; i < ARRAY_LEN(HIDDEN); i++)
        check_shown(&l, HIDDEN[i], "secret");
    check_shown(&l, "httpAuth.username", "u");
    check_shown(&l, "remoteWrite.url", "w");
    arena_done(&l.mem);
}

static void what_tunes_nothing_is_accepted(void **state)
{
    (void)state;
    static const char *const ARGS[] = {
        "-memory.allowedPercent=30",
        "-memory.allowedBytes=1GiB",
        "-fs.disableMmap",
        "-internStringMaxLen=10",
        "-license=x",
        "-remoteWrite.idleConnTimeout=1m",
    };
    struct line l;
    assert_true(line_parse(&l, ARGS, ARRAY_LEN(ARGS)));
    check_shown(&l, "memory.allowedPercent", "30");
    check_shown(&l, "internStringCacheExpireDuration", "6m0s");
    arena_done(&l.mem);
}

// ---- servers -----------------------------------------------------------------------------------

static void each_address_has_its_own_tls(void **state)
{
    (void)state;
    static const char *const ARGS[] = {
        "-httpListenAddr=:1,:2,:3", "-tls=true,false,true",        "-tlsCertFile=a.crt,,c.crt",
        "-tlsKeyFile=a.key,,c.key", "-tlsMinVersion=TLS13,,tls11", "-mtls=false,false,true",
        "-mtlsCAFile=,,ca.crt",     "-tlsCipherSuites=0xc030",
    };
    struct line l;
    struct tlsconf conf;
    assert_true(line_parse(&l, ARGS, ARRAY_LEN(ARGS)));
    const struct server_flags *f = &l.opt.server;
    assert_true(server_flags_check(f, &l.err));
    assert_int_equal(server_flags_address_count(f), 3);
    assert_true(server_flags_has_tls(f, 0));
    assert_false(server_flags_has_tls(f, 1));
    assert_true(server_flags_tls(f, 0, &l.mem, &conf, &l.err));
    assert_int_equal(conf.min_version, HTTPCONF_TLS13);
    assert_int_equal(conf.client_auth, TLS_NO_CLIENT_CERT);
    assert_true(server_flags_tls(f, 2, &l.mem, &conf, &l.err));
    check_str(conf.cert.file, S("c.crt"));
    check_str(conf.ca.file, S("ca.crt"));
    assert_int_equal(conf.client_auth, TLS_REQUIRE_AND_VERIFY);
    assert_int_equal(conf.cipher_suites.count, 1);
    arena_done(&l.mem);
}

static void bad_tls_settings_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *args[4];
        const char *error;
    } CASES[] = {
        {{"-tls", "-tlsKeyFile=k"},
         "cannot load TLS cert from -tlsCertFile=\"\", -tlsKeyFile=\"k\", -tlsMinVersion=\"\", "
         "-tlsCipherSuites=[]: open : no such file or directory"},
        {{"-tls", "-tlsCertFile=c", "-tlsKeyFile=k", "-tlsMinVersion=SSL3"},
         "cannot load TLS cert from -tlsCertFile=\"c\", -tlsKeyFile=\"k\", "
         "-tlsMinVersion=\"SSL3\", -tlsCipherSuites=[]: unsupported TLS version \"SSL3\""},
        {{"-tls", "-tlsCertFile=c", "-tlsKeyFile=k", "-tlsCipherSuites=a,b"},
         "cannot load TLS cert from -tlsCertFile=\"c\", -tlsKeyFile=\"k\", -tlsMinVersion=\"\", "
         "-tlsCipherSuites=[\"a\" \"b\"]: unsupported TLS cipher suite name: a"},
        {{"-mtls"}, "-mtls needs -tls for -httpListenAddr=:8880"},
        {{"-tlsAutocertHosts=a.example"},
         "-tlsAutocertHosts, -tlsAutocertEmail and -tlsAutocertCacheDir are not supported; get "
         "certificates in another way and name them by -tlsCertFile and -tlsKeyFile"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct line l;
        struct tlsconf conf;
        int count = 0;
        while (count < 4 && CASES[i].args[count])
            count++;
        assert_true(line_parse(&l, CASES[i].args, count));
        const struct server_flags *f = &l.opt.server;
        if (server_flags_check(f, &l.err)) {
            assert_false(server_flags_tls(f, 0, &l.mem, &conf, &l.err));
            server_flags_wrap_tls(f, 0, &l.err);
        }
        check_err(&l.err, CASES[i].error);
        arena_done(&l.mem);
    }
}

int test_options(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_are_sorted_and_unique),
        cmocka_unit_test(secrets_are_told_by_name),
        cmocka_unit_test(what_tunes_nothing_is_accepted),
        cmocka_unit_test(each_address_has_its_own_tls),
        cmocka_unit_test(bad_tls_settings_are_refused),
    };
    return run_group("options", tests);
}
