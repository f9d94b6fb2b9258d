// SPDX-License-Identifier: Apache-2.0
#include "vmalert/tool/memory_source.h"

#include <math.h>

#include "base/core/alloc.h"
#include "base/text/json_writer.h"
#include "base/text/tzone.h"
#include "base/text/unicode.h"
#include "rules/metricsql/node.h"

#define QUERY_PATH "http://127.0.0.1/prometheus/api/v1/query"

struct query {
    struct list node;
    char *expr;
    time_ns ts;
    enum rule_type type;
    query_done_fn *on_done;
    void *owner;
};

// ---- the world ---------------------------------------------------------------------------------

static struct memory_source *source_of(struct env *env)
{
    return container_of(env, struct memory_source, env);
}

static time_ns world_now(struct env *env)
{
    return source_of(env)->now;
}

static mono_ns world_mono(struct env *env)
{
    return source_of(env)->now;
}

static uint64_t world_random(struct env *env)
{
    return env_random(source_of(env)->real);
}

static int32_t world_utc_offset_s(struct env *env, time_ns t)
{
    return env_utc_offset_s(source_of(env)->real, t);
}

static bool world_file_read(struct env *env, str path, size_t bytes_max, struct buf *out,
                            struct err *err)
{
    return env_file_read(source_of(env)->real, path, bytes_max, out, err);
}

// ---- evaluation --------------------------------------------------------------------------------

static const struct tzone *find_zone(void *owner, str name, struct arena *mem, struct err *err)
{
    const struct memory_source *s = owner;
    bool is_local = str_eq(name, S("Local"));
    str path =
        is_local ? S("/etc/localtime") : arena_printf(mem, "/usr/share/zoneinfo/%.*s", STR(name));
    struct buf file = {.mem = mem, .max = TZONE_FILE_BYTES_MAX};
    if ((is_local || tzone_name_is_valid(name)) &&
        env_file_read(s->real, path, TZONE_FILE_BYTES_MAX, &file, NULL))
        return tzone_parse(name, buf_str(&file), mem, err);
    err_set(err, ERR_NOT_FOUND, "unknown time zone %.*s", STR(name));
    return NULL;
}

// A window behind something, outside of any function: the answer would be all samples in it.
static bool is_matrix(const struct mql_expr *e)
{
    return e->kind == MQL_ROLLUP && e->rollup.window;
}

// The answer a server gives to a query that failed.
static bool fail_like_server(str expr, time_ns ts, struct arena *mem, struct err *err)
{
    struct buf message = {.mem = mem, .max = ERR_TEXT_BYTES}, url = {.mem = mem};
    buf_put(&message, S("error when executing query="));
    buf_put_quoted(&message, expr);
    buf_printf(&message, " for (time=%lld, step=%lld): %.*s", (long long)(ts / DUR_MS(1)),
               (long long)(MEMORY_SOURCE_STEP / DUR_MS(1)), STR(err_str(err)));
    buf_put(&url, S(QUERY_PATH "?query="));
    buf_put_query_escaped(&url, expr);
    buf_printf(&url, "&step=%llds&time=%lld", (long long)(MEMORY_SOURCE_STEP / DUR_SECONDS(1)),
               (long long)(ts / DUR_SECONDS(1)));
    struct buf quoted = {.mem = mem};
    buf_put_json_str(&quoted, JSON_ESCAPE_VM, buf_str(&message));
    return err_set(err, ERR_INVALID,
                   "unexpected response code 422 for %.*s. Response body "
                   "{\"status\":\"error\",\"errorType\":\"422\",\"error\":%.*s}",
                   STR(buf_str(&url)), STR(buf_str(&quoted)));
}

