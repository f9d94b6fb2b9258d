// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/config.h"
#include "notify/integrations/webhook.h"

#include "tests/support/check.h"
#include "tests/support/fake_env.h"

static int setup(void **state)
{
    static struct fake_env fake;
    fake_env_init(&fake);
    *state = &fake;
    return 0;
}

static int teardown(void **state)
{
    fake_env_done(*state);
    return 0;
}

static struct config *load(void **state, const char *text, const char *path, struct err *err)
{
    struct fake_env *fake = *state;
    return config_load(str_c(text), str_c(path), &(struct config_options){.env = &fake->env}, err);
}

static struct config *load_good(void **state, const char *text)
{
    struct err err = ERR_INIT;
    struct config *c = load(state, text, "/etc/am/alertmanager.yml", &err);
    check_err(&err, "");
    assert_non_null(c);
    return c;
}

#define ROUTE "route: {receiver: r}\n"
#define TAIL  ROUTE "receivers: [{name: r}]\n"

// ---- what is refused ---------------------------------------------------------------------------

static void errors_have_the_texts_that_people_search_for(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "no route provided in config"},
        {"# only a comment\n", "no route provided in config"},
        {"global: {}\n", "no routes provided"},
        {"route: {}\n", "root route must specify a default receiver"},
        {"foo: 1\nreceivers: [{name: r, bar: 2}]\n" ROUTE,
         "yaml: unmarshal errors:\n  line 1: field foo not found in type config.plain\n"
         "  line 2: field bar not found in type config.plain"},
        {"route: {receiver: r}\nroute: {receiver: r}\n",
         "yaml: unmarshal errors:\n  line 2: field route already set in type config.plain"},
        {"route: {receiver: x}\nreceivers: [{name: r}]\n",
         "undefined receiver \"x\" used in route"},
        {"route: {receiver: r, routes: [{receiver: y, routes: [{receiver: x}]}]}\n"
         "receivers: [{name: r}]\n",
         "undefined receiver \"x\" used in route"},
        {"route: {receiver: r, match: {a: b}}\nreceivers: [{name: r}]\n",
         "root route must not have any matchers"},
        {"route: {receiver: r, continue: true}\nreceivers: [{name: r}]\n",
         "cannot have continue in root route"},
        {"route: {receiver: r, routes: [null]}\nreceivers: [{name: r}]\n",
         "missing route in routes list"},
        {"route: {receiver: r, group_by: [a, '...']}\nreceivers: [{name: r}]\n",
         "cannot have wildcard group_by (`...`) and other labels at the same time"},
        {"route: {receiver: r, group_by: [a, a]}\nreceivers: [{name: r}]\n",
         "duplicated label \"a\" in group_by"},
        {"route: {receiver: r, group_interval: 0s}\nreceivers: [{name: r}]\n",
         "group_interval cannot be zero"},
        {"route: {receiver: r, group_wait: 1m1h}\nreceivers: [{name: r}]\n",
         "not a valid duration string: \"1m1h\""},
        {"route: {receiver: r, routes: [{match_re: {a: '('}}]}\nreceivers: [{name: r}]\n",
         "error parsing regexp: missing closing ): `^(?:()$`"},
        {"route: {receiver: r, routes: [{match_re: {a: }}]}\nreceivers: [{name: r}]\n",
         "invalid regexp value for \"a\""},
        {"route: {receiver: r, routes: [{match: {a-b: x}}]}\nreceivers: [{name: r}]\n",
         "invalid label name \"a-b\""},
        {"route: {receiver: r, routes: [{matchers: a=b}]}\nreceivers: [{name: r}]\n",
         "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `a=b` into []string"},
        {"route: {receiver: r, routes: [{mute_time_intervals: [x]}]}\nreceivers: [{name: r}]\n",
         "undefined time interval \"x\" used in route"},
        {ROUTE "receivers: [{name: r}, {name: r}]\n",
         "notification config name \"r\" is not unique"},
        {ROUTE "receivers: [null]\n", "missing name in receiver"},
        {ROUTE "receivers: [{name: r, labels: {name: x}}]\n",
         "receiver label \"name\" must match receiver name \"r\", got \"x\""},
        {ROUTE "receivers: [{name: r, webhook_configs: [null]}]\n", "missing webhook config"},
        {ROUTE "receivers: [{name: r, webhook_configs: [{}]}]\n",
         "one of url or url_file must be configured"},
        {ROUTE "receivers: [{name: r, webhook_configs: [{url: 'http://x', url_file: y}]}]\n",
         "at most one of url & url_file must be configured"},
        {ROUTE "receivers: [{name: r, webhook_configs: [{url: 'ftp://x'}]}]\n",
         "invalid URL: unsupported scheme \"ftp\" for URL"},
        {ROUTE "receivers:\n- name: r\n  slack_configs:\n  - channel: x\n",
         "no Slack API URL nor App token set either inline or in a file"},
        {ROUTE "receivers:\n- name: r\n  smoke_configs: []\n",
         "yaml: unmarshal errors:\n  line 4: field smoke_configs not found in type config.plain"},
        {"time_intervals: [{name: x}]\nmute_time_intervals: [{name: x}]\n" TAIL,
         "time interval \"x\" is not unique"},
        {"time_intervals: [{time_intervals: []}]\n" TAIL, "missing name in time interval"},
        {"inhibit_rules: [{equal: ['']}]\n" TAIL, "invalid label name \"\" in equal list"},
        {"inhibit_rules: [{x: 1, source_match_re: {a: b, c: d}}, {source_match_re: {e: }}]\n" TAIL,
         "invalid regexp value for \"e\""}, // what a bad entry left behind is not built upon
        {"global: {opsgenie_api_key: x, opsgenie_api_key_file: y}\n" TAIL,
         "at most one of opsgenie_api_key & opsgenie_api_key_file must be configured"},
        {"global: {slack_app_token: x, slack_api_url_file: y}\n" TAIL,
         "at most one of slack_app_token/slack_app_token_file & "
         "slack_api_url/slack_api_url_file must be configured"},
        {"global: {http_config: {http_headers: {content-type: {values: [x]}}}}\n" TAIL,
         "setting header \"Content-Type\" is not allowed"},
        {"global: {smtp_smarthost: 'localhost:'}\n" TAIL,
         "address \"localhost:\": port cannot be empty"},
        {"tracing: {client_type: tcp}\n" TAIL,
         "expected tracing client type to be to be http or grpc, but got tcp"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        struct config *c = load(state, cases[i].text, "am.yml", &err);
        if (c)
            fail_msg("it loads: %s", cases[i].text);
        check_err(&err, cases[i].want);
    }
}

