// SPDX-License-Identifier: Apache-2.0
// The queue of events, virtual time, chance, and the log of a world.
#include <stdarg.h>

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "tests/sim/sim_internal.h"

#define START_DEFAULT 1767571200000000000 // 2026-01-05T00:00:00Z, a Monday
#define LOG_BYTES_MAX ((size_t)4 << 20)
#define SEED_OF_SALT  0x746f6373696eULL
#define LATENCY_MIN   DUR_US(200)
#define LATENCY_MAX   DUR_MS(2)

static struct sim_world *last_world;

void sim_breach(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char text[512];
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    panic("the contract of base/env.h was broken: %s", text);
}

// ---- events --------------------------------------------------------------------------------

void sim_event_init(struct sim_event *ev, struct sim_world *w, enum sim_event_kind kind,
                    struct sim_node *at, sim_event_fn *run)
{
    *ev = (struct sim_event){.run = run, .world = w, .at = at, .kind = kind};
}

bool sim_event_is_pending(const struct sim_event *ev)
{
    return heap_has(&ev->node) || list_is_linked(&ev->link);
}

void sim_event_cancel(struct sim_event *ev)
{
    if (heap_has(&ev->node))
        heap_remove(&ev->world->events, &ev->node);
    list_remove(&ev->link);
}

void sim_event_at(struct sim_event *ev, mono_ns when)
{
    sim_event_cancel(ev);
    heap_insert(&ev->world->events, &ev->node, MAX(when, ev->world->now));
}

void sim_event_after(struct sim_event *ev, dur_ns delay)
{
    sim_event_at(ev, add_saturated(ev->world->now, delay));
}

void sim_event_ready(struct sim_event *ev)
{
    if (!sim_event_is_pending(ev))
        list_append(&ev->world->ready, &ev->link);
}

void sim_trace(struct sim_world *w, uint64_t what)
{
    w->trace = hash_mix(w->trace, what);
}

void sim_event_run(struct sim_event *ev)
{
    struct sim_world *w = ev->world;
    w->event_count++;
    sim_trace(w, (uint64_t)w->now);
    sim_trace(w, (uint64_t)ev->kind << 32 | (ev->at ? ev->at->index + 1 : 0));
    struct sim_node *at = ev->at;
    ev->run(ev); // may free it
    if (at)
        sim_node_after_event(at);
}

// ---- running -------------------------------------------------------------------------------

// The event that comes next, still in its list or queue; NULL: none.
static struct sim_event *next_event(struct sim_world *w, mono_ns *ret_when)
{
    *ret_when = w->now;
    if (!list_is_empty(&w->ready))
        return list_item(w->ready.next, struct sim_event, link);
    struct heap_node *first = heap_first(&w->events);
    if (!first)
        return NULL;
    *ret_when = first->key;
    return container_of(first, struct sim_event, node);
}

static void run_next(struct sim_world *w, struct sim_event *ev, mono_ns when)
{
    sim_event_cancel(ev);
    w->now = when;
    if (!ev->at)
        sim_event_run(ev);
    else if (!sim_node_dispatch(ev))
        return;
    if (w->on_event)
        w->on_event(w, w->on_event_ctx);
}

bool sim_step(struct sim_world *w)
{
    mono_ns when;
    struct sim_event *ev = next_event(w, &when);
    if (!ev)
        return false;
    run_next(w, ev, when);
    return true;
}

void sim_run(struct sim_world *w, dur_ns dur)
{
    sim_run_until(w, NULL, NULL, dur);
}

bool sim_run_until(struct sim_world *w, bool (*pred)(void *ctx), void *ctx, dur_ns dur_max)
{
    mono_ns end = add_saturated(w->now, dur_max);
    if (pred && pred(ctx))
        return true;
    mono_ns when;
    for (struct sim_event *ev; (ev = next_event(w, &when)) != NULL && when <= end;) {
        run_next(w, ev, when);
        if (pred && pred(ctx))
            return true;
    }
    w->now = end;
    return false;
}

struct script {
    struct sim_event event;
    struct list link;
    void (*fn)(void *ctx);
    void *ctx;
};

static void on_script(struct sim_event *ev)
{
    struct script *s = container_of(ev, struct script, event);
    void (*fn)(void *) = s->fn;
    void *ctx = s->ctx;
    list_remove(&s->link);
    mem_free(s);
    fn(ctx);
}

void sim_at(struct sim_world *w, dur_ns after, void (*fn)(void *ctx), void *ctx)
{
    struct script *s = mem_new(struct script);
    s->fn = fn;
    s->ctx = ctx;
    sim_event_init(&s->event, w, SIM_EV_SCRIPT, NULL, on_script);
    sim_event_after(&s->event, after);
    list_append(&w->scripts, &s->link);
}

