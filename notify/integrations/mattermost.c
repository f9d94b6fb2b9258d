// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/mattermost.h"

#include "notify/integrations/chat.h"

#define TEXT_RUNES_MAX 16383

// ---- attachments -------------------------------------------------------------------------------

static void put_attachment(struct notify_attempt *a, struct json_writer *w,
                           const struct mattermost_attachment *m)
{
    json_object_begin(w);
    chat_put_text(a, w, "fallback", m->fallback);
    chat_put_text(a, w, "color", m->color);
    chat_put_text(a, w, "pretext", m->pretext);
    chat_put_text(a, w, "text", m->text);
    chat_put_text(a, w, "author_name", m->author_name);
    chat_put_text(a, w, "author_link", m->author_link);
    chat_put_text(a, w, "author_icon", m->author_icon);
    chat_put_text(a, w, "title", m->title);
    chat_put_text(a, w, "title_link", m->title_link);
    chat_put_fields(a, w, &m->fields, NULL);
    chat_put_text(a, w, "thumb_url", m->thumb_url);
    chat_put_text(a, w, "footer", m->footer);
    chat_put_text(a, w, "footer_icon", m->footer_icon);
    chat_put_text(a, w, "image_url", m->image_url);
    json_object_end(w);
}

static void put_attachments(struct notify_attempt *a, struct json_writer *w)
{
    const struct mattermost_conf *conf = a->integration->conf;
    json_put_key(w, S("attachments"));
    json_array_begin(w);
    for (size_t i = 0; i < conf->attachments.count; i++)
        put_attachment(a, w, YAML_LIST_AT(&conf->attachments, struct mattermost_attachment, i));
    if (conf->attachments.count == 0)
        put_attachment(a, w, &conf->own);
    json_array_end(w);
}

// ---- priority ----------------------------------------------------------------------------------

static void warn(struct notify_attempt *a, const char *message, str priority)
{
    log_write(&a->integration->context->env->log, LOG_WARN, LOG_WHERE, str_c(message),
              LOG_ATTRS(LOG_STR("receiver", a->integration->receiver),
                        LOG_STR("key", a->message.group->group_key),
                        LOG_STR("priority", priority)));
}

static str render_priority(struct notify_attempt *a, str text)
{
    struct buf lower = {.mem = a->mem};
    str rendered = attempt_render(a, text);
    buf_put_lower(&lower, rendered);
    str priority = buf_str(&lower);
    if (str_eq(priority, S("urgent")) || str_eq(priority, S("important")) ||
        str_eq(priority, S("standard")))
        return priority;
    warn(a, "Priority is set to standard due to invalid value", rendered);
    return S("standard");
}

static void put_flag(struct json_writer *w, const char *name, bool is_set)
{
    if (!is_set)
        return;
    json_put_key(w, str_c(name));
    json_put_bool(w, true);
}

// Mattermost takes acknowledgements for more than standard messages only, and repeats urgent ones
// only.
static void put_priority(struct notify_attempt *a, struct json_writer *w)
{
    const struct mattermost_conf *conf = a->integration->conf;
    const struct mattermost_priority *p = conf->priority;
    if (!p || p->priority.n == 0)
        return;
    str priority = render_priority(a, p->priority);
    bool is_standard = str_eq(priority, S("standard")), is_urgent = str_eq(priority, S("urgent"));
    if (p->requested_ack && is_standard)
        warn(a, "RequestedAck is set to false due to priority is standard", priority);
    if (p->persistent_notifications && !is_urgent)
        warn(a, "PersistentNotifications is set to false due to priority is not urgent", priority);
    json_put_key(w, S("priority"));
    json_object_begin(w);
    json_put_member(w, "priority", priority);
    put_flag(w, "requested_ack", p->requested_ack && !is_standard);
    put_flag(w, "persistent_notifications", p->persistent_notifications && is_urgent);
    json_object_end(w);
}

// ---- the message -------------------------------------------------------------------------------

static void put_props(struct notify_attempt *a, struct json_writer *w)
{
    const struct mattermost_conf *conf = a->integration->conf;
    if (!conf->props || conf->props->card.n == 0)
        return;
    json_put_key(w, S("props"));
    json_object_begin(w);
    chat_put_text(a, w, "card", conf->props->card);
    json_object_end(w);
}

static void put_message(struct notify_attempt *a, str channel)
{
    const struct mattermost_conf *conf = a->integration->conf;
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    if (conf->attachments.count) {
        str text = attempt_render(a, conf->own.text);
        json_put_member_given(&w, "text", attempt_truncate(a, text, TEXT_RUNES_MAX, "text"));
    }
    json_put_member_given(&w, "channel", channel);
    chat_put_text(a, &w, "username", conf->username);
    chat_put_text(a, &w, "icon_url", conf->icon_url);
    chat_put_text(a, &w, "icon_emoji", conf->icon_emoji);
    put_attachments(a, &w);
    chat_put_text(a, &w, "type", conf->type);
    put_props(a, &w);
    put_priority(a, &w);
    json_object_end(&w);
}

static void on_answer(struct notify_attempt *a, const struct http_response *response)
{
    static const struct retrier RETRIER = {0};
    attempt_judge(a, &RETRIER, response, chat_where(a, *(const str *)a->state));
}

static void mattermost_begin(struct notify_attempt *a)
{
    const struct mattermost_conf *conf = a->integration->conf;
    str *channel = arena_new(a->mem, str);
    *channel = attempt_render(a, conf->channel);
    a->state = channel;
    put_message(a, *channel);

    str url = attempt_secret(a, conf->webhook_url.text, conf->webhook_url_file, NULL);
    if (!attempt_failed(a) && url.n == 0)
        err_set(&a->err, ERR_INVALID, "webhook url missing");
    if (attempt_failed(a))
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
    else
        attempt_send(a, &(struct attempt_request){.url = url, .body = attempt_body(a)}, on_answer);
}

const struct integration_ops MATTERMOST_OPS = {.name = {"mattermost", 10},
                                               .start = attempt_start,
                                               .cancel = attempt_cancel,
                                               .begin = mattermost_begin};
