// SPDX-License-Identifier: Apache-2.0
// webhook: one POST of the notification data as JSON (spec: receivers §4.1).
#include "base/core/alloc.h"
#include "base/text/json_writer.h"
#include "notify/integrations/integrations.h"
#include "notify/integrations/payload.h"
#include "notify/notify_data.h"
#include "notify/retrier.h"

#define URL_FILE_BYTES_MAX ((size_t)64 << 10)

struct notify_attempt {
    const struct integration *integration;
    struct arena *mem;
    notify_done_fn *on_done;
    void *owner;
    struct http_call *call;
    struct timer timer; // of a failure before anything was sent
    struct notify_result result;
    bool has_own_timeout; // webhook_conf.timeout ends the attempt, not the flush
};

static const struct webhook_conf *webhook_conf(const struct notify_attempt *a)
{
    return a->integration->conf;
}

static struct env *attempt_env(const struct notify_attempt *a)
{
    return a->integration->context->env;
}

static void attempt_end(struct notify_attempt *a)
{
    a->on_done(a->owner, &a->result);
    mem_free(a);
}

static void on_failed_early(void *owner)
{
    attempt_end(owner);
}

static void on_response(void *owner, const struct http_response *response, const struct err *why)
{
    struct notify_attempt *a = owner;
    static const struct retrier RETRIER = {0};
    a->call = NULL;
    if (response) {
        retrier_judge(&RETRIER, response->status, response->body, a->mem, &a->result);
        attempt_end(a);
        return;
    }
    a->result.err = *why;
    a->result.may_retry = true;
    err_wrap(&a->result.err, "Post \"<redacted>\"");
    if (a->has_own_timeout && why->code == ERR_TIMEOUT) {
        struct buf text = {0};
        buf_put_dur_go(&text, webhook_conf(a)->timeout);
        struct err inner = a->result.err;
        err_set(&a->result.err, ERR_TIMEOUT, "%.*s: configured webhook timeout reached (%.*s)",
                STR(err_str(&inner)), STR(buf_str(&text)));
        buf_done(&text);
    }
    attempt_end(a);
}

// ---- what is sent ------------------------------------------------------------------------------

static void put_kv(struct json_writer *w, const char *key, const struct tplkv *kv)
{
    json_put_key(w, str_c(key));
    json_object_begin(w);
    for (size_t i = 0; i < kv->count; i++) {
        json_put_key(w, kv->items[i].name);
        json_put_str(w, kv->items[i].value);
    }
    json_object_end(w);
}

static void put_str(struct json_writer *w, const char *key, str value)
{
    json_put_key(w, str_c(key));
    json_put_str(w, value);
}

static void put_time(struct json_writer *w, const char *key, const struct gotime *t)
{
    char text[64];
    struct buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    buf_put_gotime_rfc3339(&b, t);
    put_str(w, key, buf_str(&b));
}

static void put_alert(struct json_writer *w, const struct tpldata_alert *a)
{
    json_object_begin(w);
    put_str(w, "status", a->status);
    put_kv(w, "labels", &a->labels);
    put_kv(w, "annotations", &a->annotations);
    put_time(w, "startsAt", &a->starts_at);
    put_time(w, "endsAt", &a->ends_at);
    put_str(w, "generatorURL", a->generator_url);
    put_str(w, "fingerprint", a->fingerprint);
    json_object_end(w);
}

void webhook_put_body(const struct tpldata *d, str version, str group_key, uint64_t truncated,
                      struct buf *out)
{
    struct json_writer w = {.out = out, .escape = JSON_ESCAPE_HTML};
    json_object_begin(&w);
    put_str(&w, "receiver", d->receiver);
    put_str(&w, "status", d->status);
    json_put_key(&w, S("alerts"));
    json_array_begin(&w);
    for (size_t i = 0; i < d->alert_count; i++)
        put_alert(&w, &d->alerts[i]);
    json_array_end(&w);
    put_str(&w, "notification_reason", d->notification_reason);
    put_kv(&w, "groupLabels", &d->group_labels);
    put_kv(&w, "commonLabels", &d->common_labels);
    put_kv(&w, "commonAnnotations", &d->common_annotations);
    put_kv(&w, "routeLabels", &d->route_labels);
    put_str(&w, "externalURL", d->external_url);
    put_str(&w, "version", version);
    put_str(&w, "groupKey", group_key);
    json_put_key(&w, S("truncatedAlerts"));
    json_put_u64(&w, truncated);
    json_object_end(&w);
    buf_put_c(out, '\n');
}

