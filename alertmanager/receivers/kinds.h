// SPDX-License-Identifier: Apache-2.0
// kinds.h: the integrations that a receiver can have: how each is read from the configuration, what
// it takes from the section `global`, and what runs it.
//
// One file per integration in this folder. Their structs are those of notify/integrations/: what
// the file says is what is run.
#pragma once
#include "alertmanager/config_int.h"
#include "alertmanager/field_check.h"

// In the order in which a receiver's integrations are built.
enum receiver_kind_id { KIND_WEBHOOK, KIND_DISCORD, RECEIVER_KIND_COUNT };

struct receiver_kind { // its table of fields is <ID>_YAML, of a struct that begins with
                       // integration_conf
    const char *name;  // "webhook", of "webhook_configs" and "missing webhook config"
    const struct integration_ops *ops;
    // Called once per integration behind its own checks: takes from `g` what is not set and checks
    // what that leaves. NULL: nothing to do. Whoever sets written_http keeps the global one out.
    bool (*inherit)(struct yaml_binder *b, const struct config_global *g, void *conf);
    bool keeps_relative_paths; // of its http_config; otherwise they begin at the file's folder
};

#define RECEIVER_KIND(id)                                                                          \
    extern const struct yaml_struct id##_YAML;                                                     \
    extern const struct receiver_kind RECEIVER_##id;
RECEIVER_KIND(DISCORD)
RECEIVER_KIND(WEBHOOK)
#undef RECEIVER_KIND

// ---- for the tables of fields
// --------------------------------------------------------------------

#define OMIT          .is_omitted_when_empty = true
#define TEMPLATE      .mark = FIELD_TEMPLATE // all texts in it are rendered
#define HTML_TEMPLATE .mark = FIELD_HTML_TEMPLATE

#define SEND_RESOLVED(conf)                                                                        \
    YAML_FIELD(struct conf, base.send_resolved, "send_resolved", YAML_T_BOOL)
#define HTTP_CONFIG(conf)                                                                          \
    YAML_FIELD(struct conf, base.written_http, "http_config", YAML_T_PTR, .sub = &HTTP_CONF_YAML,  \
               OMIT)

// set_defaults of kinds whose only default is that send_resolved is true.
yaml_default_fn receiver_defaults;

// "one of a or b must be configured", or "at most one of a & b must be configured".
bool check_exactly_one(struct yaml_binder *b, bool has_one, bool has_other, const char *one,
                       const char *other);
