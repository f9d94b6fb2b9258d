// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/alertmanager/api_world.h"

#define ALERTS   "/api/v2/alerts"
#define SILENCES "/api/v2/silences"

// ---- request checks ----------------------------------------------------------------------------

static void checks_come_in_order(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    check_answer(&w, "GET", "/api/v2/", NULL, 404,
                 "{\"code\":404,\"message\":\"path /api/v2/ was not found\"}");
    check_answer(&w, "GET", "/api/v2/a<b", NULL, 404,
                 "{\"code\":404,\"message\":\"path /api/v2/a%3Cb was not found\"}");
    check_answer(&w, "PUT", ALERTS, "[]", 405,
                 "{\"code\":405,\"message\":\"method PUT is not allowed, but [GET,POST] are\"}");
    check_str(api_world_header(&w, "Allow"), S("GET,POST"));
    check_answer(&w, "HEAD", ALERTS, NULL, 405, "");
    check_str(api_world_header(&w, "Content-Type"), S("application/json"));
    check_answer(&w, "get", ALERTS, NULL, 200, "[]\n");
    check_answer(&w, "OPTIONS", "/api/v2/silence/x", NULL, 405,
                 "{\"code\":405,\"message\":\"method OPTIONS is not allowed, but [DELETE,GET] "
                 "are\"}");
    const struct http_header text = {S("Content-Type"), S("TEXT/plain; x=y")};
    const struct http_header broken = {S("Content-Type"), S("a b/c")};
    const struct http_header html = {S("Accept"), S("text/html, application/json;q=0")};
    const struct http_header any = {S("Accept"), S("text/html, */*;q=0.1")};
    api_world_ask_with(&w, "POST", ALERTS, "[]", &text, 1);
    check_str(buf_str(&w.body),
              S("{\"code\":415,\"message\":\"unsupported media type \\\"text/plain\\\", only "
                "[application/json] are allowed\"}"));
    api_world_ask_with(&w, "POST", ALERTS, "[]", &broken, 1);
    assert_int_equal(w.status, 400);
    api_world_ask_with(&w, "GET", ALERTS, NULL, &html, 1);
    check_str(buf_str(&w.body),
              S("{\"code\":406,\"message\":\"unsupported media type requested, only "
                "[application/json] are available\"}"));
    api_world_ask_with(&w, "GET", ALERTS, NULL, &any, 1);
    assert_int_equal(w.status, 200);
    api_world_ask_with(&w, "POST", ALERTS, "[]", &html, 1); // a body is never refused for this
    assert_int_equal(w.status, 200);
    check_answer(&w, "GET", ALERTS "/", NULL, 200, "[]\n");
    check_str(api_world_header(&w, "Cache-Control"), S("no-store"));
    check_str(api_world_header(&w, "Vary"), S("Origin"));
    api_world_stop(&w);
}

static void content_types(void **state)
{
    (void)state;
#define CT_ERROR(type, why)                                                                        \
    "{\"code\":400,\"message\":\"parsing Content-Type header from \\\"" type                       \
    "\\\" failed, because " why "\"}"
    static const struct {
        const char *type;
        int status;
        const char *answer;
    } cases[] = {
        {"application/json", 200, ""},
        {"APPLICATION/Json; charset=\"utf-8\";", 200, ""},
        {"application/json; a=b; A=b", 200, ""},
        {"application/json; a=\"x;\\\"y\" ; b=c", 200, ""},
        {"/json", 400, CT_ERROR("/json", "mime: no media type")},
        {"a b/c", 400, CT_ERROR("a b/c", "mime: expected slash after first token")},
        {"a/", 400, CT_ERROR("a/", "mime: expected token after slash")},
        {"a/b, c/d", 400, CT_ERROR("a/b, c/d", "mime: unexpected content after media subtype")},
        {"application/json;;", 400,
         CT_ERROR("application/json;;", "mime: invalid media parameter")},
        {"application/json;x", 400,
         CT_ERROR("application/json;x", "mime: invalid media parameter")},
        {"application/json; x=", 400,
         CT_ERROR("application/json; x=", "mime: invalid media parameter")},
        {"application/json; x=\"y", 400,
         CT_ERROR("application/json; x=\\\\\\\"y", "mime: invalid media parameter")},
        {"application/json; x=1; x=2", 400,
         CT_ERROR("application/json; x=1; x=2", "mime: duplicate parameter name")},
        {"Foo", 400, CT_ERROR("foo", "mediatype: malformed: \\\"foo\\\" has no subtype")},
        {"*/*", 500, "{\"code\":500,\"message\":\"no consumer registered for */*\"}"},
        {"application/x+json", 415,
         "{\"code\":415,\"message\":\"unsupported media type \\\"application/x+json\\\", only "
         "[application/json] are allowed\"}"},
        {"", 415,
         "{\"code\":415,\"message\":\"unsupported media type \\\"application/octet-stream\\\", "
         "only [application/json] are allowed\"}"},
    };
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct http_header type = {S("Content-Type"), str_c(cases[i].type)};
        api_world_ask_with(&w, "POST", ALERTS, "[]", &type, 1);
        check_str(buf_str(&w.body), str_c(cases[i].answer));
        assert_int_equal(w.status, cases[i].status);
    }
    api_world_stop(&w);
