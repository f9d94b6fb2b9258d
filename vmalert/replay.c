// SPDX-License-Identifier: Apache-2.0
#include "vmalert/replay.h"

#include "base/core/alloc.h"
#include "base/text/gotime.h"
#include "base/text/unicode.h"

struct piece { // of a rule's range, being asked
    struct rule_run *run;
    struct query *query;
    struct timer retry;
    time_ns start, end;
    int64_t attempt;
    bool is_busy;
};

struct rule_run { // a rule of the group under way
    struct replay *replay;
    struct any_rule rule;
    struct piece *pieces; // piece_count places
    size_t piece_count, open;
    time_ns next; // where the next piece begins
    bool is_started, is_done;
};

struct replay {
    const struct rules_shared *shared;
    struct rule_files *files;
    const struct replay_options *opt;
    replay_done_fn *on_done;
    void *owner;
    size_t group; // under way
    struct rule_run *runs;
    size_t run_count, open; // rules under way
    struct timer timer;     // the start, pauses, the end
    uint64_t samples;
    struct err err;
};

// Each step goes through a timer: the stack does not grow with the number of pieces.
static void schedule(struct replay *r, dur_ns pause);

// ---- output ------------------------------------------------------------------------------------

#define PRINT(r, ...)                                                                              \
    do {                                                                                           \
        struct buf text_ = {0};                                                                    \
        buf_printf(&text_, __VA_ARGS__);                                                           \
        (r)->opt->print((r)->opt->owner, buf_str(&text_));                                         \
        buf_done(&text_);                                                                          \
    } while (0)

// As Go's %v: 2021-05-11 07:21:43 +0000 UTC
static void put_time(struct buf *b, struct zoned_time t)
{
    struct gotime text = gotime_from_zoned(t);
    buf_put_gotime_string(b, &text);
}

static const struct group_conf *group_of(const struct replay *r)
{
    return &r->files->groups[r->group];
}

static dur_ns piece_length(const struct replay *r)
{
    return mul_saturated(group_of(r)->interval, r->opt->max_datapoints);
}

static bool is_sequential(const struct replay *r)
{
    return r->opt->rules_delay > 0 || group_of(r)->concurrency <= 1;
}

static void print_start(const struct replay *r)
{
    struct buf from = {0}, to = {0};
    put_time(&from, r->opt->from);
    put_time(&to, r->opt->to);
    PRINT(r, "Replay mode:\nfrom: \t%.*s \nto: \t%.*s \nmax data points per request: %lld\n",
          STR(buf_str(&from)), STR(buf_str(&to)), (long long)r->opt->max_datapoints);
    buf_done(&from);
    buf_done(&to);
}

static void print_group(const struct replay *r)
{
    const struct group_conf *g = group_of(r);
    struct buf interval = {0}, length = {0};
    buf_put_dur_go(&interval, g->interval);
    buf_put_dur_go(&length, piece_length(r));
    PRINT(r,
          "\nGroup \"%.*s\"\ninterval: \t%.*s\nconcurrency: \t %u\nrequests to make per rule: "
          "\t%lld\nmax range per request: \t%.*s\n",
          STR(g->name), STR(buf_str(&interval)), g->concurrency,
          (long long)((r->opt->to.t - r->opt->from.t) / piece_length(r) + 1),
          STR(buf_str(&length)));
    if (g->limit > 0)
        PRINT(r, "\nWarning: `limit: %lld` param has no effect during replay.\n",
              (long long)g->limit);
    if (g->concurrency > 1 && r->opt->rules_delay > 0)
        PRINT(r,
              "\nWarning: group concurrency %u will be ignored since `-replay.rulesDelay` is %.3f "
              "seconds. Set -replay.rulesDelay=0 to enable concurrency for replay.\n",
              g->concurrency, dur_to_seconds(r->opt->rules_delay));
    buf_done(&interval);
    buf_done(&length);
}

static str rule_name(const struct rule_run *run)
{
    return any_rule_base(&run->rule)->conf->name;
}

static void print_rule(const struct rule_run *run)
{
    PRINT(run->replay, "> Rule \"%.*s\" (ID: %llu)\n", STR(rule_name(run)),
          (unsigned long long)any_rule_base(&run->rule)->conf->id);
}

// ---- the end -----------------------------------------------------------------------------------

static void cancel_pieces(struct rule_run *run)
{
    struct replay *r = run->replay;
    for (size_t i = 0; i < run->piece_count; i++) {
        struct piece *p = &run->pieces[i];
        if (p->query)
            r->opt->datasource.cancel(take(&p->query));
        env_timer_cancel(r->shared->env, &p->retry);
        p->is_busy = false;
    }
}

static void free_runs(struct replay *r)
{
    for (size_t i = 0; i < r->run_count; i++) {
        struct rule_run *run = &r->runs[i];
        cancel_pieces(run);
        alerting_free(run->rule.alerting);
        recording_free(run->rule.recording);
        mem_free(run->pieces);
    }
    mem_free(r->runs);
    r->runs = NULL;
    r->run_count = r->open = 0;
}