static void take_result(const struct mql_result *r, int64_t ts_ms, struct arena *mem,
                        struct query_result *ret)
{
    *ret = (struct query_result){.series = arena_array(mem, struct series, r->count + 1)};
    for (size_t i = 0; i < r->count; i++) {
        const struct mql_series *s = r->series[i];
        struct series *to = &ret->series[ret->count++];
        struct sample *sample = arena_new(mem, struct sample);
        *sample = (struct sample){s->values[0], ts_ms};
        to->labels = arena_array(mem, struct label, s->label_count + 1);
        if (s->name.n)
            to->labels[to->label_count++] = (struct label){METRIC_NAME_LABEL, s->name};
        for (size_t j = 0; j < s->label_count; j++)
            to->labels[to->label_count++] = s->labels[j];
        label_sort(to->labels, to->label_count);
        to->samples = sample;
        to->sample_count = 1;
    }
}

bool memory_source_query(const struct memory_source *s, str expr, time_ns ts, struct arena *mem,
                         struct query_result *ret, struct err *err)
{
    int64_t ms = ts / DUR_MS(1);
    struct mql_query query = {
        .store = s->store,
        .start_ms = ms,
        .end_ms = ms,
        .step_ms = MEMORY_SOURCE_STEP / DUR_MS(1),
        .now = s->now,
        .find_zone = find_zone,
        .owner = (void *)s,
    };
    struct mql_result result;
    const struct mql_expr *e = mql_parse(arena_str(mem, expr), mem, err);
    if (e && is_matrix(e))
        return err_set(err, ERR_INVALID, "unknown result type \"matrix\"");
    if (!e || !mql_eval(mql_optimize(e, mem), &query, mem, &result, err))
        return fail_like_server(expr, ts, mem, err);
    take_result(&result, ms, mem, ret);
    return true;
}

// ---- the datasource ----------------------------------------------------------------------------

static struct query *start(void *owner, const struct query_request *r, query_done_fn *on_done,
                           void *done_owner)
{
    struct memory_source *s = owner;
    struct query *q = mem_new(struct query);
    q->expr = mem_dup(r->expr);
    q->ts = r->ts;
    q->type = r->type;
    q->on_done = on_done;
    q->owner = done_owner;
    list_insert_before(&s->waiting, &q->node);
    return q;
}

static void query_free(struct query *q)
{
    mem_free(q->expr);
    mem_free(q);
}

static void cancel(struct query *q)
{
    list_remove(&q->node);
    query_free(q);
}

static void answer(const struct memory_source *s, struct query *q)
{
    struct arena mem = {0};
    struct query_result result = {0};
    struct err err = ERR_INIT;
    struct query_outcome outcome = {.mem = &mem, .curl = S("")};
    str expr = str_c(q->expr);
    bool ok = q->type == RULE_PROMETHEUS
                  ? memory_source_query(s, expr, q->ts, &mem, &result, &err)
                  : err_set(&err, ERR_UNSUPPORTED, "unit tests have no datasource of type %.*s",
                            STR(rule_type_str(q->type)));
    if (ok)
        outcome.result = &result;
    q->on_done(q->owner, &outcome, &err);
    query_free(q);
    arena_done(&mem);
}

void memory_source_answer(struct memory_source *s)
{
    while (!list_is_empty(&s->waiting)) {
        struct query *q = container_of(s->waiting.next, struct query, node);
        list_remove(&q->node);
        answer(s, q);
    }
}

void memory_source_init(struct memory_source *s, struct env *real, struct memstore *store)
{
    *s = (struct memory_source){.real = real, .store = store};
    // The rules ask for nothing else: they start no timers and no connections here.
    s->ops = (struct env_ops){
        .now = world_now,
        .mono = world_mono,
        .random = world_random,
        .utc_offset_s = world_utc_offset_s,
        .file_read = world_file_read,
    };
    s->env = (struct env){&s->ops, real->log};
    s->datasource = (struct datasource){s, start, cancel};
    list_init(&s->waiting);
}

void memory_source_done(struct memory_source *s)
{
    assert(list_is_empty(&s->waiting));
}
