// SPDX-License-Identifier: Apache-2.0
#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/model/labels.h"
#include "tests/support/check.h"

#define L(n, v) ((struct label){S(n), S(v)})

static struct label_store store_with_seed(uint64_t seed)
{
    struct label_store s;
    label_store_init(&s, seed);
    return s;
}

static void symbols_are_kept_once(void **state)
{
    (void)state;
    struct symbol_table t = {.seed = 7};
    struct symbol *a = symbol_get(&t, S("job"));
    struct symbol *b = symbol_get(&t, S("job"));
    struct symbol *nul = symbol_get(&t, S("a\0b"));
    assert_ptr_equal(a, b);
    assert_ptr_equal(symbol_find(&t, S("job")), a);
    assert_null(symbol_find(&t, S("jo")));
    check_str(symbol_str(nul), S("a\0b"));
    check_str(str_c(a->text), S("job"));
    assert_int_equal(t.bytes, 2 * sizeof(struct symbol) + 4 + 4);
    symbol_unref(&t, a);
    assert_ptr_equal(symbol_find(&t, S("job")), b);
    symbol_unref(&t, b);
    assert_null(symbol_find(&t, S("job")));
    symbol_unref(&t, nul);
    symbol_unref(&t, NULL);
    assert_int_equal(t.bytes, 0);
    symbol_table_done(&t);
}

static void equal_sets_are_one(void **state)
{
    (void)state;
    struct label_store s = store_with_seed(1);
    struct label one[] = {L("job", "x"), L("alertname", "Disk"), L("job", "node")};
    struct label two[] = {L("alertname", "Disk"), L("job", "node")};
    struct label other[] = {L("alertname", "Disk"), L("jobn", "ode")};
    assert_null(labels_find(&s, two, 2));
    struct labels *a = labels_get(&s, one, 3);
    struct labels *b = labels_get(&s, two, 2);
    struct labels *c = labels_get(&s, other, 2);
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, c);
    assert_ptr_equal(labels_find(&s, two, 2), a);
    assert_int_equal(a->count, 2);
    check_str(labels_name_at(a, 1), S("job"));
    check_str(labels_value_at(a, 1), S("node")); // the last of equal names
    assert_int_equal(s.bytes, 2 * (sizeof(struct labels) + 2 * sizeof(struct symbol *)));
    labels_unref(a);
    assert_ptr_equal(labels_find(&s, two, 2), b);
    labels_unref(b);
    assert_null(labels_find(&s, two, 2));
    labels_unref(c);
    labels_unref(NULL);
    assert_int_equal(s.bytes, 0);
    assert_int_equal(s.symbols.bytes, 0);
    label_store_done(&s);
}

static void values_tell_absent_from_empty(void **state)
{
    (void)state;
    struct label_store s = store_with_seed(2);
    struct label one[] = {L("a", ""), L("b", "2")};
    struct labels *l = labels_get(&s, one, 2);
    bool has = false;
    check_str(labels_value(l, S("a"), &has), S(""));
    assert_true(has);
    check_str(labels_value(l, S("c"), &has), S(""));
    assert_false(has);
    check_str(labels_value(l, S("b"), NULL), S("2"));
    labels_unref(labels_ref(l));
    labels_unref(l);
    label_store_done(&s);
}

static void the_empty_set_is_a_set(void **state)
{
    (void)state;
    struct label_store s = store_with_seed(3);
    struct labels *l = labels_get(&s, NULL, 0);
    assert_int_equal(l->fingerprint, 0xcbf29ce484222325ULL);
    defer(buf_done) struct buf text = {0};
    buf_put_labels(&text, l);
    check_str(buf_str(&text), S("{}"));
    labels_unref(l);
    label_store_done(&s);
}

