// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/alert.h"

#include "base/core/alloc.h"
#include "base/core/utf8.h"
#include "base/text/unicode.h"

void alert_unref(struct alert *a)
{
    if (!a || --a->refs > 0)
        return;
    struct label_store *store = a->labels->names->store;
    symbol_unref(&store->symbols, a->generator_url);
    labels_unref(a->annotations);
    labels_unref(a->labels);
    size_t bytes = a->is_restored ? sizeof(struct alert_restored) : sizeof(*a);
    slab_free(&store->symbols.slab, a, bytes);
}

// ---- drafts ------------------------------------------------------------------------------------

static void fill_times(struct alert_draft *d, struct zoned_time now, dur_ns resolve_timeout)
{
    if (d->starts_at.t == TIME_UNSET)
        d->starts_at = d->ends_at.t == TIME_UNSET ? now : d->ends_at;
    d->is_timeout = d->ends_at.t == TIME_UNSET;
    if (d->is_timeout)
        d->ends_at = (struct zoned_time){add_saturated(now.t, resolve_timeout), now.offset_s};
}

static bool check_labels(const struct label *labels, size_t count, enum name_mode mode,
                         const char *what, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        bool is_named = label_name_is_valid(mode, labels[i].name);
        if (is_named && utf8_is_valid(labels[i].value))
            continue;
        defer(buf_done) struct buf quoted = {.max = ERR_TEXT_BYTES};
        buf_put_quoted(&quoted, is_named ? labels[i].value : labels[i].name);
        return err_set(err, ERR_INVALID, "invalid %s: invalid %s %.*s", what,
                       is_named ? "value" : "name", STR(buf_str(&quoted)));
    }
    return true;
}

static size_t drop_empty_values(struct label *labels, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (labels[i].value.n)
            labels[kept++] = labels[i];
    }
    return kept;
}

bool alert_draft_complete(struct alert_draft *d, struct zoned_time now, dur_ns resolve_timeout,
                          enum name_mode mode, struct err *err)
{
    fill_times(d, now, resolve_timeout);
    if (d->label_count > ALERT_LABELS_MAX || d->annotation_count > ALERT_LABELS_MAX)
        return err_set(err, ERR_LIMIT, "alert has more than %d labels or annotations",
                       ALERT_LABELS_MAX);
    d->label_count = label_sort_unique(d->labels, d->label_count);
    d->label_count = drop_empty_values(d->labels, d->label_count);
    d->annotation_count = label_sort_unique(d->annotations, d->annotation_count);

    if (d->ends_at.t < d->starts_at.t)
        return err_set(err, ERR_INVALID, "start time must be before end time");
    if (d->label_count == 0)
        return err_set(err, ERR_INVALID, "at least one label pair required");
    return check_labels(d->labels, d->label_count, mode, "label set", err) &&
           check_labels(d->annotations, d->annotation_count, mode, "annotations", err);
}

static void alert_init(struct alert *a, struct label_store *store, const struct alert_draft *d,
                       time_ns updated_at)
{
    *a = (struct alert){
        .labels = labels_get(store, d->labels, d->label_count),
        .annotations = labels_get(store, d->annotations, d->annotation_count),
        .generator_url = symbol_get(&store->symbols, d->generator_url),
        .starts_at = d->starts_at,
        .ends_at = d->ends_at,
        .updated_at = updated_at,
        .refs = 1,
        .is_timeout = d->is_timeout,
    };
}

struct alert *alert_new(struct label_store *store, const struct alert_draft *d, time_ns updated_at)
{
    struct alert *a = slab_alloc(&store->symbols.slab, sizeof(*a));
    alert_init(a, store, d, updated_at);
    return a;
}

struct alert_restored *alert_restored_new(struct label_store *store, const struct alert_draft *d,
                                          time_ns updated_at)
{
    struct alert_restored *r = slab_alloc(&store->symbols.slab, sizeof(*r));
    alert_init(&r->alert, store, d, updated_at);
    r->alert.is_restored = true;
    r->promised_end = r->confirm_by = d->ends_at.t;
    return r;
}

// ---- merging -----------------------------------------------------------------------------------

