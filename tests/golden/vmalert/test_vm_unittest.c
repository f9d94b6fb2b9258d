// SPDX-License-Identifier: Apache-2.0
// Whole files of unit tests: do they pass?
#include "base/io/env_uv.h"
#include "tests/support/cases.h"
#include "vmalert/rule_urls.h"
#include "vmalert/tool/unittest.h"

struct world {
    struct env *env;
    struct buf out;
};

static void print(void *owner, str text)
{
    struct world *w = owner;
    buf_put(&w->out, text);
}

static struct rule_urls *fetch(void *owner, const struct flag_strs *sources)
{
    (void)owner;
    (void)sources;
    return NULL; // the cases name no URLs
}

static struct flag_strs texts_of(const cJSON *list, str folder, struct arena *mem)
{
    struct flag_strs ret = {arena_array(mem, str, (size_t)cJSON_GetArraySize(list) + 1), 0};
    for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
        str text = case_text(v, mem);
        ret.items[ret.count++] =
            folder.n ? arena_printf(mem, "%.*s/%.*s", STR(folder), STR(text)) : text;
    }
    return ret;
}

static bool read_defaults(struct vmalert_options *opt, struct arena *mem)
{
    char *argv[] = {(char[]){"vmalert"}, NULL};
    *opt = (struct vmalert_options){.hostname = S("localhost"), .cpus = 1, .mem = mem};
    struct flags flags = vmalert_flags(opt, mem);
    return flags_parse(&flags, 1, argv, mem, NULL, NULL);
}

static const char *run(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    struct vmalert_options vmalert;
    struct world w = {.out = {.mem = mem}};
    str folder = str_c(case_path(mem, arena_c(mem, case_get_text(c, "dir", mem))));
    struct unittest_options opt = {
        .files = texts_of(case_get(c, "files"), folder, mem),
        .external_labels = texts_of(case_get(c, "external_labels"), S(""), mem),
        .external_url = case_get_text(c, "external_url", mem),
        .disable_alertgroup_label = case_get_bool(c, "disable_alertgroup_label"),
        .vmalert = &vmalert,
        .print = print,
        .fetch = fetch,
        .owner = &w,
    };
    w.env = env_uv_new(&(struct env_uv_options){0}, &err);
    if (!w.env || !read_defaults(&vmalert, mem))
        return "the world cannot be made";
    enum unittest_outcome got = unittest_run(w.env, &opt, &err);
    env_uv_free(w.env);
    if (got == UNITTEST_BROKEN)
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    bool want = case_get_bool(c, "pass");
    return (got == UNITTEST_PASSED) == want
               ? NULL
               : case_fail(mem, "it %s: %.*s", want ? "fails" : "passes", STR(buf_str(&w.out)));
}

static void unit_tests(void **state)
{
    (void)state;
    case_file_run("vm-unittest", run);
}

int test_vm_unittest(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(unit_tests)};
    return run_group("vm-unittest", tests);
}
