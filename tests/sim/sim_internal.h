// SPDX-License-Identifier: Apache-2.0
// sim_internal.h: what the files of the simulator share. Tests include sim_env.h.
//
// Two sorts of event: those that happen in the network or on a disk (`at` NULL), and those that a
// program has to process: they wait in its machine's inbox while it is frozen or busy.
#pragma once
#include "base/core/heap.h"
#include "base/core/list.h"
#include "base/core/map.h"
#include "base/core/rand.h"
#include "tests/sim/sim_env.h"

struct sim_event;
struct sim_object;
struct sim_proc;
typedef void sim_event_fn(struct sim_event *ev);

enum sim_event_kind {
    SIM_EV_SCRIPT = 1,
    SIM_EV_TURN,
    SIM_EV_TIMER,
    SIM_EV_WORK,
    SIM_EV_DATAGRAM,
    SIM_EV_UDP_READABLE,
    SIM_EV_TCP_SYN,
    SIM_EV_TCP_WIRE,
    SIM_EV_TCP_ACK,
    SIM_EV_TCP_RESET,
    SIM_EV_TCP_ACCEPT,
    SIM_EV_TCP_READABLE,
    SIM_EV_DNS,
    SIM_EV_HTTP_CALL,
    SIM_EV_HTTP_DEADLINE,
    SIM_EV_HTTP_PUMP,
    SIM_EV_HTTP_STOP,
    SIM_EV_DISK,
};

struct sim_event {
    struct heap_node node; // in the world's queue
    struct list link;      // in the ready list or an inbox
    sim_event_fn *run;
    struct sim_world *world;
    struct sim_node *at; // the machine whose program processes it; NULL: the world's own
    enum sim_event_kind kind;
};

struct sim_link {
    struct sim_link_options opt;
    bool is_set; // opt counts instead of the world's
    bool is_partitioned;
    mono_ns last_arrival; // keeps datagrams in order
};

struct sim_dns_name;

struct sim_world {
    struct sim_options opt;
    struct rand rand;
    mono_ns now;
    struct heap events;
    struct list ready; // events made ready by the one that runs; they come before the queue
    uint64_t event_count;
    uint64_t trace;
    void (*on_event)(struct sim_world *w, void *ctx);
    void *on_event_ctx;
    struct sim_node **nodes;
    size_t node_count;
    struct map nodes_by_ip;
    struct list scripts;
    struct list datagrams; // in flight
    struct list conns;     // TCP connections
    struct list names;     // DNS
    enum log_level log_level;
    struct buf log;
    struct sim_world *previous; // see sim_world_last
};

struct sim_disk {
    struct sim_disk_options opt;
    struct list files;   // sorted by path
    struct list dirs;    // sorted by path
    struct list renames; // not synced yet, oldest first
    uint64_t bytes;
};

struct sim_node {
    struct sim_world *world;
    char *name;
    struct addr ip; // port 0
    uint32_t index; // in world->nodes
    struct sim_proc *proc;
    uint32_t proc_count;
    bool is_frozen;
    bool is_off; // no power
    dur_ns delay;
    mono_ns busy_until;
    struct list inbox;
    struct sim_event turn; // takes the next event out of the inbox

    mono_ns clock_base;  // what its monotonic clock showed
    mono_ns clock_since; // at this moment of virtual time
    int64_t drift_ppm;
    dur_ns wall_offset;
    int32_t utc_offset_s;

    struct sim_link *links; // to each node, by index
    size_t link_count;
    struct list sockets; // bound UDP sockets and listeners
    uint16_t next_port;
    struct sim_disk disk;
    void (*on_start)(struct sim_node *n, void *ctx); // what the machine runs by itself
    void *on_start_ctx;                              // taken
};

// What a process has open. Freed with the handle, or with the process if that died.
struct sim_class {
    const char *name;
    void (*crash)(struct sim_object *o); // ends all effects; the memory stays
    void (*free)(struct sim_object *o);
};

struct sim_object {
    struct list link; // in proc->objects
    struct sim_proc *proc;
    const struct sim_class *class;
};

