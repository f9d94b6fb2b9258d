// SPDX-License-Identifier: Apache-2.0
// The template language: what it prints, what it refuses, and where it stops.
#include "base/text/gotpl.h"
#include "tests/support/check.h"

static struct arena scratch;

static bool fn_add(struct tpl_call *call, const struct tpl_value *args, size_t count,
                   struct tpl_value *ret, struct err *err)
{
    (void)call, (void)count, (void)err;
    *ret = tpl_int(args[0].i + args[1].i);
    return true;
}

static bool fn_fail(struct tpl_call *call, const struct tpl_value *args, size_t count,
                    struct tpl_value *ret, struct err *err)
{
    (void)call, (void)args, (void)count, (void)ret;
    return err_set(err, ERR_IO, "no luck");
}

static const struct tpl_func FUNCS[] = {
    {.name = {"add", 3}, .params = {&TPL_INT, &TPL_INT}, .call = fn_add},
    {.name = {"fail", 4}, .call = fn_fail},
};
static const struct tpl_funcs TABLE = {FUNCS, ARRAY_LEN(FUNCS)};

static struct tpl_value sample_data(void)
{
    static struct tpl_value items[3];
    static struct tpl_pair pairs[3];
    items[0] = tpl_int(1);
    items[1] = tpl_str(S("two"));
    items[2] = tpl_nil();
    pairs[0] = (struct tpl_pair){tpl_str(S("list")), tpl_list(&TPL_ANYS, items, 3)};
    pairs[1] = (struct tpl_pair){tpl_str(S("n")), tpl_int(5)};
    pairs[2] = (struct tpl_pair){tpl_str(S("html")), tpl_str(S("<b>&"))};
    return tpl_map(&TPL_MAP_ANY, pairs, tpl_pairs_sort(pairs, 3));
}

static bool render(bool is_html, str text, const struct tpl_limits *limits, struct buf *out,
                   struct err *err)
{
    defer(tpl_set_free_p) struct tpl_set *set = tpl_set_new(&(struct tpl_options){
        .is_html = is_html, .missing_key = TPL_MISSING_ZERO, .tables = &TABLE, .table_count = 1});
    arena_clear(&scratch);
    struct tpl_run run = {.data = sample_data(), .mem = &scratch, .limits = limits};
    return tpl_render(set, text, &run, out, err);
}

static void check_output(bool is_html, const char *text, const char *want)
{
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    if (!render(is_html, str_c(text), NULL, &out, &err))
        fail_msg("%s: %.*s", text, STR(err_str(&err)));
    check_str(buf_str(&out), str_c(want));
}

static void check_failure(bool is_html, const char *text, const char *want)
{
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    if (render(is_html, str_c(text), NULL, &out, &err))
        fail_msg("%s: %.*s instead of an error", text, STR(buf_str(&out)));
    check_err(&err, want);
}

static void actions_print_control_and_trim(void **state)
{
    (void)state;
    check_output(false, "a {{- 1 -}} b", "a1b");
    check_output(false, "{{/* gone */}}x", "x");
    check_output(false, "{{if .n}}y{{else}}n{{end}}{{if .missing}}y{{else if eq .n 5}}z{{end}}",
                 "yz");
    check_output(false, "{{range $i, $e := .list}}{{$i}}={{$e}},{{end}}",
                 "0=1,1=two,2=<no value>,");
    check_output(
        false,
        "{{range 5}}{{if eq . 1}}{{continue}}{{end}}{{if eq . 3}}{{break}}{{end}}{{.}}{{end}}",
        "02");
    check_output(false, "{{range $k, $v := .}}{{$k}} {{end}}", "html list n ");
    check_output(
        false, "{{with $x := .n}}{{$x}}{{end}}{{with .missing}}{{else with .n}}{{.}}{{end}}", "55");
    check_output(false,
                 "{{define \"T\"}}<{{.}}>{{end}}{{template \"T\" .n}}{{block \"B\" 1}}{{.}}{{end}}",
                 "<5>1");
    check_output(false, "{{$x := 1}}{{if true}}{{$x = 2}}{{$y := 3}}{{$y}}{{end}}{{$x}}", "32");
}

static void functions_pipe_and_short_circuit(void **state)
{
    (void)state;
    check_output(false, "{{add 1 2}} {{.n | add 1}} {{1 | add 1 | add 1}}", "3 6 3");
    check_output(false, "{{or 0 .n fail}} {{and 0 fail}}", "5 0");
    check_output(false, "{{len .list}}{{index .list 1}}{{slice \"abcd\" 1 3}}", "3twobc");
    check_output(false, "{{printf \"%05.2f|%q|%-4d|%v\" 3.14159 \"a\" 7 .list}}",
                 "03.14|\"a\"|7   |[1 two <nil>]");
    check_output(false, "{{eq 1 2 1}}{{lt 1 2}}{{ge \"b\" \"a\"}}{{ne 1.5 1.5}}",
                 "truetruetruefalse");
    check_output(false, "{{.missing}}|{{.missing | html}}|{{print nil 1 \"a\"}}",
                 "<no value>|&lt;no value&gt;|<nil> 1a");
    check_failure(false, "{{fail}}",
                  "template: :1:2: executing \"\" at <fail>: error calling fail: no luck");
    check_failure(
        false, "{{add 1}}",
        "template: :1:2: executing \"\" at <add>: wrong number of args for add: want 2 got 1");
    check_failure(false, "{{add 1 \"x\"}}",
                  "template: :1:8: executing \"\" at <\"x\">: expected integer; found \"x\"");
    check_failure(
        false, "{{add 1 (index .list 1)}}",
        "template: :1:21: executing \"\" at <1>: wrong type for value; expected int; got string");
}

