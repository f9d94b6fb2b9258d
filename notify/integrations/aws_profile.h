// SPDX-License-Identifier: Apache-2.0
// aws_profile.h: one profile out of the two files that AWS' tools share: "config" and
// "credentials".
//
//   [profile build]                     (in "credentials": [build])
//   role_arn = arn:aws:iam::1:role/x    ; a comment
//   source_profile = default
//
// What stands in "credentials" wins; the two keys count as one setting. Lines that belong to
// another one (indented) and settings that are not needed here are skipped.
#pragma once
#include "base/core/str.h"

struct aws_profile {
    bool is_known;                             // one of the files has it
    str access_key, secret_key, session_token; // the first two: both or none
    str region;
    str role_arn, source_profile, credential_source, external_id, role_session_name;
    str duration_seconds, mfa_serial;
    str web_identity_token_file;
    str credential_process, sso_session, sso_start_url; // not served
};

// The profile's texts are borrowed from the two files.
void aws_profile_read(str config, str credentials, str name, struct aws_profile *ret);
