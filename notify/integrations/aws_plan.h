// SPDX-License-Identifier: Apache-2.0
// aws_plan.h: where credentials for AWS come from, decided before anything is asked for.
//
// First of: keys in the configuration; its profile; keys in the environment; a web identity named
// there; the profile that the environment names, or "default". A profile leads, over others where
// it names them, to keys, a web identity, the container's or the machine's own credentials. Roles
// are assumed on top of that. This is the order of AWS' SDKs; of what they know these are refused:
// single sign-on and helper programs (credential_process).
#pragma once
#include "base/core/arena.h"
#include "base/env.h"
#include "notify/integrations/aws_environment.h"
#include "notify/integrations/sigv4.h"

#define AWS_FILE_BYTES_MAX ((size_t)1 << 20) // of the shared files and token files
#define AWS_ROLES_MAX      8                 // assumed one after the other

enum aws_source {
    AWS_SOURCE_KEYS,
    AWS_SOURCE_WEB_IDENTITY, // a token in a file is exchanged for a role's credentials
    AWS_SOURCE_CONTAINER,    // ECS, EKS: an endpoint of the container's host
    AWS_SOURCE_EC2,          // the machine's metadata service
};

struct aws_role {
    str arn, external_id;
    str session_name; // empty: one is made up
    uint64_t seconds; // how long it is wanted
};

// What a configuration says; empty: nothing.
struct aws_wish {
    str region, access_key, secret_key, profile, role_arn, external_id;
};

struct aws_plan {
    str region; // empty: nobody knows
    enum aws_source source;
    struct sigv4_credentials keys;         // AWS_SOURCE_KEYS
    str identity_file;                     // AWS_SOURCE_WEB_IDENTITY
    struct aws_role identity_role;         // the same
    str url;                               // AWS_SOURCE_CONTAINER, AWS_SOURCE_EC2
    str authorization, authorization_file; // AWS_SOURCE_CONTAINER; the file wins
    struct aws_role roles[AWS_ROLES_MAX];  // in the order of assuming them
    size_t role_count;
};

// Reads the shared files; that they are missing is fine as long as no profile is asked for by name.
// What the plan holds lives in mem, or where wish and environment do. Errors: ERR_NOT_FOUND (no
// such profile), ERR_INVALID, ERR_LIMIT, ERR_UNSUPPORTED.
bool aws_plan_make(struct env *env, const struct aws_environment *vars, const struct aws_wish *wish,
                   struct arena *mem, struct aws_plan *ret, struct err *err);

// "https://sns.eu-central-1.amazonaws.com/", or what the environment says instead. `own`: the
// service's own variable. Errors: ERR_INVALID (no name of a region).
bool aws_service_url(const struct aws_environment *vars, const char *service, enum aws_variable own,
                     str region, struct arena *mem, str *ret, struct err *err);
