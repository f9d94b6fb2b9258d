// SPDX-License-Identifier: Apache-2.0
// sim_env.h: the other implementation of base/env.h: a seeded world in virtual time.
//
// A world holds machines ("nodes"). Each has an address, a clock that may be wrong, a disk that
// survives its programs, and one process, whose struct env is all the program under test sees. One
// queue of events, ordered by deadline and then by start, drives everything: the same seed and the
// same calls give the same run, event by event (sim_trace_hash).
//
//   struct sim_world *w = sim_world_new(&(struct sim_options){.seed = seed, .loss_percent = 5});
//   struct sim_node *a = sim_node_new(w, "0", "10.0.0.1");
//   struct app *app = app_new(sim_node_env(a), …);
//   sim_run(w, DUR_MINUTES(5));
//
// Kill and restart of a program, in this order:
//   sim_node_crash(a);   // kill -9: peers see resets; from here on its env swallows every call
//   app_free(app);       // for the memory only: no effect leaves the dead process
//   sim_node_restart(a); // a new process, a new env (sim_node_env), the same disk and clock
//   app = app_new(sim_node_env(a), …);
// What only a callback could free comes to its end inside sim_node_crash, already without effect:
// run() and on_done() of jobs under way, done() of HTTP replies under way. No other callback comes.
//
// Stricter than the real world, so that what runs here runs there: a handle is freed as soon as its
// last callback has returned (on_close, on_done, on_stopped), and a breach of the contract of env.h
// (double reply, use after close, an accepted stream left without events) panics.
//
// TLS of streams is a comparison of names (sim_tls.c). Not simulated: TLS and passwords of HTTP
// (httpconf and web_config are not looked at), HTTP redirects
// (a 3xx is handed over as it came), kept-alive connections, bandwidth; the pieces of a long HTTP
// reply do not wait for the client to take them.
#pragma once
#include "base/env.h"

struct sim_world;
struct sim_node;

// ---- the world -----------------------------------------------------------------------------

struct sim_options {
    uint64_t seed;
    dur_ns latency_min, latency_max; // one way, each message its own; both 0: 200 µs to 2 ms
    double loss_percent;             // of datagrams; TCP sends again and so gets slower
    double duplicate_percent;        // of datagrams
    bool reorder;                    // datagrams of one link may overtake each other
    time_ns start;                   // every wall clock at the beginning; 0: 2026-01-05T00:00:00Z
    const char *log_level; // what sim_dump_log() will show: debug info warn error; NULL: warn
};

struct sim_world *sim_world_new(const struct sim_options *options);
void sim_world_free(struct sim_world *w); // after the programs in it were freed
uint64_t sim_seed(const struct sim_world *w);

mono_ns sim_now(const struct sim_world *w);       // virtual time since the beginning
time_ns sim_true_time(const struct sim_world *w); // what a right wall clock shows
bool sim_step(struct sim_world *w);               // one event; false: nothing will ever happen
void sim_run(struct sim_world *w, dur_ns dur);    // what happens within dur; time moves on by dur
// Stops after the event that makes pred true, at most dur later; returns whether it is true.
bool sim_run_until(struct sim_world *w, bool (*pred)(void *ctx), void *ctx, dur_ns dur_max);
// Runs fn once, `after` from now, as an event of its own: the script of a test.
void sim_at(struct sim_world *w, dur_ns after, void (*fn)(void *ctx), void *ctx);
// Called after each event: the place for invariants. It may crash and restart nodes.
void sim_on_event(struct sim_world *w, void (*fn)(struct sim_world *w, void *ctx), void *ctx);

uint64_t sim_random(struct sim_world *w); // for the test's own dice, from the same seed
uint64_t sim_random_below(struct sim_world *w, uint64_t n);
bool sim_chance(struct sim_world *w, double percent);

uint64_t sim_event_count(const struct sim_world *w);
uint64_t sim_trace_hash(const struct sim_world *w); // of every event so far: time, kind, place
// What the programs logged (the newest 4 MiB), each line with virtual time and node name.
void sim_dump_log(const struct sim_world *w, FILE *to);
void sim_note(struct sim_world *w, const char *fmt, ...) PRINTF(2, 3); // a line of the test itself
// The newest world that is still alive, for crash handlers; or NULL.
struct sim_world *sim_world_last(void);

// ---- machines ------------------------------------------------------------------------------

struct sim_node *sim_node_new(struct sim_world *w, const char *name, const char *ip);
struct sim_node *sim_node_find(struct sim_world *w, const char *name); // or NULL
struct env *sim_node_env(struct sim_node *n); // of the present process, dead or alive
const char *sim_node_name(const struct sim_node *n);
struct addr sim_node_addr(const struct sim_node *n, uint16_t port);

