// SPDX-License-Identifier: Apache-2.0
#include "base/core/alloc.h"
#include "base/core/arena.h"
#include "base/core/hash.h"
#include "base/core/list.h"
#include "base/core/map.h"
#include "base/core/rand.h"
#include "base/core/timer.h"
#include "tests/support/check.h"

struct number {
    uint64_t key;
    struct heap_node node;
    struct list link;
};

static bool number_has_key(const void *item, const void *key)
{
    return ((const struct number *)item)->key == *(const uint64_t *)key;
}

// Random inserts and removals against a plain array; half of the keys share one hash.
static void map_agrees_with_a_plain_array(void **state)
{
    (void)state;
    enum { KEYS = 200 };
    static struct number numbers[KEYS];
    bool is_in[KEYS] = {false};
    struct rand rand;
    rand_seed(&rand, 42);
    defer(map_done) struct map map = {0};

    for (int round = 0; round < 20000; round++) {
        uint64_t key = rand_below(&rand, KEYS);
        uint64_t hash = key % 2 ? 7 : hash_mix(key, 1);
        numbers[key].key = key;
        struct number *found = map_find(&map, hash, number_has_key, &key);
        assert_ptr_equal(found, is_in[key] ? &numbers[key] : NULL);
        if (!found)
            map_insert(&map, hash, &numbers[key]);
        else
            assert_ptr_equal(map_remove(&map, hash, number_has_key, &key), found);
        is_in[key] = !is_in[key];

        uint32_t count = 0;
        map_each (struct number, n, &map) {
            assert_true(is_in[n->key]);
            count++;
        }
        assert_int_equal(count, map.count);
    }
}

static void map_iterates_in_insertion_order(void **state)
{
    (void)state;
    enum { KEYS = 100 };
    struct number numbers[KEYS];
    defer(map_done) struct map map = {0};
    for (uint64_t i = 0; i < KEYS; i++) {
        numbers[i].key = i;
        map_insert(&map, hash_mix(i, 0), &numbers[i]);
    }
    for (uint64_t i = 0; i < KEYS; i += 3)
        assert_true(map_remove_item(&map, hash_mix(i, 0), &numbers[i]));
    uint64_t next = 1;
    map_each (struct number, n, &map) {
        assert_true(n->key == next);
        next += next % 3 == 2 ? 2 : 1;
    }
    assert_int_equal(next, KEYS + 1 - (KEYS % 3 == 1));
}

static void heap_sorts_and_keeps_insertion_order_among_equals(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    struct number numbers[COUNT] = {0};
    struct rand rand;
    rand_seed(&rand, 7);
    defer(heap_done) struct heap heap = {0};
    for (size_t i = 0; i < COUNT; i++) {
        numbers[i].key = i;
        heap_insert(&heap, &numbers[i].node, (int64_t)rand_below(&rand, 20));
    }
    for (size_t i = 0; i < COUNT; i += 7)
        heap_remove(&heap, &numbers[i].node);

    int64_t key = -1;
    uint64_t order = 0;
    size_t count = 0;
    for (struct heap_node *node; (node = heap_first(&heap)) != NULL; count++) {
        assert_true(node->key > key || (node->key == key && node->order > order));
        key = node->key;
        order = node->order;
        assert_true(container_of(node, struct number, node)->key % 7 != 0);
        heap_remove(&heap, node);
        assert_false(heap_has(node));
    }
    assert_int_equal(count, COUNT - (COUNT + 6) / 7);
}

struct ticker {
    struct timer timer;
    struct timer_queue *queue;
    int fired;
};

static void ticker_fire(void *owner)
{
    struct ticker *t = owner;
    t->fired++;
    timer_queue_set(t->queue, &t->timer, 5); // due at once: must wait for the next run
}

static void timers_rearmed_for_now_wait_for_the_next_run(void **state)
{
    (void)state;
    defer(timer_queue_done) struct timer_queue queue = {0};
    struct ticker t = {.queue = &queue};
    timer_init(&t.timer, ticker_fire, &t);
    assert_true(timer_queue_next(&queue) == MONO_NEVER);
    timer_queue_set(&queue, &t.timer, 3);
    assert_int_equal(timer_queue_run(&queue, 2), 0);
    assert_int_equal(timer_queue_run(&queue, 9), 1);
    assert_int_equal(t.fired, 1);
    assert_true(timer_is_set(&t.timer));
    assert_int_equal(timer_queue_run(&queue, 9), 1);
    timer_queue_cancel(&queue, &t.timer);
    assert_false(timer_is_set(&t.timer));
    assert_int_equal(timer_queue_run(&queue, 9), 0);
}

static void list_keeps_order_and_survives_removal_in_a_loop(void **state)
{
    (void)state;
    struct list head;
    struct number numbers[5] = {0};
    list_init(&head);
    assert_true(list_is_empty(&head));
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        numbers[i].key = i;
        list_append(&head, &numbers[i].link);
    }
    list_each_safe (node, &head) {
        struct number *n = list_item(node, struct number, link);
        if (n->key % 2 == 0)
            list_remove(node);
    }
    assert_false(list_is_linked(&numbers[0].link));
    assert_ptr_equal(list_take_first(&head), &numbers[1].link);
    assert_ptr_equal(list_take_first(&head), &numbers[3].link);
    assert_null(list_take_first(&head));
}

static void arena_rewinds_to_a_mark(void **state)
{
    (void)state;
    defer(arena_done) struct arena arena = {0};
    str first = arena_str(&arena, S("kept"));
    struct arena_mark mark = arena_mark(&arena);
    size_t used = arena.used_bytes;
    for (int i = 0; i < 100; i++)
        memset(arena_alloc_raw(&arena, 1000), 'x', 1000);
    arena_rewind(&arena, mark);
    assert_int_equal(arena.used_bytes, used);
    check_str(first, S("kept"));
    assert_true((uintptr_t)arena_alloc(&arena, 1) % 16 == 0);
    check_str(arena_printf(&arena, "%s-%d", "a", 7), S("a-7"));
}

int test_containers(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_agrees_with_a_plain_array),
        cmocka_unit_test(map_iterates_in_insertion_order),
        cmocka_unit_test(heap_sorts_and_keeps_insertion_order_among_equals),
        cmocka_unit_test(timers_rearmed_for_now_wait_for_the_next_run),
        cmocka_unit_test(list_keeps_order_and_survives_removal_in_a_loop),
        cmocka_unit_test(arena_rewinds_to_a_mark),
    };
    return run_group("containers", tests);
}
