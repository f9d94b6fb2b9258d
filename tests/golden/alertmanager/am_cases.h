// SPDX-License-Identifier: Apache-2.0
// am_cases.h: what the runners about alerts, routes and calendars share: an env that reads the real
// zone files, a label store, configurations and label sets from JSON.
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include "alertmanager/config.h"
#include "alertmanager/dispatch.h"
#include "tests/support/cases.h"
#include "tests/support/fake_env.h"

struct am_case {
    struct fake_env fake;
    struct env_ops ops;
    struct label_store labels;
    struct arena *mem;
};

static inline bool am_case_file_read(struct env *e, str path, size_t bytes_max, struct buf *out,
                                     struct err *err)
{
    (void)e;
    struct arena mem = {0};
    int fd = open(arena_c(&mem, path), O_RDONLY | O_CLOEXEC);
    arena_done(&mem);
    if (fd < 0)
        return err_set(err, ERR_NOT_FOUND, "no such file or directory");
    char piece[4096];
    ssize_t n = 0;
    while (out->n < bytes_max && (n = read(fd, piece, sizeof(piece))) > 0)
        buf_put(out, str_from(piece, (size_t)n));
    close(fd);
    return n >= 0 || err_set(err, ERR_IO, "cannot read");
}

static inline int32_t am_case_utc_offset_s(struct env *e, time_ns t)
{
    (void)e;
    (void)t;
    return 0;
}

static inline void am_case_init(struct am_case *c, struct arena *mem)
{
    *c = (struct am_case){.mem = mem};
    fake_env_init(&c->fake);
    c->ops = *c->fake.env.ops;
    c->ops.file_read = am_case_file_read;
    c->ops.utc_offset_s = am_case_utc_offset_s;
    c->fake.env.ops = &c->ops;
    label_store_init(&c->labels, 1);
}

static inline void am_case_done(struct am_case *c)
{
    label_store_done(&c->labels);
    fake_env_done(&c->fake);
}

static inline struct config *am_case_config(struct am_case *c, str text, enum matcher_mode mode,
                                            struct err *err)
{
    struct config_options opt = {.env = &c->fake.env, .matchers = mode};
    return config_load(text, S("alertmanager.yml"), &opt, err);
}

// The labels of a JSON object; absent: none.
static inline struct label *am_case_label_array(struct am_case *c, const cJSON *object,
                                                size_t *ret_count)
{
    size_t count = (size_t)(object ? cJSON_GetArraySize(object) : 0);
    struct label *labels = arena_array(c->mem, struct label, count);
    size_t i = 0;
    for (const cJSON *v = object ? object->child : NULL; v; v = v->next)
        labels[i++] = (struct label){str_c(v->string), case_text(v, c->mem)};
    *ret_count = count;
    return labels;
}

static inline struct labels *am_case_labels(struct am_case *c, const cJSON *object)
{
    size_t count;
    struct label *labels = am_case_label_array(c, object, &count);
    return labels_get(&c->labels, labels, count);
}

static inline const char *am_case_labels_text(struct am_case *c, const struct labels *labels)
{
    defer(buf_done) struct buf text = {0};
    buf_put_labels(&text, labels);
    return arena_c(c->mem, buf_str(&text));
}

// Seconds relative to the case's now; null: unset.
static inline struct zoned_time am_case_time(struct am_case *c, const cJSON *object,
                                             const char *key)
{
    const cJSON *v = case_get(object, key);
    if (!v || cJSON_IsNull(v))
        return (struct zoned_time){TIME_UNSET, 0};
    return (struct zoned_time){c->fake.now + (time_ns)(v->valuedouble * 1e9), 0};
}

// Puts firing alerts with these label sets into a store, as one POST does.
static inline void am_case_post(struct am_case *c, struct alerts *alerts, const cJSON *list)
{
    for (const cJSON *v = list->child; v; v = v->next) {
        struct alert_draft d = {.starts_at.t = TIME_UNSET, .ends_at.t = TIME_UNSET};
        d.labels = am_case_label_array(c, v, &d.label_count);
        struct err err = ERR_INIT;
        size_t done;
        if (!alert_draft_complete(&d, (struct zoned_time){c->fake.now, 0}, DUR_MINUTES(5),
                                  NAME_UTF8, &err) ||
            !alerts_put(alerts, &d, 1, c->fake.now, &done, &err))
            fail_msg("%.*s", STR(err_str(&err)));
    }
}

// ---- a dispatcher filled with alerts, whose timers do not run ----------------------------------

struct am_groups {
    struct alerts *alerts;
    struct pipeline *pipeline;
    struct dispatch_stats stats;
    struct dispatcher *dispatcher;
    struct group *items[1024];
    size_t count;
};

static inline void am_groups_init(struct am_groups *g, struct am_case *c, struct config *config,
                                  const cJSON *alerts)
{
    *g = (struct am_groups){0};
    g->alerts = alerts_new(&(struct alerts_options){
        .env = &c->fake.env, .labels = &c->labels, .gc_interval = DUR_HOURS(1)});
    g->pipeline = pipeline_new(&(struct pipeline_options){.env = &c->fake.env});
    g->dispatcher = dispatcher_new(&(struct dispatcher_options){.env = &c->fake.env,
                                                                .config = config,
                                                                .alerts = g->alerts,
                                                                .labels = &c->labels,
                                                                .pipeline = g->pipeline,
                                                                .stats = &g->stats});
    am_case_post(c, g->alerts, alerts);
    struct group *group;
    for (size_t i = 0; (group = dispatcher_next(g->dispatcher, &i)) != NULL;) {
        assert_true(g->count < ARRAY_LEN(g->items));
        g->items[g->count++] = group;
    }
}

static inline void am_groups_done(struct am_groups *g)
{
    dispatcher_free(g->dispatcher);
    pipeline_free(g->pipeline);
    alerts_free(g->alerts);
}

// Has the group these alerts, in this order? How many others ret_others tells (NULL: it may have
// none).
static inline bool am_group_has(struct am_case *c, struct group *g, const cJSON *alerts,
                                size_t *ret_others)
{
    size_t at = 0, found = 0, count = group_alert_count(g);
    bool is_same = true;
    for (const cJSON *v = alerts->child; v && is_same; v = v->next) {
        struct labels *want = am_case_labels(c, v);
        while (at < count && group_alert_at(g, at).alert->labels != want)
            at++;
        is_same = at++ < count;
        found += is_same;
        labels_unref(want);
    }
    if (ret_others)
        *ret_others = count - found;
    return is_same && (ret_others || found == count);
}
