// SPDX-License-Identifier: Apache-2.0
#include "base/text/tzone.h"

#include "base/core/time.h"

struct local_type {
    int32_t offset_s;
    bool is_dst;
    uint8_t name_at; // index into the abbreviations
};

// The footer's rule for instants after the last transition (RFC 8536 §3.3, POSIX TZ).
struct change_rule {
    char kind; // 'J': day 1…365 without leap day, 'D': day 0…365, 'M': month.week.weekday
    int day, week, month;
    int32_t second; // of the day, in the local time before the change
};

struct tail_rule {
    bool is_set, has_dst;
    struct tzone_offset standard, daylight;
    struct change_rule start, end; // of daylight time
};

struct tzone {
    str name;
    size_t transition_count;
    int64_t *transitions; // Unix seconds, rising
    uint8_t *transition_type;
    size_t type_count;
    struct local_type *types;
    str abbreviations; // NUL-separated
    struct tail_rule tail;
};

str tzone_name(const struct tzone *z)
{
    return z->name;
}

bool tzone_name_is_valid(str name)
{
    if (name.n == 0 || name.p[0] == '/' || name.p[0] == '\\' || memchr(name.p, '\\', name.n) ||
        memchr(name.p, '\0', name.n))
        return false;
    return str_find_str(name, S("..")) == STR_NONE;
}

// ---- the footer: a POSIX TZ string such as CET-1CEST,M3.5.0,M10.5.0/3 --------------------------

static bool take_name(str *s, struct arena *mem, str *ret)
{
    size_t n = 0;
    if (s->n && s->p[0] == '<') {
        size_t end = str_find(*s, '>');
        if (end == STR_NONE)
            return false;
        *ret = arena_str(mem, str_slice(*s, 1, end));
        *s = str_skip(*s, end + 1);
        return true;
    }
    while (n < s->n && ((s->p[n] | 0x20) >= 'a' && (s->p[n] | 0x20) <= 'z'))
        n++;
    if (n < 3)
        return false;
    *ret = arena_str(mem, str_slice(*s, 0, n));
    *s = str_skip(*s, n);
    return true;
}

static bool take_number(str *s, int max, int *ret)
{
    int value = 0;
    size_t n = 0;
    for (; n < s->n && n < 5 && s->p[n] >= '0' && s->p[n] <= '9'; n++)
        value = value * 10 + (s->p[n] - '0');
    if (n == 0 || value > max)
        return false;
    *s = str_skip(*s, n);
    *ret = value;
    return true;
}

// [+-]hh[:mm[:ss]] in seconds.
static bool take_clock(str *s, int32_t *ret)
{
    int sign = 1;
    if (s->n && (s->p[0] == '-' || s->p[0] == '+')) {
        sign = s->p[0] == '-' ? -1 : 1;
        *s = str_skip(*s, 1);
    }
    int parts[3] = {0};
    for (int i = 0; i < 3; i++) {
        if (!take_number(s, i == 0 ? 24 * 7 : 59, &parts[i]))
            return false;
        if (i == 2 || !s->n || s->p[0] != ':')
            break;
        *s = str_skip(*s, 1);
    }
    *ret = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
    return true;
}

static bool take_char(str *s, char c)
{
    if (!s->n || s->p[0] != c)
        return false;
    *s = str_skip(*s, 1);
    return true;
}

static bool take_rule(str *s, struct change_rule *ret)
{
    bool is_good;
    if (take_char(s, 'M')) {
        ret->kind = 'M';
        is_good = take_number(s, 12, &ret->month) && take_char(s, '.') &&
                  take_number(s, 5, &ret->week) && take_char(s, '.') &&
                  take_number(s, 6, &ret->day) && ret->month >= 1 && ret->week >= 1;
    } else {
        ret->kind = take_char(s, 'J') ? 'J' : 'D';
        is_good = take_number(s, 365, &ret->day);
    }
    ret->second = 2 * 3600;
    return is_good && (!take_char(s, '/') || take_clock(s, &ret->second));
}

