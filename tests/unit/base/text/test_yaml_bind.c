// SPDX-License-Identifier: Apache-2.0
#include "base/text/yaml_bind.h"

#include "base/text/yaml_types.h"
#include "tests/support/check.h"

struct inner {
    str x;
    int64_t n;
    bool has_n;
};

struct shared {
    str user;
    bool follow;
};

struct outer {
    str name, password, regex;
    bool on;
    int64_t count;
    uint64_t size;
    double ratio;
    struct str_list list;
    struct yaml_str_map map;
    struct inner one;
    struct inner *ptr;
    struct yaml_list many, pointers;
    struct shared shared;
    dur_ns wait, timeout, vm;
    struct yaml_url url, secret_url;
    const struct yaml_node *any;
    bool has_wait;
};

static bool check_inner(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct inner *i = to;
    return i->n >= 0 || yaml_fail(b, "invalid n %lld, shouldn't be less than 0", (long long)i->n);
}

static void set_inner_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    *(struct inner *)to = (struct inner){.n = 7};
}

static void set_shared_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    ((struct shared *)to)->follow = true;
}

static const struct yaml_struct INNER = {
    "config.plain",
    sizeof(struct inner),
    (const struct yaml_field[]){
        YAML_FIELD(struct inner, x, "x", YAML_T_STR),
        YAML_FIELD(struct inner, n, "n", YAML_T_INT, YAML_SEEN(struct inner, has_n)),
        {0},
    },
    set_inner_defaults,
    check_inner,
};

static const struct yaml_struct SHARED = {
    "config.Shared",
    sizeof(struct shared),
    (const struct yaml_field[]){
        YAML_FIELD(struct shared, user, "user", YAML_T_STR),
        YAML_FIELD(struct shared, follow, "follow", YAML_T_BOOL),
        {0},
    },
    set_shared_defaults,
    NULL,
};

static const struct yaml_struct OUTER = {
    "config.plain",
    sizeof(struct outer),
    (const struct yaml_field[]){
        YAML_FIELD(struct outer, name, "name", YAML_T_STR),
        YAML_FIELD(struct outer, password, "password", YAML_T_SECRET),
        YAML_FIELD(struct outer, on, "on_", YAML_T_BOOL),
        YAML_FIELD(struct outer, count, "count", YAML_T_INT),
        YAML_FIELD(struct outer, size, "size", YAML_T_UINT, .go_type = "uint"),
        YAML_FIELD(struct outer, ratio, "ratio", YAML_T_FLOAT),
        YAML_FIELD(struct outer, list, "list", YAML_T_STRS),
        YAML_FIELD(struct outer, map, "map", YAML_T_STR_MAP),
        YAML_FIELD(struct outer, one, "one", YAML_T_STRUCT, .sub = &INNER),
        YAML_FIELD(struct outer, ptr, "ptr", YAML_T_PTR, .sub = &INNER),
        YAML_FIELD(struct outer, many, "many", YAML_T_LIST, .sub = &INNER),
        YAML_FIELD(struct outer, pointers, "pointers", YAML_T_PTR_LIST, .sub = &INNER),
        YAML_FIELD(struct outer, shared, "", YAML_T_STRUCT, .sub = &SHARED, .is_inline = true),
        YAML_FIELD(struct outer, wait, "wait", YAML_T_CUSTOM, YAML_DUR_PROMETHEUS,
                   YAML_SEEN(struct outer, has_wait)),
        YAML_FIELD(struct outer, timeout, "timeout", YAML_T_CUSTOM, YAML_DUR_GO),
        YAML_FIELD(struct outer, vm, "vm", YAML_T_CUSTOM, YAML_DUR_VM),
        YAML_FIELD(struct outer, url, "url", YAML_T_CUSTOM, YAML_URL),
        YAML_FIELD(struct outer, secret_url, "secret_url", YAML_T_CUSTOM, YAML_SECRET_URL),
        YAML_FIELD(struct outer, regex, "regex", YAML_T_CUSTOM, YAML_REGEX),
        YAML_FIELD(struct outer, any, "any", YAML_T_NODE),
        {0},
    },
    NULL,
    NULL,
};

