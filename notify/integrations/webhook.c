// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/webhook.h"

#include "notify/integrations/attempt.h"
#include "notify/integrations/payload.h"

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

static void put_time(struct json_writer *w, const char *key, const struct gotime *t)
{
    char text[64];
    struct buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    buf_put_gotime_rfc3339(&b, t);
    json_put_member(w, key, buf_str(&b));
}

static void put_alert(struct json_writer *w, const struct tpldata_alert *a)
{
    json_object_begin(w);
    json_put_member(w, "status", a->status);
    put_kv(w, "labels", &a->labels);
    put_kv(w, "annotations", &a->annotations);
    put_time(w, "startsAt", &a->starts_at);
    put_time(w, "endsAt", &a->ends_at);
    json_put_member(w, "generatorURL", a->generator_url);
    json_put_member(w, "fingerprint", a->fingerprint);
    json_object_end(w);
}

void webhook_put_body(const struct tpldata *d, str version, str group_key, uint64_t truncated,
                      struct buf *out)
{
    struct json_writer w = {.out = out, .escape = JSON_ESCAPE_HTML};
    json_object_begin(&w);
    json_put_member(&w, "receiver", d->receiver);
    json_put_member(&w, "status", d->status);
    json_put_key(&w, S("alerts"));
    json_array_begin(&w);
    for (size_t i = 0; i < d->alert_count; i++)
        put_alert(&w, &d->alerts[i]);
    json_array_end(&w);
    json_put_member(&w, "notification_reason", d->notification_reason);
    put_kv(&w, "groupLabels", &d->group_labels);
    put_kv(&w, "commonLabels", &d->common_labels);
    put_kv(&w, "commonAnnotations", &d->common_annotations);
    put_kv(&w, "routeLabels", &d->route_labels);
    json_put_member(&w, "externalURL", d->external_url);
    json_put_member(&w, "version", version);
    json_put_member(&w, "groupKey", group_key);
    json_put_key(&w, S("truncatedAlerts"));
    json_put_u64(&w, truncated);
    json_object_end(&w);
    buf_put_c(out, '\n');
}

static void put_body(struct notify_attempt *a)
{
    const struct webhook_conf *conf = a->integration->conf;
    str group_key = a->message.group->group_key;
    if (!conf->payload)
        webhook_put_body(a->data, S("4"), group_key, a->message.alert_count - a->data->alert_count,
                         &a->body);
    else if (!payload_put_json(a->integration, &a->message, a->data, conf->payload, &a->body,
                               &a->err))
        err_wrap(&a->err, "failed to render custom payload");
}

static str render_url(struct notify_attempt *a)
{
    const struct webhook_conf *conf = a->integration->conf;
    str text = attempt_secret(a, conf->url.text, conf->url_file, "read url_file");
    if (attempt_failed(a))
        return S("");
    str url = attempt_render(a, text);
    if (attempt_failed(a))
        err_wrap(&a->err, "failed to template webhook URL");
    else if (url.n == 0)
        err_set(&a->err, ERR_INVALID, "webhook URL is empty after templating");
    return url;
}

static void webhook_begin(struct notify_attempt *a)
{
    const struct webhook_conf *conf = a->integration->conf;
    if (conf->max_alerts && conf->max_alerts < a->message.alert_count)
        a->data = notify_data(a->integration, &a->message, (size_t)conf->max_alerts);
    put_body(a);
    str url = render_url(a);
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
        return;
    }
    attempt_send(a,
                 &(struct attempt_request){
                     .url = url,
                     .body = buf_str(&a->body),
                     .timeout = {"webhook", conf->timeout},
                 },
                 attempt_judge_plain);
}

const struct integration_ops WEBHOOK_OPS = {.name = {"webhook", 7},
                                            .start = attempt_start,
                                            .cancel = attempt_cancel,
                                            .begin = webhook_begin};
