// SPDX-License-Identifier: Apache-2.0
// log.h: one line per event, as key=value text, JSON, or VictoriaMetrics' tab-separated form.
//
//   log_warn(log, "Notify attempt failed, will retry later", LOG_STR("receiver", name),
//            LOG_INT("attempts", n), LOG_ERR(&err));
//
// A logger is a cheap value: log_with() derives one that adds attributes to every line. Writing is
// synchronous and goes to the sink of the root.
#pragma once
#include "base/core/err.h"
#include "base/core/time.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_format {
    LOG_LOGFMT,     // time=… level=INFO source=x.c:12 msg="…" k=v
    LOG_JSON,       // {"time":"…","level":"INFO","source":"x.c:12","msg":"…","k":"v"}
    LOG_VM_DEFAULT, // 2006-01-02T15:04:05.000Z<TAB>info<TAB>rules/x.c:12<TAB>message
    LOG_VM_JSON,    // {"ts":"…","level":"info","caller":"rules/x.c:12","msg":"…"}
};

struct log_sink {
    enum log_level level; // less urgent lines are not written
    enum log_format format;
    bool no_timestamps;
    const char *json_names[4]; // LOG_VM_JSON: of time, level, caller, message; NULL: ts, level, …
    // VictoriaMetrics forms: shown every line; those that are not urgent enough will not be
    // written. Returns what to put in front of the message, or NULL: it is not written. May be
    // NULL.
    const char *(*admit)(void *owner, enum log_level, const char *where, bool is_urgent);
    time_ns (*now)(void *owner);
    int32_t (*utc_offset_s)(void *owner, time_ns t);      // NULL: UTC
    void (*write)(void *owner, enum log_level, str line); // one line, its newline included
    void *owner;
    uint64_t lines_by_level[4]; // all lines, written or not
};

enum log_attr_kind { LOG_ATTR_STR = 1, LOG_ATTR_INT, LOG_ATTR_FLOAT, LOG_ATTR_BOOL, LOG_ATTR_DUR };

struct log_attr {
    const char *key;
    enum log_attr_kind kind; // 0 ends a list
    union {
        str s;
        int64_t i;
        double f;
        dur_ns d;
    };
};

#define LOG_STR(k, v)   ((struct log_attr){.key = (k), .kind = LOG_ATTR_STR, .s = (v)})
#define LOG_C(k, v)     LOG_STR(k, str_c(v))
#define LOG_INT(k, v)   ((struct log_attr){.key = (k), .kind = LOG_ATTR_INT, .i = (int64_t)(v)})
#define LOG_FLOAT(k, v) ((struct log_attr){.key = (k), .kind = LOG_ATTR_FLOAT, .f = (v)})
#define LOG_BOOL(k, v)  ((struct log_attr){.key = (k), .kind = LOG_ATTR_BOOL, .i = (v)})
#define LOG_DUR(k, v)   ((struct log_attr){.key = (k), .kind = LOG_ATTR_DUR, .d = (v)})
#define LOG_ERR(e)      LOG_STR("err", err_str(e))

#define LOG_BOUND_MAX 4

struct log {
    struct log_sink *sink;                    // NULL: nothing is written
    struct log_attr bound[LOG_BOUND_MAX + 1]; // their texts are borrowed for the logger's life
};

struct log log_root(struct log_sink *sink);
struct log log_with(const struct log *log, struct log_attr attr);

// `where` is "file.c:123"; attrs end with an entry of kind 0.
void log_write(const struct log *log, enum log_level level, const char *where, str msg,
               const struct log_attr *attrs);
// A formatted message without attributes, for the VictoriaMetrics forms.
void log_printf(const struct log *log, enum log_level level, const char *where, const char *fmt,
                ...) PRINTF(4, 5);

bool log_level_parse(str name, enum log_level *ret); // debug info warn error, any case

#define LOG_TEXT_(x)   #x
#define LOG_LINE_(x)   LOG_TEXT_(x)
#define LOG_WHERE      __FILE_NAME__ ":" LOG_LINE_(__LINE__)
#define LOG_ATTRS(...) ((struct log_attr[]){__VA_ARGS__ __VA_OPT__(, ){0}})

#define log_debug(l, msg, ...) log_write((l), LOG_DEBUG, LOG_WHERE, S(msg), LOG_ATTRS(__VA_ARGS__))
#define log_info(l, msg, ...)  log_write((l), LOG_INFO, LOG_WHERE, S(msg), LOG_ATTRS(__VA_ARGS__))
#define log_warn(l, msg, ...)  log_write((l), LOG_WARN, LOG_WHERE, S(msg), LOG_ATTRS(__VA_ARGS__))
#define log_error(l, msg, ...) log_write((l), LOG_ERROR, LOG_WHERE, S(msg), LOG_ATTRS(__VA_ARGS__))
