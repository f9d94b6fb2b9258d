// SPDX-License-Identifier: Apache-2.0
#include "base/model/relabel.h"

#include "tests/support/check.h"

// Applies rules to a series and gives the series back.
static void check_apply(const char *config, const char *metric, const char *want)
{
    struct arena mem = {0};
    struct err err = ERR_INIT;
    struct yaml_list confs = {0};
    struct relabel *rules = NULL;
    struct label_list labels = {.mem = &mem};
    struct buf got = {0};
    if (relabel_confs_parse(str_c(config), &mem, &confs, &err))
        relabel_new(&confs, &rules, &err);
    check_err(&err, "");
    assert_true(label_list_parse_metric(str_c(metric), &labels, &err));
    relabel_apply(rules, &labels);
    buf_put_metric(&got, &labels);
    check_str(buf_str(&got), str_c(want));
    buf_done(&got);
    relabel_free(rules);
    arena_done(&mem);
}

static void check_refused(const char *config, const char *want)
{
    struct arena mem = {0};
    struct err err = ERR_INIT;
    struct yaml_list confs = {0};
    struct relabel *rules = NULL;
    bool ok =
        relabel_confs_parse(str_c(config), &mem, &confs, &err) && relabel_new(&confs, &rules, &err);
    assert_false(ok);
    assert_null(rules);
    check_err(&err, want);
    arena_done(&mem);
}

static void check_printed(const char *config, const char *want)
{
    struct arena mem = {0};
    struct err err = ERR_INIT;
    struct yaml_list confs = {0};
    struct buf got = {0};
    assert_true(relabel_confs_parse(str_c(config), &mem, &confs, &err));
    relabel_confs_print(&got, &confs);
    check_str(buf_str(&got), str_c(want));
    buf_done(&got);
    arena_done(&mem);
}

// ---- what rules do -----------------------------------------------------------------------------

static void no_rules_only_remove_what_is_empty(void **state)
{
    (void)state;
    check_apply("", "m{a=\"b\"}", "m{a=\"b\"}");
    check_apply("[]", "m{a=\"\",b=\"c\"}", "m{b=\"c\"}");
}

static void replace_writes_a_label(void **state)
{
    (void)state;
    check_apply("- {source_labels: [a, b], target_label: c}", "m{a=\"1\",b=\"2\"}",
                "m{a=\"1\",b=\"2\",c=\"1;2\"}");
    check_apply("- {source_labels: [a], regex: '(.)(.*)', target_label: 'x_$1', "
                "replacement: '${2}-$2x-$$'}",
                "m{a=\"bcd\"}", "m{a=\"bcd\",x_b=\"cd--$\"}");
    check_apply("- {source_labels: [a], regex: b, target_label: a, replacement: ''}", "m{a=\"b\"}",
                "m");
    check_apply("- {target_label: c, replacement: '{{a}}/{{none}}/{{a'}", "m{a=\"$1\"}",
                "m{a=\"$1\",c=\"$1//{{a\"}");
    // The filled replacement is expanded where the rule itself asks for groups.
    check_apply("- {source_labels: [a], regex: '(.+)', target_label: c, replacement: '{{b}}$1'}",
                "m{a=\"x\",b=\"$1\"}", "m{a=\"x\",b=\"$1\",c=\"xx\"}");
}

static void a_newline_matches_but_has_no_groups(void **state)
{
    (void)state;
    check_apply("- {action: keep, source_labels: [a], regex: 'x.*'}", "m{a=\"x\\ny\"}",
                "m{a=\"x\\ny\"}");
    check_apply("- {source_labels: [a], regex: '(x.*)', target_label: c, replacement: 'got $1'}",
                "m{a=\"x\\ny\"}", "m{a=\"x\\ny\",c=\"x\\ny\"}");
    check_apply("- {source_labels: [a], regex: '(x.*)', target_label: c, replacement: "
                "'{{b}}$1'}",
                "m{a=\"x\\ny\",b=\"z\"}", "m{a=\"x\\ny\",b=\"z\",c=\"z\"}");
}