// `what` in a flow mapping below global.http_config.
static void check_http_error(void **state, const char *what, const char *want)
{
    defer(buf_done) struct buf text = {0};
    buf_printf(&text, "global: {http_config: {%s}}\n" TAIL, what);
    buf_put_c(&text, 0);
    struct err err = ERR_INIT;
    struct config *c = load(state, text.p, "am.yml", &err);
    check_err(&err, want);
    config_unref(c);
}

static void http_settings_are_checked(void **state)
{
    static const struct {
        const char *what, *want;
    } cases[] = {
        {"bearer_token: a, bearer_token_file: b",
         "at most one of bearer_token & bearer_token_file must be configured"},
        {"bearer_token: a, basic_auth: {}",
         "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"},
        {"basic_auth: {username: a, username_file: b}",
         "at most one of basic_auth username, username_file & username_ref must be configured"},
        {"basic_auth: {password: a, password_ref: b}",
         "at most one of basic_auth password, password_file & password_ref must be configured"},
        {"authorization: {}, bearer_token: a",
         "authorization is not compatible with bearer_token & bearer_token_file"},
        {"authorization: {credentials: a, credentials_file: b}",
         "at most one of authorization credentials & credentials_file must be configured"},
        {"authorization: {type: ' BASIC '}",
         "authorization type cannot be set to \"basic\", use \"basic_auth\" instead"},
        {"authorization: {}, basic_auth: {}",
         "at most one of basic_auth, oauth2 & authorization must be configured"},
        {"oauth2: {}", "oauth2 client_id must be configured"},
        {"oauth2: {client_id: a}", "oauth2 token_url must be configured"},
        {"oauth2: {client_id: a, token_url: b, client_secret: c, client_secret_file: d}",
         "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be "
         "configured using grant-type=client_credentials"},
        {"oauth2: {client_id: a, token_url: b, signature_algorithm: x, "
         "grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'}",
         "valid signature algorithms are RS256, RS384 and RS512"},
        {"tls_config: {ca: a, ca_file: b}",
         "at most one of ca, ca_file & ca_ref must be configured"},
        {"tls_config: {cert: a}", "exactly one of key or key_file must be configured when a client "
                                  "certificate is configured"},
        {"tls_config: {key: a}", "exactly one of cert or cert_file must be configured when a "
                                 "client key is configured"},
        {"tls_config: {min_version: TLS9}", "unknown TLS version: TLS9"},
        {"no_proxy: a", "if no_proxy is configured, proxy_url must also be configured"},
        {"proxy_from_environment: true, proxy_url: 'http://p'",
         "if proxy_from_environment is configured, proxy_url must not be configured"},
        {"proxy_connect_header: {a: [b]}",
         "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be "
         "configured"},
        {"http_headers: {a: {foo: [x]}}",
         "yaml: unmarshal errors:\n  line 1: field foo not found in type config.Header"},
        {"proxy_url: 'socks5://p', proxy_connect_header: {a: [b, c]}, "
         "http_headers: {X-A: {values: [v], secrets: [s], files: [f]}}",
         ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_http_error(state, cases[i].what, cases[i].want);
}

static void outputs_are_checked(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"tracing: {insecure: true}\n" TAIL, "tracing endpoint must be set"},
        {"tracing: {endpoint: a, compression: zip}\n" TAIL,
         "invalid compression type zip provided, valid options: gzip"},
        {"event_recorder: {file_outputs: [{}]}\n" TAIL,
         "event_recorder file output requires a path"},
        {"event_recorder: {stdout_outputs: [{x: 1}]}\n" TAIL,
         "yaml: unmarshal errors:\n  line 1: field x not found in type "
         "eventrecorder.StdoutOutputConfig"},
        {"event_recorder: {webhook_outputs: [{url: <secret>}]}\n" TAIL,
         "event_recorder webhook output requires an absolute http(s) url"},
        {"event_recorder: {webhook_outputs: [{url: 'http://a', batch_max_events: 1}]}\n" TAIL,
         "event_recorder webhook batch settings require batch: true"},
        {"event_recorder: {kafka_outputs: [{topic: t}]}\n" TAIL,
         "event_recorder kafka: at least one broker is required"},
        {"event_recorder: {kafka_outputs: [{brokers: [a], topic: t, acks: some}]}\n" TAIL,
         "event_recorder kafka: unknown acks \"some\", must be \"none\", \"leader\", or \"all\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        assert_null(load(state, cases[i].text, "am.yml", &err));
        check_err(&err, cases[i].want);
    }
    struct config *c =
        load_good(state, "tracing: {endpoint: 'a:1', timeout: 1m}\n"
                         "event_recorder: {file_outputs: [{path: e.log}], stdout_outputs: [{}], "
                         "webhook_outputs: [{url: 'http://a', workers: -1}]}\n" TAIL);
    check_str(c->tracing->client_type, S("grpc"));
    check_str(YAML_LIST_AT(&c->recorder->files, struct event_file_conf, 0)->path,
              S("/etc/am/e.log"));
    const struct event_webhook_conf *w =
        YAML_LIST_AT(&c->recorder->webhooks, struct event_webhook_conf, 0);
    assert_int_equal(w->workers, 4);
    assert_int_equal(w->timeout, DUR_SECONDS(10));
    config_unref(c);
}

static void the_matcher_mode_decides_about_names(void **state)
{
    struct fake_env *fake = *state;
    static const struct {
        const char *route, *classic;
    } cases[] = {
        {"group_by: [a-b]", "invalid label name \"a-b\" in group_by list"},
        {"labels: {a-b: x}", "invalid label name \"a-b\" in route labels"},
        {"routes: [{matchers: ['a-b=\"x\"']}]", "bad matcher format: a-b=\"x\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int is_classic = 0; is_classic < 2; is_classic++) {
            defer(buf_done) struct buf text = {0};
            buf_printf(&text, "route: {receiver: r, %s}\nreceivers: [{name: r}]\n", cases[i].route);
            struct config_options opt = {
                .env = &fake->env, .matchers = is_classic ? MATCHER_CLASSIC : MATCHER_FALLBACK};
            struct err err = ERR_INIT;
            struct config *c = config_load(buf_str(&text), S("am.yml"), &opt, &err);
            check_err(&err, is_classic ? cases[i].classic : "");
            config_unref(c);
        }
    }
}

static void too_large_a_file_is_refused(void **state)
{
    struct fake_env *fake = *state;
    defer(buf_done) struct buf text = {0};
    buf_put(&text, S(TAIL "#"));
    buf_put_fill(&text, 'x', CONFIG_BYTES_MAX);
    struct err err = ERR_INIT;
    assert_null(config_load(buf_str(&text), S("am.yml"),
                            &(struct config_options){.env = &fake->env}, &err));
    assert_int_equal(err.code, ERR_LIMIT);
}

static void addresses_are_split_as_go_does(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"localhost:25", "localhost|25"},
        {"[::1]:25", "::1|25"},
        {":25", "|25"},
        {"", "|"},
        {"localhost", "address localhost: missing port in address"},
        {"::1:25", "address ::1:25: too many colons in address"},
        {"[::1]", "address [::1]: missing port in address"},
        {"[::1", "address [::1: missing ']' in address"},
        {"a]:1", "address a]:1: unexpected ']' in address"},
        {"a:", "address \"a:\": port cannot be empty"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct host_port hp;
        struct err err = ERR_INIT;
        defer(buf_done) struct buf got = {0};
        if (host_port_parse(str_c(cases[i].text), &hp, &err))
            buf_printf(&got, "%.*s|%.*s", STR(hp.host), STR(hp.port));
        else
            buf_put(&got, err_str(&err));
        check_str(buf_str(&got), str_c(cases[i].want));
    }
}

