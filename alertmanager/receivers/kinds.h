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
enum receiver_kind_id {
    KIND_WEBHOOK,
    KIND_EMAIL,
    KIND_PAGERDUTY,
    KIND_OPSGENIE,
    KIND_WECHAT,
    KIND_SLACK,
    KIND_VICTOROPS,
    KIND_PUSHOVER,
    KIND_SNS,
    KIND_TELEGRAM,
    KIND_DISCORD,
    KIND_WEBEX,
    KIND_MSTEAMS,
    KIND_MSTEAMSV2,
    KIND_JIRA,
    KIND_INCIDENTIO,
    KIND_ROCKETCHAT,
    KIND_MATTERMOST,
    RECEIVER_KIND_COUNT
};

struct receiver_kind { // its table of fields is <ID>_YAML, of a struct that begins with
                       // integration_conf
    const char *name;  // "webhook", of "webhook_configs" and "missing webhook config"
    const struct integration_ops *ops;
    // Called once per integration behind its own checks: takes from `g` what is not set and checks
    // what that leaves. NULL: nothing to do. Whoever sets written_http keeps the global one out.
    bool (*inherit)(struct yaml_binder *b, const struct config_global *g, void *conf);
    // Not 0: for a list's null entry upstream first inherits into an empty one, of this size. What
    // that lacks is the error then, if anything.
    size_t null_bytes;
    // Called when alertmanager takes a configuration into service, before anything is sent with it;
    // amtool does not. Checks what must be there by then (a file with a token), and may keep it in
    // `conf`, for which `mem` lives as long. An error refuses the configuration. NULL: nothing to
    // do.
    bool (*open)(struct env *env, void *conf, struct arena *mem, struct err *err);
    bool keeps_relative_paths; // of its http_config; otherwise they begin at the file's folder
};

#define RECEIVER_KIND(id)                                                                          \
    extern const struct yaml_struct id##_YAML;                                                     \
    extern const struct receiver_kind RECEIVER_##id;
RECEIVER_KIND(DISCORD)
RECEIVER_KIND(EMAIL)
RECEIVER_KIND(INCIDENTIO)
RECEIVER_KIND(JIRA)
RECEIVER_KIND(MATTERMOST)
RECEIVER_KIND(MSTEAMS)
RECEIVER_KIND(MSTEAMSV2)
RECEIVER_KIND(OPSGENIE)
RECEIVER_KIND(PAGERDUTY)
RECEIVER_KIND(PUSHOVER)
RECEIVER_KIND(ROCKETCHAT)
RECEIVER_KIND(SLACK)
RECEIVER_KIND(SNS)
RECEIVER_KIND(TELEGRAM)
RECEIVER_KIND(VICTOROPS)
RECEIVER_KIND(WEBEX)
RECEIVER_KIND(WEBHOOK)
RECEIVER_KIND(WECHAT)
#undef RECEIVER_KIND

// ---- for the tables of fields ------------------------------------------------------------------

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

// ---- values.c ----------------------------------------------------------------------------------

// const struct yaml_node *: a mapping whose keys are names and whose values are anything; Go's
// map[string]interface {}. What is kept has texts for keys, each once.
yaml_bind_fn bind_value_map;
void print_value_map(struct yaml_printer *p, const void *from);
bool value_map_is_empty(const void *from);
#define VALUE_MAP .bind = bind_value_map, .print = print_value_map, .is_empty = value_map_is_empty

// A text that has a template in it (false: none): is it one as far as the language itself goes,
// whose own functions alone are known here? Errors: the template's.
bool has_template(str text);
bool check_template(str text, struct err *err);
