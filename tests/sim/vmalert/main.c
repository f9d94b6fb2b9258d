// SPDX-License-Identifier: Apache-2.0
// A whole vmalert between a datasource that lies, stalls and fails, and two Alertmanagers of which
// one may be silent. The seed chooses when the metric is above its threshold and what fails when.
//
// Checked: once the datasource has been well for a while, every Alertmanager that answers knows of
// an alert that should fire (its end lies ahead), and of one that should not within three intervals
// (its end has passed); an alert that never should have fired was never sent; a reload in the
// middle changes nothing of that.
#include "base/core/alloc.h"
#include "base/text/json.h"
#include "tests/sim/seeds.h"
#include "tests/support/check.h"
#include "vmalert/app.h"

#define INTERVAL DUR_SECONDS(10)
#define FOR      DUR_SECONDS(20)
#define ROUNDS   60

struct manager { // an Alertmanager
    struct scene *scene;
    time_ns ends_at; // of the alert, as last told; TIME_UNSET: never told
    uint64_t told;
    bool is_silent;
};

struct scene {
    struct sim_world *world;
    struct sim_node *node;
    struct vmalert *app;
    struct arena mem;
    struct manager managers[2];
    bool is_hot; // the metric is above its threshold
    bool is_ds_well;
    mono_ns changed_at; // when is_hot last changed
    mono_ns well_since; // when the datasource last recovered
};

static const char RULES[] =
    "groups:\n"
    "- name: g\n"
    "  interval: 10s\n"
    "  rules:\n"
    "  - alert: Hot\n"
    "    expr: temp > 50\n"
    "    for: 20s\n"
    "    annotations: {summary: '{{ $value }} {{ query \"temp\" | first | value }}'}\n"
    "  - alert: Never\n"
    "    expr: nothing\n";

// ---- the world around --------------------------------------------------------------------------

static void answer_query(void *owner, const struct http_exchange *request,
                         struct sim_http_answer *answer)
{
    struct scene *s = owner;
    struct arena mem = {0};
    struct url_params params;
    url_params_parse(request->query, &mem, &params);
    str expr = url_param_first(&params, S("query"), NULL);
    bool has_series = s->is_hot && str_starts(expr, S("temp"));
    answer->body = has_series
                       ? S("{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":"
                           "[{\"metric\":{\"__name__\":\"temp\",\"room\":\"attic\"},"
                           "\"value\":[1767571200,\"77\"]}]}}")
                       : S("{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","
                           "\"result\":[]}}");
    arena_done(&mem);
    if (s->is_ds_well)
        return;
    switch (sim_random_below(s->world, 4)) {
    case 0:
        answer->status = 503;
        return;
    case 1:
        answer->fate = SIM_HTTP_RESETS;
        return;
    case 2:
        answer->body = S("{\"status\":\"success\",\"data\":");
        return;
    default:
        answer->delay = DUR_SECONDS(4);
        answer->status = 422;
        return;
    }
}

static void take_alerts(void *owner, const struct http_exchange *request,
                        struct sim_http_answer *answer)
{
    struct manager *m = owner;
    struct arena mem = {0};
    struct err err = ERR_INIT;
    if (m->is_silent) {
        answer->fate = SIM_HTTP_NEVER;
        return;
    }
    check_str(request->path, S("/api/v2/alerts"));
    const json *list = json_parse(request->body, false, &mem, &err);
    check_err(&err, "");
    json_each (alert, list) {
        struct zoned_time end;
        check_str(json_str(json_get(json_get(alert, S("labels")), S("alertname"))), S("Hot"));
        // The second query may meet a datasource that has changed its mind since the first.
        str summary = json_str(json_get(json_get(alert, S("annotations")), S("summary")));
        if (!str_starts(summary, S("template: ")))
            check_str(summary, S("77 77"));
        assert_true(time_parse_rfc3339(json_str(json_get(alert, S("endsAt"))), &end));
        m->ends_at = end.t;
        m->told++;
    }
    arena_done(&mem);
}

// ---- checks ------------------------------------------------------------------------------------

// Long enough after the last change for every evaluation and message it causes; a silent manager
// holds up its group for the length of a timeout.
static dur_ns settling_time(const struct scene *s)
{
    bool is_slow = s->managers[0].is_silent || s->managers[1].is_silent;
    return FOR + 4 * INTERVAL + (is_slow ? DUR_SECONDS(30) : 0);
}

