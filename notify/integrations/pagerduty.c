// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/pagerduty.h"

#include "notify/integrations/answer.h"
#include "notify/integrations/attempt.h"
#include "notify/integrations/payload.h"

#define V1_URL "https://events.pagerduty.com/generic/2010-04-15/create_event.json"

#define DESCRIPTION_RUNES_MAX 1024
#define EVENT_BYTES_MAX       512000

static const int V1_RETRY_CODES[] = {403}; // its way to say "too many"
static const int V2_RETRY_CODES[] = {429};
static const struct retrier V1_RETRIER = {
    .retry_codes = V1_RETRY_CODES, .retry_code_count = 1, .details = pagerduty_details};
static const struct retrier V2_RETRIER = {
    .retry_codes = V2_RETRY_CODES, .retry_code_count = 1, .details = pagerduty_details};

// An event with its texts rendered. Those that are JSON already are empty where they are absent.
struct event {
    str key, description, client, client_url;
    str source, severity, class, component, group; // v2
    str images, links;                             // v2; JSON
    str details;                                   // JSON
};

// ---- rendering ---------------------------------------------------------------------------------

static str render_details(struct notify_attempt *a)
{
    const struct pagerduty_conf *conf = a->integration->conf;
    struct payload_members members;
    struct buf out = {.mem = a->mem};
    struct json_writer w = {.out = &out, .escape = JSON_ESCAPE_HTML};
    if (!payload_expand(a->integration, &a->message, a->data, conf->details, &members, &a->err))
        err_wrap(&a->err, "failed to render details");
    else
        payload_put_members(&w, &members);
    return buf_str(&out);
}

static str render_images(struct notify_attempt *a)
{
    const struct pagerduty_conf *conf = a->integration->conf;
    struct buf out = {.mem = a->mem};
    struct json_writer w = {.out = &out, .escape = JSON_ESCAPE_HTML};
    size_t kept = 0;
    json_array_begin(&w);
    for (size_t i = 0; i < conf->images.count; i++) {
        const struct pagerduty_image *image =
            YAML_LIST_AT(&conf->images, struct pagerduty_image, i);
        str src = attempt_render(a, image->src), alt = attempt_render(a, image->alt),
            href = attempt_render(a, image->href);
        if (src.n == 0)
            continue;
        kept++;
        json_object_begin(&w);
        json_put_member(&w, "src", src);
        json_put_member(&w, "alt", alt);
        json_put_member(&w, "href", href);
        json_object_end(&w);
    }
    json_array_end(&w);
    return kept ? buf_str(&out) : S("");
}

static str render_links(struct notify_attempt *a)
{
    const struct pagerduty_conf *conf = a->integration->conf;
    struct buf out = {.mem = a->mem};
    struct json_writer w = {.out = &out, .escape = JSON_ESCAPE_HTML};
    size_t kept = 0;
    json_array_begin(&w);
    for (size_t i = 0; i < conf->links.count; i++) {
        const struct pagerduty_link *link = YAML_LIST_AT(&conf->links, struct pagerduty_link, i);
        str href = attempt_render(a, link->href), text = attempt_render(a, link->text);
        if (href.n == 0)
            continue;
        kept++;
        json_object_begin(&w);
        json_put_member(&w, "href", href);
        json_put_member(&w, "text", text);
        json_object_end(&w);
    }
    json_array_end(&w);
    return kept ? buf_str(&out) : S("");
}

// ---- encoding ----------------------------------------------------------------------------------

static void put_raw_given(struct json_writer *w, const char *key, str value)
{
    if (value.n == 0)
        return;
    json_put_key(w, str_c(key));
    json_put_raw(w, value);
}

static const char *event_type(const struct notify_attempt *a)
{
    return attempt_is_resolved(a) ? "resolve" : "trigger";
}

typedef void put_event_fn(struct notify_attempt *a, const struct event *e);

