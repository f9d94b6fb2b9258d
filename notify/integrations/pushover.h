// SPDX-License-Identifier: Apache-2.0
// pushover.h: a message whose parts are the parameters of a POST without a body (spec: receivers
// §4.7).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

// upstream: config.PushoverConfig. One of each pair with a file is set.
struct pushover_conf {
    struct integration_conf base;
    str user_key, user_key_file; // templated; the file is read at each attempt
    str token, token_file;       // likewise
    str title, message, url, url_title, device, sound, priority; // templated
    dur_ns retry, expire, ttl;                                   // sent as whole seconds
    bool html;                                                   // the message is an HTML template
    bool monospace;
};

extern const struct integration_ops PUSHOVER_OPS;