static void check(struct scene *s)
{
    mono_ns now = sim_now(s->world);
    bool is_settled = s->is_ds_well && now - s->changed_at > settling_time(s) &&
                      now - s->well_since > settling_time(s);
    if (!is_settled)
        return;
    for (size_t i = 0; i < ARRAY_LEN(s->managers); i++) {
        const struct manager *m = &s->managers[i];
        if (m->is_silent)
            continue;
        bool is_firing = m->ends_at != TIME_UNSET && m->ends_at > sim_true_time(s->world);
        if (is_firing != s->is_hot)
            sim_note(s->world, "manager %zu knows the alert as %s", i,
                     is_firing ? "firing" : "over");
        assert_int_equal(is_firing, s->is_hot);
    }
}

// ---- the script --------------------------------------------------------------------------------

static void change_something(struct scene *s)
{
    mono_ns now = sim_now(s->world);
    switch (sim_random_below(s->world, 6)) {
    case 0:
        s->is_ds_well = !s->is_ds_well;
        s->well_since = now;
        return;
    case 1:
        vmalert_reload(s->app, true);
        assert_null(s->app->reload_error);
        return;
    case 2: {
        struct manager *m = &s->managers[sim_random_below(s->world, 2)];
        m->is_silent = !m->is_silent;
        s->changed_at = now;
        return;
    }
    default:
        s->is_hot = !s->is_hot;
        s->changed_at = now;
        return;
    }
}

static void count_down(void *owner)
{
    --*(int *)owner;
}

static void start(struct scene *s)
{
    struct err err = ERR_INIT;
    struct vmalert_options *opt = arena_new(&s->mem, struct vmalert_options);
    struct flags flags = vmalert_flags(opt, &s->mem);
    char *argv[] = {"vmalert",
                    "-rule=/rules/*.yml",
                    "-datasource.url=http://10.0.0.10:8428",
                    "-notifier.url=http://10.0.0.20:9093,http://10.0.0.21:9093/",
                    "-httpListenAddr=:8880",
                    "-rule.evalDelay=0s",
                    NULL};
    assert_true(flags_parse(&flags, (int)ARRAY_LEN(argv) - 1, argv, &s->mem, NULL, &err));
    opt->hostname = S("vm");
    opt->mem = &s->mem;
    s->app = vmalert_new(sim_node_env(s->node), opt, &err);
    check_err(&err, "");
    assert_non_null(s->app);
}

static void run_seed(uint64_t seed, void *ctx)
{
    (void)ctx;
    struct scene s = {.is_ds_well = true};
    s.world = sim_world_new(
        &(struct sim_options){.seed = seed, .loss_percent = 2, .log_level = seeds_log_level()});
    s.node = sim_node_new(s.world, "vm", "10.0.0.1");
    sim_disk_put(s.node, "/rules/a.yml", str_c(RULES));
    sim_http_service(s.world, "ds", "10.0.0.10", 8428, answer_query, &s);
    for (size_t i = 0; i < ARRAY_LEN(s.managers); i++) {
        s.managers[i] = (struct manager){.scene = &s, .ends_at = TIME_UNSET};
        sim_http_service(s.world, i ? "am1" : "am0", i ? "10.0.0.21" : "10.0.0.20", 9093,
                         take_alerts, &s.managers[i]);
    }
    start(&s);
    for (int round = 0; round < ROUNDS; round++) {
        sim_run(s.world, DUR_SECONDS(5 + (int64_t)sim_random_below(s.world, 60)));
        check(&s);
        if (sim_chance(s.world, 40))
            change_something(&s);
    }
    s.is_ds_well = true;
    s.well_since = sim_now(s.world);
    sim_run(s.world, settling_time(&s) + DUR_SECONDS(1));
    check(&s);

    int left = 1;
    vmalert_stop(s.app, count_down, &left);
    sim_run(s.world, DUR_SECONDS(40));
    assert_int_equal(left, 0);
    vmalert_free(s.app);
    sim_world_free(s.world);
    arena_done(&s.mem);
}

int main(int argc, char **argv)
{
    return seeds_main(argc, argv, &(struct seeds){.run = run_seed, .count = 300});
}
