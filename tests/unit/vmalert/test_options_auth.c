// SPDX-License-Identifier: Apache-2.0
#include "vmalert/options_auth.h"

#include "tests/support/check.h"
#include "tests/support/fake_env.h"
#include "vmalert/options.h"

struct parsed {
    struct fake_env fake;
    struct arena mem;
    struct vmalert_options opt;
    struct flags flags;
};

static void parse(struct parsed *p, const char *const *args, int count)
{
    char *argv[32] = {(char *)(uintptr_t) "vmalert"};
    struct err err = ERR_INIT;
    *p = (struct parsed){0};
    fake_env_init(&p->fake);
    for (int i = 0; i < count; i++)
        argv[i + 1] = (char *)(uintptr_t)args[i];
    p->flags = vmalert_flags(&p->opt, &p->mem);
    flags_parse(&p->flags, count + 1, argv, &p->mem, NULL, &err);
    check_err(&err, "");
}

#define PARSE(p, ...)                                                                              \
    parse((p), (const char *const[]){__VA_ARGS__},                                                 \
          (int)ARRAY_LEN(((const char *const[]){__VA_ARGS__})))

static void done(struct parsed *p)
{
    arena_done(&p->mem);
    fake_env_done(&p->fake);
}

static const struct httpconf *build(struct parsed *p, const char *want_error)
{
    const struct httpconf *conf = NULL;
    struct err err = ERR_INIT;
    client_flags_build(&p->fake.env, &p->opt.datasource_auth, "datasource", &p->mem, &conf, &err);
    check_err(&err, want_error);
    return conf;
}

static void every_client_has_its_flags(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "-datasource.basicAuth.username=u", "-remoteRead.bearerToken=t",
          "-remoteWrite.oauth2.clientID=id", "-datasource.tlsInsecureSkipVerify",
          "-notifier.bearerToken=a,b", "-notifier.tlsServerName=one",
          "-notifier.tlsInsecureSkipVerify=false,true");
    check_str(p.opt.datasource_auth.username, S("u"));
    check_str(p.opt.remote_read_auth.bearer_token, S("t"));
    check_str(p.opt.remote_write_auth.oauth2_client_id, S("id"));
    assert_true(p.opt.datasource_auth.tls_insecure_skip_verify);
    struct client_flags second = client_flags_at(&p.opt.notifier_auth, 1);
    check_str(second.bearer_token, S("b"));
    check_str(second.tls_server_name, S("one")); // one value is everybody's
    assert_true(second.tls_insecure_skip_verify);
    assert_false(client_flags_at(&p.opt.notifier_auth, 0).tls_insecure_skip_verify);
    check_str(client_flags_at(&p.opt.notifier_auth, 2).bearer_token, S("")); // two are not
    done(&p);
}

static void secrets_are_not_shown(void **state)
{
    (void)state;
    struct parsed p;
    size_t hidden = 0;
    PARSE(&p, "-datasource.basicAuth.password=topsecret", "-notifier.bearerToken=topsecret",
          "-remoteWrite.oauth2.clientSecret=topsecret", "-datasource.basicAuth.username=u");
    for (size_t i = 0; i < p.flags.count; i++) {
        struct buf text = {0};
        flag_value_text(&p.flags.items[i], &text);
        assert_int_equal(str_find_str(buf_str(&text), S("topsecret")), STR_NONE);
        hidden += str_eq(buf_str(&text), S("<secret>"));
        buf_done(&text);
    }
    assert_true(hidden >= 3);
    done(&p);
}

static void nothing_given_still_goes_by_the_environments_proxy(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "-datasource.oauth2.clientID=alone");
    const struct httpconf *conf = build(&p, "");
    assert_int_equal(conf->dialect, HTTPCONF_VM);
    assert_int_equal(conf->auth, HTTPCONF_NO_AUTH); // a lone client ID means nothing
    assert_true(conf->proxy.from_environment);
    done(&p);
}

