// SPDX-License-Identifier: Apache-2.0
// time.Time, time.Duration, time.Month, time.Weekday and time.Location as templates see them.
#include <math.h>

#include "base/text/gotpl_int.h"

static const struct gotime *time_of(const struct tpl_value *v)
{
    static const struct gotime ZERO = {.unix_s = GOTIME_ZERO_S, .zone = {"UTC", 3}};
    return v->obj ? v->obj : &ZERO;
}

static const struct gotime *self_time(const struct tpl_call *call)
{
    return time_of(call->self);
}

static bool return_time(struct tpl_call *call, struct gotime t, struct tpl_value *ret)
{
    struct gotime *kept = arena_new(call->mem, struct gotime);
    *kept = t;
    *ret = tpl_time(kept);
    return true;
}

// ---- time.Time --------------------------------------------------------------------------------

static bool time_add(TPL_ARGS)
{
    return return_time(call, gotime_add(*self_time(call), args[0].i), ret);
}

static bool time_add_date(TPL_ARGS)
{
    return return_time(call, gotime_add_date(*self_time(call), args[0].i, args[1].i, args[2].i),
                       ret);
}

static bool time_after(TPL_ARGS)
{
    *ret = tpl_bool(gotime_cmp(self_time(call), time_of(&args[0])) > 0);
    return true;
}

static bool time_before(TPL_ARGS)
{
    *ret = tpl_bool(gotime_cmp(self_time(call), time_of(&args[0])) < 0);
    return true;
}

static bool time_equal(TPL_ARGS)
{
    *ret = tpl_bool(gotime_cmp(self_time(call), time_of(&args[0])) == 0);
    return true;
}

static bool time_compare(TPL_ARGS)
{
    *ret = tpl_int(gotime_cmp(self_time(call), time_of(&args[0])));
    return true;
}

#define CIVIL_METHOD(name, expression)                                                             \
    static bool name(TPL_ARGS)                                                                     \
    {                                                                                              \
        struct civil c = gotime_civil(self_time(call));                                            \
        *ret = (expression);                                                                       \
        return true;                                                                               \
    }

CIVIL_METHOD(time_day, tpl_int(c.day))
CIVIL_METHOD(time_hour, tpl_int(c.hour))
CIVIL_METHOD(time_minute, tpl_int(c.minute))
CIVIL_METHOD(time_second, tpl_int(c.second))
CIVIL_METHOD(time_nanosecond, tpl_int(c.nanos))
CIVIL_METHOD(time_year, tpl_int(c.year))
CIVIL_METHOD(time_year_day, tpl_int(c.yearday))
CIVIL_METHOD(time_month, tpl_int_of(&TPL_MONTH, c.month))
CIVIL_METHOD(time_weekday, tpl_int_of(&TPL_WEEKDAY, c.weekday))

static bool time_format(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    buf_put_gotime(&text, self_time(call), args[0].s);
    return tpl_return(&text, ret, err);
}

static bool time_append_format(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    if (args[0].obj && args[0].count)
        buf_put(&text, str_from((const char *)args[0].obj + args[0].first, args[0].count));
    buf_put_gotime(&text, self_time(call), args[1].s);
    *ret = tpl_list(&TPL_BYTES, text.p, text.n);
    return true;
}

static bool time_string(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    buf_put_gotime_string(&text, self_time(call));
    return tpl_return(&text, ret, err);
}

static str location_name(const struct gotime *t)
{
    if (t->is_local)
        return S("Local");
    return t->tzone ? tzone_name(t->tzone) : t->zone;
}

static bool is_utc(const struct gotime *t)
{
    return !t->tzone && !t->is_local && t->offset_s == 0 && str_eq(t->zone, S("UTC"));
}

static void time_put_go(const struct tpl_value *v, struct buf *out)
{
    const struct gotime *t = time_of(v);
    struct civil c = gotime_civil(t);
    buf_printf(out, "time.Date(%lld, time.%s, %d, %d, %d, %d, %d, ", (long long)c.year,
               month_name(c.month), c.day, c.hour, c.minute, c.second, c.nanos);
    str name = location_name(t);
    if (is_utc(t))
        buf_put(out, S("time.UTC)"));
    else if (t->is_local)
        buf_put(out, S("time.Local)"));
    else
        buf_printf(out, "time.Location(\"%.*s\"))", STR(name));
}

static bool time_go_string(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    time_put_go(call->self, &text);
    return tpl_return(&text, ret, err);
}