#undef CT_ERROR
}

static void accepted_types(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        int status;
    } cases[] = {
        {"*/*", 200},
        {"*/xml", 200}, // of any type: the rest is not looked at
        {"application/json;version=1", 200},
        {"application/json;q=abc", 200},
        {"text/x;a=\",\\\"\", application/*;q=0.1", 200},
        {", broken, application/json", 200},
        {"", 406},
        {"*", 406},
        {"text/html, application/json;q=0", 406},
        {"text/x;a=\", application/json\"", 406},
    };
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct http_header accept = {S("Accept"), str_c(cases[i].accept)};
        api_world_ask_with(&w, "GET", ALERTS, NULL, &accept, 1);
        assert_int_equal(w.status, cases[i].status);
    }
    const struct http_header both[] = {{S("Accept"), S("text/html")}, {S("accept"), S("*/*")}};
    api_world_ask_with(&w, "GET", ALERTS, NULL, both, 2);
    assert_int_equal(w.status, 200);
    api_world_stop(&w);
}

static void cors(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    struct http_header headers[] = {
        {S("Origin"), S("http://x")},
        {S("Access-Control-Request-Method"), S("POST")},
        {S("Access-Control-Request-Headers"), S("accept, content-type")},
    };
    api_world_ask_with(&w, "GET", ALERTS, NULL, headers, 1);
    check_str(api_world_header(&w, "Access-Control-Allow-Origin"), S("*"));
    api_world_ask_with(&w, "DELETE", "/api/v2/silence/x", NULL, headers, 1);
    check_str(api_world_header(&w, "Access-Control-Allow-Origin"), S(""));
    api_world_ask_with(&w, "OPTIONS", ALERTS, NULL, headers, 3);
    assert_int_equal(w.status, 204);
    check_str(api_world_header(&w, "Access-Control-Allow-Origin"), S("*"));
    check_str(api_world_header(&w, "Access-Control-Allow-Methods"), S("POST"));
    check_str(api_world_header(&w, "Access-Control-Allow-Headers"), S("accept, content-type"));
    check_str(api_world_header(&w, "Cache-Control"), S(""));
    api_world_ask_with(&w, "OPTIONS", ALERTS, NULL, headers, 1); // no preflight
    assert_int_equal(w.status, 405);
    check_str(api_world_header(&w, "Access-Control-Allow-Origin"), S("*"));
    static const char *const refused[] = {"content-type,accept", "Accept", "accept,  content-type",
                                          "accept,accept"};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        headers[2].value = str_c(refused[i]);
        api_world_ask_with(&w, "OPTIONS", ALERTS, NULL, headers, 3);
        check_str(api_world_header(&w, "Access-Control-Allow-Origin"), S(""));
    }
    headers[2].value = S("X-Secret");
    api_world_ask_with(&w, "OPTIONS", ALERTS, NULL, headers, 3);
    check_str(api_world_header(&w, "Access-Control-Allow-Origin"), S(""));
    headers[1].value = S("DELETE");
    api_world_ask_with(&w, "OPTIONS", ALERTS, NULL, headers, 2);
    check_str(api_world_header(&w, "Access-Control-Allow-Origin"), S(""));
    api_world_stop(&w);
}

// ---- alerts in ---------------------------------------------------------------------------------

#define BODY_ERROR(text)                                                                           \
    "{\"code\":400,\"message\":\"parsing alerts body from \\\"\\\" failed, because " text "\"}"

