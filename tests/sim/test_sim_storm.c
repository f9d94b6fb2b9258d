// SPDX-License-Identifier: Apache-2.0
// Programs that do a bit of everything while everything goes wrong: each operation completes once,
// nothing is left behind, and the same seed gives the same run.
#include "base/core/alloc.h"
#include "base/core/list.h"
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"

#define STORM_NODES 4

// A program that does a bit of everything, for ever, and checks what it is told.
struct app {
    struct env *env;
    struct sim_node *node;
    struct timer tick;
    struct udp *udp;
    struct listener *listener;
    struct http_server *http;
    struct appender *log;
    struct list streams, calls;
    uint64_t ticks;
};

struct app_stream {
    struct list link;
    struct app *app;
    struct stream *stream;
    bool is_open;
};

struct app_call {
    struct list link;
    struct app *app;
    struct http_call *call;
};

struct app_job {
    uint64_t in, out;
};

// Now and then the program dies in the middle of a callback, and goes on in vain.
static void dare(struct app *a)
{
    if (env_random_below(a->env, 2000) == 0)
        sim_node_crash(a->node);
}

static void stream_end(void *owner, const struct err *why)
{
    (void)why;
    struct app_stream *s = owner;
    dare(s->app);
    list_remove(&s->link);
    mem_free(s);
}

static void stream_data(void *owner, str data)
{
    struct app_stream *s = owner;
    dare(s->app);
    for (size_t i = 0; i < data.n; i++)
        assert_int_equal(data.p[i], 'x');
    if (env_random_below(s->app->env, 4) == 0) {
        env_stream_close(s->app->env, s->stream);
        stream_end(s, NULL);
    } else if (env_random_below(s->app->env, 2)) {
        env_stream_write(s->app->env, s->stream, S("xxxxxxxxxxxx"));
    }
}

static void stream_open(void *owner)
{
    struct app_stream *s = owner;
    assert_false(s->is_open);
    s->is_open = true;
    env_stream_write(s->app->env, s->stream, S("xxxx"));
}

static const struct stream_events APP_EVENTS = {stream_open, stream_data, stream_end};

static struct app_stream *app_stream_new(struct app *a)
{
    struct app_stream *s = mem_new(struct app_stream);
    s->app = a;
    list_append(&a->streams, &s->link);
    return s;
}

static void app_accept(void *owner, struct stream *stream, const struct addr *from)
{
    (void)from;
    struct app *a = owner;
    dare(a);
    if (env_random_below(a->env, 5) == 0) {
        env_stream_close(a->env, stream);
        return;
    }
    struct app_stream *s = app_stream_new(a);
    s->stream = stream;
    env_stream_events(a->env, stream, &APP_EVENTS, s);
}

static void app_datagram(void *owner, const struct addr *from, str datagram)
{
    struct app *a = owner;
    dare(a);
    if (datagram.n > 1)
        env_udp_send(a->env, a->udp, from, str_skip(datagram, 1));
}

static void app_request(void *owner, struct http_exchange *x)
{
    dare(owner);
    x->reply(x, &(struct http_reply){.status = 200, .body = x->body});
}

static void app_response(void *owner, const struct http_response *response, const struct err *err)
{
    struct app_call *c = owner;
    dare(c->app);
    if (response)
        check_str(response->body, S("ping"));
    else
        assert_true(err->code != ERR_NONE && err->n > 0);
    list_remove(&c->link);
    mem_free(c);
}

static void job_run(void *job)
{
    struct app_job *j = job;
    j->out = j->in + 1;
}

static void job_done(void *job)
{
    struct app_job *j = job;
    assert_true(j->out == j->in + 1);
    mem_free(j);
}

static void app_file_done(void *owner, const struct err *err)
{
    (void)owner; // may be gone: a clean end does not wait for its files
    assert_int_equal(err->code, ERR_NONE);
}

