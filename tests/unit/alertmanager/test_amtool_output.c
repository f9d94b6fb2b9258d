// SPDX-License-Identifier: Apache-2.0
// What amtool makes of the API's objects: checks, JSON written back, tables.
#include "alertmanager/amtool/output.h"
#include "alertmanager/schema_time.h"
#include "tests/support/check.h"

static const json *parse(const char *text, struct arena *mem)
{
    const json *v = json_parse(str_c(text), false, mem, NULL);
    assert_non_null(v);
    return v;
}

static void check_written(const struct model *m, const char *text, const char *want)
{
    struct arena mem = {0};
    defer(buf_done) struct buf out = {0};
    struct json_writer w = {.out = &out};
    model_put(&w, m, parse(text, &mem), NULL, 0);
    check_str(buf_str(&out), str_c(want));
    arena_done(&mem);
}

static void objects_are_written_back_in_the_client_s_order(void **state)
{
    (void)state;
    check_written(&MODEL_CLUSTER, "{\"status\":\"ready\",\"more\":1,\"peers\":[]}",
                  "{\"peers\":[],\"status\":\"ready\"}");
    check_written(&MODEL_CLUSTER, "null", "null");
    check_written(&MODEL_CLUSTER, "{\"name\":\"<n>\",\"peers\":[{\"name\":\"p\"}]}",
                  "{\"name\":\"\\u003cn\\u003e\",\"peers\":[{\"address\":null,\"name\":\"p\"}],"
                  "\"status\":null}");
    check_written(&MODEL_ALERT,
                  "{\"labels\":{\"b\":\"2\",\"a\":\"1\",\"b\":\"3\"},"
                  "\"generatorURL\":\"\",\"startsAt\":\"2024-01-01T00:00:00+01:00\"}",
                  "{\"annotations\":null,\"endsAt\":null,\"fingerprint\":null,\"receivers\":null,"
                  "\"startsAt\":\"2024-01-01T00:00:00.000+01:00\",\"status\":null,"
                  "\"updatedAt\":null,\"labels\":{\"a\":\"1\",\"b\":\"3\"}}");
    check_written(&MODEL_NEW_SILENCE,
                  "{\"id\":\"\",\"status\":{\"state\":\"active\"},\"annotations\":{},"
                  "\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false}]}",
                  "{\"comment\":null,\"createdBy\":null,\"endsAt\":null,\"matchers\":[{"
                  "\"isRegex\":false,\"name\":\"a\",\"value\":\"b\"}],\"startsAt\":null}");
    check_written(
        &MODEL_ALERT,
        "{\"status\":{\"inhibitedBy\":[],\"silencedBy\":[\"x\"],\"state\":\"active\"},"
        "\"receivers\":[{\"name\":\"t\",\"labels\":{}}]}",
        "{\"annotations\":null,\"endsAt\":null,\"fingerprint\":null,"
        "\"receivers\":[{\"name\":\"t\"}],\"startsAt\":null,\"status\":{"
        "\"inhibitedBy\":[],\"mutedBy\":null,\"silencedBy\":[\"x\"],\"state\":\"active\"},"
        "\"updatedAt\":null,\"labels\":null}");
}

static void changes_take_the_place_of_members(void **state)
{
    (void)state;
    struct arena mem = {0};
    defer(buf_done) struct buf out = {0};
    struct json_writer w = {.out = &out};
    const struct model_change changes[] = {{S("id"), S("\"\"")}, {S("comment"), S("\"c\"")}};
    const json *v = parse("{\"id\":\"x\",\"comment\":\"old\",\"createdBy\":\"me\"}", &mem);
    model_put(&w, &MODEL_NEW_SILENCE, v, changes, 2);
    check_str(buf_str(&out), S("{\"comment\":\"c\",\"createdBy\":\"me\",\"endsAt\":null,"
                               "\"matchers\":null,\"startsAt\":null}"));
    arena_done(&mem);
}

