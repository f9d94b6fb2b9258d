// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/payload.h"

#include "notify/integrations/webhook.h"
#include "tests/unit/notify/attempt_rig.h"

static const struct webhook_conf CONF = {0};

static struct yaml_node *parse(struct attempt_rig *r, const char *yaml)
{
    struct yaml_node *node = NULL;
    struct err err = ERR_INIT;
    assert_true(yaml_parse(str_c(yaml), &(struct yaml_options){0}, &r->mem, &node, &err));
    return node;
}

static void check_payload(const char *yaml, const char *want, const char *error)
{
    struct attempt_rig r;
    attempt_rig_init(&r, &WEBHOOK_OPS, &CONF);
    const struct tpldata *data = notify_data(&r.integration, &r.message, 1);
    struct err err = ERR_INIT;
    struct buf out = {.mem = &r.mem};
    bool ok = payload_put_json(&r.integration, &r.message, data, parse(&r, yaml), &out, &err);
    check_err(&err, error);
    assert_int_equal(ok, *error == '\0');
    if (ok)
        check_str(str_trim_right(buf_str(&out), '\n'), str_c(want));
    attempt_rig_done(&r);
}

static void values_are_what_they_look_like(void **state)
{
    (void)state;
    check_payload("[1, 0x1f, 1.5, yes, ~, '1', text]", "[1,31,1.5,true,null,1,\"text\"]", "");
    check_payload("'{{ len .Alerts }}'", "1", "");
    check_payload("'{{ .Status }}'", "\"firing\"", "");
    check_payload("'{{ \"\" }}'", "null", "");
    check_payload("'a: {{ .Status }}'", "{\"a\":\"firing\"}", "");
    check_payload("'{{ \"2024-01-02 \" }}'", "\"2024-01-02 \"", "");
    check_payload("'[{{ .Alerts.Firing | len }}, \"{{ `{{` }}\"]'", "[1,\"{{\"]", "");
}

static void names_are_sorted_and_stand_once(void **state)
{
    (void)state;
    check_payload("{b: 1, a: {d: x, c: w}, 7: dropped}",
                  "{\"a\":{\"c\":\"w\",\"d\":\"x\"},\"b\":1}", "");
    check_payload("{'{{ .Status }}': 1, firing: 2, b: 3}", "{\"b\":3,\"firing\":2}", "");
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    check_payload("a: .nan", "", "json: unsupported value: NaN");
    check_payload("['{{ \"-.inf\" }}']", "", "json: unsupported value: -Inf");
    check_payload("a: ['{{ nope }}']", "", "template: :1: function \"nope\" not defined");
    check_payload("'{{ if }}': x", "", "template: :1: missing value for if");
}

static void members_are_expanded_one_by_one(void **state)
{
    (void)state;
    struct attempt_rig r;
    attempt_rig_init(&r, &WEBHOOK_OPS, &CONF);
    const struct tpldata *data = notify_data(&r.integration, &r.message, 1);
    struct err err = ERR_INIT;
    struct buf out = {.mem = &r.mem};
    struct json_writer w = {.out = &out};
    struct payload_members members;
    assert_true(payload_expand(&r.integration, &r.message, data,
                               parse(&r, "{'{{x}}': '{{ .Status }}', a: {'{{ .Status }}': 2}}"),
                               &members, &err));
    assert_int_equal(members.count, 2);
    payload_put_members(&w, &members);
    check_str(buf_str(&out), S("{\"a\":{\"firing\":2},\"{{x}}\":\"firing\"}"));
    assert_true(payload_expand(&r.integration, &r.message, data, NULL, &members, &err));
    assert_int_equal(members.count, 0);
    assert_false(
        payload_expand(&r.integration, &r.message, data, parse(&r, "a: '{{'"), &members, &err));
    check_err(&err, "template: :1: unclosed action");
    attempt_rig_done(&r);
}

int test_payload(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_what_they_look_like),
        cmocka_unit_test(names_are_sorted_and_stand_once),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(members_are_expanded_one_by_one),
    };
    return run_group("notify/integrations/payload", tests);
}