// ---- what it means -----------------------------------------------------------------------------

static void a_webhook_becomes_an_integration(void **state)
{
    struct config *c = load_good(state, ROUTE "receivers:\n"
                                              "- name: r\n"
                                              "  webhook_configs:\n"
                                              "  - url: http://a.example/{{ .Receiver }}\n"
                                              "    send_resolved: no\n"
                                              "    max_alerts: 3\n"
                                              "    timeout: 1m30s\n"
                                              "    payload: {text: '{{ .Status }}'}\n"
                                              "  - url_file: url.txt\n");
    const struct config_receiver *r = config_find_receiver(c, S("r"));
    assert_int_equal(r->integration_count, 2);
    const struct integration *first = r->integrations[0], *second = r->integrations[1];
    const struct webhook_conf *conf = first->conf;
    check_str(first->ops->name, S("webhook"));
    check_str(first->receiver, S("r"));
    assert_ptr_equal(first->context, &c->context);
    assert_false(first->send_resolved);
    assert_int_equal(conf->max_alerts, 3);
    assert_int_equal(conf->timeout, DUR_SECONDS(90));
    check_str(yaml_get(conf->payload, S("text"))->text, S("{{ .Status }}"));
    assert_int_equal(second->idx, 1);
    assert_true(second->send_resolved);
    check_str(((const struct webhook_conf *)second->conf)->url_file, S("url.txt"));
    assert_int_equal(c->routed_integrations, 2);
    config_unref(c);
}

