// SPDX-License-Identifier: Apache-2.0
// tzone.h: time zone rules from TZif files (RFC 8536), the format of /usr/share/zoneinfo.
//
// Reading the file is the caller's business. Immutable once parsed; lives in the arena given.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"

#define TZONE_FILE_BYTES_MAX ((size_t)1 << 20)

struct tzone;

// `name` is what the zone was asked for by ("Europe/Paris"). Errors: ERR_SYNTAX
// ("malformed time zone information").
const struct tzone *tzone_parse(str name, str file, struct arena *mem, struct err *err);

str tzone_name(const struct tzone *z);

struct tzone_offset {
    int32_t offset_s; // east of UTC
    bool is_dst;
    str abbreviation; // "CEST"; lives as long as the zone
};

struct tzone_offset tzone_at(const struct tzone *z, int64_t unix_s);

// Could this name a file of the zone database? Refuses "..", a leading '/' or '\'.
bool tzone_name_is_valid(str name);