static struct addr somebody(struct app *a, uint16_t port)
{
    return (struct addr){
        .ip = {10, 0, 0, (uint8_t)(1 + env_random_below(a->env, STORM_NODES + 1))},
        .ip_bytes = 4,
        .port = port,
    };
}

static void app_call(struct app *a)
{
    struct app_call *c = mem_new(struct app_call);
    c->app = a;
    list_append(&a->calls, &c->link);
    char url[64];
    snprintf(url, sizeof(url), "http://10.0.0.%d:9093/",
             1 + (int)env_random_below(a->env, STORM_NODES + 1));
    struct http_request request = {.method = S("POST"), .url = str_c(url), .body = S("ping")};
    request.timeout = DUR_MS(1 + (int64_t)env_random_below(a->env, 3000));
    c->call = env_http(a->env, &request, app_response, c);
}

static void app_tick(void *owner)
{
    struct app *a = owner;
    dare(a);
    a->ticks++;
    struct buf bytes = {0};
    buf_put_u64(&bytes, a->ticks);
    struct addr udp = somebody(a, 1), tcp = somebody(a, 2);
    env_udp_send(a->env, a->udp, &udp, S("0123456789"));
    switch (env_random_below(a->env, 6)) {
    case 0: {
        struct app_stream *s = app_stream_new(a);
        s->stream = env_dial(a->env, &tcp, &APP_EVENTS, s);
        break;
    }
    case 1:
        app_call(a);
        break;
    case 2: {
        struct app_job *job = mem_new(struct app_job);
        job->in = a->ticks;
        env_work(a->env, job_run, job_done, job);
        break;
    }
    case 3:
        env_append(a->env, a->log, &bytes, app_file_done, a);
        break;
    case 4:
        env_file_replace(a->env, S("state"), &bytes, app_file_done, a);
        break;
    default:
        break;
    }
    buf_done(&bytes);
    env_timer_after(a->env, &a->tick, DUR_MS((int64_t)env_random_below(a->env, 200)));
}

static struct app *app_new(struct sim_node *node)
{
    struct app *a = mem_new(struct app);
    a->env = sim_node_env(node);
    a->node = node;
    list_init(&a->streams);
    list_init(&a->calls);
    struct addr bind = {.ip_bytes = 4, .port = 1};
    a->udp = env_udp_open(a->env, &bind, app_datagram, a, NULL, NULL);
    bind.port = 2;
    a->listener = env_listen(a->env, &bind, app_accept, a, NULL, NULL);
    struct http_server_options opt = {.listen = S(":9093"), .body_bytes_max = 100};
    opt.handle = app_request;
    opt.owner = a;
    a->http = env_http_listen(a->env, &opt, NULL, NULL);
    a->log = env_append_open(a->env, S("log"), 0, NULL);
    assert_true(a->udp && a->listener && a->http && a->log);
    timer_init(&a->tick, app_tick, a);
    env_timer_after(a->env, &a->tick, 0);
    return a;
}

static void app_free(struct app *a)
{
    env_timer_cancel(a->env, &a->tick);
    env_udp_close(a->env, a->udp);
    env_listener_close(a->env, a->listener);
    env_http_server_stop(a->env, a->http, 0, NULL, NULL);
    env_append_close(a->env, a->log, NULL, NULL);
    list_each_safe (l, &a->streams) {
        struct app_stream *s = list_item(l, struct app_stream, link);
        env_stream_close(a->env, s->stream);
        mem_free(s);
    }
    list_each_safe (l, &a->calls) {
        struct app_call *c = list_item(l, struct app_call, link);
        env_http_cancel(a->env, c->call);
        mem_free(c);
    }
    mem_free(a);
}

struct storm {
    struct sim_world *w;
    struct app *apps[STORM_NODES];
    uint64_t deaths;
    bool is_ending;
};

