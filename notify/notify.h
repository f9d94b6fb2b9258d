// SPDX-License-Identifier: Apache-2.0
// notify.h: the words between an aggregation group and a delivered message.
//
// The dispatcher owns groups and asks the pipeline (pipeline.h) to flush one. The pipeline asks the
// group for its alerts, the muters whether they may be told, the cluster whose turn it is, the log
// what was told already; it hands what is left to the integrations of the receiver. What belongs to
// alertmanager (silences, inhibition, time intervals, the notification log, the cluster) is reached
// through the small interfaces declared here.
//
// Times, order of stages and texts: upstream's notify package; where ours differs it says so.
#pragma once
#include "base/core/waiter.h"
#include "base/env.h"
#include "base/model/labels.h"

struct aws_environment;
struct tpl_set;
struct tplcache;
struct tzone;

// ---- alerts ------------------------------------------------------------------------------------

// One alert as a message shows it. Everything is borrowed from the list it is in.
struct notify_alert {
    const struct labels *labels;
    const struct labels *annotations;
    struct zoned_time starts_at;
    struct zoned_time ends_at; // TIME_UNSET while it fires
    str generator_url;
    uint64_t hash; // labels_xxh64
    bool is_resolved;
    bool is_noted; // that it fires may have been told already: see notify_group.note
    // Of one known from before a restart, of which its sender has not spoken since. It fires, as
    // far as is known, but that is no news: it is left out where the log does not have it as told.
    bool is_quiet;
    // It is over, and somebody may have been told that it fired, by a process that died before the
    // log heard of it: the end is news even where the log has no start.
    bool is_in_doubt;
};

// The alerts of a group at one moment, in the order of a message: job, instance, labels.
struct notify_alerts {
    struct notify_alert *items; // in mem
    size_t count;
    struct arena mem; // the list, and what it borrows of a group's own making
    void *held;       // references that the group takes and gives back
};

enum notify_reason {
    NOTIFY_NONE, // nothing to tell
    NOTIFY_FIRST,
    NOTIFY_NEW_ALERTS,
    NOTIFY_SOME_RESOLVED,
    NOTIFY_ALL_RESOLVED,
    NOTIFY_REPEAT,
};

str notify_reason_str(enum notify_reason reason); // "first notification", …; NOTIFY_NONE: "none"

// ---- the group being flushed (implemented by the dispatcher) -----------------------------------

// Texts and sets are borrowed and live until the flush has ended.
struct notify_group {
    str receiver;
    str group_key;
    str group_key_alt; // the key of versions up to 0.27 where it differs, else empty
    const struct labels *group_labels;
    str route_id;
    dur_ns group_interval, repeat_interval;
    const str *mute_intervals, *active_intervals; // names
    size_t mute_interval_count, active_interval_count;
    uint64_t flush_id; // 1 for the group's first flush
    const char *uuid;

    // The group's alerts as they are now. Called once at the start of a flush and again before
    // every attempt, so that no stale copy is ever sent.
    void (*collect)(struct notify_group *, time_ns now, struct notify_alerts *ret);
    void (*release)(struct notify_group *, struct notify_alerts *); // gives back `held`, frees mem
    // Before it is told that alerts fire, that is noted where a restart finds it. True: wait for w,
    // which is called back once the note is on the disk, or can't be; list_remove(&w->node) takes
    // it off. NULL: no notes are taken.
    bool (*note)(struct notify_group *, const struct notify_alerts *, struct waiter *w);
    // The route's labels for these alerts, rendered (NULL: none); the caller unrefs.
    struct labels *(*route_labels)(struct notify_group *, const struct notify_alerts *);
};

// ---- muting (implemented by inhibition and silences) -------------------------------------------

enum notify_suppression {
    SUPPRESSED_INHIBITION,
    SUPPRESSED_ACTIVE_INTERVAL,
    SUPPRESSED_MUTE_INTERVAL,
    SUPPRESSED_SILENCE,
    NOTIFY_SUPPRESSION_COUNT
};

struct notify_muters { // any function may be NULL: mutes nothing
    void *owner;
    bool (*is_inhibited)(void *owner, struct notify_group *, const struct labels *);
    bool (*is_silenced)(void *owner, struct notify_group *, const struct labels *);
    // Whole group, by its active or mute intervals.
    bool (*is_inactive)(void *owner, struct notify_group *, time_ns now);
    bool (*is_time_muted)(void *owner, struct notify_group *, time_ns now);
};

// ---- cluster (implemented over gossip/) ---------------------------------------------------------

