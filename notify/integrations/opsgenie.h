// SPDX-License-Identifier: Apache-2.0
// opsgenie.h: an alert is created (again: its alias is the group's), its texts are updated if that
// is wished for, and it is closed when all is over (spec: receivers §4.5).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

struct opsgenie_responder {
    str id, name, username, type; // templated; one whose texts are all empty then is left out
};

// upstream: config.OpsGenieConfig.
struct opsgenie_conf {
    struct integration_conf base;
    str api_key, api_key_file;        // templated; the file is read at each attempt
    struct yaml_url api_url;          // its path ends in a slash
    str message, description, source; // templated, as all below
    struct yaml_str_map details;      // values
    str entity;
    struct yaml_list responders; // of struct opsgenie_responder
    str actions, tags;           // separated by commas
    str note, priority;
    bool update_alerts;
};

extern const struct integration_ops OPSGENIE_OPS;
