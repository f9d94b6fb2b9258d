// SPDX-License-Identifier: Apache-2.0
// msteamsv2.h: an adaptive card to a Microsoft Teams workflow (spec: receivers §4.13).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

// upstream: msteamsv2.MSTeamsV2Config. Exactly one of webhook_url and webhook_url_file is set.
struct msteamsv2_conf {
    struct integration_conf base;
    struct yaml_url webhook_url; // a secret
    str webhook_url_file;        // read at each attempt
    str title, text;             // templated
};

extern const struct integration_ops MSTEAMSV2_OPS;
