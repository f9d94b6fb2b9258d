// SPDX-License-Identifier: Apache-2.0
#include "base/io/interfaces.h"
#include "tests/support/check.h"

static void loopback_is_there(void **state)
{
    (void)state;
    struct arena mem = {0};
    size_t count, loopbacks = 0;
    const struct interface_addr *items = interfaces_read(&mem, &count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(items[i].addr.ip_bytes == 4 || items[i].addr.ip_bytes == 16);
        assert_true(items[i].prefix_bits <= items[i].addr.ip_bytes * 8);
        assert_int_equal(items[i].addr.port, 0);
        if (items[i].addr.ip_bytes != 4 || !addr_is_loopback(&items[i].addr))
            continue;
        loopbacks++;
        assert_int_equal(items[i].prefix_bits, 8);
        assert_true(items[i].is_up);
        assert_false(items[i].has_default_route);
    }
    assert_int_equal(loopbacks, 1);
    arena_done(&mem);
}

int test_interfaces(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(loopback_is_there)};
    return run_group("interfaces", tests);
}
