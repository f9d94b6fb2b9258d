// SPDX-License-Identifier: Apache-2.0
#include "base/core/log.h"

#include <stdarg.h>

#include "base/core/utf8.h"

#define LINE_BYTES_MAX ((size_t)64 << 10)

static const char *const LEVEL_UPPER[] = {"DEBUG", "INFO", "WARN", "ERROR"};
static const char *const LEVEL_LOWER[] = {"debug", "info", "warn", "error"};

struct log log_root(struct log_sink *sink)
{
    return (struct log){.sink = sink};
}

struct log log_with(const struct log *log, struct log_attr attr)
{
    struct log derived = *log;
    size_t i = 0;
    while (i < LOG_BOUND_MAX && derived.bound[i].kind)
        i++;
    assert(i < LOG_BOUND_MAX);
    derived.bound[i] = attr;
    return derived;
}

bool log_level_parse(str name, enum log_level *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(LEVEL_LOWER); i++) {
        if (str_eq_nocase(name, str_c(LEVEL_LOWER[i]))) {
            *ret = (enum log_level)i;
            return true;
        }
    }
    return false;
}

// ---- values --------------------------------------------------------------------------------

// Characters that would move the cursor or hide: controls, line separators, directional marks.
static bool is_unprintable(uint32_t rune)
{
    return rune < 0x20 || (rune >= 0x7f && rune < 0xa1) || rune == 0xad ||
           (rune >= 0x2000 && rune <= 0x200f) || (rune >= 0x2028 && rune <= 0x202f) ||
           (rune >= 0x205f && rune <= 0x206f) || rune == 0x3000 || rune == 0xfeff ||
           (rune >= 0xe000 && rune <= 0xf8ff) || rune >= 0xe0000;
}

static bool needs_quotes(str s)
{
    if (s.n == 0)
        return true;
    for (size_t width; s.n; s = str_skip(s, width)) {
        uint32_t rune = utf8_decode(s, &width);
        if (rune == ' ' || rune == '=' || rune == '"' || is_unprintable(rune) ||
            (rune == RUNE_ERROR && width == 1))
            return true;
    }
    return false;
}

// "…" with JSON's escapes. For logfmt Go's own would differ only for control characters.
static void put_quoted(struct buf *b, str s)
{
    buf_put_c(b, '"');
    for (size_t width; s.n; s = str_skip(s, width)) {
        uint32_t rune = utf8_decode(s, &width);
        switch (rune) {
        case '"':
            buf_put(b, S("\\\""));
            break;
        case '\\':
            buf_put(b, S("\\\\"));
            break;
        case '\n':
            buf_put(b, S("\\n"));
            break;
        case '\r':
            buf_put(b, S("\\r"));
            break;
        case '\t':
            buf_put(b, S("\\t"));
            break;
        default:
            if (is_unprintable(rune) && rune < 0x10000)
                buf_printf(b, rune == ' ' ? " " : "\\u%04x", rune);
            else
                buf_put_rune(b, rune);
        }
    }
    buf_put_c(b, '"');
}

static void put_text(struct buf *b, bool is_json, str s)
{
    if (is_json || needs_quotes(s))
        put_quoted(b, s);
    else
        buf_put(b, s);
}

static void put_value(struct buf *b, bool is_json, const struct log_attr *a)
{
    switch (a->kind) {
    case LOG_ATTR_STR:
        put_text(b, is_json, a->s);
        return;
    case LOG_ATTR_INT:
        buf_put_i64(b, a->i);
        return;
    case LOG_ATTR_FLOAT:
        buf_printf(b, "%g", a->f);
        return;
    case LOG_ATTR_BOOL:
        buf_put(b, a->i ? S("true") : S("false"));
        return;
    case LOG_ATTR_DUR:
        if (is_json)
            buf_put_c(b, '"');
        buf_put_dur_go(b, a->d);
        if (is_json)
            buf_put_c(b, '"');
        return;
    }
}

static void put_attrs(struct buf *b, bool is_json, const struct log_attr *attrs)
{
    for (const struct log_attr *a = attrs; a->kind; a++) {
        if (is_json) {
            buf_put_c(b, ',');
            put_quoted(b, str_c(a->key));
            buf_put_c(b, ':');
        } else {
            buf_put_c(b, ' ');
            put_text(b, false, str_c(a->key));
            buf_put_c(b, '=');
        }
        put_value(b, is_json, a);
    }
}

// ---- lines ---------------------------------------------------------------------------------

static void put_now(struct buf *b, const struct log_sink *sink, int digits)
{
    time_ns now = sink->now(sink->owner);
    int32_t offset_s = sink->utc_offset_s ? sink->utc_offset_s(sink->owner, now) : 0;
    buf_put_time(b, now, offset_s, digits);
}

