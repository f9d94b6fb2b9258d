// SPDX-License-Identifier: Apache-2.0
// rule_urls.h: rule files that web servers have: the http:// and https:// items of -rule, each
// fetched by one GET whenever rules are read (spec: vmalert rules §1).
//
// They are fetched side by side before the loader runs, which then takes them as it takes files.
// Memory: RULE_FILE_BYTES_MAX for each at most. Thread: core.
#pragma once
#include "base/core/flags.h"
#include "base/env.h"

#define RULE_URL_TIMEOUT         DUR_SECONDS(60) // for one whole exchange
#define RULE_URL_ERROR_BYTES_MAX 4096            // of a server's answer that is shown

struct rule_urls;

bool rule_url_is_one(str source); // an item of -rule: "https://…"

// Starts to fetch; calls back when every one is there or has failed. NULL: -rule names none, and
// there is no callback.
struct rule_urls *rule_urls_new(struct env *env, const struct flag_strs *rule,
                                void (*on_done)(void *owner), void *owner);
void rule_urls_free(struct rule_urls *u); // without a callback; NULL is fine

// The text, borrowed. Errors: `failed to read from "U": …`, `unexpected status code when fetching
// "U": 404, expecting 200; response: "…"`.
bool rule_urls_text(const struct rule_urls *u, str url, str *ret, struct err *err);

// An item of -rule as it may be shown: without the password of a URL.
void buf_put_rule_url(struct buf *b, str source);
