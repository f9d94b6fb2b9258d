// SPDX-License-Identifier: Apache-2.0
// The data that `amtool template render` renders with.
#include "alertmanager/amtool/amtool.h"
#include "base/text/json.h"
#include "notify/tpldata.h"
#include "notify/tplfuncs.h"

// ---- from JSON ---------------------------------------------------------------------------------

static bool wrong_type(const json *v, const char *field, const char *type, struct err *err)
{
    const char *what = json_is_object(v)   ? "object"
                       : json_is_array(v)  ? "array"
                       : json_is_string(v) ? "string"
                       : json_is_bool(v)   ? "bool"
                                           : "number";
    return err_set(err, ERR_INVALID, "json: cannot unmarshal %s into Go struct field %s of type %s",
                   what, field, type);
}

static bool read_str(const json *object, const char *key, const char *field, str *ret,
                     struct err *err)
{
    const json *v = json_get_nocase(object, str_c(key));
    if (json_is_null(v))
        return true;
    if (!json_is_string(v))
        return wrong_type(v, field, "string", err);
    *ret = json_str(v);
    return true;
}

static bool read_kv(const json *object, const char *key, const char *field, struct arena *mem,
                    struct tplkv *ret, struct err *err)
{
    const json *v = json_get_nocase(object, str_c(key));
    if (json_is_null(v))
        return true;
    if (!json_is_object(v))
        return wrong_type(v, field, "template.KV", err);
    struct label *items = arena_array(mem, struct label, json_count(v) + 1);
    size_t n = 0;
    json_each (member, v) {
        if (!json_is_string(member) && !json_is_null(member))
            return wrong_type(member, field, "string", err);
        items[n++] = (struct label){json_key(member), json_str(member)};
    }
    *ret = (struct tplkv){items, label_sort_unique(items, n)};
    return true;
}

static bool read_time(const json *object, const char *key, struct arena *mem, struct gotime *ret,
                      struct err *err)
{
    const json *v = json_get_nocase(object, str_c(key));
    *ret = gotime_zero();
    if (json_is_null(v))
        return true;
    if (!json_is_string(v))
        return err_set(err, ERR_INVALID, "Time.UnmarshalJSON: input is not a JSON string");
    return gotime_parse(S("2006-01-02T15:04:05Z07:00"), json_str(v), mem, ret, err);
}

static bool read_alert(const json *v, struct arena *mem, struct tpldata_alert *ret, struct err *err)
{
    *ret = (struct tpldata_alert){.starts_at = gotime_zero(), .ends_at = gotime_zero()};
    if (json_is_null(v))
        return true;
    if (!json_is_object(v))
        return wrong_type(v, "Data.alerts", "template.Alert", err);
    return read_str(v, "status", "Data.alerts.status", &ret->status, err) &&
           read_kv(v, "labels", "Data.alerts.labels", mem, &ret->labels, err) &&
           read_kv(v, "annotations", "Data.alerts.annotations", mem, &ret->annotations, err) &&
           read_time(v, "startsAt", mem, &ret->starts_at, err) &&
           read_time(v, "endsAt", mem, &ret->ends_at, err) &&
           read_str(v, "generatorURL", "Data.alerts.generatorURL", &ret->generator_url, err) &&
           read_str(v, "fingerprint", "Data.alerts.fingerprint", &ret->fingerprint, err);
}

static bool read_alerts(const json *object, struct arena *mem, struct tpldata *d, struct err *err)
{
    const json *v = json_get_nocase(object, S("alerts"));
    if (json_is_null(v))
        return true;
    if (!json_is_array(v))
        return wrong_type(v, "Data.alerts", "template.Alerts", err);
    struct tpldata_alert *alerts = arena_array(mem, struct tpldata_alert, json_count(v) + 1);
    d->alerts = alerts;
    json_each (item, v) {
        if (!read_alert(item, mem, &alerts[d->alert_count++], err))
            return false;
    }
    return true;
}

