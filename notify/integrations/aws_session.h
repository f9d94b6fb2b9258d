// SPDX-License-Identifier: Apache-2.0
// aws_session.h: credentials for AWS by a plan, asked for by each attempt anew: they are not kept.
//
//   keys ─────────────────────────────────────────┐
//   web identity ──► AssumeRoleWithWebIdentity ───┤     ┌────────────┐
//   container ──► its endpoint ───────────────────┼──►──┤ AssumeRole ├──► on_credentials
//   ec2 ──► token ──► name of the role ──► keys ──┘     └─ per role ─┘
#pragma once
#include "notify/integrations/aws_call.h"
#include "notify/integrations/aws_plan.h"

struct aws_session {
    struct aws_caller caller; // has the credentials from on_credentials on

    // Set by the caller.
    struct aws_plan plan;
    const struct aws_environment *vars; // NULL: nothing is set
    const struct httpconf *http;        // how AWS' services are reached
    attempt_fn *on_credentials;
    void *owner; // what the caller needs then

    // Its own.
    size_t role_count; // assumed
    str ec2_token;
};

// Becomes the attempt's state. Ends in on_credentials or in a failed attempt.
void aws_session_start(struct notify_attempt *a, struct aws_session *s);
