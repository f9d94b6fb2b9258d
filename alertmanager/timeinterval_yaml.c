// SPDX-License-Identifier: Apache-2.0
// How time intervals are written in a configuration: reading, with upstream's texts, and printing.
#include "alertmanager/timeinterval.h"
#include "base/core/hash.h"
#include "base/text/unicode.h"
#include "base/text/yaml_print.h"

static const str WEEKDAYS[] = {{"sunday", 6},   {"monday", 6}, {"tuesday", 7}, {"wednesday", 9},
                               {"thursday", 8}, {"friday", 6}, {"saturday", 8}};
static const str MONTHS[] = {{"january", 7},   {"february", 8}, {"march", 5},    {"april", 5},
                             {"may", 3},       {"june", 4},     {"july", 4},     {"august", 6},
                             {"september", 9}, {"october", 7},  {"november", 8}, {"december", 8}};

// ---- ranges: "a", "a:b" ------------------------------------------------------------------------

// A kind of range: how one end is read, and what is wrong with two of them.
typedef bool read_end_fn(struct yaml_binder *b, str text, int64_t *ret);
typedef bool check_range_fn(struct yaml_binder *b, struct int_range r);

static bool find_name(const str *names, size_t count, str text, int64_t *ret)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(names[i], text)) {
            *ret = (int64_t)i;
            return true;
        }
    }
    return false;
}

static bool fail_number(struct yaml_binder *b, str text, const char *why)
{
    defer(buf_done) struct buf shown = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&shown, text);
    return yaml_fail(b, "strconv.Atoi: parsing %.*s: %s", STR(buf_str(&shown)), why);
}

static bool read_number(struct yaml_binder *b, str text, int64_t *ret) // Go's strconv.Atoi
{
    if (str_to_i64(text, ret))
        return true;
    bool has_sign = text.n && (text.p[0] == '-' || text.p[0] == '+');
    bool is_number = text.n > has_sign;
    for (size_t i = has_sign; i < text.n; i++)
        is_number &= text.p[i] >= '0' && text.p[i] <= '9';
    return fail_number(b, text, is_number ? "value out of range" : "invalid syntax");
}

static bool read_weekday(struct yaml_binder *b, str text, int64_t *ret)
{
    return find_name(WEEKDAYS, ARRAY_LEN(WEEKDAYS), text, ret) ||
           yaml_fail(b, "%.*s is not a valid weekday", STR(text));
}

static bool read_month(struct yaml_binder *b, str text, int64_t *ret)
{
    if (find_name(MONTHS, ARRAY_LEN(MONTHS), text, ret)) {
        ++*ret;
        return true;
    }
    return str_to_i64(text, ret) || yaml_fail(b, "%.*s is not a valid month", STR(text));
}

static bool check_weekdays(struct yaml_binder *b, struct int_range r)
{
    return r.begin <= r.end || yaml_fail(b, "start day cannot be before end day");
}

static bool check_day(struct yaml_binder *b, int64_t day)
{
    if (day != 0 && day >= -31 && day <= 31)
        return true;
    return yaml_fail(b, "%lld is not a valid day of the month: out of range", (long long)day);
}

static bool check_days(struct yaml_binder *b, struct int_range r)
{
    if (!check_day(b, r.begin) || !check_day(b, r.end))
        return false;
    if (r.begin < 0 && r.end > 0)
        return yaml_fail(b, "end day must be negative if start day is negative");
    // The shortest month decides whether a range that counts from both ends can be empty.
    int64_t begin = r.begin < 0 ? 28 + r.begin : r.begin;
    int64_t end = r.end < 0 ? 28 + r.end : r.end;
    return begin <= end || yaml_fail(b, "end day %lld is always before start day %lld",
                                     (long long)r.end, (long long)r.begin);
}

static str month_name(int64_t month)
{
    return month >= 1 && month <= 12 ? MONTHS[month - 1] : S("");
}

static bool check_months(struct yaml_binder *b, struct int_range r)
{
    return r.begin <= r.end || yaml_fail(b, "end month %.*s is before start month %.*s",
                                         STR(month_name(r.end)), STR(month_name(r.begin)));
}

