// SPDX-License-Identifier: Apache-2.0
// Machines: their clocks, their one process, and its timers and jobs.
#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "tests/sim/sim_internal.h"

#define CLOCK_FAR     DUR_DAYS(36500) // deadlines behind this never come
#define WORK_TIME_MIN DUR_US(20)
#define WORK_TIME_MAX DUR_MS(3)
#define PORT_FIRST    32768 // of those the kernel picks

// ---- clocks --------------------------------------------------------------------------------

mono_ns sim_node_mono(const struct sim_node *n)
{
    __extension__ typedef __int128 i128;
    dur_ns passed = n->world->now - n->clock_since;
    return n->clock_base + passed + (dur_ns)((i128)passed * n->drift_ppm / 1000000);
}

time_ns sim_node_wall(const struct sim_node *n)
{
    return n->world->opt.start + sim_node_mono(n) + n->wall_offset;
}

// The first moment of virtual time at which this node's clock shows `at` or more.
static mono_ns world_time(const struct sim_node *n, mono_ns at)
{
    dur_ns ahead = sub_saturated(at, sim_node_mono(n));
    if (ahead <= 0)
        return n->world->now;
    if (ahead >= CLOCK_FAR)
        return MONO_NEVER;
    if (n->drift_ppm == 0)
        return n->world->now + ahead;
    // At most 2 ns of rounding; what fires too early is armed again by proc_wake().
    return n->world->now + (dur_ns)((double)ahead * 1e6 / (double)(1000000 + n->drift_ppm)) + 1;
}

static void proc_arm(struct sim_proc *p)
{
    const struct heap_node *first = heap_first(&p->timers);
    if (list_is_linked(&p->wake.link))
        return; // already waits in the inbox
    if (!first) {
        sim_event_cancel(&p->wake);
        return;
    }
    mono_ns when = world_time(p->node, first->key);
    if (!heap_has(&p->wake.node) || p->wake.node.key != when)
        sim_event_at(&p->wake, when);
}

void sim_clock_jump(struct sim_node *n, dur_ns by)
{
    n->wall_offset += by;
}

void sim_clock_drift(struct sim_node *n, int64_t ppm)
{
    assert(ppm > -1000000);
    n->clock_base = sim_node_mono(n);
    n->clock_since = n->world->now;
    n->drift_ppm = ppm;
    if (!n->proc->is_dead)
        proc_arm(n->proc);
}

void sim_node_utc_offset(struct sim_node *n, int32_t east_s)
{
    n->utc_offset_s = east_s;
}

// ---- timers and jobs -----------------------------------------------------------------------

// One timer per event, so that invariants are checked after each.
static void proc_wake(struct sim_event *ev)
{
    struct sim_proc *p = container_of(ev, struct sim_proc, wake);
    struct heap_node *first = heap_first(&p->timers);
    if (first && first->key <= sim_node_mono(p->node)) {
        heap_remove(&p->timers, first);
        struct timer *t = container_of(first, struct timer, node);
        t->on_fire(t->owner);
    }
    if (!p->is_dead)
        proc_arm(p);
}

static void timer_set(struct env *e, struct timer *t, mono_ns at)
{
    struct sim_proc *p = sim_proc(e);
    if (p->is_dead)
        return;
    SIM_CHECK(t->on_fire, "a timer without a function");
    heap_remove(&p->timers, &t->node);
    heap_insert(&p->timers, &t->node, at);
    proc_arm(p);
}

static void timer_cancel(struct env *e, struct timer *t)
{
    struct sim_proc *p = sim_proc(e);
    if (p->is_dead || !heap_has(&t->node))
        return;
    heap_remove(&p->timers, &t->node);
    proc_arm(p);
}

struct work {
    struct sim_object obj;
    struct sim_event event;
    void (*run)(void *job);
    void (*on_done)(void *job);
    void *job;
};