static void put_v1(struct notify_attempt *a, const struct event *e)
{
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_member(&w, "service_key", e->key);
    json_put_member(&w, "incident_key", attempt_group_hash(a));
    json_put_member(&w, "event_type", str_c(event_type(a)));
    json_put_member_given(&w, "description", e->description);
    json_put_member(&w, "event_action", S("")); // the two belong to v2, and are sent all the same
    json_put_key(&w, S("payload"));
    json_put_null(&w);
    json_put_member_given(&w, "client", e->client);
    json_put_member_given(&w, "client_url", e->client_url);
    put_raw_given(&w, "details", e->details);
    json_object_end(&w);
}

static void put_v2(struct notify_attempt *a, const struct event *e)
{
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_member(&w, "routing_key", e->key);
    json_put_member(&w, "dedup_key", attempt_group_hash(a));
    json_put_member(&w, "event_action", str_c(event_type(a)));
    json_put_key(&w, S("payload"));
    json_object_begin(&w);
    json_put_member(&w, "summary", e->description);
    json_put_member(&w, "source", e->source);
    json_put_member(&w, "severity", e->severity);
    json_put_member_given(&w, "class", e->class);
    json_put_member_given(&w, "component", e->component);
    json_put_member_given(&w, "group", e->group);
    put_raw_given(&w, "custom_details", e->details);
    json_object_end(&w);
    json_put_member_given(&w, "client", e->client);
    json_put_member_given(&w, "client_url", e->client_url);
    put_raw_given(&w, "images", e->images);
    put_raw_given(&w, "links", e->links);
    json_object_end(&w);
}

// "513KB123B": the multiples of 1000 that are not zero, from the largest on.
static str size_text(size_t bytes, struct arena *mem)
{
    static const char *const UNITS[] = {"B", "KB", "MB", "GB", "TB"};
    str text = bytes ? S("") : S("0B");
    for (size_t i = 0; bytes && i < ARRAY_LEN(UNITS); i++, bytes /= 1000) {
        if (bytes % 1000)
            text = arena_printf(mem, "%zu%s%.*s", bytes % 1000, UNITS[i], STR(text));
    }
    return text;
}

static void log_without_details(struct notify_attempt *a, size_t bytes)
{
    str message =
        arena_printf(a->mem, "Truncated Details because message of size %.*s exceeds limit %.*s",
                     STR(size_text(bytes, a->mem)), STR(size_text(EVENT_BYTES_MAX, a->mem)));
    log_write(&a->integration->context->env->log, LOG_WARN, LOG_WHERE, message,
              LOG_ATTRS(LOG_STR("receiver", a->integration->receiver),
                        LOG_STR("group_key", a->message.group->group_key)));
}

// The event in a->body; one that is too large goes without its details.
static str encode(struct notify_attempt *a, struct event *e, put_event_fn *put)
{
    put(a, e);
    str body = attempt_body(a);
    if (body.n <= EVENT_BYTES_MAX)
        return body;
    log_without_details(a, body.n);
    e->details = S("{\"error\":\"Custom details have been removed because the original event "
                   "exceeds the maximum size of 512KB\"}");
    put(a, e);
    return attempt_body(a);
}

// ---- sending -----------------------------------------------------------------------------------

static void send(struct notify_attempt *a, str url, str body, const char *failure,
                 attempt_answer_fn *on_answer)
{
    const struct pagerduty_conf *conf = a->integration->conf;
    attempt_send(a,
                 &(struct attempt_request){
                     .url = url,
                     .body = body,
                     .timeout = {"pagerduty", conf->timeout},
                     .is_url_shown = true,
                     .prefix = str_c(failure),
                 },
                 on_answer);
}

static str read_key(struct notify_attempt *a, str key, str file, const char *usage)
{
    return attempt_secret(a, key, key.n ? S("") : file, usage);
}

static str render_description(struct notify_attempt *a, const char *what)
{
    const struct pagerduty_conf *conf = a->integration->conf;
    return attempt_truncate(a, attempt_render(a, conf->description), DESCRIPTION_RUNES_MAX, what);
}

