// SPDX-License-Identifier: Apache-2.0
#include "base/text/assets.h"

#include "base/core/f64.h"

const struct asset *asset_find(const struct asset *assets, str path)
{
    for (; assets->path; assets++) {
        if (str_eq(str_c(assets->path), path))
            return assets;
    }
    return NULL;
}

// "gzip;q=0": refused. A weight that is no number refuses nothing.
static bool is_accepted(str params)
{
    str param;
    for (bool more = params.n > 0; more;) {
        more = str_cut(params, ';', &param, &params);
        double weight;
        param = str_trim(param);
        if (str_starts(param, S("q=")) && str_to_f64(str_skip(param, 2), &weight))
            return weight > 0;
    }
    return true;
}

bool accept_encoding_allows(str header, str coding)
{
    bool is_named = false, allows = false, allows_any = false;
    str element;
    for (bool more = header.n > 0; more;) {
        more = str_cut(header, ',', &element, &header);
        str token, params;
        str_cut(str_trim(element), ';', &token, &params);
        token = str_trim(token);
        if (str_eq(token, S("*")))
            allows_any = is_accepted(params);
        if (!str_eq(token, coding))
            continue;
        is_named = true;
        allows = is_accepted(params);
    }
    return is_named ? allows : allows_any;
}
