// SPDX-License-Identifier: Apache-2.0
#include "rules/template.h"

#include "base/core/alloc.h"
#include "rules/tplfuncs.h"

struct tpl_set *rule_template_set_new(void)
{
    return rule_tpl_set_new();
}

bool rule_text_is_template(str text)
{
    return str_find_str(text, S("{{")) != STR_NONE && str_find_str(text, S("}}")) != STR_NONE;
}

// ---- compiling ---------------------------------------------------------------------------------

static struct tpl_set *compile(const struct tpl_set *base, str text, struct err *err)
{
    struct buf whole = {0};
    buf_put(&whole, RULE_TPL_PREFIX);
    buf_put(&whole, text);
    struct tpl_set *set = tpl_compile(base, buf_str(&whole), err);
    buf_done(&whole);
    return set;
}

bool rule_template_check(const struct tpl_set *base, str text, struct err *err)
{
    if (!rule_text_is_template(text))
        return true;
    struct tpl_set *set = compile(base, text, err);
    tpl_set_free(set);
    return set != NULL;
}

struct rule_texts rule_texts_compile(const struct rule_template_env *te,
                                     const struct yaml_str_map *texts)
{
    struct rule_texts t = {.items = mem_array(struct rule_text, texts->count + 1),
                           .count = texts->count};
    for (size_t i = 0; i < texts->count; i++) {
        struct err err = ERR_INIT;
        struct rule_text *text = &t.items[i];
        *text = (struct rule_text){.name = texts->items[i].key, .text = texts->items[i].value};
        if (!rule_text_is_template(text->text))
            continue;
        text->set = compile(te->base, text->text, &err);
        if (!text->set)
            text->compile_error = str_from(mem_dup(err_str(&err)), err.n);
    }
    return t;
}

void rule_texts_done(struct rule_texts *t)
{
    for (size_t i = 0; i < t->count; i++) {
        tpl_set_free(t->items[i].set);
        mem_free((char *)t->items[i].compile_error.p);
    }
    mem_free(t->items);
    *t = (struct rule_texts){0};
}

// ---- the function `query` ----------------------------------------------------------------------

static struct rule_query *find_query(struct rule_queries *qs, str expr)
{
    for (size_t i = 0; i < qs->count; i++) {
        if (str_eq(qs->items[i].expr, expr))
            return &qs->items[i];
    }
    return NULL;
}

static bool note_query(struct rule_queries *qs, str expr, struct err *err)
{
    if (qs->count == RULE_QUERIES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d different queries in one evaluation",
                       RULE_QUERIES_MAX);
    if (qs->count == qs->cap) {
        qs->cap = qs->cap ? qs->cap * 2 : 4;
        struct rule_query *grown = arena_array(qs->mem, struct rule_query, qs->cap);
        if (qs->count)
            memcpy(grown, qs->items, qs->count * sizeof(*grown));
        qs->items = grown;
    }
    qs->items[qs->count++] = (struct rule_query){.expr = arena_str(qs->mem, expr)};
    qs->pending_count++;
    return err_set(err, ERR_CANCELED, "the query is not answered yet");
}

static bool answer_query(void *owner, str expr, struct arena *mem,
                         const struct rule_tpl_metric **ret, size_t *ret_count, struct err *err)
{
    struct rule_queries *qs = owner;
    const struct rule_query *q = find_query(qs, expr);
    if (!q && qs->refusal)
        return err_set(err, ERR_UNSUPPORTED, "%s", qs->refusal);
    if (!q)
        return note_query(qs, expr, err);
    if (!q->is_done)
        return err_set(err, ERR_CANCELED, "the query is not answered yet");
    if (!q->result)
        return err_set(err, ERR_INVALID, "%.*s", STR(q->error));
    struct rule_tpl_metric *metrics =
        arena_array(mem, struct rule_tpl_metric, q->result->count + 1);
    for (size_t i = 0; i < q->result->count; i++) {
        const struct series *s = &q->result->series[i];
        metrics[i] = (struct rule_tpl_metric){
            .labels = s->labels,
            .label_count = s->label_count,
            .timestamp_s = s->samples[0].ts_ms / 1000,
            .value = s->samples[0].value,
        };
    }
    *ret = metrics;
    *ret_count = q->result->count;
    return true;
}

// ---- expanding ---------------------------------------------------------------------------------

static struct rule_tpl_data tpl_data(const struct rule_template_env *te,
                                     const struct rule_template_data *d)
{
    struct rule_tpl_data data = {
        .type = d->type,
        .labels = d->labels,
        .label_count = d->label_count,
        .value = d->value,
        .expr = d->expr,
        .interval = d->interval,
        .for_ns = d->for_ns,
        .alert_id = d->alert_id,
        .group_id = d->group_id,
        .active_at = gotime_zero(),
        .is_partial = d->is_partial,
        .external_labels = te->external_labels,
        .external_label_count = te->external_label_count,
        .external_url = te->external_url,
    };
    if (d->active_at != TIME_UNSET)
        data.active_at = gotime_from_zoned((struct zoned_time){d->active_at, d->utc_offset_s});
    return data;
}

enum rule_expand rule_text_expand(const struct rule_template_env *te, const struct rule_text *text,
                                  const struct rule_template_data *data,
                                  struct rule_queries *queries, struct arena *mem, str *ret,
                                  struct err *err)
{
    *ret = text->text;
    if (text->compile_error.p) {
        *ret = text->compile_error;
        err_set(err, ERR_SYNTAX, "%.*s", STR(text->compile_error));
        return RULE_EXPAND_FAILED;
    }
    if (!text->set)
        return RULE_EXPAND_OK;
    struct rule_tpl_context context = {
        .now = env_now(te->env),
        .external_url = te->external_url_full,
        .path_prefix = te->external_path,
        .query = answer_query,
        .owner = queries,
    };
    struct rule_tpl_data values = tpl_data(te, data);
    struct tpl_run run = {.data = rule_tpl_data_value(&values), .mem = mem, .context = &context};
    struct buf out = {.mem = mem};
    size_t pending = queries->pending_count;
    bool ok = tpl_execute(text->set, S(""), &run, &out, err);
    bool is_pending = !ok && (err->code == ERR_CANCELED || queries->pending_count > pending);
    *ret = !ok ? arena_str(mem, err_str(err)) : out.n ? buf_str(&out) : S("");
    if (is_pending)
        return RULE_EXPAND_PENDING;
    return ok ? RULE_EXPAND_OK : RULE_EXPAND_FAILED;
}
