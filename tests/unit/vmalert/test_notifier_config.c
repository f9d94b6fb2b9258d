// SPDX-License-Identifier: Apache-2.0
#include "vmalert/notifier_config.h"

#include "tests/support/check.h"
#include "tests/support/fake_env.h"

struct world {
    struct fake_env fake;
    struct notifier_config *config;
    struct err err;
};

static const char *find_env(void *owner, const char *name)
{
    (void)owner;
    return strcmp(name, "CONSUL_NAMESPACE") == 0    ? "the space"
           : strcmp(name, "CONSUL_HTTP_TOKEN") == 0 ? "from-environment"
                                                    : NULL;
}

static void load(struct world *w, const char *text)
{
    const char *path = "/etc/vmalert/notifiers.yml";
    *w = (struct world){.err = ERR_INIT};
    fake_env_init(&w->fake);
    fake_file_set(&w->fake, path, str_c(text));
    fake_file_set(&w->fake, "/etc/vmalert/ca.pem", S("authority"));
    const struct sd_environment from = {&w->fake.env, find_env, NULL};
    w->config = notifier_config_load(&from, str_c(path), &w->err);
}

static void world_done(struct world *w)
{
    notifier_config_unref(w->config);
    fake_env_done(&w->fake);
}

static void check_refused(const char *text, const char *want)
{
    struct world w;
    load(&w, text);
    assert_null(w.config);
    check_err(&w.err, want);
    world_done(&w);
}

static void defaults_are_filled_in(void **state)
{
    (void)state;
    struct world w;
    load(&w, "static_configs: []");
    check_err(&w.err, "");
    check_str(w.config->scheme, S("http"));
    assert_int_equal(w.config->timeout, DUR_SECONDS(10));
    assert_null(w.config->alert_relabel);
    world_done(&w);
}

static void sections_inherit_the_client(void **state)
{
    (void)state;
    struct world w;
    load(&w, "basic_auth: {username: u, password: p}\n"
             "headers: ['X-A: 1', 'authorization: x']\n"
             "static_configs:\n"
             "- targets: [a]\n"
             "- targets: [b]\n"
             "  basic_auth: {}\n"
             "  authorization: {credentials: c}\n"
             "  headers: []\n");
    check_err(&w.err, "");
    const struct notifier_client *own = &w.config->client, *items = w.config->static_clients;
    assert_int_equal(own->conf.auth, HTTPCONF_BASIC);
    assert_int_equal(own->header_count, 1); // the scheme wins
    assert_int_equal(items[0].conf.auth, HTTPCONF_BASIC);
    check_str(items[0].conf.username.text, S("u"));
    assert_int_equal(items[1].conf.auth, HTTPCONF_AUTHORIZATION);
    check_str(items[1].conf.credentials.text, S("c"));
    assert_int_equal(items[1].header_count, 0);
    world_done(&w);
}

static void consul_is_prepared(void **state)
{
    (void)state;
    struct world w;
    load(&w, "consul_sd_configs:\n"
             "- server: c:1/\n"
             "  tls_config: {ca_file: ca.pem}\n"
             "  partition: p\n"
             "  tags: [a b]\n"
             "  node_meta: {k: v}\n"
             "  filter: x == y\n"
             "  follow_redirects: false\n"
             "  proxy_url: http://proxy\n"
             "  proxy_basic_auth: {username: u, password: p}\n"
             "- {allow_stale: false, token: ''}\n");
    check_err(&w.err, "");
    const struct consul_sd_conf *c = YAML_LIST_AT(&w.config->consul_sd, struct consul_sd_conf, 0);
    check_str(c[0].url, S("https://c:1"));
    check_str(c[0].conf.tls.ca.text, S("authority"));
    check_str(c[0].conf.credentials.text, S("from-environment"));
    check_str(c[0].names_args,
              S("&stale&ns=the+space&partition=p&node-meta=k%3Av&filter=x+%3D%3D+y"));
    check_str(c[0].nodes_args, S("&stale&ns=the+space&partition=p&node-meta=k%3Av&tag=a+b"));
    assert_true(c[0].conf.no_redirects);
    check_str(c[0].conf.proxy.connect_headers[0].value.text, S("Basic dTpw"));
    check_str(c[1].url, S("http://localhost:8500"));
    check_str(c[1].nodes_args, S("&ns=the+space"));
    assert_int_equal(c[1].conf.auth, HTTPCONF_NO_AUTH);
    world_done(&w);
}

#define INIT "failed to init config watcher: "
#define CONSUL                                                                                     \
    INIT "failed to start consulSD discovery: failed to init notifier for "                        \
         "\"consulSD\": failed to get labels: got labels err: cannot get API config: "
#define DNS                                                                                        \
    INIT "failed to start DNSSD discovery: failed to init notifier for \"DNSSD\": "                \
         "failed to get labels: got labels err: "

