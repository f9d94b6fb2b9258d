// SPDX-License-Identifier: Apache-2.0
#include "vmalert/tool/unittest.h"

#include "rules/template.h"
#include "vmalert/file_glob.h"
#include "vmalert/loader.h"
#include "vmalert/rule_urls.h"
#include "vmalert/tool/unittest_int.h"

#define PRINT(opt, ...)                                                                            \
    do {                                                                                           \
        struct buf text_ = {0};                                                                    \
        buf_printf(&text_, __VA_ARGS__);                                                           \
        (opt)->print((opt)->owner, buf_str(&text_));                                               \
        buf_done(&text_);                                                                          \
    } while (0)

// ---- checks before a test ----------------------------------------------------------------------

static const char *missing_in_alert_case(const struct unittest_options *opt,
                                         const struct test_alert_case *c)
{
    if (!c->alert.n)
        return "missing required field \"alertname\"";
    if (!opt->disable_alertgroup_label && !c->group.n)
        return "missing required field \"groupname\" when flag \"disableAlertgroupLabel\" is false";
    if (opt->disable_alertgroup_label && c->group.n)
        return "shouldn't set field \"groupname\" when flag \"disableAlertgroupLabel\" is true";
    return c->has_eval_time ? NULL : "missing required field \"eval_time\"";
}

static const char *missing_in(const struct unittest_options *opt, const struct test_group *test)
{
    const char *what = NULL;
    for (size_t i = 0; !what && i < test->alert_cases.count; i++)
        what =
            missing_in_alert_case(opt, YAML_LIST_AT(&test->alert_cases, struct test_alert_case, i));
    for (size_t i = 0; !what && i < test->expr_cases.count; i++) {
        const struct test_expr_case *c = YAML_LIST_AT(&test->expr_cases, struct test_expr_case, i);
        if (!c->expr.n)
            what = "missing required field \"expr\"";
        else if (!c->has_eval_time)
            what = "missing required field \"eval_time\"";
    }
    return what;
}

static bool verify_test(const struct unittest_options *opt, const struct test_group *test,
                        struct label_list *errors)
{
    str name =
        test->name.n ? arena_printf(errors->mem, "testGroupName: %.*s\n", STR(test->name)) : S("");
    const char *what = missing_in(opt, test);
    if (what) {
        label_list_add(errors, S(""), arena_printf(errors->mem, "\n%.*s    %s", STR(name), what));
        return false;
    }
    if (test->has_external_labels)
        PRINT(opt,
              "\n%.*s    warning: filed `external_labels` will be deprecated soon, please use "
              "`-external.label` cmd-line flag instead. Check https://github.com/VictoriaMetrics/"
              "VictoriaMetrics/issues/6735 for details.\n",
              STR(name));
    return true;
}

// ---- one file ----------------------------------------------------------------------------------

static str folder_of(str path)
{
    str folder, base;
    return str_cut_last(path, '/', &folder, &base) ? folder : S(".");
}

static struct flag_strs rule_sources(const struct unittest_file *f, str file, struct arena *mem)
{
    struct flag_strs ret = {arena_array(mem, str, f->rule_files.count + 1), f->rule_files.count};
    for (size_t i = 0; i < ret.count; i++) {
        str path = f->rule_files.items[i];
        bool is_relative = path.n && path.p[0] != '/' && !str_starts(path, S("http"));
        ret.items[i] =
            is_relative ? arena_printf(mem, "%.*s/%.*s", STR(folder_of(file)), STR(path)) : path;
    }
    return ret;
}

static struct rule_files *load_rule_files(const struct unittest *u, const struct unittest_file *f,
                                          str file, struct arena *mem, struct err *err)
{
    struct vmalert_options *vmalert = u->opt->vmalert;
    vmalert->rule = rule_sources(f, file, mem);
    struct rule_urls *urls = u->opt->fetch(u->opt->owner, &vmalert->rule);
    struct rule_files *files = load_rules(u->env, vmalert, u->templates, true, urls, err);
    rule_urls_free(urls);
    if (!files) {
        err_wrap(err, "failed to parse `rule_files`");
        return NULL;
    }
    if (files->group_count)
        return files;
    struct buf names = {.mem = mem};
    for (size_t i = 0; i < vmalert->rule.count; i++)
        buf_printf(&names, "%s%.*s", i ? " " : "", STR(vmalert->rule.items[i]));
    err_set(err, ERR_NOT_FOUND, "found no rule group in [%.*s]", STR(buf_str(&names)));
    rule_files_unref(files);
    return NULL;
}

static bool check_order(const struct unittest_file *f, struct err *err)
{
    for (size_t i = 0; i < f->group_order.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (str_eq(f->group_order.items[i], f->group_order.items[j]))
                return err_set(err, ERR_INVALID, "group name repeated in `group_eval_order`: %.*s",
                               STR(f->group_order.items[i]));
        }
    }
    return true;
}

static bool run_file(const struct unittest *u, str name, str text, struct label_list *errors,
                     struct err *err)
{
    struct unittest_file f;
    if (!unittest_file_parse(text, errors->mem, &f, err))
        return false;
    if (f.evaluation_interval == 0) {
        PRINT(u->opt, "evaluation_interval set to 1m by default\n");
        f.evaluation_interval = DUR_MINUTES(1);
    }
    if (!check_order(&f, err))
        return false;
    struct rule_files *files = load_rule_files(u, &f, name, errors->mem, err);
    if (!files)
        return false;
    for (size_t i = 0; i < f.tests.count && !unittest_is_cancelled(u->opt); i++) {
        const struct test_group *test = YAML_LIST_AT(&f.tests, struct test_group, i);
        if (verify_test(u->opt, test, errors))
            test_run(u, &f, test, files, errors);
    }
    rule_files_unref(files);
    return true;
}

