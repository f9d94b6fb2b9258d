// SPDX-License-Identifier: Apache-2.0
#include "base/core/alloc.h"
#include "base/core/rand.h"
#include "base/core/slab.h"
#include "tests/support/check.h"

struct object {
    uint8_t *p;
    size_t bytes;
    uint8_t filling;
};

static void check_filling(const struct object *o)
{
    for (size_t i = 0; i < o->bytes; i++)
        assert_int_equal(o->p[i], o->filling);
}

// Objects never overlap, and keep what was written to them until they are freed.
static void objects_are_their_own(void **state)
{
    (void)state;
    static struct object objects[20000];
    struct slab slab = {0};
    struct rand rand;
    rand_seed(&rand, 7);
    for (int step = 0; step < 200000; step++) {
        struct object *o = &objects[rand_below(&rand, ARRAY_LEN(objects))];
        if (o->p) {
            check_filling(o);
            slab_free(&slab, o->p, o->bytes);
            o->p = NULL;
            continue;
        }
        o->bytes = rand_below(&rand, step % 100 == 0 ? 2000 : 120);
        o->p = slab_alloc(&slab, o->bytes);
        o->filling = (uint8_t)rand_u64(&rand);
        assert_int_equal((uintptr_t)o->p % 8, 0);
        memset(o->p, o->filling, o->bytes);
    }
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        if (!objects[i].p)
            continue;
        check_filling(&objects[i]);
        slab_free(&slab, objects[i].p, objects[i].bytes);
    }
    slab_done(&slab); // asserts that nothing is left
}

int test_slab(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(objects_are_their_own)};
    return run_group("slab", tests);
}
