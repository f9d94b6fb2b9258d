// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/sns.h"

#include "base/core/utf8.h"
#include "base/model/httpconf.h"
#include "base/text/url.h"
#include "notify/integrations/aws_session.h"
#include "notify/integrations/aws_xml.h"
#include "notify/integrations/endpoint.h"

#define MESSAGE_BYTES_MAX ((size_t)256 << 10) // AWS' own, as is the next one
#define SMS_BYTES_MAX     ((size_t)1600)

#define PARAMS_FIXED         9 // beside those of the attributes
#define PARAMS_PER_ATTRIBUTE 3

struct sns_message {
    str url;
    struct url_params params;
    struct yaml_str_map attributes;
    bool is_template_bad; // the attempt's error is a template's
};

// Renders one setting, whose name is for the error.
static str render(struct notify_attempt *a, struct sns_message *m, str text, const char *name)
{
    if (attempt_failed(a))
        return S("");
    str rendered = attempt_render(a, text);
    m->is_template_bad = attempt_failed(a);
    if (m->is_template_bad)
        err_wrap(&a->err, "execute '%s' template", name);
    return rendered;
}

// ---- the message -------------------------------------------------------------------------------

static void put(struct sns_message *m, str name, str value)
{
    m->params.items[m->params.count++] = (struct url_param){name, value};
}

static void set_attribute(struct sns_message *m, str name, str value)
{
    struct yaml_str_map *map = &m->attributes;
    for (size_t i = 0; i < map->count; i++) {
        if (str_eq(map->items[i].key, name)) {
            map->items[i].value = value;
            return;
        }
    }
    map->items[map->count++] = (struct yaml_str_pair){name, value};
}

static void put_attributes(struct notify_attempt *a, struct sns_message *m)
{
    for (size_t i = 0; i < m->attributes.count; i++) {
        const struct yaml_str_pair *attribute = &m->attributes.items[i];
        str entry = arena_printf(a->mem, "MessageAttributes.entry.%zu.", i + 1);
        put(m, arena_printf(a->mem, "%.*sName", STR(entry)), attribute->key);
        put(m, arena_printf(a->mem, "%.*sValue.DataType", STR(entry)), S("String"));
        put(m, arena_printf(a->mem, "%.*sValue.StringValue", STR(entry)), attribute->value);
    }
}

static void render_attributes(struct notify_attempt *a, struct sns_message *m)
{
    const struct sns_conf *conf = a->integration->conf;
    m->attributes.items = arena_array(a->mem, struct yaml_str_pair, conf->attributes.count + 1);
    for (size_t i = 0; i < conf->attributes.count; i++) {
        str name = render(a, m, conf->attributes.items[i].key, "attributes");
        set_attribute(m, name, render(a, m, conf->attributes.items[i].value, "attributes"));
    }
}

// Of a topic that keeps the order, the group's messages stay in theirs.
static void put_target(struct notify_attempt *a, struct sns_message *m)
{
    const struct sns_conf *conf = a->integration->conf;
    if (conf->topic_arn.n) {
        str topic = render(a, m, conf->topic_arn, "topic_arn");
        put(m, S("TopicArn"), topic);
        if (str_ends(topic, S(".fifo"))) {
            put(m, S("MessageDeduplicationId"), attempt_group_hash(a));
            put(m, S("MessageGroupId"), attempt_group_hash(a));
        }
    }
    if (conf->phone_number.n)
        put(m, S("PhoneNumber"), render(a, m, conf->phone_number, "phone_number"));
    if (conf->target_arn.n)
        put(m, S("TargetArn"), render(a, m, conf->target_arn, "target_arn"));
}

// Cut at a byte, as upstream does, and marked by an attribute.
static void put_message(struct notify_attempt *a, struct sns_message *m)
{
    const struct sns_conf *conf = a->integration->conf;
    str text = render(a, m, conf->message, "message");
    size_t bytes_max = conf->phone_number.n ? SMS_BYTES_MAX : MESSAGE_BYTES_MAX;
    if (!attempt_failed(a) && !utf8_is_valid(text))
        err_set(&a->err, ERR_INVALID, "non utf8 encoded message string");
    if (text.n > bytes_max)
        set_attribute(m, S("truncated"), S("true"));
    put(m, S("Message"), str_slice(text, 0, bytes_max));
    if (conf->subject.n)
        put(m, S("Subject"), render(a, m, conf->subject, "subject"));
}

static void make_message(struct notify_attempt *a, struct sns_message *m)
{
    const struct sns_conf *conf = a->integration->conf;
    size_t params_max = PARAMS_FIXED + PARAMS_PER_ATTRIBUTE * (conf->attributes.count + 1);
    m->params.items = arena_array(a->mem, struct url_param, params_max);
    render_attributes(a, m);
    put(m, S("Action"), S("Publish"));
    put(m, S("Version"), S("2010-03-31"));
    put_target(a, m);
    put_message(a, m);
    put_attributes(a, m);
    assert(m->params.count <= params_max);
}

