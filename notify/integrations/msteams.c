// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/msteams.h"

#include "notify/integrations/attempt.h"

#define COLOR_FIRING   S("8C1A1A")
#define COLOR_RESOLVED S("2DC72D")

static void msteams_begin(struct notify_attempt *a)
{
    const struct msteams_conf *conf = a->integration->conf;
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_member(&w, "@context", S("http://schema.org/extensions"));
    json_put_member(&w, "type", S("MessageCard"));
    json_put_member(&w, "title", attempt_render(a, conf->title));
    json_put_member(&w, "summary", attempt_render(a, conf->summary));
    json_put_member(&w, "text", attempt_render(a, conf->text));
    json_put_member(&w, "themeColor", attempt_is_resolved(a) ? COLOR_RESOLVED : COLOR_FIRING);
    json_object_end(&w);

    str url =
        attempt_secret(a, conf->webhook_url.text, conf->webhook_url_file, "read webhook_url_file");
    if (attempt_failed(a))
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
    else
        attempt_send(a, &(struct attempt_request){.url = url, .body = attempt_body(a)},
                     attempt_judge_plain);
}

const struct integration_ops MSTEAMS_OPS = {.name = {"msteams", 7},
                                            .start = attempt_start,
                                            .cancel = attempt_cancel,
                                            .begin = msteams_begin};