void sim_on_event(struct sim_world *w, void (*fn)(struct sim_world *w, void *ctx), void *ctx)
{
    w->on_event = fn;
    w->on_event_ctx = ctx;
}

// ---- chance --------------------------------------------------------------------------------

uint64_t sim_random(struct sim_world *w)
{
    return rand_u64(&w->rand);
}

uint64_t sim_random_below(struct sim_world *w, uint64_t n)
{
    return rand_below(&w->rand, n);
}

bool sim_chance(struct sim_world *w, double percent)
{
    return percent > 0 && rand_unit(&w->rand) * 100 < percent;
}

dur_ns sim_between(struct sim_world *w, dur_ns min, dur_ns max)
{
    return max <= min ? min : min + (dur_ns)rand_below(&w->rand, (uint64_t)(max - min) + 1);
}

// ---- the world -----------------------------------------------------------------------------

struct sim_world *sim_world_new(const struct sim_options *options)
{
    struct sim_world *w = mem_new(struct sim_world);
    w->opt = *options;
    if (!w->opt.latency_max) {
        w->opt.latency_min = w->opt.latency_min ? w->opt.latency_min : LATENCY_MIN;
        w->opt.latency_max = MAX(w->opt.latency_min, LATENCY_MAX);
    }
    if (!w->opt.start)
        w->opt.start = START_DEFAULT;
    w->log_level = LOG_WARN;
    if (w->opt.log_level && !log_level_parse(str_c(w->opt.log_level), &w->log_level))
        panic("unknown log level %s", w->opt.log_level);
    w->opt.log_level = NULL;
    rand_seed(&w->rand, w->opt.seed ^ SEED_OF_SALT);
    list_init(&w->ready);
    list_init(&w->scripts);
    list_init(&w->datagrams);
    list_init(&w->conns);
    list_init(&w->names);
    w->previous = last_world;
    last_world = w;
    return w;
}

static void forget_world(const struct sim_world *w)
{
    for (struct sim_world **at = &last_world; *at; at = &(*at)->previous) {
        if (*at == w) {
            *at = w->previous;
            return;
        }
    }
}

void sim_world_free(struct sim_world *w)
{
    if (!w)
        return;
    forget_world(w);
    for (size_t i = 0; i < w->node_count; i++)
        sim_node_free(w->nodes[i]);
    sim_tcp_free(w);
    sim_net_free(w);
    sim_dns_free(w);
    for (struct list *l; (l = list_take_first(&w->scripts)) != NULL;)
        mem_free(list_item(l, struct script, link));
    mem_free(w->nodes);
    map_done(&w->nodes_by_ip);
    heap_done(&w->events);
    buf_done(&w->log);
    mem_free(w);
}

struct sim_world *sim_world_last(void)
{
    return last_world;
}

uint64_t sim_seed(const struct sim_world *w)
{
    return w->opt.seed;
}

mono_ns sim_now(const struct sim_world *w)
{
    return w->now;
}

time_ns sim_true_time(const struct sim_world *w)
{
    return w->opt.start + w->now;
}

uint64_t sim_event_count(const struct sim_world *w)
{
    return w->event_count;
}

uint64_t sim_trace_hash(const struct sim_world *w)
{
    return w->trace;
}

// ---- log -----------------------------------------------------------------------------------

// Drops the older half when full: whole lines, and seldom.
static void make_room(struct buf *log, size_t bytes)
{
    if (log->n + bytes <= LOG_BYTES_MAX)
        return;
    size_t cut = str_find(str_skip(buf_str(log), log->n / 2), '\n');
    buf_remove_front(log, cut == STR_NONE ? log->n : log->n / 2 + cut + 1);
}

void sim_log_line(struct sim_world *w, const char *who, str line)
{
    make_room(&w->log, line.n + 64);
    buf_printf(&w->log, "%12.6f %-4s ", dur_to_seconds(w->now), who);
    buf_put(&w->log, line);
}

void sim_note(struct sim_world *w, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text) - 1, fmt, args);
    va_end(args);
    n = CLAMP(n, 0, (int)sizeof(text) - 2);
    text[n] = '\n';
    sim_log_line(w, "test", str_from(text, (size_t)n + 1));
}

void sim_dump_log(const struct sim_world *w, FILE *to)
{
    fprintf(to, "---- world of seed %llu after %.6f s, %llu events, trace %016llx\n",
            (unsigned long long)w->opt.seed, dur_to_seconds(w->now),
            (unsigned long long)w->event_count, (unsigned long long)w->trace);
    fwrite(w->log.p, 1, w->log.n, to);
    fflush(to);
}