static void bad_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
        const char *answer;
    } cases[] = {
        {"", 422, "{\"code\":602,\"message\":\"alerts in body is required\"}"},
        {" ", 422, "{\"code\":602,\"message\":\"alerts in body is required\"}"},
        {"[", 400, BODY_ERROR("unexpected EOF")},
        {"[}", 400, BODY_ERROR("invalid character '}' looking for beginning of value")},
        {"nope", 400, BODY_ERROR("invalid character 'o' in literal null (expecting 'u')")},
        {"{}", 400,
         BODY_ERROR("json: cannot unmarshal object into Go value of type models.PostableAlerts")},
        {"[{\"labels\":{\"a\":5}}]", 400,
         BODY_ERROR("json: cannot unmarshal number into Go struct field Alert.labels of type "
                    "string")},
        {"[{\"labels\":[]}]", 400,
         BODY_ERROR("json: cannot unmarshal array into Go struct field Alert.labels of type "
                    "models.LabelSet")},
        {"[{\"labels\":{\"a\":\"b\"},\"annotations\":{\"a\":5}}]", 400,
         BODY_ERROR("json: cannot unmarshal number into Go struct field .annotations of type "
                    "string")},
        {"[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"x\"}]", 400,
         BODY_ERROR("parsing time \\\"x\\\" as \\\"2006-01-02\\\": cannot parse \\\"x\\\" as "
                    "\\\"2006\\\"")},
        {"[{\"labels\":{\"a\":\"b\"}},{\"labels\":null}]", 422,
         "{\"code\":602,\"message\":\"1.labels in body is required\"}"},
        {"[1]", 400,
         BODY_ERROR("json: cannot unmarshal number into Go value of type struct { Annotations "
                    "models.LabelSet \\\"json:\\\\\\\"annotations,omitempty\\\\\\\"\\\"; EndsAt "
                    "strfmt.DateTime \\\"json:\\\\\\\"endsAt,omitempty\\\\\\\"\\\"; StartsAt "
                    "strfmt.DateTime \\\"json:\\\\\\\"startsAt,omitempty\\\\\\\"\\\" }")},
        // A bad time ends Go's decoding at once; other types are looked at to the end.
        {"[{\"labels\":1,\"annotations\":1,\"endsAt\":[],\"startsAt\":\"x\"}]", 400,
         BODY_ERROR("json: cannot unmarshal array into Go struct field .endsAt of type string")},
        {"[{\"labels\":1,\"annotations\":1}]", 400,
         BODY_ERROR("json: cannot unmarshal number into Go struct field .annotations of type "
                    "models.LabelSet")},
        {"[{\"labels\":{\"a\":\"b\"},\"generatorURL\":\"a\\nb\"}]", 422,
         "{\"code\":601,\"message\":\"0.generatorURL in body must be of type uri: "
         "\\\"a\\\\nb\\\"\"}"},
        {"[null]", 422, "{\"code\":602,\"message\":\"0.labels in body is required\"}"},
        {"[{\"labels\":{\"a\":\"b\"},\"generatorURL\":\"<x>\"}]", 422,
         "{\"code\":601,\"message\":\"0.generatorURL in body must be of type uri: "
         "\\\"\\u003cx\\u003e\\\"\"}"},
    };
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_answer(&w, "POST", ALERTS, cases[i].body, cases[i].status, cases[i].answer);
    check_answer(&w, "GET", ALERTS, NULL, 200, "[]\n"); // nothing was stored of any of them
    api_world_stop(&w);
}

static void valid_alerts_are_stored_beside_invalid_ones(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    check_answer(&w, "POST", ALERTS,
                 "[{\"labels\":{}},{\"LABELS\":{\"a\":\"7\",\"gone\":\"\",\"none\":null}},"
                 "{\"labels\":{\"a\":\"8\"},\"startsAt\":\"2026-01-05T00:00:00Z\","
                 "\"endsAt\":\"2026-01-04T00:00:00Z\"}]",
                 400,
                 "\"at least one label pair required\\nstart time must be before end time\"\n");
    check_answer(
        &w, "GET", ALERTS, NULL, 200,
        "[{\"annotations\":{},\"endsAt\":\"2026-01-05T00:05:00.000Z\",\"fingerprint\":"
        "\"d3cd71819387813f\",\"receivers\":[{\"name\":\"default\"}],\"startsAt\":"
        "\"2026-01-05T00:00:00.000Z\",\"status\":{\"inhibitedBy\":[],\"mutedBy\":[],"
        "\"silencedBy\":[],\"state\":\"active\"},\"updatedAt\":\"2026-01-05T00:00:00.000Z\","
        "\"labels\":{\"a\":\"7\"}}]\n");
    api_world_stop(&w);
}

