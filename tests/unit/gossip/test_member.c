// SPDX-License-Identifier: Apache-2.0
#include "gossip/member.h"

#include "tests/support/check.h"
#include "tests/unit/gossip/still.h"

static struct addr at(const char *text)
{
    struct addr a;
    assert_true(addr_parse(str_c(text), &a));
    return a;
}

static void members_are_found_by_address(void **state)
{
    (void)state;
    struct still *w = still_new("self", "10.0.0.9:9094");
    struct members m;
    struct addr one = at("10.0.0.1:9094"), two = at("10.0.0.2:9094"),
                other_port = at("10.0.0.1:9095");
    struct addr mapped = at("[::ffff:10.0.0.1]:9094");
    members_init(&m, 7);
    struct member *a = members_add(&m, &w->env, S("a")), *b = members_add(&m, &w->env, S("b"));
    assert_null(members_find_addr(&m, &one));
    members_set_addr(&m, a, &mapped);         // found under its usual form
    assert_null(members_find_addr(&m, &one)); // dead
    members_set_state(&m, a, MEMBER_ALIVE);
    assert_ptr_equal(members_find_addr(&m, &one), a);
    assert_null(members_find_addr(&m, &other_port));

    // It restarted under another name, and the old one is not dead yet.
    members_set_addr(&m, b, &one);
    members_set_state(&m, a, MEMBER_SUSPECT);
    assert_ptr_equal(members_find_addr(&m, &one), a);
    members_set_state(&m, b, MEMBER_ALIVE);
    assert_ptr_equal(members_find_addr(&m, &one), b);

    members_set_addr(&m, b, &two); // it moved
    assert_ptr_equal(members_find_addr(&m, &one), a);
    assert_ptr_equal(members_find_addr(&m, &two), b);
    members_remove(&m, b);
    assert_null(members_find_addr(&m, &two));
    assert_ptr_equal(members_find_addr(&m, &one), a);
    members_done(&m);
    still_free(w);
}

int test_member(void);
int test_member(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(members_are_found_by_address)};
    return run_group("member", tests);
}
