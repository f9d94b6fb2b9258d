// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/alertmanager/am_cases.h"

static void put_map(struct buf *yaml, const cJSON *map)
{
    buf_put(yaml, S("{"));
    for (const cJSON *v = map->child; v; v = v->next) {
        char *value = cJSON_PrintUnformatted(v);
        buf_printf(yaml, "%s\"%s\": %s", v == map->child ? "" : ", ", v->string, value);
        cJSON_free(value);
    }
    buf_put(yaml, S("}\n"));
}

// The rules as a configuration: they are read by the parser of configurations.
static void put_rules(struct buf *yaml, const cJSON *rules)
{
    buf_put(yaml, S("route: {receiver: r}\nreceivers: [{name: r}]\ninhibit_rules:\n"));
    for (const cJSON *r = rules->child; r; r = r->next) {
        buf_put(yaml, S("- name: x\n"));
        for (const cJSON *part = r->child; part; part = part->next) {
            buf_printf(yaml, "  %s: ", part->string);
            if (cJSON_IsObject(part)) {
                put_map(yaml, part);
            } else {
                char *list = cJSON_PrintUnformatted(part);
                buf_printf(yaml, "%s\n", list);
                cJSON_free(list);
            }
        }
    }
}

static void put_alert(struct am_case *c, struct alerts *alerts, const cJSON *v)
{
    struct alert_draft d = {.starts_at = am_case_time(c, v, "starts_at"),
                            .ends_at = am_case_time(c, v, "ends_at")};
    d.labels = am_case_label_array(c, case_get(v, "labels"), &d.label_count);
    size_t done;
    alerts_put(alerts, &d, 1, c->fake.now, &done, NULL);
}

static const char *check(struct am_case *c, struct inhibitor *in, const cJSON *v)
{
    struct labels *labels = am_case_labels(c, case_get(v, "labels"));
    bool asks_source = case_get(v, "has_equal_source") != NULL;
    bool want = case_get_bool(v, asks_source ? "has_equal_source" : "muted");
    bool got = asks_source ? inhibitor_has_source(in, 0, labels, c->fake.now)
                           : inhibitor_mutes(in, labels, c->fake.now, NULL);
    const char *why =
        got == want ? NULL : case_fail(c->mem, "%s: %d", am_case_labels_text(c, labels), got);
    labels_unref(labels);
    return why;
}

static const char *run_checks(struct am_case *c, struct config *config, const cJSON *v)
{
    struct alerts *alerts = alerts_new(&(struct alerts_options){
        .env = &c->fake.env, .labels = &c->labels, .gc_interval = DUR_HOURS(1)});
    struct inhibitor *in =
        inhibitor_new(&(struct inhibitor_options){.env = &c->fake.env,
                                                  .labels = &c->labels,
                                                  .alerts = alerts,
                                                  .rules = config->rules,
                                                  .rule_count = config->rule_count});
    for (const cJSON *a = case_get(v, "alerts")->child; a; a = a->next)
        put_alert(c, alerts, a);
    const char *why = NULL;
    for (const cJSON *k = case_get(v, "checks")->child; k && !why; k = k->next)
        why = check(c, in, k);
    inhibitor_free(in);
    alerts_free(alerts);
    return why;
}

static const char *run(const cJSON *v, struct arena *mem)
{
    struct am_case c;
    am_case_init(&c, mem);
    defer(buf_done) struct buf yaml = {0};
    put_rules(&yaml, case_get(v, "rules"));
    struct err err = ERR_INIT;
    struct config *config = am_case_config(&c, buf_str(&yaml), MATCHER_FALLBACK, &err);
    const char *why =
        config ? run_checks(&c, config, v) : case_fail(mem, "%.*s", STR(err_str(&err)));
    config_unref(config);
    am_case_done(&c);
    return why;
}

static void am_inhibit(void **state)
{
    (void)state;
    case_file_run("am-inhibit", run);
}

int test_am_inhibit(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_inhibit)};
    return run_group("am-inhibit", tests);
}
