// SPDX-License-Identifier: Apache-2.0
// aws_environment.h: the variables by which AWS' tools are configured, as facts that the program
// hands in.
#pragma once
#include "base/core/str.h"

enum aws_variable { // their names: aws_environment.c
    AWS_VAR_ACCESS_KEY_ID,
    AWS_VAR_ACCESS_KEY,
    AWS_VAR_SECRET_ACCESS_KEY,
    AWS_VAR_SECRET_KEY,
    AWS_VAR_SESSION_TOKEN,
    AWS_VAR_REGION,
    AWS_VAR_DEFAULT_REGION,
    AWS_VAR_PROFILE,
    AWS_VAR_DEFAULT_PROFILE,
    AWS_VAR_CONFIG_FILE,
    AWS_VAR_CREDENTIALS_FILE,
    AWS_VAR_HOME,
    AWS_VAR_WEB_IDENTITY_TOKEN_FILE,
    AWS_VAR_ROLE_ARN,
    AWS_VAR_ROLE_SESSION_NAME,
    AWS_VAR_CONTAINER_RELATIVE_URI,
    AWS_VAR_CONTAINER_FULL_URI,
    AWS_VAR_CONTAINER_TOKEN,
    AWS_VAR_CONTAINER_TOKEN_FILE,
    AWS_VAR_EC2_DISABLED,
    AWS_VAR_EC2_ENDPOINT,
    AWS_VAR_EC2_ENDPOINT_MODE,
    AWS_VAR_CA_BUNDLE,
    AWS_VAR_ENDPOINT_URL,
    AWS_VAR_ENDPOINT_URL_SNS,
    AWS_VAR_ENDPOINT_URL_STS,
    AWS_VAR_IGNORE_ENDPOINT_URLS,
    AWS_VAR_USE_FIPS,
    AWS_VAR_USE_DUALSTACK,
    AWS_VARIABLE_COUNT
};

struct aws_environment {
    str values[AWS_VARIABLE_COUNT]; // empty: not set
};

// Asks for each of them; NULL: not set. What it hands out is borrowed.
void aws_environment_read(struct aws_environment *e, const char *(*find)(const char *name));

static inline str aws_variable(const struct aws_environment *e, enum aws_variable v)
{
    return e ? e->values[v] : S("");
}

// The first of two that is set.
static inline str aws_variable_either(const struct aws_environment *e, enum aws_variable first,
                                      enum aws_variable second)
{
    return aws_variable(e, first).n ? aws_variable(e, first) : aws_variable(e, second);
}
