// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/opsgenie.h"

#include "base/text/unicode.h"
#include "notify/integrations/attempt.h"
#include "notify/integrations/endpoint.h"

#define MESSAGE_RUNES_MAX 130
#define REQUESTS_MAX      3

static const int RETRY_CODES[] = {429};
static const struct retrier RETRIER = {.retry_codes = RETRY_CODES, .retry_code_count = 1};

// The requests of an attempt, made before the first one is sent. One that fails ends the attempt;
// the next one begins from the start.
struct plan {
    struct plan_request {
        str method, url, body;
    } requests[REQUESTS_MAX];
    size_t count, next;
    struct http_header authorization;
};

// ---- parts of a message ------------------------------------------------------------------------

static str next_piece(str *list) // separated by commas
{
    str piece;
    str_cut(*list, ',', &piece, list);
    return piece;
}

static void put_list_given(struct notify_attempt *a, struct json_writer *w, const char *key,
                           str text)
{
    str list = str_trim_unicode(attempt_render(a, text));
    bool is_open = false;
    while (list.n) {
        str piece = next_piece(&list);
        if (piece.n == 0)
            continue;
        if (!is_open) {
            json_put_key(w, str_c(key));
            json_array_begin(w);
        }
        is_open = true;
        json_put_str(w, piece);
    }
    if (is_open)
        json_array_end(w);
}

// The common labels, under what is configured; both are sorted.
static void put_details(struct notify_attempt *a, struct json_writer *w)
{
    const struct yaml_str_map *own = &((const struct opsgenie_conf *)a->integration->conf)->details;
    const struct tplkv *common = &a->data->common_labels;
    json_put_key(w, S("details"));
    json_object_begin(w);
    for (size_t i = 0, k = 0; i < own->count || k < common->count;) {
        int order = i == own->count      ? 1
                    : k == common->count ? -1
                                         : str_cmp(own->items[i].key, common->items[k].name);
        json_put_key(w, order <= 0 ? own->items[i].key : common->items[k].name);
        json_put_str(w,
                     order <= 0 ? attempt_render(a, own->items[i].value) : common->items[k].value);
        i += order <= 0;
        k += order >= 0;
    }
    json_object_end(w);
}

static void put_responder(struct json_writer *w, const struct opsgenie_responder *r)
{
    json_object_begin(w);
    json_put_member_given(w, "id", r->id);
    json_put_member_given(w, "name", r->name);
    json_put_member_given(w, "username", r->username);
    json_put_member(w, "type", r->type);
    json_object_end(w);
}

// "teams" is this program's own word for several responders in one.
static size_t put_teams(struct notify_attempt *a, struct json_writer *w, str names)
{
    size_t count = 0;
    names = str_trim_unicode(names);
    while (names.n) {
        str name = next_piece(&names);
        if (name.n == 0)
            continue;
        put_responder(
            w, &(struct opsgenie_responder){.name = attempt_render(a, name), .type = S("team")});
        count++;
    }
    return count;
}

static size_t put_rendered_responder(struct notify_attempt *a, struct json_writer *w,
                                     const struct opsgenie_responder *written)
{
    struct opsgenie_responder r = {
        .id = attempt_render(a, written->id),
        .name = attempt_render(a, written->name),
        .username = attempt_render(a, written->username),
        .type = attempt_render(a, written->type),
    };
    if (r.id.n + r.name.n + r.username.n + r.type.n == 0)
        return 0;
    if (str_eq(r.type, S("teams")))
        return put_teams(a, w, r.name);
    put_responder(w, &r);
    return 1;
}

static void put_responders_given(struct notify_attempt *a, struct json_writer *w)
{
    const struct opsgenie_conf *conf = a->integration->conf;
    struct buf list = {.mem = a->mem};
    struct json_writer in_list = {.out = &list, .escape = JSON_ESCAPE_HTML};
    size_t count = 0;
    json_array_begin(&in_list);
    for (size_t i = 0; i < conf->responders.count; i++)
        count += put_rendered_responder(
            a, &in_list, YAML_LIST_AT(&conf->responders, struct opsgenie_responder, i));
    json_array_end(&in_list);
    if (count == 0)
        return;
    json_put_key(w, S("responders"));
    json_put_raw(w, buf_str(&list));
}

// ---- requests ----------------------------------------------------------------------------------

