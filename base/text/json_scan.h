// SPDX-License-Identifier: Apache-2.0
// json_scan.h: one walk over a JSON text before cJSON gets it: Go's grammar and error texts, the
// limit of the nesting, and where the first value ends. Private to json.c.
#pragma once
#include "base/text/json.h"

// \u0000 in the texts that json_rewrite makes: an overlong encoding, which no valid text holds.
#define JSON_NUL S("\xc0\x80")

#define JSON_NUMBER_BYTES_MAX 60 // of one that cJSON reads whole

struct json_scan {
    str value;          // the first value; slice of the text
    bool needs_rewrite; // has what cJSON would refuse or cut: json_rewrite it first
    bool has_nul;       // has a \u0000
};

bool json_scan(str text, bool rest_is_fine, struct json_scan *ret, struct err *err);

// The same value in mem, with invalid UTF-8 and lone surrogates as U+FFFD, \u0000 as JSON_NUL, and
// long numbers rounded.
str json_rewrite(str value, struct arena *mem);
