// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/schema_time.h"

bool schema_time_parse(str text, struct gotime *ret, struct err *err)
{
    // A fraction of any length fits behind the seconds, but an offset without a colon is known only
    // behind exactly three or six digits.
    static const str layouts[] = {
        {"2006-01-02T15:04:05Z07:00", 25},
        {"2006-01-02T15:04:05.000000Z0700", 31},
        {"2006-01-02T15:04:05.000Z0700", 28},
        {"2006-01-02T15:04:05", 19},
        {"2006-01-02T15:04Z", 17},
        {"2006-01-02T15:04", 16},
        {"2006-01-02 15:04:05", 19},
        {"2006-01-02", 10},
    };
    if (text.n == 0) {
        *ret = gotime_utc(0, 0);
        return true;
    }
    struct arena mem = {0};
    bool ok = false;
    for (size_t i = 0; i < ARRAY_LEN(layouts) && !ok; i++) {
        err_clear(err);
        ok = gotime_parse(layouts[i], text, &mem, ret, err);
    }
    arena_done(&mem);
    if (ok && ret->offset_s == 0)
        *ret = gotime_utc(ret->unix_s, ret->nanos);
    else if (ok)
        ret->zone = S(""); // only the offset is known; an abbreviation would be in `mem`
    return ok;
}
