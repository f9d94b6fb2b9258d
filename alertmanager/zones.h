// SPDX-License-Identifier: Apache-2.0
// zones.h: the time zones that templates ask for, read from the system's database and kept.
//
// Names that are not there are kept too: a template asks at every notification.
#pragma once
#include "base/core/arena.h"
#include "base/core/map.h"

struct env;
struct tzone;

#define ZONES_MAX 4096 // names that are kept, more than the database has; others are unknown

struct zones {
    struct env *env;
    struct arena mem;
    struct map by_name;
};

void zones_done(struct zones *z);

// By its name in the database, "Europe/Berlin". NULL: there is none.
const struct tzone *zones_find(void *zones, str name);

// The process' own zone by the variable TZ (NULL: not set), as Go takes it: /etc/localtime where it
// is not set, else the file or zone that it names. NULL: UTC.
const struct tzone *zones_find_local(struct zones *z, const char *tz);
