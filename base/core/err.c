// SPDX-License-Identifier: Apache-2.0
#include "base/core/err.h"

#include <stdarg.h>

// Ends a text that did not fit with "...".
static void err_finish(struct err *err, int wanted)
{
    if (wanted < 0)
        wanted = 0;
    if (wanted < ERR_TEXT_BYTES) {
        err->n = (uint32_t)wanted;
        return;
    }
    err->n = ERR_TEXT_BYTES - 1;
    memcpy(err->text + err->n - 3, "...", 3);
}

bool err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    if (!err)
        return false;
    va_list args;
    va_start(args, fmt);
    err->code = code;
    err_finish(err, vsnprintf(err->text, sizeof(err->text), fmt, args));
    va_end(args);
    return false;
}

bool err_wrap(struct err *err, const char *fmt, ...)
{
    if (!err)
        return false;
    struct err inner;
    memcpy(inner.text, err->text, err->n);
    inner.n = err->n;

    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    n = CLAMP(n, 0, ERR_TEXT_BYTES - 1);
    err_finish(err, n + snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %.*s",
                                 STR(err_str(&inner))));
    return false;
}