// Go's decoder adds to the map that an earlier key of the same name has filled, unless it is null.
static void repeated_keys_add_up(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    check_answer(&w, "POST", ALERTS,
                 "[{\"labels\":{\"a\":\"1\",\"b\":\"1\"},\"annotations\":{\"x\":\"1\"},\"LABELS\":"
                 "{\"b\":\"2\"},\"annotations\":null,\"annotations\":{\"y\":\"1\"}}]",
                 200, "");
    api_world_ask(&w, "GET", ALERTS, NULL);
    assert_true(str_find_str(buf_str(&w.body), S("{\"a\":\"1\",\"b\":\"2\"}")) != STR_NONE);
    assert_true(str_starts(buf_str(&w.body), S("[{\"annotations\":{\"y\":\"1\"},")));
    check_answer(
        &w, "POST", SILENCES,
        "{\"comment\":\"\",\"createdBy\":\"\",\"startsAt\":\"2026-01-05T00:00:00Z\","
        "\"endsAt\":\"2999-01-01\",\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":"
        "false,\"isEqual\":false}],\"matchers\":[{\"name\":\"z\"},{\"value\":\"\"}]}",
        422, "{\"code\":602,\"message\":\"matchers.1.isRegex in body is required\"}");
    struct arena mem = {0};
    struct silence_input in;
    struct api_problem problem;
    assert_true(api_decode_silence(
        S("{\"comment\":\"\",\"createdBy\":\"\",\"startsAt\":\"2026-01-05\",\"endsAt\":\"2999-01-"
          "01\","
          "\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false,\"isEqual\":false}],"
          "\"matchers\":[{\"name\":\"z\"}]}"),
        &mem, &in, &problem));
    check_str(in.sets[0].items[0].name, S("z"));
    check_str(in.sets[0].items[0].value, S("b"));
    assert_int_equal(in.sets[0].items[0].op, MATCH_NE);
    assert_true(in.ends_at == TIME_MAX); // what lies behind 2262 is cut, not wrapped
    arena_done(&mem);
    api_world_stop(&w);
}

static void times_and_urls(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        time_ns t; // seconds
        int32_t offset_s;
    } good[] = {
        {"2024-01-01T02:00:00+02:00", 1704067200, 7200},
        {"2024-01-01T02:00:00.500+0200", 1704067200, 7200},
        {"2024-01-01T02:00:00.000001+0200", 1704067200, 7200},
        {"2024-01-01T0:00:00Z", 1704067200, 0},
        {"2024-01-01T00:00:00.9Z", 1704067200, 0},
        {"2024-01-01T00:00:00", 1704067200, 0},
        {"2024-01-01T00:00", 1704067200, 0},
        {"2024-01-01T00:00Z", 1704067200, 0},
        {"2024-01-01 00:00:00", 1704067200, 0},
        {"2024-01-01", 1704067200, 0},
        {"", 0, 0},
    };
    struct zoned_time t;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(api_parse_time(str_c(good[i].text), &t, NULL));
        assert_int_equal(t.t / DUR_SECONDS(1), good[i].t);
        assert_int_equal(t.offset_s, good[i].offset_s);
    }
    assert_true(api_parse_time(S("0001-01-01T00:00:00Z"), &t, NULL));
    assert_true(t.t == TIME_UNSET);
    assert_true(api_parse_time(S("9999-01-01"), &t, NULL));
    assert_true(t.t == TIME_MAX);
    assert_true(api_parse_time(S("1066-10-14"), &t, NULL));
    assert_true(t.t == TIME_MIN);
    assert_false(api_parse_time(S("2024-13-01"), &t, NULL));
    struct err err = ERR_INIT;
    assert_false(api_parse_time(S("2024-01-01T02:00:00+0200"), &t, &err));
    check_err(&err, "parsing time \"2024-01-01T02:00:00+0200\": extra text: \"T02:00:00+0200\"");
    static const char *const uris[] = {"http://p:9090/graph?g0.expr=a%3D1#x",
                                       "/x",
                                       "mailto:a@b",
                                       "HTTPS://[::1]/",
                                       "http://h?%",
                                       "http://h/a b"};
    static const char *const bad_uris[] = {"x",           "://bad", "http://h/%zz",
                                           "http://a b/", "a\nb",   "http://h/\x7f"};
    for (size_t i = 0; i < ARRAY_LEN(uris); i++)
        assert_true(api_uri_is_valid(str_c(uris[i])));
    for (size_t i = 0; i < ARRAY_LEN(bad_uris); i++)
        assert_false(api_uri_is_valid(str_c(bad_uris[i])));
}

static char *many_alerts(struct api_world *w, size_t count)
{
    struct buf body = {0};
    buf_put_c(&body, '[');
    for (size_t i = 0; i < count; i++)
        buf_printf(&body, "%s{\"labels\":{\"alertname\":\"a%zu\",\"n\":\"%zu\"}}", i ? "," : "",
                   i % 3, i);
    buf_put(&body, S("]"));
    char *c = arena_c(&w->mem, buf_str(&body));
    buf_done(&body);
    return c;
}

