// SPDX-License-Identifier: Apache-2.0
#include "vmalert/logging.h"

#include "base/env.h"
#include "base/text/tzone.h"
#include "base/text/unicode.h"
#include "vmalert/app.h"

// ---- counting and limits -----------------------------------------------------------------------

static struct logging_spot *find_spot(struct logging *l, const char *where, enum log_level level)
{
    size_t at = ((uintptr_t)where * 0x9e3779b97f4a7c15u >> 32) % (LOGGING_SPOTS - 1);
    for (size_t i = 0; i < LOGGING_SPOTS - 1; i++, at = (at + 1) % (LOGGING_SPOTS - 1)) {
        struct logging_spot *s = &l->spots[at];
        if (!s->where)
            *s = (struct logging_spot){.where = where, .level = level};
        if (s->where == where && s->level == level)
            return s;
    }
    struct logging_spot *rest = &l->spots[LOGGING_SPOTS - 1];
    rest->where = "others";
    rest->level = level;
    return rest;
}

static const char *on_line(void *owner, enum log_level level, const char *where, bool is_urgent)
{
    struct logging *l = owner;
    struct logging_spot *s = find_spot(l, where, level);
    int64_t limit = l->limits[level], second = env_mono(l->env) / DUR_SECONDS(1);
    if (second != s->second) {
        s->second = second;
        s->count = 0;
    }
    s->count += is_urgent;
    if (!is_urgent || (limit > 0 && s->count > limit + 1)) {
        s->dropped++;
        return NULL;
    }
    s->written++;
    if (limit <= 0 || s->count <= limit)
        return "";
    snprintf(l->front, sizeof(l->front),
             "suppressing log message with rate limit=%lld: ", (long long)limit);
    return l->front;
}

static void collect(void *owner)
{
    static const char *const LEVELS[] = {"debug", "info", "warn", "error"};
    struct logging *l = owner;
    struct metric_family *f =
        metrics_family(l->metrics, METRIC_COUNTER, "vm_log_messages_total", "Lines of the log",
                       "app_version,level,location,is_printed", NULL, 0);
    for (size_t i = 0; i < LOGGING_SPOTS; i++) {
        const struct logging_spot *s = &l->spots[i];
        if (!s->where)
            continue;
        str values[] = {str_c(VMALERT_VERSION), str_c(LEVELS[s->level]), str_c(s->where),
                        S("true")};
        if (s->written)
            metric_get(f, values)->value = (double)s->written;
        values[3] = S("false");
        if (s->dropped)
            metric_get(f, values)->value = (double)s->dropped;
    }
}

void logging_expose(struct logging *l, struct metrics *m)
{
    l->metrics = m;
    metrics_on_collect(m, collect, l);
}

// ---- flags -------------------------------------------------------------------------------------

static bool unsupported(struct err *err, const char *flag, str value, const char *supported)
{
    return err_set(err, ERR_INVALID,
                   "FATAL: unsupported `-%s` value: \"%.*s\"; supported values are: %s", flag,
                   STR(value), supported);
}

static bool read_level(str name, enum log_level *ret, struct err *err)
{
    static const struct {
        const char *name;
        enum log_level level;
    } LEVELS[] = {{"INFO", LOG_INFO},
                  {"WARN", LOG_WARN},
                  {"ERROR", LOG_ERROR},
                  {"FATAL", LOG_ERROR},
                  {"PANIC", LOG_ERROR}};
    for (size_t i = 0; i < ARRAY_LEN(LEVELS); i++) {
        if (!str_eq(name, str_c(LEVELS[i].name)))
            continue;
        *ret = LEVELS[i].level;
        return true;
    }
    return unsupported(err, "loggerLevel", name, "INFO, WARN, ERROR, FATAL, PANIC");
}

static bool read_format(str name, enum log_format *ret, struct err *err)
{
    *ret = str_eq(name, S("json")) ? LOG_VM_JSON : LOG_VM_DEFAULT;
    return *ret == LOG_VM_JSON || str_eq(name, S("default")) ||
           unsupported(err, "loggerFormat", name, "default, json");
}

// "ts:timestamp,msg:message"
static bool read_json_names(struct logging *l, struct log_sink *sink, str text, struct err *err)
{
    static const char *const NAMES[] = {"ts", "level", "caller", "msg"};
    str item, rest = text, from, to;
    for (bool more = text.n > 0; more;) {
        more = str_cut(rest, ',', &item, &rest);
        item = str_trim(item);
        if (!str_cut(item, ':', &from, &to))
            return err_set(err, ERR_SYNTAX,
                           "missing ':' delimiter in -loggerJSONFields=\"%.*s\" for \"%.*s\" item",
                           STR(text), STR(item));
        size_t i = 0;
        while (i < ARRAY_LEN(NAMES) && !str_eq(from, str_c(NAMES[i])))
            i++;
        if (i == ARRAY_LEN(NAMES))
            return err_set(err, ERR_SYNTAX,
                           "unexpected json field name in -loggerJSONFields=\"%.*s\": \"%.*s\"; "
                           "supported values: ts, level, caller, msg",
                           STR(text), STR(from));
        sink->json_names[i] = arena_c(&l->mem, to);
    }
    return true;
}

static int32_t offset_s(void *owner, time_ns t)
{
    const struct logging *l = owner;
    int64_t s;
    int32_t nanos;
    if (!l->zone)
        return env_utc_offset_s(l->env, t);
    time_split(t, &s, &nanos);
    return tzone_at(l->zone, s).offset_s;
}

static bool read_zone(struct logging *l, struct log_sink *sink, str name, struct err *err)
{
    defer(buf_done) struct buf path = {0}, file = {0};
    if (name.n == 0 || str_eq(name, S("UTC")))
        return true;
    if (str_eq(name, S("Local"))) {
        sink->utc_offset_s = offset_s;
        return true;
    }
    buf_printf(&path, "/usr/share/zoneinfo/%.*s", STR(name));
    if (!tzone_name_is_valid(name) ||
        !env_file_read(l->env, buf_str(&path), TZONE_FILE_BYTES_MAX, &file, NULL)) {
        err_set(err, ERR_SYNTAX, "unknown time zone %.*s", STR(name));
    } else {
        l->zone = tzone_parse(name, buf_str(&file), &l->mem, err);
    }
    if (!l->zone)
        return err_wrap(err, "cannot load timezone \"%.*s\"", STR(name));
    sink->utc_offset_s = offset_s;
    return true;
}

static time_ns now(void *owner)
{
    const struct logging *l = owner;
    return l->inner.now(l->inner.owner);
}

static void write_line(void *owner, enum log_level level, str line)
{
    const struct logging *l = owner;
    l->inner.write(l->inner.owner, level, line);
}

bool logging_init(struct logging *l, struct env *env, struct log_sink *sink,
                  const struct vmalert_options *opt, struct err *err)
{
    *l = (struct logging){.env = env, .inner = *sink};
    l->limits[LOG_WARN] = opt->logger_warns_per_second_limit;
    l->limits[LOG_ERROR] = opt->logger_errors_per_second_limit;
    sink->owner = l;
    sink->now = now;
    sink->write = write_line;
    sink->admit = on_line;
    sink->no_timestamps = opt->logger_disable_timestamps;
    return read_level(opt->logger_level, &sink->level, err) &&
           read_format(opt->logger_format, &sink->format, err) &&
           read_json_names(l, sink, opt->logger_json_fields, err) &&
           read_zone(l, sink, opt->logger_timezone, err);
}

void logging_done(struct logging *l)
{
    arena_done(&l->mem);
}
