// SPDX-License-Identifier: Apache-2.0
// Times and addresses as the API's schema accepts them.
#include "alertmanager/api.h"

#include "alertmanager/schema_time.h"

// What almost every sender uses is read without a detour.
bool api_parse_time(str text, struct zoned_time *ret, struct err *err)
{
    struct gotime t;
    if (time_parse_rfc3339(text, ret))
        return true;
    if (!schema_time_parse(text, &t, err))
        return false;
    time_ns clamped = add_saturated(mul_saturated(t.unix_s, DUR_SECONDS(1)), t.nanos);
    *ret = (struct zoned_time){MAX(TIME_MIN, clamped), t.offset_s};
    if (gotime_is_zero(&t))
        ret->t = TIME_UNSET;
    return true;
}

// http(s)://host[:port][/path without escapes][?query]: what almost every sender uses, and what any
// parser accepts.
static bool is_plain_uri(str s)
{
    size_t i = str_starts(s, S("http://")) ? 7 : str_starts(s, S("https://")) ? 8 : 0, from = i;
    if (i == 0)
        return false;
    while (i < s.n && (((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'z') ||
                       (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '.' || s.p[i] == '-'))
        i++;
    if (i == from)
        return false;
    if (i < s.n && s.p[i] == ':')
        for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9';)
            i++;
    if (i < s.n && s.p[i] != '/' && s.p[i] != '?')
        return false;
    bool is_query = false;
    for (; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        is_query |= c == '?';
        if (c < ' ' || c == 0x7f || (c == '%' && !is_query))
            return false;
    }
    return true;
}

bool api_uri_is_valid(str text)
{
    struct arena mem = {0};
    struct url url;
    if (is_plain_uri(text) || str_eq(text, S("*")))
        return true;
    // A fragment is not cut off by Go's request parser, but can't make a good URL bad either.
    str before, fragment;
    str_cut(text, '#', &before, &fragment);
    bool ok =
        url_parse(before, &mem, &url, NULL) && (url.scheme.n || (before.n && before.p[0] == '/'));
    arena_done(&mem);
    return ok;
}