// Takes what is in a->body.
static void add_request(struct notify_attempt *a, struct plan *p, const char *method, str url)
{
    assert(p->count < REQUESTS_MAX);
    p->requests[p->count++] = (struct plan_request){
        .method = str_c(method), .url = url, .body = arena_str(a->mem, attempt_body(a))};
}

// Of the alert itself: "v2/alerts/<alias>/<what>".
static str alert_url(struct notify_attempt *a, const char *what)
{
    const struct opsgenie_conf *conf = a->integration->conf;
    str path = arena_printf(a->mem, "v2/alerts/%.*s/%s", STR(attempt_group_hash(a)), what);
    return endpoint_append_with(conf->api_url.text, path, S("identifierType"), S("alias"), a->mem);
}

static void plan_close(struct notify_attempt *a, struct plan *p)
{
    const struct opsgenie_conf *conf = a->integration->conf;
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_member(&w, "source", attempt_render(a, conf->source));
    json_object_end(&w);
    add_request(a, p, "POST", alert_url(a, "close"));
}

static void plan_create(struct notify_attempt *a, struct plan *p, str message, str description)
{
    const struct opsgenie_conf *conf = a->integration->conf;
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_member(&w, "alias", attempt_group_hash(a));
    json_put_member(&w, "message", message);
    json_put_member_given(&w, "description", description);
    put_details(a, &w);
    json_put_member(&w, "source", attempt_render(a, conf->source));
    put_responders_given(a, &w);
    put_list_given(a, &w, "tags", conf->tags);
    json_put_member_given(&w, "note", attempt_render(a, conf->note));
    json_put_member_given(&w, "priority", attempt_render(a, conf->priority));
    json_put_member_given(&w, "entity", attempt_render(a, conf->entity));
    put_list_given(a, &w, "actions", conf->actions);
    json_object_end(&w);
    add_request(a, p, "POST", endpoint_append(conf->api_url.text, S("v2/alerts"), a->mem));
}

// Creating an alert that is there already counts it again, but leaves its texts.
static void plan_update(struct notify_attempt *a, struct plan *p, const char *what, str text)
{
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_member_given(&w, what, text);
    json_object_end(&w);
    add_request(a, p, "PUT", alert_url(a, what));
}

static void plan_firing(struct notify_attempt *a, struct plan *p)
{
    const struct opsgenie_conf *conf = a->integration->conf;
    str message =
        attempt_truncate(a, attempt_render(a, conf->message), MESSAGE_RUNES_MAX, "message");
    str description = attempt_render(a, conf->description);
    plan_create(a, p, message, description);
    if (!conf->update_alerts)
        return;
    plan_update(a, p, "message", message);
    plan_update(a, p, "description", description);
}

// ---- sending -----------------------------------------------------------------------------------

static attempt_answer_fn on_answer;

static void send_next(struct notify_attempt *a)
{
    struct plan *p = a->state;
    const struct plan_request *r = &p->requests[p->next++];
    attempt_send(a,
                 &(struct attempt_request){
                     .method = r->method,
                     .url = r->url,
                     .headers = &p->authorization,
                     .header_count = 1,
                     .body = r->body,
                     .is_url_shown = true,
                 },
                 on_answer);
}

static void on_answer(struct notify_attempt *a, const struct http_response *response)
{
    const struct plan *p = a->state;
    if (response->status / 100 == 2 && p->next < p->count)
        send_next(a);
    else
        attempt_judge(a, &RETRIER, response, S(""));
}

static void opsgenie_begin(struct notify_attempt *a)
{
    const struct opsgenie_conf *conf = a->integration->conf;
    bool is_file = conf->api_key.n == 0;
    str key = attempt_secret(a, conf->api_key, is_file ? conf->api_key_file : S(""),
                             "read key_file error");
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
        return;
    }
    struct plan *p = a->state = arena_new(a->mem, struct plan);
    if (attempt_is_resolved(a))
        plan_close(a, p);
    else
        plan_firing(a, p);
    key = attempt_render(a, key);
    if (attempt_failed(a)) {
        err_wrap(&a->err, "templating error");
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
        return;
    }
    str value = arena_printf(a->mem, "GenieKey %.*s", STR(is_file ? str_trim(key) : key));
    p->authorization = (struct http_header){S("Authorization"), value};
    send_next(a);
}

const struct integration_ops OPSGENIE_OPS = {.name = {"opsgenie", 8},
                                             .start = attempt_start,
                                             .cancel = attempt_cancel,
                                             .begin = opsgenie_begin};