static bool time_is_dst(TPL_ARGS)
{
    *ret = tpl_bool(self_time(call)->is_dst);
    return true;
}

static bool time_is_zero(TPL_ARGS)
{
    *ret = tpl_bool(gotime_is_zero(self_time(call)));
    return true;
}

static bool time_location(TPL_ARGS)
{
    *ret = tpl_pointer(&TPL_LOCATION, self_time(call));
    return true;
}

static bool time_in(TPL_ARGS)
{
    if (args[0].is_nil)
        return err_set(err, ERR_INVALID, "time: missing Location in call to Time.In");
    const struct gotime *there = args[0].obj;
    struct gotime t = gotime_in(*self_time(call), there->tzone);
    if (!there->tzone) {
        t.offset_s = there->offset_s;
        t.zone = there->zone;
    }
    t.is_local = there->is_local;
    return return_time(call, t, ret);
}

static bool time_utc(TPL_ARGS)
{
    return return_time(call, gotime_in(*self_time(call), NULL), ret);
}

static bool
time_local(TPL_ARGS) // the functions of the program may know a zone; plain data does not
{
    struct gotime t = gotime_in(*self_time(call), NULL);
    t.is_local = true;
    return return_time(call, t, ret);
}

static bool time_round(TPL_ARGS)
{
    return return_time(call, gotime_round(*self_time(call), args[0].i), ret);
}

static bool time_truncate_to(TPL_ARGS)
{
    return return_time(call, gotime_truncate(*self_time(call), args[0].i), ret);
}

static bool time_sub(TPL_ARGS)
{
    *ret = tpl_dur(gotime_sub(self_time(call), time_of(&args[0])));
    return true;
}

// Whole units since 1970, rounded down, wrapping where Go's int64 does.
static bool return_unix(const struct gotime *t, int64_t units_per_s, struct tpl_value *ret)
{
    uint64_t whole = (uint64_t)t->unix_s * (uint64_t)units_per_s;
    *ret = tpl_int_of(&TPL_INT64,
                      (int64_t)(whole + (uint64_t)(t->nanos / (1000000000 / units_per_s))));
    return true;
}

static bool time_unix(TPL_ARGS)
{
    return return_unix(self_time(call), 1, ret);
}

static bool time_unix_milli(TPL_ARGS)
{
    return return_unix(self_time(call), 1000, ret);
}

static bool time_unix_micro(TPL_ARGS)
{
    return return_unix(self_time(call), 1000000, ret);
}

static bool time_unix_nano(TPL_ARGS)
{
    return return_unix(self_time(call), 1000000000, ret);
}

static bool time_put_json(const struct tpl_value *v, struct buf *out, struct err *err)
{
    buf_put_c(out, '"');
    if (!buf_put_gotime_rfc3339(out, time_of(v)))
        return err_set(err, ERR_INVALID, "Time.MarshalJSON: year outside of range [0,9999]");
    buf_put_c(out, '"');
    return true;
}

static bool return_marshaled(struct tpl_call *call, size_t quotes, struct tpl_value *ret,
                             struct err *err)
{
    struct buf text = TPL_RESULT(call);
    if (!time_put_json(call->self, &text, err))
        return false;
    str bytes = str_slice(buf_str(&text), quotes, text.n - quotes);
    *ret = tpl_list(&TPL_BYTES, bytes.p, bytes.n);
    return true;
}

static bool time_marshal_json(TPL_ARGS)
{
    return return_marshaled(call, 0, ret, err);
}

static bool time_marshal_text(TPL_ARGS)
{
    return return_marshaled(call, 1, ret, err);
}

static void time_put_text(const struct tpl_value *v, struct buf *out)
{
    buf_put_gotime_string(out, time_of(v));
}

#define NAME(text) .name = {text, sizeof(text) - 1}
#define METHOD(text, fn)                                                                           \
    {                                                                                              \
        NAME(text), .call = (fn)                                                                   \
    }
#define METHOD1(text, p, fn)                                                                       \
    {                                                                                              \
        NAME(text), .params = {p}, .call = (fn)                                                    \
    }

