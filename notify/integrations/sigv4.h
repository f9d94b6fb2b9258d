// SPDX-License-Identifier: Apache-2.0
// sigv4.h: signs a request for Amazon Web Services (AWS Signature Version 4, "Create a signed AWS
// API request" in the IAM user guide).
//
// Paths are encoded once more for the signature, as all services but S3 want it, and not
// normalised.
#pragma once
#include "base/core/arena.h"
#include "base/core/time.h"
#include "base/env.h"

struct sigv4_credentials {
    str access_key, secret_key;
    str session_token; // empty: they are a user's own
};

struct sigv4_request {
    str method;
    str host;  // as sent: with the port unless that is the scheme's
    str path;  // as sent; empty: "/"
    str query; // as sent
    // To be signed beside those that signing adds. Their values are trimmed, and blanks in them
    // count as one.
    const struct http_header *headers;
    size_t header_count;
    str body;
};

#define SIGV4_HEADERS 3 // Authorization, X-Amz-Date, and with a session X-Amz-Security-Token

// Puts what is to be sent in addition into `ret` and returns how many there are. What it holds
// lives in mem.
size_t sigv4_sign(const struct sigv4_request *r, const struct sigv4_credentials *c, str region,
                  str service, time_ns now, struct arena *mem,
                  struct http_header ret[SIGV4_HEADERS]);
