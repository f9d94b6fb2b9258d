// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/slack.h"

#include "notify/integrations/answer.h"
#include "notify/integrations/chat.h"

#define TITLE_RUNES_MAX 1024
#define UPDATE_URL      "https://slack.com/api/chat.update"

// Keys of what is remembered; upstream's, in logs that both read.
#define MEMO_TIMESTAMP "threadTs"
#define MEMO_CHANNEL   "channelId"

struct slack_message { // what is known about the message of the group
    str timestamp;     // Slack's name for it; empty: a new one is posted
    str channel;       // where it goes
};

// ---- the message -------------------------------------------------------------------------------

static void put_confirmation(struct notify_attempt *a, struct json_writer *w,
                             const struct slack_confirmation *c)
{
    if (!c)
        return;
    json_put_key(w, S("confirm"));
    json_object_begin(w);
    chat_put_text(a, w, "text", c->text);
    chat_put_text(a, w, "title", c->title);
    chat_put_text(a, w, "ok_text", c->ok_text);
    chat_put_text(a, w, "dismiss_text", c->dismiss_text);
    json_object_end(w);
}

static void put_action(struct notify_attempt *a, struct json_writer *w,
                       const struct slack_action *action)
{
    json_object_begin(w);
    chat_put_text(a, w, "type", action->type);
    chat_put_text(a, w, "text", action->text);
    chat_put_text(a, w, "url", action->url);
    chat_put_text(a, w, "style", action->style);
    chat_put_text(a, w, "name", action->name);
    chat_put_text(a, w, "value", action->value);
    put_confirmation(a, w, action->confirm);
    json_object_end(w);
}

static void put_actions(struct notify_attempt *a, struct json_writer *w,
                        const struct yaml_list *actions)
{
    if (actions->count == 0)
        return;
    json_put_key(w, S("actions"));
    json_array_begin(w);
    for (size_t i = 0; i < actions->count; i++)
        put_action(a, w, YAML_LIST_AT(actions, struct slack_action, i));
    json_array_end(w);
}

// Which of the attachment's texts are in Slack's markup.
static void put_markup(struct json_writer *w, const struct str_list *configured)
{
    static const str USUAL[] = {{"fallback", 8}, {"pretext", 7}, {"text", 4}};
    const str *names = configured->count ? configured->items : USUAL;
    size_t count = configured->count ? configured->count : ARRAY_LEN(USUAL);
    json_put_key(w, S("mrkdwn_in"));
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        json_put_str(w, names[i]);
    json_array_end(w);
}

static void put_attachment(struct notify_attempt *a, struct json_writer *w)
{
    const struct slack_conf *conf = a->integration->conf;
    str title = attempt_render(a, conf->title);
    json_object_begin(w);
    json_put_member_given(w, "title", attempt_truncate(a, title, TITLE_RUNES_MAX, "title"));
    chat_put_text(a, w, "title_link", conf->title_link);
    chat_put_text(a, w, "pretext", conf->pretext);
    json_put_member(w, "text", attempt_render(a, conf->text));
    json_put_member(w, "fallback", attempt_render(a, conf->fallback));
    json_put_member(w, "callback_id", attempt_render(a, conf->callback_id));
    chat_put_fields(a, w, &conf->fields, &conf->short_fields);
    put_actions(a, w, &conf->actions);
    chat_put_text(a, w, "image_url", conf->image_url);
    chat_put_text(a, w, "thumb_url", conf->thumb_url);
    json_put_member(w, "footer", attempt_render(a, conf->footer));
    chat_put_text(a, w, "color", conf->color);
    put_markup(w, &conf->mrkdwn_in);
    json_object_end(w);
}

static void put_message(struct notify_attempt *a, const struct slack_message *m)
{
    const struct slack_conf *conf = a->integration->conf;
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_member_given(&w, "channel", m->channel);
    json_put_member_given(&w, "ts", m->timestamp);
    chat_put_text(a, &w, "username", conf->username);
    chat_put_text(a, &w, "icon_emoji", conf->icon_emoji);
    chat_put_text(a, &w, "icon_url", conf->icon_url);
    if (conf->link_names) {
        json_put_key(&w, S("link_names"));
        json_put_bool(&w, true);
    }
    chat_put_text(a, &w, "text", conf->message_text);
    json_put_key(&w, S("attachments"));
    json_array_begin(&w);
    put_attachment(a, &w);
    json_array_end(&w);
    json_object_end(&w);
}

// ---- what is remembered ------------------------------------------------------------------------

static str memo(const struct notify_attempt *a, str key)
{
    for (size_t i = 0; i < a->message.memo_count; i++) {
        if (str_eq(a->message.memos[i].key, key))
            return a->message.memos[i].value;
    }
    return S("");
}

