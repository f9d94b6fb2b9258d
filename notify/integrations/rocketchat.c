// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/rocketchat.h"

#include "notify/integrations/chat.h"
#include "notify/integrations/endpoint.h"

#define TITLE_RUNES_MAX 1024

static void put_flag(struct json_writer *w, const char *name, bool value)
{
    json_put_key(w, str_c(name));
    json_put_bool(w, value);
}

static void put_fields(struct notify_attempt *a, struct json_writer *w)
{
    const struct rocketchat_conf *conf = a->integration->conf;
    if (conf->fields.count == 0)
        return;
    json_put_key(w, S("fields"));
    json_array_begin(w);
    for (size_t i = 0; i < conf->fields.count; i++) {
        const struct chat_field *f = YAML_LIST_AT(&conf->fields, struct chat_field, i);
        json_object_begin(w);
        put_flag(w, "short", f->is_short.is_set ? f->is_short.value : conf->short_fields);
        chat_put_text(a, w, "title", f->title);
        chat_put_text(a, w, "value", f->value);
        json_object_end(w);
    }
    json_array_end(w);
}

// Buttons are all there is.
static void put_actions(struct notify_attempt *a, struct json_writer *w)
{
    const struct rocketchat_conf *conf = a->integration->conf;
    if (conf->actions.count == 0)
        return;
    json_put_key(w, S("actions"));
    json_array_begin(w);
    for (size_t i = 0; i < conf->actions.count; i++) {
        const struct rocketchat_action *action =
            YAML_LIST_AT(&conf->actions, struct rocketchat_action, i);
        json_object_begin(w);
        json_put_member(w, "type", S("button"));
        chat_put_text(a, w, "text", action->text);
        chat_put_text(a, w, "url", action->url);
        put_flag(w, "is_webview", false);
        chat_put_text(a, w, "msg", action->msg);
        put_flag(w, "msg_in_chat_window", false);
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_attachment(struct notify_attempt *a, struct json_writer *w)
{
    const struct rocketchat_conf *conf = a->integration->conf;
    str title = attempt_render(a, conf->title);
    json_object_begin(w);
    json_put_member_given(w, "title", attempt_truncate(a, title, TITLE_RUNES_MAX, "title"));
    chat_put_text(a, w, "title_link", conf->title_link);
    chat_put_text(a, w, "text", conf->text);
    chat_put_text(a, w, "image_url", conf->image_url);
    chat_put_text(a, w, "thumb_url", conf->thumb_url);
    chat_put_text(a, w, "color", conf->color);
    put_fields(a, w);
    put_actions(a, w);
    json_object_end(w);
}

static void put_message(struct notify_attempt *a, str channel)
{
    const struct rocketchat_conf *conf = a->integration->conf;
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_member_given(&w, "channel", channel);
    chat_put_text(a, &w, "emoji", conf->emoji);
    chat_put_text(a, &w, "avatar", conf->icon_url);
    json_put_key(&w, S("attachments"));
    json_array_begin(&w);
    put_attachment(a, &w);
    json_array_end(&w);
    json_object_end(&w);
}

// A message that was not taken is answered with a good status, too.
static void on_answer(struct notify_attempt *a, const struct http_response *response)
{
    static const struct retrier RETRIER = {0};
    str where = chat_where(a, *(const str *)a->state);
    if (response->status / 100 != 2) {
        attempt_judge(a, &RETRIER, response, where);
        return;
    }
    bool is_taken;
    str error;
    bool is_understood = chat_answer(a, response->body, S("success"), &is_taken, &error) != NULL;
    if (is_understood && is_taken) {
        attempt_succeed(a);
        return;
    }
    if (is_understood)
        err_set(&a->err, ERR_INVALID, "error response from Rocketchat: %.*s", STR(error));
    err_wrap(&a->err, "%.*s", STR(where));
    attempt_fail(a, is_understood ? FAIL_FOR_GOOD : FAIL_AND_RETRY, FAILURE_CLIENT);
}

static str token(struct notify_attempt *a, str value, str file)
{
    return attempt_secret(a, value, file, arena_printf(a->mem, "could not read %.*s", STR(file)).p);
}

static void rocketchat_begin(struct notify_attempt *a)
{
    const struct rocketchat_conf *conf = a->integration->conf;
    str *channel = arena_new(a->mem, str);
    *channel = attempt_render(a, conf->channel);
    a->state = channel;
    put_message(a, *channel);
    const struct http_header headers[] = {
        {S("X-Auth-Token"), token(a, conf->token, conf->token_file)},
        {S("X-User-Id"), token(a, conf->token_id, conf->token_id_file)},
    };
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
        return;
    }
    attempt_send(a,
                 &(struct attempt_request){
                     .url = endpoint_join(conf->api_url.text, S("api/v1/chat.postMessage"), a->mem),
                     .headers = headers,
                     .header_count = ARRAY_LEN(headers),
                     .body = attempt_body(a),
                 },
                 on_answer);
}

const struct integration_ops ROCKETCHAT_OPS = {.name = {"rocketchat", 10},
                                               .start = attempt_start,
                                               .cancel = attempt_cancel,
                                               .begin = rocketchat_begin};
