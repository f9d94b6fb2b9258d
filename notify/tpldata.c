// SPDX-License-Identifier: Apache-2.0
#include "notify/tpldata.h"

#define NAME(text) .name = {text, sizeof(text) - 1}
#define JSON(text) .json = {text, sizeof(text) - 1}

// ---- plain structs ----------------------------------------------------------------------------

struct tplkv tplkv_from_labels(const struct labels *l, struct arena *mem)
{
    size_t count = l ? l->count : 0;
    struct label *items = arena_array(mem, struct label, count);
    for (size_t i = 0; i < count; i++)
        items[i] = (struct label){labels_name_at(l, i), labels_value_at(l, i)};
    return (struct tplkv){items, count};
}

static const struct label *kv_find(const struct tplkv *kv, str name)
{
    size_t low = 0, high = kv->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(kv->items[middle].name, name);
        if (order == 0)
            return &kv->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

str tplkv_get(const struct tplkv *kv, str name)
{
    const struct label *l = kv_find(kv, name);
    return l ? l->value : S("");
}

void tplkv_sorted_pairs(const struct tplkv *kv, struct label *ret)
{
    const struct label *first = kv_find(kv, S("alertname"));
    size_t n = 0;
    if (first)
        ret[n++] = *first;
    for (size_t i = 0; i < kv->count; i++) {
        if (&kv->items[i] != first)
            ret[n++] = kv->items[i];
    }
}

str tpldata_quote_receiver(str name, struct arena *mem)
{
    char *text = arena_alloc_raw(mem, 2 * name.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] && strchr("\\.+*?()|[]{}^$", name.p[i]))
            text[n++] = '\\';
        text[n++] = name.p[i];
    }
    text[n] = '\0';
    return str_from(text, n);
}

// What all alerts have alike, starting from what the first one has.
static struct tplkv common_of(const struct tpldata *d, size_t member, struct arena *mem)
{
#define KV_OF(alert) ((const struct tplkv *)(const void *)((const char *)(alert) + member))
    static const struct tplkv NONE;
    const struct tplkv *first = d->alert_count ? KV_OF(&d->alerts[0]) : &NONE;
    struct label *items = arena_array(mem, struct label, first->count);
    size_t n = 0;
    for (size_t i = 0; i < first->count; i++) {
        bool is_common = true;
        for (size_t a = 1; a < d->alert_count && is_common; a++) {
            const struct label *other = kv_find(KV_OF(&d->alerts[a]), first->items[i].name);
            is_common = other && str_eq(other->value, first->items[i].value);
        }
        if (is_common)
            items[n++] = first->items[i];
    }
#undef KV_OF
    return (struct tplkv){items, n};
}

void tpldata_summarize(struct tpldata *d, struct arena *mem)
{
    d->status = S("resolved");
    for (size_t i = 0; i < d->alert_count; i++) {
        if (str_eq(d->alerts[i].status, S("firing")))
            d->status = S("firing");
    }
    d->common_labels = common_of(d, offsetof(struct tpldata_alert, labels), mem);
    d->common_annotations = common_of(d, offsetof(struct tpldata_alert, annotations), mem);
}

// ---- Pair, Pairs, Strings ---------------------------------------------------------------------

static void pair_get_name(const void *obj, struct tpl_value *ret)
{
    *ret = tpl_str(((const struct label *)obj)->name);
}

static void pair_get_value(const void *obj, struct tpl_value *ret)
{
    *ret = tpl_str(((const struct label *)obj)->value);
}

static const struct tpl_field PAIR_FIELDS[] = {
    {NAME("Name"), .type = &TPL_STRING, .get = pair_get_name},
    {NAME("Value"), .type = &TPL_STRING, .get = pair_get_value},
};

static const struct tpl_type PAIR = {
    NAME("template.Pair"),
    .kind = TPL_KIND_STRUCT,
    .is_named = true,
    .fields = PAIR_FIELDS,
    .field_count = ARRAY_LEN(PAIR_FIELDS),
};

static void pairs_at(const struct tpl_value *v, size_t i, struct tpl_value *ret)
{
    *ret = tpl_struct(&PAIR, (const struct label *)v->obj + i);
}

static void put_pairs(struct buf *b, const struct label *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_put(b, S(", "));
        buf_put(b, pairs[i].name);
        buf_put_c(b, '=');
        buf_put(b, pairs[i].value);
    }
}

