// SPDX-License-Identifier: Apache-2.0
#include "rules/group.h"

#include "base/core/alloc.h"
#include "rules/iteration.h"

// ---- time --------------------------------------------------------------------------------------

dur_ns group_start_delay(uint64_t id, dur_ns interval, const dur_ns *offset, dur_ns max_start_delay,
                         time_ns now)
{
    if (offset) {
        dur_ns o = *offset < 0 ? *offset + interval : *offset;
        time_ns at = add_saturated(time_truncate(now, interval), o);
        return at < now ? at + interval - now : at - now;
    }
    dur_ns spread = MIN(interval, max_start_delay);
    if (spread <= 0)
        return 0;
    dur_ns phase = (dur_ns)((double)spread * ((double)id / 18446744073709551616.0));
    dur_ns passed = now % spread;
    if (passed < 0)
        passed += spread;
    return phase < passed ? phase + spread - passed : phase - passed;
}

time_ns group_query_ts(const struct group_conf *conf, dur_ns default_delay, time_ns eval_ts)
{
    if (conf->has_eval_offset)
        return eval_ts;
    time_ns ts = sub_saturated(eval_ts, conf->has_eval_delay ? conf->eval_delay : default_delay);
    return conf->eval_alignment ? time_truncate(ts, conf->interval) : ts;
}

enum group_tick group_next_eval(time_ns now, dur_ns interval, time_ns *eval_ts)
{
    int64_t missed = sub_saturated(now, *eval_ts) / interval - 1;
    if (missed < 0) {
        *eval_ts = now;
        return GROUP_TICK_RESET;
    }
    *eval_ts = add_saturated(*eval_ts, mul_saturated(missed + 1, interval));
    return missed > 0 ? GROUP_TICK_MISSED : GROUP_TICK_ON_TIME;
}

void buf_put_group(struct buf *b, const struct group *g)
{
    buf_printf(b, "group \"%.*s\" (file=\"%.*s\"; interval=", STR(g->conf->name), STR(g->file));
    buf_put_dur_go(b, g->conf->interval);
    buf_put(b, S("; eval_offset="));
    if (g->conf->has_eval_offset)
        buf_put_dur_go(b, g->conf->eval_offset);
    else
        buf_put(b, S("<nil>"));
    buf_printf(b, "; concurrency=%u)", g->conf->concurrency);
}

static void log_group(const struct group *g, const char *what)
{
    struct buf text = {0};
    buf_put_group(&text, g);
    log_printf(&g->shared->env->log, LOG_INFO, LOG_WHERE, "%.*s %s", STR(buf_str(&text)), what);
    buf_done(&text);
}

// ---- rules -------------------------------------------------------------------------------------

static struct any_rule rule_new(const struct group *g, const struct rule_conf *conf)
{
    if (conf->is_recording)
        return (struct any_rule){.recording = recording_new(g->shared, g->files, g->conf, conf)};
    return (struct any_rule){.alerting = alerting_new(g->shared, g->files, g->conf, conf)};
}

static void rule_free(struct any_rule *r)
{
    alerting_free(r->alerting);
    recording_free(r->recording);
    *r = (struct any_rule){0};
}

static void rule_update(struct any_rule *r, const struct group *g, const struct rule_conf *conf)
{
    if (r->alerting)
        alerting_update(r->alerting, g->files, g->conf, conf);
    else
        recording_update(r->recording, g->files, g->conf, conf);
}

// The rule with that ID among those not taken yet; it is taken out.
static bool take_rule(struct any_rule *rules, size_t count, uint64_t id, struct any_rule *ret)
{
    for (size_t i = 0; i < count; i++) {
        if ((!rules[i].alerting && !rules[i].recording) || any_rule_base(&rules[i])->conf->id != id)
            continue;
        *ret = rules[i];
        rules[i] = (struct any_rule){0};
        return true;
    }
    return false;
}

// ---- life --------------------------------------------------------------------------------------

static str shown_file(const struct group_conf *conf, bool strip_path, struct buf *text)
{
    if (!strip_path)
        return str_from(mem_dup(conf->file), conf->file.n);
    str folder, base;
    if (!str_cut_last(conf->file, '/', &folder, &base))
        base = conf->file;
    buf_clear(text);
    buf_put_u64(text, conf->id);
    buf_printf(text, "/%.*s", STR(base));
    return str_from(mem_dup(buf_str(text)), text->n);
}

