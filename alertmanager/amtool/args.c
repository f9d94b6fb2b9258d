// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/amtool/args.h"

#include "base/env.h"
#include "base/text/gofmt.h"

static bool parse(struct amtool *t, str arg, bool is_logged, struct matcher *ret, struct err *err)
{
    const struct log *log = is_logged ? &t->env->log : NULL;
    struct matcher_parser p = {amtool_matcher_mode(t), log, "cli"};
    if (log)
        log_debug(log, "Parsing a matcher", LOG_STR("input", arg), LOG_C("origin", "cli"));
    return matcher_parse(&p, arg, &t->mem, ret, err);
}

void args_complete_first(struct amtool *t, struct flag_strs *args)
{
    struct matcher m;
    if (args->count == 0)
        return;
    if (parse(t, args->items[0], true, &m, NULL)) {
        matcher_done(&m);
        return;
    }
    struct buf text = {.mem = &t->mem};
    buf_put(&text, S("alertname="));
    gofmt_quoted(&text, &(struct gofmt){0}, args->items[0]);
    args->items[0] = buf_str(&text);
}

bool args_matchers(struct amtool *t, const struct flag_strs *args, struct matchers *ret,
                   struct err *err)
{
    *ret = (struct matchers){.items = arena_array(&t->mem, struct matcher, args->count)};
    for (size_t i = 0; i < args->count; i++) {
        if (!parse(t, args->items[i], i > 0, &ret->items[i], err))
            return false;
        ret->count++;
    }
    return true;
}

bool args_labels(struct amtool *t, const struct flag_strs *args, const char *complaint,
                 struct label_array *ret, struct err *err)
{
    *ret = (struct label_array){.items = arena_array(&t->mem, struct label, args->count)};
    for (size_t i = 0; i < args->count; i++) {
        struct matcher m;
        if (!parse(t, args->items[i], true, &m, err))
            return false;
        enum matcher_op op = m.op;
        ret->items[i] = (struct label){m.name, m.value};
        matcher_done(&m);
        if (op != MATCH_EQ)
            return err_set(err, ERR_INVALID, "%s", complaint);
    }
    ret->count = label_sort_unique(ret->items, args->count);
    return true;
}

bool args_time(str text, struct gotime *ret, struct err *err)
{
    struct arena mem = {0};
    bool ok = gotime_parse(S("2006-01-02T15:04:05Z07:00"), text, &mem, ret, err);
    ret->zone = S(""); // would be in `mem`; only the offset is shown
    arena_done(&mem);
    return ok;
}

// Upstream's versions word a unit that does not exist in two ways; this is the one that fits all.
static bool parse_duration(str text, dur_ns *ret, struct err *err)
{
    struct err why = ERR_INIT;
    if (dur_parse_prometheus(text, ret, &why))
        return *ret != 0 || err_set(err, ERR_INVALID, "silence duration must be greater than 0");
    if (str_starts(err_str(&why), S("unknown unit ")))
        return err_set(err, ERR_SYNTAX, "not a valid duration string: \"%.*s\"", STR(text));
    return err_set(err, why.code, "%.*s", STR(err_str(&why)));
}

bool args_span(const struct silence_flags *flags, struct span *span, struct err *err)
{
    dur_ns duration;
    if (flags->start.n && !args_time(flags->start, &span->start, err))
        return false;
    if (flags->end.n) {
        if (!args_time(flags->end, &span->end, err))
            return false;
    } else if (flags->duration.n) {
        if (!parse_duration(flags->duration, &duration, err))
            return false;
        span->end = gotime_add(gotime_in(span->start, NULL), duration);
    }
    return gotime_cmp(&span->start, &span->end) <= 0 ||
           err_set(err, ERR_INVALID, "silence cannot start after it ends");
}
