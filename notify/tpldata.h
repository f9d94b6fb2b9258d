// SPDX-License-Identifier: Apache-2.0
// tpldata.h: notification data as templates see it: Data, Alerts, Alert, KV, Pairs, Strings.
//
// Plain structs that the caller fills (everything borrowed, usually from one arena), read lazily by
// templates. Build once per notification, render any number of fields with it.
#pragma once
#include "base/core/arena.h"
#include "base/model/labels.h"
#include "base/text/gotpl.h"

struct tplkv {
    const struct label *items; // sorted by name, no name twice; NULL: nil, null in JSON
    size_t count;
};

struct tplkv tplkv_from_labels(const struct labels *l, struct arena *mem); // NULL: empty
str tplkv_get(const struct tplkv *kv, str name);                           // missing: empty

// Pairs as templates order them: alertname first, then by name. ret[kv->count].
void tplkv_sorted_pairs(const struct tplkv *kv, struct label *ret);

struct tpldata_alert {
    str status; // "firing", "resolved"; of foreign data anything
    struct tplkv labels, annotations;
    struct gotime starts_at;
    struct gotime ends_at; // gotime_zero() while it fires
    str generator_url;
    str fingerprint; // 16 hex digits
};

struct tpldata {
    str receiver; // regular expression characters escaped: tpldata_quote_receiver
    str status;   // "firing", "resolved"
    const struct tpldata_alert *alerts;
    size_t alert_count;
    str notification_reason;
    struct tplkv group_labels, common_labels, common_annotations, route_labels;
    str external_url;
    bool are_route_labels_rendered; // else routeLabels renders them on demand
};

// Receiver names appear with \ before \ . + * ? ( ) | [ ] { } ^ $.
str tpldata_quote_receiver(str name, struct arena *mem);

// Fills status, common_labels and common_annotations from the alerts.
void tpldata_summarize(struct tpldata *d, struct arena *mem);

struct tpl_value tpldata_value(const struct tpldata *d);       // *template.Data: notifications
struct tpl_value tpldata_plain_value(const struct tpldata *d); // template.Data: amtool

const struct tpldata *tpldata_of(const struct tpl_value *v); // NULL: something else

extern const struct tpl_type TPL_KV;
struct tpl_value tplkv_value(const struct tplkv *kv);
