// SPDX-License-Identifier: Apache-2.0
// Template files, templated fields, and the zones that templates ask for.
#include "alertmanager/field_check.h"
#include "alertmanager/zones.h"
#include "base/text/gotpl.h"
#include "base/text/tzone.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

static struct str_list patterns(const char *text)
{
    static str item;
    item = str_c(text);
    return (struct str_list){&item, 1};
}

// Each pattern names one file.
static bool glob_itself(struct env *env, str pattern, struct arena *mem, str **ret,
                        size_t *ret_count, struct err *err)
{
    (void)env;
    (void)err;
    *ret = arena_new(mem, str);
    **ret = pattern;
    *ret_count = 1;
    return true;
}

static void render(const struct tpl_set *set, const char *text, const char *want)
{
    struct arena mem = {0};
    struct err err = ERR_INIT;
    defer(buf_done) struct buf out = {0};
    struct tpl_run run = {.mem = &mem};
    if (!tpl_render(set, str_c(text), &run, &out, &err))
        fail_msg("%s: %.*s", text, STR(err_str(&err)));
    check_str(buf_str(&out), str_c(want));
    arena_done(&mem);
}

static void files_come_in_front_of_the_built_in_ones(void **state)
{
    (void)state;
    struct fake_env fake;
    struct templates builtin, own;
    struct err err = ERR_INIT;
    fake_env_init(&fake);
    struct env_ops ops = *fake.env.ops;
    ops.glob = glob_itself;
    fake.env.ops = &ops;
    fake_file_set(&fake, "/t/a.tmpl", S("{{ define \"__alertmanager\" }}<ours>{{ end }}root"));
    struct str_list files = patterns("/t/a.tmpl");
    templates_init_builtin(&builtin);
    assert_true(templates_load(&own, &builtin, &fake.env, &files, &err));
    const char *text = "{{ template \"slack.default.username\" . }} {{ template \"a.tmpl\" . }}";
    render(own.text, text, "<ours> root");
    render(own.html, text, "<ours> root");
    render(builtin.text, "{{ template \"slack.default.username\" . }}", "Alertmanager");
    templates_done(&own);

    fake_file_set(&fake, "/t/a.tmpl", S("a\n{{ nope }}"));
    assert_false(templates_load(&own, &builtin, &fake.env, &files, &err));
    check_err(&err, "template: a.tmpl:2: function \"nope\" not defined");
    assert_null(own.text);
    templates_done(&builtin);
    fake_env_done(&fake);
}

static void note_problem(void *owner, const struct field_problem *p)
{
    buf_printf(owner, "%u:%u %.*s: %.*s\n", p->line, p->column, STR(p->field), STR(p->error));
}

static void broken_fields_are_named_with_their_place(void **state)
{
    (void)state;
    struct templates builtin;
    defer(buf_done) struct buf got = {0};
    templates_init_builtin(&builtin);
    size_t count = field_check(S("route:\n"
                                 "  receiver: '{{ not a template'\n"
                                 "  labels: {x: '{{ nope }}', y: '{{ toUpper `ok` }}'}\n"
                                 "  routes:\n"
                                 "  - labels: {z: '{{'}\n"
                                 "receivers:\n"
                                 "- name: '{{'\n"
                                 "- name: b\n"
                                 "  webhook_configs:\n"
                                 "  - url: 'http://h/{{ . '\n"
                                 "    payload:\n"
                                 "      '{{ key': 1\n"
                                 "      list: [plain, '{{ if }}']\n"
                                 "  - payload: |\n"
                                 "      one\n"
                                 "      {{ end }}\n"),
                               &builtin, note_problem, &got);
    check_str(
        buf_str(&got),
        S("3:15 route.labels.x: template: :1: function \"nope\" not defined\n"
          "5:17 route.routes[0].labels.z: template: :1: unclosed action\n"
          "10:10 receivers[1].webhook_configs[0].url: template: :1: unclosed action\n"
          "12:7 receivers[1].webhook_configs[0].payload.{{ key: template: :1: function "
          "\"key\" not defined\n"
          "13:21 receivers[1].webhook_configs[0].payload.list[1]: template: :1: missing "
          "value for if\n"
          "14:14 receivers[1].webhook_configs[1].payload: template: :2: unexpected {{end}}\n"));
    assert_int_equal(count, 6);
    templates_done(&builtin);
}

// The smallest zone file: version 1, one local time type, "CET" one hour east.
#define ZONE_FILE                                                                                  \
    "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                                                         \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"                                             \
    "\0\0\x0e\x10\0\0"                                                                             \
    "CET\0"

static void zones_are_read_once(void **state)
{
    (void)state;
    struct fake_env fake;
    fake_env_init(&fake);
    fake_file_set(&fake, "/usr/share/zoneinfo/Europe/Test", S(ZONE_FILE));
    fake_file_set(&fake, "/etc/localtime", S(ZONE_FILE));
    struct zones z = {.env = &fake.env};
    const struct tzone *zone = zones_find(&z, S("Europe/Test"));
    assert_non_null(zone);
    assert_int_equal(tzone_at(zone, 0).offset_s, 3600);
    assert_null(zones_find(&z, S("Nowhere")));
    assert_null(zones_find(&z, S("../../../etc/localtime")));
    fake_file_remove(&fake, "/usr/share/zoneinfo/Europe/Test");
    fake_file_set(&fake, "/usr/share/zoneinfo/Nowhere", S(ZONE_FILE));
    assert_ptr_equal(zones_find(&z, S("Europe/Test")), zone);
    assert_null(zones_find(&z, S("Nowhere")));

    assert_ptr_equal(zones_find_local(&z, "Europe/Test"), zone);
    assert_ptr_equal(zones_find_local(&z, ":Europe/Test"), zone);
    assert_non_null(zones_find_local(&z, NULL));
    assert_non_null(zones_find_local(&z, "/etc/localtime"));
    assert_null(zones_find_local(&z, ""));
    assert_null(zones_find_local(&z, "UTC"));
    assert_null(zones_find_local(&z, "Nowhere"));
    zones_done(&z);
    fake_env_done(&fake);
}

int test_templates(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_in_front_of_the_built_in_ones),
        cmocka_unit_test(broken_fields_are_named_with_their_place),
        cmocka_unit_test(zones_are_read_once),
    };
    return run_group("templates", tests);
}
