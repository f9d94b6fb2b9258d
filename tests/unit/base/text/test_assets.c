// SPDX-License-Identifier: Apache-2.0
#include "base/text/assets.h"
#include "tests/support/check.h"

static void what_is_not_there_is_null(void **state)
{
    (void)state;
    static const struct asset ASSETS[] = {
        {"index.html", "text/html", {"<p>", 3}, {0}},
        {"assets/1/a.js", "text/javascript", {"1", 1}, {0}},
        {0},
    };
    assert_ptr_equal(asset_find(ASSETS, S("assets/1/a.js")), &ASSETS[1]);
    assert_null(asset_find(ASSETS, S("assets/1/")));
    assert_null(asset_find(ASSETS, S("")));
}

static void the_last_mention_of_a_coding_counts(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool gzip, br;
    } cases[] = {
        {"", false, false},
        {"gzip", true, false},
        {"GZIP", false, false},
        {" gzip , br ", true, true},
        {"gzip;q=0", false, false},
        {"gzip; q=0.0", false, false},
        {"gzip;q=-1", false, false},
        {"gzip;q=0.001", true, false},
        {"gzip;q=high", true, false},
        {"gzip;level=9;q=0", false, false},
        {"gzip;q=0, gzip", true, false},
        {"gzip, gzip;q=0", false, false},
        {"*", true, true},
        {"*;q=0", false, false},
        {"*, br;q=0", true, false},
        {"identity, *;q=0, gzip", true, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str header = str_c(cases[i].header);
        if (accept_encoding_allows(header, S("gzip")) != cases[i].gzip ||
            accept_encoding_allows(header, S("br")) != cases[i].br)
            fail_msg("\"%s\"", cases[i].header);
    }
}

int test_assets(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_is_null),
        cmocka_unit_test(the_last_mention_of_a_coding_counts),
    };
    return run_group("assets", tests);
}