static struct arena mem;
static struct outer outer;
static struct yaml_binder binder;

static bool bind(const char *text, struct err *err)
{
    struct yaml_node *node;
    const struct yaml_options opt = {.duplicates_are_fine = binder.unknown_keys_are_fine};
    binder.mem = &mem;
    err_clear(err);
    return yaml_parse(str_c(text), &opt, &mem, &node, err) &&
           yaml_bind(&binder, node, &OUTER, &outer, err);
}

static void reset(void)
{
    arena_clear(&mem);
    outer = (struct outer){.count = 3};
    binder = (struct yaml_binder){0};
}

static void must_bind(const char *text)
{
    struct err err = ERR_INIT;
    reset();
    if (!bind(text, &err))
        fail_msg("%.*s", STR(err_str(&err)));
}

static void values_reach_their_fields(void **state)
{
    (void)state;
    must_bind("name: 0123\npassword: p\non_: yes\nsize: 0x10\nratio: 1\nlist: [a, ~, 1]\n"
              "map: {b: 2, a: ~}\none: {x: y}\nptr: {n: 9}\nmany: [{x: a}, ~]\n"
              "pointers: [~, {x: b}]\nuser: u\nany: {deep: [1]}\n");
    check_str(outer.name, S("0123"));
    check_str(outer.password, S("p"));
    assert_true(outer.on && outer.size == 16 && outer.ratio == 1);
    assert_int_equal(outer.count, 3); // not in the file
    assert_int_equal(outer.list.count, 3);
    check_str(outer.list.items[1], S(""));
    assert_int_equal(outer.map.count, 2);
    check_str(outer.map.items[0].key, S("a"));
    check_str(outer.one.x, S("y"));
    assert_true(outer.one.n == 7 && !outer.one.has_n);
    assert_true(outer.ptr->n == 9 && outer.ptr->has_n);
    assert_int_equal(outer.many.count, 2);
    assert_true(YAML_LIST_AT(&outer.many, struct inner, 0)->n == 7);
    assert_true(YAML_LIST_AT(&outer.many, struct inner, 1)->n == 0); // null: no defaults
    assert_null(YAML_PTR_LIST_AT(&outer.pointers, struct inner, 0));
    check_str(YAML_PTR_LIST_AT(&outer.pointers, struct inner, 1)->x, S("b"));
    check_str(outer.shared.user, S("u"));
    assert_true(outer.shared.follow);
    assert_int_equal(outer.any->kind, YAML_MAPPING);
}

static void nulls_reset_and_emptiness_keeps(void **state)
{
    (void)state;
    must_bind("count: \nptr: ~\nwait:\none: null\nuser: ~\n");
    assert_int_equal(outer.count, 0);
    assert_null(outer.ptr);
    assert_false(outer.has_wait);
    assert_int_equal(outer.one.n, 0);
    must_bind("# nothing\n");
    assert_int_equal(outer.count, 3);
}

static void problems_are_collected_in_order(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    reset();
    assert_false(bind("foo: 1\nname: [a]\non_: abcdefghijklmn\nlist: a=b\nname: again\n"
                      "map: {a: 1, a: 2, b: {}}\none: {bar: 1, n: x}\nptr: str\nmany: {}\n"
                      "pointers: 5\nsize: -1\nany: {k: 1, k: 2}\nratio: 2001-01-01\n"
                      "? [k]\n: v\n",
                      &err));
    check_err(&err, "yaml: unmarshal errors:\n"
                    "  line 1: field foo not found in type config.plain\n"
                    "  line 2: cannot unmarshal !!seq into string\n"
                    "  line 3: cannot unmarshal !!str `abcdefg...` into bool\n"
                    "  line 4: cannot unmarshal !!str `a=b` into []string\n"
                    "  line 5: field name already set in type config.plain\n"
                    "  line 6: key \"a\" already set in map\n"
                    "  line 6: cannot unmarshal !!map into string\n"
                    "  line 7: field bar not found in type config.plain\n"
                    "  line 7: cannot unmarshal !!str `x` into int\n"
                    "  line 8: cannot unmarshal !!str `str` into config.plain\n"
                    "  line 9: cannot unmarshal !!map into []config.plain\n"
                    "  line 10: cannot unmarshal !!int `5` into []*config.plain\n"
                    "  line 11: cannot unmarshal !!int `-1` into uint\n"
                    "  line 12: key \"k\" already set in map\n"
                    "  line 13: cannot unmarshal !!timestamp `2001-01-01` into float64\n"
                    "  line 14: cannot unmarshal !!seq into string");
    assert_int_equal(err.code, ERR_SYNTAX);
}

