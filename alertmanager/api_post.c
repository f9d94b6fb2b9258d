// SPDX-License-Identifier: Apache-2.0
// POST /api/v2/alerts: body → drafts → alert store (spec: Alertmanager dispatch §3).
//
// One `now` counts for the whole request. Valid alerts are stored even if others are not; the
// answer comes when all are, and when what a restart must not forget of them is on the disk. Short
// bodies are done at once; long ones are decoded by a worker and
// stored in slices, so that no turn of the loop gets long.
#include "alertmanager/api.h"
#include "base/core/alloc.h"

struct post {
    struct web_request *r; // NULL: was answered otherwise, only the worker's end is waited for
    struct am *am;
    struct arena mem;
    str body; // in mem, for the worker
    struct api_drafts drafts;
    struct api_problem problem;
    size_t next; // of drafts

    struct zoned_time now;
    dur_ns resolve_timeout;
    enum name_mode names;
    struct timer timer; // the next slice
    struct buf invalid; // messages, a line each
    struct err full;    // the store refused some
    struct err why;     // scratch: of the alert looked at
    bool is_decoding;   // a worker has it
    struct waiter waiter;
};

static void post_free(struct post *p)
{
    env_timer_cancel(p->am->env, &p->timer);
    list_remove(&p->waiter.node);
    buf_done(&p->invalid);
    arena_done(&p->mem);
    mem_free(p);
}

static void cancel_post(void *owner)
{
    struct post *p = owner;
    p->r = NULL;
    if (!p->is_decoding)
        post_free(p);
}

static void finish(void *owner)
{
    struct post *p = owner;
    struct web_request *r = p->r;
    struct log *log = &p->am->api->log;
    if (p->invalid.n)
        log_error(log, "Failed to validate alerts", LOG_STR("path", r->path),
                  LOG_STR("method", r->x->method), LOG_STR("err", buf_str(&p->invalid)));
    if (p->full.code != ERR_NONE) {
        log_error(log, "Failed to create alerts", LOG_STR("path", r->path),
                  LOG_STR("method", r->x->method), LOG_ERR(&p->full));
        api_reply_text(r, 500, err_str(&p->full));
    } else if (p->invalid.n) {
        api_reply_text(r, 400, buf_str(&p->invalid));
    } else {
        api_reply_empty(r, 200);
    }
    post_free(p);
}

// Those the store refuses are left out: what follows may be news of alerts it holds already.
static void store(struct post *p, const struct alert_draft *drafts, size_t count)
{
    while (count > 0) {
        size_t done;
        if (alerts_put(p->am->alerts, drafts, count, p->now.t, &done, &p->full))
            return;
        drafts += done + 1;
        count -= done + 1;
    }
}

static bool judge(struct post *p, struct alert_draft *d)
{
    struct api_counts *counts = &p->am->api->counts;
    bool is_valid = alert_draft_complete(d, p->now, p->resolve_timeout, p->names, &p->why);
    if (d->ends_at.t > p->now.t)
        counts->received_firing++;
    else
        counts->received_resolved++;
    if (is_valid)
        return true;
    counts->invalid++;
    if (p->invalid.n)
        buf_put_c(&p->invalid, '\n');
    buf_put(&p->invalid, err_str(&p->why));
    return false;
}

static void store_slice(void *owner)
{
    struct post *p = owner;
    struct alert_draft *slice = p->drafts.items + p->next;
    size_t count = MIN(p->drafts.count - p->next, (size_t)API_PUT_SLICE), valid = 0;
    for (size_t i = 0; i < count; i++) {
        if (judge(p, &slice[i]))
            slice[valid++] = slice[i];
    }
    store(p, slice, valid);
    p->next += count;
    if (p->next < p->drafts.count) {
        env_timer_after(p->am->env, &p->timer, 0);
        return;
    }
    p->waiter = (struct waiter){.on_done = finish, .owner = p};
    if (!alerts_wait(p->am->alerts, &p->waiter))
        finish(p);
}

static void on_decoded(struct post *p)
{
    if (p->problem.code == 0) {
        store_slice(p);
        return;
    }
    api_reply_code(p->r, p->problem.code, p->problem.message);
    post_free(p);
}

static void decode_on_worker(void *job)
{
    struct post *p = job;
    api_decode_alerts(p->body, &p->mem, &p->drafts, &p->problem);
}

static void on_worker_done(void *job)
{
    struct post *p = job;
    p->is_decoding = false;
    if (p->r) {
        on_decoded(p);
        return;
    }
    arena_done(&p->mem); // the program around it may have ended
    mem_free(p);
}

void api_post_alerts(struct web_request *r, str id)
{
    (void)id;
    struct am *am = r->am;
    time_ns now = env_now(am->env);
    struct post *p = mem_new(struct post);
    p->r = r;
    p->am = am;
    p->now = (struct zoned_time){now, env_utc_offset_s(am->env, now)};
    p->resolve_timeout = am->runtime->config->global->resolve_timeout;
    p->names = config_name_mode(am_matcher_mode(&am->opt));
    p->invalid.max = API_ERRORS_BYTES_MAX;
    timer_init(&p->timer, store_slice, p);
    web_on_cancel(r, cancel_post, p);
    if (r->x->body.n <= API_WORKER_BODY_BYTES) {
        api_decode_alerts(r->x->body, &p->mem, &p->drafts, &p->problem);
        on_decoded(p);
        return;
    }
    p->body = arena_str(&p->mem, r->x->body); // the request may end before the worker does
    p->is_decoding = true;
    env_work(am->env, decode_on_worker, on_worker_done, p);
}