static void old_expressions_are_anchored_in_their_text(void **state)
{
    struct config *c = load_good(state, "route:\n"
                                        "  receiver: r\n"
                                        "  routes:\n"
                                        "  - match_re: {service: foo|bar}\n"
                                        "    match: {a: b}\n"
                                        "    matchers: ['z=~\"x\"', 'a!=\"\"']\n"
                                        "receivers: [{name: r}]\n");
    check_str(c->route->children[0]->key,
              S("{}/{a!=\"\",a=\"b\",service=~\"^(?:foo|bar)$\",z=~\"x\"}"));
    config_unref(c);
}

static void paths_begin_at_the_files_folder(void **state)
{
    struct config *c =
        load_good(state, "global: {http_config: {basic_auth: {username: u, password_file: pw}}}\n"
                         "templates: [t/*.tmpl, /abs.tmpl]\n" ROUTE "receivers:\n"
                         "- name: r\n"
                         "  webhook_configs:\n"
                         "  - url: http://a\n"
                         "  - url: http://b\n"
                         "    http_config: {tls_config: {ca_file: ca.pem}}\n");
    check_str(c->templates.items[0], S("/etc/am/t/*.tmpl"));
    check_str(c->templates.items[1], S("/abs.tmpl"));
    check_str(c->global->http->basic_auth->password_file, S("/etc/am/pw"));
    const struct integration_conf *first = c->receivers[0].integrations[0]->conf;
    const struct integration_conf *second = c->receivers[0].integrations[1]->conf;
    assert_ptr_equal(first->written_http, c->global->http);
    check_str(second->written_http->tls.ca_file, S("/etc/am/ca.pem"));
    config_unref(c);
}