bool alert_overlaps(const struct alert *known, const struct alert *news)
{
    time_ns start = known->starts_at.t, end = known->ends_at.t;
    return (news->ends_at.t > start && news->ends_at.t < end) ||
           (news->starts_at.t > start && news->starts_at.t < end);
}

// Senders that name no start get the moment of the post.
bool alert_continues(const struct alert *known, const struct alert *news)
{
    bool names_later_start =
        news->starts_at.t > known->starts_at.t && news->starts_at.t != news->updated_at;
    return alert_overlaps(known, news) && !(known->is_restored && names_later_start);
}

static struct zoned_time merged_end(const struct alert *older, const struct alert *newer,
                                    time_ns now)
{
    bool is_older_later = older->ends_at.t > newer->ends_at.t;
    bool takes_later =
        alert_is_resolved(newer, now) ? alert_is_resolved(older, now) : !older->is_timeout;
    return is_older_later && takes_later ? older->ends_at : newer->ends_at;
}

void alert_merge(const struct alert *known, struct alert *news, time_ns now)
{
    assert(news->refs == 1 && known->labels == news->labels);
    bool is_news_newer = news->updated_at >= known->updated_at;
    struct zoned_time start =
        known->starts_at.t < news->starts_at.t ? known->starts_at : news->starts_at;
    struct zoned_time end =
        is_news_newer ? merged_end(known, news, now) : merged_end(news, known, now);

    if (!is_news_newer) {
        struct label_store *store = news->labels->names->store;
        labels_unref(news->annotations);
        news->annotations = labels_ref(known->annotations);
        symbol_unref(&store->symbols, news->generator_url);
        news->generator_url = symbol_ref(known->generator_url);
        news->is_timeout = known->is_timeout;
        news->updated_at = known->updated_at;
    }
    news->starts_at = start;
    news->ends_at = end;
}

// ---- order and texts ---------------------------------------------------------------------------

int alert_labels_cmp(const struct labels *a, const struct labels *b)
{
    static const str first[] = {{"job", 3}, {"instance", 8}};
    for (size_t i = 0; i < ARRAY_LEN(first); i++) {
        bool has_a, has_b;
        str va = labels_value(a, first[i], &has_a);
        str vb = labels_value(b, first[i], &has_b);
        if (has_a != has_b)
            return has_a ? -1 : 1;
        int order = str_cmp(va, vb);
        if (order)
            return order;
    }
    return labels_cmp(a, b);
}

void buf_put_alert(struct buf *b, const struct alert *a, time_ns now)
{
    defer(buf_done) struct buf hex = {0};
    buf_put_hex64(&hex, a->labels->fingerprint);
    buf_put(b, labels_value(a->labels, S("alertname"), NULL));
    buf_printf(b, "[%.7s]", hex.p);
    buf_put(b, alert_is_resolved(a, now) ? S("[resolved]") : S("[active]"));
}

struct name_count {
    str name;
    size_t count, first; // how often, and where it came first
};

static int compare_names(const void *a, const void *b)
{
    const struct name_count *x = a, *y = b;
    int order = str_cmp(x->name, y->name);
    return order ? order : (x->first > y->first) - (x->first < y->first);
}

static int compare_counts(const void *a, const void *b)
{
    const struct name_count *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

void buf_put_alert_names(struct buf *b, const struct labels *const *alerts, size_t count,
                         size_t names_max)
{
    if (count == 0)
        return;
    struct name_count *names = mem_array(struct name_count, count);
    for (size_t i = 0; i < count; i++)
        names[i] = (struct name_count){labels_value(alerts[i], S("alertname"), NULL), 1, i};
    qsort(names, count, sizeof(*names), compare_names);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        if (distinct && str_eq(names[distinct - 1].name, names[i].name))
            names[distinct - 1].count++;
        else
            names[distinct++] = names[i];
    }
    qsort(names, distinct, sizeof(*names), compare_counts);

    size_t shown = names_max ? MIN(names_max, distinct) : distinct;
    for (size_t i = 0; i < shown; i++)
        buf_printf(b, "%s%.*s: %zu", i ? ", " : "", STR(names[i].name), names[i].count);
    if (shown < distinct)
        buf_printf(b, ", … (%zu more)", distinct - shown);
    mem_free(names);
}
