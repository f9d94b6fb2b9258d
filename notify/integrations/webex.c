// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/webex.h"

#include "notify/integrations/attempt.h"
#include "notify/truncate.h"

#define MESSAGE_BYTES_MAX 7439 // Webex' own

static str truncate(struct notify_attempt *a, str message)
{
    bool is_cut;
    str kept = truncate_bytes(message, MESSAGE_BYTES_MAX, &is_cut, a->mem);
    if (is_cut)
        log_debug(&a->integration->context->env->log,
                  "message truncated due to exceeding maximum allowed length by webex",
                  LOG_STR("receiver", a->integration->receiver),
                  LOG_STR("key", a->message.group->group_key), LOG_STR("truncated_message", kept));
    return kept;
}

// Upstream sends the message without a room where the room's template fails; nobody would see it.
static void webex_begin(struct notify_attempt *a)
{
    const struct webex_conf *conf = a->integration->conf;
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_member(&w, "markdown", truncate(a, attempt_render(a, conf->message)));
    json_put_member_given(&w, "roomId", attempt_render(a, conf->room_id));
    json_object_end(&w);
    if (attempt_failed(a))
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
    else
        attempt_send(a,
                     &(struct attempt_request){.url = conf->api_url.text, .body = attempt_body(a)},
                     attempt_judge_plain);
}

const struct integration_ops WEBEX_OPS = {
    .name = {"webex", 5}, .start = attempt_start, .cancel = attempt_cancel, .begin = webex_begin};