static void long_bodies_are_stored_whole(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    check_answer(&w, "POST", ALERTS, many_alerts(&w, 3000), 200, ""); // short: in slices
    assert_int_equal(w.jobs, 0);
    check_answer(&w, "POST", ALERTS, many_alerts(&w, 5000), 200, "");
    assert_int_equal(w.jobs, 1);
    assert_int_equal(alerts_stats(w.am->alerts).count, 5000);
    w.are_jobs_held = true;
    api_world_begin(&w, "POST", ALERTS, many_alerts(&w, 6000), NULL, 0);
    am_stop(w.am, world_on_stopped, &w);
    fake_env_settle(&w.fake);
    am_free(take(&w.am)); // with the worker still at it
    assert_int_equal(w.status, 503);
    fake_env_advance(&w.fake, DUR_DAYS(1));
    api_world_stop(&w);
}

// ---- alerts out --------------------------------------------------------------------------------

static void a_long_list_comes_sorted_and_in_pieces(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    check_answer(&w, "POST", ALERTS, many_alerts(&w, 5000), 200, "");
    api_world_ask(&w, "GET", ALERTS, NULL);
    assert_true(w.pieces > 5);
    assert_true(w.piece_bytes_max < 2 * API_PIECE_BYTES);
    struct arena mem = {0};
    const json *list = json_parse(buf_str(&w.body), false, &mem, NULL);
    assert_int_equal(json_count(list), 5000);
    str last = {0};
    json_each (alert, list) {
        str fingerprint = json_str(json_get(alert, S("fingerprint")));
        assert_true(str_cmp(last, fingerprint) < 0);
        last = fingerprint;
    }
    api_world_ask(&w, "GET", ALERTS "?filter=alertname%3D%22a1%22&filter=n%3D~%22.*7%22", NULL);
    list = json_parse(buf_str(&w.body), false, &mem, NULL);
    assert_int_equal(json_count(list), 167);
    arena_done(&mem);
    check_answer(&w, "GET", ALERTS "?filter=alertname%3D%22no%22", NULL, 200, "[]\n");
    check_answer(&w, "GET", ALERTS "?receiver=x", NULL, 200, "[]\n");
    api_world_stop(&w);
}

static void bad_parameters(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    check_answer(&w, "GET", ALERTS "?filter=a", NULL, 400, "\"bad matcher format: a\"\n");
    check_answer(&w, "GET", ALERTS "?filter=", NULL, 400, "\"bad matcher format: \"\n");
    check_answer(&w, "GET", ALERTS "/groups?receiver=(", NULL, 400,
                 "\"failed to parse receiver param: error parsing regexp: missing closing ): "
                 "`^(?:()$`\"\n");
    check_answer(&w, "GET", "/api/v2/receivers?receiver=(&filter=x", NULL, 200,
                 "[{\"labels\":{\"name\":\"default\"},\"name\":\"default\"}]\n");
    check_answer(&w, "GET", "/api/v2/receivers?receiver_matchers=x", NULL, 400,
                 "\"failed to parse receiver_matchers param: bad matcher format: x\"\n");
    check_answer(&w, "GET", ALERTS "?active=maybe", NULL, 200, "[]\n");
    api_world_stop(&w);
}

// A group that is left out because it is muted still counts among its alerts' receivers.
static void muted_groups_are_left_out(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, "route:\n  receiver: d\n  group_wait: 1s\n  routes:\n"
                        "  - {receiver: z, continue: true, mute_time_intervals: [always]}\n"
                        "  - {receiver: b}\n"
                        "receivers:\n- name: d\n- name: z\n- name: b\n"
                        "time_intervals:\n- name: always\n  time_intervals:\n"
                        "  - times: [{start_time: '00:00', end_time: '24:00'}]\n");
    api_world_ask(&w, "POST", ALERTS, "[{\"labels\":{\"alertname\":\"x\"}}]");
    fake_env_advance(&w.fake, DUR_SECONDS(2));
    struct arena mem = {0};
    api_world_ask(&w, "GET", ALERTS "/groups", NULL);
    const json *list = json_parse(buf_str(&w.body), false, &mem, NULL);
    assert_int_equal(json_count(list), 2);
    const json *status =
        json_get(json_first(json_get(json_next(json_first(list)), S("alerts"))), S("status"));
    check_str(json_str(json_first(json_get(status, S("mutedBy")))), S("always"));
    check_str(json_str(json_get(status, S("state"))), S("suppressed"));

    api_world_ask(&w, "GET", ALERTS "/groups?muted=false", NULL);
    list = json_parse(buf_str(&w.body), false, &mem, NULL);
    assert_int_equal(json_count(list), 1);
    check_str(json_str(json_get(json_get(json_first(list), S("receiver")), S("name"))), S("b"));
    const json *alert = json_first(json_get(json_first(list), S("alerts")));
    assert_int_equal(json_count(json_get(alert, S("receivers"))), 2);
    arena_done(&mem);
    api_world_stop(&w);
}