static void work_finish(struct work *work)
{
    struct work w = *work;
    sim_object_done(&work->obj);
    mem_free(work);
    w.run(w.job);
    w.on_done(w.job);
}

static void on_work(struct sim_event *ev)
{
    work_finish(container_of(ev, struct work, event));
}

// The job's memory has no other owner than its on_done.
static void work_crash(struct sim_object *o)
{
    struct work *work = container_of(o, struct work, obj);
    sim_event_cancel(&work->event);
    work_finish(work);
}

static void work_free(struct sim_object *o)
{
    mem_free(container_of(o, struct work, obj));
}

static const struct sim_class WORK = {"job", work_crash, work_free};

static void work_start(struct env *e, void (*run)(void *job), void (*on_done)(void *job), void *job)
{
    struct sim_proc *p = sim_proc(e);
    struct work *work = mem_new(struct work);
    *work = (struct work){.run = run, .on_done = on_done, .job = job};
    sim_object_init(&work->obj, p, &WORK);
    sim_event_init(&work->event, p->node->world, SIM_EV_WORK, p->node, on_work);
    if (!p->is_dead)
        sim_event_after(&work->event, sim_between(p->node->world, WORK_TIME_MIN, WORK_TIME_MAX));
}

// ---- processes -----------------------------------------------------------------------------

void sim_object_init(struct sim_object *o, struct sim_proc *proc, const struct sim_class *class)
{
    o->proc = proc;
    o->class = class;
    list_append(&proc->objects, &o->link);
}

void sim_object_done(struct sim_object *o)
{
    list_remove(&o->link);
}

static time_ns log_now(void *owner)
{
    return sim_node_wall(((struct sim_proc *)owner)->node);
}

static void log_line(void *owner, enum log_level level, str line)
{
    (void)level;
    struct sim_proc *p = owner;
    if (!p->is_dead)
        sim_log_line(p->node->world, p->node->name, line);
}

static struct sim_proc *proc_new(struct sim_node *n)
{
    struct sim_proc *p = mem_new(struct sim_proc);
    p->node = n;
    p->sink = (struct log_sink){.level = n->world->log_level, .now = log_now, .write = log_line};
    p->sink.owner = p;
    p->env = (struct env){.ops = &SIM_OPS, .log = log_root(&p->sink)};
    list_init(&p->objects);
    list_init(&p->corpses);
    sim_event_init(&p->wake, n->world, SIM_EV_TIMER, n, proc_wake);
    rand_seed(&p->rand, hash_mix(n->world->opt.seed, (uint64_t)n->index << 32 | ++n->proc_count));
    return p;
}

// What is open dies. Callbacks that free memory run here and may open more, which dies in turn.
static void proc_bury(struct sim_proc *p)
{
    for (struct list *l; (l = list_take_first(&p->objects)) != NULL;) {
        struct sim_object *o = list_item(l, struct sim_object, link);
        list_append(&p->corpses, &o->link);
        o->class->crash(o);
    }
}

static void proc_kill(struct sim_proc *p)
{
    p->is_dead = true;
    for (struct heap_node *first; (first = heap_first(&p->timers)) != NULL;)
        heap_remove(&p->timers, first);
    sim_event_cancel(&p->wake);
    proc_bury(p);
}

// A program that was killed inside its own callback has gone on to the callback's end: the jobs
// that it started on the way own their memory.
void sim_node_after_event(struct sim_node *n)
{
    if (n->proc->is_dead)
        proc_bury(n->proc);
}

static void free_objects(struct list *objects)
{
    for (struct list *l; (l = list_take_first(objects)) != NULL;) {
        struct sim_object *o = list_item(l, struct sim_object, link);
        o->class->free(o);
    }
}

static void proc_free(struct sim_proc *p)
{
    free_objects(&p->corpses);
    free_objects(&p->objects);
    heap_done(&p->timers);
    mem_free(p);
}

size_t sim_node_open_count(const struct sim_node *n)
{
    size_t count = n->proc->timers.count;
    list_each (l, &n->proc->objects)
        count++;
    return n->proc->is_dead ? 0 : count;
}

