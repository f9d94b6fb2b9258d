// SPDX-License-Identifier: Apache-2.0
// jira.h: an issue per group: looked up by its label, created or updated, and moved through the
// workflow as the group fires and is over (spec: receivers §4.15).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

struct jira_field {
    str text;                      // templated
    struct opt_bool enable_update; // off: sent when the issue is created only; not set: on
};

// upstream: config.JiraConfig.
struct jira_conf {
    struct integration_conf base;
    struct yaml_url api_url;
    str api_type; // "auto", "cloud", "datacenter"
    str project;  // templated, as the following
    struct jira_field summary;
    struct jira_field description; // of version 3 of the API: a document in JSON
    struct str_list labels;
    str priority, issue_type;
    str reopen_transition, resolve_transition; // empty: the issue stays where it is
    str wont_fix_resolution;                   // of issues that are left alone
    dur_ns reopen_duration;                    // how long an issue that is done may be reopened
    const struct yaml_node *fields;            // a mapping; they win over the other fields
};

extern const struct integration_ops JIRA_OPS;
