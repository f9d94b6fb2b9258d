// SPDX-License-Identifier: Apache-2.0
// Replay as a mode of the program: from flags to the last sample sent.
#include "base/core/alloc.h"
#include "vmalert/app.h"
#include "vmalert/replay.h"

struct replay_job {
    struct vmalert *app;
    struct replay_options options;
    struct replay *replay;
    uint64_t samples;
    void (*print)(void *owner, str text);
    void (*on_done)(void *owner, const struct err *err);
    void *owner;
};

void vmalert_replay_free(struct vmalert *v)
{
    if (!v->replay)
        return;
    replay_free(v->replay->replay);
    mem_free(take(&v->replay));
}

static void print(void *owner, str text)
{
    const struct replay_job *job = owner;
    job->print(job->owner, text);
}

static bool push(void *owner, const struct series *series, size_t count, struct err *err)
{
    const struct replay_job *job = owner;
    return remote_write_push(job->app->remote_write, series, count, err);
}

// A queue that fills faster than it empties would drop samples: the next query waits.
static bool is_busy(void *owner)
{
    const struct replay_job *job = owner;
    struct remote_write_stats stats = remote_write_stats(job->app->remote_write);
    return stats.queued > (size_t)MAX(job->app->opt->remote_write_max_queue_size, 1) / 2;
}

static void on_drained(void *owner)
{
    struct replay_job *job = owner;
    struct err err = ERR_INIT;
    uint64_t dropped = remote_write_stats(job->app->remote_write).dropped_samples;
    if (dropped)
        err_set(&err, ERR_NETWORK,
                "failed to push all generated samples to remote write url, dropped %llu samples "
                "out of %llu",
                (unsigned long long)dropped, (unsigned long long)job->samples);
    else
        log_printf(&job->app->env->log, LOG_INFO, LOG_WHERE, "replay succeed!");
    job->on_done(job->owner, &err);
}

static void on_replayed(void *owner, uint64_t samples, const struct err *err)
{
    struct replay_job *job = owner;
    if (err->code != ERR_NONE) {
        struct err why = *err;
        err_wrap(&why, "replay failed");
        job->on_done(job->owner, &why);
        return;
    }
    job->samples = samples;
    log_printf(&job->app->env->log, LOG_INFO, LOG_WHERE,
               "replay evaluation finished, generated %llu samples", (unsigned long long)samples);
    remote_write_drain(job->app->remote_write, on_drained, job);
}

bool vmalert_replay(struct vmalert *v, void (*print_text)(void *owner, str text),
                    void (*on_done)(void *owner, const struct err *err), void *owner,
                    struct err *err)
{
    const struct vmalert_options *o = v->opt;
    struct replay_job *job = mem_new(struct replay_job);
    v->replay = job;
    job->app = v;
    job->print = print_text;
    job->on_done = on_done;
    job->owner = owner;
    job->options = (struct replay_options){
        .max_datapoints = o->replay_max_datapoints,
        .rules_delay = o->replay_rules_delay,
        .retry_attempts = o->replay_retry_attempts,
        .rule_concurrency = o->replay_rule_concurrency,
        .continues_with_errors = o->replay_continue_with_errors,
        .datasource = v->hooks.datasource,
        .push = push,
        .is_busy = is_busy,
        .print = print,
        .owner = job,
    };
    if (!replay_read_range(&job->options, o->replay_from, o->replay_to, env_now(v->env), err))
        return err_wrap(err, "replay failed");
    job->replay = replay_start(&v->shared, v->files, &job->options, on_replayed, job);
    return true;
}