static void groups_list_all_receivers_of_an_alert(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, "route:\n  receiver: d\n  group_by: [alertname]\n  group_wait: 1h\n"
                        "  routes:\n  - {receiver: z, continue: true}\n  - {receiver: b}\n"
                        "receivers:\n- name: d\n- name: z\n- name: b\n");
    check_answer(&w, "GET", ALERTS "/groups", NULL, 200, "[]\n");
    api_world_ask(&w, "POST", ALERTS,
                  "[{\"labels\":{\"alertname\":\"x\",\"i\":\"2\"}},"
                  "{\"labels\":{\"alertname\":\"x\",\"i\":\"1\"}}]");
    api_world_ask(&w, "GET", ALERTS "/groups", NULL);
    struct arena mem = {0};
    const json *list = json_parse(buf_str(&w.body), false, &mem, NULL);
    assert_int_equal(json_count(list), 2);
    const json *first = json_first(list);
    check_str(json_str(json_get(json_get(first, S("receiver")), S("name"))), S("b"));
    const json *alert = json_first(json_get(first, S("alerts")));
    check_str(json_str(json_get(json_get(alert, S("labels")), S("i"))), S("1"));
    const json *receivers = json_get(alert, S("receivers"));
    assert_int_equal(json_count(receivers), 2);
    check_str(json_str(json_get(json_first(receivers), S("name"))), S("b"));
    assert_true(json_is_object(json_get(first, S("routeLabels"))));

    api_world_ask(&w, "GET", ALERTS "/groups?receiver=z&filter=i%3D1", NULL);
    list = json_parse(buf_str(&w.body), false, &mem, NULL);
    assert_int_equal(json_count(list), 1);
    assert_int_equal(json_count(json_get(json_first(list), S("alerts"))), 1);
    check_answer(&w, "GET", ALERTS "/groups?filter=i%3D3", NULL, 200, "[]\n");
    arena_done(&mem);
    api_world_stop(&w);
}

// More groups than are sorted in one slice, in the order of their labels.
static void many_groups_come_sorted(void **state)
{
    (void)state;
    struct api_world w;
    struct arena mem = {0};
    api_world_start(&w, "route: {receiver: d, group_by: [n], group_wait: 1h}\n"
                        "receivers:\n- name: d\n");
    check_answer(&w, "POST", ALERTS, many_alerts(&w, 3001), 200, "");
    api_world_ask(&w, "GET", ALERTS "/groups", NULL);
    const json *list = json_parse(buf_str(&w.body), false, &mem, NULL);
    assert_int_equal(json_count(list), 3001);
    assert_true(w.pieces > 5);
    str last = {0};
    json_each (group, list) {
        str n = json_str(json_get(json_get(group, S("labels")), S("n")));
        assert_true(str_cmp(last, n) < 0);
        assert_int_equal(json_count(json_get(group, S("alerts"))), 1);
        last = n;
    }
    arena_done(&mem);
    api_world_stop(&w);
}

// ---- silences ----------------------------------------------------------------------------------

static str create_silence(struct api_world *w, const char *start, const char *end)
{
    const char *body = arena_printf(&w->mem,
                                    "{\"matchers\":[{\"name\":\"a\",\"value\":\"<&>\",\"isRegex\":"
                                    "false}],\"startsAt\":\"%s\",\"endsAt\":\"%s\","
                                    "\"createdBy\":\"\",\"comment\":\"c\"}",
                                    start, end)
                           .p;
    api_world_ask(w, "POST", SILENCES, body);
    assert_int_equal(w->status, 200);
    struct arena mem = {0};
    const json *v = json_parse(buf_str(&w->body), false, &mem, NULL);
    str id = arena_str(&w->mem, json_str(json_get(v, S("silenceID"))));
    arena_done(&mem);
    assert_int_equal(id.n, 36);
    return id;
}

