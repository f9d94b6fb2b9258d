// SPDX-License-Identifier: Apache-2.0
// URLs as values of a configuration: what is refused, how they are printed. Files are YAML, of
// which a JSON scalar is a part; a configuration is never printed as JSON.
#include "base/text/yaml_print.h"
#include "base/text/yaml_types.h"
#include "tests/golden/alertmanager/am_cases.h"

struct holder {
    struct yaml_url v;
};

static const struct yaml_field URL_FIELDS[] = {
    YAML_FIELD(struct holder, v, "v", YAML_T_CUSTOM, YAML_URL),
    {0},
};
static const struct yaml_struct URL_HOLDER = {
    .type_name = "holder", .bytes = sizeof(struct holder), .fields = URL_FIELDS};

static const struct yaml_field SECRET_FIELDS[] = {
    YAML_FIELD(struct holder, v, "v", YAML_T_CUSTOM, YAML_SECRET_URL),
    {0},
};
static const struct yaml_struct SECRET_HOLDER = {
    .type_name = "holder", .bytes = sizeof(struct holder), .fields = SECRET_FIELDS};

static size_t left_out;

static const char *check_read(const cJSON *v, const struct yaml_struct *type, struct arena *mem)
{
    struct yaml_node *node = NULL;
    struct yaml_binder binder = {.mem = mem};
    struct holder got = {0};
    struct err err = ERR_INIT;
    str text = arena_printf(mem, "v: %.*s\n", STR(case_get_text(v, "in", mem)));
    bool ok = yaml_parse(text, &(struct yaml_options){0}, mem, &node, &err) &&
              yaml_bind(&binder, node, type, &got, &err);
    if (ok == (case_get(v, "error") != NULL))
        return case_fail(mem, "%s %.*s", ok ? "accepted" : "refused:", STR(err_str(&err)));
    str want = case_get_text(v, ok ? "out" : "error", mem);
    bool is_same = ok ? str_eq(got.v.text, want) : str_find_str(err_str(&err), want) != STR_NONE;
    return is_same ? NULL : case_fail(mem, "%.*s", STR(ok ? got.v.text : err_str(&err)));
}

static const char *check_printed(const cJSON *v, const struct yaml_struct *type, struct arena *mem)
{
    str value = case_get_text(v, "value", mem);
    bool is_template = str_eq(case_get_text(v, "type", mem), S("secret_template_url"));
    bool is_set = is_template ? value.n > 0 : cJSON_IsString(case_get(v, "value"));
    const struct holder given = {{value, is_set}};
    defer(buf_done) struct buf text = {0};
    yaml_print(&text, type, &given);
    str want =
        arena_printf(mem, "v: %.*s", STR(case_get_text(case_get(v, "marshal"), "yaml", mem)));
    return str_eq(buf_str(&text), want) ? NULL : case_fail(mem, "prints %.*s", STR(buf_str(&text)));
}

static const char *run(const cJSON *v, struct arena *mem)
{
    str kind = case_get_text(v, "type", mem);
    bool is_url = str_ends(kind, S("url"));
    bool is_json_null = str_eq(case_get_text(v, "format", mem), S("json")) &&
                        str_eq(case_get_text(v, "in", mem), S("null"));
    if (!is_url || is_json_null) {
        left_out++;
        return NULL;
    }
    const struct yaml_struct *type = str_eq(kind, S("url")) ? &URL_HOLDER : &SECRET_HOLDER;
    return case_get(v, "in") ? check_read(v, type, mem) : check_printed(v, type, mem);
}

static void am_url(void **state)
{
    (void)state;
    left_out = 0;
    case_file_run("am-url", run);
    if (left_out)
        print_message("am-url: %zu of them are about JSON or about empty values, which are never "
                      "printed, and were not run\n",
                      left_out);
}

int test_am_url(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_url)};
    return run_group("am-url", tests);
}
