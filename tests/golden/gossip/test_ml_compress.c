// SPDX-License-Identifier: Apache-2.0
#include "base/core/hash.h"
#include "base/text/lzw.h"
#include "gossip/packet.h"
#include "tests/support/cases.h"

// hex, or {repeat: [hex, n]}
static str data_of(const cJSON *c, struct arena *mem)
{
    const cJSON *data = case_get(c, "data");
    if (!cJSON_IsObject(data))
        return case_get_hex(c, "data", mem);
    const cJSON *repeat = case_get(data, "repeat");
    cJSON wrapper = {.type = cJSON_Object};
    cJSON_AddItemToObject(&wrapper, "x", cJSON_CreateString(repeat->child->valuestring));
    str piece = case_get_hex(&wrapper, "x", mem);
    cJSON_DeleteItemFromObject(&wrapper, "x");
    size_t times = (size_t)repeat->child->next->valuedouble;
    char *bytes = arena_alloc_raw(mem, piece.n * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(bytes + i * piece.n, piece.p, piece.n);
    return str_from(bytes, piece.n * times);
}

// The bytes themselves, or their length and checksum.
static bool is_as_given(const cJSON *c, const char *name, str got, struct arena *mem)
{
    char length[32], crc[32];
    if (case_get(c, name))
        return str_eq(got, case_get_hex(c, name, mem));
    snprintf(length, sizeof(length), "%s_length", name);
    snprintf(crc, sizeof(crc), "%s_crc32", name);
    const cJSON *want = case_get(c, crc);
    int64_t want_crc =
        cJSON_IsString(want) ? strtoll(want->valuestring, NULL, 16) : case_get_i64(c, crc);
    return (size_t)case_get_i64(c, length) == got.n && crc32_ieee(0, got) == want_crc;
}

static const char *run_encode(const cJSON *c, struct arena *mem)
{
    defer(buf_done) struct buf lzw = {0}, message = {0}, back = {0};
    struct err err = ERR_INIT;
    str data = data_of(c, mem);
    lzw_encode(data, &lzw);
    if (!is_as_given(c, "lzw", buf_str(&lzw), mem))
        return "other code";
    compress_put(&message, data);
    if (case_get(c, "message") && !is_as_given(c, "message", buf_str(&message), mem))
        return "other message";
    if (!lzw_decode(buf_str(&lzw), &back, &err) || !str_eq(buf_str(&back), data))
        return "does not come back";
    return NULL;
}

static const char *run_decode(const cJSON *c, struct arena *mem)
{
    defer(buf_done) struct buf data = {0};
    struct err err = ERR_INIT;
    const char *error = cJSON_GetStringValue(case_get(c, "error"));
    bool ok = case_get(c, "message") ? decompress(str_skip(case_get_hex(c, "message", mem), 1),
                                                  STREAM_BYTES_MAX, mem, &data, &err)
                                     : lzw_decode(case_get_hex(c, "lzw", mem), &data, &err);
    if (ok != !error)
        return case_fail(mem, "%s", ok ? "accepted" : err.text);
    if (error)
        return str_find_str(err_str(&err), str_c(error)) != STR_NONE
                   ? NULL
                   : case_fail(mem, "error %.*s", STR(err_str(&err)));
    return is_as_given(c, "data", buf_str(&data), mem) ? NULL : "other data";
}

static const char *run(const cJSON *c, struct arena *mem)
{
    return str_eq(case_get_text(c, "op", mem), S("encode")) ? run_encode(c, mem)
                                                            : run_decode(c, mem);
}

static void compress(void **state)
{
    (void)state;
    case_file_run("ml-compress", run);
}

int test_ml_compress(void);
int test_ml_compress(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(compress)};
    return run_group("ml-compress", tests);
}