static void silence_lifecycle(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    str id = create_silence(&w, "2026-01-05T01:00:00+01:00", "2026-01-05T02:00:00Z");
    str object = arena_printf(
        &w.mem,
        "{\"id\":\"%.*s\",\"status\":{\"state\":\"active\"},\"updatedAt\":"
        "\"2026-01-05T00:00:00.000Z\",\"comment\":\"c\",\"createdBy\":\"\",\"endsAt\":"
        "\"2026-01-05T02:00:00.000Z\",\"matchers\":[{\"isEqual\":true,\"isRegex\":false,"
        "\"name\":\"a\",\"value\":\"\\u003c\\u0026\\u003e\"}],\"startsAt\":"
        "\"2026-01-05T00:00:00.000Z\"}",
        STR(id));
    const char *path = arena_printf(&w.mem, "/api/v2/silence/%.*s", STR(id)).p;
    check_answer(&w, "GET", path, NULL, 200, arena_printf(&w.mem, "%.*s\n", STR(object)).p);
    check_answer(&w, "GET", SILENCES, NULL, 200, arena_printf(&w.mem, "[%.*s]\n", STR(object)).p);
    check_answer(&w, "GET", SILENCES "?active=false", NULL, 200, "[]\n");
    check_answer(&w, "GET", SILENCES "?active=no&pending=no&expired=no", NULL, 200, "[]\n");
    check_answer(&w, "GET", SILENCES "?filter=a%3D%22x%22", NULL, 200, "[]\n");
    fake_env_advance(&w.fake, DUR_SECONDS(1));
    check_answer(&w, "DELETE", path, NULL, 200, "");
    check_answer(&w, "DELETE", path, NULL, 200, "");
    fake_env_advance(&w.fake, 1); // its last instant is still inside
    api_world_ask(&w, "GET", path, NULL);
    assert_true(str_find_str(buf_str(&w.body), S("\"state\":\"expired\"")) != STR_NONE);
    api_world_stop(&w);
}

static void unknown_and_malformed_ids(void **state)
{
    (void)state;
    static const char *const uuids[] = {
        "b1e4a3a0-0000-4000-8000-000000000000", "B1E4A3A0-0000-4000-8000-000000000000",
        "urn:uuid:b1e4a3a0-0000-4000-8000-000000000000",
        "%7Bb1e4a3a0-0000-4000-8000-000000000000%7D", "b1e4a3a0000040008000000000000000"};
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    for (size_t i = 0; i < ARRAY_LEN(uuids); i++) {
        const char *path = arena_printf(&w.mem, "/api/v2/silence/%s", uuids[i]).p;
        check_answer(&w, "GET", path, NULL, 404, "");
        check_answer(&w, "DELETE", path, NULL, 404, "");
    }
    check_answer(&w, "GET", "/api/v2/silence/foo", NULL, 422,
                 "{\"code\":601,\"message\":\"silenceID in path must be of type uuid: "
                 "\\\"foo\\\"\"}");
    check_answer(&w, "POST", SILENCES,
                 "{\"id\":\"foo\",\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":"
                 "false}],\"startsAt\":\"2026-01-05T00:00:00Z\",\"endsAt\":"
                 "\"2026-01-06T00:00:00Z\",\"createdBy\":\"\",\"comment\":\"\"}",
                 404, "\"silence not found\"\n");
    api_world_stop(&w);
}

static void silence_schema(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
        const char *answer;
    } cases[] = {
        {"{}", 422, "{\"code\":602,\"message\":\"comment in body is required\"}"},
        {"{\"comment\":\"\"}", 422, "{\"code\":602,\"message\":\"createdBy in body is required\"}"},
        {"{\"comment\":\"\",\"createdBy\":\"\",\"endsAt\":\"2026-01-05\",\"matchers\":[]}", 422,
         "{\"code\":612,\"message\":\"matchers in body should have at least 1 items\"}"},
        {"{\"comment\":\"\",\"createdBy\":\"\",\"endsAt\":\"2026-01-05\",\"matchers\":[{}]}", 422,
         "{\"code\":602,\"message\":\"matchers.0.isRegex in body is required\"}"},
        {"{\"matchers\":[{\"name\":5}]}", 400,
         "{\"code\":400,\"message\":\"parsing silence body from \\\"\\\" failed, because json: "
         "cannot unmarshal number into Go struct field Matcher.matchers.name of type string\"}"},
        {"{\"comment\":\"\",\"createdBy\":\"\",\"endsAt\":\"2026-01-05T01:00:00Z\",\"matchers\":"
         "[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false}],\"startsAt\":"
         "\"2026-01-05T01:00:00Z\"}",
         400, "\"Failed to create silence: start time must be before end time\"\n"},
        {"{\"comment\":\"\",\"createdBy\":\"\",\"endsAt\":\"2026-01-04T01:00:00Z\",\"matchers\":"
         "[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false}],\"startsAt\":"
         "\"2026-01-03T01:00:00Z\"}",
         400, "\"Failed to create silence: end time can't be in the past\"\n"},
        {"{\"comment\":\"\",\"createdBy\":\"\",\"endsAt\":\"2026-01-06T01:00:00Z\",\"matchers\":"
         "[{\"name\":\"a\",\"value\":\"\",\"isRegex\":false}],\"startsAt\":"
         "\"2026-01-05T01:00:00Z\"}",
         400,
         "\"invalid silence: matcher set 0: at least one matcher must not match the empty "
         "string\"\n"},
    };
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_answer(&w, "POST", SILENCES, cases[i].body, cases[i].status, cases[i].answer);
    api_world_stop(&w);
}

