// SPDX-License-Identifier: Apache-2.0
// discord.h: a message with one embed, to a channel's webhook (spec: receivers §4.10).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

// upstream: config.DiscordConfig. Exactly one of webhook_url and webhook_url_file is set.
struct discord_conf {
    struct integration_conf base;
    struct yaml_url webhook_url; // a secret
    str webhook_url_file;        // read at each attempt
    str content, title, message; // templated
    str username, avatar_url;
};

extern const struct integration_ops DISCORD_OPS;
