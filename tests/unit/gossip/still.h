// SPDX-License-Identifier: Apache-2.0
// still.h: one member in a world that stands still, for tests of what it does with what it is told:
// packets it sends are kept, streams are bytes in and bytes out, time moves when the test says so.
#pragma once
#include "base/core/alloc.h"
#include "base/core/rand.h"
#include "gossip/swim.h"

struct stream {
    const struct stream_events *events;
    void *owner;
    struct buf written;
    bool is_closed;
};

struct still_packet {
    struct addr to;
    struct buf bytes;
};

#define STILL_PACKETS_MAX 64
#define STILL_JOBS_MAX    16

struct still_job { // for a worker
    void (*run)(void *job);
    void (*on_done)(void *job);
    void *job;
};

struct still {
    struct env env;
    struct rand rand;
    struct timer_queue timers;
    mono_ns now;
    struct transport transport;
    struct still_packet packets[STILL_PACKETS_MAX]; // sent; further ones are only counted
    size_t packet_count;
    struct stream stream; // the one stream there is
    struct still_job jobs[STILL_JOBS_MAX];
    size_t job_count;
    struct swim *swim;
    struct buf events; // "join a\n" …
    struct buf users;  // "<message>\n" in hex
    struct buf local;  // user state that is sent
    struct buf remote; // user states that came
};

static UNUSED struct still *still_of(struct env *env)
{
    return container_of(env, struct still, env);
}

static UNUSED time_ns still_now(struct env *env)
{
    return DUR_SECONDS(1767571200) + still_of(env)->now;
}

static UNUSED mono_ns still_mono(struct env *env)
{
    return still_of(env)->now;
}

static UNUSED uint64_t still_random(struct env *env)
{
    return rand_u64(&still_of(env)->rand);
}

static UNUSED void still_timer_set(struct env *env, struct timer *t, mono_ns at)
{
    timer_queue_set(&still_of(env)->timers, t, at);
}

static UNUSED void still_timer_cancel(struct env *env, struct timer *t)
{
    timer_queue_cancel(&still_of(env)->timers, t);
}

static UNUSED void still_stream_events(struct stream *s, const struct stream_events *events,
                                       void *owner)
{
    s->events = events;
    s->owner = owner;
}

static UNUSED void still_stream_write(struct stream *s, str data)
{
    buf_put(&s->written, data);
}

static UNUSED void still_stream_close(struct stream *s)
{
    s->is_closed = true;
}

static UNUSED void still_work(struct env *env, void (*run)(void *job), void (*on_done)(void *job),
                              void *job)
{
    struct still *w = still_of(env);
    assert(w->job_count < STILL_JOBS_MAX);
    w->jobs[w->job_count++] = (struct still_job){run, on_done, job};
}

static UNUSED void still_do_work(struct still *w)
{
    while (w->job_count > 0) {
        struct still_job job = w->jobs[--w->job_count];
        job.run(job.job);
        job.on_done(job.job);
    }
}

static const struct env_ops STILL_ENV_OPS = {
    .now = still_now,
    .mono = still_mono,
    .random = still_random,
    .timer_set = still_timer_set,
    .timer_cancel = still_timer_cancel,
    .stream_events = still_stream_events,
    .stream_write = still_stream_write,
    .stream_close = still_stream_close,
    .work = still_work,
};

static UNUSED void still_send(struct transport *t, const struct addr *to, str packet)
{
    struct still *w = container_of(t, struct still, transport);
    if (w->packet_count < STILL_PACKETS_MAX) {
        w->packets[w->packet_count].to = *to;
        buf_put(&w->packets[w->packet_count].bytes, packet);
    }
    w->packet_count++;
}

static UNUSED struct stream *still_dial(struct transport *t, const struct addr *to,
                                        const struct stream_events *events, void *owner)
{
    (void)to;
    struct still *w = container_of(t, struct still, transport);
    w->stream.events = events;
    w->stream.owner = owner;
    w->stream.is_closed = false;
    buf_clear(&w->stream.written);
    return &w->stream;
}

static UNUSED void still_close(struct transport *t)
{
    (void)t;
}

static const struct transport_ops STILL_TRANSPORT_OPS = {still_send, still_dial, still_close};

static UNUSED void still_note(void *owner, const char *what, str name)
{
    buf_printf(&((struct still *)owner)->events, "%s %.*s\n", what, STR(name));
}

static UNUSED void still_on_join(void *owner, struct member *m)
{
    still_note(owner, "join", m->name);
}

static UNUSED void still_on_leave(void *owner, struct member *m)
{
    still_note(owner, "leave", m->name);
}

