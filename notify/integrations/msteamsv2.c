// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/msteamsv2.h"

#include "notify/integrations/attempt.h"

static void put_text_block(struct json_writer *w, str text, str heading_color)
{
    json_object_begin(w);
    json_put_member(w, "type", S("TextBlock"));
    json_put_member(w, "text", text);
    if (heading_color.n) {
        json_put_member(w, "weight", S("Bolder"));
        json_put_member(w, "size", S("Medium"));
    }
    json_put_key(w, S("wrap"));
    json_put_bool(w, true);
    if (heading_color.n) {
        json_put_member(w, "style", S("heading"));
        json_put_member(w, "color", heading_color);
    }
    json_object_end(w);
}

static void put_card(struct notify_attempt *a, struct json_writer *w)
{
    const struct msteamsv2_conf *conf = a->integration->conf;
    str title = attempt_render(a, conf->title), text = attempt_render(a, conf->text);
    json_object_begin(w);
    json_put_member(w, "$schema", S("http://adaptivecards.io/schemas/adaptive-card.json"));
    json_put_member(w, "type", S("AdaptiveCard"));
    json_put_member(w, "version", S("1.2"));
    json_put_key(w, S("body"));
    json_array_begin(w);
    put_text_block(w, title, attempt_is_resolved(a) ? S("Good") : S("Attention"));
    put_text_block(w, text, S(""));
    json_array_end(w);
    json_put_key(w, S("msteams"));
    json_object_begin(w);
    json_put_member(w, "width", S("full"));
    json_object_end(w);
    json_object_end(w);
}

static void put_body(struct notify_attempt *a)
{
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_member(&w, "type", S("message"));
    json_put_key(&w, S("attachments"));
    json_array_begin(&w);
    json_object_begin(&w);
    json_put_member(&w, "contentType", S("application/vnd.microsoft.card.adaptive"));
    json_put_key(&w, S("contentUrl"));
    json_put_null(&w);
    json_put_key(&w, S("content"));
    put_card(a, &w);
    json_object_end(&w);
    json_array_end(&w);
    json_object_end(&w);
}

static void msteamsv2_begin(struct notify_attempt *a)
{
    const struct msteamsv2_conf *conf = a->integration->conf;
    put_body(a);
    str url =
        attempt_secret(a, conf->webhook_url.text, conf->webhook_url_file, "read webhook_url_file");
    if (attempt_failed(a))
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
    else
        attempt_send(a, &(struct attempt_request){.url = url, .body = attempt_body(a)},
                     attempt_judge_plain);
}

const struct integration_ops MSTEAMSV2_OPS = {.name = {"msteamsv2", 9},
                                              .start = attempt_start,
                                              .cancel = attempt_cancel,
                                              .begin = msteamsv2_begin};