static void put_logfmt(struct buf *b, const struct log *log, enum log_level level,
                       const char *where, str msg, const struct log_attr *attrs)
{
    buf_put(b, S("time="));
    put_now(b, log->sink, 3);
    buf_printf(b, " level=%s source=%s msg=", LEVEL_UPPER[level], where);
    put_text(b, false, msg);
    put_attrs(b, false, log->bound);
    put_attrs(b, false, attrs);
}

static void put_json(struct buf *b, const struct log *log, enum log_level level, const char *where,
                     str msg, const struct log_attr *attrs)
{
    buf_put(b, S("{\"time\":\""));
    put_now(b, log->sink, FRACTION_SHORTEST);
    buf_printf(b, "\",\"level\":\"%s\",\"source\":\"%s\",\"msg\":", LEVEL_UPPER[level], where);
    put_quoted(b, msg);
    put_attrs(b, true, log->bound);
    put_attrs(b, true, attrs);
    buf_put_c(b, '}');
}

// VictoriaMetrics' lines have no attributes: they follow the message as text.
static void put_vm_message(struct buf *b, const struct log *log, const char *front, str msg,
                           const struct log_attr *attrs)
{
    buf_put(b, str_c(front));
    buf_put(b, str_trim_right(msg, '\n'));
    put_attrs(b, false, log->bound);
    put_attrs(b, false, attrs);
}

// Offsets are written without the colon: +0200.
static void put_vm_now(struct buf *b, const struct log_sink *sink)
{
    size_t begin = b->n;
    put_now(b, sink, 3);
    size_t colon = b->n - 3;
    if (b->n < begin + 6 || b->p[b->n - 1] == 'Z' || b->p[colon] != ':')
        return;
    memmove(b->p + colon, b->p + colon + 1, 2);
    b->n--;
}

static void put_vm_default(struct buf *b, const struct log *log, enum log_level level,
                           const char *where, const char *front, str msg,
                           const struct log_attr *attrs)
{
    if (!log->sink->no_timestamps) {
        put_vm_now(b, log->sink);
        buf_put_c(b, '\t');
    }
    buf_printf(b, "%s\t%s\t", LEVEL_LOWER[level], where);
    put_vm_message(b, log, front, msg, attrs);
}

static void put_vm_key(struct buf *b, const struct log_sink *sink, size_t i)
{
    static const char *const NAMES[] = {"ts", "level", "caller", "msg"};
    put_quoted(b, str_c(sink->json_names[i] ? sink->json_names[i] : NAMES[i]));
    buf_put_c(b, ':');
}

static void put_vm_json(struct buf *b, const struct log *log, enum log_level level,
                        const char *where, const char *front, str msg, const struct log_attr *attrs)
{
    const struct log_sink *sink = log->sink;
    buf_put_c(b, '{');
    if (!sink->no_timestamps) {
        put_vm_key(b, sink, 0);
        buf_put_c(b, '"');
        put_vm_now(b, sink);
        buf_put(b, S("\","));
    }
    put_vm_key(b, sink, 1);
    buf_printf(b, "\"%s\",", LEVEL_LOWER[level]);
    put_vm_key(b, sink, 2);
    buf_printf(b, "\"%s\",", where);
    put_vm_key(b, sink, 3);
    defer(buf_done) struct buf message = {.max = LINE_BYTES_MAX};
    put_vm_message(&message, log, front, msg, attrs);
    put_quoted(b, buf_str(&message));
    buf_put_c(b, '}');
}

void log_write(const struct log *log, enum log_level level, const char *where, str msg,
               const struct log_attr *attrs)
{
    struct log_sink *sink = log->sink;
    if (!sink)
        return;
    sink->lines_by_level[level]++;
    const char *front =
        sink->admit ? sink->admit(sink->owner, level, where, level >= sink->level) : "";
    if (level < sink->level || !front)
        return;
    defer(buf_done) struct buf line = {.max = LINE_BYTES_MAX};
    switch (sink->format) {
    case LOG_LOGFMT:
        put_logfmt(&line, log, level, where, msg, attrs);
        break;
    case LOG_JSON:
        put_json(&line, log, level, where, msg, attrs);
        break;
    case LOG_VM_DEFAULT:
        put_vm_default(&line, log, level, where, front, msg, attrs);
        break;
    case LOG_VM_JSON:
        put_vm_json(&line, log, level, where, front, msg, attrs);
        break;
    }
    if (line.is_full)
        line.n = MIN(line.n, LINE_BYTES_MAX - 1);
    buf_put_c(&line, '\n');
    sink->write(sink->owner, level, buf_str(&line));
}

void log_printf(const struct log *log, enum log_level level, const char *where, const char *fmt,
                ...)
{
    if (!log->sink)
        return;
    if (level < log->sink->level) {
        log_write(log, level, where, S(""), LOG_ATTRS()); // only counted
        return;
    }
    char text[4096];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    n = CLAMP(n, 0, (int)sizeof(text) - 1);
    log_write(log, level, where, str_from(text, (size_t)n), LOG_ATTRS());
}
