// SPDX-License-Identifier: Apache-2.0
// Relabeling rules against label sets: results, steps, and the input of the debug page.
#include "tests/golden/base/relabel_case.h"

#define ORDERED_LABELS_MAX 6

static const char *check_metric(const struct label_list *labels, str want, struct arena *mem)
{
    str got = case_metric(labels, mem);
    return str_eq(got, want) ? NULL : case_fail(mem, "%.*s, not %.*s", STR(got), STR(want));
}

static const char *apply_in_order(const cJSON *c, const struct relabel *rules,
                                  const struct label_list *given, struct arena *mem)
{
    struct label_list labels = {.mem = mem};
    label_list_copy(&labels, given);
    relabel_apply(rules, &labels);
    if (case_get_bool(c, "finalize"))
        label_list_remove_hidden(&labels, true);
    return check_metric(&labels, case_get_text(c, "result", mem), mem);
}

// Does the result come with the labels from `at` on in some other order?
static bool comes_in_some_order(const cJSON *c, const struct relabel *rules,
                                struct label_list *labels, size_t at, struct arena *mem)
{
    if (at == labels->count)
        return !apply_in_order(c, rules, labels, mem);
    for (size_t i = at; i < labels->count; i++) {
        struct label swapped = labels->items[i];
        labels->items[i] = labels->items[at];
        labels->items[at] = swapped;
        if (comes_in_some_order(c, rules, labels, at + 1, mem))
            return true;
        labels->items[at] = labels->items[i];
        labels->items[i] = swapped;
    }
    return false;
}

// A case writes its labels sorted, whatever the order was in which they were sent. That shows where
// labelmap maps two of them to one name.
static const char *run_one(const cJSON *c, const struct relabel *rules, struct arena *mem)
{
    struct label_list labels = case_labels(case_get_text(c, "metric", mem), mem);
    const char *why = apply_in_order(c, rules, &labels, mem);
    bool is_mapped = str_find_str(case_get_text(c, "config", mem), S("labelmap\n")) != STR_NONE;
    return why && is_mapped && labels.count <= ORDERED_LABELS_MAX &&
                   comes_in_some_order(c, rules, &labels, 0, mem)
               ? NULL
               : why;
}

static const char *run_many(const cJSON *c, const struct relabel *rules, struct arena *mem)
{
    const cJSON *want = case_get(c, "result")->child;
    for (const cJSON *m = case_get(c, "metrics")->child; m; m = m->next) {
        struct label_list labels = case_labels(case_text(m, mem), mem);
        relabel_apply(rules, &labels);
        if (labels.count == 0)
            continue;
        const char *why = want ? check_metric(&labels, case_text(want, mem), mem) : "too many";
        if (why)
            return why;
        want = want->next;
    }
    return want ? "too few" : NULL;
}

static const char *run_input(const cJSON *c, const struct relabel *rules, struct arena *mem)
{
    struct label_list labels = {.mem = mem};
    str want = case_get_text(c, "result", mem);
    if (!label_list_parse_input(case_get_text(c, "metric", mem), &labels, NULL))
        return want.n ? "does not parse" : NULL;
    relabel_apply(rules, &labels);
    return check_metric(&labels, want, mem);
}

// ---- steps -------------------------------------------------------------------------------------

struct steps {
    const cJSON *next; // expected
    const char *why;
    struct arena *mem;
};

static void on_step(void *owner, str rule, str before, str after)
{
    struct steps *s = owner;
    const cJSON *want = s->next;
    bool is_equal = want && str_eq(rule, case_get_text(want, "Rule", s->mem)) &&
                    str_eq(before, case_get_text(want, "In", s->mem)) &&
                    str_eq(after, case_get_text(want, "Out", s->mem));
    if (!is_equal && !s->why)
        s->why = case_fail(s->mem, "step %.*s: %.*s -> %.*s", STR(rule), STR(before), STR(after));
    s->next = want ? want->next : NULL;
}

static const char *run_steps(const cJSON *c, const struct relabel *rules, struct arena *mem)
{
    struct steps s = {.next = case_get(c, "steps")->child, .mem = mem};
    struct label_list labels = case_labels(case_get_text(c, "metric", mem), mem);
    relabel_apply_debug(rules, &labels, on_step, &s);
    return s.why ? s.why : s.next ? "too few steps" : NULL;
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    struct relabel *rules = case_rules(case_get_text(c, "config", mem), mem, &err);
    const char *why = err.code != ERR_NONE     ? case_fail(mem, "%.*s", STR(err_str(&err)))
                      : case_get(c, "steps")   ? run_steps(c, rules, mem)
                      : case_get(c, "metrics") ? run_many(c, rules, mem)
                      : case_get(c, "kind")    ? run_input(c, rules, mem)
                                               : run_one(c, rules, mem);
    relabel_free(rules);
    return why;
}

static void rules_rewrite_labels(void **state)
{
    (void)state;
    case_file_run("vm-relabel", run_case);
}

int test_vm_relabel(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules_rewrite_labels)};
    return run_group("vm-relabel", tests);
}