struct notify_cluster { // without a cluster: all functions NULL, position 0, settled
    void *owner;
    bool (*is_settled)(void *owner);
    void (*wait_settled)(void *owner, struct waiter *w); // told once, when it is
    uint32_t (*position)(void *owner);
    dur_ns peer_timeout;
    bool (*has_peers)(void *owner); // is anybody else there? NULL: no
    // Before we say what is ours only because those in front of us have had their time: asks them
    // what they know. True: w is told once they have answered and their log is merged, or soon.
    // False, or NULL: nobody is in front of us.
    bool (*catch_up)(void *owner, struct waiter *w);
};

// ---- the notification log (implemented by alertmanager/nflog) ----------------------------------

// What an integration remembers between notifications of a group (Slack: thread and channel).
struct notify_memo {
    str key, value;
};

struct notify_log_key {
    str group_key, group_key_alt; // the second is looked up where the first is unknown
    str receiver, integration;
    uint32_t idx;
};

struct notify_log_entry {
    time_ns timestamp; // of the last notification
    const uint64_t *firing, *resolved;
    size_t firing_count, resolved_count;
    const struct notify_memo *memos;
    size_t memo_count;
};

typedef void notify_logged_fn(void *owner, const struct err *err);
struct notify_log_write;

struct notify_log {
    void *owner;
    // Borrowed until the loop's next turn or the next write. False: no entry.
    bool (*find)(void *owner, const struct notify_log_key *, struct notify_log_entry *ret);
    // Makes the entry durable and gossips it; on_logged when it is on the disk. The timestamp is
    // the log's own. expiry: 2 × repeat_interval.
    struct notify_log_write *(*write)(void *owner, const struct notify_log_key *,
                                      const struct notify_log_entry *, dur_ns expiry,
                                      notify_logged_fn *, void *done_owner);
    void (*forget)(struct notify_log_write *); // no callback; the write goes on
};

// ---- integrations ------------------------------------------------------------------------------

enum notify_failure {
    FAILURE_OTHER,
    FAILURE_CLIENT,
    FAILURE_SERVER,
    FAILURE_AUTH,
    FAILURE_RATE_LIMITED,
    FAILURE_CANCELED,
    FAILURE_DEADLINE,
    NOTIFY_FAILURE_COUNT
};

str notify_failure_str(enum notify_failure f); // "other", "clientError", …

// What one attempt is asked to deliver. Borrowed until the attempt has ended.
struct notify_message {
    struct notify_group *group;
    const struct notify_alert *alerts; // without the resolved ones where send_resolved is off
    size_t alert_count;
    enum notify_reason reason;
    const struct labels *route_labels; // may be NULL
    mono_ns deadline;
    struct arena *mem;               // lives as long as the attempt
    const struct notify_memo *memos; // of the last notification
    size_t memo_count;
};

struct notify_result {
    bool is_delivered;
    bool may_retry;     // of a failure: another attempt may succeed
    dur_ns retry_after; // not before; 0: as soon as we like
    enum notify_failure failure;
    struct err err;
    const struct notify_memo *memos; // to remember; borrowed until the callback returns
    size_t memo_count;
};

typedef void notify_done_fn(void *owner, const struct notify_result *result);

// What integrations stand on; one per configuration.
struct notify_context {
    struct env *env;
    const struct tpl_set *templates, *html_templates;
    // Compiled over the two sets; NULL: each text is parsed where it is used.
    struct tplcache *texts, *html_texts;
    str external_url;
    str user_agent;                    // "Alertmanager/0.34.0"
    str hostname;                      // this machine's
    const struct aws_environment *aws; // what the environment says about AWS; NULL: nothing

    // For the template functions about time.
    mono_ns started_at;                                      // of the process
    const struct tzone *local;                               // the process' zone; NULL: UTC
    const struct tzone *(*find_zone)(void *owner, str name); // NULL: all are unknown
    void *zones;
};

struct integration;
struct notify_attempt; // defined by each integration

struct integration_ops {
    str name; // "webhook"
    // Starts delivering; never calls back before it returns.
    struct notify_attempt *(*start)(const struct integration *, const struct notify_message *,
                                    notify_done_fn *, void *owner);
    void (*cancel)(struct notify_attempt *); // no callback comes any more
    // Of those that leave start and cancel to integrations/attempt.h: makes the first request.
    void (*begin)(struct notify_attempt *);
};

// One configured integration: compiled with the configuration, immutable, freed with its arena.
struct integration {
    const struct integration_ops *ops;
    const struct notify_context *context;
    str receiver;
    uint32_t idx; // among those of its kind in the receiver
    bool send_resolved;
    const void *conf; // its own
};