static const struct tpl_func TIME_METHODS[] = {
    METHOD1("Add", &TPL_DURATION, time_add),
    {NAME("AddDate"), .params = {&TPL_INT, &TPL_INT, &TPL_INT}, .call = time_add_date},
    METHOD1("After", &TPL_TIME, time_after),
    {NAME("AppendFormat"), .params = {&TPL_BYTES, &TPL_STRING}, .call = time_append_format},
    METHOD1("Before", &TPL_TIME, time_before),
    {NAME("Clock"), .refusal = "function Clock has 3 return values; should be 1 or 2"},
    METHOD1("Compare", &TPL_TIME, time_compare),
    {NAME("Date"), .refusal = "function Date has 3 return values; should be 1 or 2"},
    METHOD("Day", time_day),
    METHOD1("Equal", &TPL_TIME, time_equal),
    METHOD1("Format", &TPL_STRING, time_format),
    METHOD("GoString", time_go_string),
    METHOD("Hour", time_hour),
    {NAME("ISOWeek"), .refusal = "invalid function signature for ISOWeek: second return value "
                                 "should be error; is int"},
    METHOD1("In", &TPL_LOCATION, time_in),
    METHOD("IsDST", time_is_dst),
    METHOD("IsZero", time_is_zero),
    METHOD("Local", time_local),
    METHOD("Location", time_location),
    METHOD("MarshalJSON", time_marshal_json),
    METHOD("MarshalText", time_marshal_text),
    METHOD("Minute", time_minute),
    METHOD("Month", time_month),
    METHOD("Nanosecond", time_nanosecond),
    METHOD1("Round", &TPL_DURATION, time_round),
    METHOD("Second", time_second),
    METHOD("String", time_string),
    METHOD1("Sub", &TPL_TIME, time_sub),
    METHOD1("Truncate", &TPL_DURATION, time_truncate_to),
    METHOD("UTC", time_utc),
    METHOD("Unix", time_unix),
    METHOD("UnixMicro", time_unix_micro),
    METHOD("UnixMilli", time_unix_milli),
    METHOD("UnixNano", time_unix_nano),
    METHOD("Weekday", time_weekday),
    METHOD("Year", time_year),
    METHOD("YearDay", time_year_day),
    {NAME("Zone"), .refusal = "invalid function signature for Zone: second return value should "
                              "be error; is int"},
    {NAME("ZoneBounds"), .refusal = "invalid function signature for ZoneBounds: second return "
                                    "value should be error; is time.Time"},
};

// What verbs other than %s and %v see of a time: its inside, seconds counted from year 1.
static void time_get_wall(const void *obj, struct tpl_value *ret)
{
    *ret = tpl_uint_of(&TPL_UINT64, (uint64_t)((const struct gotime *)obj)->nanos);
}

static void time_get_ext(const void *obj, struct tpl_value *ret)
{
    *ret = tpl_int_of(&TPL_INT64, ((const struct gotime *)obj)->unix_s - GOTIME_ZERO_S);
}

static void time_get_loc(const void *obj, struct tpl_value *ret)
{
    *ret = tpl_pointer(&TPL_LOCATION, is_utc(obj) ? NULL : obj);
}

static const struct tpl_field TIME_FIELDS[] = {
    {NAME("wall"), .type = &TPL_UINT64, .get = time_get_wall, .is_hidden = true},
    {NAME("ext"), .type = &TPL_INT64, .get = time_get_ext, .is_hidden = true},
    {NAME("loc"), .type = &TPL_LOCATION, .get = time_get_loc, .is_hidden = true},
};

const struct tpl_type TPL_TIME = {
    NAME("time.Time"),
    .kind = TPL_KIND_STRUCT,
    .is_named = true,
    .fields = TIME_FIELDS,
    .field_count = ARRAY_LEN(TIME_FIELDS),
    .methods = TIME_METHODS,
    .method_count = ARRAY_LEN(TIME_METHODS),
    .put_text = time_put_text,
    .put_json = time_put_json,
    .put_go = time_put_go,
};

// ---- time.Location ----------------------------------------------------------------------------

static void location_put_text(const struct tpl_value *v, struct buf *out)
{
    buf_put(out, v->obj ? location_name(v->obj) : S("UTC"));
}

static bool location_string(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    location_put_text(call->self, &text);
    return tpl_return(&text, ret, err);
}

static const struct tpl_func LOCATION_METHODS[] = {METHOD("String", location_string)};

const struct tpl_type TPL_LOCATION = {
    NAME("time.Location"),
    .kind = TPL_KIND_STRUCT,
    .is_named = true,
    .methods = LOCATION_METHODS,
    .method_count = ARRAY_LEN(LOCATION_METHODS),
    .put_text = location_put_text,
};

// ---- time.Duration ----------------------------------------------------------------------------

