// SPDX-License-Identifier: Apache-2.0
#include "gossip/broadcast.h"

#include "base/core/rand.h"
#include "tests/support/check.h"

static void limits_grow_with_the_digits_of_the_size(void **state)
{
    (void)state;
    static const struct {
        size_t nodes;
        unsigned limit;
    } CASES[] = {{0, 0}, {1, 3}, {9, 3}, {10, 6}, {99, 6}, {100, 9}, {999, 9}, {1000, 12}};
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
        assert_int_equal(broadcast_limit(3, CASES[i].nodes), CASES[i].limit);
}

static size_t take_for(struct broadcast_queue *q, struct broadcast_target to, unsigned limit,
                       size_t bytes_max, str *ret_first)
{
    static char copy[2000];
    defer(parts_done) struct parts parts = {0};
    broadcast_take(q, &parts, S(""), 2, bytes_max, limit, to);
    if (parts.count > 0) {
        memcpy(copy, parts.bytes.p, parts.part_bytes[0]);
        *ret_first = str_from(copy, parts.part_bytes[0]);
    }
    return parts.count;
}

static void fewest_transmissions_then_longest_then_newest(void **state)
{
    (void)state;
    struct broadcast_queue q;
    str first = S("");
    broadcast_queue_init(&q, 1);
    broadcast_add(&q, S(""), S("old"), 0);
    broadcast_add(&q, S(""), S("new"), 0);
    broadcast_add(&q, S(""), S("longer"), 0);
    check_str(broadcast_message_at(&q, 0), S("longer"));
    check_str(broadcast_message_at(&q, 1), S("new"));
    check_str(broadcast_message_at(&q, 2), S("old"));
    assert_int_equal(take_for(&q, (struct broadcast_target){0}, 3, 5, &first),
                     1); // "longer" is too long
    check_str(first, S("new"));
    check_str(broadcast_message_at(&q, 2), S("new")); // sent once: behind the others
    broadcast_queue_done(&q);
}

static void a_name_replaces_the_message_before_it(void **state)
{
    (void)state;
    struct broadcast_queue q;
    broadcast_queue_init(&q, 1);
    broadcast_add(&q, S("a"), S("suspect a"), 0);
    broadcast_add(&q, S("b"), S("suspect b"), 0);
    broadcast_add(&q, S("a"), S("alive a"), 0);
    assert_int_equal(q.count, 2);
    check_str(broadcast_message_at(&q, 0), S("suspect b"));
    check_str(broadcast_message_at(&q, 1), S("alive a"));
    broadcast_queue_done(&q);
}

// The limit is one packet, yet all three members get the message, and nobody twice before all have
// it.
static void every_required_member_is_served(void **state)
{
    (void)state;
    struct broadcast_queue q;
    str first = S("");
    broadcast_queue_init(&q, 1);
    broadcast_add(&q, S(""), S("news"), 0);
    uint64_t all = 7;
    for (uint64_t bit = 1; bit <= 4; bit <<= 1) {
        assert_int_equal(q.count, 1);
        assert_int_equal(take_for(&q, (struct broadcast_target){bit, all, 0}, 1, 100, &first), 1);
        if (bit < 4)
            assert_int_equal(take_for(&q, (struct broadcast_target){bit, all, 0}, 1, 100, &first),
                             0);
    }
    assert_int_equal(q.count, 0);
    // Who told us does not need it, and a member that went away is not waited for.
    broadcast_add(&q, S(""), S("relayed"), 1);
    assert_int_equal(take_for(&q, (struct broadcast_target){2, all, 0}, 1, 100, &first), 1);
    assert_int_equal(q.count, 1);
    assert_int_equal(take_for(&q, (struct broadcast_target){2, 3, 0}, 1, 100, &first), 1);
    assert_int_equal(q.count, 0);
    // A member that began anew has had nothing.
    broadcast_add(&q, S(""), S("again"), 3);
    broadcast_forget(&q, 2);
    assert_int_equal(take_for(&q, (struct broadcast_target){2, 3, 0}, 9, 100, &first), 1);
    broadcast_queue_done(&q);
}

// Packets that follow each other to one member: each message once, and all of them.
static void a_burst_repeats_nothing(void **state)
{
    (void)state;
    struct broadcast_queue q;
    str first = S("");
    broadcast_queue_init(&q, 1);
    broadcast_add(&q, S(""), S("one"), 0);
    broadcast_add(&q, S(""), S("two"), 0);
    assert_int_equal(take_for(&q, (struct broadcast_target){.burst = 7}, 9, 5, &first), 1);
    check_str(first, S("two"));
    assert_int_equal(take_for(&q, (struct broadcast_target){.burst = 7}, 9, 100, &first), 1);
    check_str(first, S("one"));
    assert_int_equal(take_for(&q, (struct broadcast_target){.burst = 7}, 9, 100, &first), 0);
    assert_int_equal(take_for(&q, (struct broadcast_target){.burst = 8}, 9, 100, &first), 2);
    broadcast_queue_done(&q);
}

static void the_queue_is_bounded(void **state)
{
    (void)state;
    struct broadcast_queue q;
    broadcast_queue_init(&q, 1);
    for (size_t i = 0; i < BROADCASTS_MAX + 1; i++)
        broadcast_add(&q, S(""), S("x"), 0);
    assert_int_equal(q.count, BROADCASTS_KEPT);
    assert_int_equal(q.pruned, BROADCASTS_MAX + 1 - BROADCASTS_KEPT);
    broadcast_queue_done(&q);
}

// Random use: the order holds, packets are never overfull, everything ends.
static void random_use_keeps_the_order(void **state)
{
    (void)state;
    struct rand rand;
    struct broadcast_queue q;
    rand_seed(&rand, 3);
    broadcast_queue_init(&q, 2);
    for (int round = 0; round < 5000; round++) {
        if (rand_below(&rand, 3) == 0) {
            char text[64] = {0};
            char name[2] = {(char)('a' + rand_below(&rand, 20)), 0};
            broadcast_add(&q, rand_below(&rand, 2) ? str_c(name) : S(""),
                          str_from(text, rand_below(&rand, sizeof(text))), rand_u64(&rand) & 15);
        } else {
            defer(parts_done) struct parts parts = {0};
            size_t bytes_max = rand_below(&rand, 200);
            size_t used =
                broadcast_take(&q, &parts, S("h"), 3, bytes_max, 4,
                               (struct broadcast_target){1u << rand_below(&rand, 4), 15, 0});
            assert_true(used <= bytes_max);
            assert_int_equal(used, parts.bytes.n + 2 * parts.count);
        }
    }
    for (int i = 0; i < 10000 && q.count > 0; i++) {
        defer(parts_done) struct parts parts = {0};
        broadcast_take(&q, &parts, S(""), 2, 1400, 4,
                       (struct broadcast_target){1u << i % 4, 15, 0});
    }
    assert_int_equal(q.count, 0);
    broadcast_queue_done(&q);
}

int test_broadcast(void);
int test_broadcast(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_grow_with_the_digits_of_the_size),
        cmocka_unit_test(fewest_transmissions_then_longest_then_newest),
        cmocka_unit_test(a_name_replaces_the_message_before_it),
        cmocka_unit_test(every_required_member_is_served),
        cmocka_unit_test(a_burst_repeats_nothing),
        cmocka_unit_test(the_queue_is_bounded),
        cmocka_unit_test(random_use_keeps_the_order),
    };
    return run_group("broadcast", tests);
}
