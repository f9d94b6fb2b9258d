// SPDX-License-Identifier: Apache-2.0
// VictoriaMetrics' label sets: from texts and maps, setting, removing.
#include "base/text/json_writer.h"
#include "tests/golden/base/relabel_case.h"

typedef bool parse_fn(str text, struct label_list *ret, struct err *err);

static str printed(const struct label_list *labels, struct arena *mem)
{
    struct buf out = {0};
    buf_put_label_list(&out, labels);
    str s = arena_str(mem, buf_str(&out));
    buf_done(&out);
    return s;
}

static str printed_json(const struct label_list *labels, struct arena *mem)
{
    struct buf out = {0};
    buf_put_c(&out, '{');
    for (size_t i = 0; i < labels->count; i++) {
        if (i)
            buf_put_c(&out, ',');
        buf_put_json_str(&out, JSON_ESCAPE_HTML, labels->items[i].name);
        buf_put_c(&out, ':');
        buf_put_json_str(&out, JSON_ESCAPE_HTML, labels->items[i].value);
    }
    buf_put_c(&out, '}');
    str s = arena_str(mem, buf_str(&out));
    buf_done(&out);
    return s;
}

static parse_fn *parser_of(str test)
{
    return str_starts(test, S("LabelsUnmarshalYAML"))   ? label_list_parse_yaml
           : str_starts(test, S("LabelsUnmarshalJSON")) ? label_list_parse_json
           : str_starts(test, S("NewLabelsFromString")) ? label_list_parse_metric
                                                        : NULL;
}

static const char *check_text(str got, const cJSON *want, struct arena *mem)
{
    return !want || str_eq(got, case_text(want, mem)) ? NULL : case_fail(mem, "%.*s", STR(got));
}

static const char *run_parse(const cJSON *c, parse_fn *parse, struct arena *mem)
{
    struct label_list labels = {.mem = mem};
    bool ok = parse(case_get_text(c, "s", mem), &labels, NULL);
    if (ok == case_get_bool(c, "error"))
        return ok ? "is read" : "is refused";
    if (ok && parse == label_list_parse_json && !case_get(c, "resultExpected"))
        return check_text(printed_json(&labels, mem), case_get(c, "s"), mem);
    return ok ? check_text(printed(&labels, mem), case_get(c, "resultExpected"), mem) : NULL;
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    str test = case_get_text(c, "test", mem);
    parse_fn *parse = parser_of(test);
    if (parse)
        return run_parse(c, parse, mem);
    struct label_list labels = case_labels(case_get_text(c, "metric", mem), mem);
    if (str_eq(test, S("LabelsRemoveMetaLabels")))
        label_list_remove_meta(&labels);
    else if (str_eq(test, S("LabelsRemoveLabelsWithDoubleUnderscorePrefix")))
        label_list_remove_hidden(&labels, false);
    else if (str_eq(test, S("Labels_Set")))
        label_list_set_given(&labels, case_get_text(c, "name", mem),
                             case_get_text(c, "value", mem));
    else
        return case_fail(mem, "nobody knows %.*s", STR(test));
    return check_text(printed(&labels, mem), case_get(c, "resultExpected"), mem);
}

static void label_sets(void **state)
{
    (void)state;
    case_file_run("vm-labels", run_case);
}

int test_vm_labels(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(label_sets)};
    return run_group("vm-labels", tests);
}
