// SPDX-License-Identifier: Apache-2.0
// io.h: what the files of this folder share: the environment itself, polled descriptors, the
// operating system's addresses and error texts. Not for others.
#pragma once
#include <sys/socket.h>
#include <uv.h>

#include "base/core/list.h"
#include "base/core/rand.h"
#include "base/env.h"
#include "base/io/env_uv.h"

#define READ_BUFFER_BYTES ((size_t)64 << 10) // the shared read buffer: the largest datagram fits

struct dns;
struct http_client;
struct fd_poll;
struct tls_creds;

// Something that looks at the world once per turn, right before the loop waits.
struct turn_hook {
    struct list link; // env_uv.turn_hooks
    void (*fn)(void *owner);
    void *owner;
};

struct env_uv {
    struct env env; // first: a struct env * of ours is a struct env_uv *
    struct env_uv_options options;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_timer_t timer;          // the loop's view of `timers`
    mono_ns timer_armed_at;    // deadline `timer` stands for
    struct timer_queue timers; // every timer, ours and our users'
    struct rand rand;
    bool is_stopping;
    bool is_closing; // inside env_uv_free

    struct list turn_hooks;
    struct list signals;   // struct signal_handler
    struct list udps;      // struct udp
    struct list listeners; // struct listener
    struct list streams;   // struct stream
    struct list servers;   // struct http_server
    struct list orphans;   // exchanges that outlived their server
    struct list replaces;  // struct replace: waiting file_replace jobs, one runs at a time
    bool is_replacing;
    size_t job_count; // jobs on the worker pool

    struct fd_poll **polls; // by descriptor
    size_t poll_cap;

    struct dns *dns;
    struct http_client *http;
    struct tls_creds *system_creds; // of TLS streams; NULL: not asked for yet
    struct env_uv_counts counts;

    uint64_t idle_ns_seen; // for on_turn
    mono_ns turn_began;
    char *read_buffer; // READ_BUFFER_BYTES; used by one callback at a time
};

static inline struct env_uv *env_uv_of(struct env *env)
{
    return (struct env_uv *)(void *)env;
}

// ---- jobs on the worker pool -----------------------------------------------------------------

// What env_work does, for the files of this folder; counted, so that env_uv_free can wait.
void io_work(struct env *env, void (*run)(void *job), void (*on_done)(void *job), void *job);

// ---- poll.c: descriptors that belong to other libraries --------------------------------------

#define POLL_READ  1
#define POLL_WRITE 2
#define POLL_ERROR 4 // only reported

typedef void poll_fn(void *owner, int fd, int events);

// Watches a descriptor for `events`, replacing what was asked before. At most one watch per
// descriptor; it must be dropped before the descriptor is closed.
void poll_set(struct env_uv *e, int fd, int events, poll_fn *fn, void *owner);
void poll_drop(struct env_uv *e, int fd); // not watched: nothing
void poll_done(struct env_uv *e);

// ---- os.c ------------------------------------------------------------------------------------

#define OS_TEXT_BYTES 128

// "connection refused": the words of Go's syscall package, which are libc's in lower case.
const char *os_text(int errnum, char text[static OS_TEXT_BYTES]);

// "<operation>: <words for errnum>". Always returns false.
bool err_os(struct err *err, enum err_code code, int errnum, const char *fmt, ...) PRINTF(4, 5);

socklen_t addr_to_os(const struct addr *a, struct sockaddr_storage *ret);
// An IPv4 address inside an IPv6 one becomes IPv4. False for other families.
bool addr_from_os(const struct sockaddr *sa, struct addr *ret);
// The same address for a socket that speaks only IPv6.
struct addr addr_mapped(const struct addr *a);

#define ADDR_TEXT_BYTES 64
const char *addr_text(const struct addr *a, char text[static ADDR_TEXT_BYTES]);

// ---- net_uv.c --------------------------------------------------------------------------------

struct udp *net_udp_open(struct env *env, const struct addr *bind, udp_fn *fn, void *owner,
                         struct addr *ret_bound, struct err *err);
void net_udp_send(struct udp *u, const struct addr *to, str datagram);
void net_udp_close(struct udp *u);

// ---- stream_uv.c -----------------------------------------------------------------------------

struct listener *net_listen(struct env *env, const struct addr *bind, accept_fn *fn, void *owner,
                            struct addr *ret_bound, struct err *err);
struct listener *net_listen_tls(struct env *env, const struct addr *bind, struct tls *tls,
                                accept_fn *fn, void *owner, struct addr *ret_bound,
                                struct err *err);
void net_listener_close(struct listener *l);
struct stream *net_dial(struct env *env, const struct addr *to, const struct stream_events *events,
                        void *owner);
struct stream *net_dial_tls(struct env *env, const struct addr *to, struct tls *tls, str head,
                            const struct stream_events *events, void *owner);
void net_stream_starttls(struct stream *s, struct tls *tls);
void net_stream_events(struct stream *s, const struct stream_events *events, void *owner);
void net_stream_write(struct stream *s, str data);
size_t net_stream_pending(const struct stream *s);
void net_stream_close(struct stream *s);

void net_udp_close_all(struct env_uv *e);
void net_stream_close_all(struct env_uv *e); // listeners as well; nothing is flushed
