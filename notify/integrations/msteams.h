// SPDX-License-Identifier: Apache-2.0
// msteams.h: a card of the legacy format to a Microsoft Teams connector (spec: receivers §4.12).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

// upstream: msteams.MSTeamsConfig. Exactly one of webhook_url and webhook_url_file is set.
struct msteams_conf {
    struct integration_conf base;
    struct yaml_url webhook_url; // a secret
    str webhook_url_file;        // read at each attempt
    str title, summary, text;    // templated
};

extern const struct integration_ops MSTEAMS_OPS;
