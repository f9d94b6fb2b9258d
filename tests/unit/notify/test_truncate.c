// SPDX-License-Identifier: Apache-2.0
#include "notify/truncate.h"
#include "tests/support/check.h"

static void check_cut(str (*cut)(str, size_t, bool *, struct arena *), str text, size_t max,
                      str want)
{
    struct arena mem = {0};
    bool is_cut;
    check_str(cut(text, max, &is_cut, &mem), want);
    assert_int_equal(is_cut, !str_eq(text, want));
    arena_done(&mem);
}

static void runes(void **state)
{
    (void)state;
    check_cut(truncate_runes, S("abcdefgh"), 5, S("abcd…"));
    check_cut(truncate_runes, S("a⌘cde"), 5, S("a⌘cde"));
    check_cut(truncate_runes, S("abcde"), 4, S("abc…"));
    check_cut(truncate_runes, S("世界cdef"), 3, S("世界c"));
    check_cut(truncate_runes, S("ab"), 0, S(""));
    check_cut(truncate_runes, S("\xff\xff"), 2, S("\xff\xff"));
    check_cut(truncate_runes, S("a\xff\xff\xff\xff"), 4, S("a\uFFFD\uFFFD…"));
}

static void bytes(void **state)
{
    (void)state;
    check_cut(truncate_bytes, S("abcdefgh"), 5, S("ab…"));
    check_cut(truncate_bytes, S("a⌘cde"), 5, S("a…"));
    check_cut(truncate_bytes, S("abcde"), 4, S("a…"));
    check_cut(truncate_bytes, S("世界cdef"), 3, S("…"));
    check_cut(truncate_bytes, S("abc"), 3, S("abc"));
    check_cut(truncate_bytes, S("abc"), 2, S(".."));
    check_cut(truncate_bytes, S("abc"), 0, S(""));
}

int test_truncate(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(runes), cmocka_unit_test(bytes)};
    return run_group("truncate", tests);
}
