// SPDX-License-Identifier: Apache-2.0
// victorops.h: an alert to the REST endpoint of VictorOps, now Splunk On-Call (spec: receivers
// §4.6).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

// upstream: config.VictorOpsConfig.
struct victorops_conf {
    struct integration_conf base;
    str api_key, api_key_file;                    // the file is read at each attempt
    struct yaml_url api_url;                      // its path ends in a slash
    str routing_key, message_type, state_message; // templated, as all below
    str entity_display_name, monitoring_tool;
    struct yaml_str_map custom_fields; // values; none has the name of a field of the message
};

extern const struct integration_ops VICTOROPS_OPS;
