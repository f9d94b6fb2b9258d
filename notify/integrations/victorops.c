// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/victorops.h"

#include "notify/integrations/attempt.h"
#include "notify/integrations/endpoint.h"

#define STATE_MESSAGE_RUNES_MAX 20480

#define FIXED_FIELDS 5

static str message_type(const struct notify_attempt *a, str configured)
{
    if (attempt_is_resolved(a))
        return S("RECOVERY");
    bool is_known = str_eq(configured, S("INFO")) || str_eq(configured, S("WARNING")) ||
                    str_eq(configured, S("CRITICAL"));
    return is_known ? configured : S("CRITICAL");
}

// One flat object, sorted by name.
static void put_body(struct notify_attempt *a)
{
    const struct victorops_conf *conf = a->integration->conf;
    const struct yaml_str_map *custom = &conf->custom_fields;
    struct yaml_str_map fields = {
        arena_array(a->mem, struct yaml_str_pair, FIXED_FIELDS + custom->count), 0};
    str type = attempt_render(a, conf->message_type),
        message = attempt_render(a, conf->state_message);
    fields.items[fields.count++] = (struct yaml_str_pair){S("message_type"), message_type(a, type)};
    fields.items[fields.count++] = (struct yaml_str_pair){S("entity_id"), attempt_group_hash(a)};
    fields.items[fields.count++] = (struct yaml_str_pair){
        S("entity_display_name"), attempt_render(a, conf->entity_display_name)};
    fields.items[fields.count++] = (struct yaml_str_pair){
        S("state_message"), attempt_truncate(a, message, STATE_MESSAGE_RUNES_MAX, "state_message")};
    fields.items[fields.count++] =
        (struct yaml_str_pair){S("monitoring_tool"), attempt_render(a, conf->monitoring_tool)};
    for (size_t i = 0; i < custom->count; i++)
        fields.items[fields.count++] =
            (struct yaml_str_pair){custom->items[i].key, attempt_render(a, custom->items[i].value)};
    yaml_str_map_sort(&fields);

    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    for (size_t i = 0; i < fields.count; i++) {
        json_put_key(&w, fields.items[i].key);
        json_put_str(&w, fields.items[i].value);
    }
    json_object_end(&w);
}

static str render_url(struct notify_attempt *a)
{
    const struct victorops_conf *conf = a->integration->conf;
    str key = attempt_secret(a, conf->api_key, conf->api_key.n ? S("") : conf->api_key_file,
                             "failed to read API key from file");
    if (attempt_failed(a))
        return S("");
    str routing_key = attempt_render(a, conf->routing_key);
    if (attempt_failed(a)) {
        err_wrap(&a->err, "templating error");
        return S("");
    }
    str path = arena_printf(a->mem, "%.*s/%.*s", STR(key), STR(routing_key));
    return endpoint_append(conf->api_url.text, path, a->mem);
}

static void victorops_begin(struct notify_attempt *a)
{
    str url = render_url(a);
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
        return;
    }
    put_body(a);
    if (attempt_failed(a)) { // upstream tries again, and so do those who wait for it
        err_wrap(&a->err, "templating error");
        attempt_fail(a, FAIL_AND_RETRY, FAILURE_OTHER);
        return;
    }
    attempt_send(a, &(struct attempt_request){.url = url, .body = attempt_body(a)},
                 attempt_judge_plain);
}

const struct integration_ops VICTOROPS_OPS = {.name = {"victorops", 9},
                                              .start = attempt_start,
                                              .cancel = attempt_cancel,
                                              .begin = victorops_begin};
