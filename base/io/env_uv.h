// SPDX-License-Identifier: Apache-2.0
// env_uv.h: the real world behind base/env.h: one libuv loop on one thread.
//
//   struct env *env = env_uv_new(&(struct env_uv_options){0}, &err);
//   env_uv_log_sink_init(&sink, env);        // lines go to stderr
//   env_uv_on_signal(env, SIGTERM, on_term, app);
//   env_uv_run(env);                          // until env_uv_stop
//   env_uv_free(env);
//
// Thread: all calls and callbacks happen on the thread that made the environment; only the run()
// of env_work and the writing of files happen on workers (libuv's pool).
// Process-wide effects of the first environment: SIGPIPE is ignored, the soft limit of open files
// is raised to the hard one, libcurl, c-ares and libsodium are initialised.
// An environment must be freed before its process forks, and never inside one of its callbacks.
#pragma once
#include "base/env.h"

struct env_uv_options {
    unsigned workers;            // threads of the pool; 0: 4. The process' first wins
    uint32_t http_per_host_max;  // requests in flight to one host:port; 0: 64
    uint32_t http_in_flight_max; // over all hosts; 0: 1000
    const char *resolv_conf;     // NULL: /etc/resolv.conf, with libc as a last resort
    uint16_t dns_port;           // of the servers that resolv_conf names; 0: 53
    // Called once per turn of the loop with the time spent outside of waiting; NULL: not measured.
    void (*on_turn)(void *owner, dur_ns busy);
    void *owner;
};

struct env *env_uv_new(const struct env_uv_options *options, struct err *err);

// Closes whatever is still open without callbacks, except for jobs of env_work, env_file_replace
// and env_append: those are waited for and their callbacks come, which may start nothing more.
void env_uv_free(struct env *env); // NULL is fine

void env_uv_run(struct env *env);  // returns after env_uv_stop
void env_uv_stop(struct env *env); // the current turn ends first

// Several handlers of one signal are called in the order of their registration.
void env_uv_on_signal(struct env *env, int signum, void (*on_signal)(void *owner, int signum),
                      void *owner);

// A sink that writes to file descriptor 2 at once, with this environment's clock; format, level
// and zone (UTC) are the caller's to change. Makes it the sink of env->log. Must outlive env.
void env_uv_log_sink_init(struct log_sink *sink, struct env *env);

// What happened since the start; for metrics.
struct env_uv_counts {
    uint64_t udp_sent;
    uint64_t udp_dropped; // the socket's buffer was full, or there was no route
    uint64_t udp_received;
    uint64_t dns_queries; // names asked for on the network (cache misses)
    uint64_t http_requests;
    uint64_t http_retries; // after a kept-alive connection turned out to be closed
};

const struct env_uv_counts *env_uv_counts(const struct env *env);
