// SPDX-License-Identifier: Apache-2.0
// alerts.h: the alerts that are known: the newest version of each, until it is over.
//
// Whoever wants to hear of every version (inhibition, dispatch) subscribes;
// subscribers are called one after another inside the put, in the order in which they came, so
// versions of one alert can't overtake each other and nothing is queued (upstream's channels do
// both). What a restart must not forget goes to the log of alerts first.
//
// Thread: core. Cost of an alert that is sent again: two table lookups and one allocation of 80
// bytes. Memory: about 110 bytes per alert beside the shared texts.
#pragma once
#include "alertmanager/alert.h"
#include "alertmanager/alert_log.h"
#include "base/core/list.h"
#include "base/env.h"

struct alerts;

#define ALERTS_MAX       2000000 // default of alerts_max
#define ALERTS_BATCH_MAX 4096    // a longer batch is put in slices, a slice a loop turn

struct alerts_options {
    struct env *env;
    struct label_store *labels;
    size_t alerts_max;          // 0: ALERTS_MAX
    size_t per_alertname_limit; // 0: none
    dur_ns gc_interval;         // > 0
    struct alert_log *log;      // used by puts until it is closed; NULL: a restart forgets all
};

struct alerts_stats {
    size_t count;             // alerts held
    size_t unconfirmed;       // of them: nothing was heard of since a restart
    uint64_t limited;         // refused by per_alertname_limit
    uint64_t refused_full;    // refused by alerts_max
    uint64_t merged, created; // versions that met a known one, that did not
};

// One who hears of alerts. Filled by its owner, who takes it off before it goes.
struct alerts_subscriber {
    struct list node;
    const char *name; // of metrics: "dispatcher", "inhibitor"
    // A version was stored. is_created: no version of this alert was known.
    void (*on_alert)(void *owner, struct alert *a, bool is_created);
    // The alert was over and has been dropped. NULL: not wanted.
    void (*on_dropped)(void *owner, struct alert *a);
    // An alert was refused by the limit per name. NULL: not wanted.
    void (*on_limited)(void *owner, const struct alert *a);
    void *owner;
    uint64_t writes; // calls of on_alert, for metrics; kept by the store
};

struct alerts *alerts_new(const struct alerts_options *opt);
void alerts_free(struct alerts *s); // NULL is fine; subscribers have left

void alerts_subscribe(struct alerts *s, struct alerts_subscriber *sub);
void alerts_unsubscribe(struct alerts *s, struct alerts_subscriber *sub); // not in: nothing

// Stores completed drafts, in order, with one `now` for all. Those over the limit per name are left
// out and counted. False: the store is full and the draft at *ret_done, and those behind it, were
// not taken: ERR_LIMIT; the sender must hear of it.
bool alerts_put(struct alerts *s, const struct alert_draft *drafts, size_t count, time_ns now,
                size_t *ret_done, struct err *err);

// Stores one version as it is, merged with what is known: for alerts that come from the log. False:
// the store is full.
bool alerts_restore(struct alerts *s, struct alert *a /* takes */, struct err *err);

// Marks that it will be told that this alert fires, unless that was noted before.
void alerts_note(struct alerts *s, const struct labels *labels);
// Is what was put, noted and marked as over on the disk? True: not yet; w is called back then.
bool alerts_wait(struct alerts *s, struct waiter *w);
// The end of this version was told wherever it was wanted. Until then (and while it is owed, see
// alert_log.h) an alert that has ended is not collected.
void alerts_over(struct alerts *s, struct alert *a);

// The newest version, or NULL. Borrowed: valid until the next put or the loop's next turn.
struct alert *alerts_find(const struct alerts *s, const struct labels *labels);

// All alerts, in order of arrival, those included that are over and not yet collected:
//   for (size_t i = 0; (a = alerts_next(s, &i)); ). Nothing may be put meanwhile.
struct alert *alerts_next(const struct alerts *s, size_t *cursor);

// A subscriber's way to learn what is held already, ALERTS_BATCH_MAX alerts a loop turn. Alerts
// that are put or dropped meanwhile are left out: the subscriber hears of those. Fill in visit,
// on_end (may be NULL) and owner, then begin.
struct alerts_walk {
    void (*visit)(void *owner, struct alert *a);
    void (*on_end)(void *owner); // after the last turn; not if beginning or finishing did it all
    void *owner;

    struct env *env;
    const struct alerts *alerts;
    struct alert **items; // references; NULL: done
    size_t count, next;
    struct timer timer;
};

void alerts_walk_begin(struct alerts_walk *w, struct env *env, const struct alerts *alerts);
void alerts_walk_finish(struct alerts_walk *w); // the rest at once
void alerts_walk_cancel(struct alerts_walk *w);

static inline bool alerts_walk_is_done(const struct alerts_walk *w)
{
    return !w->items;
}

struct alerts_stats alerts_stats(const struct alerts *s);
dur_ns alerts_gc_interval(const struct alerts *s);
size_t alerts_per_name_limit(const struct alerts *s);
void alerts_gc(struct alerts *s); // now, completely; otherwise it runs by itself, in slices
