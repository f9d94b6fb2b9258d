// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/pushover.h"

#include "base/text/unicode.h"
#include "base/text/url.h"
#include "notify/integrations/attempt.h"

#define API_URL "https://api.pushover.net/1/messages.json"

#define TITLE_RUNES_MAX   250
#define MESSAGE_RUNES_MAX 1024
#define URL_RUNES_MAX     512

#define PARAMS_MAX 14

static void add(struct url_params *params, const char *name, str value)
{
    assert(params->count < PARAMS_MAX);
    params->items[params->count++] = (struct url_param){str_c(name), value};
}

static str seconds(struct notify_attempt *a, dur_ns d)
{
    return arena_printf(a->mem, "%lld", (long long)(d / DUR_SECONDS(1)));
}

static str render_message(struct notify_attempt *a)
{
    const struct pushover_conf *conf = a->integration->conf;
    str text =
        conf->html ? attempt_render_html(a, conf->message) : attempt_render(a, conf->message);
    str message = str_trim_unicode(attempt_truncate(a, text, MESSAGE_RUNES_MAX, "message"));
    return message.n ? message : S("(no details)"); // the service refuses an empty one
}

static str render_cut(struct notify_attempt *a, str text, size_t runes_max, const char *what)
{
    return attempt_truncate(a, attempt_render(a, text), runes_max, what);
}

static str make_query(struct notify_attempt *a, str token, str user_key)
{
    const struct pushover_conf *conf = a->integration->conf;
    struct url_params params = {arena_array(a->mem, struct url_param, PARAMS_MAX), 0};
    add(&params, "token", attempt_render(a, token));
    add(&params, "user", attempt_render(a, user_key));
    add(&params, "title", render_cut(a, conf->title, TITLE_RUNES_MAX, "title"));
    if (conf->html)
        add(&params, "html", S("1"));
    if (conf->monospace)
        add(&params, "monospace", S("1"));
    add(&params, "message", render_message(a));
    add(&params, "url", render_cut(a, conf->url, URL_RUNES_MAX, "URL"));
    add(&params, "url_title", attempt_render(a, conf->url_title));
    add(&params, "priority", attempt_render(a, conf->priority));
    add(&params, "retry", seconds(a, conf->retry));
    add(&params, "expire", seconds(a, conf->expire));
    add(&params, "device", attempt_render(a, conf->device));
    add(&params, "sound", attempt_render(a, conf->sound));
    if (conf->ttl >= DUR_SECONDS(1))
        add(&params, "ttl", seconds(a, conf->ttl));
    struct buf query = {.mem = a->mem};
    buf_put_params(&query, &params);
    return buf_str(&query);
}

static void pushover_begin(struct notify_attempt *a)
{
    const struct pushover_conf *conf = a->integration->conf;
    str token = attempt_secret(a, conf->token, conf->token_file, "read token_file");
    str user_key = attempt_secret(a, conf->user_key, conf->user_key_file, "read user_key_file");
    str query = make_query(a, token, user_key);
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
        return;
    }
    attempt_send(a,
                 &(struct attempt_request){
                     .url = arena_printf(a->mem, API_URL "?%.*s", STR(query)),
                     .content_type = S("text/plain"),
                 },
                 attempt_judge_plain);
}

const struct integration_ops PUSHOVER_OPS = {.name = {"pushover", 8},
                                             .start = attempt_start,
                                             .cancel = attempt_cancel,
                                             .begin = pushover_begin};
