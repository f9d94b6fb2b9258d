// SPDX-License-Identifier: Apache-2.0
// What is expected compared with what there is, and how the difference is shown. spec: vmalert-tool
// §6.
#include "base/text/gofmt.h"
#include "base/text/unicode.h"
#include "rules/metricsql/metricsql.h"
#include "vmalert/tool/unittest_int.h"

#define INDENT_OUTER 12
#define INDENT_INNER 2

// ---- label sets --------------------------------------------------------------------------------

struct labelled {
    struct label_list labels, annotations;
    double value; // of samples
};

struct labelled_list {
    struct labelled *items;
    size_t count, cap;
};

static struct labelled *add(struct labelled_list *l, struct arena *mem)
{
    if (l->count == l->cap) {
        l->cap = MAX(l->cap * 2, 8);
        struct labelled *grown = arena_array(mem, struct labelled, l->cap);
        if (l->count)
            memcpy(grown, l->items, l->count * sizeof(*grown));
        l->items = grown;
    }
    struct labelled *item = &l->items[l->count++];
    *item = (struct labelled){.labels = {.mem = mem}, .annotations = {.mem = mem}};
    return item;
}

static int cmp_labels(const struct label_list *a, const struct label_list *b)
{
    int order = 0;
    for (size_t i = 0; order == 0 && i < a->count && i < b->count; i++) {
        order = str_cmp(a->items[i].name, b->items[i].name);
        if (order == 0)
            order = str_cmp(a->items[i].value, b->items[i].value);
    }
    return order ? order : (a->count > b->count) - (a->count < b->count);
}

static int cmp_items(const void *a, const void *b)
{
    const struct labelled *x = a, *y = b;
    int order = cmp_labels(&x->labels, &y->labels);
    return order ? order : cmp_labels(&x->annotations, &y->annotations);
}

static void sort(struct labelled_list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        label_list_sort(&l->items[i].labels);
        label_list_sort(&l->items[i].annotations);
    }
    if (l->count > 1)
        qsort(l->items, l->count, sizeof(*l->items), cmp_items);
}

// NaN equals nothing, as in Go.
static bool are_equal(const struct labelled_list *a, const struct labelled_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (cmp_items(&a->items[i], &b->items[i]) != 0 || a->items[i].value != b->items[i].value)
            return false;
    }
    return true;
}

static void put_labels(struct buf *b, const struct label_list *l)
{
    buf_put_c(b, '{');
    for (size_t i = 0; i < l->count; i++) {
        if (i)
            buf_put(b, S(", "));
        buf_put(b, l->items[i].name);
        buf_put_c(b, '=');
        buf_put_quoted(b, l->items[i].value);
    }
    buf_put_c(b, '}');
}

static void put_line(struct buf *b, size_t indent)
{
    buf_put_c(b, '\n');
    buf_put_fill(b, ' ', indent);
}

static void put_alerts(struct buf *b, const struct labelled_list *l)
{
    if (!l->count) {
        buf_put(b, S("[]"));
        return;
    }
    buf_put_c(b, '[');
    for (size_t i = 0; i < l->count; i++) {
        if (i)
            buf_put_c(b, ',');
        put_line(b, INDENT_OUTER);
        buf_printf(b, "%zu:", i);
        put_line(b, INDENT_OUTER + INDENT_INNER);
        buf_put(b, S("Labels:"));
        put_labels(b, &l->items[i].labels);
        put_line(b, INDENT_OUTER + INDENT_INNER);
        buf_put(b, S("Annotations:"));
        put_labels(b, &l->items[i].annotations);
    }
    put_line(b, INDENT_OUTER);
    buf_put_c(b, ']');
}

// ---- alerts ------------------------------------------------------------------------------------