static void errors_name_the_place(void **state)
{
    (void)state;
    check_failure(false, "{{nope}}", "template: :1: function \"nope\" not defined");
    check_failure(false, "a\n{{if}}", "template: :2: missing value for if");
    check_failure(false, "{{$x}}", "template: :1: undefined variable \"$x\"");
    check_failure(false, "{{\n\n\"abc",
                  "template: :3: unterminated quoted string in action started at :1");
    check_failure(
        false, "x\n {{.n.y}}",
        "template: :2:5: executing \"\" at <.n.y>: can't evaluate field y in type interface {}");
    check_failure(
        false, "{{template \"T\"}}",
        "template: :1:11: executing \"\" at <{{template \"T\"}}>: template \"T\" not defined");
}

static void definitions_of_a_clone_stay_there(void **state)
{
    (void)state;
    defer(tpl_set_free_p) struct tpl_set *base = tpl_set_new(&(struct tpl_options){0});
    struct err err = ERR_INIT;
    assert_true(tpl_parse(base, S("f"), S("{{define \"T\"}}old{{end}}"), &err));
    // An empty definition replaces nothing.
    assert_true(tpl_parse(base, S("g"), S("{{define \"T\"}} {{end}}"), &err));
    {
        defer(tpl_set_free_p) struct tpl_set *clone = tpl_set_clone(base);
        defer(buf_done) struct buf out = {0};
        struct tpl_run run = {.mem = &scratch};
        assert_true(
            tpl_parse(clone, S(""), S("{{define \"T\"}}new{{end}}{{template \"T\"}}"), &err));
        assert_true(tpl_execute(clone, S(""), &run, &out, &err));
        check_str(buf_str(&out), S("new"));
    }
    defer(buf_done) struct buf out = {0};
    struct tpl_run run = {.mem = &scratch};
    assert_true(tpl_render(base, S("{{template \"T\"}}"), &run, &out, &err));
    check_str(buf_str(&out), S("old"));
    assert_false(tpl_parse(base, S("h"), S("{{define \"T\"}}broken"), &err));
    assert_true(tpl_has(base, S("T")) && !tpl_has(base, S("h")));
}

static void contexts_decide_the_escaping(void **state)
{
    (void)state;
    check_output(true, "{{.html}}<a title='{{.html}}' href=\"/?q={{.html}}\">",
                 "&lt;b&gt;&amp;<a title='&lt;b&gt;&amp;' href=\"/?q=%3cb%3e%26\">");
    check_output(true, "<script>var x = {{.list}};</script>",
                 "<script>var x = [1,\"two\",null];</script>");
    check_output(true, "<a href=\"{{\"javascript:x\"}}\">", "<a href=\"#ZgotmplZ\">");
    check_output(true, "<!-- {{.n}} -->a < b", "a &lt; b");
    check_output(true,
                 "{{define \"T\"}}{{.}}{{end}}{{template \"T\" .html}}<i title=\"{{template \"T\" "
                 ".html}}\">",
                 "&lt;b&gt;&amp;<i title=\"&lt;b&gt;&amp;\">");
    check_failure(true, "<a href=\"{{.n}}",
                  "html/template: ends in a non-text context: {stateURL "
                  "delimDoubleQuote urlPartNone jsCtxRegexp [] attrURL elementNone <nil>}");
    check_failure(true, "{{template \"T\"}}", "html/template::1:11: no such template \"T\"");
    check_failure(true, "{{.n | html | print}}",
                  "html/template::1:2: predefined escaper \"html\" disallowed in template");
}

static void prepared_templates_render_the_same(void **state)
{
    (void)state;
    defer(tpl_set_free_p) struct tpl_set *set = tpl_set_new(&(struct tpl_options){.is_html = true});
    struct err err = ERR_INIT;
    assert_true(tpl_parse(
        set, S("page"),
        S("<p title={{.n}}>{{template \"T\" .}}</p>{{define \"T\"}}{{.html}}{{end}}"), &err));
    assert_true(tpl_prepare(set, S("page"), &err));
    assert_true(tpl_prepare(set, S("page"), &err)); // once is enough
    struct tpl_run run = {.data = sample_data(), .mem = &scratch};
    for (int i = 0; i < 2; i++) {
        defer(buf_done) struct buf out = {0};
        assert_true(tpl_execute(set, S("page"), &run, &out, &err));
        check_str(buf_str(&out), S("<p title=5>&lt;b&gt;&amp;</p>"));
    }
    assert_false(tpl_prepare(set, S("nope"), &err));
}

