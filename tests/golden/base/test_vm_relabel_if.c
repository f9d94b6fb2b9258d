// SPDX-License-Identifier: Apache-2.0
// The condition of a relabeling rule: reading, matching, printing.
#include "base/model/selector.h"
#include "base/text/json_writer.h"
#include "base/text/yaml_print.h"
#include "tests/golden/base/relabel_case.h"

static bool bind(str yaml, struct relabel_if *ret, struct arena *mem)
{
    struct yaml_node *root;
    struct yaml_binder binder = {.mem = mem};
    bool ok = yaml_parse(yaml, &(struct yaml_options){0}, mem, &root, NULL) &&
              relabel_bind_if(&binder, root, ret);
    buf_done(&binder.problems);
    return ok;
}

// The rule keeps what the condition matches.
static const char *run_match(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    str config =
        arena_printf(mem, "- action: keep\n  if: %.*s\n", STR(case_get_text(c, "if", mem)));
    struct relabel *rules = case_rules(config, mem, &err);
    if (!rules)
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    struct label_list labels = case_labels(case_get_text(c, "metric", mem), mem);
    relabel_apply(rules, &labels);
    relabel_free(rules);
    return (labels.count > 0) == case_get_bool(c, "match") ? NULL : "matches otherwise";
}

static str joined(const struct relabel_if *when, struct arena *mem)
{
    str text = {0};
    for (size_t i = 0; i < when->texts.count; i++)
        text = arena_printf(mem, "%.*s%s%.*s", STR(text), i ? "," : "", STR(when->texts.items[i]));
    return text;
}

static const char *run_yaml(const cJSON *c, struct arena *mem)
{
    struct relabel_if when = {0};
    bool ok = bind(case_get_text(c, "if_yaml", mem), &when, mem);
    const cJSON *printed = case_get(c, "printed");
    if (ok == case_get_bool(c, "error"))
        return ok ? "is read" : "is refused";
    if (!printed)
        return NULL;
    str got = joined(&when, mem);
    return str_eq(got, case_text(printed, mem)) ? NULL : case_fail(mem, "%.*s", STR(got));
}

// The metric's name that an alternative alone asks for.
static str common_name(const struct selector *s)
{
    for (size_t i = 0; s->count == 1 && i < s->alternatives[0].count; i++) {
        const struct selector_condition *f = &s->alternatives[0].items[i];
        if (f->op == MATCH_EQ && str_eq(f->name, S("__name__")))
            return f->value;
    }
    return (str){0};
}

static const char *run_text(const cJSON *c, struct arena *mem)
{
    struct selector selector;
    str text = case_get_text(c, "if", mem);
    bool ok = selector_parse(text, mem, &selector, NULL);
    str name = ok ? common_name(&selector) : (str){0};
    selector_done(&selector);
    if (ok == case_get_bool(c, "error"))
        return ok ? "is read" : "is refused";
    if (case_get(c, "metric_name"))
        return str_eq(name, case_get_text(c, "metric_name", mem)) ? NULL : "another name";
    if (!case_get(c, "json"))
        return NULL;
    struct buf out = {0};
    buf_put_json_str(&out, JSON_ESCAPE_HTML, text);
    bool is_equal = str_eq(buf_str(&out), case_get_text(c, "json", mem));
    buf_done(&out);
    return is_equal ? NULL : "another text";
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    return case_get(c, "if_yaml") ? run_yaml(c, mem)
           : case_get(c, "match") ? run_match(c, mem)
                                  : run_text(c, mem);
}

static void conditions(void **state)
{
    (void)state;
    case_file_run("vm-relabel-if", run_case);
}

int test_vm_relabel_if(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(conditions)};
    return run_group("vm-relabel-if", tests);
}
