// SPDX-License-Identifier: Apache-2.0
// webex.h: a message to a room (spec: receivers §4.11).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

// upstream: config.WebexConfig. The bot's token is the authorization of its http_config.
struct webex_conf {
    struct integration_conf base;
    struct yaml_url api_url;
    str message, room_id; // templated
};

extern const struct integration_ops WEBEX_OPS;