struct sim_proc {
    struct env env;
    struct log_sink sink;
    struct sim_node *node;
    struct rand rand;
    bool is_dead;
    struct heap timers;
    struct sim_event wake;
    struct list objects;
    struct list corpses; // objects that died with the process: memory only
};

// ---- sim_world.c ---------------------------------------------------------------------------

#define SIM_CHECK(condition, ...)                                                                  \
    do {                                                                                           \
        if (!(condition))                                                                          \
            sim_breach(__VA_ARGS__);                                                               \
    } while (0)
NORETURN void sim_breach(const char *fmt, ...) PRINTF(1, 2);

void sim_event_init(struct sim_event *ev, struct sim_world *w, enum sim_event_kind kind,
                    struct sim_node *at, sim_event_fn *run);
void sim_event_at(struct sim_event *ev, mono_ns when); // moves a pending one
void sim_event_after(struct sim_event *ev, dur_ns delay);
void sim_event_ready(struct sim_event *ev); // next, before the queue; pending: nothing
void sim_event_cancel(struct sim_event *ev);
bool sim_event_is_pending(const struct sim_event *ev);
void sim_event_run(struct sim_event *ev);
void sim_trace(struct sim_world *w, uint64_t what);
dur_ns sim_between(struct sim_world *w, dur_ns min, dur_ns max); // uniform, both ends included
void sim_log_line(struct sim_world *w, const char *who, str line);

// ---- sim_node.c ----------------------------------------------------------------------------

extern const struct env_ops SIM_OPS;
static inline struct sim_proc *sim_proc(struct env *e)
{
    return container_of(e, struct sim_proc, env);
}
void sim_node_free(struct sim_node *n);
struct sim_node *sim_node_by_ip(struct sim_world *w, const struct addr *a);
bool sim_node_dispatch(struct sim_event *ev); // false: it waits in the inbox
void sim_node_after_event(struct sim_node *n);
void sim_object_init(struct sim_object *o, struct sim_proc *proc, const struct sim_class *class);
void sim_object_done(struct sim_object *o);
mono_ns sim_node_mono(const struct sim_node *n);
time_ns sim_node_wall(const struct sim_node *n);

// ---- sim_net.c -----------------------------------------------------------------------------

enum sim_protocol { SIM_UDP, SIM_TCP };

struct sim_socket {   // something bound to a port
    struct list link; // in node->sockets; unlinked: closed
    struct addr bound;
    enum sim_protocol protocol;
};

struct sim_link *sim_link(struct sim_node *from, struct sim_node *to);
bool sim_link_is_cut(struct sim_node *from, struct sim_node *to);
bool sim_link_loses(struct sim_node *from, struct sim_node *to);
dur_ns sim_link_latency(struct sim_node *from, struct sim_node *to);
// The machine that `from` reaches under this address; loopback is itself. NULL: nobody.
struct sim_node *sim_route(struct sim_node *from, const struct addr *to);
// What the other side sees as sender.
struct addr sim_source(const struct sim_node *from, const struct addr *to, uint16_t port);
bool sim_socket_bind(struct sim_node *n, struct sim_socket *s, enum sim_protocol protocol,
                     const struct addr *bind, struct err *err);
struct sim_socket *sim_socket_find(struct sim_node *n, enum sim_protocol protocol,
                                   const struct addr *to);
void sim_net_free(struct sim_world *w);

struct udp *sim_udp_open(struct env *e, const struct addr *bind, udp_fn *on_datagram, void *owner,
                         struct addr *ret_bound, struct err *err);
void sim_udp_send(struct udp *u, const struct addr *to, str datagram);
void sim_udp_close(struct udp *u);

// ---- sim_tcp.h -----------------------------------------------------------------------------

// One HTTP message; travels over a stream in one piece.
struct sim_message {
    struct arena mem;
    str method, target, body;
    int status;
    struct http_header *headers;
    size_t header_count;
};
void sim_message_free(struct sim_message *m);

struct listener *sim_listen(struct env *e, const struct addr *bind, accept_fn *on_accept,
                            void *owner, struct addr *ret_bound, struct err *err);
void sim_listener_close(struct listener *l);
struct stream *sim_dial(struct env *e, const struct addr *to, const struct stream_events *events,
                        void *owner);
