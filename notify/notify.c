// SPDX-License-Identifier: Apache-2.0
#include "notify/notify.h"

str notify_reason_str(enum notify_reason reason)
{
    switch (reason) {
    case NOTIFY_NONE:
        return S("none");
    case NOTIFY_FIRST:
        return S("first notification");
    case NOTIFY_NEW_ALERTS:
        return S("new alerts added");
    case NOTIFY_SOME_RESOLVED:
        return S("some alerts resolved");
    case NOTIFY_ALL_RESOLVED:
        return S("all alerts resolved");
    case NOTIFY_REPEAT:
        return S("repeat interval elapsed");
    }
    return S("unknown");
}

str notify_failure_str(enum notify_failure f)
{
    static const char *const NAMES[NOTIFY_FAILURE_COUNT] = {
        [FAILURE_OTHER] = "other",
        [FAILURE_CLIENT] = "clientError",
        [FAILURE_SERVER] = "serverError",
        [FAILURE_AUTH] = "authError",
        [FAILURE_RATE_LIMITED] = "rateLimited",
        [FAILURE_CANCELED] = "contextCanceled",
        [FAILURE_DEADLINE] = "contextDeadlineExceeded",
    };
    return str_c(NAMES[f]);
}