static bool put_body(const struct notify_attempt *a, const struct notify_message *m,
                     const struct tpldata *data, struct buf *out, struct err *err)
{
    const struct webhook_conf *conf = webhook_conf(a);
    if (!conf->payload) {
        webhook_put_body(data, S("4"), m->group->group_key, m->alert_count - data->alert_count,
                         out);
        return true;
    }
    return payload_put_json(a->integration, m, data, conf->payload, out, err) ||
           err_wrap(err, "failed to render custom payload");
}

static bool read_url(const struct notify_attempt *a, const struct notify_message *m,
                     const struct tpldata *data, str *ret, struct err *err)
{
    const struct webhook_conf *conf = webhook_conf(a);
    struct buf file = {0};
    str text = conf->url;
    bool ok = true;
    if (conf->url_file.n) {
        ok = env_file_read(attempt_env(a), conf->url_file, URL_FILE_BYTES_MAX, &file, err) ||
             err_wrap(err, "read url_file");
        text = str_trim(arena_str(m->mem, buf_str(&file)));
    }
    buf_done(&file);
    if (!ok)
        return false;
    if (!notify_render(a->integration, m, data, text, ret, err))
        return err_wrap(err, "failed to template webhook URL");
    if (ret->n == 0)
        return err_set(err, ERR_INVALID, "webhook URL is empty after templating");
    return true;
}

static void send(struct notify_attempt *a, const struct notify_message *m, str url, str body)
{
    const struct webhook_conf *conf = webhook_conf(a);
    struct env *env = attempt_env(a);
    const struct http_header headers[] = {
        {S("Content-Type"), S("application/json")},
        {S("User-Agent"), a->integration->context->user_agent},
    };
    dur_ns left = sub_saturated(m->deadline, env_mono(env));
    a->has_own_timeout = conf->timeout > 0 && conf->timeout < left;
    struct http_request request = {
        .method = S("POST"),
        .url = url,
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
        .body = body,
        .timeout = a->has_own_timeout ? conf->timeout : 0, // the flush keeps its own deadline
        .conf = conf->http,
    };
    a->call = env_http(env, &request, on_response, a);
}

static struct notify_attempt *webhook_start(const struct integration *integration,
                                            const struct notify_message *m, notify_done_fn *on_done,
                                            void *owner)
{
    struct notify_attempt *a = mem_alloc(sizeof(*a));
    *a = (struct notify_attempt){
        .integration = integration, .mem = m->mem, .on_done = on_done, .owner = owner};
    timer_init(&a->timer, on_failed_early, a);

    uint64_t max = webhook_conf(a)->max_alerts;
    size_t count = max ? (size_t)MIN(max, m->alert_count) : m->alert_count;
    const struct tpldata *data = notify_data(integration, m, count);
    struct buf body = {0};
    str url;
    if (put_body(a, m, data, &body, &a->result.err) && read_url(a, m, data, &url, &a->result.err))
        send(a, m, url, buf_str(&body));
    else
        env_timer_after(attempt_env(a), &a->timer, 0);
    buf_done(&body);
    return a;
}

static void webhook_cancel(struct notify_attempt *a)
{
    env_timer_cancel(attempt_env(a), &a->timer);
    env_http_cancel(attempt_env(a), a->call);
    mem_free(a);
}

const struct integration_ops WEBHOOK_OPS = {
    .name = {"webhook", 7}, .start = webhook_start, .cancel = webhook_cancel};
