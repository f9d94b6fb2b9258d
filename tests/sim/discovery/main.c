// SPDX-License-Identifier: Apache-2.0
// The set of notifiers as a file, DNS and Consul want it, over hours of virtual time: what comes,
// what goes, what stays while a server is ill.
#include "base/core/alloc.h"
#include "base/text/url.h"
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"
#include "vmalert/notifier.h"
#include "vmalert/notifier_watch.h"

#define FILE_PATH "/notifiers.yml"

struct consul { // a server of it
    int64_t index;
    char index_text[24];
    const char *services; // JSON
    const char *nodes;    // of each service
    int status;           // 0: 200
    size_t asked_agent, asked_names, asked_nodes;
    struct buf last_nodes; // the newest path and query
};

struct scene {
    struct sim_world *world;
    struct sim_node *node;
    struct vmalert_options opt;
    struct notifiers *notifiers;
    struct notifier_watch *watch;
    struct err err;
    size_t ready_count, come_count, gone_count;
    struct consul consul;
};

static void put_link(void *owner, const struct group *g, const struct alerting_rule *rule,
                     const struct alert *a, struct buf *out)
{
    (void)owner;
    (void)g;
    (void)rule;
    (void)a;
    buf_put(out, S("http://link"));
}

static void on_ready(void *owner)
{
    struct scene *s = owner;
    s->ready_count++;
}

static void on_come(void *owner, struct notifier *n)
{
    struct scene *s = owner;
    (void)n;
    s->come_count++;
}

static void on_gone(void *owner, struct notifier *n)
{
    struct scene *s = owner;
    (void)n;
    s->gone_count++;
}

static void put_file(struct scene *s, const char *text)
{
    sim_disk_put(s->node, FILE_PATH, str_c(text));
}

static void scene_init(struct scene *s, const char *text)
{
    *s = (struct scene){.world = sim_world_new(&(struct sim_options){.seed = 1}), .err = ERR_INIT};
    s->node = sim_node_new(s->world, "vmalert", "10.0.0.1");
    s->opt = (struct vmalert_options){
        .notifier_config = S(FILE_PATH),
        .dns_sd_check_interval = DUR_SECONDS(30),
        .consul_sd_check_interval = DUR_SECONDS(30),
    };
    put_file(s, text);
    s->notifiers = notifiers_new(sim_node_env(s->node), put_link, NULL);
    notifiers_on_change(s->notifiers, on_come, on_gone, s);
}

static void start(struct scene *s)
{
    s->watch =
        notifier_watch_new(sim_node_env(s->node), &s->opt, s->notifiers, on_ready, s, &s->err);
    check_err(&s->err, "");
    assert_non_null(s->watch);
}

static void scene_done(struct scene *s)
{
    notifier_watch_free(s->watch);
    notifiers_free(s->notifiers);
    assert_int_equal(sim_node_open_count(s->node), 0);
    sim_run(s->world, DUR_MINUTES(1)); // Consul ends what it holds back
    buf_done(&s->consul.last_nodes);
    sim_world_free(s->world);
}

static void check_set_at(const struct scene *s, const char *want, int line)
{
    struct buf got = {0};
    for (size_t i = 0; i < notifiers_count(s->notifiers); i++)
        buf_printf(&got, "%s%.*s", i ? " " : "", STR(notifiers_at(s->notifiers, i)->shown));
    check_str_at(buf_str(&got), str_c(want), __FILE__, line);
    buf_done(&got);
}
#define check_set(s, want) check_set_at((s), (want), __LINE__)

#define URL(address) "http://" address "/api/v2/alerts"

// ---- the file ----------------------------------------------------------------------------------

static void a_file_of_targets_is_the_set(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s,
               "relabel_configs: [{action: drop, source_labels: [__address__], regex: 'x:.*'}]\n"
               "static_configs: [{targets: ['b:1', 'x:1', 'a:1', 'a:1']}]\n");
    start(&s);
    assert_int_equal(s.ready_count, 0); // never inside the call
    sim_run(s.world, DUR_SECONDS(1));
    assert_int_equal(s.ready_count, 1);
    check_set(&s, URL("a:1") " " URL("a:1") " " URL("b:1"));
    assert_int_equal(s.come_count, 3);
    scene_done(&s);
}