// After each event: whoever died by its own hand starts again.
static void raise_the_dead(struct sim_world *w, void *ctx)
{
    (void)w;
    struct storm *s = ctx;
    for (size_t i = 0; i < STORM_NODES && !s->is_ending; i++) {
        struct sim_node *n = s->apps[i]->node;
        if (sim_node_is_alive(n))
            continue;
        app_free(s->apps[i]);
        sim_node_restart(n);
        s->apps[i] = app_new(n);
        s->deaths++;
    }
}

static void disturb(struct storm *s)
{
    size_t i = sim_random_below(s->w, STORM_NODES);
    struct app *a = s->apps[i];
    struct sim_node *n = a->node;
    switch (sim_random_below(s->w, 9)) {
    case 0:
    case 1:
        if (sim_chance(s->w, 50))
            sim_node_crash(n);
        else
            sim_node_power_loss(n);
        return; // raise_the_dead() follows after the next event
    case 2:
        sim_partition(s->w, sim_chance(s->w, 50) ? "0 1 | 2 3" : "0 | 1 | 2");
        return;
    case 3:
        sim_heal(s->w);
        return;
    case 4:
        sim_node_freeze(n);
        return;
    case 5:
        sim_node_thaw(n);
        return;
    case 6:
        sim_node_slow(n, DUR_MS((int64_t)sim_random_below(s->w, 20)));
        return;
    case 7:
        sim_clock_jump(n, DUR_HOURS((int64_t)sim_random_below(s->w, 3) - 1));
        sim_clock_drift(n, (int64_t)sim_random_below(s->w, 1000) - 500);
        return;
    default:
        sim_link_set(n, s->apps[sim_random_below(s->w, STORM_NODES)]->node,
                     &(struct sim_link_options){.loss_percent = 50});
        return;
    }
}

static uint64_t storm(uint64_t seed)
{
    struct storm s = {
        .w = sim_world_new(&(struct sim_options){
            .seed = seed, .loss_percent = 3, .duplicate_percent = 3, .reorder = true})};
    sim_on_event(s.w, raise_the_dead, &s);
    for (size_t i = 0; i < STORM_NODES; i++) {
        char name[8], ip[16];
        snprintf(name, sizeof(name), "%zu", i);
        snprintf(ip, sizeof(ip), "10.0.0.%zu", i + 1);
        s.apps[i] = app_new(sim_node_new(s.w, name, ip));
    }
    for (int round = 0; round < 100; round++) {
        sim_run(s.w, DUR_MS((int64_t)sim_random_below(s.w, 2000)));
        disturb(&s);
        if (round % 4 == 0)
            raise_the_dead(s.w, &s); // also where no event comes, since all are dead or frozen
    }
    // A clean end: everything closes, nothing stays open.
    sim_run(s.w, DUR_SECONDS(1));
    s.is_ending = true;
    sim_heal(s.w);
    for (size_t i = 0; i < STORM_NODES; i++) {
        sim_node_thaw(s.apps[i]->node);
        sim_node_slow(s.apps[i]->node, 0);
    }
    struct sim_node *nodes[STORM_NODES];
    for (size_t i = 0; i < STORM_NODES; i++) {
        nodes[i] = s.apps[i]->node;
        app_free(s.apps[i]);
    }
    sim_run(s.w, DUR_HOURS(1));
    for (size_t i = 0; i < STORM_NODES; i++) {
        assert_int_equal(sim_node_open_count(nodes[i]), 0);
        sim_node_restart(nodes[i]);
    }
    uint64_t hash = sim_trace_hash(s.w);
    assert_true(sim_event_count(s.w) > 1000 && s.deaths > 10);
    sim_world_free(s.w);
    return hash;
}

static void a_storm_leaves_nothing_behind_and_replays(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++)
        assert_true(storm(seed) == storm(seed));
}

int test_sim_storm(void);
int test_sim_storm(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_storm_leaves_nothing_behind_and_replays),
    };
    return run_group("sim_storm", tests);
}