static void each_scheme_is_understood(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "-datasource.basicAuth.username=u", "-datasource.basicAuth.passwordFile=/pw");
    const struct httpconf *conf = build(&p, "");
    assert_int_equal(conf->auth, HTTPCONF_BASIC);
    check_str(conf->username.text, S("u"));
    check_str(conf->password.file, S("/pw"));
    done(&p);
    PARSE(&p, "-datasource.bearerTokenFile=/token");
    conf = build(&p, "");
    assert_int_equal(conf->auth, HTTPCONF_AUTHORIZATION);
    check_str(conf->type, S("Bearer"));
    check_str(conf->credentials.file, S("/token"));
    done(&p);
    PARSE(&p, "-datasource.oauth2.clientID=id", "-datasource.oauth2.clientSecret=s",
          "-datasource.oauth2.tokenUrl=http://t/", "-datasource.oauth2.scopes=a;b",
          "-datasource.oauth2.endpointParams={\"y\":\"2\",\"x\":\"1\"}");
    conf = build(&p, "");
    assert_int_equal(conf->auth, HTTPCONF_OAUTH2);
    assert_int_equal(conf->oauth2->scope_count, 2);
    check_str(conf->oauth2->scopes[1], S("b"));
    assert_int_equal(conf->oauth2->param_count, 2);
    check_str(conf->oauth2->params[0].name, S("x"));
    check_str(conf->oauth2->params[1].value, S("2"));
    done(&p);
    PARSE(&p, "-datasource.oauth2.clientID=id", "-datasource.oauth2.clientSecretFile=/s",
          "-datasource.oauth2.tokenUrl=http://t/");
    conf = build(&p, "");
    assert_int_equal(conf->oauth2->scope_count, 1); // the empty flag is one empty scope
    check_str(conf->oauth2->scopes[0], S(""));
    done(&p);
}

static void conflicts_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *args[4];
        const char *want;
    } cases[] = {
        {{"-datasource.basicAuth.username=u", "-datasource.basicAuth.usernameFile=f"},
         "failed to configure auth: both `username` and `username_file` are set in `basic_auth` "
         "section; please specify only one; see "
         "https://docs.victoriametrics.com/victoriametrics/sd_configs/#http-api-client-options"},
        {{"-datasource.basicAuth.username=u", "-datasource.bearerToken=t"},
         "failed to configure auth: cannot simultaneously use `authorization`, `basic_auth` and "
         "`bearer_token`"},
        {{"-datasource.basicAuth.username=u", "-datasource.bearerTokenFile=t"},
         "failed to configure auth: cannot simultaneously use `authorization`, `basic_auth` and "
         "`bearer_token_file`"},
        {{"-datasource.bearerToken=topsecret", "-datasource.bearerTokenFile=f"},
         "failed to configure auth: both `bearer_token`=\"<secret>\" and "
         "`bearer_token_file`=\"f\" are set"},
        {{"-datasource.bearerToken=t", "-datasource.oauth2.clientSecret=s"},
         "failed to configure auth: cannot simultaneously use `authorization`, `basic_auth, "
         "`bearer_token` and `oauth2`"},
        {{"-datasource.oauth2.clientSecret=s"},
         "failed to configure auth: cannot initialize oauth2: client_id cannot be empty"},
        {{"-datasource.oauth2.clientSecret=s", "-datasource.oauth2.clientID=i"},
         "failed to configure auth: cannot initialize oauth2: token_url cannot be empty"},
        {{"-datasource.oauth2.clientSecret=s", "-datasource.oauth2.clientSecretFile=f",
          "-datasource.oauth2.clientID=i"},
         "failed to configure auth: cannot initialize oauth2: ClientSecret and ClientSecretFile "
         "cannot be set simultaneously"},
        {{"-datasource.oauth2.endpointParams={\"a\":1}"},
         "failed to configure auth: cannot parse JSON for "
         "-datasource.oauth2.endpointParams={\"a\":1}: json: the value of \"a\" is not a string"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct parsed p;
        int count = 0;
        while (count < 4 && cases[i].args[count])
            count++;
        parse(&p, cases[i].args, count);
        build(&p, cases[i].want);
        done(&p);
    }
}

static void headers_are_cut_and_set(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct err err = ERR_INIT;
    struct http_header *headers;
    size_t count;
    assert_true(client_headers_parse_flag(S("x-a: 1^^Y:2:3"), &mem, &headers, &count, &err));
    assert_int_equal(count, 2);
    check_str(headers[0].name, S("X-A"));
    check_str(headers[0].value, S("1"));
    check_str(headers[1].value, S("2:3"));
    headers_set(headers, &count, S("x-A"), S("9"));
    assert_int_equal(count, 2);
    check_str(headers[0].value, S("9"));
    headers_drop(headers, &count, S("X-A"));
    assert_int_equal(count, 1);
    check_str(headers[0].name, S("Y"));
    assert_false(client_headers_parse_flag(S("a:b^^foo"), &mem, &headers, &count, &err));
    check_err(&err, "cannot parse headers: missing ':' in header \"foo\"; expecting \"key: value\" "
                    "format");
    assert_true(client_headers_parse_flag(S(""), &mem, &headers, &count, &err));
    assert_int_equal(count, 0);
    arena_done(&mem);
}

int test_options_auth(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_client_has_its_flags),
        cmocka_unit_test(secrets_are_not_shown),
        cmocka_unit_test(nothing_given_still_goes_by_the_environments_proxy),
        cmocka_unit_test(each_scheme_is_understood),
        cmocka_unit_test(conflicts_are_told),
        cmocka_unit_test(headers_are_cut_and_set),
    };
    return run_group("vmalert/options_auth", tests);
}