static void a_changed_file_takes_over_and_a_wrong_one_does_not(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, "static_configs: [{targets: ['a:1']}]");
    start(&s);
    sim_run(s.world, DUR_SECONDS(1));
    const struct notifier *before = notifiers_at(s.notifiers, 0);
    assert_true(notifier_watch_reload(s.watch, &s.err));
    sim_run(s.world, DUR_MINUTES(1));
    assert_ptr_equal(notifiers_at(s.notifiers, 0), before); // nothing has changed
    put_file(&s, "static_configs: [{targets: ['a:1'");
    assert_false(notifier_watch_reload(s.watch, &s.err));
    put_file(&s, "static_configs: [{targets: ['http://a b']}]");
    assert_false(notifier_watch_reload(s.watch, &s.err));
    sim_disk_remove(s.node, FILE_PATH);
    assert_false(notifier_watch_reload(s.watch, &s.err));
    sim_run(s.world, DUR_MINUTES(1));
    assert_ptr_equal(notifiers_at(s.notifiers, 0), before);
    put_file(&s, "static_configs: [{targets: ['c:1']}]");
    assert_true(notifier_watch_reload(s.watch, &s.err));
    sim_run(s.world, DUR_SECONDS(1));
    check_set(&s, URL("c:1"));
    assert_int_equal(s.gone_count, 1);
    assert_int_equal(s.ready_count, 1);
    scene_done(&s);
}

static void a_change_of_a_password_counts(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, "basic_auth: {username: u, password: old}\nstatic_configs: [{targets: [a]}]");
    start(&s);
    sim_run(s.world, DUR_SECONDS(1));
    put_file(&s, "basic_auth: {username: u, password: new}\nstatic_configs: [{targets: [a]}]");
    assert_true(notifier_watch_reload(s.watch, &s.err));
    sim_run(s.world, DUR_SECONDS(1));
    check_str(notifiers_at(s.notifiers, 0)->opt.conf->password.text, S("new"));
    scene_done(&s);
}

static void too_many_are_left_out(void **state)
{
    (void)state;
    struct scene s;
    struct buf text = {0};
    buf_put(&text, S("static_configs: [{targets: ["));
    for (size_t i = 0; i < NOTIFIER_TARGETS_MAX + 5; i++)
        buf_printf(&text, "'h:%zu',", i);
    buf_put(&text, S("]}]"));
    buf_put_c(&text, '\0');
    scene_init(&s, text.p);
    start(&s);
    sim_run(s.world, DUR_SECONDS(1));
    assert_int_equal(notifiers_count(s.notifiers), NOTIFIER_TARGETS_MAX);
    buf_done(&text);
    scene_done(&s);
}

// ---- DNS ---------------------------------------------------------------------------------------

static void set_srv(struct scene *s, const char *target, enum sim_dns_fate fate)
{
    const struct dns_record records[] = {{.target = str_c(target), .port = 9093},
                                         {.target = S("always."), .port = 9094}};
    const struct sim_dns_answer answer = {.records = records, .count = 2, .fate = fate};
    sim_dns_set(s->world, "am.example", DNS_SRV, &answer);
}

#define SRV_FILE "dns_sd_configs: [{names: [am.example]}]"

static void dns_changes_the_set(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, SRV_FILE);
    set_srv(&s, "one", SIM_DNS_ANSWERS);
    start(&s);
    sim_run(s.world, DUR_SECONDS(1));
    assert_int_equal(s.ready_count, 1);
    check_set(&s, URL("always:9094") " " URL("one:9093"));
    const struct notifier *always = notifiers_at(s.notifiers, 0);
    assert_int_equal(always->opt.kind, NOTIFIER_DNS);
    set_srv(&s, "two", SIM_DNS_ANSWERS);
    sim_run(s.world, DUR_SECONDS(31));
    check_set(&s, URL("always:9094") " " URL("two:9093"));
    assert_ptr_equal(notifiers_at(s.notifiers, 0), always); // goes on as it was
    assert_int_equal(s.gone_count, 1);
    scene_done(&s);
}

static void an_ill_dns_server_costs_no_notifier(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, SRV_FILE);
    set_srv(&s, "one", SIM_DNS_ANSWERS);
    start(&s);
    sim_run(s.world, DUR_SECONDS(1));
    set_srv(&s, "one", SIM_DNS_FAILS);
    sim_run(s.world, DUR_HOURS(1));
    check_set(&s, URL("always:9094") " " URL("one:9093"));
    set_srv(&s, "one", SIM_DNS_SILENT);
    sim_run(s.world, DUR_HOURS(1));
    check_set(&s, URL("always:9094") " " URL("one:9093"));
    sim_dns_set(s.world, "am.example", DNS_SRV, NULL); // it is no more
    sim_run(s.world, DUR_MINUTES(1));
    check_set(&s, "");
    set_srv(&s, "two", SIM_DNS_ANSWERS);
    sim_run(s.world, DUR_MINUTES(1));
    check_set(&s, URL("always:9094") " " URL("two:9093"));
    scene_done(&s);
}

