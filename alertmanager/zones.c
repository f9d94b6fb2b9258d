// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/zones.h"

#include "alertmanager/timeinterval.h" // ZONEINFO_DIR
#include "base/core/hash.h"
#include "base/env.h"
#include "base/text/tzone.h"

struct named_zone {
    str name;
    const struct tzone *zone; // NULL: there is none of that name
};

static bool has_name(const void *item, const void *key)
{
    return str_eq(((const struct named_zone *)item)->name, *(const str *)key);
}

void zones_done(struct zones *z)
{
    map_done(&z->by_name);
    arena_done(&z->mem);
}

static const struct tzone *read_zone(struct zones *z, str name, str path)
{
    defer(buf_done) struct buf file = {0};
    if (!env_file_read(z->env, path, TZONE_FILE_BYTES_MAX, &file, NULL))
        return NULL;
    return tzone_parse(name, buf_str(&file), &z->mem, NULL);
}

const struct tzone *zones_find(void *zones, str name)
{
    struct zones *z = zones;
    uint64_t hash = hash_seeded(0, name);
    struct named_zone *known = map_find(&z->by_name, hash, has_name, &name);
    if (known)
        return known->zone;
    if (!tzone_name_is_valid(name) || z->by_name.count == ZONES_MAX)
        return NULL;
    known = arena_new(&z->mem, struct named_zone);
    known->name = arena_str(&z->mem, name);
    known->zone = read_zone(z, known->name, arena_printf(&z->mem, ZONEINFO_DIR "/%.*s", STR(name)));
    map_insert(&z->by_name, hash, known);
    return known->zone;
}

const struct tzone *zones_find_local(struct zones *z, const char *tz)
{
    if (!tz)
        return read_zone(z, S("Local"), S("/etc/localtime"));
    str name = str_c(tz);
    if (str_starts(name, S(":")))
        name = str_skip(name, 1);
    if (str_starts(name, S("/")))
        return read_zone(z, S("Local"), name);
    return name.n && !str_eq(name, S("UTC")) ? zones_find(z, name) : NULL;
}