bool template_data_parse(str text, struct arena *mem, struct tpldata *ret, struct err *err)
{
    const json *v = json_parse(text, false, mem, err);
    *ret = (struct tpldata){0};
    if (!v)
        return false;
    if (json_is_null(v))
        return true;
    if (!json_is_object(v))
        return wrong_type(v, "value", "template.Data", err);
    return read_str(v, "receiver", "Data.receiver", &ret->receiver, err) &&
           read_str(v, "status", "Data.status", &ret->status, err) &&
           read_alerts(v, mem, ret, err) &&
           read_str(v, "notification_reason", "Data.notification_reason", &ret->notification_reason,
                    err) &&
           read_kv(v, "groupLabels", "Data.groupLabels", mem, &ret->group_labels, err) &&
           read_kv(v, "commonLabels", "Data.commonLabels", mem, &ret->common_labels, err) &&
           read_kv(v, "commonAnnotations", "Data.commonAnnotations", mem, &ret->common_annotations,
                   err) &&
           read_kv(v, "routeLabels", "Data.routeLabels", mem, &ret->route_labels, err) &&
           read_str(v, "externalURL", "Data.externalURL", &ret->external_url, err);
}

// ---- the sample --------------------------------------------------------------------------------

#define L(name, value)                                                                             \
    {                                                                                              \
        {(name), sizeof(name) - 1},                                                                \
        {                                                                                          \
            (value), sizeof(value) - 1                                                             \
        }                                                                                          \
    }
#define KV(items)                                                                                  \
    (struct tplkv)                                                                                 \
    {                                                                                              \
        (items), ARRAY_LEN(items)                                                                  \
    }
#define COMMON_LABELS                                                                              \
    L("commonlabelkey1", "commonlabelvalue1"), L("commonlabelkey2", "commonlabelvalue2")
#define COMMON_ANNOTATIONS                                                                         \
    L("commonannotationkey1", "commonannotationvalue1"),                                           \
        L("commonannotationkey2", "commonannotationvalue2")

static const struct label GROUP[] = {L("grouplabelkey1", "grouplabelvalue1"),
                                     L("grouplabelkey2", "grouplabelvalue2")};
static const struct label LABELS[] = {COMMON_LABELS};
static const struct label ANNOTATIONS[] = {COMMON_ANNOTATIONS};
static const struct label LABELS_1[] = {COMMON_LABELS, L("instance", "foo.bar:1234"),
                                        L("label1", "value1"), L("label2", "value2")};
static const struct label ANNOTATIONS_1[] = {L("annotation1", "value1"), L("annotation2", "value2"),
                                             COMMON_ANNOTATIONS};
static const struct label LABELS_2[] = {L("baz", "qux"), COMMON_LABELS, L("foo", "bar")};
static const struct label ANNOTATIONS_2[] = {L("aaa", "bbb"), L("ccc", "ddd"), COMMON_ANNOTATIONS};

void template_data_sample(const struct tplfuncs_context *clock, struct arena *mem,
                          struct tpldata *ret)
{
    struct gotime now = tplfuncs_now(clock);
    struct tpldata_alert *alerts = arena_array(mem, struct tpldata_alert, 2);
    alerts[0] = (struct tpldata_alert){
        .status = S("firing"),
        .labels = KV(LABELS_1),
        .annotations = KV(ANNOTATIONS_1),
        .starts_at = gotime_add(now, -DUR_MINUTES(5)),
        .ends_at = now,
        .generator_url = S("https://generatorurl.com"),
        .fingerprint = S("fingerprint1"),
    };
    alerts[1] = (struct tpldata_alert){
        .status = S("resolved"),
        .labels = KV(LABELS_2),
        .annotations = KV(ANNOTATIONS_2),
        .starts_at = gotime_add(now, -DUR_MINUTES(10)),
        .ends_at = now,
        .generator_url = S("https://generatorurl.com"),
        .fingerprint = S("fingerprint2"),
    };
    *ret = (struct tpldata){
        .receiver = S("receiver"),
        .status = S("alertstatus"),
        .alerts = alerts,
        .alert_count = 2,
        .group_labels = KV(GROUP),
        .common_labels = KV(LABELS),
        .common_annotations = KV(ANNOTATIONS),
        .external_url = S("https://example.com"),
    };
}