static void families_are_told_apart_and_duplicates_are_one(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, "dns_sd_configs:\n"
                   "- {names: [host.example, other.example], type: a, port: 1}\n"
                   "- {names: [host.example], type: AAAA, port: 2}\n");
    sim_dns_set_ips(s.world, "host.example", "10.0.0.2 fd00::2");
    sim_dns_set_ips(s.world, "other.example", "10.0.0.2");
    start(&s);
    sim_run(s.world, DUR_SECONDS(1));
    check_set(&s, URL("10.0.0.2:1") " " URL("[fd00::2]:2"));
    scene_done(&s);
}

static void the_start_waits_for_dns_but_not_for_ever(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, SRV_FILE "\nstatic_configs: [{targets: ['a:1']}]");
    set_srv(&s, "one", SIM_DNS_SILENT);
    start(&s);
    sim_run(s.world, DUR_SECONDS(5));
    assert_int_equal(s.ready_count, 0);
    sim_run(s.world, DUR_SECONDS(6));
    assert_int_equal(s.ready_count, 1);
    check_set(&s, URL("a:1"));
    scene_done(&s);
}

static void the_old_set_stays_until_the_new_one_is_known(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, "static_configs: [{targets: ['a:1']}]");
    start(&s);
    sim_run(s.world, DUR_SECONDS(1));
    const struct dns_record record = {.target = S("one"), .port = 9093};
    const struct sim_dns_answer slow = {.records = &record, .count = 1, .delay = DUR_SECONDS(5)};
    sim_dns_set(s.world, "am.example", DNS_SRV, &slow);
    put_file(&s, SRV_FILE);
    assert_true(notifier_watch_reload(s.watch, &s.err));
    sim_run(s.world, DUR_SECONDS(4));
    check_set(&s, URL("a:1"));
    sim_run(s.world, DUR_SECONDS(2));
    check_set(&s, URL("one:9093"));
    put_file(&s, "static_configs: [{targets: ['b:1']}]"); // and back, while it waits again
    assert_true(notifier_watch_reload(s.watch, &s.err));
    put_file(&s, SRV_FILE " # again");
    assert_true(notifier_watch_reload(s.watch, &s.err));
    sim_run(s.world, DUR_SECONDS(10));
    check_set(&s, URL("one:9093"));
    scene_done(&s);
}

// ---- Consul ------------------------------------------------------------------------------------

static void serve_consul(void *owner, const struct http_exchange *request,
                         struct sim_http_answer *answer)
{
    struct consul *c = owner;
    struct arena mem = {0};
    struct url_params params;
    bool is_agent = str_eq(request->path, S("/v1/agent/self"));
    bool is_names = str_eq(request->path, S("/v1/catalog/services"));
    int64_t asked = 0;
    c->asked_agent += is_agent;
    c->asked_names += is_names;
    c->asked_nodes += !is_agent && !is_names;
    url_params_parse(request->query, &mem, &params);
    str_to_i64(url_param_first(&params, S("index"), NULL), &asked);
    if (!is_agent && !is_names) {
        buf_clear(&c->last_nodes);
        buf_put(&c->last_nodes, request->target);
    }
    answer->status = c->status;
    answer->body = is_agent   ? S("{\"Config\":{\"Datacenter\":\"dc 1\"}}")
                   : is_names ? str_c(c->services)
                              : str_c(c->nodes);
    if (!is_agent)
        answer->header = (struct http_header){S("X-Consul-Index"), str_c(c->index_text)};
    if (!is_agent && asked == c->index)
        answer->delay = DUR_SECONDS(20); // nothing new: a long poll
    arena_done(&mem);
}

static void set_consul(struct scene *s, int64_t index, const char *services, const char *nodes)
{
    struct consul *c = &s->consul;
    c->index = index;
    snprintf(c->index_text, sizeof(c->index_text), "%lld", (long long)index);
    c->services = services;
    c->nodes = nodes;
}

#define NODE(ip) "{\"Node\":{\"Address\":\"" ip "\"},\"Service\":{\"Port\":9093}}"
#define CONSUL_FILE                                                                                \
    "consul_sd_configs:\n"                                                                         \
    "- {server: 10.0.0.9, scheme: http, services: [am], tags: [t], alert_relabel_configs: "        \
    "[{target_label: x, replacement: y}]}\n"