static void checks_stop_everything(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    reset();
    assert_false(bind("foo: 1\none: {n: -1}\nname: []\n", &err));
    check_err(&err, "invalid n -1, shouldn't be less than 0");
    assert_int_equal(err.code, ERR_INVALID);
    // A struct with problems is not checked.
    reset();
    assert_false(bind("one: {n: -1, bar: 2}\n", &err));
    check_err(&err, "yaml: unmarshal errors:\n  line 1: field bar not found in type config.plain");
    reset();
    assert_false(bind("many: [{n: 1}, {n: -2}, {n: -3}]\n", &err));
    check_err(&err, "invalid n -2, shouldn't be less than 0");
}

static void custom_values_report_their_own_errors(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"wait: 1h30", "not a valid duration string: \"1h30\""},
        {"wait: ''", "empty duration string"},
        {"wait: [a]", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into string"},
        {"timeout: 5x", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `5x` into "
                        "time.Duration"},
        {"vm: abc", "cannot parse duration \"abc\""},
        {"url: ftp://x", "unsupported scheme \"ftp\" for URL"},
        {"url: 'http:'", "missing host for URL"},
        {"regex: '('", "error parsing regexp: missing closing ): `^(?:()$`"},
    };
    struct err err = ERR_INIT;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        reset();
        assert_false(bind(cases[i].in, &err));
        check_err(&err, cases[i].want);
    }
    must_bind("wait: 1h30m\ntimeout: 1.5s\nvm: 30\nurl: https://u:p@h/x\n"
              "secret_url: <secret>\nregex: a|b\n");
    assert_true(outer.wait == DUR_MINUTES(90) && outer.has_wait);
    assert_int_equal(outer.timeout, DUR_MS(1500));
    assert_int_equal(outer.vm, DUR_SECONDS(30));
    check_str(outer.url.text, S("https://u:p@h/x"));
    assert_true(outer.secret_url.is_set && outer.secret_url.text.n == 0);
    check_str(outer.regex, S("a|b"));
}

static struct buf unknown;

static void note_unknown(struct yaml_binder *b, const struct yaml_struct *type,
                         const struct yaml_node *key, void *to)
{
    (void)b, (void)to;
    buf_printf(&unknown, "%s.%.*s@%u ", type->type_name, STR(key->text), key->line);
}

static void unknown_keys_can_be_collected_or_ignored(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    reset();
    binder.unknown_keys_are_fine = true;
    assert_true(bind("foo: 1\nname: a\nname: b\n", &err));
    check_str(outer.name, S("b"));
    reset();
    binder.unknown_keys_are_fine = true;
    binder.on_unknown = note_unknown;
    assert_true(bind("foo: 1\none:\n  bar: 2\n", &err));
    check_str(buf_str(&unknown), S("config.plain.foo@1 config.plain.bar@3 "));
    buf_done(&unknown);
}

static int done(void **state)
{
    (void)state;
    arena_done(&mem);
    return 0;
}

int test_yaml_bind(void);
int test_yaml_bind(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_reach_their_fields),
        cmocka_unit_test(nulls_reset_and_emptiness_keeps),
        cmocka_unit_test(problems_are_collected_in_order),
        cmocka_unit_test(checks_stop_everything),
        cmocka_unit_test(custom_values_report_their_own_errors),
        cmocka_unit_test(unknown_keys_can_be_collected_or_ignored),
    };
    return _cmocka_run_group_tests("yaml_bind", tests, ARRAY_LEN(tests), NULL, done);
}
