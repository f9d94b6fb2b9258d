// SPDX-License-Identifier: Apache-2.0
// remote_write.h: what rules compute, to a server that speaks Prometheus' remote write.
//
// Series wait in one bounded queue in memory and leave in batches: every flush_interval, or as soon
// as a batch is full, up to `concurrency` at a time. A failed batch is tried again with growing
// pauses until retry_max_time has passed. VictoriaMetrics' zstd form is used until the server
// proves to understand only Prometheus' snappy form. spec: vmalert remote write.
#pragma once
#include "base/core/metrics.h"
#include "base/env.h"
#include "rules/result.h"

struct remote_write;

#define REMOTE_WRITE_DRAIN_MAX DUR_SECONDS(30) // for what is queued at shutdown

struct remote_write_options {
    str url; // complete
    str shown_url;
    size_t queue_max, batch_max; // in series
    uint32_t concurrency;
    dur_ns flush_interval, send_timeout, retry_min_interval, retry_max_time;
    const struct http_header *headers; // texts are borrowed
    size_t header_count;
    const struct httpconf *conf;
    // What is observed, or NULL: of an accepted batch series, compressed bytes and seconds with
    // retries; waiting series at each flush.
    struct vmrange *sent_rows, *sent_bytes, *flush_duration, *queue_size;
};

struct remote_write_stats {
    uint64_t pushed, errors, dropped_samples;
    uint64_t sent_series, sent_bytes;
    dur_ns send_ns; // with retries
    size_t queued;
};

struct remote_write *remote_write_new(struct env *env, const struct remote_write_options *opt);
// Cancels what is under way and drops what is queued. NULL is fine.
void remote_write_free(struct remote_write *w);

// Queues series; they are encoded at once. Never waits. Errors: "failed to push timeseries - queue
// is full (N entries). …": what fits was queued. ERR_CANCELED "client is closed".
bool remote_write_push(struct remote_write *w, const struct series *series, size_t count,
                       struct err *err);

// Sends what is queued, for at most REMOTE_WRITE_DRAIN_MAX, then calls back once; push refuses from
// now on.
void remote_write_drain(struct remote_write *w, void (*on_drained)(void *owner), void *owner);

struct remote_write_stats remote_write_stats(const struct remote_write *w);

// One series as a TimeSeries message, without its tag and length.
void buf_put_time_series(struct buf *b, const struct series *s);
// The same as an element of a WriteRequest.
void buf_put_write_request_series(struct buf *b, const struct series *s);