static void anchors_are_cut_but_in_two_spellings(void **state)
{
    (void)state;
    check_apply("- {action: keep, source_labels: [a], regex: '^^b$$'}", "m{a=\"b\"}", "m{a=\"b\"}");
    check_apply("- {action: keep, source_labels: [a], regex: 'b\\$'}", "m{a=\"b$\"}",
                "m{a=\"b$\"}");
    check_apply("- {action: replace_all, source_labels: [a], target_label: a, regex: '^b', "
                "replacement: x}",
                "m{a=\"bbb\"}", "m{a=\"xbb\"}");
    check_apply("- {action: REPLACE_ALL, source_labels: [a], target_label: a, regex: '^b', "
                "replacement: x}",
                "m{a=\"bbb\"}", "m{a=\"xxx\"}");
}

static void replace_all_writes_only_what_changed(void **state)
{
    (void)state;
    check_apply("- {action: replace_all, source_labels: [a], target_label: c, regex: '-', "
                "replacement: _}",
                "m{a=\"b\"}", "m{a=\"b\"}");
    check_apply("- {action: replace_all, source_labels: [a], target_label: c, regex: '-(.)', "
                "replacement: '_${1}${1}'}",
                "m{a=\"b-c-d\"}", "m{a=\"b-c-d\",c=\"b_cc_dd\"}");
}

static void keep_and_drop_take_all_or_nothing(void **state)
{
    (void)state;
    check_apply("- {action: keep, source_labels: [a], regex: [b, c]}", "m{a=\"c\"}", "m{a=\"c\"}");
    check_apply("- {action: keep, source_labels: [a], regex: [b, c]}", "m{a=\"d\"}", "{}");
    check_apply("- {action: drop, source_labels: [a], regex: d}", "m{a=\"d\"}", "{}");
    check_apply("- {action: drop, source_labels: [a], regex: '(?:.*)'}", "m", "{}");
    check_apply("- {action: keep, if: 'm{a=\"b\"}'}", "m{a=\"c\"}", "{}");
    check_apply("- {action: drop, if: 'm{a=\"b\"}'}", "m{a=\"c\"}", "m{a=\"c\"}");
    check_apply("- {action: keep, if: []}", "m{a=\"c\"}", "m{a=\"c\"}");
    check_apply("- {action: keep_metrics, regex: 'm|n'}", "o", "{}");
    check_apply("- {action: drop_metrics, if: [o, m]}", "m{a=\"c\"}", "{}");
    check_apply("- {action: drop, source_labels: [a], regex: d}\n- {target_label: x, "
                "replacement: y}",
                "m{a=\"d\"}", "{}"); // what is dropped stays so
}

static void values_are_compared(void **state)
{
    (void)state;
    check_apply("- {action: keep_if_equal, source_labels: [a, b]}", "m{a=\"1\",b=\"2\"}", "{}");
    check_apply("- {action: drop_if_equal, source_labels: [a, b, c]}", "m", "{}");
    check_apply("- {action: keep_if_contains, source_labels: [a, b], target_label: c}",
                "m{a=\"1\",b=\"2\",c=\",1,2,\"}", "m{a=\"1\",b=\"2\",c=\",1,2,\"}");
    check_apply("- {action: drop_if_contains, source_labels: [a], target_label: c}",
                "m{a=\"1\",c=\"2\"}", "m{a=\"1\",c=\"2\"}");
    check_apply("- {action: keepequal, source_labels: [a, b], separator: '-', target_label: c}",
                "m{a=\"1\",b=\"2\",c=\"1-2\"}", "m{a=\"1\",b=\"2\",c=\"1-2\"}");
    check_apply("- {action: dropequal, source_labels: [a], target_label: c}", "m{a=\"1\",c=\"1\"}",
                "{}");
}

