// SPDX-License-Identifier: Apache-2.0
// pagerduty.h: an event of the Events API v2, or of v1 where a service key is configured (spec:
// receivers §4.4).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

struct pagerduty_image {
    str src, alt, href; // templated; one whose src is empty then is left out
};

struct pagerduty_link {
    str href, text; // templated; one whose href is empty then is left out
};

// upstream: config.PagerdutyConfig. One of the four keys is set, of each pair at most one.
struct pagerduty_conf {
    struct integration_conf base;
    str service_key, service_key_file; // set: v1; templated, the file is read at each attempt
    str routing_key, routing_key_file; // likewise, of v2
    struct yaml_url url;               // of v2
    str client, client_url, description;
    const struct yaml_node *details; // a mapping, the defaults among its members
    struct yaml_list images;         // of struct pagerduty_image
    struct yaml_list links;          // of struct pagerduty_link
    str source, severity, class, component, group;
    dur_ns timeout; // of one attempt; 0: none beside the flush's deadline
};

extern const struct integration_ops PAGERDUTY_OPS;

// What an answer says about a refused event (retrier.details).
str pagerduty_details(int status, str body, struct arena *mem);
