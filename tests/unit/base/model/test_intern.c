// SPDX-License-Identifier: Apache-2.0
#include "base/core/hash.h"
#include "base/model/intern.h"
#include "tests/support/check.h"

#define ITEMS 3000

struct item {
    uint64_t hash;
    bool is_in;
};

static bool is_item(const void *item, const void *key)
{
    return item == key;
}

static void check_all(const struct intern *t, const struct item *items)
{
    for (size_t i = 0; i < ITEMS; i++) {
        const void *found = intern_find(t, items[i].hash, is_item, &items[i]);
        if (found != (items[i].is_in ? &items[i] : NULL))
            fail_msg("item %zu is %s", i, items[i].is_in ? "lost" : "still there");
    }
}

// Hashes that collide a lot, so that chains are long and wrap around the end of the table.
static void items_survive_churn(void **state)
{
    (void)state;
    static struct item items[ITEMS];
    struct intern t = {0};
    uint32_t count = 0;
    for (size_t i = 0; i < ITEMS; i++)
        items[i] = (struct item){.hash = hash_mix(7, i % 1000) << (i % 3 * 16)};
    assert_null(intern_find(&t, 1, is_item, items));
    uint64_t x = 1;
    for (size_t step = 0; step < 60000; step++) {
        x = hash_mix(x, step);
        bool is_growing = step / 10000 % 2 == 0;
        struct item *item = &items[x % ITEMS];
        if (item->is_in && (!is_growing || x >> 62 == 0)) {
            intern_remove(&t, item->hash, item);
            item->is_in = false;
            count--;
        } else if (!item->is_in && (is_growing || x >> 62 == 0)) {
            intern_insert(&t, item->hash, item);
            item->is_in = true;
            count++;
        }
        assert_int_equal(t.count, count);
        if (step % 2000 == 0)
            check_all(&t, items);
    }
    check_all(&t, items);
    for (size_t i = 0; i < ITEMS; i++) {
        if (items[i].is_in)
            intern_remove(&t, items[i].hash, &items[i]);
    }
    assert_int_equal(t.count, 0);
    assert_true(t.cap <= 8); // an empty table keeps no memory of its size
    intern_done(&t);
}

// A table that shrinks keeps a free place, at which searches end.
static void it_shrinks_and_grows_again(void **state)
{
    (void)state;
    for (size_t most = 9; most <= 64; most++) {
        struct intern t = {0};
        struct item items[64];
        for (size_t i = 0; i < most; i++) {
            items[i].hash = (i + 1) << 32;
            intern_insert(&t, items[i].hash, &items[i]);
        }
        for (size_t i = 0; i < most; i++)
            intern_remove(&t, items[i].hash, &items[i]);
        for (size_t i = 0; i < 9; i++) {
            assert_null(intern_find(&t, (i + 1) << 32, is_item, &items[i]));
            intern_insert(&t, items[i].hash, &items[i]);
        }
        intern_done(&t);
    }
}

int test_intern(void);
int test_intern(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(items_survive_churn),
                                              cmocka_unit_test(it_shrinks_and_grows_again)};
    return run_group("intern", tests);
}