static bool check_years(struct yaml_binder *b, struct int_range r)
{
    return r.begin <= r.end || yaml_fail(b, "end year %lld is before start year %lld",
                                         (long long)r.end, (long long)r.begin);
}

static bool read_range(struct yaml_binder *b, str text, read_end_fn *read_end,
                       struct int_range *ret)
{
    str begin, end;
    if (!str_cut(text, ':', &begin, &end)) {
        if (!read_end(b, text, &ret->begin))
            return false;
        ret->end = ret->begin;
        return true;
    }
    if (str_find(end, ':') != STR_NONE)
        return yaml_fail(b, "couldn't parse range %.*s, invalid format", STR(text));
    return read_end(b, begin, &ret->begin) && read_end(b, end, &ret->end);
}

static bool bind_ranges(struct yaml_binder *b, const struct yaml_node *node, const char *go_type,
                        read_end_fn *read_end, check_range_fn *check, struct int_ranges *to)
{
    if (node->kind != YAML_SEQUENCE)
        return yaml_problem_type(b, node, go_type);
    *to = (struct int_ranges){.items = arena_array(b->mem, struct int_range, node->count),
                              .is_given = true};
    yaml_each (i, node) {
        struct int_range *range = &to->items[to->count];
        if (node->items[i]->kind == YAML_NULL) { // Go's zero value
            to->count++;
            continue;
        }
        str text;
        if (!yaml_to_str(node->items[i], &text)) {
            yaml_problem_type(b, node->items[i], "string");
            continue;
        }
        defer(buf_done) struct buf lower = {0};
        buf_put_lower(&lower, text);
        if (!read_range(b, buf_str(&lower), read_end, range) || !check(b, *range))
            return false;
        to->count++;
    }
    return true;
}

static bool bind_weekdays(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    return bind_ranges(b, node, "[]timeinterval.WeekdayRange", read_weekday, check_weekdays, to);
}

static bool bind_days(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    return bind_ranges(b, node, "[]timeinterval.DayOfMonthRange", read_number, check_days, to);
}

static bool bind_months(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    return bind_ranges(b, node, "[]timeinterval.MonthRange", read_month, check_months, to);
}

static bool bind_years(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    return bind_ranges(b, node, "[]timeinterval.YearRange", read_number, check_years, to);
}

// ---- times of the day --------------------------------------------------------------------------

struct written_time {
    str start, end;
    struct int_range range;
};

static bool read_time(struct yaml_binder *b, str text, int64_t *ret)
{
    const char *p = text.p;
    bool is_time = text.n == 5 && p[2] == ':';
    for (size_t i = 0; is_time && i < 5; i++)
        is_time = i == 2 || (p[i] >= '0' && p[i] <= '9');
    if (is_time) {
        int hour = (p[0] - '0') * 10 + p[1] - '0', minute = (p[3] - '0') * 10 + p[4] - '0';
        *ret = hour * 60 + minute;
        if (minute < 60 && (hour < 24 || (hour == 24 && minute == 0)))
            return true;
    }
    return yaml_fail(b, "couldn't parse timestamp %.*s, invalid format", STR(text));
}

static bool check_time(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct written_time *t = to;
    if (t->start.n == 0 || t->end.n == 0)
        return yaml_fail(b, "both start and end times must be provided");
    if (!read_time(b, t->start, &t->range.begin) || !read_time(b, t->end, &t->range.end))
        return false;
    return t->range.begin < t->range.end ||
           yaml_fail(b, "start time cannot be equal or greater than end time");
}

static const struct yaml_field TIME_FIELDS[] = {
    YAML_FIELD(struct written_time, start, "start_time", YAML_T_STR),
    YAML_FIELD(struct written_time, end, "end_time", YAML_T_STR),
    {0},
};
static const struct yaml_struct TIME_YAML = {.type_name = "timeinterval.yamlTimeRange",
                                             .bytes = sizeof(struct written_time),
                                             .fields = TIME_FIELDS,
                                             .check = check_time};

static bool bind_times(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    if (node->kind != YAML_SEQUENCE)
        return yaml_problem_type(b, node, "[]timeinterval.TimeRange");
    struct int_ranges *ranges = to;
    *ranges = (struct int_ranges){.items = arena_array(b->mem, struct int_range, node->count),
                                  .is_given = true};
    yaml_each (i, node) {
        struct written_time written = {0};
        yaml_bind_struct(b, node->items[i], &TIME_YAML, &written);
        if (b->error.code != ERR_NONE)
            return false;
        ranges->items[ranges->count++] = written.range;
    }
    return true;
}

