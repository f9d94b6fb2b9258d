// SPDX-License-Identifier: Apache-2.0
// replay.h: rules over a range of the past: what they would have written then, to remote write.
//
// Groups one after another; of a group one rule at a time with a pause behind each, or, without a
// pause, as many as the group's concurrency says. A rule's range is asked in pieces of so many
// points; both ends of a piece belong to it. spec: vmalert eval §9.
#pragma once
#include "rules/evaluation.h"

struct replay;

struct replay_options {
    struct zoned_time from, to; // from before to
    int64_t max_datapoints;     // of one query; at least 1
    dur_ns rules_delay;
    int64_t retry_attempts;     // of one piece
    int64_t rule_concurrency;   // pieces of one rule at the same time; alerts with `for`: one
    bool continues_with_errors; // pieces whose query is refused (HTTP 400, 422) are left out
    struct datasource datasource;
    bool (*push)(void *owner, const struct series *series, size_t count, struct err *err);
    bool (*is_busy)(void *owner); // pieces wait while what was pushed is on its way; NULL: never
    void (*print)(void *owner, str text);
    void *owner;
};

#define REPLAY_RETRY_PAUSE DUR_SECONDS(1)
#define REPLAY_BUSY_PAUSE  DUR_MS(100)

// samples: written. err: ERR_NONE, or what ended it (`rule "R": …`).
typedef void replay_done_fn(void *owner, uint64_t samples, const struct err *err);

// -replay.timeFrom and -replay.timeTo (empty: now) as instants, and the other checks. Errors:
// "failed to parse replay.timeFrom="x": …", "replay.timeTo=… must be bigger than …".
bool replay_read_range(struct replay_options *opt, str from, str to, time_ns now, struct err *err);

// Never calls back before it returns. Borrows shared, files and opt until the end.
struct replay *replay_start(const struct rules_shared *shared, struct rule_files *files,
                            const struct replay_options *opt, replay_done_fn *on_done, void *owner);
void replay_free(struct replay *r); // cancels what is under way; NULL is fine