static void parse_tail(str s, struct arena *mem, struct tail_rule *ret)
{
    int32_t west_s;
    if (!take_name(&s, mem, &ret->standard.abbreviation) || !take_clock(&s, &west_s))
        return;
    ret->standard.offset_s = -west_s;
    ret->is_set = true;
    if (s.n == 0 || !take_name(&s, mem, &ret->daylight.abbreviation))
        return;
    ret->daylight.is_dst = true;
    ret->daylight.offset_s = ret->standard.offset_s + 3600;
    if (s.n && s.p[0] != ',') {
        if (!take_clock(&s, &west_s))
            return;
        ret->daylight.offset_s = -west_s;
    }
    ret->has_dst = take_char(&s, ',') && take_rule(&s, &ret->start) && take_char(&s, ',') &&
                   take_rule(&s, &ret->end) && s.n == 0;
}

// The second of the year (from January 1, 00:00 local) at which the rule strikes.
static int64_t rule_second(const struct change_rule *r, int64_t year, int64_t year_start_s)
{
    bool is_leap = days_in_month(year, 2) == 29;
    int64_t day = r->day;
    if (r->kind == 'J') {
        day = r->day - 1 + (is_leap && r->day >= 60);
    } else if (r->kind == 'M') {
        day = 0;
        for (int month = 1; month < r->month; month++)
            day += days_in_month(year, month);
        int64_t days_1970 = year_start_s / 86400 + day; // exact: a multiple of a day
        int weekday = (int)(((days_1970 + 4) % 7 + 7) % 7);
        int first = (r->day - weekday + 7) % 7;
        int offset = first + 7 * (r->week - 1);
        if (offset >= days_in_month(year, r->month))
            offset -= 7;
        day += offset;
    }
    return day * 86400 + r->second;
}

static struct tzone_offset tail_at(const struct tail_rule *t, int64_t unix_s)
{
    if (!t->has_dst)
        return t->standard;
    int64_t year = 1970 + (unix_s + t->standard.offset_s) / 31556952;
    for (int guess = 0; guess < 3; guess++) { // the estimate is at most a year off
        int64_t start_s = unix_from_civil(year, 1, 1, 0, 0, 0);
        if (unix_s + t->standard.offset_s < start_s)
            year--;
        else if (unix_s + t->standard.offset_s >= unix_from_civil(year + 1, 1, 1, 0, 0, 0))
            year++;
        else
            break;
    }
    int64_t start_s = unix_from_civil(year, 1, 1, 0, 0, 0);
    int64_t second = unix_s - start_s;
    int64_t dst_from = rule_second(&t->start, year, start_s) - t->standard.offset_s;
    int64_t dst_to = rule_second(&t->end, year, start_s) - t->daylight.offset_s;
    bool is_dst = dst_from < dst_to ? second >= dst_from && second < dst_to
                                    : second >= dst_from || second < dst_to;
    return is_dst ? t->daylight : t->standard;
}

// ---- the file ---------------------------------------------------------------------------------

#define TZIF_HEADER_BYTES 44

struct tzif_counts {
    size_t utc, standard, leap, transitions, types, chars;
};

