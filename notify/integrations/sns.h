// SPDX-License-Identifier: Apache-2.0
// sns.h: a message to a topic, a phone or an endpoint of Amazon's Simple Notification Service
// (spec: receivers §4.14).
#pragma once
#include "base/text/yaml_bind.h"
#include "notify/integrations/integrations.h"

struct sns_sigv4 { // upstream: sigv4.SigV4Config
    str region;
    str access_key, secret_key; // both or none
    str profile, role_arn, external_id;
    bool use_fips_sts_endpoint; // of no meaning here, and so is the next one
    str service_name;
};

// upstream: sns.SNSConfig.
struct sns_conf {
    struct integration_conf base;
    str api_url; // templated; empty: the region's
    struct sns_sigv4 sigv4;
    str topic_arn, phone_number, target_arn; // templated
    str subject, message;                    // templated
    struct yaml_str_map attributes;          // names and values templated
    bool use_aws_http_client;
};

extern const struct integration_ops SNS_OPS;