struct group *group_new(const struct rules_shared *shared, const struct group_hooks *hooks,
                        struct rule_files *files, const struct group_conf *conf, bool strip_path)
{
    struct group *g = mem_new(struct group);
    struct buf text = {0};
    *g = (struct group){
        .shared = shared,
        .hooks = hooks,
        .files = rule_files_ref(files),
        .conf = conf,
        .file = shown_file(conf, strip_path, &text),
        .rules = mem_array(struct any_rule, conf->rule_count + 1),
        .rule_count = conf->rule_count,
        .stats.last_evaluation = TIME_UNSET,
    };
    for (size_t i = 0; i < conf->rule_count; i++)
        g->rules[i] = rule_new(g, &conf->rules[i]);
    buf_done(&text);
    return g;
}

void group_free(struct group *g)
{
    if (!g)
        return;
    env_timer_cancel(g->shared->env, &g->tick);
    iteration_cancel(g->iteration);
    for (size_t i = 0; i < g->rule_count; i++)
        rule_free(&g->rules[i]);
    mem_free(g->rules);
    mem_free((char *)g->file.p);
    rule_files_unref(g->files);
    mem_free(g);
}

void group_update(struct group *g, struct rule_files *files, const struct group_conf *conf)
{
    struct any_rule *old = g->rules;
    struct rule_files *old_files = g->files;
    size_t old_count = g->rule_count;

    iteration_cancel(g->iteration);
    g->iteration = NULL;
    g->files = rule_files_ref(files);
    g->conf = conf;
    g->rules = mem_array(struct any_rule, conf->rule_count + 1);
    g->rule_count = conf->rule_count;
    for (size_t i = 0; i < conf->rule_count; i++) {
        if (take_rule(old, old_count, conf->rules[i].id, &g->rules[i]))
            rule_update(&g->rules[i], g, &conf->rules[i]);
        else
            g->rules[i] = rule_new(g, &conf->rules[i]);
    }
    for (size_t i = 0; i < old_count; i++)
        rule_free(&old[i]);
    mem_free(old);
    rule_files_unref(old_files);
    log_group(g, g->is_started ? "re-started" : "reload successfully");
}

// ---- schedule ----------------------------------------------------------------------------------

static void group_iterate(struct group *g);

static void on_iteration_done(void *owner)
{
    struct group *g = owner;
    g->iteration = NULL;
    if (!g->has_pending_tick)
        return;
    g->has_pending_tick = false;
    group_iterate(g);
}

static void start_iteration(struct group *g)
{
    time_ns ts = group_query_ts(g->conf, g->shared->eval_delay, g->eval_ts);
    g->stats.iterations++;
    g->stats.last_evaluation = env_now(g->shared->env);
    g->iteration = iteration_start(g, ts, g->wants_restore, on_iteration_done, g);
    g->wants_restore = false;
}

static void group_iterate(struct group *g)
{
    switch (group_next_eval(env_now(g->shared->env), g->conf->interval, &g->eval_ts)) {
    case GROUP_TICK_ON_TIME:
        break;
    case GROUP_TICK_MISSED:
        g->stats.missed++;
        break;
    case GROUP_TICK_RESET:
        g->stats.resets++;
        break;
    }
    start_iteration(g);
}

// Ticks are not queued: while an iteration runs, at most one waits.
static void on_tick(void *owner)
{
    struct group *g = owner;
    mono_ns now = env_mono(g->shared->env);
    dur_ns late = sub_saturated(now, g->next_tick);
    g->next_tick += (late / g->conf->interval + 1) * g->conf->interval;
    env_timer_set(g->shared->env, &g->tick, g->next_tick);
    if (g->iteration)
        g->has_pending_tick = true;
    else
        group_iterate(g);
}

static void on_start(void *owner)
{
    struct group *g = owner;
    g->is_started = true;
    g->next_tick = add_saturated(env_mono(g->shared->env), g->conf->interval);
    timer_init(&g->tick, on_tick, g);
    env_timer_set(g->shared->env, &g->tick, g->next_tick);
    start_iteration(g);
}

void group_start(struct group *g, bool wants_restore)
{
    time_ns now = env_now(g->shared->env);
    const dur_ns *offset = g->conf->has_eval_offset ? &g->conf->eval_offset : NULL;
    dur_ns delay =
        group_start_delay(g->conf->id, g->conf->interval, offset, g->shared->max_start_delay, now);
    g->eval_ts = add_saturated(now, delay);
    g->wants_restore = wants_restore;
    char text[64];
    snprintf(text, sizeof(text), "will start in %.3gs", dur_to_seconds(delay));
    log_group(g, text);
    timer_init(&g->tick, on_start, g);
    env_timer_after(g->shared->env, &g->tick, delay);
}