static uint32_t read_u32(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool read_header(str file, struct tzif_counts *ret)
{
    if (file.n < TZIF_HEADER_BYTES || !str_starts(file, S("TZif")))
        return false;
    const char *p = file.p + 20;
    *ret = (struct tzif_counts){read_u32(p),      read_u32(p + 4),  read_u32(p + 8),
                                read_u32(p + 12), read_u32(p + 16), read_u32(p + 20)};
    return ret->utc <= TZONE_FILE_BYTES_MAX && ret->standard <= TZONE_FILE_BYTES_MAX &&
           ret->leap <= TZONE_FILE_BYTES_MAX && ret->transitions <= TZONE_FILE_BYTES_MAX &&
           ret->types <= TZONE_FILE_BYTES_MAX && ret->chars <= TZONE_FILE_BYTES_MAX;
}

static size_t body_bytes(const struct tzif_counts *c, size_t time_bytes)
{
    return c->transitions * (time_bytes + 1) + c->types * 6 + c->chars +
           c->leap * (time_bytes + 4) + c->standard + c->utc;
}

static bool read_body(str body, const struct tzif_counts *c, size_t time_bytes, struct arena *mem,
                      struct tzone *z)
{
    const char *p = body.p;
    z->transition_count = c->transitions;
    z->transitions = arena_array(mem, int64_t, c->transitions);
    z->transition_type = arena_array(mem, uint8_t, c->transitions);
    for (size_t i = 0; i < c->transitions; i++, p += time_bytes) {
        z->transitions[i] = time_bytes == 8
                                ? (int64_t)((uint64_t)read_u32(p) << 32 | read_u32(p + 4))
                                : (int32_t)read_u32(p);
    }
    for (size_t i = 0; i < c->transitions; i++, p++) {
        z->transition_type[i] = (uint8_t)*p;
        if (z->transition_type[i] >= c->types)
            return false;
    }
    z->type_count = c->types;
    z->types = arena_array(mem, struct local_type, c->types);
    for (size_t i = 0; i < c->types; i++, p += 6) {
        z->types[i] = (struct local_type){(int32_t)read_u32(p), p[4] != 0, (uint8_t)p[5]};
        if (z->types[i].name_at >= c->chars)
            return false;
    }
    z->abbreviations = arena_str(mem, str_from(p, c->chars));
    return true;
}

const struct tzone *tzone_parse(str name, str file, struct arena *mem, struct err *err)
{
    struct tzif_counts counts;
    size_t time_bytes = 4;
    bool is_good = file.n <= TZONE_FILE_BYTES_MAX && read_header(file, &counts);
    if (is_good && file.p[4] >= '2') { // the second block repeats everything with 64-bit times
        file = str_skip(file, TZIF_HEADER_BYTES + body_bytes(&counts, 4));
        is_good = read_header(file, &counts);
        time_bytes = 8;
    }
    str body = is_good ? str_skip(file, TZIF_HEADER_BYTES) : S("");
    size_t bytes = is_good ? body_bytes(&counts, time_bytes) : 0;
    struct tzone *z = arena_new(mem, struct tzone);
    z->name = arena_str(mem, name);
    if (!is_good || body.n < bytes || counts.types == 0 ||
        !read_body(body, &counts, time_bytes, mem, z)) {
        err_set(err, ERR_SYNTAX, "malformed time zone information");
        return NULL;
    }
    str footer = str_skip(body, bytes);
    if (time_bytes == 8 && footer.n > 2 && footer.p[0] == '\n') {
        size_t end = str_find(str_skip(footer, 1), '\n');
        if (end != STR_NONE)
            parse_tail(str_slice(footer, 1, 1 + end), mem, &z->tail);
    }
    return z;
}

static struct tzone_offset offset_of(const struct tzone *z, size_t type)
{
    const struct local_type *t = &z->types[type];
    str name = str_skip(z->abbreviations, t->name_at);
    size_t end = str_find(name, '\0');
    return (struct tzone_offset){t->offset_s, t->is_dst, str_slice(name, 0, end)};
}

// Before the first transition: the first standard time.
static size_t first_type(const struct tzone *z)
{
    for (size_t i = 0; i < z->type_count; i++) {
        if (!z->types[i].is_dst)
            return i;
    }
    return 0;
}

struct tzone_offset tzone_at(const struct tzone *z, int64_t unix_s)
{
    size_t low = 0, high = z->transition_count; // the first transition after unix_s
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->transitions[middle] <= unix_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->transition_count && z->tail.is_set)
        return tail_at(&z->tail, unix_s);
    return offset_of(z, low == 0 ? first_type(z) : z->transition_type[low - 1]);
}
