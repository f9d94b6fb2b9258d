// SPDX-License-Identifier: Apache-2.0
#include "rules/iteration.h"

#include "base/core/alloc.h"

// One rule being evaluated, then its alerts being sent.
struct slot {
    struct iteration *iteration;
    struct evaluation *evaluation;
    struct alert_send *send;
    size_t rule;
    bool is_busy;
};

struct iteration {
    struct group *group;
    time_ns ts;
    mono_ns started;
    void (*on_done)(void *owner);
    void *owner;

    struct timer timer; // the first step, and the end of an empty group
    struct slot *slots; // group->conf->concurrency
    size_t slot_count;
    size_t next_rule, open_count;
    struct buf errors; // lines, logged when all rules are done

    bool wants_restore;
    size_t restore_rule;
    struct query *restore_query;
};

static struct env *iteration_env(const struct iteration *it)
{
    return it->group->shared->env;
}

static void iteration_free(struct iteration *it)
{
    env_timer_cancel(iteration_env(it), &it->timer);
    buf_done(&it->errors);
    mem_free(it->slots);
    mem_free(it);
}

void iteration_cancel(struct iteration *it)
{
    if (!it)
        return;
    const struct group_hooks *hooks = it->group->hooks;
    for (size_t i = 0; i < it->slot_count; i++) {
        evaluation_free(it->slots[i].evaluation);
        if (it->slots[i].send)
            hooks->send_cancel(it->slots[i].send);
    }
    if (it->restore_query)
        hooks->remote_read->cancel(it->restore_query);
    iteration_free(it);
}

// ---- the end -----------------------------------------------------------------------------------

static void iteration_end(struct iteration *it)
{
    struct group *g = it->group;
    if (g->hooks->on_iteration)
        g->hooks->on_iteration(g->hooks->owner, g, env_mono(iteration_env(it)) - it->started);
    void (*on_done)(void *) = it->on_done;
    void *owner = it->owner;
    iteration_free(it);
    on_done(owner);
}

// ---- restore -----------------------------------------------------------------------------------

static void restore_next(struct iteration *it);

static void on_restored(void *owner, const struct query_outcome *outcome, const struct err *err)
{
    struct iteration *it = owner;
    struct group *g = it->group;
    struct alerting_rule *r = g->rules[it->restore_rule].alerting;
    it->restore_query = NULL;
    if (!outcome->result) {
        log_printf(
            &iteration_env(it)->log, LOG_ERROR, LOG_WHERE,
            "error while restoring ruleState for group \"%.*s\" (file=\"%.*s\"): error while "
            "restoring rule \"%.*s\": failed to execute restore query: %.*s",
            STR(g->conf->name), STR(g->file), STR(r->rule.conf->name), STR(err_str(err)));
        iteration_end(it);
        return;
    }
    size_t restored = alerting_restore(r, outcome->result);
    if (restored)
        log_printf(&iteration_env(it)->log, LOG_INFO, LOG_WHERE,
                   "alert \"%.*s\": %zu states restored", STR(r->rule.conf->name), restored);
    it->restore_rule++;
    restore_next(it);
}

static void restore_next(struct iteration *it)
{
    struct group *g = it->group;
    const struct datasource *ds = g->hooks->remote_read;
    while (it->restore_rule < g->rule_count &&
           (!g->rules[it->restore_rule].alerting ||
            !alerting_wants_restore(g->rules[it->restore_rule].alerting)))
        it->restore_rule++;
    if (it->restore_rule == g->rule_count) {
        iteration_end(it);
        return;
    }
    struct buf expr = {0};
    alerting_restore_query(g->rules[it->restore_rule].alerting, g->hooks->remote_read_lookback,
                           &expr);
    struct query_request request = {
        .type = RULE_PROMETHEUS,
        .expr = buf_str(&expr),
        .ts = sub_saturated(it->ts, DUR_SECONDS(1)), // not what was written just now
        .interval = g->conf->interval,
        .params = &g->conf->params,
        .headers = g->conf->headers,
        .header_count = g->conf->header_count,
    };
    it->restore_query = ds->start(ds->owner, &request, on_restored, it);
    buf_done(&expr);
}

// ---- rules -------------------------------------------------------------------------------------

static void start_rules(struct iteration *it);