static void files_are_checked(void **state)
{
    (void)state;
    check_refused("", INIT "empty config");
    check_refused("b: 1\nscheme: https\na: 2\n", "unknown fields in b, a");
    check_refused("timeout: soon", "cannot parse duration \"soon\"");
    check_refused("relabel_configs: [{action: x}]",
                  "failed to parse relabeling config: error when parsing `relabel_config` #1: "
                  "unknown `action` \"x\"");
    check_refused("static_configs: [{alert_relabel_configs: [{action: keep}]}]",
                  "failed to parse alert_relabel_configs in static_config: error when parsing "
                  "`relabel_config` #1: missing `source_labels` for `action=keep`");
    check_refused("headers: [x]\nstatic_configs: []",
                  INIT "failed to configure auth: cannot parse headers: missing ':' in header "
                       "\"x\"; expecting \"key: value\" format");
    check_refused("tls_config: {ca_file: /none}",
                  INIT "failed to configure TLS: cannot load root CAs: cannot read `ca_file`: open "
                       "/none: no such file or directory");
}

static void discovery_is_checked(void **state)
{
    (void)state;
    check_refused("dns_sd_configs: [{names: []}]",
                  DNS "`names` cannot be empty in `dns_sd_config`");
    check_refused("dns_sd_configs: [{names: [a], type: x}]", DNS
                  "unexpected `type` in `dns_sd_config`: \"x\"; supported values: SRV, A, AAAA");
    check_refused("dns_sd_configs: [{names: [a], type: aaaa}]",
                  DNS "missing `port` in `dns_sd_config` for `type: AAAA`");
    check_refused("consul_sd_configs: [{token: a, bearer_token: b}]",
                  CONSUL "cannot set both token and bearer_token configs");
    check_refused("consul_sd_configs: [{username: a, basic_auth: {username: b}}]",
                  CONSUL "cannot set both username and basic_auth configs");
    check_refused("consul_sd_configs: [{server: 'unix:///x'}]",
                  CONSUL "cannot create HTTP client for \"unix:///x\": Unix sockets are not "
                         "supported");
    check_refused("consul_sd_configs: [{proxy_url: 'http://p', proxy_bearer_token_file: x}]",
                  CONSUL "cannot parse proxy auth config: `proxy_bearer_token_file` is not "
                         "supported");
}

// ---- targets -----------------------------------------------------------------------------------

static void check_target(const struct notifier_target_rules *rules, const char *target,
                         const char *want_url, const char *want_labels)
{
    struct arena mem = {0};
    struct notifier_target t;
    struct err err = ERR_INIT;
    struct buf labels = {0};
    assert_true(notifier_target_make(rules, str_c(target), NULL, &mem, &t, &err));
    check_str(t.url, str_c(want_url));
    buf_put_label_list(&labels, &t.labels);
    check_str(buf_str(&labels), str_c(want_labels));
    buf_done(&labels);
    arena_done(&mem);
}

static void targets_become_urls(void **state)
{
    (void)state;
    const struct notifier_target_rules rules = {.scheme = S("http"), .path_prefix = S("/a//../b/")};
    check_target(&rules, "h:1", "http://h:1/b/api/v2/alerts",
                 "{__address__=\"h:1\",__alerts_path__=\"/b/api/v2/alerts\",__scheme__=\"http\"}");
    check_target(&rules, "https://h/x", "https://h:443/x",
                 "{__address__=\"h\",__alerts_path__=\"/x\",__scheme__=\"https\"}");
    check_target(&rules, "[::1]:9093", "http://[::1]:9093/b/api/v2/alerts",
                 "{__address__=\"[::1]:9093\",__alerts_path__=\"/b/api/v2/alerts\","
                 "__scheme__=\"http\"}");
    check_target(&rules, "", "", "{__alerts_path__=\"/b/api/v2/alerts\",__scheme__=\"http\"}");
}

static void a_target_must_give_a_url(void **state)
{
    (void)state;
    const struct notifier_target_rules rules = {.scheme = S("http")};
    struct arena mem = {0};
    struct notifier_target t;
    struct err err = ERR_INIT;
    assert_false(notifier_target_make(&rules, S("invalid:*//url"), NULL, &mem, &t, &err));
    check_err(&err, "invalid url \"http://invalid:*//url\" for scheme=\"http\" (\"http\"), "
                    "target=\"invalid:*//url\", metrics_path=\"invalid:*\" (\"//url\"): parse "
                    "\"http://invalid:*//url\": invalid port \":*\" after host");
    arena_done(&mem);
}

