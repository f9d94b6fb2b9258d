// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/sns.h"

#include "alertmanager/receivers/kinds.h"

// ---- sigv4 -------------------------------------------------------------------------------------

static bool check_sigv4(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct sns_sigv4 *c = to;
    if ((c->access_key.n == 0) != (c->secret_key.n == 0))
        return yaml_fail(b, "must provide a AWS SigV4 Access key and Secret Key if credentials are "
                            "specified in the SigV4 config");
    if (c->external_id.n && c->role_arn.n == 0)
        return yaml_fail(b, "external_id can only be used with role_arn");
    return true;
}

#define SIGV4_FIELD(member, type) YAML_FIELD(struct sns_sigv4, member, #member, type, OMIT)

static const struct yaml_field SIGV4_FIELDS[] = {
    SIGV4_FIELD(region, YAML_T_STR),
    SIGV4_FIELD(access_key, YAML_T_STR),
    SIGV4_FIELD(secret_key, YAML_T_SECRET),
    SIGV4_FIELD(profile, YAML_T_STR),
    SIGV4_FIELD(role_arn, YAML_T_STR),
    SIGV4_FIELD(external_id, YAML_T_STR),
    SIGV4_FIELD(use_fips_sts_endpoint, YAML_T_BOOL),
    SIGV4_FIELD(service_name, YAML_T_STR),
    {0},
};
static const struct yaml_struct SIGV4_YAML = {.type_name = "sigv4.plain",
                                              .bytes = sizeof(struct sns_sigv4),
                                              .fields = SIGV4_FIELDS,
                                              .check = check_sigv4};

// ---- the integration ---------------------------------------------------------------------------

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct sns_conf *c = to;
    c->base.send_resolved = true;
    c->subject = S("{{ template \"sns.default.subject\" . }}");
    c->message = S("{{ template \"sns.default.message\" . }}");
}

// One of the three; upstream lets all three pass, and so does this: such a file has to load.
static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct sns_conf *c = to;
    bool is_odd = (c->target_arn.n > 0) ^ (c->topic_arn.n > 0) ^ (c->phone_number.n > 0);
    return is_odd || yaml_fail(b, "must provide either a Target ARN, Topic ARN, or Phone Number "
                                  "for SNS config");
}

#define FIELD(member, type, ...) YAML_FIELD(struct sns_conf, member, #member, type, __VA_ARGS__)
#define TEXT(member)             FIELD(member, YAML_T_STR, OMIT, TEMPLATE)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(sns_conf),
    HTTP_CONFIG(sns_conf),
    TEXT(api_url),
    FIELD(sigv4, YAML_T_STRUCT, .sub = &SIGV4_YAML),
    TEXT(topic_arn),
    TEXT(phone_number),
    TEXT(target_arn),
    TEXT(subject),
    TEXT(message),
    FIELD(attributes, YAML_T_STR_MAP, OMIT, TEMPLATE),
    FIELD(use_aws_http_client, YAML_T_BOOL, OMIT),
    {0},
};
const struct yaml_struct SNS_YAML = {.type_name = "sns.plain",
                                     .bytes = sizeof(struct sns_conf),
                                     .fields = FIELDS,
                                     .set_defaults = set_defaults,
                                     .check = check};

const struct receiver_kind RECEIVER_SNS = {.name = "sns", .ops = &SNS_OPS};
