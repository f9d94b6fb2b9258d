// SPDX-License-Identifier: Apache-2.0
// push_metrics.h: our own metrics, sent to -pushmetrics.url (spec: vmalert flags §10).
//
// Each URL gets the text of /metrics every interval, first after one, and once more at the end. A
// push that is still under way when its next turn comes makes that turn pass. Thread: core.
#pragma once
#include "base/core/flags.h"
#include "base/core/metrics.h"
#include "base/env.h"

#define PUSH_METRICS_END_TIMEOUT DUR_SECONDS(5) // of the last push

struct push_flags {
    struct flag_strs urls, extra_labels, headers;
    dur_ns interval;
    bool disable_compression; // nothing is compressed
};

size_t push_flags_count(void); // for the array that push_flags_put fills
void push_flags_put(struct flag *to, struct push_flags *f);

struct push_metrics;

// put: writes the text of /metrics. NULL: no URL is given, or one of the flags is bad, which err
// says then. Errors: ERR_INVALID.
struct push_metrics *push_metrics_new(struct env *env, const struct push_flags *f,
                                      struct metrics *metrics,
                                      void (*put)(void *owner, struct buf *out), void *owner,
                                      struct err *err);
// Pushes once more, then calls back, PUSH_METRICS_END_TIMEOUT later at most.
void push_metrics_end(struct push_metrics *p, void (*on_done)(void *owner));
void push_metrics_free(struct push_metrics *p); // at once; NULL is fine

// The text with more labels (`a="b",c="d"`) in front of each sample's own.
void buf_put_labelled(struct buf *b, str exposition, str labels);