static void check_limit(str text, const struct tpl_limits *limits, const char *want)
{
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    assert_false(render(false, text, limits, &out, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    if (str_find_str(err_str(&err), str_c(want)) == STR_NONE)
        fail_msg("%.*s lacks %s", STR(err_str(&err)), want);
}

static void every_limit_stops_a_runaway(void **state)
{
    (void)state;
    check_limit(S("{{range 1000000000000}}{{end}}"), NULL, "too many steps");
    check_limit(S("{{range 100}}{{end}}"), &(struct tpl_limits){.steps = 50}, "too many steps");
    check_limit(S("{{range 1000}}0123456789{{end}}"), &(struct tpl_limits){.output_bytes = 1000},
                "output is longer than 1000 bytes");
    check_limit(S("{{define \"T\"}}{{template \"T\"}}{{end}}{{template \"T\"}}"), NULL,
                "exceeded maximum template depth");
    check_limit(S("{{define \"T\"}}{{if true}}{{range 1}}{{with 1}}{{template "
                  "\"T\"}}{{end}}{{end}}{{end}}{{end}}"
                  "{{template \"T\"}}"),
                NULL, "exceeded maximum template depth");
    check_limit(S("{{$x := \"0123456789\"}}{{range 100}}{{$x = print $x $x}}{{end}}"), NULL,
                "too ");
    check_limit(S("{{range 1000}}{{$x := printf \"%1000000d\" 1}}{{end}}"), NULL, "memory");
}

static void deep_nesting_is_refused_by_the_parser(void **state)
{
    (void)state;
    defer(buf_done) struct buf text = {0}, out = {0};
    buf_put(&text, S("{{"));
    buf_put_fill(&text, '(', 100000);
    struct err err = ERR_INIT;
    assert_false(render(false, buf_str(&text), NULL, &out, &err));
    check_err(&err, "template: :1: max expression depth exceeded");
    buf_clear(&text);
    for (int i = 0; i < 100000; i++)
        buf_put(&text, S("{{if 1}}"));
    assert_false(render(false, buf_str(&text), NULL, &out, &err));
    check_err(&err, "template: :1: max expression depth exceeded");
    buf_clear(&text); // the deepest that is allowed can be run
    for (int i = 0; i < TPL_NESTING_MAX - 10; i++)
        buf_put(&text, S("{{if 1}}"));
    buf_put(&text, S("x"));
    for (int i = 0; i < TPL_NESTING_MAX - 10; i++)
        buf_put(&text, S("{{end}}"));
    assert_true(render(false, buf_str(&text), NULL, &out, &err));
    check_str(buf_str(&out), S("x"));
    buf_clear(&out);
    assert_true(render(true, buf_str(&text), NULL, &out, &err));
    check_str(buf_str(&out), S("x"));
}

static void nested_loops_do_not_explode_the_analysis(void **state)
{
    (void)state;
    defer(buf_done) struct buf text = {0}, out = {0};
    struct err err = ERR_INIT;
    for (int i = 0; i < 60; i++) // each level is analysed twice per visit: 2^60
        buf_put(&text, S("{{range 1}}"));
    for (int i = 0; i < 60; i++)
        buf_put(&text, S("{{end}}"));
    assert_false(render(true, buf_str(&text), NULL, &out, &err));
    assert_true(str_find_str(err_str(&err), S("too large to analyse")) != STR_NONE);
}

static void values_nest_only_so_deep(void **state)
{
    (void)state;
    struct tpl_value levels[2000];
    levels[0] = tpl_int(1);
    for (size_t i = 1; i < ARRAY_LEN(levels); i++)
        levels[i] = tpl_list(&TPL_ANYS, &levels[i - 1], 1);
    defer(buf_done) struct buf out = {0};
    tpl_put_value(&out, &levels[100]);
    assert_false(out.is_full);
    tpl_put_value(&out, &levels[1999]);
    assert_true(out.is_full);
    struct err err = ERR_INIT;
    defer(buf_done) struct buf json = {0};
    assert_false(tpl_put_json(&json, &levels[1999], &err));
}

int test_gotpl(void);
int test_gotpl(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions_print_control_and_trim),
        cmocka_unit_test(functions_pipe_and_short_circuit),
        cmocka_unit_test(errors_name_the_place),
        cmocka_unit_test(definitions_of_a_clone_stay_there),
        cmocka_unit_test(contexts_decide_the_escaping),
        cmocka_unit_test(prepared_templates_render_the_same),
        cmocka_unit_test(every_limit_stops_a_runaway),
        cmocka_unit_test(deep_nesting_is_refused_by_the_parser),
        cmocka_unit_test(nested_loops_do_not_explode_the_analysis),
        cmocka_unit_test(values_nest_only_so_deep),
    };
    int failed = run_group("text/gotpl", tests);
    arena_done(&scratch);
    return failed;
}
