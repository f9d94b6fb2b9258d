// SPDX-License-Identifier: Apache-2.0
// state_cases.h: what the golden runners of the notification log and the silences share: silences
// and times from JSON.
#pragma once
#include "alertmanager/silence.h"
#include "tests/support/cases.h"

// Seconds, with fractions, relative to `now`; null or absent: TIME_UNSET.
static inline time_ns case_time(const cJSON *object, const char *key, time_ns now)
{
    const cJSON *v = case_get(object, key);
    if (!cJSON_IsNumber(v))
        return TIME_UNSET;
    double ns = v->valuedouble * 1e9;
    return now + (time_ns)(ns < 0 ? ns - 0.5 : ns + 0.5);
}

static inline struct silence_matcher case_matcher(const cJSON *v, struct arena *mem)
{
    struct silence_matcher m = {.name = case_get_text(v, "name", mem),
                                .value = case_get_text(v, "value", mem)};
    const cJSON *op = case_get(v, "op");
    if (cJSON_IsObject(op)) { // one that no program has
        m.op = (enum matcher_op)case_get_i64(op, "type");
        return m;
    }
    str text = case_text(op, mem);
    for (m.op = MATCH_EQ; m.op < MATCH_NRE && !str_eq(matcher_op_str(m.op), text); m.op++)
        ;
    return m;
}

static inline struct silence_matcher_set case_matcher_set(const cJSON *list, struct arena *mem)
{
    size_t count = (size_t)cJSON_GetArraySize(list);
    struct silence_matcher *items = arena_array(mem, struct silence_matcher, count);
    size_t i = 0;
    for (const cJSON *m = list ? list->child : NULL; m; m = m->next)
        items[i++] = case_matcher(m, mem);
    return (struct silence_matcher_set){items, count};
}

// {id?, matchers? or matcher_sets?, starts_at, ends_at, comment?, annotations?}
static inline struct silence_input case_silence(const cJSON *v, time_ns now, struct arena *mem)
{
    const cJSON *sets = case_get(v, "matcher_sets"), *old = case_get(v, "matchers");
    size_t count = sets ? (size_t)cJSON_GetArraySize(sets) : old != NULL;
    struct silence_matcher_set *out = arena_array(mem, struct silence_matcher_set, count);
    size_t i = 0;
    for (const cJSON *set = sets ? sets->child : NULL; set; set = set->next)
        out[i++] = case_matcher_set(set, mem);
    if (!sets && old)
        out[0] = case_matcher_set(old, mem);
    const cJSON *annotations = case_get(v, "annotations");
    size_t annotation_count = (size_t)cJSON_GetArraySize(annotations), at = 0;
    struct silence_annotation *pairs =
        arena_array(mem, struct silence_annotation, annotation_count);
    for (const cJSON *a = annotations ? annotations->child : NULL; a; a = a->next)
        pairs[at++] = (struct silence_annotation){str_c(a->string), case_text(a, mem)};
    return (struct silence_input){
        .id = case_get_text(v, "id", mem),
        .sets = out,
        .set_count = count,
        .starts_at = case_time(v, "starts_at", now),
        .ends_at = case_time(v, "ends_at", now),
        .created_by = case_get_text(v, "created_by", mem),
        .comment = case_get_text(v, "comment", mem),
        .annotations = pairs,
        .annotation_count = annotation_count,
    };
}