// ---- zones -------------------------------------------------------------------------------------

struct zone_file {
    str name;
    const struct tzone *rules;
};

static bool is_zone(const void *item, const void *key)
{
    return str_eq(((const struct zone_file *)item)->name, *(const str *)key);
}

void interval_loader_done(struct interval_loader *l)
{
    map_done(&l->zones);
}

static const struct tzone *load_zone(struct yaml_binder *b, str name)
{
    struct interval_loader *l = b->user;
    uint64_t hash = fnv1a64(FNV1A64_INIT, name);
    struct zone_file *known = map_find(&l->zones, hash, is_zone, &name);
    if (known)
        return known->rules;

    defer(buf_done) struct buf path = {0};
    buf_printf(&path, ZONEINFO_DIR "/%.*s", STR(name));
    defer(buf_done) struct buf file = {.max = TZONE_FILE_BYTES_MAX};
    struct err err = ERR_INIT;
    if (!env_file_read(l->env, buf_str(&path), TZONE_FILE_BYTES_MAX, &file, &err)) {
        yaml_fail(b, "unknown time zone %.*s", STR(name));
        return NULL;
    }
    const struct tzone *rules = tzone_parse(name, buf_str(&file), b->mem, &err);
    if (!rules) {
        yaml_fail(b, "%.*s", STR(err_str(&err)));
        return NULL;
    }
    known = arena_new(b->mem, struct zone_file);
    *known = (struct zone_file){arena_str(b->mem, name), rules};
    map_insert(&l->zones, hash, known);
    return rules;
}

static bool bind_location(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct time_zone *zone = to;
    str name;
    if (!yaml_to_str(node, &name))
        return yaml_problem_type(b, node, "string");
    if (name.n == 0 || str_eq(name, S("UTC"))) {
        *zone = (struct time_zone){ZONE_UTC, NULL, S("UTC")};
        return true;
    }
    if (str_eq(name, S("Local"))) {
        *zone = (struct time_zone){ZONE_LOCAL, NULL, name};
        return true;
    }
    if (!tzone_name_is_valid(name))
        return yaml_fail(b, "time: invalid location name");
    const struct tzone *rules = load_zone(b, name);
    if (rules)
        *zone = (struct time_zone){ZONE_NAMED, rules, name};
    return rules != NULL;
}

// ---- printing ----------------------------------------------------------------------------------

static void print_times(struct yaml_printer *p, const void *from)
{
    const struct int_ranges *times = from;
    yaml_put_seq_begin(p, times->count);
    for (size_t i = 0; i < times->count; i++) {
        const struct int_range r = times->items[i];
        defer(buf_done) struct buf start = {0}, end = {0};
        buf_printf(&start, "%02d:%02d", (int)(r.begin / 60), (int)(r.begin % 60));
        buf_printf(&end, "%02d:%02d", (int)(r.end / 60), (int)(r.end % 60));
        struct written_time written = {buf_str(&start), buf_str(&end), r};
        yaml_put_struct(p, &TIME_YAML, &written);
    }
    yaml_put_seq_end(p);
}

static void put_end(struct buf *b, int64_t x, const str *names)
{
    if (names)
        buf_put(b, names[x]);
    else
        buf_put_i64(b, x);
}

static void print_ranges(struct yaml_printer *p, const struct int_ranges *ranges, const str *names)
{
    yaml_put_seq_begin(p, ranges->count);
    for (size_t i = 0; i < ranges->count; i++) {
        const struct int_range r = ranges->items[i];
        defer(buf_done) struct buf text = {0};
        put_end(&text, r.begin, names);
        if (r.end != r.begin) {
            buf_put_c(&text, ':');
            put_end(&text, r.end, names);
        }
        yaml_put_str(p, buf_str(&text));
    }
    yaml_put_seq_end(p);
}

static void print_weekdays(struct yaml_printer *p, const void *from)
{
    print_ranges(p, from, WEEKDAYS);
}

static void print_numbers(struct yaml_printer *p, const void *from)
{
    print_ranges(p, from, NULL);
}

