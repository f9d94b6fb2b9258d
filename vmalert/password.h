// SPDX-License-Identifier: Apache-2.0
// password.h: a password that a flag gives, as text or by reference: "file:///path",
// "file://./path" or an http(s) URL (spec: vmalert flags §4).
//
// References are read again when they are asked for and two seconds have passed. Until the first
// success the password is one that nobody knows; a failed reading keeps the previous one and is
// logged. URLs are asked in the background: a request meanwhile is judged by what is known.
// Thread: core.
#pragma once
#include "base/env.h"

#define PASSWORD_BYTES_MAX     ((size_t)64 << 10)
#define PASSWORD_REREAD_AFTER  DUR_SECONDS(2)
#define PASSWORD_FETCH_TIMEOUT DUR_SECONDS(10)
#define PASSWORD_UNKNOWN_WORDS 8 // 64-bit words of the unknown password

struct password {
    struct env *env;
    const char *flag; // name, for logs
    str source;       // the flag's value; empty: no password is asked for
    struct buf value; // of a reference: as read last
    uint64_t unknown[PASSWORD_UNKNOWN_WORDS];
    mono_ns tried_at;
    bool was_tried, is_known;
    struct http_call *call; // under way, or NULL
};

// source is borrowed for the password's life. Starts to fetch a URL.
void password_init(struct password *p, struct env *env, const char *flag, str source);
void password_done(struct password *p); // all zeros is fine

static inline bool password_is_asked(const struct password *p)
{
    return p->source.n > 0;
}

bool password_matches(struct password *p, str given);

// In a time that does not tell where they differ.
bool secret_matches(str wanted, str given);
