// SPDX-License-Identifier: Apache-2.0
// err.h: an expected failure: a code for programs, a text for people.
//
// Functions that can fail return false (or NULL) and fill *err. Callers add context in front
// ("cannot parse rules.yml: line 3: …"). A NULL err is fine everywhere. Texts longer than
// ERR_TEXT_BYTES end in "...".
#pragma once
#include "base/core/str.h"

enum err_code {
    ERR_NONE = 0,
    ERR_SYNTAX,  // malformed input
    ERR_INVALID, // well-formed but not acceptable
    ERR_LIMIT,   // a named maximum was reached
    ERR_NOT_FOUND,
    ERR_EXISTS,
    ERR_IO,      // the operating system said no
    ERR_NETWORK, // connection failed or broke
    ERR_TIMEOUT,
    ERR_CANCELED,
    ERR_UNSUPPORTED,
};

#define ERR_TEXT_BYTES 2048

struct err {
    enum err_code code;
    uint32_t n; // bytes of text
    char text[ERR_TEXT_BYTES];
};

// Sets code and text. Always returns false, so that `return err_set(…)` reads well.
bool err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF(3, 4);

// Puts "<text>: " in front, keeping the code. Always returns false.
bool err_wrap(struct err *err, const char *fmt, ...) PRINTF(2, 3);

static inline void err_clear(struct err *err)
{
    if (err) {
        err->code = ERR_NONE;
        err->n = 0;
    }
}

static inline str err_str(const struct err *err) // valid while err is unchanged
{
    return err ? str_from(err->text, err->n) : S("");
}

// struct err err = ERR_INIT; clears the whole struct: where that is too slow (once per alert, say),
// declare it and call err_clear.
#define ERR_INIT                                                                                   \
    {                                                                                              \
        .code = ERR_NONE, .n = 0                                                                   \
    }
