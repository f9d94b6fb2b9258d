// SPDX-License-Identifier: Apache-2.0
#include "notify/retrier.h"

enum notify_failure notify_failure_of_status(int status)
{
    if (status == 401 || status == 403)
        return FAILURE_AUTH;
    if (status == 429)
        return FAILURE_RATE_LIMITED;
    if (status / 100 == 4)
        return FAILURE_CLIENT;
    return status / 100 == 5 ? FAILURE_SERVER : FAILURE_OTHER;
}

static bool may_retry(const struct retrier *r, int status)
{
    for (size_t i = 0; i < r->retry_code_count; i++) {
        if (r->retry_codes[i] == status)
            return true;
    }
    return status / 100 == 5;
}

void retrier_judge(const struct retrier *r, int status, str body, struct arena *mem,
                   struct notify_result *ret)
{
    *ret = (struct notify_result){.err = ERR_INIT};
    if (status / 100 == 2) {
        ret->is_delivered = true;
        return;
    }
    ret->may_retry = may_retry(r, status);
    ret->failure = notify_failure_of_status(status);
    str details = r->details ? r->details(status, body, mem) : body;
    err_set(&ret->err, ERR_INVALID, "unexpected status code %d%s%.*s", status,
            details.n ? ": " : "", STR(details));
}

dur_ns notify_retry_after(const struct http_response *response)
{
    uint64_t seconds;
    str text = http_header_find(response->headers, response->header_count, S("Retry-After"));
    bool is_busy = response->status == 429 || response->status == 503;
    if (!is_busy || !str_to_u64(text, &seconds))
        return 0;
    return seconds < RETRY_AFTER_MAX / DUR_SECONDS(1) ? DUR_SECONDS((int64_t)seconds)
                                                      : RETRY_AFTER_MAX;
}