static void scene_with_consul(struct scene *s)
{
    scene_init(s, CONSUL_FILE);
    set_consul(s, 7, "{\"am\":[\"t\"],\"other\":[\"t\"]}", "[" NODE("10.0.0.2") "]");
    sim_http_service(s->world, "consul", "10.0.0.9", 80, serve_consul, &s->consul);
}

static void consul_changes_the_set(void **state)
{
    (void)state;
    struct scene s;
    scene_with_consul(&s);
    start(&s);
    sim_run(s.world, DUR_SECONDS(1));
    assert_int_equal(s.ready_count, 1);
    check_set(&s, URL("10.0.0.2:9093"));
    assert_non_null(notifiers_at(s.notifiers, 0)->opt.relabel);
    check_str(buf_str(&s.consul.last_nodes),
              S("/v1/health/service/am?dc=dc+1&stale&tag=t&index=0&wait=525s"));
    set_consul(&s, 8, s.consul.services, "[" NODE("10.0.0.3") "," NODE("10.0.0.2") "]");
    sim_run(s.world, DUR_MINUTES(1));
    check_set(&s, URL("10.0.0.2:9093") " " URL("10.0.0.3:9093"));
    set_consul(&s, 9, "{\"other\":[\"t\"]}", "[]");
    sim_run(s.world, DUR_MINUTES(1));
    check_set(&s, "");
    assert_int_equal(notifier_watch_stats(s.watch)->watchers_created, 1);
    assert_int_equal(notifier_watch_stats(s.watch)->watchers_stopped, 1);
    assert_int_equal(s.consul.asked_agent, 1);
    scene_done(&s);
}

static void an_ill_consul_costs_no_notifier(void **state)
{
    (void)state;
    struct scene s;
    scene_with_consul(&s);
    start(&s);
    sim_run(s.world, DUR_SECONDS(1));
    set_consul(&s, 8, "{}", "[]");
    s.consul.status = 500;
    sim_run(s.world, DUR_HOURS(1));
    check_set(&s, URL("10.0.0.2:9093"));
    size_t asked = s.consul.asked_nodes;
    sim_run(s.world, DUR_HOURS(1));
    assert_in_range(s.consul.asked_nodes - asked, 200, 241); // one in 15 s
    s.consul.status = 0;
    s.consul.services = "{\"am\":[\"t\"]}";
    s.consul.nodes = "[" NODE("10.0.0.4") "]";
    sim_run(s.world, DUR_MINUTES(1));
    check_set(&s, URL("10.0.0.4:9093"));
    s.consul.nodes = "not JSON";
    set_consul(&s, 9, s.consul.services, s.consul.nodes);
    sim_run(s.world, DUR_MINUTES(2));
    check_set(&s, URL("10.0.0.4:9093"));
    scene_done(&s);
}

static void consul_may_come_later(void **state)
{
    (void)state;
    struct scene s;
    scene_with_consul(&s);
    sim_node_crash(sim_node_find(s.world, "consul"));
    start(&s);
    sim_run(s.world, DUR_MINUTES(1));
    assert_int_equal(s.ready_count, 1);
    check_set(&s, "");
    sim_node_restart(sim_node_find(s.world, "consul"));
    sim_run(s.world, DUR_MINUTES(1));
    check_set(&s, URL("10.0.0.2:9093"));
    scene_done(&s);
}

static void an_index_that_went_back_starts_anew(void **state)
{
    (void)state;
    struct scene s;
    scene_with_consul(&s);
    start(&s);
    sim_run(s.world, DUR_SECONDS(1));
    set_consul(&s, 3, s.consul.services, "[" NODE("10.0.0.5") "]"); // Consul was restored
    sim_run(s.world, DUR_MINUTES(2));
    check_set(&s, URL("10.0.0.5:9093"));
    scene_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_targets_is_the_set),
        cmocka_unit_test(a_changed_file_takes_over_and_a_wrong_one_does_not),
        cmocka_unit_test(a_change_of_a_password_counts),
        cmocka_unit_test(too_many_are_left_out),
        cmocka_unit_test(dns_changes_the_set),
        cmocka_unit_test(an_ill_dns_server_costs_no_notifier),
        cmocka_unit_test(families_are_told_apart_and_duplicates_are_one),
        cmocka_unit_test(the_start_waits_for_dns_but_not_for_ever),
        cmocka_unit_test(the_old_set_stays_until_the_new_one_is_known),
        cmocka_unit_test(consul_changes_the_set),
        cmocka_unit_test(an_ill_consul_costs_no_notifier),
        cmocka_unit_test(consul_may_come_later),
        cmocka_unit_test(an_index_that_went_back_starts_anew),
    };
    return run_group("discovery", tests);
}