// False: the attempt has failed. A key that is empty once it is rendered is no key.
static bool is_complete(struct notify_attempt *a, str key, const char *failure, const char *missing)
{
    if (attempt_failed(a))
        err_wrap(&a->err, "%s", failure);
    else if (key.n == 0)
        err_set(&a->err, ERR_INVALID, "%s cannot be empty", missing);
    return !attempt_failed(a);
}

// What this version says about a failure is not told apart by status.
static void on_v1_answer(struct notify_attempt *a, const struct http_response *response)
{
    struct notify_result verdict;
    retrier_judge(&V1_RETRIER, response->status, response->body, a->mem, &verdict);
    a->err = verdict.err;
    if (verdict.is_delivered)
        attempt_succeed(a);
    else
        attempt_fail(a, verdict.may_retry ? FAIL_AND_RETRY : FAIL_FOR_GOOD, FAILURE_OTHER);
}

static bool make_v1(struct notify_attempt *a, struct event *e)
{
    const struct pagerduty_conf *conf = a->integration->conf;
    str key = read_key(a, conf->service_key, conf->service_key_file,
                       "failed to read service key from file");
    if (attempt_failed(a))
        return false;
    e->description = render_description(a, "description");
    e->key = attempt_render(a, key);
    if (!attempt_is_resolved(a)) {
        e->client = attempt_render(a, conf->client);
        e->client_url = attempt_render(a, conf->client_url);
    }
    return is_complete(a, e->key, "failed to template PagerDuty v1 message", "service key");
}

static void on_v2_answer(struct notify_attempt *a, const struct http_response *response)
{
    attempt_judge(a, &V2_RETRIER, response, S(""));
}

static bool make_v2(struct notify_attempt *a, struct event *e)
{
    const struct pagerduty_conf *conf = a->integration->conf;
    str key = read_key(a, conf->routing_key, conf->routing_key_file,
                       "failed to read routing key from file");
    if (attempt_failed(a))
        return false;
    e->description = render_description(a, "summary");
    e->key = attempt_render(a, key);
    e->client = attempt_render(a, conf->client);
    e->client_url = attempt_render(a, conf->client_url);
    e->source = attempt_render(a, conf->source);
    e->severity = attempt_render(a, conf->severity.n ? conf->severity : S("error"));
    e->class = attempt_render(a, conf->class);
    e->component = attempt_render(a, conf->component);
    e->group = attempt_render(a, conf->group);
    e->images = render_images(a);
    e->links = render_links(a);
    return is_complete(a, e->key, "failed to template PagerDuty v2 message", "routing key");
}

static void pagerduty_begin(struct notify_attempt *a)
{
    const struct pagerduty_conf *conf = a->integration->conf;
    bool is_v1 = conf->service_key.n || conf->service_key_file.n;
    struct event e = {.details = render_details(a)};
    if (attempt_failed(a) || !(is_v1 ? make_v1(a, &e) : make_v2(a, &e)))
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
    else if (is_v1)
        send(a, S(V1_URL), encode(a, &e, put_v1), "failed to post message to PagerDuty v1",
             on_v1_answer);
    else
        send(a, conf->url.text, encode(a, &e, put_v2), "failed to post message to PagerDuty",
             on_v2_answer);
}

const struct integration_ops PAGERDUTY_OPS = {.name = {"pagerduty", 9},
                                              .start = attempt_start,
                                              .cancel = attempt_cancel,
                                              .begin = pagerduty_begin};

// ---- answers -----------------------------------------------------------------------------------

str pagerduty_details(int status, str body, struct arena *mem)
{
    const json *answer = status == 400 ? json_parse(body, true, mem, NULL) : NULL;
    str ignored, message, errors;
    if (!answer || (!json_is_object(answer) && !json_is_null(answer)) ||
        !answer_text(answer, S("status"), &ignored) ||
        !answer_text(answer, S("message"), &message) ||
        !answer_texts(answer, S("errors"), S(","), mem, &errors))
        return S("");
    return arena_printf(mem, "%.*s: %.*s", STR(message), STR(errors));
}
