// SPDX-License-Identifier: Apache-2.0
#include "vmalert/remote_write.h"

#include "base/core/alloc.h"
#include "base/core/list.h"
#include "base/text/compress.h"
#include "vmalert/client_auth.h"

// ---- encoding ----------------------------------------------------------------------------------
//
// WriteRequest{1: TimeSeries*}, TimeSeries{1: Label*, 2: Sample*}, Label{1: name, 2: value},
// Sample{1: double, 2: int64 ms}; fields that are zero are left out.

static void put_varint(struct buf *b, uint64_t x)
{
    for (; x >= 0x80; x >>= 7)
        buf_put_c(b, (char)(x | 0x80));
    buf_put_c(b, (char)x);
}

static size_t varint_bytes(uint64_t x)
{
    size_t n = 1;
    for (; x >= 0x80; x >>= 7)
        n++;
    return n;
}

static void put_text(struct buf *b, char tag, str s)
{
    if (s.n == 0)
        return;
    buf_put_c(b, tag);
    put_varint(b, s.n);
    buf_put(b, s);
}

static size_t text_bytes(str s)
{
    return s.n ? 1 + varint_bytes(s.n) + s.n : 0;
}

static void put_label(struct buf *b, const struct label *l)
{
    buf_put_c(b, 0x0a);
    put_varint(b, text_bytes(l->name) + text_bytes(l->value));
    put_text(b, 0x0a, l->name);
    put_text(b, 0x12, l->value);
}

static void put_sample(struct buf *b, const struct sample *s)
{
    bool has_value = s->value != 0; // NaN is a value; -0 is none
    uint64_t ts = (uint64_t)s->ts_ms;
    buf_put_c(b, 0x12);
    put_varint(b, (has_value ? 9 : 0) + (ts ? 1 + varint_bytes(ts) : 0));
    if (has_value) {
        buf_put_c(b, 0x09);
        buf_put(b, str_from(&s->value, sizeof(s->value)));
    }
    if (ts) {
        buf_put_c(b, 0x10);
        put_varint(b, ts);
    }
}

void buf_put_time_series(struct buf *b, const struct series *s)
{
    for (size_t i = 0; i < s->label_count; i++)
        put_label(b, &s->labels[i]);
    for (size_t i = 0; i < s->sample_count; i++)
        put_sample(b, &s->samples[i]);
}

void buf_put_write_request_series(struct buf *b, const struct series *s)
{
    struct buf message = {0};
    buf_put_time_series(&message, s);
    buf_put_c(b, 0x0a);
    put_varint(b, message.n);
    buf_put(b, buf_str(&message));
    buf_done(&message);
}

// ---- the queue ---------------------------------------------------------------------------------

struct queued {
    struct list node;
    size_t samples;
    size_t n;
    char bytes[]; // an element of a WriteRequest
};

struct sender;

struct remote_write {
    struct env *env;
    struct remote_write_options opt;
    struct list queue;
    size_t queued;
    struct sender *senders; // opt.concurrency
    size_t busy;
    struct timer flush_timer;
    bool speaks_snappy; // the server does not understand the zstd form
    bool is_closed;
    struct timer drain_timer;
    void (*on_drained)(void *owner);
    void *drain_owner;
    struct remote_write_stats stats;
};

// Compression off the core thread; outlives a cancelled sender.
struct pack_job {
    struct sender *sender; // NULL: nobody waits any more
    struct buf raw, packed;
    bool is_snappy;
};

struct sender {
    struct remote_write *writer;
    bool is_busy;
    struct pack_job *job;
    struct buf packed;
    bool is_snappy;    // form of `packed`
    bool is_downgrade; // this snappy request answers a refused zstd one
    bool is_second_try;
    struct buf raw; // what `packed` was made of
    size_t series, samples;
    uint32_t attempts;
    dur_ns pause;
    mono_ns started;
    struct http_call *call;
    struct timer timer;
};

static void start_batches(struct remote_write *w, bool even_small);
static void pack(struct sender *s);