static void names_are_mapped(void **state)
{
    (void)state;
    check_apply("- {action: labelmap, regex: '__meta_(.+)'}", "m{__meta_a=\"1\",__meta_=\"2\"}",
                "m{__meta_=\"2\",__meta_a=\"1\",a=\"1\"}");
    check_apply("- {action: labelmap, regex: 'a(.*)'}", "m{a=\"1\",ab=\"2\"}",
                "m{a=\"1\",ab=\"2\",b=\"2\"}"); // the name that became empty is gone
    check_apply("- {action: labelmap, regex: 'a(b|c)', replacement: 'x_$1'}",
                "m{ab=\"1\",ad=\"2\"}", "m{ab=\"1\",ad=\"2\",x_b=\"1\"}");
    check_apply("- {action: labelmap_all, regex: '\\.', replacement: _}", "m{a.b.c=\"1\"}",
                "m{a_b_c=\"1\"}");
    check_apply("- {action: labeldrop, regex: 'a.*'}", "m{a=\"1\",ab=\"2\",b=\"3\"}", "m{b=\"3\"}");
    check_apply("- {action: labelkeep, regex: 'a.*'}", "m{a=\"1\",b=\"3\"}", "{a=\"1\"}");
}

static void values_are_made_of_others(void **state)
{
    (void)state;
    check_apply("- {action: hashmod, source_labels: [foo], target_label: aaa, modulus: 123}",
                "{foo=\"yyy\"}", "{aaa=\"73\",foo=\"yyy\"}");
    check_apply("- {action: uppercase, source_labels: [a], target_label: a}", "m{a=\"aé\xff\"}",
                "m{a=\"AÉ�\"}");
    check_apply("- {action: lowercase, source_labels: [a, b], target_label: c}",
                "m{a=\"A\",b=\"É\"}", "m{a=\"A\",b=\"É\",c=\"a;é\"}");
    check_apply("- action: graphite\n  match: 'a.*.c*'\n  labels: {x: '$1-${2}-$9', y: '$0$'}",
                "a.b.cd", "a.b.cd{x=\"b-d-$9\",y=\"a.b.cd$\"}");
    check_apply("- {action: graphite, match: 'a.*', labels: {x: '$1'}}", "b.c", "b.c");
}

// ---- what is refused ---------------------------------------------------------------------------

#define AT "error when parsing `relabel_config` #"

static void rules_are_checked(void **state)
{
    (void)state;
    check_refused("- {target_label: a}\n- {action: replace}",
                  AT "2: missing `target_label` for `action=replace`");
    check_refused("- {action: Foo}", AT "1: unknown `action` \"foo\"");
    check_refused("- {action: foo, regex: '('}",
                  AT "1: cannot parse `regex` \"^(?:()$\": error parsing regexp: missing closing "
                     "): `^(?:()$`");
    check_refused("- {action: replace_all, regex: '('}",
                  AT "1: cannot parse `regex` \"(\": error parsing regexp: missing closing ): `(`");
    check_refused("- {action: keep_if_equal, source_labels: [a]}",
                  AT "1: `source_labels` must contain at least two entries for "
                     "`action=keep_if_equal`; got [\"a\"]");
    check_refused("- {action: keep_metrics, source_labels: [a, b], regex: c}",
                  AT "1: `source_labels` must be empty for `action=keep_metrics`; got [\"a\" "
                     "\"b\"]");
    check_refused("- {action: hashmod, source_labels: [a], target_label: b}",
                  AT "1: unexpected `modulus` for `action=hashmod`: 0; must be greater than 0");
    check_refused("- {action: keep, if: up, match: a}",
                  AT "1: `match` config cannot be applied to `action=keep`; it is applied only to "
                     "`action=graphite`");
    check_refused("- {action: graphite, match: a}",
                  AT "1: missing `labels` for `action=graphite`; see https://docs.victoriametrics."
                     "com/victoriametrics/vmagent/#graphite-relabeling");
}

static void files_are_read_strictly(void **state)
{
    (void)state;
    check_refused("a: b", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!map into "
                          "[]promrelabel.RelabelConfig");
    check_refused("- {actoin: keep}", "yaml: unmarshal errors:\n  line 1: field actoin not found "
                                      "in type promrelabel.RelabelConfig");
    check_refused("- {source_labels: {a: b}, target_label: c}",
                  "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!map into []string");
    check_refused("- {regex: {a: b}}", "unexpected type for `regex`: map[interface "
                                       "{}]interface {}; want string or []string");
    check_refused("- {if: 5}", "unexpected `match` type; got 5; want string or an array of "
                               "strings");
    check_refused("- {if: [up, 5]}", "unexpected `match` item type; got 5; want string");
    check_refused("- {if: 'up{'}", "unexpected `match` option: expecting label name; unparsed "
                                   "data: \"\"");
}