static void add_alert(struct test_run *t, const struct alert *alert, struct labelled_list *ret)
{
    struct labelled *to = add(ret, t->mem);
    for (size_t i = 0; i < alert->labels->count; i++) {
        str name = labels_name_at(alert->labels, i);
        if (!t->u->opt->disable_alertgroup_label || !str_eq(name, S("alertgroup")))
            label_list_add(&to->labels, name, labels_value_at(alert->labels, i));
    }
    for (size_t i = 0; i < alert->annotation_count; i++)
        label_list_add(&to->annotations, alert->annotations[i].name, alert->annotations[i].value);
}

static struct labelled_list firing_alerts(struct test_run *t, str group, str name)
{
    struct labelled_list ret = {0};
    for (size_t i = 0; i < t->group_count; i++) {
        const struct group_run *g = &t->groups[i];
        for (size_t j = 0; str_eq(g->name, group) && j < g->rule_count; j++) {
            struct alerting_rule *r = g->rules[j].alerting;
            if (!r || !str_eq(r->rule.conf->name, name))
                continue;
            map_each (struct alert, alert, &r->alerts) {
                if (alert->state == ALERT_FIRING)
                    add_alert(t, alert, &ret);
            }
        }
    }
    sort(&ret);
    return ret;
}

static struct labelled_list expected_alerts(struct test_run *t, const struct test_alert_case *c)
{
    struct labelled_list ret = {0};
    for (size_t i = 0; i < c->alerts.count; i++) {
        const struct test_alert *want = YAML_LIST_AT(&c->alerts, struct test_alert, i);
        struct labelled *to = add(&ret, t->mem);
        for (size_t j = 0; j < want->labels.count; j++)
            label_list_set(&to->labels, want->labels.items[j].key, want->labels.items[j].value);
        for (size_t j = 0; j < want->annotations.count; j++)
            label_list_add(&to->annotations, want->annotations.items[j].key,
                           want->annotations.items[j].value);
        if (!t->u->opt->disable_alertgroup_label)
            label_list_set(&to->labels, S("alertgroup"), c->group);
        label_list_set(&to->labels, S("alertname"), c->alert);
    }
    sort(&ret);
    return ret;
}

static void check_alerts(struct test_run *t, const struct test_alert_case *c)
{
    struct labelled_list want = expected_alerts(t, c), got = firing_alerts(t, c->group, c->alert);
    if (are_equal(&want, &got))
        return;
    struct buf b = {.mem = t->mem};
    buf_put_c(&b, '\n');
    if (t->test->name.n)
        buf_printf(&b, "testGroupName: %.*s,\n", STR(t->test->name));
    buf_printf(&b, "    groupname: %.*s, alertname: %.*s, time: ", STR(c->group), STR(c->alert));
    buf_put_dur_go(&b, c->eval_time);
    buf_put(&b, S(", \n        exp:"));
    put_alerts(&b, &want);
    buf_put(&b, S(", \n        got:"));
    put_alerts(&b, &got);
    buf_put_c(&b, ' ');
    test_fail(t, buf_str(&b));
}

// Of several cases with the same time, group and alert the last one counts.
static bool is_superseded(const struct test_group *test, size_t at)
{
    const struct test_alert_case *c = YAML_LIST_AT(&test->alert_cases, struct test_alert_case, at);
    for (size_t i = at + 1; i < test->alert_cases.count; i++) {
        const struct test_alert_case *later =
            YAML_LIST_AT(&test->alert_cases, struct test_alert_case, i);
        if (later->eval_time == c->eval_time && str_eq(later->group, c->group) &&
            str_eq(later->alert, c->alert))
            return true;
    }
    return false;
}

void test_check_alerts(struct test_run *t, dur_ns at)
{
    for (size_t i = 0; i < t->test->alert_cases.count; i++) {
        const struct test_alert_case *c =
            YAML_LIST_AT(&t->test->alert_cases, struct test_alert_case, i);
        if (c->eval_time >= at && c->eval_time < at + t->step && !is_superseded(t->test, i))
            check_alerts(t, c);
    }
}

// ---- expressions -------------------------------------------------------------------------------

