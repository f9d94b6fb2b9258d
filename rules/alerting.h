// SPDX-License-Identifier: Apache-2.0
// alerting.h: one alerting rule: its alerts and their states.
//
//                 series returned            ts − active_at ≥ for
//     (none) ───────────────────► pending ───────────────────────► firing ──┐ absent, but
//        ▲                          │  ▲                             │  ▲───┘ keep_firing_for
//        │ absent: deleted          │  │ returned within 15 min      │ absent
//        └──────────────────────────┘  └──────────── inactive ◄──────┘
//                                                        │ 15 min after it resolved
//                                                        └────────► deleted
//
// An evaluation has two halves: alerting_prepare works out labels and annotations of what the query
// returned (templates; may have to wait for their queries), alerting_apply moves the states.
// upstream: app/vmalert/rule/alerting.go.
#pragma once
#include "rules/rule.h"

#define ALERT_RETENTION DUR_MINUTES(15) // resolved alerts are kept and sent that long

enum alert_state { ALERT_INACTIVE, ALERT_PENDING, ALERT_FIRING };

str alert_state_str(enum alert_state s);

struct alert {
    uint64_t id;
    enum alert_state state;
    bool is_restored;
    bool is_seen; // in the evaluation under way
    struct labels *labels;
    struct label *annotations; // one heap block with its texts, sorted by name
    size_t annotation_count;
    double value;
    // All TIME_UNSET until they have happened.
    time_ns active_at, start, end, resolved_at, last_sent, keep_firing_since;
};

struct alerting_rule {
    struct rule rule;
    struct rule_texts labels, annotations;
    struct map alerts; // by id, in order of creation
};

struct alerting_rule *alerting_new(const struct rules_shared *shared, struct rule_files *files,
                                   const struct group_conf *group, const struct rule_conf *conf);
void alerting_free(struct alerting_rule *r); // NULL is fine
void alerting_update(struct alerting_rule *r, struct rule_files *files,
                     const struct group_conf *group, const struct rule_conf *conf);

struct alert *alerting_find(const struct alerting_rule *r, uint64_t id); // or NULL
size_t alerting_count(const struct alerting_rule *r, enum alert_state state);

// FNV-1a 64 over name, value, 0xff for sorted labels without __name__.
uint64_t alert_id(const struct label *sorted, size_t count);

// ---- evaluation --------------------------------------------------------------------------------

// One returned series, ready to become an alert. Everything in the evaluation's arena.
struct alert_input {
    uint64_t id;
    struct label *labels; // of the alert, sorted
    size_t label_count;
    struct label *annotations;
    size_t annotation_count;
    struct label *origin; // the series' labels plus what rules add: what templates see
    size_t origin_count;
    double value;
};

// Labels of an alert for one series (§6 of the spec). Template errors become the label's value and
// are added to *err (err->code is then set); processing goes on. False: pending queries.
bool alerting_labels(struct alerting_rule *r, const struct series *s, struct rule_queries *queries,
                     struct arena *mem, struct alert_input *ret, struct err *err);

// All of a result. False: queries are pending; ask them and call again.
bool alerting_prepare(struct alerting_rule *r, const struct query_result *result, time_ns ts,
                      struct rule_queries *queries, struct arena *mem,
                      struct alert_input **ret_inputs, struct err *err);

// Moves the states and writes series to `out` (NULL: not wanted). All or nothing: on an error
// (duplicate label sets, limit) no alert has changed, except that an exceeded limit drops all.
bool alerting_apply(struct alerting_rule *r, const struct alert_input *inputs, size_t count,
                    time_ns ts, int64_t limit, struct series_list *out, struct err *err);

// The alerts to send now; marks them as sent. ret[cap of alerts.count]. Returns how many.
size_t alerting_collect(struct alerting_rule *r, time_ns now, dur_ns resolve_duration,
                        dur_ns resend_delay, const struct alert **ret);

// 4 × max(interval, resend_delay), at most max_duration if that is above 0.
dur_ns alert_resolve_duration(dur_ns interval, dur_ns resend_delay, dur_ns max_duration);

// Series of one alert at ts: ALERTS and ALERTS_FOR_STATE.
void alert_put_series(const struct alert *a, time_ns ts, struct series_list *out);

// ---- restore and replay ------------------------------------------------------------------------

// default_rollup(ALERTS_FOR_STATE{…}[3600s])
void alerting_restore_query(const struct alerting_rule *r, dur_ns lookback, struct buf *out);
// Takes active_at of pending alerts from the answer. Returns how many were restored.
size_t alerting_restore(struct alerting_rule *r, const struct query_result *result);
bool alerting_wants_restore(const struct alerting_rule *r); // `for` is set and there are alerts

// Replay: the rule over [start, end]; each sample of each series is one evaluation. Alerts still
// active at `end` are held for the next chunk. ret_alerts (may be NULL): state per sample.
struct replay_point {
    struct labels
        *labels; // borrowed from the rule's held alerts or the store; unref'd by the caller
    enum alert_state state;
    time_ns active_at;
};
bool alerting_replay(struct alerting_rule *r, const struct query_result *result, time_ns start,
                     time_ns end, int64_t limit, struct rule_queries *queries, struct arena *mem,
                     struct series_list *out, struct replay_point *ret_points, struct err *err);
