// SPDX-License-Identifier: Apache-2.0
// One test: its input, its groups of rules, step by step through its time.
#include "base/core/alloc.h"
#include "rules/template.h"
#include "vmalert/external_url.h"
#include "vmalert/tool/input_series.h"
#include "vmalert/tool/unittest_int.h"

void test_fail(struct test_run *t, str text)
{
    label_list_add(t->errors, S(""), arena_str(t->errors->mem, text));
}

static void fail(struct test_run *t, struct err *err)
{
    test_fail(t, err_str(err));
}

// ---- input -------------------------------------------------------------------------------------

static bool add_input(struct test_run *t, const struct test_series *s, struct err *err)
{
    struct label_list labels;
    struct input_values values;
    dur_ns interval = t->test->has_interval ? t->test->interval : t->step;
    if (!input_series_parse(s->series, s->values, t->mem, &labels, &values, err))
        return false;
    struct sample *samples = arena_array(t->mem, struct sample, values.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < values.count; i++) {
        time_ns at = add_saturated(TEST_START, mul_saturated(interval, (int64_t)i));
        if (!values.items[i].is_omitted)
            samples[count++] = (struct sample){values.items[i].value, at / DUR_MS(1)};
    }
    return memstore_add(t->store, labels.items, labels.count, samples, count, err);
}

static bool add_inputs(struct test_run *t, struct err *err)
{
    for (size_t i = 0; i < t->test->series.count; i++) {
        if (!add_input(t, YAML_LIST_AT(&t->test->series, struct test_series, i), err))
            return false;
    }
    return true;
}

// ---- groups ------------------------------------------------------------------------------------

static bool has_label(const struct unittest *u, str name)
{
    for (size_t i = 0; i < u->external_label_count; i++) {
        if (str_eq(u->external_labels[i].name, name))
            return true;
    }
    return false;
}

// The test's own external labels stand below those of the group; those of the command line win.
static const struct group_conf *with_labels(struct test_run *t, const struct group_conf *g)
{
    const struct yaml_str_map *own = &t->test->external_labels;
    struct label_list labels = {.mem = t->mem};
    for (size_t i = 0; i < own->count; i++) {
        if (!has_label(t->u, own->items[i].key))
            label_list_set(&labels, own->items[i].key, own->items[i].value);
    }
    for (size_t i = 0; i < g->labels.count; i++)
        label_list_set(&labels, g->labels.items[i].key, g->labels.items[i].value);
    struct group_conf *copy = arena_new(t->mem, struct group_conf);
    *copy = *g;
    copy->labels.items = arena_array(t->mem, struct yaml_str_pair, labels.count + 1);
    copy->labels.count = labels.count;
    for (size_t i = 0; i < labels.count; i++)
        copy->labels.items[i] = (struct yaml_str_pair){labels.items[i].name, labels.items[i].value};
    yaml_str_map_sort(&copy->labels);
    return copy;
}

static void make_group(struct test_run *t, struct rule_files *files, const struct group_conf *conf)
{
    struct group_run *g = &t->groups[t->group_count++];
    g->conf = with_labels(t, conf);
    g->name = t->u->opt->disable_alertgroup_label ? S("") : conf->name;
    g->rules = arena_array(t->mem, struct any_rule, conf->rule_count + 1);
    for (; g->rule_count < conf->rule_count; g->rule_count++) {
        const struct rule_conf *rule = &conf->rules[g->rule_count];
        struct any_rule *to = &g->rules[g->rule_count];
        if (rule->is_recording)
            to->recording = recording_new(&t->shared, files, g->conf, rule);
        else
            to->alerting = alerting_new(&t->shared, files, g->conf, rule);
    }
}

// Groups that are not listed go with the first one that is.
static size_t position_of(const struct unittest_file *f, str group)
{
    for (size_t i = 0; i < f->group_order.count; i++) {
        if (str_eq(f->group_order.items[i], group))
            return i;
    }
    return 0;
}

static void make_groups(struct test_run *t, const struct unittest_file *f, struct rule_files *files)
{
    t->groups = arena_array(t->mem, struct group_run, files->group_count + 1);
    for (size_t position = 0; position < MAX(f->group_order.count, 1); position++) {
        for (size_t i = 0; i < files->group_count; i++) {
            if (position_of(f, files->groups[i].name) == position)
                make_group(t, files, &files->groups[i]);
        }
    }
}

// ---- a group at one instant --------------------------------------------------------------------

struct pass {
    struct test_run *t;
    struct evaluation **evaluations; // of the group's rules
    size_t done;
};

static void on_evaluated(void *owner, struct evaluation *e)
{
    struct pass *p = owner;
    (void)e; // read when all are done: until then no rule sees what another one has given
    p->done++;
}

static bool keep_series(struct test_run *t, const struct evaluation *e, struct err *err)
{
    for (size_t i = 0; i < e->series.count; i++) {
        const struct series *s = &e->series.items[i];
        if (!memstore_add(t->store, s->labels, s->label_count, s->samples, s->sample_count, err))
            return err_wrap(err, "remote write failure");
    }
    return true;
}