static enum unittest_outcome test_file(const struct unittest *u, str name, str text)
{
    struct arena mem = {0};
    struct label_list errors = {.mem = &mem};
    struct err err = ERR_INIT;
    PRINT(u->opt, "\n\nUnit Testing:  %.*s\n", STR(name));
    if (!run_file(u, name, text, &errors, &err))
        label_list_add(&errors, S(""), arena_str(&mem, err_str(&err)));
    enum unittest_outcome outcome = errors.count ? UNITTEST_FAILED : UNITTEST_PASSED;
    if (unittest_is_cancelled(u->opt))
        outcome = UNITTEST_CANCELLED;
    if (outcome == UNITTEST_PASSED)
        PRINT(u->opt, "SUCCESS\n");
    if (outcome == UNITTEST_FAILED) {
        PRINT(u->opt, "FAILED\nfailed to run unit test for file \"%.*s\": \n[", STR(name));
        for (size_t i = 0; i < errors.count; i++)
            PRINT(u->opt, "%s%.*s", i ? " " : "", STR(errors.items[i].value));
        PRINT(u->opt, "]");
    }
    arena_done(&mem);
    return outcome;
}

// ---- all files ---------------------------------------------------------------------------------

struct texts {
    struct label *items; // name and text of each file, sorted by name
    size_t count, cap;
    struct arena *mem;
};

static bool add_text(struct texts *t, str name, str text, struct err *err)
{
    for (size_t i = 0; i < t->count; i++) {
        if (str_eq(t->items[i].name, name))
            return err_set(err, ERR_EXISTS,
                           "duplicate found for file name \"%.*s\": file names must be unique",
                           STR(name));
    }
    if (t->count == t->cap) {
        t->cap = MAX(t->cap * 2, 8);
        struct label *grown = arena_array(t->mem, struct label, t->cap);
        if (t->count)
            memcpy(grown, t->items, t->count * sizeof(*grown));
        t->items = grown;
    }
    t->items[t->count++] = (struct label){name, arena_str(t->mem, text)};
    return true;
}

static bool add_path(struct env *env, struct texts *t, str path, struct err *err)
{
    defer(buf_done) struct buf text = {0};
    if (!env_file_read(env, path, UNITTEST_FILE_BYTES_MAX, &text, err))
        return err_wrap(err, "error while reading file \"%.*s\"", STR(path));
    return add_text(t, path, buf_str(&text), err);
}

static bool add_source(struct env *env, struct texts *t, str source, const struct rule_urls *urls,
                       struct err *err)
{
    struct rule_source parsed;
    str *paths, text;
    size_t count;
    if (!rule_source_parse(source, &parsed, err))
        return false;
    if (parsed.is_url)
        return rule_urls_text(urls, source, &text, err) && add_text(t, source, text, err);
    if (!file_glob(env, parsed.pattern, t->mem, &paths, &count, err))
        return false;
    if (t->count + count > LOADER_FILES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d test files", LOADER_FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (!add_path(env, t, paths[i], err))
            return false;
    }
    return true;
}

static bool load_texts(struct env *env, const struct unittest_options *opt, struct texts *t,
                       struct err *err)
{
    bool ok = true;
    struct rule_urls *urls = opt->fetch(opt->owner, &opt->files);
    for (size_t i = 0; ok && i < opt->files.count; i++)
        ok = add_source(env, t, opt->files.items[i], urls, err);
    rule_urls_free(urls);
    if (!ok) {
        struct buf names = {.mem = t->mem};
        for (size_t i = 0; i < opt->files.count; i++)
            buf_printf(&names, "%s\"%.*s\"", i ? " " : "", STR(opt->files.items[i]));
        return err_wrap(err, "failed to load test files [%.*s]", STR(buf_str(&names)));
    }
    label_sort(t->items, t->count);
    return t->count > 0 || err_set(err, ERR_NOT_FOUND, "no test file found");
}

static bool read_external_labels(struct unittest *u, struct arena *mem, struct err *err)
{
    const struct flag_strs *given = &u->opt->external_labels;
    u->external_labels = arena_array(mem, struct label, given->count + 1);
    for (size_t i = 0; i < given->count; i++) {
        struct label *to = &u->external_labels[u->external_label_count];
        if (!given->items[i].n)
            continue;
        if (!str_cut(given->items[i], '=', &to->name, &to->value))
            return err_set(err, ERR_INVALID,
                           "missing '=' in `-label`. It must contain label in the form "
                           "`name=value`; got \"%.*s\"",
                           STR(given->items[i]));
        u->external_label_count++;
    }
    u->external_label_count = label_sort_unique(u->external_labels, u->external_label_count);
    return true;
}

enum unittest_outcome unittest_run(struct env *env, const struct unittest_options *opt,
                                   struct err *err)
{
    struct arena mem = {0};
    struct unittest u = {.env = env, .opt = opt};
    struct texts texts = {.mem = &mem};
    enum unittest_outcome outcome = UNITTEST_PASSED;
    struct tpl_set *templates = rule_template_set_new();
    u.templates = templates;
    opt->vmalert->rule_validate_expressions = true;
    opt->vmalert->rule_validate_templates = false;
    opt->vmalert->evaluation_interval = DUR_MINUTES(1);
    if (!load_texts(env, opt, &texts, err) || !read_external_labels(&u, &mem, err))
        outcome = UNITTEST_BROKEN;
    // What fails is fixed first: the files behind it are not looked at.
    for (size_t i = 0; outcome == UNITTEST_PASSED && i < texts.count; i++)
        outcome = test_file(&u, texts.items[i].name, texts.items[i].value);
    tpl_set_free(templates);
    arena_done(&mem);
    return outcome;
}