static void rules_are_limited(void **state)
{
    (void)state;
    const struct yaml_list many = {NULL, RELABEL_RULES_MAX + 1};
    struct relabel *rules;
    struct err err = ERR_INIT;
    assert_false(relabel_new(&many, &rules, &err));
    assert_int_equal(err.code, ERR_LIMIT);
}

// ---- texts -------------------------------------------------------------------------------------

static void rules_are_printed(void **state)
{
    (void)state;
    check_printed("", "[]\n");
    check_printed("- {regex: [a, 1, 1.50, true, 0x10, ~, 1e3], separator: '', replacement: ''}",
                  "- separator: \"\"\n  regex:\n  - a\n  - \"1\"\n  - \"1.5\"\n  - \"true\"\n  - "
                  "\"16\"\n  - \"null\"\n  - \"1000\"\n  replacement: \"\"\n");
    check_printed("- {source_labels: a, if: [up, down], regex: null}",
                  "- if:\n  - up\n  - down\n  source_labels: [a]\n");
    check_printed("- {action: graphite, match: a.*, labels: {b: $1}}",
                  "- action: graphite\n  match: a.*\n  labels:\n    b: $1\n");
}

struct steps {
    struct buf text;
};

static void on_step(void *owner, str rule, str before, str after)
{
    struct steps *s = owner;
    buf_printf(&s->text, "%.*s|%.*s|%.*s\n", STR(rule), STR(before), STR(after));
}

static void steps_are_told(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct yaml_list confs = {0};
    struct relabel *rules = NULL;
    struct label_list labels = {.mem = &mem};
    struct steps s = {{0}};
    assert_true(relabel_confs_parse(S("- {target_label: a, replacement: ''}"), &mem, &confs, NULL));
    assert_true(relabel_new(&confs, &rules, NULL));
    label_list_add(&labels, S("a"), S("b"));
    label_list_add(&labels, S("c"), S("d"));
    relabel_apply_debug(rules, &labels, on_step, &s);
    check_str(buf_str(&s.text), S("target_label: a\nreplacement: \"\"\n|{a=\"b\",c=\"d\"}|"
                                  "{a=\"\",c=\"d\"}\n"
                                  "remove empty labels|{a=\"\",c=\"d\"}|{c=\"d\"}\n"));
    buf_done(&s.text);
    relabel_free(rules);
    arena_done(&mem);
}

static void some_expressions_count_as_none(void **state)
{
    (void)state;
    static const char *const NONE[] = {".*",      "(.*)",      "^.*$",       "(?:.*)", "((.*))",
                                       "(?s:.*)", "(?P<a>.*)", "^(?:^.*$)$", "(?s).*"};
    static const char *const SOME[] = {"",         ".+",       ".*?",     "a.*", "(.*)|a",
                                       "(a)|(.*)", "(?-s:.*)", "(?U:.*)", "(.*", "\\.*"};
    for (size_t i = 0; i < ARRAY_LEN(NONE); i++)
        assert_true(relabel_regex_is_default(str_c(NONE[i])));
    for (size_t i = 0; i < ARRAY_LEN(SOME); i++)
        assert_false(relabel_regex_is_default(str_c(SOME[i])));
}

int test_relabel(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_rules_only_remove_what_is_empty),
        cmocka_unit_test(replace_writes_a_label),
        cmocka_unit_test(a_newline_matches_but_has_no_groups),
        cmocka_unit_test(anchors_are_cut_but_in_two_spellings),
        cmocka_unit_test(replace_all_writes_only_what_changed),
        cmocka_unit_test(keep_and_drop_take_all_or_nothing),
        cmocka_unit_test(values_are_compared),
        cmocka_unit_test(names_are_mapped),
        cmocka_unit_test(values_are_made_of_others),
        cmocka_unit_test(rules_are_checked),
        cmocka_unit_test(files_are_read_strictly),
        cmocka_unit_test(rules_are_limited),
        cmocka_unit_test(rules_are_printed),
        cmocka_unit_test(steps_are_told),
        cmocka_unit_test(some_expressions_count_as_none),
    };
    return run_group("relabel", tests);
}