static const struct label *pairs_of(const struct tpl_value *v)
{
    return v->obj ? (const struct label *)v->obj + v->first : NULL;
}

static void pairs_put_text(const struct tpl_value *v, struct buf *out)
{
    put_pairs(out, pairs_of(v), v->count);
}

static void strings_at(const struct tpl_value *v, size_t i, struct tpl_value *ret)
{
    *ret = tpl_str(((const str *)v->obj)[i]);
}

static bool strings_join(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    for (size_t i = 0; i < call->self->count; i++) {
        struct tpl_value item;
        tpl_list_at(call->self, i, &item);
        if (i > 0)
            buf_put(&text, args[0].s);
        buf_put(&text, item.s);
    }
    return tpl_return(&text, ret, err);
}

static const struct tpl_func STRINGS_METHODS[] = {
    {NAME("Join"), .params = {&TPL_STRING}, .call = strings_join},
};

static const struct tpl_type STRINGS = {
    NAME("template.Strings"),
    .kind = TPL_KIND_LIST,
    .is_named = true,
    .elem = &TPL_STRING,
    .at = strings_at,
    .methods = STRINGS_METHODS,
    .method_count = ARRAY_LEN(STRINGS_METHODS),
};

static struct tpl_value names_or_values(struct arena *mem, const struct label *pairs, size_t count,
                                        bool are_names)
{
    str *items = arena_array(mem, str, count);
    for (size_t i = 0; i < count; i++)
        items[i] = are_names ? pairs[i].name : pairs[i].value;
    return tpl_list(&STRINGS, items, count);
}

static bool pairs_names(TPL_ARGS)
{
    *ret = names_or_values(call->mem, pairs_of(call->self), call->self->count, true);
    return true;
}

static bool pairs_values(TPL_ARGS)
{
    *ret = names_or_values(call->mem, pairs_of(call->self), call->self->count, false);
    return true;
}

static bool self_string(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    call->self->type->put_text(call->self, &text);
    return tpl_return(&text, ret, err);
}

static const struct tpl_func PAIRS_METHODS[] = {
    {NAME("Names"), .call = pairs_names},
    {NAME("String"), .call = self_string},
    {NAME("Values"), .call = pairs_values},
};

static const struct tpl_type PAIRS = {
    NAME("template.Pairs"),
    .kind = TPL_KIND_LIST,
    .is_named = true,
    .elem = &PAIR,
    .at = pairs_at,
    .methods = PAIRS_METHODS,
    .method_count = ARRAY_LEN(PAIRS_METHODS),
    .put_text = pairs_put_text,
};

// ---- KV ---------------------------------------------------------------------------------------

static void kv_pair_at(const struct tpl_value *v, size_t i, struct tpl_pair *ret)
{
    const struct label *l = (const struct label *)v->obj + i;
    *ret = (struct tpl_pair){tpl_str(l->name), tpl_str(l->value)};
}

static struct tplkv kv_of(const struct tpl_value *v)
{
    return (struct tplkv){v->obj, v->count};
}

static bool kv_lookup(const struct tpl_value *v, str key, struct tpl_value *ret)
{
    struct tplkv kv = kv_of(v);
    const struct label *l = kv_find(&kv, key);
    if (l)
        *ret = tpl_str(l->value);
    return l != NULL;
}

static struct label *sorted_pairs(const struct tpl_call *call)
{
    struct tplkv kv = kv_of(call->self);
    struct label *pairs = arena_array(call->mem, struct label, kv.count);
    tplkv_sorted_pairs(&kv, pairs);
    return pairs;
}

static bool kv_sorted_pairs(TPL_ARGS)
{
    *ret = tpl_list(&PAIRS, sorted_pairs(call), call->self->count);
    return true;
}

static bool kv_names(TPL_ARGS)
{
    *ret = names_or_values(call->mem, sorted_pairs(call), call->self->count, true);
    return true;
}

static bool kv_values(TPL_ARGS)
{
    *ret = names_or_values(call->mem, sorted_pairs(call), call->self->count, false);
    return true;
}

