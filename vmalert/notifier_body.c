// SPDX-License-Identifier: Apache-2.0
#include "vmalert/notifier_body.h"

#include "base/text/json_writer.h"

// ---- labels ------------------------------------------------------------------------------------

static void read_labels(struct label_list *to, const struct labels *from,
                        const struct relabel *relabel)
{
    to->items = arena_array(to->mem, struct label, from->count);
    to->cap = from->count;
    for (size_t i = 0; i < from->count; i++)
        label_list_add(to, metric_name_sanitized(labels_name_at(from, i), to->mem),
                       labels_value_at(from, i));
    if (relabel)
        relabel_apply(relabel, to);
    label_list_sort(to);
}

void alert_batch_init(struct alert_batch *b, const struct alert *const *alerts, size_t count,
                      const struct relabel *relabel)
{
    *b = (struct alert_batch){0};
    b->alerts = arena_array(&b->mem, const struct alert *, count);
    b->labels = arena_array(&b->mem, struct label_list, count);
    for (size_t i = 0; i < count; i++) {
        struct label_list *labels = &b->labels[b->count];
        *labels = (struct label_list){.mem = &b->mem};
        read_labels(labels, alerts[i]->labels, relabel);
        if (labels->count)
            b->alerts[b->count++] = alerts[i];
    }
}

void alert_batch_done(struct alert_batch *b)
{
    arena_done(&b->mem);
}

// ---- JSON --------------------------------------------------------------------------------------

static void put_json(struct buf *b, str s)
{
    buf_put_json_str(b, JSON_ESCAPE_VM, s);
}

static void put_pairs(struct buf *b, const struct label *items, size_t count)
{
    buf_put_c(b, '{');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_put_c(b, ',');
        put_json(b, items[i].name);
        buf_put_c(b, ':');
        put_json(b, items[i].value);
    }
    buf_put_c(b, '}');
}

static void put_time(struct buf *b, time_ns t, const struct alert_writer *w)
{
    buf_put_c(b, '"');
    buf_put_time(b, t, env_utc_offset_s(w->env, t), FRACTION_SHORTEST);
    buf_put_c(b, '"');
}

// Single spaces included.
static void put_alert(struct buf *b, const struct alert *a, const struct label_list *labels,
                      const struct alert_writer *w)
{
    struct buf link = {0};
    w->link(w->link_owner, w->group, w->rule, a, &link);
    buf_put(b, S("{\"startsAt\":"));
    put_time(b, a->start, w);
    buf_put(b, S(",\"generatorURL\":"));
    put_json(b, buf_str(&link));
    if (a->end != TIME_UNSET) {
        buf_put(b, S(",\"endsAt\":"));
        put_time(b, a->end, w);
    }
    buf_put(b, S(",\"labels\": "));
    put_pairs(b, labels->items, labels->count);
    buf_put(b, S(",\"annotations\": "));
    put_pairs(b, a->annotations, a->annotation_count);
    buf_put_c(b, '}');
    buf_done(&link);
}

void buf_put_alert_batch(struct buf *b, struct alert_batch *batch, const struct relabel *relabel,
                         const struct alert_writer *w)
{
    struct arena_mark mark = arena_mark(&batch->mem);
    bool is_first = true;
    buf_put_c(b, '[');
    for (size_t i = 0; i < batch->count; i++) {
        struct label_list own = {.mem = &batch->mem};
        const struct label_list *labels = &batch->labels[i];
        if (relabel) {
            label_list_copy(&own, labels);
            relabel_apply(relabel, &own);
            labels = &own;
        }
        if (labels->count) {
            if (!is_first)
                buf_put_c(b, ',');
            is_first = false;
            put_alert(b, batch->alerts[i], labels, w);
        }
        arena_rewind(&batch->mem, mark);
    }
    buf_put_c(b, ']');
}
