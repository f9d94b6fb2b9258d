// SPDX-License-Identifier: Apache-2.0
#include "vmalert/push_metrics.h"

#include "tests/support/check.h"

static void labels_stand_in_front_of_a_samples_own(void **state)
{
    (void)state;
    static const struct {
        const char *text, *labels, *want;
    } CASES[] = {
        {"a 1\nb{c=\"d\"} 2\n", "x=\"y\"", "a{x=\"y\"} 1\nb{x=\"y\",c=\"d\"} 2\n"},
        {"a{b=\"{ \"} 1\n", "x=\"y\",z=\"\"", "a{x=\"y\",z=\"\",b=\"{ \"} 1\n"},
        {"# HELP a\n# TYPE a gauge\na 1\n", "x=\"y\"", "# HELP a\n# TYPE a gauge\na{x=\"y\"} 1\n"},
        {"a 1\n", "", "a 1\n"},
        {"", "x=\"y\"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        defer(buf_done) struct buf got = {0};
        buf_put_labelled(&got, str_c(CASES[i].text), str_c(CASES[i].labels));
        check_str(buf_str(&got), str_c(CASES[i].want));
    }
}

int test_push_metrics(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(labels_stand_in_front_of_a_samples_own)};
    return run_group("push_metrics", tests);
}
