// SPDX-License-Identifier: Apache-2.0
// What is read, written again and read again gives the same text.
#include "base/text/json.h"
#include "base/text/json_writer.h"

static void put_value(struct json_writer *w, const json *v)
{
    if (json_is_object(v)) {
        json_object_begin(w);
        json_each (member, v) {
            json_put_key(w, json_key(member));
            put_value(w, member);
        }
        json_object_end(w);
    } else if (json_is_array(v)) {
        json_array_begin(w);
        json_each (item, v)
            put_value(w, item);
        json_array_end(w);
    } else if (json_is_string(v)) {
        json_put_str(w, json_str(v));
    } else if (json_is_number(v)) {
        json_put_f64(w, json_number(v));
    } else if (json_is_bool(v)) {
        json_put_bool(w, json_bool(v));
    } else {
        json_put_null(w);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena mem = {0};
    struct err err = ERR_INIT;
    json *v = json_parse(str_from(data, size), true, &mem, &err);
    if (!v && err.n == 0)
        abort();
    for (int escape = JSON_ESCAPE_HTML; v && escape <= JSON_ESCAPE_VM; escape++) {
        defer(buf_done) struct buf first = {0}, second = {0};
        struct json_writer w = {.out = &first, .escape = (enum json_escape)escape};
        put_value(&w, v);
        json *again = json_parse(buf_str(&first), false, &mem, &err);
        if (!again)
            abort();
        w = (struct json_writer){.out = &second, .escape = (enum json_escape)escape};
        put_value(&w, again);
        if (!str_eq(buf_str(&first), buf_str(&second)))
            abort();
    }
    arena_done(&mem);
    return 0;
}