struct tls *sim_tls_new(struct env *e, const struct tlsconf *conf, struct err *err);
void sim_tls_free(struct tls *t);
struct listener *sim_listen_tls(struct env *e, const struct addr *bind, struct tls *tls,
                                accept_fn *on_accept, void *owner, struct addr *ret_bound,
                                struct err *err);
void sim_stream_starttls(struct stream *s, struct tls *tls);
struct stream *sim_dial_tls(struct env *e, const struct addr *to, struct tls *tls, str head,
                            const struct stream_events *events, void *owner);
void sim_stream_events(struct stream *s, const struct stream_events *events, void *owner);
void sim_stream_write(struct stream *s, str data);
size_t sim_stream_pending(const struct stream *s);
void sim_stream_close(struct stream *s);

// For HTTP: a message instead of bytes; whoever gets it owns it.
void sim_stream_on_message(struct stream *s, void (*fn)(void *owner, struct sim_message *takes));
void sim_stream_send_message(struct stream *s, struct sim_message *takes); // NULL: the end
void sim_stream_abort(struct stream *s);                                   // close with a reset
void sim_tcp_free(struct sim_world *w);

// ---- sim_dns.c, sim_http.c, sim_http_server.c ----------------------------------------------

struct dns_query *sim_resolve(struct env *e, str name, enum dns_kind kind, dur_ns timeout,
                              dns_fn *on_done, void *owner);
void sim_resolve_cancel(struct dns_query *q);
void sim_dns_free(struct sim_world *w);

struct http_call *sim_http(struct env *e, const struct http_request *request, http_done_fn *on_done,
                           void *owner);
void sim_http_cancel(struct http_call *call);
struct http_server *sim_http_listen(struct env *e, const struct http_server_options *options,
                                    struct addr *ret_bound, struct err *err);
void sim_http_server_stop(struct http_server *server, dur_ns grace, void (*on_stopped)(void *),
                          void *owner);
void sim_exchange_reset(struct http_exchange *http); // instead of a reply

// ---- sim_disk.c, sim_file.c, sim_glob.c ----------------------------------------------------

struct sim_file {
    struct list link; // in disk->files; unlinked: it lost its name
    struct sim_disk *disk;
    char *path;
    struct buf data;
    uint32_t refs; // its name and the appenders
};

struct sim_dir {
    struct list link;
    char *path;
};

void sim_disk_init(struct sim_disk *d);
void sim_disk_done(struct sim_disk *d);
void sim_disk_forget_unsynced(struct sim_node *n);
void sim_disk_renames_synced(struct sim_disk *d);
struct sim_file *sim_file_find(struct sim_disk *d, str path);
struct sim_file *sim_file_make(struct sim_disk *d, str path); // its directory exists
void sim_file_unref(struct sim_file *f);
void sim_file_unlink(struct sim_file *f);
void sim_file_store(struct sim_file *f, str data); // instead of its contents
void sim_file_append(struct sim_file *f, str data);
void sim_file_cut(struct sim_file *f, size_t bytes);
bool sim_dir_exists(struct sim_disk *d, str path);
bool sim_dir_of_exists(struct sim_disk *d, str path);
void sim_dir_make(struct sim_disk *d, str path);          // with its parents
bool sim_file_move(struct sim_node *n, str from, str to); // false: no such file

bool sim_file_read(struct env *e, str path, size_t bytes_max, struct buf *out, struct err *err);
void sim_file_replace(struct env *e, str path, struct buf *takes, file_done_fn *on_done,
                      void *owner);
bool sim_file_rename(struct env *e, str from, str to, struct err *err);
bool sim_env_dir_make(struct env *e, str path, struct err *err);
bool sim_glob(struct env *e, str pattern, struct arena *mem, str **ret, size_t *ret_count,
              struct err *err);
struct appender *sim_append_open(struct env *e, str path, uint64_t bytes_kept, struct err *err);
void sim_append(struct appender *a, struct buf *takes, file_done_fn *on_done, void *owner);
void sim_append_close(struct appender *a, file_done_fn *on_done, void *owner);