static bool refuse_full(struct remote_write *w, const struct series *series, size_t count,
                        struct err *err)
{
    for (size_t i = 0; i < count; i++)
        w->stats.dropped_samples += series[i].sample_count;
    w->stats.errors += count;
    if (w->is_closed)
        return err_set(err, ERR_CANCELED, "client is closed");
    return err_set(err, ERR_LIMIT,
                   "failed to push timeseries - queue is full (%zu entries). Queue size is "
                   "controlled by -remoteWrite.maxQueueSize flag",
                   w->queued);
}

bool remote_write_push(struct remote_write *w, const struct series *series, size_t count,
                       struct err *err)
{
    struct buf message = {0};
    size_t i = 0;
    w->stats.pushed += count;
    for (; i < count && !w->is_closed && w->queued < w->opt.queue_max; i++) {
        buf_clear(&message);
        buf_put_write_request_series(&message, &series[i]);
        struct queued *q = mem_alloc(sizeof(*q) + message.n);
        *q = (struct queued){.samples = series[i].sample_count, .n = message.n};
        memcpy(q->bytes, message.p, message.n);
        list_append(&w->queue, &q->node);
        w->queued++;
    }
    buf_done(&message);
    start_batches(w, false);
    return i == count || refuse_full(w, series + i, count - i, err);
}

// ---- sending -----------------------------------------------------------------------------------

static void check_drained(struct remote_write *w)
{
    if (!w->on_drained || w->busy > 0 || w->queued > 0)
        return;
    void (*on_drained)(void *) = w->on_drained;
    w->on_drained = NULL;
    env_timer_cancel(w->env, &w->drain_timer);
    on_drained(w->drain_owner);
}

static void observe(struct vmrange *h, double x)
{
    if (h)
        vmrange_observe(h, x);
}

static void sender_end(struct sender *s)
{
    struct remote_write *w = s->writer;
    dur_ns took = env_mono(w->env) - s->started;
    w->stats.send_ns += took;
    observe(w->opt.flush_duration, dur_to_seconds(took));
    buf_done(&s->raw);
    buf_done(&s->packed);
    s->is_busy = false;
    w->busy--;
    start_batches(w, w->is_closed);
    check_drained(w);
}

static void sender_drop(struct sender *s)
{
    struct remote_write *w = s->writer;
    w->stats.errors++;
    w->stats.dropped_samples += s->samples;
    log_printf(&w->env->log, LOG_ERROR, LOG_WHERE,
               "attempts to send remote-write request failed - dropping %zu time series",
               s->series);
    sender_end(s);
}

static void sender_send(struct sender *s);

static void on_pause_over(void *owner)
{
    sender_send(owner);
}

static void sender_retry(struct sender *s)
{
    struct remote_write *w = s->writer;
    dur_ns left = w->opt.retry_max_time - (env_mono(w->env) - s->started);
    if (left < 0) {
        sender_drop(s);
        return;
    }
    dur_ns pause = s->pause > left ? MAX(left, w->opt.retry_min_interval) : s->pause;
    s->pause = MIN(s->pause * 2, w->opt.retry_max_time);
    dur_ns jitter = MIN(pause / 10, DUR_SECONDS(10));
    pause += (dur_ns)env_random_below(w->env, (uint64_t)jitter + 1);
    timer_init(&s->timer, on_pause_over, s);
    env_timer_after(w->env, &s->timer, pause);
}

static void on_accepted(struct sender *s)
{
    struct remote_write *w = s->writer;
    if (s->is_downgrade && !w->speaks_snappy) {
        w->speaks_snappy = true;
        log_printf(&w->env->log, LOG_INFO, LOG_WHERE,
                   "Downgrading protocol from VictoriaMetrics to Prometheus remote write for all "
                   "future requests.");
    }
    w->stats.sent_series += s->series;
    w->stats.sent_bytes += s->packed.n;
    observe(w->opt.sent_rows, (double)s->series);
    observe(w->opt.sent_bytes, (double)s->packed.n);
    sender_end(s);
}