static bool kv_remove(TPL_ARGS)
{
    struct tplkv kv = kv_of(call->self);
    struct label *kept = arena_array(call->mem, struct label, kv.count);
    size_t n = 0;
    for (size_t i = 0; i < kv.count; i++) {
        bool is_removed = false;
        for (size_t k = 0; k < args[0].count && !is_removed; k++) {
            struct tpl_value name;
            tpl_list_at(&args[0], k, &name);
            is_removed = str_eq(name.s, kv.items[i].name);
        }
        if (!is_removed)
            kept[n++] = kv.items[i];
    }
    *ret = tpl_map(&TPL_KV, kept, n);
    return true;
}

static void kv_put_text(const struct tpl_value *v, struct buf *out)
{
    struct tplkv kv = kv_of(v);
    struct arena mem = {0};
    struct label *pairs = arena_array(&mem, struct label, kv.count);
    tplkv_sorted_pairs(&kv, pairs);
    put_pairs(out, pairs, kv.count);
    arena_done(&mem);
}

static const struct tpl_func KV_METHODS[] = {
    {NAME("Names"), .call = kv_names},
    {NAME("Remove"), .params = {&TPL_STRINGS}, .call = kv_remove},
    {NAME("SortedPairs"), .call = kv_sorted_pairs},
    {NAME("String"), .call = self_string},
    {NAME("Values"), .call = kv_values},
};

const struct tpl_type TPL_KV = {
    NAME("template.KV"),     .kind = TPL_KIND_MAP,  .is_named = true,
    .key = &TPL_STRING,      .elem = &TPL_STRING,   .pair_at = kv_pair_at,
    .find = kv_lookup,       .methods = KV_METHODS, .method_count = ARRAY_LEN(KV_METHODS),
    .put_text = kv_put_text,
};

struct tpl_value tplkv_value(const struct tplkv *kv)
{
    struct tpl_value v = tpl_map(&TPL_KV, kv->items, kv->count);
    v.is_nil = !kv->items;
    return v;
}

// ---- Alert, Alerts ----------------------------------------------------------------------------

#define ALERT_FIELD(fn, expression)                                                                \
    static void fn(const void *obj, struct tpl_value *ret)                                         \
    {                                                                                              \
        const struct tpldata_alert *a = obj;                                                       \
        *ret = (expression);                                                                       \
    }

ALERT_FIELD(alert_status, tpl_str(a->status))
ALERT_FIELD(alert_labels, tplkv_value(&a->labels))
ALERT_FIELD(alert_annotations, tplkv_value(&a->annotations))
ALERT_FIELD(alert_starts_at, tpl_time(&a->starts_at))
ALERT_FIELD(alert_ends_at, tpl_time(&a->ends_at))
ALERT_FIELD(alert_generator_url, tpl_str(a->generator_url))
ALERT_FIELD(alert_fingerprint, tpl_str(a->fingerprint))

static const struct tpl_field ALERT_FIELDS[] = {
    {NAME("Status"), JSON("status"), &TPL_STRING, .get = alert_status},
    {NAME("Labels"), JSON("labels"), &TPL_KV, .get = alert_labels},
    {NAME("Annotations"), JSON("annotations"), &TPL_KV, .get = alert_annotations},
    {NAME("StartsAt"), JSON("startsAt"), &TPL_TIME, .get = alert_starts_at},
    {NAME("EndsAt"), JSON("endsAt"), &TPL_TIME, .get = alert_ends_at},
    {NAME("GeneratorURL"), JSON("generatorURL"), &TPL_STRING, .get = alert_generator_url},
    {NAME("Fingerprint"), JSON("fingerprint"), &TPL_STRING, .get = alert_fingerprint},
};

static const struct tpl_type ALERT = {
    NAME("template.Alert"),
    .kind = TPL_KIND_STRUCT,
    .is_named = true,
    .fields = ALERT_FIELDS,
    .field_count = ARRAY_LEN(ALERT_FIELDS),
};

static void alerts_at(const struct tpl_value *v, size_t i, struct tpl_value *ret)
{
    *ret = tpl_struct(&ALERT, (const struct tpldata_alert *)v->obj + i);
}

// What Firing and Resolved give: a plain list without methods, of pointers into the whole one.
static void alert_ref_at(const struct tpl_value *v, size_t i, struct tpl_value *ret)
{
    *ret = tpl_struct(&ALERT, ((const struct tpldata_alert *const *)v->obj)[i]);
}

static const struct tpl_type ALERT_LIST = {NAME("[]template.Alert"), .kind = TPL_KIND_LIST,
                                           .elem = &ALERT, .at = alert_ref_at};