// kill -9. The kernel lives on: it refuses new connections and ends the open ones, in half of the
// cases with a reset, in the other half like a clean close behind the bytes written so far. An
// append under way is torn at any byte; a file being replaced is old or new. See above.
// From inside a callback of that program is fine, but free and restart it only outside.
void sim_node_crash(struct sim_node *n);
// The plug is pulled: no resets, silence until the restart, and the disk forgets what was not
// synced: env_file_rename of the last seconds may be undone, and a torn append may end in zeros.
void sim_node_power_loss(struct sim_node *n);
// After a crash, or after a clean end: then panics when something was left open.
void sim_node_restart(struct sim_node *n);
bool sim_node_is_alive(const struct sim_node *n);
// Open handles, set timers and jobs under way of the present process.
size_t sim_node_open_count(const struct sim_node *n);

// SIGSTOP: nothing is processed, but the kernel still accepts connections and queues data.
void sim_node_freeze(struct sim_node *n);
void sim_node_thaw(struct sim_node *n);
// Each event that the program handles keeps it busy for so long; others wait in line. 0: fast.
void sim_node_slow(struct sim_node *n, dur_ns per_event);

void sim_clock_jump(struct sim_node *n, dur_ns by);    // wall clock only
void sim_clock_drift(struct sim_node *n, int64_t ppm); // both clocks run fast (+) or slow (-)
void sim_node_utc_offset(struct sim_node *n, int32_t east_s); // of its time zone

// ---- network -------------------------------------------------------------------------------

struct sim_link_options {
    dur_ns latency_min, latency_max; // both 0: as the world
    double loss_percent;             // 100 is the same as a cut
    double duplicate_percent;
    bool is_cut; // nothing passes; TCP stalls, and gives up after 15 minutes
};

// Of what `from` sends to `to`. NULL restores the world's options.
void sim_link_set(struct sim_node *from, struct sim_node *to,
                  const struct sim_link_options *options);

// Names separated by spaces, sides by '|': "0 | 1 2". Replaces the partition before it; nodes that
// are not named keep all their links.
void sim_partition(struct sim_world *w, const char *sides);
void sim_heal(struct sim_world *w); // no partition, every link as the world

// ---- DNS -----------------------------------------------------------------------------------

enum sim_dns_fate {
    SIM_DNS_ANSWERS,
    SIM_DNS_FAILS,  // SERVFAIL
    SIM_DNS_SILENT, // no reply: the caller's timeout
};

struct sim_dns_answer {
    const struct dns_record *records; // copied
    size_t count;                     // 0: the name exists, this kind does not
    enum sim_dns_fate fate;
    dur_ns delay; // on top of the usual latency
};

// Replaces what the world's DNS says for (name, kind); A and AAAA are set together as DNS_ADDR. A
// name with no answer at all is unknown (ERR_NOT_FOUND). answer NULL: forgets (name, kind).
void sim_dns_set(struct sim_world *w, const char *name, enum dns_kind kind,
                 const struct sim_dns_answer *answer);
void sim_dns_set_ips(struct sim_world *w, const char *name, const char *ips); // "10.0.0.1 10.0.0.2"

// ---- HTTP services of the outside world ----------------------------------------------------

enum sim_http_fate {
    SIM_HTTP_REPLIES,
    SIM_HTTP_NEVER, // keeps the connection open and silent
    SIM_HTTP_RESETS,
};

struct sim_http_answer {
    enum sim_http_fate fate;
    dur_ns delay; // before the reply or the reset
    int status;   // 0: 200
    str body;     // copied
    str content_type;
    struct http_header header; // one more; without a name: none
};

// Called when a request has arrived in full; `answer` comes zeroed: 200 at once.
typedef void sim_http_service_fn(void *owner, const struct http_exchange *request,
                                 struct sim_http_answer *answer);

// A machine of that name (for partitions, crashes, freezes, links) that serves HTTP on that port.
// After sim_node_crash() it refuses connections until sim_node_restart().
struct sim_node *sim_http_service(struct sim_world *w, const char *name, const char *ip,
                                  uint16_t port, sim_http_service_fn *fn, void *owner);

// ---- disks ---------------------------------------------------------------------------------

struct sim_disk_options {
    dur_ns latency_min, latency_max; // of a write with its sync; both 0: 100 µs to 3 ms
    uint64_t bytes_max;              // capacity; 0: no limit. Full: "no space left on device"
    double write_error_percent;      // "input/output error"
    double read_error_percent;
    bool is_read_only; // "read-only file system"
};

void sim_disk_set(struct sim_node *n, const struct sim_disk_options *options); // NULL: defaults
void sim_disk_put(struct sim_node *n, const char *path, str data);        // with its directories
bool sim_disk_get(struct sim_node *n, const char *path, struct buf *out); // appends; false: absent
bool sim_disk_remove(struct sim_node *n, const char *path);
// Damages the file: flips one random bit, or cuts it at a random byte. False: absent or empty.
bool sim_disk_flip_bit(struct sim_node *n, const char *path);
bool sim_disk_truncate(struct sim_node *n, const char *path);
uint64_t sim_disk_bytes(const struct sim_node *n);