static void large_sets_sort_stably(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct label *labels = mem_array(struct label, COUNT);
    char *names = mem_alloc((size_t)COUNT * 8);
    uint64_t x = 1;
    for (size_t i = 0; i < COUNT; i++) {
        x = hash_mix(x, i);
        snprintf(names + 8 * i, 8, "n%03u", (unsigned)(x % 700));
        labels[i] = (struct label){str_c(names + 8 * i), S("v")};
    }
    label_sort(labels, COUNT);
    for (size_t i = 1; i < COUNT; i++) {
        int order = str_cmp(labels[i - 1].name, labels[i].name);
        // Equal names stay in the order in which they came: their texts lie in that order.
        assert_true(order < 0 || (order == 0 && labels[i - 1].name.p < labels[i].name.p));
    }
    size_t unique = label_sort_unique(labels, COUNT);
    assert_true(unique <= 700 && unique > 600);
    struct label_store s = store_with_seed(4);
    struct label copy[] = {L("x", "y")};
    struct labels *big = labels_get(&s, labels, unique), *small = labels_get(&s, copy, 1);
    assert_ptr_equal(labels_find(&s, labels, unique), big);
    assert_non_null(label_find(labels, unique, labels[unique - 1].name));
    assert_null(label_find(labels, unique, S("none")));
    labels_unref(big);
    labels_unref(small);
    label_store_done(&s);
    mem_free(names);
    mem_free(labels);
}

static void hashes_are_upstreams(void **state)
{
    (void)state;
    struct label_store s = store_with_seed(5);
    struct label one[] = {L("service", "files"), L("instance", "i9"), L("alertname", "Disk")};
    struct labels *l = labels_get(&s, one, 3);
    assert_int_equal(l->fingerprint, 0x475383375fe0440cULL);
    assert_int_equal(labels_xxh64(l), xxh64(S("alertname\xff"
                                              "Disk\xffinstance\xffi9\xffservice\xff"
                                              "files\xff")));
    labels_unref(l);
    label_store_done(&s);
}

static void sets_have_upstreams_order(void **state)
{
    (void)state;
    struct label_store s = store_with_seed(6);
    struct label texts[][2] = {
        {L("a", "1"), L("a", "1")}, // one label
        {L("b", "1"), L("c", "0")}, // lacks a: before those that have it
        {L("a", "1"), L("b", "1")}, {L("a", "1"), L("b", "2")}, {L("a", "2"), L("b", "1")},
    };
    struct labels *sets[ARRAY_LEN(texts)];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        sets[i] = labels_get(&s, texts[i], 2);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
            int order = labels_cmp(sets[i], sets[k]);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        labels_unref(sets[i]);
    label_store_done(&s);
}

static void sets_print_with_gos_quotes(void **state)
{
    (void)state;
    struct label_store s = store_with_seed(7);
    struct label one[] = {L("b", "x\"\n"), L("a", "é\x01")};
    struct labels *l = labels_get(&s, one, 2);
    defer(buf_done) struct buf text = {0};
    buf_put_labels(&text, l);
    check_str(buf_str(&text), S("{a=\"é\\x01\", b=\"x\\\"\\n\"}"));
    labels_unref(l);
    label_store_done(&s);
}

static void names_are_checked_by_mode(void **state)
{
    (void)state;
    assert_true(label_name_is_valid(NAME_CLASSIC, S("_a9")));
    assert_false(label_name_is_valid(NAME_CLASSIC, S("9a")));
    assert_false(label_name_is_valid(NAME_CLASSIC, S("a:b")));
    assert_false(label_name_is_valid(NAME_CLASSIC, S("é")));
    assert_false(label_name_is_valid(NAME_CLASSIC, S("")));
    assert_true(label_name_is_valid(NAME_UTF8, S("9 é")));
    assert_false(label_name_is_valid(NAME_UTF8, S("")));
    assert_false(label_name_is_valid(NAME_UTF8, S("a\xff")));
}

int test_labels(void);
int test_labels(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbols_are_kept_once),
        cmocka_unit_test(equal_sets_are_one),
        cmocka_unit_test(values_tell_absent_from_empty),
        cmocka_unit_test(the_empty_set_is_a_set),
        cmocka_unit_test(large_sets_sort_stably),
        cmocka_unit_test(hashes_are_upstreams),
        cmocka_unit_test(sets_have_upstreams_order),
        cmocka_unit_test(sets_print_with_gos_quotes),
        cmocka_unit_test(names_are_checked_by_mode),
    };
    return run_group("labels", tests);
}
