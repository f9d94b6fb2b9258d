// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/incidentio.h"

#include "base/model/httpconf.h"
#include "notify/integrations/answer.h"
#include "notify/integrations/attempt.h"
#include "notify/integrations/webhook.h"

#define BODY_BYTES_MAX ((size_t)512 << 10)

static const int RETRY_CODES[] = {429};
static const struct retrier RETRIER = {
    .retry_codes = RETRY_CODES, .retry_code_count = 1, .details = incidentio_details};

// ---- the message -------------------------------------------------------------------------------

static str encode(struct notify_attempt *a, const struct tpldata *data, uint64_t truncated)
{
    a->body.n = 0;
    webhook_put_body(data, S("1"), a->message.group->group_key, truncated, &a->body);
    return buf_str(&a->body);
}

static void log_cut(struct notify_attempt *a, size_t before, size_t after)
{
    const struct log *log = &a->integration->context->env->log;
    bool is_fine = after <= BODY_BYTES_MAX;
    log_write(log, is_fine ? LOG_WARN : LOG_ERROR, LOG_WHERE,
              is_fine ? S("Truncated alert content due to incident.io payload size limit")
                      : S("Truncated alert content due to incident.io payload size limit, but "
                          "still exceeds limit"),
              LOG_ATTRS(LOG_STR("receiver", a->integration->receiver),
                        LOG_INT("original_size", before), LOG_INT("final_size", after),
                        LOG_INT("max_size", BODY_BYTES_MAX)));
}

// A message that is too large keeps its first alert alone: most incidents are made of that.
static str make_body(struct notify_attempt *a)
{
    const struct incidentio_conf *conf = a->integration->conf;
    uint64_t truncated = 0;
    if (conf->max_alerts && conf->max_alerts < a->message.alert_count) {
        truncated = a->message.alert_count - conf->max_alerts;
        a->data = notify_data(a->integration, &a->message, (size_t)conf->max_alerts);
    }
    str body = encode(a, a->data, truncated);
    if (body.n <= BODY_BYTES_MAX || a->data->alert_count == 0)
        return body;
    size_t before = body.n;
    struct tpldata first = *a->data;
    first.alert_count = 1;
    body = encode(a, &first, truncated);
    log_cut(a, before, body.n);
    return body;
}

// ---- sending -----------------------------------------------------------------------------------

static void on_answer(struct notify_attempt *a, const struct http_response *response)
{
    attempt_judge(a, &RETRIER, response, S(""));
}

static const struct httpconf *authorized(struct notify_attempt *a, str token)
{
    const struct incidentio_conf *conf = a->integration->conf;
    if (token.n == 0)
        return conf->base.http;
    struct httpconf *http = arena_new(a->mem, struct httpconf);
    if (conf->base.http)
        *http = *conf->base.http;
    http->auth = HTTPCONF_AUTHORIZATION;
    http->type = S("Bearer");
    http->credentials = (struct httpconf_secret){.text = token};
    return http;
}

static void incidentio_begin(struct notify_attempt *a)
{
    const struct incidentio_conf *conf = a->integration->conf;
    str body = make_body(a);
    str url = attempt_secret(a, conf->url.text, conf->url_file, "read url_file");
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
        return;
    }
    // The file was there when the configuration was loaded: this one comes back.
    str token = attempt_secret(a, conf->alert_source_token, conf->alert_source_token_file,
                               "failed to read alert_source_token_file");
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_AND_RETRY, FAILURE_OTHER);
        return;
    }
    attempt_send(a,
                 &(struct attempt_request){
                     .url = url,
                     .body = body,
                     .timeout = {"incident.io", conf->timeout},
                     .http = authorized(a, token),
                 },
                 on_answer);
}

const struct integration_ops INCIDENTIO_OPS = {.name = {"incidentio", 10},
                                               .start = attempt_start,
                                               .cancel = attempt_cancel,
                                               .begin = incidentio_begin};

// ---- answers -----------------------------------------------------------------------------------

str incidentio_details(int status, str body, struct arena *mem)
{
    (void)status;
    const json *answer = json_parse(body, true, mem, NULL);
    str parts[3]; // in the order in which they are told
    if (!answer || (!json_is_object(answer) && !json_is_null(answer)) ||
        !answer_text(answer, S("message"), &parts[0]) ||
        !answer_text(answer, S("error"), &parts[1]) ||
        !answer_texts(answer, S("errors"), S(", "), mem, &parts[2]))
        return S("");
    struct buf text = {.mem = mem};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].n && text.n)
            buf_put(&text, S(": "));
        buf_put(&text, parts[i]);
    }
    return text.n ? buf_str(&text) : S("");
}
