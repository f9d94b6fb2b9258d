// SPDX-License-Identifier: Apache-2.0
#include "base/text/encode.h"
#include "gossip/keyring.h"
#include "tests/support/cases.h"

static const char *run_pad(const cJSON *c, struct arena *mem)
{
    defer(buf_done) struct buf b = {0};
    str data = case_get_hex(c, "data", mem);
    pkcs7_put(&b, data);
    if (!str_eq(buf_str(&b), case_get_hex(c, "padded", mem)))
        return "other padding";
    if (!pkcs7_remove(&b, 0))
        return "the padding is refused";
    return str_eq(buf_str(&b), data) ? NULL : "other data";
}

static const char *run_key(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    struct aead_key *k = aead_key_new(case_get_hex(c, "key", mem), &err);
    bool is_fine = k != NULL;
    aead_key_free(k);
    const char *error = cJSON_GetStringValue(case_get(c, "error"));
    if (is_fine)
        return error ? "accepted" : NULL;
    if (!error)
        return case_fail(mem, "refused: %.*s", STR(err_str(&err)));
    return str_eq(err_str(&err), str_c(error)) ? NULL
                                               : case_fail(mem, "error %.*s", STR(err_str(&err)));
}

static void put_keys(const cJSON *c, struct buf *file, struct arena *mem)
{
    const cJSON *key;
    cJSON_ArrayForEach(key, case_get(c, "keys"))
    {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddItemReferenceToObject(one, "key", (cJSON *)(uintptr_t)key);
        buf_put_base64(file, case_get_hex(one, "key", mem));
        buf_put_c(file, '\n');
        cJSON_Delete(one);
    }
}

static const char *run_decrypt(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    defer(buf_done) struct buf file = {0};
    defer(buf_done) struct buf plain = {0};
    put_keys(c, &file, mem);
    struct keyring *k = keyring_parse(buf_str(&file), &err);
    const char *error = cJSON_GetStringValue(case_get(c, "error"));
    bool is_open = k && keyring_open_packet(k, case_get_hex(c, "packet", mem),
                                            case_get_hex(c, "extra", mem), &plain, &err);
    keyring_unref(k);
    if (error) {
        if (is_open)
            return "decrypted";
        return str_find_str(err_str(&err), str_c(error)) != STR_NONE
                   ? NULL
                   : case_fail(mem, "error %.*s", STR(err_str(&err)));
    }
    if (!is_open)
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    return str_eq(buf_str(&plain), case_get_hex(c, "plain", mem)) ? NULL : "other plaintext";
}

static const char *run(const cJSON *c, struct arena *mem)
{
    str op = case_get_text(c, "op", mem);
    if (str_eq(op, S("pad")))
        return run_pad(c, mem);
    if (str_eq(op, S("key")))
        return run_key(c, mem);
    if (str_eq(op, S("decrypt")))
        return run_decrypt(c, mem);
    if (!str_eq(op, S("length")))
        return "unknown op";
    size_t got =
        sealed_bytes((unsigned)case_get_i64(c, "version"), (size_t)case_get_i64(c, "plain"));
    return got == (size_t)case_get_i64(c, "encrypted") ? NULL : case_fail(mem, "%zu bytes", got);
}

static void crypto(void **state)
{
    (void)state;
    case_file_run("ml-crypto", run);
}

int test_ml_crypto(void);
int test_ml_crypto(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(crypto)};
    return run_group("ml-crypto", tests);
}
