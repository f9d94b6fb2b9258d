// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/discord.h"

#include "base/text/url.h"
#include "notify/integrations/attempt.h"

#define CONTENT_RUNES_MAX     2000
#define TITLE_RUNES_MAX       256
#define DESCRIPTION_RUNES_MAX 4096

#define COLOR_FIRING   0x992d22
#define COLOR_RESOLVED 0x2ecc71

static void put_embed(struct notify_attempt *a, struct json_writer *w)
{
    const struct discord_conf *conf = a->integration->conf;
    str title = attempt_render(a, conf->title), message = attempt_render(a, conf->message);
    json_object_begin(w);
    json_put_member(w, "title", attempt_truncate(a, title, TITLE_RUNES_MAX, "title"));
    json_put_member(w, "description",
                    attempt_truncate(a, message, DESCRIPTION_RUNES_MAX, "message"));
    json_put_key(w, S("color"));
    json_put_i64(w, attempt_is_resolved(a) ? COLOR_RESOLVED : COLOR_FIRING);
    json_object_end(w);
}

// A picture that has no URL is left out; the message goes without it.
static str avatar_url(struct notify_attempt *a)
{
    const struct discord_conf *conf = a->integration->conf;
    struct url url;
    struct err err = ERR_INIT;
    if (conf->avatar_url.n == 0 || url_parse(conf->avatar_url, a->mem, &url, &err))
        return conf->avatar_url;
    log_warn(&a->integration->context->env->log, "Bad avatar url",
             LOG_STR("receiver", a->integration->receiver), LOG_ERR(&err));
    return S("");
}

static void discord_begin(struct notify_attempt *a)
{
    const struct discord_conf *conf = a->integration->conf;
    struct json_writer w = attempt_json(a);
    str content = attempt_render(a, conf->content);
    json_object_begin(&w);
    json_put_member(&w, "content", attempt_truncate(a, content, CONTENT_RUNES_MAX, "content"));
    json_put_key(&w, S("embeds"));
    json_array_begin(&w);
    put_embed(a, &w);
    json_array_end(&w);
    json_put_member_given(&w, "username", conf->username);
    json_put_member_given(&w, "avatar_url", avatar_url(a));
    json_object_end(&w);

    str url =
        attempt_secret(a, conf->webhook_url.text, conf->webhook_url_file, "read webhook_url_file");
    if (attempt_failed(a))
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
    else
        attempt_send(a, &(struct attempt_request){.url = url, .body = attempt_body(a)},
                     attempt_judge_plain);
}

const struct integration_ops DISCORD_OPS = {.name = {"discord", 7},
                                            .start = attempt_start,
                                            .cancel = attempt_cancel,
                                            .begin = discord_begin};
