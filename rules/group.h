// SPDX-License-Identifier: Apache-2.0
// group.h: a group of rules: when it is evaluated, in which order, what becomes of the results.
//
// A group has a fixed phase of wall time that depends on its ID only, so that groups spread over
// the interval and keep their place over restarts. Evaluation times keep that phase even if ticks
// drift; points missed in a long pause are skipped, never caught up.
// upstream: app/vmalert/rule/group.go.
#pragma once
#include "rules/evaluation.h"

struct group;
struct alert_send;
typedef void alert_sent_fn(void *owner, const struct err *err); // ERR_NONE: all notifiers have them

// What the program around the groups does for them. Borrowed.
struct group_hooks {
    void *owner;
    struct datasource datasource;
    const struct datasource *remote_read; // for restoring state; NULL: no
    dur_ns remote_read_lookback;
    // Series into the remote write queue; NULL: there is none. Errors do not stop anything.
    bool (*push)(void *owner, const struct series *series, size_t count, struct err *err);
    // Alerts to all notifiers; NULL: there are none. The alerts are read before it returns.
    struct alert_send *(*send)(void *owner, const struct group *g, const struct alerting_rule *rule,
                               const struct alert *const *alerts, size_t count,
                               alert_sent_fn *on_sent, void *done_owner);
    void (*send_cancel)(struct alert_send *);
    // A summary of durations per group is the program's: called after each iteration.
    void (*on_iteration)(void *owner, const struct group *g, dur_ns duration);
};

struct group_stats {
    uint64_t iterations, missed, resets;
    time_ns last_evaluation; // wall clock at the start of the last iteration; TIME_UNSET: none
};

struct group {
    const struct rules_shared *shared;
    const struct group_hooks *hooks;
    struct rule_files *files;
    const struct group_conf *conf;
    str file; // as shown: "<group ID>/<base name>" with -rule.stripFilePath, else conf->file
    struct any_rule *rules; // in the order of the file
    size_t rule_count;
    struct group_stats stats;

    // Schedule.
    struct timer tick;
    mono_ns next_tick;
    time_ns eval_ts;
    bool is_started; // the start delay is over
    bool has_pending_tick;
    bool wants_restore;

    struct iteration *iteration; // under way, or NULL
};

struct group *group_new(const struct rules_shared *shared, const struct group_hooks *hooks,
                        struct rule_files *files, const struct group_conf *conf, bool strip_path);
void group_free(struct group *g); // ends what is under way, silently

// Arms the first evaluation. wants_restore: ask remote read for pending states after it.
void group_start(struct group *g, bool wants_restore);

// Takes a changed group of the same ID in place, between evaluations: an evaluation under way is
// cancelled. Rules with the same ID keep their alerts.
void group_update(struct group *g, struct rule_files *files, const struct group_conf *conf);

// ---- time, as pure functions -------------------------------------------------------------------

// How long after `now` the first evaluation is (§1.1 of the spec). offset: NULL for none.
dur_ns group_start_delay(uint64_t id, dur_ns interval, const dur_ns *offset, dur_ns max_start_delay,
                         time_ns now);
// The query's timestamp for an evaluation at eval_ts.
time_ns group_query_ts(const struct group_conf *conf, dur_ns default_delay, time_ns eval_ts);

enum group_tick { GROUP_TICK_ON_TIME, GROUP_TICK_MISSED, GROUP_TICK_RESET };
// The next evaluation time after a tick at `now`.
enum group_tick group_next_eval(time_ns now, dur_ns interval, time_ns *eval_ts);

// group "G" (file="F"; interval=1m0s; eval_offset=<nil>; concurrency=1)
void buf_put_group(struct buf *b, const struct group *g);
