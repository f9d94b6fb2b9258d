// SPDX-License-Identifier: Apache-2.0
// incidentio.h: the webhook's message to an alert source of incident.io (spec: receivers §4.18).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

// upstream: config.IncidentioConfig. Exactly one of url and url_file is set, of the token and its
// file at most one.
struct incidentio_conf {
    struct integration_conf base;
    struct yaml_url url;
    str url_file;                                    // read at each attempt
    str alert_source_token, alert_source_token_file; // instead of what http_config authorizes with
    uint64_t max_alerts;                             // 0: all
    dur_ns timeout; // of one attempt; 0: none beside the flush's deadline
};

extern const struct integration_ops INCIDENTIO_OPS;

// What an answer says about a refused message (retrier.details).
str incidentio_details(int status, str body, struct arena *mem);