static bool is_without_ranges(const void *from)
{
    return ((const struct int_ranges *)from)->count == 0;
}

static void print_location(struct yaml_printer *p, const void *from)
{
    yaml_put_str(p, ((const struct time_zone *)from)->name);
}

static bool is_without_location(const void *from)
{
    return ((const struct time_zone *)from)->name.n == 0;
}

// ---- tables ------------------------------------------------------------------------------------

#define RANGES(member, name, ...)                                                                  \
    YAML_FIELD(struct time_interval, member, name, YAML_T_CUSTOM, .is_empty = is_without_ranges,   \
               .is_omitted_when_empty = true, __VA_ARGS__)

static const struct yaml_field INTERVAL_FIELDS[] = {
    RANGES(times, "times", .bind = bind_times, .print = print_times),
    RANGES(weekdays, "weekdays", .bind = bind_weekdays, .print = print_weekdays, .is_flow = true),
    RANGES(days_of_month, "days_of_month", .bind = bind_days, .print = print_numbers,
           .is_flow = true),
    RANGES(months, "months", .bind = bind_months, .print = print_numbers, .is_flow = true),
    RANGES(years, "years", .bind = bind_years, .print = print_numbers, .is_flow = true),
    YAML_FIELD(struct time_interval, zone, "location", YAML_T_CUSTOM, .bind = bind_location,
               .print = print_location, .is_empty = is_without_location,
               .is_omitted_when_empty = true),
    {0},
};
const struct yaml_struct TIME_INTERVAL_YAML = {.type_name = "timeinterval.TimeInterval",
                                               .bytes = sizeof(struct time_interval),
                                               .fields = INTERVAL_FIELDS};

static bool check_named(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    return ((const struct named_interval *)to)->name.n ||
           yaml_fail(b, "missing name in time interval");
}

static bool check_named_mute(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    return ((const struct named_interval *)to)->name.n ||
           yaml_fail(b, "missing name in mute time interval");
}

static const struct yaml_field NAMED_FIELDS[] = {
    YAML_FIELD(struct named_interval, name, "name", YAML_T_STR),
    YAML_FIELD(struct named_interval, intervals, "time_intervals", YAML_T_LIST,
               .sub = &TIME_INTERVAL_YAML),
    {0},
};
const struct yaml_struct NAMED_INTERVAL_YAML = {.type_name = "config.plain",
                                                .bytes = sizeof(struct named_interval),
                                                .fields = NAMED_FIELDS,
                                                .check = check_named};
const struct yaml_struct NAMED_MUTE_INTERVAL_YAML = {.type_name = "config.plain",
                                                     .bytes = sizeof(struct named_interval),
                                                     .fields = NAMED_FIELDS,
                                                     .check = check_named_mute};

// ---- a list of its own -------------------------------------------------------------------------

struct bare_list {
    struct yaml_list intervals;
};

static const struct yaml_field BARE_FIELDS[] = {
    YAML_FIELD(struct bare_list, intervals, "intervals", YAML_T_LIST, .sub = &TIME_INTERVAL_YAML),
    {0},
};
static const struct yaml_struct BARE_YAML = {.type_name = "[]timeinterval.TimeInterval",
                                             .bytes = sizeof(struct bare_list),
                                             .fields = BARE_FIELDS};

bool named_interval_parse(str yaml, struct env *env, struct arena *mem, struct named_interval *ret,
                          struct err *err)
{
    struct yaml_node *list = NULL;
    if (!yaml_parse(yaml, &(struct yaml_options){0}, mem, &list, err))
        return false;
    // Bound as the only member of a mapping, so that the list is read by the same table.
    struct yaml_node key = {.kind = YAML_SCALAR, .text = S("intervals"), .line = 1};
    struct yaml_member member = {.key = &key, .value = list};
    struct yaml_node document = {.kind = YAML_MAPPING, .members = &member, .count = 1, .line = 1};
    struct interval_loader loader = {.env = env};
    struct yaml_binder binder = {.mem = mem, .user = &loader};
    struct bare_list bare = {0};
    bool ok = yaml_bind(&binder, &document, &BARE_YAML, &bare, err);
    interval_loader_done(&loader);
    ret->intervals = bare.intervals;
    return ok;
}