static void a_file_is_read_and_its_text_handed_out(void **state)
{
    struct fake_env *fake = *state;
    fake_file_set(fake, "/etc/am.yml", S(TAIL));
    defer(buf_done) struct buf text = {0};
    struct config_options opt = {.env = &fake->env};
    struct config *c = config_load_file(S("/etc/am.yml"), &opt, &text, NULL);
    assert_non_null(c);
    check_str(buf_str(&text), S(TAIL));
    config_unref(c);
    struct err err = ERR_INIT;
    assert_null(config_load_file(S("/etc/none.yml"), &opt, &text, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

// ---- printing back -----------------------------------------------------------------------------

static void the_printed_text_has_defaults_and_no_secrets(void **state)
{
    struct config *c = load_good(
        state, "global: {resolve_timeout: 10m, slack_api_url: 'https://hooks.example/hush'}\n"
               "route:\n"
               "  receiver: team-X\n"
               "  group_by: [alertname, cluster]\n"
               "  group_wait: 1s\n"
               "  routes:\n"
               "  - receiver: team-Y\n"
               "    matchers: ['service=~\"foo1|foo2\"', 'env!=\"dev\"']\n"
               "    continue: true\n"
               "  - match_re: {service: ^(files|other)$}\n"
               "    group_by: ['...']\n"
               "    mute_time_intervals: [offhours]\n"
               "receivers:\n"
               "- name: team-X\n"
               "- name: team-Y\n"
               "  webhook_configs:\n"
               "  - url: http://user:hush@a.example/hush\n"
               "    http_config: {authorization: {credentials: hush}, proxy_url: "
               "'http://u:hush@proxy:1'}\n"
               "time_intervals: [{name: offhours, time_intervals: [{months: [1]}]}]\n"
               "inhibit_rules: [{source_matchers: [a=b], target_match: {c: d}, equal: [e]}]\n");
    assert_int_equal(str_find_str(c->original, S("hush")), STR_NONE);
    size_t route = str_find_str(c->original, S("route:\n"));
    check_str(str_skip(c->original, route), S("route:\n"
                                              "  receiver: team-X\n"
                                              "  group_by:\n"
                                              "  - alertname\n"
                                              "  - cluster\n"
                                              "  continue: false\n"
                                              "  routes:\n"
                                              "  - receiver: team-Y\n"
                                              "    matchers:\n"
                                              "    - env!=\"dev\"\n"
                                              "    - service=~\"foo1|foo2\"\n"
                                              "    continue: true\n"
                                              "  - group_by:\n"
                                              "    - '...'\n"
                                              "    match_re:\n"
                                              "      service: ^(files|other)$\n"
                                              "    mute_time_intervals:\n"
                                              "    - offhours\n"
                                              "    continue: false\n"
                                              "  group_wait: 1s\n"
                                              "inhibit_rules:\n"
                                              "- source_matchers:\n"
                                              "  - a=\"b\"\n"
                                              "  target_match:\n"
                                              "    c: d\n"
                                              "  equal:\n"
                                              "  - e\n"
                                              "receivers:\n"
                                              "- name: team-X\n"
                                              "  labels:\n"
                                              "    name: team-X\n"
                                              "- name: team-Y\n"
                                              "  labels:\n"
                                              "    name: team-Y\n"
                                              "  webhook_configs:\n"
                                              "  - send_resolved: true\n"
                                              "    http_config:\n"
                                              "      authorization:\n"
                                              "        type: Bearer\n"
                                              "        credentials: <secret>\n"
                                              "      follow_redirects: true\n"
                                              "      enable_http2: true\n"
                                              "      proxy_url: http://u:xxxxx@proxy:1\n"
                                              "    url: <secret>\n"
                                              "    url_file: \"\"\n"
                                              "    max_alerts: 0\n"
                                              "    timeout: 0s\n"
                                              "templates: []\n"
                                              "time_intervals:\n"
                                              "- name: offhours\n"
                                              "  time_intervals:\n"
                                              "  - months: [\"1\"]\n"));
    check_str(str_slice(c->original, 0, 31), S("global:\n  resolve_timeout: 10m\n"));

    struct err err = ERR_INIT;
    struct fake_env *fake = *state;
    struct config *again =
        config_load(c->original, S("am.yml"), &(struct config_options){.env = &fake->env}, &err);
    check_err(&err, "");
    check_str(again->original, c->original);
    config_unref(again);
    config_unref(c);
}

int test_config(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(errors_have_the_texts_that_people_search_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(http_settings_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(outputs_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(the_matcher_mode_decides_about_names, setup, teardown),
        cmocka_unit_test_setup_teardown(too_large_a_file_is_refused, setup, teardown),
        cmocka_unit_test(addresses_are_split_as_go_does),
        cmocka_unit_test_setup_teardown(a_webhook_becomes_an_integration, setup, teardown),
        cmocka_unit_test_setup_teardown(old_expressions_are_anchored_in_their_text, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(paths_begin_at_the_files_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_is_read_and_its_text_handed_out, setup, teardown),
        cmocka_unit_test_setup_teardown(the_printed_text_has_defaults_and_no_secrets, setup,
                                        teardown),
    };
    return run_group("config", tests);
}