bool sim_node_is_alive(const struct sim_node *n)
{
    return !n->proc->is_dead;
}

static void node_kill(struct sim_node *n)
{
    if (n->proc->is_dead)
        return;
    proc_kill(n->proc);
    n->is_frozen = false;
    n->busy_until = n->world->now;
}

void sim_node_crash(struct sim_node *n)
{
    sim_note(n->world, "kill -9 %s", n->name);
    node_kill(n);
}

void sim_node_power_loss(struct sim_node *n)
{
    sim_note(n->world, "power loss at %s", n->name);
    n->is_off = true;
    node_kill(n);
    sim_disk_forget_unsynced(n);
}

static void check_clean_end(const struct sim_proc *p)
{
    SIM_CHECK(p->timers.count == 0, "%s ended with %u timers set", p->node->name, p->timers.count);
    if (!list_is_empty(&p->objects))
        sim_breach("%s ended with a %s open", p->node->name,
                   list_item(p->objects.next, struct sim_object, link)->class->name);
}

void sim_node_restart(struct sim_node *n)
{
    if (!n->proc->is_dead)
        check_clean_end(n->proc);
    sim_event_cancel(&n->proc->wake);
    proc_free(n->proc);
    sim_note(n->world, "start of %s", n->name);
    n->is_off = n->is_frozen = false;
    n->proc = proc_new(n);
    if (n->on_start)
        n->on_start(n, n->on_start_ctx);
}

// ---- machines ------------------------------------------------------------------------------

// Takes one event out of the inbox and keeps the program busy with it.
static void on_turn(struct sim_event *turn)
{
    struct sim_node *n = container_of(turn, struct sim_node, turn);
    if (n->is_frozen)
        return;
    struct list *l = list_take_first(&n->inbox);
    if (l) {
        n->busy_until = n->world->now + n->delay;
        sim_event_run(list_item(l, struct sim_event, link));
    }
    if (!list_is_empty(&n->inbox) && !n->is_frozen)
        sim_event_at(&n->turn, n->busy_until);
}

bool sim_node_dispatch(struct sim_event *ev)
{
    struct sim_node *n = ev->at;
    bool is_idle = n->busy_until <= n->world->now && list_is_empty(&n->inbox);
    if (is_idle && !n->is_frozen) {
        n->busy_until = n->world->now + n->delay;
        sim_event_run(ev);
        return true;
    }
    list_append(&n->inbox, &ev->link);
    if (!n->is_frozen && !sim_event_is_pending(&n->turn))
        sim_event_at(&n->turn, n->busy_until);
    return false;
}

void sim_node_freeze(struct sim_node *n)
{
    sim_note(n->world, "freeze %s", n->name);
    n->is_frozen = true;
}

void sim_node_thaw(struct sim_node *n)
{
    if (!n->is_frozen)
        return;
    sim_note(n->world, "thaw %s", n->name);
    n->is_frozen = false;
    if (!list_is_empty(&n->inbox))
        sim_event_at(&n->turn, n->busy_until);
}

void sim_node_slow(struct sim_node *n, dur_ns per_event)
{
    n->delay = per_event;
}

static uint64_t ip_hash(const struct addr *a)
{
    return hash_seeded(a->ip_bytes, str_from(a->ip, a->ip_bytes));
}

static bool has_ip(const void *item, const void *key)
{
    const struct addr *a = &((const struct sim_node *)item)->ip;
    const struct addr *b = key;
    return a->ip_bytes == b->ip_bytes && memcmp(a->ip, b->ip, a->ip_bytes) == 0;
}

struct sim_node *sim_node_by_ip(struct sim_world *w, const struct addr *a)
{
    return map_find(&w->nodes_by_ip, ip_hash(a), has_ip, a);
}