static void wrong_types_are_found(void **state)
{
    (void)state;
    static const struct {
        const struct model *model;
        const char *text, *error;
    } ROWS[] = {
        {&MODEL_ALERT, "[]",
         "json: cannot unmarshal array into Go value of type "
         "models.GettableAlert"},
        {&MODEL_ALERT, "{\"fingerprint\":1}",
         "json: cannot unmarshal number into Go struct field "
         "GettableAlert.fingerprint of type string"},
        {&MODEL_ALERT, "{\"labels\":{\"a\":true}}",
         "json: cannot unmarshal bool into Go struct field GettableAlert.labels of type string"},
        {&MODEL_ALERT, "{\"labels\":[]}",
         "json: cannot unmarshal array into Go struct field "
         "GettableAlert.labels of type map[string]string"},
        {&MODEL_ALERT, "{\"status\":{\"mutedBy\":\"x\"}}",
         "json: cannot unmarshal string into Go struct field AlertStatus.mutedBy of type []string"},
        {&MODEL_ALERT, "{\"status\":\"x\"}",
         "json: cannot unmarshal string into Go value of type "
         "models.AlertStatus"},
        {&MODEL_ALERT, "{\"receivers\":{}}",
         "json: cannot unmarshal object into Go value of type "
         "models.ReceiverReferences"},
        {&MODEL_ALERT, "{\"STARTSAT\":\"x\"}",
         "parsing time \"x\" as \"2006-01-02\": cannot parse \"x\" as \"2006\""},
        {&MODEL_SILENCE, "{\"matchers\":[{\"isRegex\":\"no\"}]}",
         "json: cannot unmarshal string into Go struct field Matcher.isRegex of type bool"},
        {&MODEL_SILENCE, "{\"endsAt\":null,\"matchers\":[null]}", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct arena mem = {0};
        struct err err = ERR_INIT;
        bool ok = model_check(ROWS[i].model, parse(ROWS[i].text, &mem), &err);
        check_err(&err, ROWS[i].error);
        assert_true(ok == (ROWS[i].error[0] == '\0'));
        arena_done(&mem);
    }
}

static void times_keep_their_offset_and_their_century(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } ROWS[] = {
        {"2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000Z"},
        {"2024-01-01T00:00:00.9999+05:30", "2024-01-01T00:00:00.999+05:30"},
        {"2024-01-01T00:00:00+00:00", "2024-01-01T00:00:00.000Z"},
        {"9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59.000-01:00"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
        {"2024-01-01T10:00:00.123+0200", "2024-01-01T10:00:00.123+02:00"},
        {"2024-01-01 10:00:00", "2024-01-01T10:00:00.000Z"},
        {"2024-01-01", "2024-01-01T00:00:00.000Z"},
        {"", "1970-01-01T00:00:00.000Z"},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct arena mem = {0};
        struct gotime t;
        assert_true(schema_time_parse(str_c(ROWS[i].text), &t, NULL));
        check_str(model_time_text(t, &mem), str_c(ROWS[i].want));
        arena_done(&mem);
    }
}

// ---- tables ------------------------------------------------------------------------------------

#define ALERTS                                                                                     \
    "[{\"labels\":{\"alertname\":\"B\",\"a\":\"x \\\"y\\\"\"},\"startsAt\":"                       \
    "\"2024-01-02T00:00:00Z\",\"annotations\":{\"summary\":\"s\"},\"status\":{\"state\":"          \
    "\"active\"}},{\"labels\":{\"alertname\":\"A\"},\"startsAt\":\"2024-01-02T00:00:00+01:00\","   \
    "\"endsAt\":\"2024-01-03T00:00:00Z\",\"generatorURL\":\"http://g\"},"                          \
    "{\"labels\":{\"alertname\":\"C\"},\"startsAt\":\"2024-01-02T00:00:00Z\"}]"

static void check_alerts(enum output_kind kind, const char *want)
{
    struct arena mem = {0};
    defer(buf_done) struct buf out = {0};
    struct output o = {kind, S("2006-01-02 MST")};
    struct json_list list = json_list_of(parse(ALERTS, &mem), &mem);
    output_alerts(&out, &o, &list);
    check_str(buf_str(&out), str_c(want));
    arena_done(&mem);
}

static void alerts_are_sorted_by_their_start(void **state)
{
    (void)state;
    check_alerts(OUTPUT_SIMPLE, "Alertname  Starts At         Summary  State   \n"
                                "A          2024-01-02 +0100                   \n"
                                "B          2024-01-02 UTC    s        active  \n"
                                "C          2024-01-02 UTC                     \n");
    check_alerts(OUTPUT_EXTENDED,
                 "Labels                   Annotations  Starts At         Ends At         "
                 "Generator URL  State   \n"
                 "alertname=\"A\"                         2024-01-02 +0100  2024-01-03 UTC  "
                 "http://g               \n"
                 "a=\"x \"y\"\" alertname=\"B\"  summary=\"s\"  2024-01-02 UTC    0001-01-01 UTC  "
                 "               active  \n"
                 "alertname=\"C\"                         2024-01-02 UTC    0001-01-01 UTC  "
                 "                       \n");
}

static void silences_are_sorted_by_their_end(void **state)
{
    (void)state;
    struct arena mem = {0};
    defer(buf_done) struct buf out = {0};
    struct output o = {OUTPUT_SIMPLE, S("2006-01-02")};
    const json *v = parse("[{\"id\":\"2\",\"endsAt\":\"2300-01-02T00:00:00Z\",\"createdBy\":\"me\","
                          "\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":true,"
                          "\"isEqual\":false},{\"name\":\"c d\",\"value\":\"\\\"\"}]},"
                          "{\"id\":\"1\",\"endsAt\":\"2300-01-01T00:00:00Z\",\"comment\":\"c\"}]",
                          &mem);
    struct json_list list = json_list_of(v, &mem);
    output_silences(&out, &o, &list);
    check_str(buf_str(&out),
              S("ID  Matchers           Ends At     Created By  Comment  \n"
                "1                      2300-01-01              c        \n"
                "2   a!~\"b\" \"c d\"=\"\\\"\"  2300-01-02  me                   \n"));
    o.kind = OUTPUT_EXTENDED;
    buf_clear(&out);
    output_silences(&out, &o, &list);
    assert_true(str_find_str(buf_str(&out), S("1   {}  ")) != STR_NONE);
    assert_true(str_find_str(buf_str(&out), S("2   {a!~\"b\",\"c d\"=\"\\\"\"}  ")) != STR_NONE);
    arena_done(&mem);
}

static void peers_are_sorted_by_address_and_port(void **state)
{
    (void)state;
    struct arena mem = {0};
    defer(buf_done) struct buf out = {0};
    struct output o = {OUTPUT_EXTENDED, S("")};
    const json *v = parse("{\"name\":\"n\",\"status\":\"ready\",\"peers\":["
                          "{\"address\":\"[fd00::1]:9\",\"name\":\"six\"},"
                          "{\"address\":\"10.0.0.10:9\",\"name\":\"d\"},"
                          "{\"address\":\"10.0.0.2:10\",\"name\":\"c\"},"
                          "{\"address\":\"10.0.0.2:9\",\"name\":\"b\"},"
                          "{\"address\":\"host:1\",\"name\":\"a\"}]}",
                          &mem);
    output_cluster(&out, &o, v);
    check_str(buf_str(&out), S("Cluster Status:  ready\nNode Name:       n\n\n"
                               "Address      Name\n"
                               "host:1       a    \n"
                               "10.0.0.2:9   b    \n"
                               "10.0.0.2:10  c    \n"
                               "10.0.0.10:9  d    \n"
                               "[fd00::1]:9  six  \n"));
    arena_done(&mem);
}

static void the_status_is_text_or_values(void **state)
{
    (void)state;
    struct arena mem = {0};
    defer(buf_done) struct buf out = {0};
    struct output o = {OUTPUT_EXTENDED, S("")};
    const json *v = parse("{\"config\":{\"original\":\"route: {}\\n\"},\"uptime\":"
                          "\"2024-01-01T00:00:00Z\",\"versionInfo\":{\"version\":\"0.34.0\"}}",
                          &mem);
    output_status(&out, &o, v);
    check_str(buf_str(&out), S("route: {}\n\nbuildUser \ngoVersion \nrevision \nversion 0.34.0\n"
                               "branch \nbuildDate \nuptime 2024-01-01T00:00:00.000Z\n"));
    arena_done(&mem);
}

int test_amtool_output(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_written_back_in_the_client_s_order),
        cmocka_unit_test(changes_take_the_place_of_members),
        cmocka_unit_test(wrong_types_are_found),
        cmocka_unit_test(times_keep_their_offset_and_their_century),
        cmocka_unit_test(alerts_are_sorted_by_their_start),
        cmocka_unit_test(silences_are_sorted_by_their_end),
        cmocka_unit_test(peers_are_sorted_by_address_and_port),
        cmocka_unit_test(the_status_is_text_or_values),
    };
    return run_group("amtool output", tests);
}
