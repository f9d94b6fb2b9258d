// SPDX-License-Identifier: Apache-2.0
#include "rules/tpldata.h"

#define NAME(text) .name = {text, sizeof(text) - 1}

// ---- label sets as map[string]string ----------------------------------------------------------

static void labels_pair_at(const struct tpl_value *v, size_t i, struct tpl_pair *ret)
{
    const struct label *l = (const struct label *)v->obj + i;
    *ret = (struct tpl_pair){tpl_str(l->name), tpl_str(l->value)};
}

// Structurally map[string]string; its values compare as that type everywhere a template can see.
static const struct tpl_type LABELS = {
    NAME("map[string]string"), .kind = TPL_KIND_MAP,      .key = &TPL_STRING,
    .elem = &TPL_STRING,       .pair_at = labels_pair_at,
};

static struct tpl_value labels_value_of(const struct label *items, size_t count)
{
    return tpl_map(&LABELS, items, count);
}

// ---- query answers ----------------------------------------------------------------------------

static void metric_labels(const void *obj, struct tpl_value *ret)
{
    const struct rule_tpl_metric *m = obj;
    *ret = labels_value_of(m->labels, m->label_count);
}

static void metric_timestamp(const void *obj, struct tpl_value *ret)
{
    *ret = tpl_int_of(&TPL_INT64, ((const struct rule_tpl_metric *)obj)->timestamp_s);
}

static void metric_value(const void *obj, struct tpl_value *ret)
{
    *ret = tpl_f64(((const struct rule_tpl_metric *)obj)->value);
}

static const struct tpl_field METRIC_FIELDS[] = {
    {NAME("Labels"), .type = &LABELS, .get = metric_labels},
    {NAME("Timestamp"), .type = &TPL_INT64, .get = metric_timestamp},
    {NAME("Value"), .type = &TPL_F64, .get = metric_value},
};

const struct tpl_type RULE_TPL_METRIC = {
    NAME("templates.metric"),
    .kind = TPL_KIND_STRUCT,
    .is_named = true,
    .fields = METRIC_FIELDS,
    .field_count = ARRAY_LEN(METRIC_FIELDS),
};

static void metrics_at(const struct tpl_value *v, size_t i, struct tpl_value *ret)
{
    *ret = tpl_struct(&RULE_TPL_METRIC, (const struct rule_tpl_metric *)v->obj + i);
}

const struct tpl_type RULE_TPL_METRICS = {NAME("[]templates.metric"), .kind = TPL_KIND_LIST,
                                          .elem = &RULE_TPL_METRIC, .at = metrics_at};

// ---- the data of an expansion -----------------------------------------------------------------

#define DATA_FIELD(fn, expression)                                                                 \
    static void fn(const void *obj, struct tpl_value *ret)                                         \
    {                                                                                              \
        const struct rule_tpl_data *d = obj;                                                       \
        *ret = (expression);                                                                       \
    }

DATA_FIELD(data_type, tpl_str(d->type))
DATA_FIELD(data_labels, labels_value_of(d->labels, d->label_count))
DATA_FIELD(data_value, tpl_f64(d->value))
DATA_FIELD(data_expr, tpl_str(d->expr))
DATA_FIELD(data_alert_id, tpl_uint_of(&TPL_UINT64, d->alert_id))
DATA_FIELD(data_group_id, tpl_uint_of(&TPL_UINT64, d->group_id))
DATA_FIELD(data_active_at, tpl_time(&d->active_at))
DATA_FIELD(data_for, tpl_dur(d->for_ns))
DATA_FIELD(data_interval, tpl_dur(d->interval))
DATA_FIELD(data_is_partial, tpl_bool(d->is_partial))
DATA_FIELD(data_external_labels, labels_value_of(d->external_labels, d->external_label_count))
DATA_FIELD(data_external_url, tpl_str(d->external_url))

static const struct tpl_field ALERT_FIELDS[] = {
    {NAME("Type"), .type = &TPL_STRING, .get = data_type},
    {NAME("Labels"), .type = &LABELS, .get = data_labels},
    {NAME("Value"), .type = &TPL_F64, .get = data_value},
    {NAME("Expr"), .type = &TPL_STRING, .get = data_expr},
    {NAME("AlertID"), .type = &TPL_UINT64, .get = data_alert_id},
    {NAME("GroupID"), .type = &TPL_UINT64, .get = data_group_id},
    {NAME("ActiveAt"), .type = &TPL_TIME, .get = data_active_at},
    {NAME("For"), .type = &TPL_DURATION, .get = data_for},
    {NAME("Interval"), .type = &TPL_DURATION, .get = data_interval},
    {NAME("IsPartial"), .type = &TPL_BOOL, .get = data_is_partial},
};

static const struct tpl_type ALERT_DATA = {
    NAME("notifier.AlertTplData"),
    .kind = TPL_KIND_STRUCT,
    .is_named = true,
    .fields = ALERT_FIELDS,
    .field_count = ARRAY_LEN(ALERT_FIELDS),
};

static void data_alert(const void *obj, struct tpl_value *ret)
{
    *ret = tpl_struct(&ALERT_DATA, obj);
}

static const struct tpl_field DATA_FIELDS[] = {
    {NAME("AlertTplData"), .type = &ALERT_DATA, .get = data_alert, .is_embedded = true},
    {NAME("ExternalLabels"), .type = &LABELS, .get = data_external_labels},
    {NAME("ExternalURL"), .type = &TPL_STRING, .get = data_external_url},
};

static const struct tpl_type DATA = {
    NAME("notifier.tplData"),
    .kind = TPL_KIND_STRUCT,
    .is_named = true,
    .fields = DATA_FIELDS,
    .field_count = ARRAY_LEN(DATA_FIELDS),
};

struct tpl_value rule_tpl_data_value(const struct rule_tpl_data *d)
{
    return tpl_struct(&DATA, d);
}

#define PREFIX                                                                                     \
    "{{ $value := .Value }}{{ $type := .Type }}{{ $labels := .Labels }}{{ $expr := .Expr }}"       \
    "{{ $interval := .Interval }}{{ $externalLabels := .ExternalLabels }}"                         \
    "{{ $externalURL := .ExternalURL }}{{ $alertID := .AlertID }}{{ $groupID := .GroupID }}"       \
    "{{ $activeAt := .ActiveAt }}{{ $for := .For }}{{ $isPartial := .IsPartial }}"

const str RULE_TPL_PREFIX = {PREFIX, sizeof(PREFIX) - 1};
