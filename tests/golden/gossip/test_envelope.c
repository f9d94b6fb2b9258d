// SPDX-License-Identifier: Apache-2.0
// The cluster's own messages among the protobuf cases.
#include "gossip/envelope.h"
#include "tests/support/cases.h"

static size_t count;

static str data_of(const cJSON *part, struct arena *mem)
{
    const cJSON *data = case_get(part, "data");
    return data ? case_get_hex(data, "hex", mem) : S("");
}

static const char *run_part(const cJSON *value, str bytes, bool is_decode_only, struct arena *mem)
{
    defer(buf_done) struct buf got = {0};
    struct err err = ERR_INIT;
    struct part part, want = {case_get_text(value, "key", mem), data_of(value, mem)};
    if (!part_read(bytes, &part, &err))
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    if (!str_eq(part.key, want.key) || !str_eq(part.data, want.data))
        return "read as something else";
    if (is_decode_only)
        return NULL;
    part_put(&got, &want);
    return str_eq(buf_str(&got), bytes) && part_bytes(&want) == bytes.n ? NULL : "other bytes";
}

static const char *run_full_state(const cJSON *value, str bytes, bool is_decode_only,
                                  struct arena *mem)
{
    defer(buf_done) struct buf got = {0};
    struct err err = ERR_INIT;
    struct part part;
    str rest = bytes;
    const cJSON *want;
    cJSON_ArrayForEach(want, case_get(value, "parts"))
    {
        if (!full_state_next(&rest, &part, &err) ||
            !str_eq(part.key, case_get_text(want, "key", mem)) ||
            !str_eq(part.data, data_of(want, mem)))
            return "another part";
        full_state_put(&got, &part);
    }
    if (full_state_next(&rest, &part, &err) || err.code != ERR_NONE)
        return "more parts";
    return is_decode_only || str_eq(buf_str(&got), bytes) ? NULL : "other bytes";
}

static const char *run_refused(bool is_part, str bytes)
{
    struct err err = ERR_INIT;
    struct part part;
    if (is_part)
        return part_read(bytes, &part, &err) ? "accepted" : NULL;
    while (full_state_next(&bytes, &part, &err))
        ;
    return err.code == ERR_NONE ? "accepted" : NULL;
}

static const char *run(const cJSON *c, struct arena *mem)
{
    str message = case_get_text(c, "message", mem);
    bool is_part = str_eq(message, S("clusterpb.Part"));
    if (!is_part && !str_eq(message, S("clusterpb.FullState")))
        return NULL;
    count++;
    const cJSON *value = case_get(c, "value");
    str bytes = case_get_hex(c, "bytes", mem);
    if (case_get_bool(c, "error"))
        return run_refused(is_part, bytes);
    return (is_part ? run_part : run_full_state)(value, bytes, case_get_bool(c, "decode_only"),
                                                 mem);
}

static void envelopes(void **state)
{
    (void)state;
    case_file_run("am-proto", run);
    print_message("am-proto: %zu of them the cluster's\n", count);
}

int test_envelope(void);
int test_envelope(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(envelopes)};
    return run_group("envelope", tests);
}