static struct tpl_value alerts_with(const struct tpl_call *call, str status)
{
    const struct tpl_value *self = call->self;
    const struct tpldata_alert *alerts =
        self->obj ? (const struct tpldata_alert *)self->obj + self->first : NULL;
    const struct tpldata_alert **kept =
        arena_alloc(call->mem, self->count * sizeof(const struct tpldata_alert *));
    size_t n = 0;
    for (size_t i = 0; alerts && i < self->count; i++) {
        if (str_eq(alerts[i].status, status))
            kept[n++] = &alerts[i];
    }
    return tpl_list(&ALERT_LIST, kept, n);
}

static bool alerts_firing(TPL_ARGS)
{
    *ret = alerts_with(call, S("firing"));
    return true;
}

static bool alerts_resolved(TPL_ARGS)
{
    *ret = alerts_with(call, S("resolved"));
    return true;
}

static const struct tpl_func ALERTS_METHODS[] = {
    {NAME("Firing"), .call = alerts_firing},
    {NAME("Resolved"), .call = alerts_resolved},
};

static const struct tpl_type ALERTS = {
    NAME("template.Alerts"),
    .kind = TPL_KIND_LIST,
    .is_named = true,
    .elem = &ALERT,
    .at = alerts_at,
    .methods = ALERTS_METHODS,
    .method_count = ARRAY_LEN(ALERTS_METHODS),
};

// ---- Data -------------------------------------------------------------------------------------

#define DATA_FIELD(fn, expression)                                                                 \
    static void fn(const void *obj, struct tpl_value *ret)                                         \
    {                                                                                              \
        const struct tpldata *d = obj;                                                             \
        *ret = (expression);                                                                       \
    }

DATA_FIELD(data_receiver, tpl_str(d->receiver))
DATA_FIELD(data_status, tpl_str(d->status))
DATA_FIELD(data_alerts, tpl_list(&ALERTS, d->alerts, d->alert_count))
DATA_FIELD(data_reason, tpl_str(d->notification_reason))
DATA_FIELD(data_group_labels, tplkv_value(&d->group_labels))
DATA_FIELD(data_common_labels, tplkv_value(&d->common_labels))
DATA_FIELD(data_common_annotations, tplkv_value(&d->common_annotations))
DATA_FIELD(data_route_labels, tplkv_value(&d->route_labels))
DATA_FIELD(data_external_url, tpl_str(d->external_url))
DATA_FIELD(data_rendered, tpl_bool(d->are_route_labels_rendered))

static const struct tpl_field DATA_FIELDS[] = {
    {NAME("Receiver"), JSON("receiver"), &TPL_STRING, .get = data_receiver},
    {NAME("Status"), JSON("status"), &TPL_STRING, .get = data_status},
    {NAME("Alerts"), JSON("alerts"), &ALERTS, .get = data_alerts},
    {NAME("NotificationReason"), JSON("notification_reason"), &TPL_STRING, .get = data_reason},
    {NAME("GroupLabels"), JSON("groupLabels"), &TPL_KV, .get = data_group_labels},
    {NAME("CommonLabels"), JSON("commonLabels"), &TPL_KV, .get = data_common_labels},
    {NAME("CommonAnnotations"), JSON("commonAnnotations"), &TPL_KV, .get = data_common_annotations},
    {NAME("RouteLabels"), JSON("routeLabels"), &TPL_KV, .get = data_route_labels},
    {NAME("ExternalURL"), JSON("externalURL"), &TPL_STRING, .get = data_external_url},
    {NAME("routeLabelsRendered"), .type = &TPL_BOOL, .get = data_rendered, .is_hidden = true},
};

static const struct tpl_type DATA = {
    NAME("template.Data"),
    .kind = TPL_KIND_STRUCT,
    .is_named = true,
    .fields = DATA_FIELDS,
    .field_count = ARRAY_LEN(DATA_FIELDS),
};

struct tpl_value tpldata_value(const struct tpldata *d)
{
    return tpl_pointer(&DATA, d);
}

struct tpl_value tpldata_plain_value(const struct tpldata *d)
{
    return tpl_struct(&DATA, d);
}

const struct tpldata *tpldata_of(const struct tpl_value *v)
{
    return v->type == &DATA ? v->obj : NULL;
}
