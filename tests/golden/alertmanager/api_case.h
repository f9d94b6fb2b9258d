// SPDX-License-Identifier: Apache-2.0
// api_case.h: what the runners of API cases share: requests with placeholders, answers compared
// with patterns.
//
// In requests: $now, $now+60 (seconds) and ${name}. In patterns also $time, $uuid, $any,
// $re:<expression>, {"$unordered": […]}. A pattern's object may lack keys of the answer.
#pragma once
#include "tests/support/cases.h"
#include "tests/unit/alertmanager/api_world.h"

#define NOW_TOLERANCE DUR_SECONDS(15)
#define SAVED_MAX     16

struct api_case {
    struct api_world world;
    struct arena *mem;
    struct {
        str name, value;
    } saved[SAVED_MAX];
    size_t saved_count;
};

static inline void api_case_start(struct api_case *c, const cJSON *v, struct arena *mem)
{
    *c = (struct api_case){.mem = mem};
    str mode = case_get_text(v, "mode", mem); // "classic", "utf8" or none
    api_world_init(&c->world, arena_c(mem, case_get_text(v, "config", mem)));
    if (str_eq(mode, S("classic")))
        c->world.opt.enable_feature = S("classic-mode");
    else if (str_eq(mode, S("utf8")))
        c->world.opt.enable_feature = S("utf8-strict-mode");
    api_world_run(&c->world);
}

static inline str api_case_saved(const struct api_case *c, str name)
{
    for (size_t i = c->saved_count; i-- > 0;) {
        if (str_eq(c->saved[i].name, name))
            return c->saved[i].value;
    }
    return S("?");
}

// The instant behind "$now" and its offset; how many bytes of `s` name it. 0: it is no "$now".
static inline size_t api_case_now(const struct api_case *c, str s, time_ns *ret)
{
    size_t n = S("$now").n;
    int64_t seconds = 0;
    if (!str_starts(s, S("$now")))
        return 0;
    if (n < s.n && (s.p[n] == '+' || s.p[n] == '-')) {
        size_t from = n++;
        while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '.'))
            n++;
        double value = 0;
        str_to_f64(str_slice(s, from, n), &value);
        seconds = (int64_t)value;
    }
    *ret = c->world.fake.now + DUR_SECONDS(seconds);
    return n;
}

static inline const char *api_case_fill(const struct api_case *c, str text)
{
    struct buf out = {0};
    for (size_t i = 0; i < text.n;) {
        str rest = str_skip(text, i), name;
        time_ns t;
        size_t n = api_case_now(c, rest, &t);
        if (n) {
            buf_put_time(&out, t, 0, FRACTION_SHORTEST);
        } else if (str_starts(rest, S("${")) && str_find(rest, '}') != STR_NONE) {
            n = str_find(rest, '}') + 1;
            name = str_slice(rest, 2, n - 1);
            buf_put(&out, api_case_saved(c, name));
        } else {
            n = 1;
            buf_put_c(&out, text.p[i]);
        }
        i += n;
    }
    const char *filled = arena_c(c->mem, buf_str(&out));
    buf_done(&out);
    return filled;
}

// The body of a request; NULL: none.
static inline const char *api_case_body(const struct api_case *c, const cJSON *body)
{
    if (!body)
        return NULL;
    const cJSON *raw = case_get(body, "$raw");
    if (raw)
        return arena_c(c->mem, case_text(raw, c->mem));
    char *printed = cJSON_PrintUnformatted(body);
    const char *filled = api_case_fill(c, str_c(printed));
    cJSON_free(printed);
    return filled;
}

// ---- comparing ---------------------------------------------------------------------------------

static bool api_case_matches(const struct api_case *c, const cJSON *pattern, const json *got);

static inline bool api_case_matches_text(const struct api_case *c, str pattern, const json *got)
{
    time_ns t;
    struct zoned_time at;
    str text = json_str(got);
    if (str_eq(pattern, S("$any")))
        return true;
    if (!json_is_string(got))
        return false;
    if (str_eq(pattern, S("$time")))
        return time_parse_rfc3339(text, &at);
    if (str_eq(pattern, S("$uuid")))
        return text.n == SILENCE_ID_BYTES;
    if (api_case_now(c, pattern, &t))
        return time_parse_rfc3339(text, &at) && at.t - t < NOW_TOLERANCE &&
               t - at.t < NOW_TOLERANCE;
    if (str_starts(pattern, S("$re:"))) {
        struct regex *re = regex_new(str_skip(pattern, 4), REGEX_SEARCH, NULL);
        bool ok = re && regex_matches(re, text);
        regex_free(re);
        return ok;
    }
    return str_eq(text, str_c(api_case_fill(c, pattern)));
}

// Each pattern takes the first item that fits and is free.
static inline bool api_case_matches_unordered(const struct api_case *c, const cJSON *patterns,
                                              const json *got)
{
    bool *taken = arena_array(c->mem, bool, json_count(got) + 1);
    if (!json_is_array(got) || (size_t)cJSON_GetArraySize(patterns) != json_count(got))
        return false;
    for (const cJSON *p = patterns->child; p; p = p->next) {
        size_t i = 0;
        bool is_found = false;
        json_each (item, got) {
            if (!is_found && !taken[i] && api_case_matches(c, p, item))
                is_found = taken[i] = true;
            i++;
        }
        if (!is_found)
            return false;
    }
    return true;
}

static bool api_case_matches(const struct api_case *c, const cJSON *pattern, const json *got)
{
    const cJSON *unordered = case_get(pattern, "$unordered");
    if (unordered)
        return api_case_matches_unordered(c, unordered, got);
    if (cJSON_IsObject(pattern)) {
        for (const cJSON *p = pattern->child; p; p = p->next) {
            const json *member = json_get(got, str_c(p->string));
            if (!member || !api_case_matches(c, p, member))
                return false;
        }
        return json_is_object(got);
    }
    if (cJSON_IsArray(pattern)) {
        const json *item = json_first(got);
        const cJSON *p = pattern->child;
        for (; p && item; p = p->next, item = json_next(item)) {
            if (!api_case_matches(c, p, item))
                return false;
        }
        return json_is_array(got) && !p && !item;
    }
    if (cJSON_IsString(pattern))
        return api_case_matches_text(c, case_text(pattern, c->mem), got);
    if (cJSON_IsNumber(pattern))
        return json_is_number(got) && json_number(got) == pattern->valuedouble;
    if (cJSON_IsBool(pattern))
        return json_is_bool(got) && json_bool(got) == cJSON_IsTrue(pattern);
    return json_is_null(got);
}
