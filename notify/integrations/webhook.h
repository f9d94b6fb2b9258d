// SPDX-License-Identifier: Apache-2.0
// webhook.h: one POST of the notification data as JSON (spec: receivers §4.1).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

struct tpldata;

// upstream: config.WebhookConfig. Exactly one of url and url_file is set.
struct webhook_conf {
    struct integration_conf base;
    struct yaml_url url;             // templated; a secret
    str url_file;                    // read at each attempt, templated
    uint64_t max_alerts;             // 0: all
    dur_ns timeout;                  // of one attempt; 0: none beside the flush's deadline
    const struct yaml_node *payload; // replaces the standard body; NULL: not set
};

extern const struct integration_ops WEBHOOK_OPS;

// The standard body (`version` is "4" here; another service speaks the same format).
void webhook_put_body(const struct tpldata *d, str version, str group_key, uint64_t truncated,
                      struct buf *out);