static UNUSED void still_on_update(void *owner, struct member *m)
{
    still_note(owner, "update", m->name);
}

static UNUSED void still_on_suspect(void *owner, struct member *m)
{
    (void)owner;
    (void)m;
}

static UNUSED void still_on_conflict(void *owner, struct member *m, const struct addr *other)
{
    (void)other;
    (void)owner;
    (void)m;
}

static UNUSED void still_on_user(void *owner, str message, struct member *from)
{
    (void)from;
    struct still *w = owner;
    buf_put_hex(&w->users, message);
    buf_put_c(&w->users, '\n');
}

static UNUSED bool still_local_state(void *owner, struct buf *out, struct err *err)
{
    (void)err;
    buf_put(out, buf_str(&((struct still *)owner)->local));
    return true;
}

static UNUSED void still_remote_state(void *owner, str state, struct member *from)
{
    (void)from;
    buf_put(&((struct still *)owner)->remote, state);
}

static UNUSED void still_on_left(void *owner)
{
    still_note(owner, "left", S("us"));
}

static const struct swim_ops STILL_SWIM_OPS = {
    still_on_join, still_on_leave,    still_on_update,    still_on_suspect, still_on_conflict,
    still_on_user, still_local_state, still_remote_state, still_on_left,
};

static UNUSED struct still *still_new(const char *name, const char *addr_text)
{
    struct still *w = mem_new(struct still);
    struct addr addr = {0};
    w->env.ops = &STILL_ENV_OPS;
    w->transport.ops = &STILL_TRANSPORT_OPS;
    rand_seed(&w->rand, 1);
    bool is_addr = addr_parse(str_c(addr_text), &addr);
    assert(is_addr);
    w->transport.bound = addr;
    w->swim = swim_new(&w->env,
                       &(struct swim_options){
                           .name = str_c(name),
                           .gossip_interval = DUR_MS(200),
                           .pushpull_interval = DUR_MINUTES(1),
                           .tcp_timeout = DUR_SECONDS(10),
                           .probe_timeout = DUR_MS(500),
                           .probe_interval = DUR_SECONDS(1),
                           .user_multiplier = 3,
                           .gossip_nodes = 3,
                       },
                       &STILL_SWIM_OPS, w);
    swim_start(w->swim, &w->transport, &addr);
    buf_clear(&w->events);
    return w;
}

static UNUSED void still_forget_packets(struct still *w)
{
    for (size_t i = 0; i < MIN(w->packet_count, (size_t)STILL_PACKETS_MAX); i++)
        buf_clear(&w->packets[i].bytes);
    w->packet_count = 0;
}

static UNUSED void still_free(struct still *w)
{
    swim_free(w->swim);
    still_do_work(w); // for whom nobody waits
    for (size_t i = 0; i < STILL_PACKETS_MAX; i++)
        buf_done(&w->packets[i].bytes);
    buf_done(&w->stream.written);
    buf_done(&w->events);
    buf_done(&w->users);
    buf_done(&w->local);
    buf_done(&w->remote);
    assert(w->timers.heap.count == 0); // nothing is left behind
    timer_queue_done(&w->timers);
    mem_free(w);
}

// Moves the time, running what becomes due on the way.
static UNUSED void still_run(struct still *w, dur_ns dur)
{
    mono_ns end = w->now + dur;
    still_do_work(w);
    for (mono_ns next; (next = timer_queue_next(&w->timers)) <= end;) {
        w->now = MAX(w->now, next);
        timer_queue_run(&w->timers, w->now);
    }
    w->now = end;
}

// A stream comes in, all its bytes at once; what was answered is in w->stream.written.
static UNUSED void still_stream(struct still *w, str bytes, size_t piece)
{
    struct addr from = {.ip = {127, 0, 0, 1}, .ip_bytes = 4, .port = 40000};
    buf_clear(&w->stream.written);
    w->stream.is_closed = false;
    swim_transport_events.on_stream(w->swim, &w->stream, &from, S(""));
    for (size_t at = 0; at < bytes.n && !w->stream.is_closed; at += piece)
        w->stream.events->on_data(w->stream.owner, str_slice(bytes, at, at + piece));
    still_do_work(w);
}

// Unpacks what was written to a stream: the message inside the compress message.
static UNUSED bool still_answer(struct still *w, struct arena *mem, struct buf *out)
{
    str written = buf_str(&w->stream.written);
    struct err err = ERR_INIT;
    return written.n > 0 && written.p[0] == MSG_COMPRESS &&
           decompress(str_skip(written, 1), STREAM_BYTES_MAX, mem, out, &err);
}