static void targets_are_relabeled(void **state)
{
    (void)state;
    struct world w;
    load(&w, "relabel_configs:\n"
             "- {action: drop, source_labels: [__address__], regex: 'bad.*'}\n"
             "- {target_label: __meta_x, replacement: y}\n"
             "- {target_label: zone, replacement: a}\n"
             "- {target_label: __alerts_path__, replacement: v2}\n"
             "- {target_label: __scheme__, replacement: ''}\n");
    check_err(&w.err, "");
    struct notifier_target_rules rules = notifier_config_rules(w.config);
    check_target(&rules, "bad:1", "", "{}");
    check_target(&rules, "https://good", "http://good:80/v2",
                 "{__address__=\"good\",__alerts_path__=\"v2\",zone=\"a\"}");
    world_done(&w);
}

// ---- Consul's answers --------------------------------------------------------------------------

static void services_are_chosen(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct str_list names;
    struct err err = ERR_INIT;
    str services[] = {S("AM"), S("other"), S("gone")}, tags[] = {S("x")};
    const struct consul_sd_conf c = {.services = {services, 3}, .tags = {tags, 1}};
    str body = S("{\"am\":[\"y\",\"x\"],\"other\":[\"y\"],\"third\":[\"x\"]}");
    assert_true(consul_names_parse(body, &c, &mem, &names, &err));
    assert_int_equal(names.count, 1);
    check_str(names.items[0], S("am"));
    assert_true(consul_names_parse(body, &(struct consul_sd_conf){0}, &mem, &names, &err));
    assert_int_equal(names.count, 3);
    check_str(names.items[2], S("third"));
    assert_false(consul_names_parse(S("[]"), &c, &mem, &names, &err));
    arena_done(&mem);
}

static void nodes_have_labels(void **state)
{
    (void)state;
    struct sd_targets t = {0};
    struct err err = ERR_INIT;
    struct buf got = {0};
    str body = S("[{\"Node\":{\"Node\":\"n\",\"Address\":\"10.0.0.1\",\"Datacenter\":\"d\","
                 "\"Meta\":{\"a-b\":\"1\"},\"TaggedAddresses\":{\"lan\":\"l\"}},"
                 "\"Service\":{\"ID\":\"i\",\"Address\":\"fd00::1\",\"Port\":9093,"
                 "\"Tags\":[\"k=v\",\"t\"],\"Meta\":{\"m\":\"2\"},\"Namespace\":\"ns\"},"
                 "\"Checks\":[{\"CheckID\":\"a\",\"Status\":\"passing\"},"
                 "{\"CheckID\":\"b\",\"Status\":\"warning\"}]},"
                 "{\"Node\":{\"Address\":\"10.0.0.2\"},\"Service\":{\"Port\":1},"
                 "\"Checks\":[{\"CheckID\":\"_node_maintenance\",\"Status\":\"critical\"}]},"
                 "{\"Checks\":[{\"CheckID\":\"a\",\"Status\":\"odd\"}]}]");
    assert_true(consul_nodes_parse(body, S("svc"), S(","), &t, &err));
    assert_int_equal(t.count, 3);
    buf_put_label_list(&got, &t.items[0]);
    check_str(buf_str(&got),
              S("{__address__=\"[fd00::1]:9093\",__meta_consul_address=\"10.0.0.1\","
                "__meta_consul_dc=\"d\",__meta_consul_health=\"warning\","
                "__meta_consul_namespace=\"ns\",__meta_consul_partition=\"\","
                "__meta_consul_node=\"n\",__meta_consul_service=\"svc\","
                "__meta_consul_service_address=\"fd00::1\",__meta_consul_service_id=\"i\","
                "__meta_consul_service_port=\"9093\",__meta_consul_tags=\",k=v,t,\","
                "__meta_consul_tag_k=\"v\",__meta_consul_tagpresent_k=\"true\","
                "__meta_consul_tag_t=\"\",__meta_consul_tagpresent_t=\"true\","
                "__meta_consul_metadata_a_b=\"1\",__meta_consul_service_metadata_m=\"2\","
                "__meta_consul_tagged_address_lan=\"l\"}"));
    check_str(label_list_get(&t.items[1], S("__address__")), S("10.0.0.2:1"));
    check_str(label_list_get(&t.items[1], S("__meta_consul_health")), S("maintenance"));
    check_str(label_list_get(&t.items[2], S("__meta_consul_health")), S(""));
    assert_false(consul_nodes_parse(S("{}"), S("svc"), S(","), &t, &err));
    buf_done(&got);
    sd_targets_done(&t);
}

int test_notifier_config(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in), cmocka_unit_test(sections_inherit_the_client),
        cmocka_unit_test(consul_is_prepared),     cmocka_unit_test(files_are_checked),
        cmocka_unit_test(discovery_is_checked),   cmocka_unit_test(targets_become_urls),
        cmocka_unit_test(targets_are_relabeled),  cmocka_unit_test(a_target_must_give_a_url),
        cmocka_unit_test(services_are_chosen),    cmocka_unit_test(nodes_have_labels),
    };
    return run_group("notifier_config", tests);
}
