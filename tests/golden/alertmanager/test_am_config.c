// SPDX-License-Identifier: Apache-2.0
// Which configuration files load.
#include "tests/golden/alertmanager/am_cases.h"

// What is printed must load again and print the same.
static const char *check_print(struct am_case *c, const struct config *config,
                               enum matcher_mode mode)
{
    struct err err = ERR_INIT;
    struct config *again = am_case_config(c, config->original, mode, &err);
    if (!again)
        return case_fail(c->mem, "printed text does not load: %.*s\n%.*s", STR(err_str(&err)),
                         STR(config->original));
    bool is_same = str_eq(again->original, config->original);
    const char *why = is_same ? NULL
                              : case_fail(c->mem, "prints\n%.*s\nand then\n%.*s",
                                          STR(config->original), STR(again->original));
    config_unref(again);
    return why;
}

// One case has the text of older versions, which did not name the unit.
static bool is_wanted(const struct err *err, str want)
{
    return str_find_str(err_str(err), want) != STR_NONE ||
           (str_starts(want, S("not a valid duration string: ")) &&
            str_starts(err_str(err), S("unknown unit ")));
}

static const char *check_verdict(struct am_case *c, const cJSON *v, str text)
{
    bool is_classic = str_eq(case_get_text(v, "mode", c->mem), S("classic"));
    enum matcher_mode mode = is_classic ? MATCHER_CLASSIC : MATCHER_FALLBACK;
    bool is_good = str_eq(case_get_text(v, "verdict", c->mem), S("good"));
    struct err err = ERR_INIT;
    struct config *config = am_case_config(c, text, mode, &err);
    const char *why = NULL;
    if (config)
        why = is_good ? check_print(c, config, mode) : "it loads";
    else if (is_good || !is_wanted(&err, case_get_text(v, "error", c->mem)))
        why = case_fail(c->mem, "%.*s", STR(err_str(&err)));
    config_unref(config);
    return why;
}

static const char *run(const cJSON *v, struct arena *mem)
{
    struct am_case c;
    am_case_init(&c, mem);
    defer(buf_done) struct buf text = {0};
    const char *path = case_path(mem, case_get(v, "file")->valuestring);
    struct err err = ERR_INIT;
    const char *why = am_case_file_read(&c.fake.env, str_c(path), CONFIG_BYTES_MAX, &text, &err)
                          ? check_verdict(&c, v, buf_str(&text))
                          : case_fail(mem, "cannot read %s", path);
    am_case_done(&c);
    return why;
}

static void am_config(void **state)
{
    (void)state;
    case_file_run("am-config", run);
}

int test_am_config(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_config)};
    return run_group("am-config", tests);
}
