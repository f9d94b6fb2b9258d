// SPDX-License-Identifier: Apache-2.0
#include "gossip/packet.h"
#include "tests/support/cases.h"

static const char *run_remove(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    str label, rest;
    bool is_stream = str_eq(case_get_text(c, "over", mem), S("stream")), is_short;
    bool ok = label_remove(case_get_hex(c, "data", mem), &label, &rest, &is_short, &err);
    if (case_get(c, "error")) {
        if (ok)
            return "accepted";
        // On a stream the rest may still come; its end is what makes it an error.
        if (is_stream)
            return NULL;
        const char *error = cJSON_GetStringValue(case_get(c, "error"));
        return str_find_str(err_str(&err), str_c(error)) != STR_NONE
                   ? NULL
                   : case_fail(mem, "error %.*s", STR(err_str(&err)));
    }
    if (!ok)
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    if (!str_eq(label, case_get_text(c, "label", mem)))
        return "another label";
    return str_eq(rest, case_get_hex(c, "rest", mem)) ? NULL : "another rest";
}

static const char *run_add(const cJSON *c, struct arena *mem)
{
    defer(buf_done) struct buf got = {0};
    str label = case_get_text(c, "label", mem);
    if (case_get(c, "error")) // refused when the flag is read
        return label.n > LABEL_BYTES_MAX ? NULL : "a good label";
    label_put(&got, label);
    buf_put(&got, case_get_hex(c, "data", mem));
    return str_eq(buf_str(&got), case_get_hex(c, "result", mem)) ? NULL : "other bytes";
}

static const char *run(const cJSON *c, struct arena *mem)
{
    str op = case_get_text(c, "op", mem);
    if (str_eq(op, S("remove")))
        return run_remove(c, mem);
    if (str_eq(op, S("add")))
        return run_add(c, mem);
    return label_overhead(case_get_text(c, "label", mem)) == (size_t)case_get_i64(c, "bytes")
               ? NULL
               : "overhead";
}

static void label(void **state)
{
    (void)state;
    case_file_run("ml-label", run);
}

int test_ml_label(void);
int test_ml_label(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(label)};
    return run_group("ml-label", tests);
}
