// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/answer.h"

#include "base/core/buf.h"

bool answer_text(const json *object, str name, str *ret)
{
    const json *v = json_get_nocase(object, name);
    *ret = json_str(v);
    return json_is_null(v) || json_is_string(v);
}

bool answer_texts(const json *object, str name, str separator, struct arena *mem, str *ret)
{
    const json *list = json_get_nocase(object, name);
    *ret = S("");
    if (!json_is_null(list) && !json_is_array(list))
        return false;
    struct buf joined = {.mem = mem};
    json_each (v, list) {
        if (!json_is_null(v) && !json_is_string(v))
            return false;
        if (v != json_first(list))
            buf_put(&joined, separator);
        buf_put(&joined, json_str(v));
    }
    if (joined.n)
        *ret = buf_str(&joined);
    return true;
}