// ---- sending -----------------------------------------------------------------------------------

static void on_published(struct notify_attempt *a, const struct http_response *response)
{
    str id = S(""), sequence = S("");
    if (response->status / 100 != 2) {
        aws_call_refused(a, response);
        return;
    }
    aws_xml_text(response->body, S("MessageId"), a->mem, &id);
    aws_xml_text(response->body, S("SequenceNumber"), a->mem, &sequence);
    log_debug(&a->integration->context->env->log, "SNS message successfully published",
              LOG_STR("receiver", a->integration->receiver), LOG_STR("message_id", id),
              LOG_STR("sequence_number", sequence));
    attempt_succeed(a);
}

static void publish(struct notify_attempt *a)
{
    struct aws_session *s = a->state;
    const struct sns_message *m = s->owner;
    struct buf body = {.mem = a->mem};
    buf_put_params(&body, &m->params);
    aws_call(a, &(struct aws_call){.operation = "SNS: Publish",
                                   .url = m->url,
                                   .body = buf_str(&body),
                                   .service = "sns",
                                   .http = s->http,
                                   .on_answer = on_published});
}

// The http_config without its credentials: requests are signed instead. Of AWS' own client only
// TLS and proxy are set up here, and AWS_CA_BUNDLE counts.
static const struct httpconf *client_of(struct notify_attempt *a)
{
    const struct sns_conf *conf = a->integration->conf;
    str bundle = aws_variable(a->integration->context->aws, AWS_VAR_CA_BUNDLE);
    struct httpconf *http = arena_new(a->mem, struct httpconf);
    if (conf->base.http)
        *http = *conf->base.http;
    http->auth = HTTPCONF_NO_AUTH;
    http->oauth2 = NULL;
    if (!conf->use_aws_http_client && bundle.n == 0)
        return http;
    *http = (struct httpconf){
        .tls = http->tls, .proxy = http->proxy, .refusal = http->refusal, .no_redirects = true};
    if (bundle.n && !httpconf_is_given(&http->tls.ca))
        http->tls.ca.file = bundle;
    return http;
}

static bool make_plan(struct notify_attempt *a, struct aws_session *s)
{
    const struct sns_sigv4 *c = &((const struct sns_conf *)a->integration->conf)->sigv4;
    const struct aws_wish wish = {.region = c->region,
                                  .access_key = c->access_key,
                                  .secret_key = c->secret_key,
                                  .profile = c->profile,
                                  .role_arn = c->role_arn,
                                  .external_id = c->external_id};
    if (!aws_plan_make(a->integration->context->env, s->vars, &wish, a->mem, &s->plan, &a->err))
        return err_wrap(&a->err, "failed to load final config for SNS");
    if (s->plan.region.n == 0)
        return err_set(&a->err, ERR_INVALID,
                       "region not configured in sns.sigv4.region or in default credentials chain");
    return true;
}

// Where to publish: what is configured, or the region's address; it ends in a slash.
static bool choose_url(struct notify_attempt *a, const struct aws_session *s, str api_url,
                       struct sns_message *m)
{
    struct url url;
    struct buf printed = {.mem = a->mem};
    if (api_url.n == 0 && !aws_service_url(s->vars, "sns", AWS_VAR_ENDPOINT_URL_SNS, s->plan.region,
                                           a->mem, &api_url, &a->err))
        return false;
    if (!url_parse(api_url, a->mem, &url, &a->err))
        return err_wrap(&a->err, "operation error SNS: Publish, failed to parse endpoint URL");
    if (url.host.n == 0)
        return err_set(&a->err, ERR_INVALID,
                       "operation error SNS: Publish, endpoint URL without a host");
    buf_put_url(&printed, &url);
    m->url = endpoint_join(buf_str(&printed), S(""), a->mem);
    return true;
}

// What fails here is tried again, templates too, as upstream does.
static void sns_begin(struct notify_attempt *a)
{
    const struct sns_conf *conf = a->integration->conf;
    struct aws_session *s = arena_new(a->mem, struct aws_session);
    struct sns_message *m = arena_new(a->mem, struct sns_message);
    s->vars = a->integration->context->aws;
    s->http = client_of(a);
    s->on_credentials = publish;
    s->owner = m;
    str api_url = render(a, m, conf->api_url, "api_url");
    if (!attempt_failed(a) && make_plan(a, s) && choose_url(a, s, api_url, m))
        make_message(a, m);
    if (attempt_failed(a))
        attempt_fail(a, FAIL_AND_RETRY, m->is_template_bad ? FAILURE_CLIENT : FAILURE_OTHER);
    else
        aws_session_start(a, s);
}

const struct integration_ops SNS_OPS = {
    .name = {"sns", 3}, .start = attempt_start, .cancel = attempt_cancel, .begin = sns_begin};
