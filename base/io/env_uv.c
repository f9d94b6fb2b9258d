// SPDX-License-Identifier: Apache-2.0
#define BANNED_ALLOW_IMPURE // the clock is read here
#include <ares.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/core/alloc.h"
#include "base/io/dns.h"
#include "base/io/files.h"
#include "base/io/http_client.h"
#include "base/io/http_server.h"
#include "base/io/io.h"
#include "base/io/tls.h"

#define WORKERS_DEFAULT   4
#define OPEN_FILES_MAX    (1 << 20)
#define MMAP_BYTES_MIN    (128 << 10)
#define SIGNAL_NUMBER_MAX 64

struct signal_handler {
    uv_signal_t handle;
    struct list link; // env_uv.signals
    void (*on_signal)(void *owner, int signum);
    void *owner;
};

// ---- clock, chance -------------------------------------------------------------------------

static time_ns uv_env_now(struct env *env)
{
    (void)env;
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (time_ns)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static mono_ns uv_env_mono(struct env *env)
{
    (void)env;
    return (mono_ns)uv_hrtime();
}

static uint64_t uv_env_random(struct env *env)
{
    return rand_u64(&env_uv_of(env)->rand);
}

static int32_t uv_env_utc_offset_s(struct env *env, time_ns t)
{
    (void)env;
    time_t seconds = (time_t)(t / 1000000000 - (t % 1000000000 < 0));
    struct tm tm;
    return localtime_r(&seconds, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

// ---- timers --------------------------------------------------------------------------------

// One libuv timer stands for the whole queue. It is armed once per turn, before the loop waits,
// and counts in milliseconds: rounded up, so that the loop does not turn idly until the deadline.
static void on_timer(uv_timer_t *timer)
{
    struct env_uv *e = timer->data;
    timer_queue_run(&e->timers, (mono_ns)uv_hrtime());
}

static void arm_timer(struct env_uv *e)
{
    mono_ns next = timer_queue_next(&e->timers);
    if (next == MONO_NEVER) {
        uv_timer_stop(&e->timer);
        return;
    }
    if (next == e->timer_armed_at && uv_is_active((uv_handle_t *)&e->timer))
        return;
    e->timer_armed_at = next;
    uv_update_time(&e->loop);
    dur_ns wait = sub_saturated(next, (mono_ns)uv_hrtime());
    uint64_t wait_ms = wait <= 0 ? 0 : (uint64_t)wait / 1000000 + (wait % 1000000 != 0);
    uv_timer_start(&e->timer, on_timer, wait_ms, 0);
}

static void uv_env_timer_set(struct env *env, struct timer *t, mono_ns at)
{
    timer_queue_set(&env_uv_of(env)->timers, t, at);
}

static void uv_env_timer_cancel(struct env *env, struct timer *t)
{
    timer_queue_cancel(&env_uv_of(env)->timers, t);
}

// ---- turns ---------------------------------------------------------------------------------

static void report_turn(struct env_uv *e)
{
    mono_ns now = (mono_ns)uv_hrtime();
    uint64_t idle = uv_metrics_idle_time(&e->loop);
    dur_ns busy = now - e->turn_began - (dur_ns)(idle - e->idle_ns_seen);
    e->turn_began = now;
    e->idle_ns_seen = idle;
    e->options.on_turn(e->options.owner, MAX(busy, 0));
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct env_uv *e = prepare->data;
    list_each_safe (node, &e->turn_hooks) {
        struct turn_hook *hook = list_item(node, struct turn_hook, link);
        hook->fn(hook->owner);
    }
    if (e->options.on_turn && !e->is_closing)
        report_turn(e);
    arm_timer(e);
}

void env_uv_run(struct env *env)
{
    struct env_uv *e = env_uv_of(env);
    e->turn_began = (mono_ns)uv_hrtime();
    while (!e->is_stopping)
        uv_run(&e->loop, UV_RUN_DEFAULT);
    e->is_stopping = false;
}

void env_uv_stop(struct env *env)
{
    struct env_uv *e = env_uv_of(env);
    e->is_stopping = true;
    uv_stop(&e->loop);
}

// ---- signals -------------------------------------------------------------------------------

static void on_uv_signal(uv_signal_t *handle, int signum)
{
    struct signal_handler *s = handle->data;
    s->on_signal(s->owner, signum);
}

void env_uv_on_signal(struct env *env, int signum, void (*on_signal)(void *owner, int signum),
                      void *owner)
{
    struct env_uv *e = env_uv_of(env);
    assert(signum > 0 && signum <= SIGNAL_NUMBER_MAX);
    struct signal_handler *s = mem_new(struct signal_handler);
    s->on_signal = on_signal;
    s->owner = owner;
    s->handle.data = s;
    list_append(&e->signals, &s->link);
    uv_signal_init(&e->loop, &s->handle);
    int rc = uv_signal_start(&s->handle, on_uv_signal, signum);
    if (rc != 0)
        panic("cannot handle signal %d: %s", signum, uv_strerror(rc));
}

static void on_signal_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void signals_close(struct env_uv *e)
{
    for (struct list *node; (node = list_take_first(&e->signals)) != NULL;) {
        struct signal_handler *s = list_item(node, struct signal_handler, link);
        uv_close((uv_handle_t *)&s->handle, on_signal_closed);
    }
}

// ---- workers -------------------------------------------------------------------------------

struct job {
    uv_work_t work;
    struct env_uv *env;
    void (*run)(void *job);
    void (*on_done)(void *job);
    void *job;
};

static void on_work(uv_work_t *work)
{
    struct job *j = work->data;
    j->run(j->job);
}

static void on_work_done(uv_work_t *work, int status)
{
    (void)status; // never cancelled
    struct job *j = work->data;
    j->env->job_count--;
    void (*on_done)(void *) = j->on_done;
    void *job = j->job;
    mem_free(j);
    on_done(job);
}

void io_work(struct env *env, void (*run)(void *job), void (*on_done)(void *job), void *job)
{
    struct env_uv *e = env_uv_of(env);
    struct job *j = mem_new(struct job);
    *j = (struct job){.env = e, .run = run, .on_done = on_done, .job = job};
    j->work.data = j;
    e->job_count++;
    int rc = uv_queue_work(&e->loop, &j->work, on_work, on_work_done);
    if (rc != 0)
        panic("cannot start a worker: %s", uv_strerror(rc));
}

// ---- log -----------------------------------------------------------------------------------

static time_ns sink_now(void *owner)
{
    return uv_env_now(owner);
}

// Whole lines, also when stderr is a pipe that someone made non-blocking.
static void sink_write(void *owner, enum log_level level, str line)
{
    (void)owner;
    (void)level;
    while (line.n) {
        ssize_t n = write(STDERR_FILENO, line.p, line.n);
        if (n >= 0) {
            line = str_skip(line, (size_t)n);
            continue;
        }
        if (errno == EAGAIN)
            poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            return; // there is no one left to tell
    }
}

void env_uv_log_sink_init(struct log_sink *sink, struct env *env)
{
    *sink =
        (struct log_sink){.level = LOG_INFO, .now = sink_now, .write = sink_write, .owner = env};
    env->log = log_root(sink);
}

// ---- life ----------------------------------------------------------------------------------

static const struct env_ops OPS = {
    .now = uv_env_now,
    .mono = uv_env_mono,
    .random = uv_env_random,
    .utc_offset_s = uv_env_utc_offset_s,
    .timer_set = uv_env_timer_set,
    .timer_cancel = uv_env_timer_cancel,
    .udp_open = net_udp_open,
    .udp_send = net_udp_send,
    .udp_close = net_udp_close,
    .listen = net_listen,
    .listener_close = net_listener_close,
    .dial = net_dial,
    .tls_new = tls_new,
    .tls_free = tls_free,
    .listen_tls = net_listen_tls,
    .dial_tls = net_dial_tls,
    .stream_starttls = net_stream_starttls,
    .stream_events = net_stream_events,
    .stream_write = net_stream_write,
    .stream_pending = net_stream_pending,
    .stream_close = net_stream_close,
    .resolve = dns_resolve,
    .resolve_cancel = dns_cancel,
    .http = http_client_start,
    .http_cancel = http_client_cancel,
    .http_listen = http_server_new,
    .http_server_stop = http_server_stop,
    .file_read = files_read,
    .file_replace = files_replace,
    .file_rename = files_rename,
    .dir_make = files_dir_make,
    .glob = files_glob,
    .append_open = appender_open,
    .append = appender_append,
    .append_close = appender_close,
    .work = io_work,
};

// Initialisation that must come before the first thread; never undone except by the libraries'
// own counters, so that several environments can follow each other in one process.
static bool process_init(const struct env_uv_options *options, struct err *err)
{
    char workers[16];
    snprintf(workers, sizeof(workers), "%u", options->workers ? options->workers : WORKERS_DEFAULT);
    setenv("UV_THREADPOOL_SIZE", workers, 0);
    signal(SIGPIPE, SIG_IGN);
    // Fixed, or glibc raises it with each large block that is freed, and keeps what tables outgrew.
    mallopt(M_MMAP_THRESHOLD, MMAP_BYTES_MIN);

    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = MAX(files.rlim_cur, MIN(files.rlim_max, OPEN_FILES_MAX));
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "cannot initialise libsodium");
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
        return err_set(err, ERR_IO, "cannot initialise c-ares");
    return true;
}

static void loop_init(struct env_uv *e)
{
    int rc = uv_loop_init(&e->loop);
    if (rc != 0)
        panic("cannot make an event loop: %s", uv_strerror(rc));
    if (e->options.on_turn)
        uv_loop_configure(&e->loop, UV_METRICS_IDLE_TIME);
    uv_prepare_init(&e->loop, &e->prepare);
    uv_timer_init(&e->loop, &e->timer);
    e->prepare.data = e->timer.data = e;
    uv_prepare_start(&e->prepare, on_prepare);
}

struct env *env_uv_new(const struct env_uv_options *options, struct err *err)
{
    if (!process_init(options, err))
        return NULL;
    struct env_uv *e = mem_new(struct env_uv);
    e->env.ops = &OPS;
    e->options = *options;
    struct list *const lists[] = {&e->turn_hooks, &e->signals, &e->udps,    &e->listeners,
                                  &e->streams,    &e->servers, &e->orphans, &e->replaces};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        list_init(lists[i]);
    e->read_buffer = mem_alloc(READ_BUFFER_BYTES);
    uint64_t seed;
    randombytes_buf(&seed, sizeof(seed));
    rand_seed(&e->rand, seed);
    loop_init(e);
    e->dns = dns_new(e);
    return &e->env;
}

void env_uv_free(struct env *env)
{
    if (!env)
        return;
    struct env_uv *e = env_uv_of(env);
    e->is_closing = true;
    http_servers_drop(e);
    http_client_free(e->http);
    net_udp_close_all(e);
    net_stream_close_all(e);
    signals_close(e);
    while (e->job_count || dns_is_busy(e->dns))
        uv_run(&e->loop, UV_RUN_ONCE);
    dns_free(e->dns);
    poll_done(e);
    uv_close((uv_handle_t *)&e->prepare, NULL);
    uv_close((uv_handle_t *)&e->timer, NULL);
    uv_run(&e->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&e->loop);
    assert(rc == 0);
    (void)rc;
    timer_queue_done(&e->timers);
    tls_creds_unref(e->system_creds);
    mem_free(e->read_buffer);
    mem_free(e);
    ares_library_cleanup();
}

const struct env_uv_counts *env_uv_counts(const struct env *env)
{
    return &((const struct env_uv *)(const void *)env)->counts;
}
