// SPDX-License-Identifier: Apache-2.0
// Small tables: values of -rule, joined errors, parameters of groups and what changes a group.
#include "rules/err_list.h"
#include "tests/golden/vmalert/rig.h"
#include "vmalert/loader.h"

static const char *run_source(const cJSON *c, struct arena *mem)
{
    struct rule_source source;
    struct err err = ERR_INIT;
    defer(buf_done) struct buf text = {0};
    bool ok = rule_source_parse(case_get_text(c, "path", mem), &source, &err);
    if (ok == (case_get(c, "expErr") != NULL))
        return case_fail(mem, "%s %.*s", ok ? "accepted" : "refused:", STR(err_str(&err)));
    if (!ok)
        return str_find_str(err_str(&err), case_get_text(c, "expErr", mem)) != STR_NONE
                   ? NULL
                   : case_fail(mem, "error \"%.*s\"", STR(err_str(&err)));
    buf_put_rule_source(&text, &source);
    return str_eq(buf_str(&text), case_get_text(c, "expStr", mem))
               ? NULL
               : case_fail(mem, "is %.*s", STR(buf_str(&text)));
}

static const char *run_errors(const cJSON *c, struct arena *mem)
{
    struct err_list list = {0};
    struct err err = ERR_INIT;
    const cJSON *problems = case_get(c, "errs");
    for (const cJSON *e = problems->child; e; e = e->next)
        err_list_add(&list, case_text(e, mem));
    bool is_empty = err_list_end(&list, ERR_INVALID, &err);
    if (is_empty != (problems->child == NULL))
        return "an empty list is one without errors";
    return str_eq(err_str(&err), case_get_text(c, "result", mem))
               ? NULL
               : case_fail(mem, "is \"%.*s\"", STR(err_str(&err)));
}

// The text of one group, as the only item of a file.
static struct rule_files *read_group(str text, struct arena *mem, struct err *err)
{
    defer(buf_done) struct buf file = {0};
    str line;
    buf_put(&file, S("groups:\n"));
    for (bool is_first = true; str_cut(text, '\n', &line, &text) || line.n;) {
        if (line.n) {
            buf_printf(&file, "%s%.*s\n", is_first ? "- " : "  ", STR(line));
            is_first = false;
        }
    }
    const struct rule_file_text input = {S("rules.yml"), arena_str(mem, buf_str(&file))};
    const struct rule_file_options options = {.default_interval = DUR_MINUTES(1)};
    return rule_files_parse(&input, 1, &options, err);
}

static const char *run_checksum(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    defer(rule_files_unref_p) struct rule_files *a =
        read_group(case_get_text(c, "a", mem), mem, &err);
    defer(rule_files_unref_p) struct rule_files *b =
        read_group(case_get_text(c, "b", mem), mem, &err);
    if (!a || !b)
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    bool is_equal = a->groups[0].checksum == b->groups[0].checksum;
    return is_equal == case_get_bool(c, "equal") ? NULL : "the checksums say otherwise";
}

static const char *run_params(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    defer(buf_done) struct buf text = {0};
    defer(rule_files_unref_p) struct rule_files *files =
        read_group(case_get_text(c, "group", mem), mem, &err);
    if (!files)
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    buf_put_params(&text, &files->groups[0].params);
    return str_eq(buf_str(&text), case_get_text(c, "query", mem))
               ? NULL
               : case_fail(mem, "are %.*s", STR(buf_str(&text)));
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    static const struct {
        const char *test;
        const char *(*run)(const cJSON *, struct arena *);
    } TESTS[] = {
        {"NewFS", run_source},           {"NewFSNegative", run_source}, {"ErrGroup", run_errors},
        {"GroupChecksum", run_checksum}, {"GroupParams", run_params},
    };
    str test = case_get_text(c, "test", mem);
    for (size_t i = 0; i < ARRAY_LEN(TESTS); i++) {
        if (str_eq(test, str_c(TESTS[i].test)))
            return TESTS[i].run(c, mem);
    }
    return case_fail(mem, "unknown test %.*s", STR(test));
}

static void small_tables(void **state)
{
    (void)state;
    case_file_run("vm-misc", run_case);
}

int test_vm_misc(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(small_tables)};
    return run_group("vm-misc", tests);
}
