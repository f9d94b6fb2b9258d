// SPDX-License-Identifier: Apache-2.0
// Machines, and the programs that run on them.
#include "base/core/alloc.h"
#include "tests/sim/alertmanager/lab.h"

#define CONFIG_PATH "/etc/alertmanager/alertmanager.yml"

static void write_config(struct peer *p)
{
    const struct plan *plan = &p->lab->plan;
    struct buf text = {0};
    buf_printf(&text,
               "route:\n"
               "  receiver: hook\n"
               "  group_by: [alertname]\n"
               "  group_wait: %lldms\n"
               "  group_interval: %lldms\n"
               "  repeat_interval: %lldms\n"
               "receivers:\n"
               "- name: hook\n"
               "  webhook_configs:\n"
               "  - url: http://10.0.2.1:%d/hook\n",
               (long long)(plan->group_wait / DUR_MS(1)),
               (long long)(plan->group_interval / DUR_MS(1)),
               (long long)(plan->repeat_interval / DUR_MS(1)), RECEIVER_PORT);
    sim_disk_put(p->machine, CONFIG_PATH, buf_str(&text));
    buf_done(&text);
}

static void list_peers(const struct peer *p, struct arena *mem, struct flag_strs *ret)
{
    const struct plan *plan = &p->lab->plan;
    size_t count = plan->has_dns_name ? 1 : plan->peer_count;
    ret->items = arena_array(mem, str, count);
    ret->count = count;
    for (size_t i = 0; i < count; i++)
        ret->items[i] =
            plan->has_dns_name ? S("alertmanagers.example:9094") : str_c(p->lab->peers[i].listen);
}

void peer_start(struct peer *p)
{
    const struct plan *plan = &p->lab->plan;
    arena_clear(&p->mem);
    struct am_options opt = am_options_default(&p->mem);
    opt.config_file = S(CONFIG_PATH);
    opt.storage_path = S("/data");
    opt.hostname = str_c(p->name);
    opt.web_listen.items[0] = str_c(p->web);
    opt.cluster_peer_timeout = plan->peer_timeout;
    opt.cluster_listen = plan->peer_count > 1 ? str_c(p->listen) : S("");
    opt.cluster_name = plan->has_fixed_names ? str_c(p->name) : S("");
    list_peers(p, &p->mem, &opt.cluster_peers);
    struct err err = ERR_INIT;
    p->am = am_new(sim_node_env(p->machine), &opt, &err);
    if (!p->am)
        judge_fail(p->lab, "%s does not start: %.*s", p->name, STR(err_str(&err)));
    p->starts++;
    p->is_stopped = false;
}

void peer_kill(struct peer *p)
{
    size_t i = (size_t)(p - p->lab->peers);
    struct crash *c = &p->lab->crash;
    sim_node_crash(p->machine);
    am_free(p->am);
    p->am = NULL;
    c->written[i] = c->merged[i] = c->groups[i] = 0;
}

static void on_stopped(void *owner)
{
    ((struct peer *)owner)->is_stopped = true;
}

static bool is_stopped(void *ctx)
{
    return ((struct peer *)ctx)->is_stopped;
}

void peer_stop(struct peer *p)
{
    am_stop(p->am, on_stopped, p);
    if (!sim_run_until(p->lab->world, is_stopped, p, DUR_SECONDS(30)))
        judge_fail(p->lab, "%s does not stop", p->name);
    am_free(p->am);
    p->am = NULL;
    if (sim_node_open_count(p->machine) > 0)
        judge_fail(p->lab, "%s left %zu things open", p->name, sim_node_open_count(p->machine));
}

static void on_restart(void *ctx)
{
    struct peer *p = ctx;
    sim_node_restart(p->machine);
    peer_start(p);
    crash_survey(p->lab, p);
}

void peer_restart_after(struct peer *p, dur_ns down)
{
    sim_at(p->lab->world, down, on_restart, p);
}

static void on_event(struct sim_world *w, void *ctx)
{
    (void)w;
    struct lab *lab = ctx;
    crash_on_event(lab);
    judge_time(lab);
}

static void add_peer(struct lab *lab, size_t i)
{
    struct peer *p = &lab->peers[i];
    char ip[32];
    p->lab = lab;
    snprintf(p->name, sizeof(p->name), "am-%zu", i);
    snprintf(ip, sizeof(ip), "10.0.0.%zu", i + 1);
    snprintf(p->listen, sizeof(p->listen), "%s:9094", ip);
    snprintf(p->web, sizeof(p->web), "%s:9093", ip);
    p->machine = sim_node_new(lab->world, p->name, ip);
    write_config(p);
}

struct lab *lab_new(uint64_t seed, struct totals *totals)
{
    struct lab *lab = mem_new(struct lab);
    lab->totals = totals;
    lab->world = sim_world_new(&(struct sim_options){.seed = seed, .log_level = seeds_log_level()});
    plan_draw(lab, seed);
    truth_draw(lab);
    receiver_start(lab);
    sim_dns_set_ips(lab->world, "alertmanagers.example", "10.0.0.1 10.0.0.2 10.0.0.3");
    for (size_t i = 0; i < lab->plan.peer_count; i++)
        add_peer(lab, i);
    for (size_t i = 0; i < lab->plan.peer_count; i++)
        peer_start(&lab->peers[i]);
    for (size_t i = 0; i < lab->plan.sender_count; i++)
        sender_start(lab, i);
    sim_on_event(lab->world, on_event, lab);
    return lab;
}

void lab_free(struct lab *lab)
{
    sim_on_event(lab->world, NULL, NULL);
    for (size_t i = 0; i < lab->plan.sender_count; i++)
        sender_stop(&lab->senders[i]);
    for (size_t i = 0; i < lab->plan.peer_count; i++) {
        if (lab->peers[i].am)
            peer_kill(&lab->peers[i]);
        arena_done(&lab->peers[i].mem);
    }
    sim_world_free(lab->world);
    mem_free(lab);
}
