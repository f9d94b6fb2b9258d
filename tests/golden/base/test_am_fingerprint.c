// SPDX-License-Identifier: Apache-2.0
// Reads the file with our own JSON: labels of these cases hold NUL bytes.
#define BANNED_ALLOW_IMPURE
#include "base/model/labels.h"
#include "base/text/json.h"
#include "tests/support/cases.h"

static str read_whole(const char *path, struct arena *mem)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    defer(buf_done) struct buf text = {0};
    char piece[65536];
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        buf_put(&text, str_from(piece, n));
    fclose(f);
    return arena_str(mem, buf_str(&text));
}

static bool case_holds(struct label_store *store, const json *c, struct arena *mem)
{
    const json *wanted = json_get(c, S("labels"));
    size_t count = 0;
    struct label *labels = arena_array(mem, struct label, json_count(wanted));
    json_each (v, wanted)
        labels[count++] = (struct label){json_key(v), json_str(v)};

    defer(labels_unref_p) struct labels *l = labels_get(store, labels, count);
    assert_int_equal(l->count, count);
    defer(buf_done) struct buf hex = {0};
    buf_put_hex64(&hex, l->fingerprint);
    if (str_eq(buf_str(&hex), json_str(json_get(c, S("fingerprint")))))
        return true;
    print_error("FAILED %.*s: %.*s\n", STR(json_str(json_get(c, S("id")))), STR(buf_str(&hex)));
    return false;
}

static void fingerprints(void **state)
{
    (void)state;
    struct case_file f = case_file_open("am-fingerprint");
    if (!f.root) {
        skip();
        return;
    }
    struct arena mem = {0};
    struct err err = ERR_INIT;
    json *root = json_parse(read_whole(f.path, &mem), false, &mem, &err);
    case_file_close(&f);
    assert_non_null(root);

    struct label_store store;
    label_store_init(&store, 42);
    size_t count = 0, failed = 0;
    json_each (c, json_get(root, S("cases"))) {
        count++;
        failed += !case_holds(&store, c, &mem);
    }
    label_store_done(&store);
    arena_done(&mem);
    print_message("am-fingerprint: %zu cases, %zu failed\n", count, failed);
    assert_true(count > 0);
    assert_int_equal(failed, 0);
}

int test_am_fingerprint(void);
int test_am_fingerprint(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(fingerprints)};
    return run_group("am_fingerprint", tests);
}