void replay_free(struct replay *r)
{
    if (!r)
        return;
    free_runs(r);
    env_timer_cancel(r->shared->env, &r->timer);
    mem_free(r);
}

static void on_end(void *owner)
{
    const struct replay *r = owner;
    r->on_done(r->owner, r->samples, &r->err);
}

static void end(struct replay *r)
{
    free_runs(r);
    env_timer_cancel(r->shared->env, &r->timer);
    timer_init(&r->timer, on_end, r);
    env_timer_after(r->shared->env, &r->timer, 0);
}

static void fail(struct rule_run *run, struct err *err)
{
    struct replay *r = run->replay;
    err_wrap(err, "rule \"%.*s\"", STR(rule_name(run)));
    r->err = *err;
    end(r);
}

// ---- pieces ------------------------------------------------------------------------------------

static void start_pieces(struct rule_run *run);
static void ask(struct piece *p);

static void piece_done(struct piece *p)
{
    struct rule_run *run = p->run;
    p->is_busy = false;
    run->open--;
    start_pieces(run);
}

// Was the expression refused, so that asking again would change nothing?
static bool is_refusal(const struct err *err)
{
    return str_starts(err_str(err), S("unexpected response code 422 ")) ||
           str_starts(err_str(err), S("unexpected response code 400 "));
}

static void on_retry(void *owner)
{
    ask(owner);
}

static void query_failed(struct piece *p, const struct err *why)
{
    struct replay *r = p->run->replay;
    struct env *env = r->shared->env;
    struct err err = *why;
    if (is_refusal(why) && r->opt->continues_with_errors) {
        log_printf(&env->log, LOG_ERROR, LOG_WHERE, "rule \"%.*s\": %.*s", STR(rule_name(p->run)),
                   STR(err_str(why)));
        piece_done(p);
        return;
    }
    if (is_refusal(why)) {
        fail(p->run, &err);
        return;
    }
    log_printf(&env->log, LOG_ERROR, LOG_WHERE,
               "attempt %lld to execute rule \"%.*s\" failed: %.*s", (long long)p->attempt,
               STR(rule_name(p->run)), STR(err_str(why)));
    if (p->attempt >= r->opt->retry_attempts) {
        fail(p->run, &err);
        return;
    }
    env_timer_after(env, &p->retry, REPLAY_RETRY_PAUSE);
}

static bool apply(struct piece *p, const struct query_result *result, struct arena *mem,
                  struct series_list *out, struct err *err)
{
    struct any_rule *rule = &p->run->rule;
    struct rule_queries queries = {.mem = mem,
                                   .refusal = "`query` template isn't supported in replay mode"};
    if (rule->recording)
        return recording_replay(rule->recording, result, mem, out, err);
    return alerting_replay(rule->alerting, result, p->start, p->end, 0, &queries, mem, out, NULL,
                           err);
}

static void on_answer(void *owner, const struct query_outcome *outcome, const struct err *err)
{
    struct piece *p = owner;
    struct replay *r = p->run->replay;
    p->query = NULL;
    if (!outcome->result) {
        query_failed(p, err);
        return;
    }
    struct err why = ERR_INIT;
    struct series_list out = {.mem = outcome->mem};
    bool ok = apply(p, outcome->result, outcome->mem, &out, &why);
    if (ok && out.count && !r->opt->push(r->opt->owner, out.items, out.count, &why))
        ok = err_wrap(&why, "remote write failure");
    if (!ok) {
        fail(p->run, &why);
        return;
    }
    for (size_t i = 0; i < out.count; i++)
        r->samples += out.items[i].sample_count;
    piece_done(p);
}

static void ask(struct piece *p)
{
    struct replay *r = p->run->replay;
    const struct group_conf *g = group_of(r);
    if (r->opt->is_busy && r->opt->is_busy(r->opt->owner)) {
        env_timer_after(r->shared->env, &p->retry, REPLAY_BUSY_PAUSE);
        return;
    }
    struct query_request request = {
        .type = g->type,
        .expr = any_rule_base(&p->run->rule)->conf->expr,
        .ts = p->end,
        .interval = g->interval,
        .is_range = true,
        .start = p->start,
        .end = p->end,
        .step = g->interval,
        .params = &g->params,
        .headers = g->headers,
        .header_count = g->header_count,
    };
    p->attempt++;
    p->query = r->opt->datasource.start(r->opt->datasource.owner, &request, on_answer, p);
}

static void start_piece(struct rule_run *run, struct piece *p)
{
    struct replay *r = run->replay;
    *p = (struct piece){.run = run, .is_busy = true, .start = run->next};
    p->end = MIN(add_saturated(run->next, piece_length(r)), r->opt->to.t);
    timer_init(&p->retry, on_retry, p);
    run->next = p->end;
    run->open++;
    ask(p);
}

static bool has_more(const struct rule_run *run)
{
    // Without attempts nothing is executed at all.
    return run->next < run->replay->opt->to.t && run->replay->opt->retry_attempts > 0;
}

