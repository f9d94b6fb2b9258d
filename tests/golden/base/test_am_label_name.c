// SPDX-License-Identifier: Apache-2.0
#include "base/model/labels.h"
#include "tests/support/cases.h"

static const char *run_case(const cJSON *c, struct arena *mem)
{
    bool is_classic = str_eq(case_get_text(c, "mode", mem), S("classic"));
    enum name_mode mode = is_classic ? NAME_CLASSIC : NAME_UTF8;
    bool got = label_name_is_valid(mode, case_get_text(c, "name", mem));
    return got == case_get_bool(c, "valid") ? NULL : got ? "valid" : "not valid";
}

static void label_names(void **state)
{
    (void)state;
    case_file_run("am-label-name", run_case);
}

int test_am_label_name(void);
int test_am_label_name(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(label_names)};
    return run_group("am_label_name", tests);
}