static str expr_title(struct test_run *t, const struct test_expr_case *c)
{
    struct buf b = {.mem = t->mem};
    buf_put(&b, S("    expr: "));
    buf_put_quoted(&b, c->expr);
    buf_put(&b, S(", time: "));
    buf_put_dur_go(&b, c->eval_time);
    return buf_str(&b);
}

// The operators of the filters do not count: {a=~"b"} is the label a="b".
static bool read_labels(struct test_run *t, str text, struct label_list *to, struct err *err)
{
    if (!text.n)
        return true;
    const struct mql_expr *e = mql_parse(text, t->mem, err);
    struct buf b = {.mem = t->mem};
    buf_put_quoted(&b, text);
    str quoted = buf_str(&b);
    if (!e)
        return err_wrap(err, "failed to parse labels %.*s", STR(quoted));
    if (e->kind != MQL_SELECTOR || e->selector.count > 1)
        return err_set(err, ERR_INVALID, "got invalid exp_samples: %.*s", STR(quoted));
    const struct mql_filters *f = e->selector.alternatives;
    for (size_t i = 0; e->selector.count && i < f->count; i++)
        label_list_add(to, f->items[i].label, f->items[i].value);
    return true;
}

static bool expected_samples(struct test_run *t, const struct test_expr_case *c,
                             struct labelled_list *ret, struct err *err)
{
    for (size_t i = 0; i < c->samples.count; i++) {
        const struct test_sample *want = YAML_LIST_AT(&c->samples, struct test_sample, i);
        struct labelled *to = add(ret, t->mem);
        to->value = want->value;
        if (!read_labels(t, want->labels, &to->labels, err))
            return false;
    }
    sort(ret);
    return true;
}

static struct labelled_list samples_of(struct test_run *t, const struct query_result *result)
{
    struct labelled_list ret = {0};
    for (size_t i = 0; i < result->count; i++) {
        const struct series *s = &result->series[i];
        struct labelled *to = add(&ret, t->mem);
        to->value = s->samples[0].value;
        for (size_t j = 0; j < s->label_count; j++)
            label_list_add(&to->labels, s->labels[j].name, s->labels[j].value);
    }
    sort(&ret);
    return ret;
}

static void put_samples(struct buf *b, const struct labelled_list *l)
{
    if (!l->count)
        buf_put(b, S("nil"));
    for (size_t i = 0; i < l->count; i++) {
        if (i)
            buf_put(b, S(", "));
        put_labels(b, &l->items[i].labels);
        buf_put_c(b, ' ');
        buf_put_f64(b, l->items[i].value, 'E', -1);
    }
}

static void check_expr(struct test_run *t, const struct test_expr_case *c)
{
    struct err err = ERR_INIT;
    struct query_result result;
    struct labelled_list want = {0};
    time_ns at = add_saturated(TEST_START, c->eval_time);
    struct buf b = {.mem = t->mem};
    t->source.now = at;
    if (!memory_source_query(&t->source, c->expr, at, t->mem, &result, &err)) {
        buf_printf(&b, "%.*s, err: %.*s", STR(expr_title(t, c)), STR(err_str(&err)));
        test_fail(t, buf_str(&b));
        return;
    }
    if (!expected_samples(t, c, &want, &err)) {
        buf_printf(&b, "\n%.*s, err: %.*s", STR(expr_title(t, c)), STR(err_str(&err)));
        test_fail(t, buf_str(&b));
        return;
    }
    struct labelled_list got = samples_of(t, &result);
    if (are_equal(&want, &got))
        return;
    buf_printf(&b, "\n%.*s,\n        exp: ", STR(expr_title(t, c)));
    put_samples(&b, &want);
    buf_put(&b, S("\n        got: "));
    put_samples(&b, &got);
    test_fail(t, buf_str(&b));
}

void test_check_exprs(struct test_run *t)
{
    for (size_t i = 0; i < t->test->expr_cases.count; i++)
        check_expr(t, YAML_LIST_AT(&t->test->expr_cases, struct test_expr_case, i));
}
