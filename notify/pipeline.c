// SPDX-License-Identifier: Apache-2.0
// A flush: waits until the cluster has settled, mutes, and starts one delivery per integration.
#include "notify/pipeline.h"

#include "base/core/alloc.h"
#include "notify/stages.h"

struct flush {
    struct list node;
    struct pipeline *pipeline;
    struct notify_group *group;
    const struct integration *const *integrations;
    size_t integration_count;
    time_ns now;
    mono_ns deadline;
    flush_done_fn *on_done;
    void *owner;

    struct timer timer; // to begin; then: the deadline while settling
    struct waiter waiter;
    struct flush_part *parts; // one per integration
    size_t parts_open;
    struct buf errors; // one line per failed integration
};

struct flush_part {
    struct flush *flush;
    struct delivery *delivery; // NULL: ended
};

struct pipeline *pipeline_new(const struct pipeline_options *opt)
{
    struct pipeline *p = mem_new(struct pipeline);
    p->opt = *opt;
    p->seed = env_random(opt->env);
    list_init(&p->flushes);
    return p;
}

void pipeline_free(struct pipeline *p)
{
    if (!p)
        return;
    assert(list_is_empty(&p->flushes) && p->deliveries.count == 0);
    map_done(&p->deliveries);
    mem_free(p);
}

static uint32_t position(const struct pipeline *p)
{
    const struct notify_cluster *c = &p->opt.cluster;
    return c->position ? c->position(c->owner) : 0;
}

mono_ns pipeline_deadline(const struct pipeline *p, const struct notify_group *group)
{
    dur_ns wait = mul_saturated(position(p), p->opt.cluster.peer_timeout);
    dur_ns time = add_saturated(MAX(group->group_interval, FLUSH_TIME_MIN), wait);
    return add_saturated(env_mono(p->opt.env), time);
}

static void flush_free(struct flush *f)
{
    env_timer_cancel(f->pipeline->opt.env, &f->timer);
    list_remove(&f->waiter.node);
    list_remove(&f->node);
    buf_done(&f->errors);
    mem_free(f->parts);
    mem_free(f);
}

static void flush_end(struct flush *f)
{
    flush_done_fn *on_done = f->on_done;
    void *owner = f->owner;
    struct err err = ERR_INIT;
    bool ok = f->errors.n == 0;
    if (!ok)
        err_set(&err, ERR_INVALID, "%.*s", STR(buf_str(&f->errors)));
    flush_free(f);
    on_done(owner, ok, &err);
}

static void on_delivered(void *owner, bool ok, const struct err *err)
{
    struct flush_part *part = owner;
    struct flush *f = part->flush;
    part->delivery = NULL;
    if (!ok) {
        if (f->errors.n)
            buf_put_c(&f->errors, '\n');
        buf_put(&f->errors, err_str(err));
    }
    if (--f->parts_open == 0)
        flush_end(f);
}

// Starts a delivery for each integration that the log says has something to hear. What is new after
// this moment waits for the next flush.
static void start_deliveries(struct flush *f, const struct notify_alerts *alerts)
{
    struct pipeline *p = f->pipeline;
    dur_ns wait = mul_saturated(position(p), p->opt.cluster.peer_timeout);
    f->parts = mem_array(struct flush_part, f->integration_count);
    for (size_t i = 0; i < f->integration_count; i++) {
        struct flush_part *part = &f->parts[i];
        part->flush = f;
        part->delivery = delivery_start(p, f->group, f->integrations[i], alerts, f->now,
                                        f->deadline, wait, on_delivered, part);
        f->parts_open += part->delivery != NULL;
    }
}

// Muting is judged here for the counters, and to spare the wait; each attempt judges again.
static void flush_fan_out(struct flush *f)
{
    struct pipeline *p = f->pipeline;
    struct notify_alerts alerts = {0};
    f->group->collect(f->group, env_now(p->opt.env), &alerts);
    stage_mute(p, f->group, f->now, &alerts, p->opt.suppressed);
    if (alerts.count > 0 && f->integration_count > 0)
        start_deliveries(f, &alerts);
    f->group->release(f->group, &alerts);
    if (f->parts_open == 0)
        flush_end(f);
}

static void on_settled(void *owner)
{
    struct flush *f = owner;
    env_timer_cancel(f->pipeline->opt.env, &f->timer);
    flush_fan_out(f);
}

static void on_settle_deadline(void *owner)
{
    struct flush *f = owner;
    buf_put(&f->errors, S("context deadline exceeded"));
    flush_end(f);
}

static void on_begin(void *owner)
{
    struct flush *f = owner;
    const struct notify_cluster *c = &f->pipeline->opt.cluster;
    if (!c->is_settled || c->is_settled(c->owner)) {
        flush_fan_out(f);
        return;
    }
    f->waiter = (struct waiter){.on_done = on_settled, .owner = f};
    c->wait_settled(c->owner, &f->waiter);
    timer_init(&f->timer, on_settle_deadline, f);
    env_timer_set(f->pipeline->opt.env, &f->timer, f->deadline);
}

struct flush *pipeline_flush_start(struct pipeline *p, struct notify_group *group,
                                   const struct integration *const *integrations, size_t count,
                                   time_ns now, mono_ns deadline, flush_done_fn *on_done,
                                   void *owner)
{
    struct flush *f = mem_new(struct flush);
    *f = (struct flush){
        .pipeline = p,
        .group = group,
        .integrations = integrations,
        .integration_count = count,
        .now = now,
        .deadline = deadline,
        .on_done = on_done,
        .owner = owner,
        .errors = {.max = ERR_TEXT_BYTES},
    };
    list_append(&p->flushes, &f->node);
    timer_init(&f->timer, on_begin, f);
    env_timer_after(p->opt.env, &f->timer, 0);
    return f;
}

void pipeline_flush_cancel(struct flush *f)
{
    if (!f)
        return;
    for (size_t i = 0; f->parts && i < f->integration_count; i++)
        delivery_cancel(f->parts[i].delivery);
    flush_free(f);
}