static bool finish_rule(struct test_run *t, struct evaluation *e, struct err *err)
{
    const struct rule *r = any_rule_base(&e->rule);
    bool ok = true;
    if (e->err.code != ERR_NONE) {
        *err = e->err;
        ok = err_wrap(err, "failed to execute");
    } else {
        ok = keep_series(t, e, err);
    }
    return ok || err_wrap(err, "rule \"%.*s\"", STR(r->conf->name));
}

static bool run_group(struct test_run *t, const struct group_run *g, time_ns ts, str *ret_error)
{
    struct pass pass = {.t = t};
    bool ok = true;
    t->source.now = ts;
    pass.evaluations = mem_array(struct evaluation *, g->rule_count + 1);
    for (size_t i = 0; i < g->rule_count; i++) {
        pass.evaluations[i] = evaluation_start(g->rules[i], &t->source.datasource, ts,
                                               g->conf->limit, on_evaluated, &pass);
        if (i % g->conf->concurrency == g->conf->concurrency - 1)
            memory_source_answer(&t->source);
    }
    memory_source_answer(&t->source);
    assert(pass.done == g->rule_count);
    for (size_t i = 0; i < g->rule_count; i++) {
        struct err err = ERR_INIT;
        if (ok && !finish_rule(t, pass.evaluations[i], &err)) {
            ok = false;
            *ret_error = arena_str(t->mem, err_str(&err));
        }
        evaluation_free(pass.evaluations[i]);
    }
    mem_free(pass.evaluations);
    return ok;
}

// ---- one test ----------------------------------------------------------------------------------

static bool init_shared(struct test_run *t, struct err *err)
{
    const struct unittest *u = t->u;
    struct external_url url = {0};
    if (u->opt->external_url.n &&
        !external_url_init(u->opt->external_url, S(""), false, S("localhost"), t->mem, &url, err))
        return false;
    t->shared = (struct rules_shared){
        .env = &t->source.env,
        .labels = &t->labels,
        .templates = {.base = u->templates,
                      .env = &t->source.env,
                      .external_labels = u->external_labels,
                      .external_label_count = u->external_label_count,
                      .external_url = u->opt->external_url,
                      .external_url_full = url.text,
                      .external_path = url.path},
        .resend_delay = DUR_MINUTES(1),
        .update_entries_limit = 1,
        .counters = &t->counters,
    };
    return true;
}

static dur_ns last_eval_time(const struct test_group *test)
{
    dur_ns last = 0;
    for (size_t i = 0; i < test->alert_cases.count; i++)
        last = MAX(last, YAML_LIST_AT(&test->alert_cases, struct test_alert_case, i)->eval_time);
    for (size_t i = 0; i < test->expr_cases.count; i++)
        last = MAX(last, YAML_LIST_AT(&test->expr_cases, struct test_expr_case, i)->eval_time);
    return last;
}

static bool run_groups(struct test_run *t, time_ns ts)
{
    for (size_t i = 0; i < t->group_count; i++) {
        str error;
        if (run_group(t, &t->groups[i], ts, &error))
            continue;
        struct civil c = civil_from_time(ts, 0);
        test_fail(t, arena_printf(t->mem,
                                  "\nfailed to exec group: \"%.*s\", time: %04d-%02d-%02d "
                                  "%02d:%02d:%02d +0000 UTC, err: %.*s",
                                  STR(t->groups[i].conf->name), (int)c.year, c.month, c.day, c.hour,
                                  c.minute, c.second, STR(error)));
        return false;
    }
    return true;
}

static void run_steps(struct test_run *t)
{
    dur_ns last = last_eval_time(t->test);
    if (t->step <= 0 || last / t->step >= UNITTEST_STEPS_MAX) {
        test_fail(t, S("too many steps of evaluation_interval up to the largest eval_time"));
        return;
    }
    for (dur_ns at = 0; at <= last; at += t->step) {
        if (unittest_is_cancelled(t->u->opt) || !run_groups(t, TEST_START + at))
            return;
        test_check_alerts(t, at);
    }
    test_check_exprs(t);
}

static void free_groups(struct test_run *t)
{
    for (size_t i = 0; i < t->group_count; i++) {
        for (size_t j = 0; j < t->groups[i].rule_count; j++) {
            alerting_free(t->groups[i].rules[j].alerting);
            recording_free(t->groups[i].rules[j].recording);
        }
    }
}

void test_run(const struct unittest *u, const struct unittest_file *f,
              const struct test_group *test, struct rule_files *files, struct label_list *errors)
{
    struct arena mem = {0};
    struct err err = ERR_INIT;
    struct test_run t = {.u = u, .test = test, .mem = &mem, .errors = errors};
    t.step = f->evaluation_interval;
    t.store = memstore_new(NULL);
    memory_source_init(&t.source, u->env, t.store);
    label_store_init(&t.labels, 1);
    if (!add_inputs(&t, &err) || !init_shared(&t, &err)) {
        fail(&t, &err);
    } else {
        make_groups(&t, f, files);
        run_steps(&t);
        free_groups(&t);
    }
    memory_source_done(&t.source);
    label_store_done(&t.labels);
    memstore_free(t.store);
    arena_done(&mem);
}
