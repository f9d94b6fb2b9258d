// SPDX-License-Identifier: Apache-2.0
// Small pieces of relabeling, each with its own arguments.
#include "base/model/graphite.h"
#include "base/model/target_url.h"
#include "base/model/vm_regex.h"
#include "tests/golden/base/relabel_case.h"

static const char *check_text(str got, str want, struct arena *mem)
{
    return str_eq(got, want) ? NULL : case_fail(mem, "%.*s", STR(got));
}

static str text_of(struct buf *b, struct arena *mem)
{
    str s = arena_str(mem, buf_str(b));
    buf_done(b);
    return s;
}

static const char *run_metric_name(const cJSON *c, struct arena *mem)
{
    return check_text(metric_name_sanitized(case_get_text(c, "s", mem), mem),
                      case_get_text(c, "resultExpected", mem), mem);
}

static const char *run_label_name(const cJSON *c, struct arena *mem)
{
    return check_text(label_name_sanitized(case_get_text(c, "s", mem), mem),
                      case_get_text(c, "resultExpected", mem), mem);
}

static const char *run_print(const cJSON *c, struct arena *mem)
{
    struct label_list labels = {.mem = mem};
    const cJSON *list = case_get(c, "labels");
    for (const cJSON *l = list ? list->child : NULL; l; l = l->next)
        label_list_add(&labels, case_get_text(l, "Name", mem), case_get_text(l, "Value", mem));
    return check_text(case_metric(&labels, mem), case_get_text(c, "sExpected", mem), mem);
}

static const char *run_finalize(const cJSON *c, struct arena *mem)
{
    struct label_list labels = case_labels(case_get_text(c, "metric", mem), mem);
    label_list_remove_hidden(&labels, true);
    return check_text(case_metric(&labels, mem), case_get_text(c, "resultExpected", mem), mem);
}

static const char *run_references(const cJSON *c, struct arena *mem)
{
    struct buf out = {0};
    struct label_list labels = case_labels(case_get_text(c, "metric", mem), mem);
    buf_put_label_references(&out, case_get_text(c, "replacement", mem), &labels);
    return check_text(text_of(&out, mem), case_get_text(c, "resultExpected", mem), mem);
}

// Through a rule: anchors are cut where rules are compiled.
static const char *run_regex(const cJSON *c, struct arena *mem)
{
    struct relabel_conf conf = {
        .action = S("keep"),
        .source_labels = {.items = &(str){"a", 1}, .count = 1},
        .regex = {true, case_get_text(c, "pattern", mem)},
    };
    const struct yaml_list confs = {&conf, 1};
    struct relabel *rules;
    struct err err = ERR_INIT;
    struct label_list labels = {.mem = mem};
    if (!relabel_new(&confs, &rules, &err))
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    label_list_add(&labels, S("a"), case_get_text(c, "s", mem));
    label_list_add(&labels, S("b"), S("stays")); // also when a is empty
    relabel_apply(rules, &labels);
    relabel_free(rules);
    return (labels.count > 0) == case_get_bool(c, "match") ? NULL : "matches otherwise";
}

static const char *run_graphite(const cJSON *c, struct arena *mem)
{
    struct graphite_matches matches;
    struct buf out = {0};
    if (!graphite_match(case_get_text(c, "matchTpl", mem), case_get_text(c, "s", mem), &matches))
        return "no match";
    graphite_expand(case_get_text(c, "replaceTpl", mem), &matches, &out);
    return check_text(text_of(&out, mem), case_get_text(c, "resultExpected", mem), mem);
}

static const char *run_graphite_match(const cJSON *c, struct arena *mem)
{
    struct graphite_matches matches;
    bool ok = graphite_match(case_get_text(c, "tpl", mem), case_get_text(c, "s", mem), &matches);
    if (ok != case_get_bool(c, "okExpected"))
        return ok ? "a match" : "no match";
    const cJSON *want = case_get(c, "matchesExpected");
    if (ok && (int)matches.count != cJSON_GetArraySize(want))
        return case_fail(mem, "%zu matches", matches.count);
    for (int i = 0; ok && i < (int)matches.count; i++) {
        if (!str_eq(matches.items[i], case_text(cJSON_GetArrayItem(want, i), mem)))
            return case_fail(mem, "match %d: %.*s", i, STR(matches.items[i]));
    }
    return NULL;
}

static const char *run_graphite_expand(const cJSON *c, struct arena *mem)
{
    struct graphite_matches matches = {0};
    struct buf out = {0};
    const cJSON *list = case_get(c, "matches");
    for (const cJSON *m = list ? list->child : NULL; m; m = m->next)
        matches.items[matches.count++] = case_text(m, mem);
    graphite_expand(case_get_text(c, "tpl", mem), &matches, &out);
    return check_text(text_of(&out, mem), case_get_text(c, "resultExpected", mem), mem);
}

static const char *run_scrape_url(const cJSON *c, struct arena *mem)
{
    str url, address;
    struct label_list labels = case_labels(case_get_text(c, "labelsStr", mem), mem);
    target_scrape_url(&labels, mem, &url, &address);
    const char *why = check_text(url, case_get_text(c, "expectedScrapeURL", mem), mem);
    return why ? why : check_text(address, case_get_text(c, "expectedAddress", mem), mem);
}

static const char *run_default_regex(const cJSON *c, struct arena *mem)
{
    bool is_default = relabel_regex_is_default(case_get_text(c, "s", mem));
    return is_default == case_get_bool(c, "resultExpected") ? NULL : "otherwise";
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    static const struct {
        const char *test;
        const char *(*run)(const cJSON *c, struct arena *mem);
    } RUNS[] = {
        {"SanitizeMetricName", run_metric_name},
        {"SanitizeLabelName", run_label_name},
        {"LabelsToString", run_print},
        {"FinalizeLabels", run_finalize},
        {"FillLabelReferences", run_references},
        {"RegexMatchStringSuccess", run_regex},
        {"RegexpMatchStringFailure", run_regex},
        {"GraphiteTemplateMatchExpand", run_graphite},
        {"GraphiteMatchTemplateMatch", run_graphite_match},
        {"GraphiteReplaceTemplateExpand", run_graphite_expand},
        {"GetScrapeURL", run_scrape_url},
        {"IsDefaultRegex", run_default_regex},
    };
    str test = case_get_text(c, "test", mem);
    for (size_t i = 0; i < ARRAY_LEN(RUNS); i++) {
        if (str_eq(test, str_c(RUNS[i].test)))
            return RUNS[i].run(c, mem);
    }
    return case_fail(mem, "nobody knows %.*s", STR(test));
}

static void pieces(void **state)
{
    (void)state;
    case_file_run("vm-relabel-misc", run_case);
}

int test_vm_relabel_misc(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pieces)};
    return run_group("vm-relabel-misc", tests);
}