static void on_response(void *owner, const struct http_response *response, const struct err *why)
{
    struct sender *s = owner;
    struct remote_write *w = s->writer;
    s->call = NULL;
    if (response && response->status / 100 == 2) {
        on_accepted(s);
        return;
    }
    if (!response && !s->is_second_try && http_was_cut_off(why)) {
        s->is_second_try = true;
        sender_send(s);
        return;
    }
    bool is_refused_form =
        response && !s->is_snappy && (response->status == 400 || response->status == 415);
    if (is_refused_form) {
        log_printf(
            &w->env->log, LOG_INFO, LOG_WHERE,
            "received unsupported media type or bad request from remote storage at \"%.*s\". "
            "Re-packing the block to Prometheus remote write and retrying.",
            STR(w->opt.shown_url));
        s->is_downgrade = true;
        pack(s);
        return;
    }
    struct err err = ERR_INIT;
    if (response)
        err_set(&err, ERR_INVALID, "unexpected response code %d for %.*s. Response body \"%.*s\"",
                response->status, STR(w->opt.shown_url), STR(response->body));
    else
        err_set(&err, ERR_NETWORK, "error while sending request to %.*s: %.*s; Data len %zu",
                STR(w->opt.shown_url), STR(err_str(why)), s->packed.n);
    bool may_retry = !response || response->status / 100 != 4 || response->status == 429;
    log_printf(&w->env->log, LOG_WARN, LOG_WHERE,
               "attempt %u to send request failed: %.*s (retriable: %s)", s->attempts,
               STR(err_str(&err)), may_retry ? "true" : "false");
    if (may_retry)
        sender_retry(s);
    else
        sender_drop(s);
}

static void sender_send(struct sender *s)
{
    struct remote_write *w = s->writer;
    struct http_header *headers = mem_array(struct http_header, w->opt.header_count + 4);
    size_t count = 0;
    headers[count++] =
        (struct http_header){S("Content-Encoding"), s->is_snappy ? S("snappy") : S("zstd")};
    headers[count++] =
        s->is_snappy ? (struct http_header){S("X-Prometheus-Remote-Write-Version"), S("0.1.0")}
                     : (struct http_header){S("X-VictoriaMetrics-Remote-Write-Version"), S("1")};
    headers[count++] = (struct http_header){S("Content-Type"), S("application/x-protobuf")};
    headers[count++] = (struct http_header){S("User-Agent"), S("vmalert")};
    for (size_t i = 0; i < w->opt.header_count; i++)
        headers_set(headers, &count, w->opt.headers[i].name, w->opt.headers[i].value);
    struct http_request request = {
        .method = S("POST"),
        .url = w->opt.url,
        .headers = headers,
        .header_count = count,
        .body = buf_str(&s->packed),
        .timeout = w->opt.send_timeout,
        .conf = w->opt.conf,
    };
    s->attempts++;
    s->call = env_http(w->env, &request, on_response, s);
    mem_free(headers);
}

// ---- packing -----------------------------------------------------------------------------------

static void run_pack(void *owner)
{
    struct pack_job *job = owner;
    if (job->is_snappy)
        buf_put_snappy(&job->packed, buf_str(&job->raw));
    else
        buf_put_zstd(&job->packed, buf_str(&job->raw));
}

static void on_packed(void *owner)
{
    struct pack_job *job = owner;
    struct sender *s = job->sender;
    if (s) {
        s->job = NULL;
        buf_done(&s->packed);
        s->packed = job->packed;
        s->raw = job->raw;
        s->is_snappy = job->is_snappy;
        s->is_second_try = false;
        sender_send(s);
    } else {
        buf_done(&job->raw);
        buf_done(&job->packed);
    }
    mem_free(job);
}

static void pack(struct sender *s)
{
    struct remote_write *w = s->writer;
    struct pack_job *job = mem_new(struct pack_job);
    job->sender = s;
    job->raw = s->raw;
    job->is_snappy = w->speaks_snappy || s->is_downgrade;
    s->raw = (struct buf){0};
    s->job = job;
    env_work(w->env, run_pack, on_packed, job);
}