static void keep_line(void *owner, enum log_level level, str line)
{
    (void)level;
    buf_put(owner, line);
}

static time_ns log_now(void *owner)
{
    (void)owner;
    return 0;
}

static void silences_are_logged_when_asked_for(void **state)
{
    (void)state;
    struct api_world w;
    struct buf lines = {0};
    struct log_sink sink = {.level = LOG_INFO, .now = log_now, .write = keep_line, .owner = &lines};
    api_world_init(&w, WORLD_CONFIG);
    w.fake.env.log.sink = &sink;
    w.opt.log_silences = true;
    api_world_run(&w);
    buf_clear(&lines);
    str id = create_silence(&w, "2026-01-05T00:00:00Z", "2026-01-05T02:00:00Z");
    api_world_ask(&w, "DELETE", arena_printf(&w.mem, "/api/v2/silence/%.*s", STR(id)).p, NULL);
    str all = buf_str(&lines), first, second;
    str_cut(all, '\n', &first, &second);
    str wanted = arena_printf(&w.mem,
                              "msg=\"create silence\" component=silences Id=%.*s CreatedBy=\"\" "
                              "Comment=c StartsAt=2026-01-05T00:00:00Z "
                              "EndsAt=2026-01-05T02:00:00Z Matchers=\"a=<&>\"",
                              STR(id));
    assert_true(str_ends(first, wanted));
    assert_true(str_find_str(second, S("msg=\"expire silence\"")) != STR_NONE);
    sink.level = LOG_ERROR;
    api_world_stop(&w);
    buf_done(&lines);
}

// An accepted silence is on the disk; one that can't be is refused.
static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    w.fake.is_disk_full = true;
    api_world_ask(&w, "POST", SILENCES,
                  "{\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false}],"
                  "\"startsAt\":\"2026-01-05T00:00:00Z\",\"endsAt\":\"2026-01-06T00:00:00Z\","
                  "\"createdBy\":\"\",\"comment\":\"\"}");
    assert_int_equal(w.status, 500);
    w.fake.is_disk_full = false;
    api_world_stop(&w);
}

static void status_and_receivers(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, "route: {receiver: a}\nreceivers:\n- name: a\n  labels: {team: x}\n"
                        "- name: b\n");
    check_answer(&w, "GET", "/api/v2/receivers", NULL, 200,
                 "[{\"labels\":{\"name\":\"a\",\"team\":\"x\"},\"name\":\"a\"},"
                 "{\"labels\":{\"name\":\"b\"},\"name\":\"b\"}]\n");
    check_answer(&w, "GET", "/api/v2/receivers?receiver_matchers=team%3Dx", NULL, 200,
                 "[{\"labels\":{\"name\":\"a\",\"team\":\"x\"},\"name\":\"a\"}]\n");
    api_world_ask(&w, "GET", "/api/v2/status", NULL);
    str body = buf_str(&w.body);
    assert_true(str_starts(body, S("{\"cluster\":{\"peers\":[],\"status\":\"disabled\"},"
                                   "\"config\":{\"original\":\"")));
    assert_true(str_find_str(body, S("},\"uptime\":\"2026-01-05T00:00:00.000Z\","
                                     "\"versionInfo\":{\"branch\":")) != STR_NONE);
    api_world_stop(&w);
}

int test_api(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_come_in_order),
        cmocka_unit_test(content_types),
        cmocka_unit_test(accepted_types),
        cmocka_unit_test(cors),
        cmocka_unit_test(bad_bodies),
        cmocka_unit_test(valid_alerts_are_stored_beside_invalid_ones),
        cmocka_unit_test(repeated_keys_add_up),
        cmocka_unit_test(times_and_urls),
        cmocka_unit_test(long_bodies_are_stored_whole),
        cmocka_unit_test(a_long_list_comes_sorted_and_in_pieces),
        cmocka_unit_test(bad_parameters),
        cmocka_unit_test(groups_list_all_receivers_of_an_alert),
        cmocka_unit_test(muted_groups_are_left_out),
        cmocka_unit_test(many_groups_come_sorted),
        cmocka_unit_test(silence_lifecycle),
        cmocka_unit_test(unknown_and_malformed_ids),
        cmocka_unit_test(silence_schema),
        cmocka_unit_test(silences_are_logged_when_asked_for),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(status_and_receivers),
    };
    return run_group("api", tests);
}
