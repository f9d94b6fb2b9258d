// SPDX-License-Identifier: Apache-2.0
// The API's objects, with upstream's order of keys. Inside alerts and silences < > & are escaped,
// elsewhere not: their upstream types have encoders of their own.
#include "alertmanager/api.h"

void api_alert_status(struct am *am, const struct alert *a, time_ns now,
                      struct api_alert_status *ret)
{
    struct inhibit_hit hit = {0};
    *ret = (struct api_alert_status){0};
    if (am->runtime && inhibitor_mutes(am->runtime->inhibitor, a->labels, now, &hit))
        ret->inhibited_by = hit.source;
    silences_mutes(am->silences, a->labels, &ret->silenced_by);
}

void json_put_time(struct json_writer *w, time_ns t, int32_t offset_s)
{
    char room[64];
    struct buf text = {.p = room, .cap = sizeof(room), .max = sizeof(room)};
    buf_put_c(&text, '"');
    buf_put_time(&text, t, offset_s, 3);
    buf_put_c(&text, '"');
    json_put_raw(w, buf_str(&text));
}

void json_put_labels(struct json_writer *w, const struct labels *l)
{
    json_object_begin(w);
    for (size_t i = 0; i < l->count; i++) {
        json_put_key(w, labels_name_at(l, i));
        json_put_str(w, labels_value_at(l, i));
    }
    json_object_end(w);
}

void json_put_str_map(struct json_writer *w, const struct yaml_str_map *map)
{
    json_object_begin(w);
    for (size_t i = 0; i < map->count; i++) {
        json_put_key(w, map->items[i].key);
        json_put_str(w, map->items[i].value);
    }
    json_object_end(w);
}

static void put_strs(struct json_writer *w, const str *items, size_t count)
{
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        json_put_str(w, items[i]);
    json_array_end(w);
}

static void put_fingerprint(struct json_writer *w, const struct labels *l)
{
    char room[18];
    struct buf text = {.p = room, .cap = sizeof(room), .max = sizeof(room)};
    buf_put_c(&text, '"');
    buf_put_hex64(&text, l->fingerprint);
    buf_put_c(&text, '"');
    json_put_raw(w, buf_str(&text));
}

static void put_status(struct json_writer *w, const struct api_alert_status *s)
{
    bool is_held_back = s->inhibited_by || s->silenced_by.count || s->muted_by_count;
    json_object_begin(w);
    json_put_key(w, S("inhibitedBy"));
    json_array_begin(w);
    if (s->inhibited_by)
        put_fingerprint(w, s->inhibited_by->labels);
    json_array_end(w);
    json_put_key(w, S("mutedBy"));
    put_strs(w, s->muted_by, s->muted_by_count);
    json_put_key(w, S("silencedBy"));
    put_strs(w, s->silenced_by.items, s->silenced_by.count);
    json_put_key(w, S("state"));
    json_put_str(w, is_held_back ? S("suppressed") : S("active"));
    json_object_end(w);
}

static void put_receivers(struct json_writer *w, const struct config_receiver *const *receivers,
                          size_t count)
{
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(w);
        json_put_key(w, S("name"));
        json_put_str(w, receivers[i]->name);
        json_object_end(w);
    }
    json_array_end(w);
}

void json_put_api_alert(struct json_writer *w, struct am *am, const struct alert *a,
                        const struct config_receiver *const *receivers, size_t receiver_count,
                        const struct api_alert_status *status)
{
    enum json_escape outside = w->escape;
    w->escape = JSON_ESCAPE_HTML;
    json_object_begin(w);
    json_put_key(w, S("annotations"));
    json_put_labels(w, a->annotations);
    json_put_key(w, S("endsAt"));
    json_put_time(w, a->ends_at.t, a->ends_at.offset_s);
    json_put_key(w, S("fingerprint"));
    put_fingerprint(w, a->labels);
    json_put_key(w, S("receivers"));
    put_receivers(w, receivers, receiver_count);
    json_put_key(w, S("startsAt"));
    json_put_time(w, a->starts_at.t, a->starts_at.offset_s);
    json_put_key(w, S("status"));
    put_status(w, status);
    json_put_key(w, S("updatedAt"));
    json_put_time(w, a->updated_at, env_utc_offset_s(am->env, a->updated_at));
    str url = symbol_str(a->generator_url);
    if (url.n) {
        json_put_key(w, S("generatorURL"));
        json_put_str(w, url);
    }
    json_put_key(w, S("labels"));
    json_put_labels(w, a->labels);
    json_object_end(w);
    w->escape = outside;
}

static void put_annotations(struct json_writer *w, const struct silence *s)
{
    json_put_key(w, S("annotations"));
    json_object_begin(w);
    for (size_t i = 0; i < s->annotation_count; i++) {
        json_put_key(w, s->annotations[i].key);
        json_put_str(w, s->annotations[i].value);
    }
    json_object_end(w);
}

void json_put_silence(struct json_writer *w, const struct silence *s, time_ns now)
{
    enum json_escape outside = w->escape;
    w->escape = JSON_ESCAPE_HTML;
    json_object_begin(w);
    json_put_key(w, S("id"));
    json_put_str(w, s->id);
    json_put_key(w, S("status"));
    json_object_begin(w);
    json_put_key(w, S("state"));
    json_put_str(w, silence_state_str(silence_state(s, now)));
    json_object_end(w);
    json_put_key(w, S("updatedAt"));
    json_put_time(w, s->updated_at, 0);
    if (s->annotation_count)
        put_annotations(w, s);
    json_put_key(w, S("comment"));
    json_put_str(w, s->comment);
    json_put_key(w, S("createdBy"));
    json_put_str(w, s->created_by);
    json_put_key(w, S("endsAt"));
    json_put_time(w, s->ends_at, 0);
    json_put_key(w, S("matchers"));
    json_array_begin(w);
    for (size_t i = 0; s->set_count && i < s->sets[0].count; i++)
        json_put_matcher(w, &s->sets[0].items[i]);
    json_array_end(w);
    json_put_key(w, S("startsAt"));
    json_put_time(w, s->starts_at, 0);
    json_object_end(w);
    w->escape = outside;
}
