// SPDX-License-Identifier: Apache-2.0
// retrier.h: what a receiver's answer means: delivered, try again, or given up (upstream:
// notify.Retrier).
#pragma once
#include "notify/notify.h"

struct retrier {
    const int *retry_codes; // beside 5xx
    size_t retry_code_count;
    // Text to show from the answer; NULL: its whole body.
    str (*details)(int status, str body, struct arena *mem);
};

// 2xx: delivered. Otherwise "unexpected status code 503: <details>" and a reason label.
void retrier_judge(const struct retrier *r, int status, str body, struct arena *mem,
                   struct notify_result *ret);

enum notify_failure notify_failure_of_status(int status);

// How long a busy service (429, 503) wishes not to be asked: its Retry-After in seconds, at most
// RETRY_AFTER_MAX (RFC 9110 §10.2.3; dates are ignored). 0: it says nothing.
#define RETRY_AFTER_MAX DUR_HOURS(1)
dur_ns notify_retry_after(const struct http_response *response);
