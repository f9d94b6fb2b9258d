// SPDX-License-Identifier: Apache-2.0
#include "base/text/yaml_print.h"

#include <math.h>

#include "base/text/yaml_types.h"
#include "tests/support/check.h"

// The text of one value as a member of a mapping; it must read back as what it was.
static void check_value(str value, const char *want)
{
    defer(buf_done) struct buf out = {0}, expected = {0};
    struct yaml_printer p;
    yaml_printer_init(&p, &out);
    yaml_put_map_begin(&p, 1);
    yaml_put_str(&p, S("k"));
    yaml_put_str(&p, value);
    yaml_put_map_end(&p);
    yaml_printer_done(&p);
    buf_printf(&expected, "k: %s\n", want);
    check_str(buf_str(&out), buf_str(&expected));

    struct arena mem = {0};
    struct yaml_node *node;
    struct err err = ERR_INIT;
    if (!yaml_parse(buf_str(&out), NULL, &mem, &node, &err))
        fail_msg("%.*s", STR(err_str(&err)));
    check_str(yaml_get(node, S("k"))->text, value);
    arena_done(&mem);
}

static void strings_are_quoted_as_far_as_needed(void **state)
{
    (void)state;
    static const struct {
        str in;
        const char *want;
    } cases[] = {
        {{"a b", 3}, "a b"},
        {{"", 0}, "\"\""},
        {{"1:5", 3}, "\"1:5\""},
        {{"00:00", 5}, "\"00:00\""},
        {{"yes", 3}, "\"yes\""},
        {{"2050", 4}, "\"2050\""},
        {{"~", 1}, "\"~\""},
        {{"...", 3}, "'...'"},
        {{"-3:-1", 5}, "-3:-1"},
        {{"- a", 3}, "'- a'"},
        {{"a: b", 4}, "'a: b'"},
        {{"a #b", 4}, "'a #b'"},
        {{"it's", 4}, "it's"},
        {{"'x'", 3}, "'''x'''"},
        {{" a", 2}, "' a'"},
        {{"<secret>", 8}, "<secret>"},
        {{"env!=\"dev\"", 10}, "env!=\"dev\""},
        {{"\tx", 2}, "\"\\tx\""},
        {{"\xc3\xa9", 2}, "\xc3\xa9"},
        {{"\xf0\x9f\x98\x80", 4}, "\"\\U0001F600\""},
        {{"\xef\xbb\xbf", 3}, "\"\\uFEFF\""},
        {{"a\nb", 3}, "|-\n  a\n  b"},
        {{"a\nb\n", 4}, "|\n  a\n  b"},
        {{" a\nb\n\n", 6}, "|2+\n   a\n  b\n"},
        {{"a \nb", 4}, "\"a \\nb\""},
        {{"\xff", 1}, "!!binary /w=="},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_value(cases[i].in, cases[i].want);
    check_value(S("word word word word word word word word word word word word word word word "
                  "word word word"),
                "word word word word word word word word word word word word word word word word\n"
                "  word word");
}

struct item {
    str name;
    struct str_list days;
};

struct config {
    struct item first;
    struct item *second;
    struct yaml_list items;
    str password, empty_password;
    struct yaml_str_map map;
    dur_ns wait;
    struct yaml_url url, secret_url, proxy, unset;
    bool on;
    int64_t count;
    double ratio;
    str hidden, omitted;
    const struct yaml_node *any;
};

static const struct yaml_struct ITEM = {
    "item",
    sizeof(struct item),
    (const struct yaml_field[]){
        YAML_FIELD(struct item, name, "name", YAML_T_STR, .is_omitted_when_empty = true),
        YAML_FIELD(struct item, days, "days", YAML_T_STRS, .is_flow = true,
                   .is_omitted_when_empty = true),
        {0},
    },
    NULL,
    NULL,
};

static const struct yaml_struct CONFIG = {
    "config",
    sizeof(struct config),
    (const struct yaml_field[]){
        YAML_FIELD(struct config, first, "first", YAML_T_STRUCT, .sub = &ITEM,
                   .is_omitted_when_empty = true),
        YAML_FIELD(struct config, second, "second", YAML_T_PTR, .sub = &ITEM),
        YAML_FIELD(struct config, items, "items", YAML_T_LIST, .sub = &ITEM),
        YAML_FIELD(struct config, password, "password", YAML_T_SECRET),
        YAML_FIELD(struct config, empty_password, "empty_password", YAML_T_SECRET),
        YAML_FIELD(struct config, map, "map", YAML_T_STR_MAP),
        YAML_FIELD(struct config, wait, "wait", YAML_T_CUSTOM, YAML_DUR_PROMETHEUS),
        YAML_FIELD(struct config, url, "url", YAML_T_CUSTOM, YAML_URL),
        YAML_FIELD(struct config, secret_url, "secret_url", YAML_T_CUSTOM, YAML_SECRET_URL),
        YAML_FIELD(struct config, proxy, "proxy", YAML_T_CUSTOM, YAML_URL_ANY_SCHEME),
        YAML_FIELD(struct config, unset, "unset", YAML_T_CUSTOM, YAML_URL,
                   .is_omitted_when_empty = true),
        YAML_FIELD(struct config, on, "on", YAML_T_BOOL),
        YAML_FIELD(struct config, count, "count", YAML_T_INT),
        YAML_FIELD(struct config, ratio, "ratio", YAML_T_FLOAT),
        YAML_FIELD(struct config, hidden, "hidden", YAML_T_STR, .is_hidden = true),
        YAML_FIELD(struct config, omitted, "omitted", YAML_T_STR, .is_omitted_when_empty = true),
        YAML_FIELD(struct config, any, "any", YAML_T_NODE, .is_omitted_when_empty = true),
        {0},
    },
    NULL,
    NULL,
};

static void structs_print_by_their_tables(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct yaml_node *node;
    struct config c = {0};
    struct err err = ERR_INIT;
    struct yaml_binder b = {.mem = &mem};
    str text = S("first: {name: a, days: ['monday:friday', sunday]}\n"
                 "items:\n- name: x\n- {}\n- days: ['1:3', '-3:-1', '2020:2030']\n"
                 "password: p\nmap: {k10: a, k9: b, k1: 'null'}\nwait: 90m\n"
                 "url: http://h\nsecret_url: http://h/secret\nproxy: socks5://u:p@h\n"
                 "on: true\ncount: -5\nratio: 1e6\nhidden: h\nany: {x: [1, 'y', ~, '2']}\n");
    if (!yaml_parse(text, NULL, &mem, &node, &err) || !yaml_bind(&b, node, &CONFIG, &c, &err))
        fail_msg("%.*s", STR(err_str(&err)));
    defer(buf_done) struct buf out = {0};
    yaml_print(&out, &CONFIG, &c);
    check_str(buf_str(&out),
              S("first:\n  name: a\n  days: ['monday:friday', sunday]\n"
                "second: null\n"
                "items:\n- name: x\n- {}\n- days: [\"1:3\", '-3:-1', '2020:2030']\n"
                "password: <secret>\nempty_password: null\n"
                "map:\n  k1: \"null\"\n  k9: b\n  k10: a\n"
                "wait: 1h30m\nurl: http://h\nsecret_url: <secret>\nproxy: socks5://u:xxxxx@h\n"
                "\"on\": true\ncount: -5\nratio: 1e+06\n"
                "any:\n  x:\n  - 1\n  - \"y\"\n  - null\n  - \"2\"\n"));
    arena_done(&mem);
}

static void empty_structs_print_their_fixed_fields(void **state)
{
    (void)state;
    const struct config c = {0};
    defer(buf_done) struct buf out = {0};
    yaml_print(&out, &CONFIG, &c);
    check_str(buf_str(&out), S("second: null\nitems: []\npassword: null\nempty_password: null\n"
                               "map: {}\nwait: 0s\nurl: null\nsecret_url: null\nproxy: null\n"
                               "\"on\": false\ncount: 0\nratio: 0\n"));
    buf_clear(&out);
    const struct item none = {0};
    yaml_print(&out, &ITEM, &none);
    check_str(buf_str(&out), S("{}\n"));
}

static void containers_nest(void **state)
{
    (void)state;
    defer(buf_done) struct buf out = {0};
    struct yaml_printer p;
    yaml_printer_init(&p, &out);
    yaml_put_seq_begin(&p, 3);
    yaml_put_seq_begin(&p, 2);
    yaml_put_f64(&p, NAN);
    yaml_put_f64(&p, -INFINITY);
    yaml_put_seq_end(&p);
    yaml_put_map_begin(&p, 2);
    yaml_put_str(&p, S("two\nlines"));
    yaml_put_seq_begin(&p, 1);
    yaml_put_bool(&p, true);
    yaml_put_seq_end(&p);
    yaml_put_u64(&p, UINT64_MAX);
    yaml_put_i64(&p, INT64_MIN);
    yaml_put_map_end(&p);
    p.is_flow_next = true;
    yaml_put_map_begin(&p, 1);
    yaml_put_str(&p, S("k"));
    yaml_put_seq_begin(&p, 1);
    yaml_put_str(&p, S("a: b"));
    yaml_put_seq_end(&p);
    yaml_put_map_end(&p);
    yaml_put_seq_end(&p);
    yaml_printer_done(&p);
    check_str(buf_str(&out), S("- - .nan\n  - -.inf\n"
                               "- ? |-\n    two\n    lines\n  : - true\n"
                               "  18446744073709551615: -9223372036854775808\n"
                               "- {k: ['a: b']}\n"));
}

static void keys_sort_as_in_go(void **state)
{
    (void)state;
    static const char *const SORTED[] = {"!x", "1",  "2",   "10",   "A",  "a", "a-b",
                                         "a1", "a2", "a10", "a10b", "ab", "b"};
    for (size_t i = 0; i < ARRAY_LEN(SORTED); i++)
        for (size_t k = 0; k < ARRAY_LEN(SORTED); k++) {
            int order = yaml_key_compare(str_c(SORTED[i]), str_c(SORTED[k]));
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
}

int test_yaml_print(void);
int test_yaml_print(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_quoted_as_far_as_needed),
        cmocka_unit_test(structs_print_by_their_tables),
        cmocka_unit_test(empty_structs_print_their_fixed_fields),
        cmocka_unit_test(containers_nest),
        cmocka_unit_test(keys_sort_as_in_go),
    };
    return run_group("yaml_print", tests);
}