static void sender_start(struct sender *s)
{
    struct remote_write *w = s->writer;
    *s = (struct sender){.writer = w,
                         .is_busy = true,
                         .pause = w->opt.retry_min_interval,
                         .started = env_mono(w->env)};
    w->busy++;
    while (s->series < w->opt.batch_max && w->queued > 0) {
        struct queued *q = list_item(list_take_first(&w->queue), struct queued, node);
        buf_put(&s->raw, str_from(q->bytes, q->n));
        s->series++;
        s->samples += q->samples;
        w->queued--;
        mem_free(q);
    }
    pack(s);
}

static void start_batches(struct remote_write *w, bool even_small)
{
    for (size_t i = 0; i < w->opt.concurrency; i++) {
        if (w->queued == 0 || (!even_small && w->queued < w->opt.batch_max))
            return;
        if (!w->senders[i].is_busy)
            sender_start(&w->senders[i]);
    }
}

static void on_flush(void *owner)
{
    struct remote_write *w = owner;
    observe(w->opt.queue_size, (double)w->queued);
    start_batches(w, true);
    env_timer_after(w->env, &w->flush_timer, w->opt.flush_interval);
}

// ---- life --------------------------------------------------------------------------------------

struct remote_write *remote_write_new(struct env *env, const struct remote_write_options *opt)
{
    struct remote_write *w = mem_new(struct remote_write);
    w->env = env;
    w->opt = *opt;
    w->opt.concurrency = MAX(opt->concurrency, 1);
    w->opt.batch_max = MAX(opt->batch_max, 1);
    list_init(&w->queue);
    w->senders = mem_array(struct sender, w->opt.concurrency);
    memset(w->senders, 0, w->opt.concurrency * sizeof(*w->senders));
    for (size_t i = 0; i < w->opt.concurrency; i++)
        w->senders[i].writer = w;
    timer_init(&w->flush_timer, on_flush, w);
    env_timer_after(env, &w->flush_timer, w->opt.flush_interval);
    return w;
}

static void give_up(struct remote_write *w)
{
    for (size_t i = 0; i < w->opt.concurrency; i++) {
        struct sender *s = &w->senders[i];
        if (!s->is_busy)
            continue;
        if (s->job)
            s->job->sender = NULL;
        env_http_cancel(w->env, s->call);
        env_timer_cancel(w->env, &s->timer);
        buf_done(&s->raw);
        buf_done(&s->packed);
        w->stats.dropped_samples += s->samples;
        s->is_busy = false;
    }
    w->busy = 0;
    for (struct list *node; (node = list_take_first(&w->queue)) != NULL;) {
        struct queued *q = list_item(node, struct queued, node);
        w->stats.dropped_samples += q->samples;
        mem_free(q);
    }
    w->queued = 0;
}

void remote_write_free(struct remote_write *w)
{
    if (!w)
        return;
    env_timer_cancel(w->env, &w->flush_timer);
    env_timer_cancel(w->env, &w->drain_timer);
    give_up(w);
    mem_free(w->senders);
    mem_free(w);
}

static void on_drain_timeout(void *owner)
{
    struct remote_write *w = owner;
    if (w->busy || w->queued)
        log_printf(&w->env->log, LOG_ERROR, LOG_WHERE,
                   "remote write could not be drained in time - dropping what is left");
    give_up(w);
    check_drained(w);
}

void remote_write_drain(struct remote_write *w, void (*on_drained)(void *owner), void *owner)
{
    w->is_closed = true;
    w->on_drained = on_drained;
    w->drain_owner = owner;
    log_printf(&w->env->log, LOG_INFO, LOG_WHERE,
               "shutting down remote write client: flushing remained series");
    timer_init(&w->drain_timer, on_drain_timeout, w);
    start_batches(w, true);
    // Never from inside this call: an empty queue is drained in the next turn.
    env_timer_after(w->env, &w->drain_timer, w->busy || w->queued ? REMOTE_WRITE_DRAIN_MAX : 0);
}

struct remote_write_stats remote_write_stats(const struct remote_write *w)
{
    struct remote_write_stats stats = w->stats;
    stats.queued = w->queued;
    return stats;
}