static void start_pieces(struct rule_run *run)
{
    struct replay *r = run->replay;
    for (size_t i = 0; i < run->piece_count && has_more(run); i++) {
        if (!run->pieces[i].is_busy)
            start_piece(run, &run->pieces[i]);
    }
    if (run->open || has_more(run))
        return;
    run->is_done = true;
    r->open--;
    schedule(r, is_sequential(r) ? r->opt->rules_delay : 0);
}

// ---- rules and groups --------------------------------------------------------------------------

static void start_run(struct rule_run *run)
{
    struct replay *r = run->replay;
    run->is_started = true;
    r->open++;
    print_rule(run);
    start_pieces(run);
}

static struct rule_run *next_run(const struct replay *r)
{
    for (size_t i = 0; i < r->run_count; i++) {
        if (!r->runs[i].is_started)
            return &r->runs[i];
    }
    return NULL;
}

static void make_run(struct replay *r, const struct rule_conf *conf)
{
    struct rule_run *run = &r->runs[r->run_count++];
    *run = (struct rule_run){.replay = r, .next = r->opt->from.t};
    if (conf->is_recording)
        run->rule.recording = recording_new(r->shared, r->files, group_of(r), conf);
    else
        run->rule.alerting = alerting_new(r->shared, r->files, group_of(r), conf);
    // What a pending alert becomes depends on the piece before.
    bool is_chained = !conf->is_recording && conf->for_ns > 0;
    run->piece_count = is_chained ? 1 : (size_t)CLAMP(r->opt->rule_concurrency, 1, 1000);
    run->pieces = mem_array(struct piece, run->piece_count);
    memset(run->pieces, 0, run->piece_count * sizeof(*run->pieces));
    for (size_t i = 0; i < run->piece_count; i++)
        timer_init(&run->pieces[i].retry, on_retry, &run->pieces[i]);
}

static void start_group(struct replay *r)
{
    const struct group_conf *g = group_of(r);
    print_group(r);
    r->runs = mem_array(struct rule_run, g->rule_count + 1);
    for (size_t i = 0; i < g->rule_count; i++)
        make_run(r, &g->rules[i]);
}

static void finish_group(struct replay *r)
{
    free_runs(r);
    r->group++;
    schedule(r, 0);
}

// Goes on with whatever comes next: begins a group or rules of it, or ends.
static void on_step(void *owner)
{
    struct replay *r = owner;
    if (r->group == r->files->group_count) {
        end(r);
        return;
    }
    if (!r->runs)
        start_group(r);
    size_t places = is_sequential(r) ? 1 : group_of(r)->concurrency;
    struct rule_run *run;
    while (r->open < places && (run = next_run(r)))
        start_run(run);
    if (r->open == 0 && !next_run(r))
        finish_group(r);
}

static void schedule(struct replay *r, dur_ns pause)
{
    env_timer_after(r->shared->env, &r->timer, pause);
}

struct replay *replay_start(const struct rules_shared *shared, struct rule_files *files,
                            const struct replay_options *opt, replay_done_fn *on_done, void *owner)
{
    struct replay *r = mem_new(struct replay);
    r->shared = shared;
    r->files = files;
    r->opt = opt;
    r->on_done = on_done;
    r->owner = owner;
    timer_init(&r->timer, on_step, r);
    print_start(r);
    schedule(r, 0);
    return r;
}

// ---- the range ---------------------------------------------------------------------------------

static bool read_time(const char *flag, str text, struct zoned_time *ret, struct err *err)
{
    struct arena mem = {0};
    struct gotime t;
    bool ok = gotime_parse(S("2006-01-02T15:04:05Z07:00"), text, &mem, &t, err);
    if (ok)
        *ret = (struct zoned_time){gotime_unix_ns(&t), t.offset_s};
    arena_done(&mem);
    if (ok)
        return true;
    struct buf quoted = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&quoted, text);
    err_wrap(err, "failed to parse %s=%.*s", flag, STR(buf_str(&quoted)));
    buf_done(&quoted);
    return false;
}

bool replay_read_range(struct replay_options *opt, str from, str to, time_ns now, struct err *err)
{
    if (opt->max_datapoints < 1)
        return err_set(err, ERR_INVALID, "replay.maxDatapointsPerQuery can't be lower than 1");
    if (!read_time("replay.timeFrom", from, &opt->from, err))
        return false;
    opt->to = (struct zoned_time){now, opt->from.offset_s};
    if (to.n && !read_time("replay.timeTo", to, &opt->to, err))
        return false;
    if (opt->to.t > opt->from.t)
        return true;
    struct buf first = {0}, last = {0};
    put_time(&first, opt->from);
    put_time(&last, opt->to);
    err_set(err, ERR_INVALID, "replay.timeTo=%.*s must be bigger than replay.timeFrom=%.*s",
            STR(buf_str(&last)), STR(buf_str(&first)));
    buf_done(&first);
    buf_done(&last);
    return false;
}