static void add_error(struct iteration *it, size_t rule, const char *what, const struct err *err)
{
    const struct group *g = it->group;
    buf_printf(&it->errors, "%srule \"%.*s\": %s: %.*s", it->errors.n ? "\n" : "",
               STR(any_rule_base(&g->rules[rule])->conf->name), what, STR(err_str(err)));
}

static void all_rules_done(struct iteration *it)
{
    struct group *g = it->group;
    str errors = buf_str(&it->errors), line;
    while (errors.n) {
        str_cut(errors, '\n', &line, &errors);
        log_printf(&iteration_env(it)->log, LOG_ERROR, LOG_WHERE,
                   "group \"%.*s\" (file=\"%.*s\"): %.*s", STR(g->conf->name), STR(g->file),
                   STR(line));
    }
    if (it->wants_restore && g->hooks->remote_read)
        restore_next(it);
    else
        iteration_end(it);
}

static void slot_done(struct slot *s)
{
    struct iteration *it = s->iteration;
    s->is_busy = false;
    it->open_count--;
    start_rules(it);
}

static void on_sent(void *owner, const struct err *err)
{
    struct slot *s = owner;
    s->send = NULL;
    if (err && err->code != ERR_NONE)
        add_error(s->iteration, s->rule, "notifier failure", err);
    slot_done(s);
}

// True: alerts are on their way and on_sent will come.
static bool send_alerts(struct slot *s, struct alerting_rule *r)
{
    struct group *g = s->iteration->group;
    if (!g->hooks->send || r->alerts.count == 0)
        return false;
    const struct rules_shared *shared = g->shared;
    const struct alert **alerts = mem_array(const struct alert *, r->alerts.count);
    dur_ns resolve = alert_resolve_duration(g->conf->interval, shared->resend_delay,
                                            shared->max_resolve_duration);
    size_t count = alerting_collect(r, env_now(shared->env), resolve, shared->resend_delay, alerts);
    if (count)
        s->send = g->hooks->send(g->hooks->owner, g, r, alerts, count, on_sent, s);
    mem_free(alerts);
    return s->send != NULL;
}

static void on_evaluated(void *owner, struct evaluation *e)
{
    struct slot *s = owner;
    struct iteration *it = s->iteration;
    const struct group_hooks *hooks = it->group->hooks;
    bool is_sending = false;
    s->evaluation = NULL;
    if (e->err.code != ERR_NONE) {
        add_error(it, s->rule, "failed to execute", &e->err);
    } else {
        struct err err = ERR_INIT;
        if (hooks->push && e->series.count &&
            !hooks->push(hooks->owner, e->series.items, e->series.count, &err))
            add_error(it, s->rule, "remote write failure", &err);
        is_sending = e->rule.alerting && send_alerts(s, e->rule.alerting);
    }
    evaluation_free(e);
    if (!is_sending)
        slot_done(s);
}

static void start_rule(struct slot *s)
{
    struct iteration *it = s->iteration;
    struct group *g = it->group;
    s->is_busy = true;
    s->rule = it->next_rule++;
    it->open_count++;
    s->evaluation = evaluation_start(g->rules[s->rule], &g->hooks->datasource, it->ts,
                                     g->conf->limit, on_evaluated, s);
}

static void start_rules(struct iteration *it)
{
    for (size_t i = 0; i < it->slot_count && it->next_rule < it->group->rule_count; i++) {
        if (!it->slots[i].is_busy)
            start_rule(&it->slots[i]);
    }
    if (it->open_count == 0)
        all_rules_done(it);
}

static void on_begin(void *owner)
{
    start_rules(owner);
}

struct iteration *iteration_start(struct group *g, time_ns ts, bool wants_restore,
                                  void (*on_done)(void *owner), void *owner)
{
    struct iteration *it = mem_new(struct iteration);
    it->group = g;
    it->ts = ts;
    it->wants_restore = wants_restore;
    it->on_done = on_done;
    it->owner = owner;
    it->started = env_mono(g->shared->env);
    it->slot_count = MIN(g->conf->concurrency, MAX(g->rule_count, 1));
    it->slots = mem_array(struct slot, it->slot_count);
    memset(it->slots, 0, it->slot_count * sizeof(*it->slots));
    for (size_t i = 0; i < it->slot_count; i++)
        it->slots[i].iteration = it;
    timer_init(&it->timer, on_begin, it);
    env_timer_after(g->shared->env, &it->timer, 0);
    return it;
}