struct sim_node *sim_node_find(struct sim_world *w, const char *name)
{
    for (size_t i = 0; i < w->node_count; i++) {
        if (str_eq(str_c(w->nodes[i]->name), str_c(name)))
            return w->nodes[i];
    }
    return NULL;
}

struct sim_node *sim_node_new(struct sim_world *w, const char *name, const char *ip)
{
    struct addr addr;
    if (!addr_parse_ip(str_c(ip), &addr))
        panic("not an IP address: %s", ip);
    if (sim_node_by_ip(w, &addr) || sim_node_find(w, name))
        panic("two nodes share the name %s or the address %s", name, ip);
    struct sim_node *n = mem_new(struct sim_node);
    n->world = w;
    n->name = mem_dup(str_c(name));
    n->ip = addr;
    n->index = (uint32_t)w->node_count;
    n->clock_since = w->now;
    n->clock_base = w->now;
    n->next_port = PORT_FIRST;
    list_init(&n->inbox);
    list_init(&n->sockets);
    sim_disk_init(&n->disk);
    sim_event_init(&n->turn, w, SIM_EV_TURN, NULL, on_turn);
    w->nodes = mem_resize(w->nodes, w->node_count + 1, sizeof(struct sim_node *));
    w->nodes[w->node_count++] = n;
    map_insert(&w->nodes_by_ip, ip_hash(&n->ip), n);
    n->proc = proc_new(n);
    return n;
}

void sim_node_free(struct sim_node *n)
{
    sim_event_cancel(&n->turn);
    proc_free(n->proc);
    sim_disk_done(&n->disk);
    mem_free(n->on_start_ctx);
    mem_free(n->links);
    mem_free(n->name);
    mem_free(n);
}

struct env *sim_node_env(struct sim_node *n)
{
    return &n->proc->env;
}

const char *sim_node_name(const struct sim_node *n)
{
    return n->name;
}

struct addr sim_node_addr(const struct sim_node *n, uint16_t port)
{
    struct addr a = n->ip;
    a.port = port;
    return a;
}

// ---- the table -----------------------------------------------------------------------------

static time_ns op_now(struct env *e)
{
    return sim_node_wall(sim_proc(e)->node);
}

static mono_ns op_mono(struct env *e)
{
    return sim_node_mono(sim_proc(e)->node);
}

static uint64_t op_random(struct env *e)
{
    return rand_u64(&sim_proc(e)->rand);
}

static int32_t op_utc_offset_s(struct env *e, time_ns t)
{
    (void)t;
    return sim_proc(e)->node->utc_offset_s;
}

const struct env_ops SIM_OPS = {
    .now = op_now,
    .mono = op_mono,
    .random = op_random,
    .utc_offset_s = op_utc_offset_s,
    .timer_set = timer_set,
    .timer_cancel = timer_cancel,
    .udp_open = sim_udp_open,
    .udp_send = sim_udp_send,
    .udp_close = sim_udp_close,
    .listen = sim_listen,
    .listener_close = sim_listener_close,
    .dial = sim_dial,
    .tls_new = sim_tls_new,
    .tls_free = sim_tls_free,
    .listen_tls = sim_listen_tls,
    .dial_tls = sim_dial_tls,
    .stream_starttls = sim_stream_starttls,
    .stream_events = sim_stream_events,
    .stream_write = sim_stream_write,
    .stream_pending = sim_stream_pending,
    .stream_close = sim_stream_close,
    .resolve = sim_resolve,
    .resolve_cancel = sim_resolve_cancel,
    .http = sim_http,
    .http_cancel = sim_http_cancel,
    .http_listen = sim_http_listen,
    .http_server_stop = sim_http_server_stop,
    .file_read = sim_file_read,
    .file_replace = sim_file_replace,
    .file_rename = sim_file_rename,
    .dir_make = sim_env_dir_make,
    .glob = sim_glob,
    .append_open = sim_append_open,
    .append = sim_append,
    .append_close = sim_append_close,
    .work = work_start,
};
