// SPDX-License-Identifier: Apache-2.0
// integrations.h: the services a receiver can speak to, and what each is configured with.
//
// A configuration is bound and checked by alertmanager/config_receivers.c and lives in the
// configuration's arena. Templated texts are rendered with the notification's data at each attempt.
#pragma once
#include "notify/notify.h"

struct httpconf;
struct tpldata;
struct yaml_node;

// upstream: config.WebhookConfig. Exactly one of url and url_file is set.
struct webhook_conf {
    str url;                         // templated; a secret
    str url_file;                    // absolute; read at each attempt, templated
    uint64_t max_alerts;             // 0: all
    dur_ns timeout;                  // of one attempt; 0: none beside the flush's deadline
    const struct yaml_node *payload; // replaces the standard body; NULL: not set
    const struct httpconf *http;     // NULL: defaults
};

extern const struct integration_ops WEBHOOK_OPS;

// The standard body (`version` is "4" here; another service speaks the same format).
void webhook_put_body(const struct tpldata *d, str version, str group_key, uint64_t truncated,
                      struct buf *out);