// True: there is a message to update.
static bool find_message(const struct notify_attempt *a, struct slack_message *ret)
{
    const struct slack_conf *conf = a->integration->conf;
    *ret = (struct slack_message){memo(a, S(MEMO_TIMESTAMP)), memo(a, S(MEMO_CHANNEL))};
    return conf->update_message && ret->timestamp.n && ret->channel.n;
}

static void remember(struct notify_attempt *a, str timestamp, str channel)
{
    struct notify_memo *memos = arena_array(a->mem, struct notify_memo, 2);
    memos[0] = (struct notify_memo){S(MEMO_TIMESTAMP), timestamp};
    memos[1] = (struct notify_memo){S(MEMO_CHANNEL), channel};
    a->memos = memos;
    a->memo_count = 2;
}

// ---- answers -----------------------------------------------------------------------------------

static attempt_answer_fn on_answer;
static void post(struct notify_attempt *a);

// Says why, at the channel.
static void fail_at(struct notify_attempt *a, enum attempt_verdict verdict)
{
    const struct slack_message *m = a->state;
    str where = chat_where(a, m->channel);
    err_wrap(&a->err, "%.*s", STR(where));
    attempt_fail(a, verdict, FAILURE_CLIENT);
}

static bool cannot_be_updated(const struct slack_message *m, str error)
{
    static const char *const errors[] = {"message_not_found", "cant_update_message",
                                         "edit_window_closed"};
    for (size_t i = 0; m->timestamp.n && i < ARRAY_LEN(errors); i++) {
        if (str_eq(error, str_c(errors[i])))
            return true;
    }
    return false;
}

static void on_json(struct notify_attempt *a, str body)
{
    const struct slack_conf *conf = a->integration->conf;
    bool is_taken;
    str error, timestamp, channel;
    const json *v = chat_answer(a, body, S("ok"), &is_taken, &error);
    if (!v) {
        fail_at(a, FAIL_AND_RETRY);
        return;
    }
    if (!is_taken && cannot_be_updated(a->state, error)) {
        post(a);
        return;
    }
    if (!is_taken) {
        err_set(&a->err, ERR_INVALID, "error response from Slack: %.*s", STR(error));
        fail_at(a, FAIL_FOR_GOOD);
        return;
    }
    if (conf->update_message && answer_text(v, S("ts"), &timestamp) &&
        answer_text(v, S("channel"), &channel) && timestamp.n && channel.n)
        remember(a, timestamp, channel);
    attempt_succeed(a);
}

static void on_answer(struct notify_attempt *a, const struct http_response *response)
{
    static const struct retrier RETRIER = {0};
    const struct slack_message *m = a->state;
    str type = http_header_find(response->headers, response->header_count, S("Content-Type"));
    if (response->status / 100 != 2) {
        attempt_judge(a, &RETRIER, response, chat_where(a, m->channel));
    } else if (str_starts(type, S("application/json"))) {
        on_json(a, response->body);
    } else if (str_eq(response->body, S("ok"))) { // what webhooks say
        attempt_succeed(a);
    } else {
        err_set(&a->err, ERR_INVALID, "received an error response from Slack: %.*s",
                STR(response->body));
        fail_at(a, FAIL_FOR_GOOD);
    }
}

// ---- sending -----------------------------------------------------------------------------------

static bool has_token(const struct slack_conf *conf)
{
    return conf->app_token.n || conf->app_token_file.n;
}

static str new_message_url(struct notify_attempt *a)
{
    const struct slack_conf *conf = a->integration->conf;
    return has_token(conf) ? conf->app_url.text
                           : attempt_secret(a, conf->api_url.text, conf->api_url_file, NULL);
}

static void deliver(struct notify_attempt *a, str url, const struct slack_message *m)
{
    const struct slack_conf *conf = a->integration->conf;
    struct slack_message *state = arena_new(a->mem, struct slack_message);
    *state = *m;
    a->state = state;
    put_message(a, m);

    str token = attempt_secret(a, conf->app_token, conf->app_token_file, NULL);
    struct http_header authorization = {S("Authorization"),
                                        arena_printf(a->mem, "Bearer %.*s", STR(token))};
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
        return;
    }
    attempt_send(a,
                 &(struct attempt_request){
                     .url = url,
                     .headers = &authorization,
                     .header_count = has_token(conf),
                     .body = attempt_body(a),
                     .timeout = {"slack", conf->timeout},
                 },
                 on_answer);
}

static void post(struct notify_attempt *a)
{
    const struct slack_conf *conf = a->integration->conf;
    str url = new_message_url(a);
    deliver(a, url, &(struct slack_message){S(""), attempt_render(a, conf->channel)});
}

static void slack_begin(struct notify_attempt *a)
{
    struct slack_message m;
    if (find_message(a, &m))
        deliver(a, S(UPDATE_URL), &m);
    else
        post(a);
}

const struct integration_ops SLACK_OPS = {
    .name = {"slack", 5}, .start = attempt_start, .cancel = attempt_cancel, .begin = slack_begin};
