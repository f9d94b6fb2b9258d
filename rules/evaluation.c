// SPDX-License-Identifier: Apache-2.0
#include "rules/evaluation.h"

#include "base/core/alloc.h"
#include "rules/logsql.h"

struct template_query {
    struct evaluation *evaluation;
    size_t at; // in queries.items
    struct query *query;
    struct arena mem; // the answer
    struct query_result result;
};

static void evaluation_prepare(struct evaluation *e);

static const struct rule *base_rule(const struct evaluation *e)
{
    return any_rule_base(&e->rule);
}

static struct query_request request_for(const struct evaluation *e, str expr)
{
    const struct group_conf *g = base_rule(e)->group;
    return (struct query_request){
        .type = g->type,
        .expr = expr,
        .ts = e->ts,
        .interval = g->interval,
        .interval_is_filter = g->type == RULE_VLOGS && !logsql_has_time_filter(expr),
        .params = &g->params,
        .headers = g->headers,
        .header_count = g->header_count,
    };
}

// ---- queries of templates ----------------------------------------------------------------------

static void on_template_query(void *owner, const struct query_outcome *outcome,
                              const struct err *err)
{
    struct template_query *t = owner;
    struct evaluation *e = t->evaluation;
    struct rule_query *q = &e->queries.items[t->at];
    t->query = NULL;
    q->is_done = true;
    if (outcome->result) {
        t->mem = *outcome->mem;
        *outcome->mem = (struct arena){0};
        t->result = *outcome->result;
        q->result = &t->result;
    } else {
        q->error = arena_str(&e->mem, err_str(err));
    }
    if (--e->open_count == 0)
        evaluation_prepare(e);
}

// One template_query per rule_query, in the same order. The array moves when more are asked, and
// the answers it holds with it.
static void ask_pending(struct evaluation *e)
{
    struct rule_queries *qs = &e->queries;
    struct template_query *all = arena_array(&e->mem, struct template_query, qs->count);
    for (size_t i = 0; i < e->open_slots; i++) {
        all[i] = e->open[i];
        if (qs->items[i].result)
            qs->items[i].result = &all[i].result;
    }
    size_t first = e->open_slots;
    e->open = all;
    e->open_slots = qs->count;
    e->open_count = qs->count - first;
    qs->pending_count = 0;
    for (size_t i = first; i < qs->count; i++) {
        struct query_request request = request_for(e, qs->items[i].expr);
        all[i] = (struct template_query){.evaluation = e, .at = i};
        all[i].query =
            e->datasource->start(e->datasource->owner, &request, on_template_query, &all[i]);
    }
}

// ---- the rule's own query ----------------------------------------------------------------------

static void evaluation_end(struct evaluation *e, const struct err *template_err)
{
    struct rule *r = any_rule_base(&e->rule);
    bool is_failed = e->err.code != ERR_NONE;
    const struct err *err = is_failed || !template_err ? &e->err : template_err;
    if (is_failed) {
        e->series.count = 0;
        r->shared->counters->execution_errors++;
    } else if (err->code != ERR_NONE) {
        log_printf(&r->shared->env->log, LOG_ERROR, LOG_WHERE,
                   "got templating error in rule %.*s: \"%.*s\"", STR(r->conf->name),
                   STR(err_str(err)));
    }
    rule_record_update(r, e->started_at, e->ts, e->duration, e->result.series ? &e->result : NULL,
                       e->curl, err_str(err));
    e->on_done(e->owner, e);
}

static void evaluation_prepare(struct evaluation *e)
{
    struct alert_input *inputs;
    struct err template_err = ERR_INIT;
    if (!alerting_prepare(e->rule.alerting, &e->result, e->ts, &e->queries, &e->mem, &inputs,
                          &template_err)) {
        if (++e->rounds == RULE_QUERY_ROUNDS_MAX)
            e->queries.refusal = "queries depend on each other too deeply";
        ask_pending(e);
        return;
    }
    alerting_apply(e->rule.alerting, inputs, e->result.count, e->ts, e->limit, &e->series, &e->err);
    evaluation_end(e, &template_err);
}

static void on_query(void *owner, const struct query_outcome *outcome, const struct err *err)
{
    struct evaluation *e = owner;
    e->query = NULL;
    e->duration = outcome->duration;
    if (!outcome->result) {
        e->err = *err;
        err_wrap(&e->err, "failed to execute query \"%.*s\"", STR(base_rule(e)->conf->expr));
        evaluation_end(e, NULL);
        return;
    }
    e->mem = *outcome->mem;
    *outcome->mem = (struct arena){0};
    e->result = *outcome->result;
    e->curl = arena_str(&e->mem, outcome->curl);
    if (e->rule.alerting) {
        evaluation_prepare(e);
        return;
    }
    recording_apply(e->rule.recording, &e->result, e->ts, e->limit, &e->mem, &e->series, &e->err);
    evaluation_end(e, NULL);
}

struct evaluation *evaluation_start(struct any_rule rule, const struct datasource *ds, time_ns ts,
                                    int64_t limit, evaluation_done_fn *on_done, void *owner)
{
    struct evaluation *e = mem_new(struct evaluation);
    e->rule = rule;
    e->datasource = ds;
    e->ts = ts;
    e->limit = limit;
    e->on_done = on_done;
    e->owner = owner;
    e->series.mem = &e->mem;
    e->queries.mem = &e->mem;
    e->started_at = env_now(base_rule(e)->shared->env);
    base_rule(e)->shared->counters->executions++;
    struct query_request request = request_for(e, base_rule(e)->conf->expr);
    e->query = ds->start(ds->owner, &request, on_query, e);
    return e;
}

void evaluation_free(struct evaluation *e)
{
    if (!e)
        return;
    if (e->query)
        e->datasource->cancel(e->query);
    for (size_t i = 0; i < e->open_slots; i++) {
        if (e->open[i].query)
            e->datasource->cancel(e->open[i].query);
        arena_done(&e->open[i].mem);
    }
    arena_done(&e->mem);
    mem_free(e);
}
