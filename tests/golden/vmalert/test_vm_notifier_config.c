// SPDX-License-Identifier: Apache-2.0
// Files of -notifier.config that do and do not load, and the URLs of targets.
#define BANNED_ALLOW_IMPURE
#include "tests/support/cases.h"
#include "vmalert/notifier_config.h"

static str read_file(const char *path, struct arena *mem)
{
    struct buf text = {0};
    char piece[4096];
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("cannot read %s", path);
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        buf_put(&text, str_from(piece, n));
    fclose(f);
    str copy = arena_str(mem, buf_str(&text));
    buf_done(&text);
    return copy;
}

static const char *run_file(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    const char *path = case_path(mem, case_get_text(c, "file", mem).p);
    struct notifier_config *config = notifier_config_parse(read_file(path, mem), &err);
    bool is_good = config;
    notifier_config_unref(config);
    if (is_good != str_eq(case_get_text(c, "verdict", mem), S("good")))
        return case_fail(mem, "is %s: %.*s", is_good ? "good" : "bad", STR(err_str(&err)));
    if (str_find_str(err_str(&err), case_get_text(c, "error", mem)) == STR_NONE)
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    return NULL;
}

static const char *run_target(const cJSON *c, struct arena *mem)
{
    const struct notifier_target_rules rules = {
        .scheme = case_get(c, "scheme") ? case_get_text(c, "scheme", mem) : S("http"),
        .path_prefix = case_get_text(c, "path_prefix", mem),
    };
    struct notifier_target target;
    struct err err = ERR_INIT;
    if (!notifier_target_make(&rules, case_get_text(c, "target", mem), NULL, mem, &target, &err))
        return case_get(c, "error") ? NULL : case_fail(mem, "%.*s", STR(err_str(&err)));
    if (case_get(c, "error"))
        return case_fail(mem, "gives %.*s", STR(target.url));
    return str_eq(target.url, case_get_text(c, "address", mem))
               ? NULL
               : case_fail(mem, "%.*s", STR(target.url));
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    return case_get(c, "file") ? run_file(c, mem) : run_target(c, mem);
}

static void files_and_targets(void **state)
{
    (void)state;
    case_file_run("vm-notifier-config", run_case);
}

int test_vm_notifier_config(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(files_and_targets)};
    return run_group("vm-notifier-config", tests);
}