// Whole units and the rest apart, as Go does: rounds less.
static double in_units(dur_ns d, dur_ns unit)
{
    dur_ns whole = d / unit, rest = d % unit;
    return (double)whole + (double)rest / (double)unit;
}

static bool dur_hours(TPL_ARGS)
{
    *ret = tpl_f64(in_units(call->self->i, DUR_HOURS(1)));
    return true;
}

static bool dur_minutes(TPL_ARGS)
{
    *ret = tpl_f64(in_units(call->self->i, DUR_MINUTES(1)));
    return true;
}

static bool dur_seconds(TPL_ARGS)
{
    *ret = tpl_f64(in_units(call->self->i, DUR_SECONDS(1)));
    return true;
}

static bool dur_milliseconds(TPL_ARGS)
{
    *ret = tpl_int_of(&TPL_INT64, call->self->i / 1000000);
    return true;
}

static bool dur_microseconds(TPL_ARGS)
{
    *ret = tpl_int_of(&TPL_INT64, call->self->i / 1000);
    return true;
}

static bool dur_nanoseconds(TPL_ARGS)
{
    *ret = tpl_int_of(&TPL_INT64, call->self->i);
    return true;
}

static bool dur_truncate(TPL_ARGS)
{
    dur_ns d = call->self->i, unit = args[0].i;
    *ret = tpl_dur(unit <= 0 ? d : d - d % unit);
    return true;
}

static bool dur_round(TPL_ARGS) // halves away from zero
{
    dur_ns d = call->self->i, unit = args[0].i;
    if (unit > 0) {
        dur_ns rest = d % unit;
        bool is_far =
            rest < 0 ? (uint64_t)-rest * 2 >= (uint64_t)unit : (uint64_t)rest * 2 >= (uint64_t)unit;
        d -= rest;
        if (is_far)
            d = add_saturated(d, rest < 0 ? -unit : unit);
    }
    *ret = tpl_dur(d);
    return true;
}

static bool dur_abs(TPL_ARGS)
{
    dur_ns d = call->self->i;
    *ret = tpl_dur(d == INT64_MIN ? INT64_MAX : d < 0 ? -d : d);
    return true;
}

static void dur_put_text(const struct tpl_value *v, struct buf *out)
{
    buf_put_dur_go(out, v->i);
}

static bool put_self_text(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    call->self->type->put_text(call->self, &text);
    return tpl_return(&text, ret, err);
}

static const struct tpl_func DURATION_METHODS[] = {
    METHOD("Abs", dur_abs),
    METHOD("Hours", dur_hours),
    METHOD("Microseconds", dur_microseconds),
    METHOD("Milliseconds", dur_milliseconds),
    METHOD("Minutes", dur_minutes),
    METHOD("Nanoseconds", dur_nanoseconds),
    METHOD1("Round", &TPL_DURATION, dur_round),
    METHOD("Seconds", dur_seconds),
    METHOD("String", put_self_text),
    METHOD1("Truncate", &TPL_DURATION, dur_truncate),
};

const struct tpl_type TPL_DURATION = {
    NAME("time.Duration"),
    .kind = TPL_KIND_INT,
    .is_named = true,
    .methods = DURATION_METHODS,
    .method_count = ARRAY_LEN(DURATION_METHODS),
    .put_text = dur_put_text,
};

// ---- time.Month, time.Weekday -----------------------------------------------------------------

static void month_put_text(const struct tpl_value *v, struct buf *out)
{
    if (v->i >= 1 && v->i <= 12)
        buf_put(out, str_c(month_name((int)v->i)));
    else
        buf_printf(out, "%%!Month(%lld)", (long long)v->i);
}

static void weekday_put_text(const struct tpl_value *v, struct buf *out)
{
    if (v->i >= 0 && v->i <= 6)
        buf_put(out, str_c(weekday_name((int)v->i)));
    else
        buf_printf(out, "%%!Weekday(%lld)", (long long)v->i);
}

static const struct tpl_func TEXT_METHODS[] = {METHOD("String", put_self_text)};

const struct tpl_type TPL_MONTH = {
    NAME("time.Month"),      .kind = TPL_KIND_INT, .is_named = true,
    .methods = TEXT_METHODS, .method_count = 1,    .put_text = month_put_text,
};
const struct tpl_type TPL_WEEKDAY = {
    NAME("time.Weekday"),    .kind = TPL_KIND_INT, .is_named = true,
    .methods = TEXT_METHODS, .method_count = 1,    .put_text = weekday_put_text,
};
