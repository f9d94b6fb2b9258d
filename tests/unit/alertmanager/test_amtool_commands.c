// SPDX-License-Identifier: Apache-2.0
// amtool's commands against a server of the test's own.
#include "base/text/json.h"
#include "tests/unit/alertmanager/amtool_world.h"

#define URL "--alertmanager.url=http://" TOOL_SERVER " "
#define TO  URL "--no-version-check "

static void check_out(struct tool_world *w, const char *want)
{
    check_str(buf_str(&w->out), str_c(want));
}

static void check_error(struct tool_world *w, const char *want)
{
    check_str(buf_str(&w->err), str_c(want));
}

// ---- the command line --------------------------------------------------------------------------

static void a_server_must_be_named(void **state)
{
    (void)state;
    static const char *const LINES[] = {
        "alert",   "alert add a=b", "silence",    "silence expire x",
        "cluster", "config",        "config show"};
    struct tool_world w;
    tool_world_init(&w);
    for (size_t i = 0; i < ARRAY_LEN(LINES); i++) {
        assert_false(tool_run_line(&w, LINES[i]));
        check_error(&w, "required flag --alertmanager.url not provided");
    }
    assert_false(tool_run_line(&w, "config routes"));
    check_error(&w, "You have to specify one of --config.file or --alertmanager.url flags.");
    assert_true(tool_run_line(&w, "alert --help"));
    assert_true(tool_run_line(&w, ""));
    assert_true(str_starts(buf_str(&w.out), S("usage: amtool ")));
    tool_world_done(&w);
}

static void answer_status(struct tool_world *w, const struct tool_request *r,
                          struct http_response *response)
{
    if (!str_ends(r->path, S("/status")))
        return;
    response->status = 200;
    response->body = str_c(w->data);
}

static void another_version_is_remarked_on(void **state)
{
    (void)state;
    static const struct {
        const char *version, *note;
    } ROWS[] = {
        {"\"0.34.9\"", ""},
        {"\"0.34.0-rc.1\"", ""},
        {"null", ""},
        {"\"0.25.0\"", "Warning: amtool version (0.34.0) and alertmanager version (0.25.0) are "
                       "different.\n"},
        {"\"0.340.0\"", "Warning: amtool version (0.34.0) and alertmanager version (0.340.0) are "
                        "different.\n"},
        {"\"main\"", "Warning: amtool version (0.34.0) and alertmanager version (main) are "
                     "different.\n"},
    };
    struct tool_world w;
    tool_world_init(&w);
    w.answer = answer_status;
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        w.data = arena_printf(&w.mem, "{\"versionInfo\":{\"version\":%s},\"cluster\":{}}",
                              ROWS[i].version)
                     .p;
        assert_true(tool_run_line(&w, URL "cluster"));
        check_error(&w, ROWS[i].note);
        assert_int_equal(w.request_count, 2);
    }
    w.data = "no JSON"; // the check is silent, the command is not
    assert_false(tool_run_line(&w, URL "cluster"));
    check_error(&w, "invalid character 'o' in literal null (expecting 'u')");
    tool_world_done(&w);
}

static void the_server_s_address_is_completed(void **state)
{
    (void)state;
    static const struct {
        const char *url, *path, *authorization;
    } ROWS[] = {
        {"http://" TOOL_SERVER, "/api/v2/status", ""},
        {"http://" TOOL_SERVER "/", "/api/v2/status", ""},
        {"//" TOOL_SERVER "//a/./b/../c/", "/a/c/api/v2/status", ""},
        {"http://" TOOL_SERVER "/../x?y#z", "/x/api/v2/status", ""},
        {"http://u:p@" TOOL_SERVER "/a%20b", "/a b/api/v2/status", "Basic dTpw"},
        {"http://u@" TOOL_SERVER, "/api/v2/status", "Basic dTo="},
    };
    struct tool_world w;
    tool_world_init(&w);
    w.answer = answer_status;
    w.data = "{}";
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        char *argv[] = {(char *)"amtool", (char *)"--no-version-check",
                        (char *)"--alertmanager.url", (char *)ROWS[i].url, (char *)"cluster"};
        assert_true(tool_run(&w, ARRAY_LEN(argv), argv));
        check_str(w.requests[0].path, str_c(ROWS[i].path));
        check_str(w.requests[0].authorization, str_c(ROWS[i].authorization));
    }
    assert_false(tool_run_line(&w, "--no-version-check --alertmanager.url=http://other cluster"));
    check_error(&w, "Get \"http://other/api/v2/status\": dial tcp: connect: connection refused");
    tool_world_done(&w);
}

static void the_http_settings_come_from_a_file(void **state)
{
    (void)state;
    struct tool_world w;
    tool_world_init(&w);
    w.answer = answer_status;
    w.data = "{}";
    fake_file_set(&w.fake, "/h.yml", S("basic_auth: {username: a, password: b}\n"));
    fake_file_set(&w.fake, "/bad.yml", S("basic: {}\n"));
    assert_true(tool_run_line(&w, TO "--http.config.file=/h.yml cluster"));
    check_str(w.requests[0].authorization, S("Basic YTpi"));
    assert_false(tool_run_line(&w, TO "--http.config.file=/bad.yml cluster"));
    assert_true(str_starts(buf_str(&w.err), S("failed to load HTTP config file: yaml: ")));
    assert_false(tool_run_line(&w, TO "--http.config.file=/none cluster"));
    check_error(&w, "path '/none' does not exist");
    assert_false(tool_run_line(&w, "--alertmanager.url=http://u@" TOOL_SERVER
                                   " --http.config.file=/h.yml cluster"));
    check_error(&w, "basic authentication and http.config.file are mutually exclusive");
    tool_world_done(&w);
}

static void answer_nothing_found(struct tool_world *w, const struct tool_request *r,
                                 struct http_response *response)
{
    (void)r;
    w->fake.mono += DUR_SECONDS(3); // as long as an answer takes
    response->status = 200;
    response->body = S("[]");
}

static void all_requests_share_the_deadline(void **state)
{
    (void)state;
    struct tool_world w;
    tool_world_init(&w);
    w.answer = answer_nothing_found;
    assert_true(tool_run_line(&w, TO "--timeout=5s silence expire a b c"));
    assert_int_equal(w.requests[0].timeout, DUR_SECONDS(5));
    assert_int_equal(w.requests[1].timeout, DUR_SECONDS(2));
    assert_int_equal(w.requests[2].timeout, 1); // ends at once
    tool_world_done(&w);
}

static void earlier_configuration_files_go_first(void **state)
{
    (void)state;
    struct tool_world w;
    tool_world_init(&w);
    w.answer = answer_nothing_found;
    fake_file_set(&w.fake, TOOL_HOME "/.config/amtool/config.yml",
                  S("alertmanager.url: http://" TOOL_SERVER "\nversion-check: false\n"
                    "comment_required: false\nauthor: me\n"));
    fake_file_set(&w.fake, "/etc/amtool/config.yml",
                  S("require-comment: true\nauthor: you\nduration: 2h\ncomment: ~\n"));
    assert_true(tool_run_line(&w, "silence"));
    assert_false(tool_run_line(&w, "silence add a=b")); // an array is no id
    struct arena mem = {0};
    const json *v = json_parse(w.requests[0].body, false, &mem, NULL);
    check_str(json_str(json_get(v, S("createdBy"))), S("me"));
    check_str(json_str(json_get(v, S("startsAt"))), S("2026-01-05T00:00:00.000Z"));
    check_str(json_str(json_get(v, S("endsAt"))), S("2026-01-05T02:00:00.000Z"));
    check_str(json_str(json_get(v, S("comment"))), S(""));
    arena_done(&mem);
    fake_file_set(&w.fake, TOOL_HOME "/.config/amtool/config.yml",
                  S("comment_required: false\nrequire-comment: true\n"));
    assert_false(tool_run_line(&w, TO "silence add a=b"));
    check_error(&w, "comment required by config");
    tool_world_done(&w);
}

static void features_choose_the_matchers_grammar(void **state)
{
    (void)state;
    static const struct {
        const char *feature, *arg, *labels; // NULL: refused
    } ROWS[] = {
        {"", "b=\xc3\xa4", "{\"b\":\"\xc3\xa4\",\"x\":\"y\"}"},
        {"", "\xc3\xa4=b", "{\"x\":\"y\",\"\xc3\xa4\":\"b\"}"},
        {"classic-mode", "\xc3\xa4=b", NULL},
        {"", "b=", "{\"b\":\"\",\"x\":\"y\"}"},
        {"utf8-strict-mode", "b=", NULL},
        {"nothing", "b=c", NULL},
    };
    struct tool_world w;
    tool_world_init(&w);
    w.answer = answer_nothing_found;
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        const char *line = arena_printf(&w.mem, TO "--enable-feature=%s alert add x=y %s",
                                        ROWS[i].feature, ROWS[i].arg)
                               .p;
        assert_true(tool_run_line(&w, line) == (ROWS[i].labels != NULL));
        if (ROWS[i].labels)
            check_str(w.requests[0].body,
                      arena_printf(&w.mem,
                                   "[{\"endsAt\":\"0001-01-01T00:00:00.000Z\",\"startsAt\":"
                                   "\"0001-01-01T00:00:00.000Z\",\"labels\":%s}]",
                                   ROWS[i].labels));
    }
    tool_world_done(&w);
}

static void help_is_given_for_a_command(void **state)
{
    (void)state;
    static const struct {
        const char *line, *start;
    } ROWS[] = {
        {"help", "usage: amtool [<flags>] <command>"},
        {"help silence add", "usage: amtool silence add [<flags>] [<matcher-groups>...]\n"},
        {"help silence", "usage: amtool silence <command>"},
        {"silence add --help", "usage: amtool silence add [<flags>] [<matcher-groups>...]\n"},
        {"help help", "usage: amtool help [<command>...]\n"},
        {"--help-long", "usage: amtool [<flags>] <command>"},
        {"--help-man", ".TH amtool 1 \"0.34.0\"\n"},
        {"--completion-script-bash", "_amtool_complete() {\n"},
        {"--completion-script-zsh", "#compdef amtool\n"},
        {"--completion-bash alert --output", "simple\nextended\njson"},
        {"--completion-bash config routes", "show\ntest"},
    };
    struct tool_world w;
    tool_world_init(&w);
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        assert_true(tool_run_line(&w, ROWS[i].line));
        check_str(str_slice(buf_str(&w.out), 0, strlen(ROWS[i].start)), str_c(ROWS[i].start));
    }
    assert_false(tool_run_line(&w, "help silence bogus"));
    check_error(&w, "expected command but got \"bogus\"");
    tool_world_done(&w);
}

// ---- silences ----------------------------------------------------------------------------------

static void answer_with_given_status(struct tool_world *w, const struct tool_request *r,
                                     struct http_response *response)
{
    (void)r;
    response->status = *(const int *)w->data;
    response->body = S("\"a <text>\"");
}

static void failures_are_worded_as_the_client_does(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int status;
        const char *error;
    } ROWS[] = {
        {"alert", 400, "[GET /alerts][400] getAlertsBadRequest \"a \\u003ctext\\u003e\""},
        {"alert", 500, "[GET /alerts][500] getAlertsInternalServerError \"a \\u003ctext\\u003e\""},
        {"alert", 503, "[GET /alerts] getAlerts (status 503): {}"},
        {"alert add a=b", 201, "[POST /alerts] postAlerts (status 201): {}"},
        {"silence add -c x a=b", 404,
         "[POST /silences][404] postSilencesNotFound \"a \\u003ctext\\u003e\""},
        {"silence update x", 404, "[GET /silence/{silenceID}][404] getSilenceNotFound"},
        {"silence expire x", 422, "[DELETE /silence/{silenceID}] deleteSilence (status 422): {}"},
        {"cluster", 500, "[GET /status] getStatus (status 500): {}"},
    };
    struct tool_world w;
    tool_world_init(&w);
    w.answer = answer_with_given_status;
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        w.data = &ROWS[i].status;
        assert_false(tool_run_line(&w, arena_printf(&w.mem, TO "%s", ROWS[i].line).p));
        check_error(&w, ROWS[i].error);
        check_out(&w, "");
    }
    tool_world_done(&w);
}

// The body's comment says what to answer; without an id it is always taken.
static void answer_import(struct tool_world *w, const struct tool_request *r,
                          struct http_response *response)
{
    const json *v = json_parse(r->body, false, &w->mem, NULL);
    str comment = json_str(json_get(v, S("comment")));
    bool has_id = json_get(v, S("id")) != NULL;
    bool is_unknown = has_id && str_eq(comment, S("unknown"));
    response->status = is_unknown ? 404 : str_eq(comment, S("bad")) ? 400 : 200;
    response->body = is_unknown || response->status == 400
                         ? S("\"no\"")
                         : arena_printf(&w->mem, "{\"silenceID\":\"%s%.*s\"}", has_id ? "" : "new-",
                                        STR(comment));
}

static void imports_go_on_behind_failures(void **state)
{
    (void)state;
    struct tool_world w;
    tool_world_init(&w);
    w.answer = answer_import;
    fake_file_set(&w.fake, "/s.json",
                  S("[{\"id\":\"1\",\"comment\":\"a\"},{\"id\":\"2\",\"comment\":\"unknown\"},"
                    "{\"id\":\"3\",\"comment\":\"bad\"},{\"id\":\"4\",\"comment\":\"b\"}]"));
    assert_false(tool_run_line(&w, TO "silence import -w 2 /s.json"));
    check_out(&w, "a\nnew-unknown\nb\n");
    check_error(&w, "Error adding silence id='3': [POST /silences][400] postSilencesBadRequest "
                    "\"no\"\ncouldn't import 1 out of 4 silences");
    assert_int_equal(w.request_count, 5);
    assert_int_equal(w.pending_most, 2);
    assert_false(tool_run_line(&w, TO "silence import --force /s.json"));
    check_out(&w, "new-a\nnew-unknown\nnew-b\n");
    assert_int_equal(w.request_count, 4);
    assert_int_equal(w.pending_most, 4);
    tool_world_done(&w);
}

static void what_stands_before_a_mistake_is_imported(void **state)
{
    (void)state;
    static const struct {
        const char *text, *out, *error;
    } ROWS[] = {
        {"[{\"comment\":\"a\"},5]", "new-a\n",
         "json: cannot unmarshal number into Go value of type models.PostableSilence"},
        {"[{\"comment\":\"a\"} {}]", "new-a\n", "expected comma after array element"},
        {"[{\"comment\":\"a\"},{\"comm", "new-a\n", "unexpected EOF"},
        {"{\"comment\":\"a\"}", "", "not at beginning of value"},
        {"", "", "EOF"},
    };
    struct tool_world w;
    tool_world_init(&w);
    w.answer = answer_import;
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        fake_file_set(&w.fake, "/dev/stdin", str_c(ROWS[i].text));
        assert_false(tool_run_line(&w, TO "silence import"));
        check_out(&w, ROWS[i].out);
        check_error(&w, arena_printf(&w.mem, "couldn't unmarshal input data, is it JSON?: %s",
                                     ROWS[i].error)
                            .p);
    }
    fake_file_set(&w.fake, "/dev/stdin", S(" [ {\"comment\":\"a\"} , null"));
    assert_true(tool_run_line(&w, TO "silence import -w 1"));
    check_out(&w, "new-a\nnew-\n");
    tool_world_done(&w);
}

static void answer_update(struct tool_world *w, const struct tool_request *r,
                          struct http_response *response)
{
    response->status = 200;
    if (str_eq(r->method, S("POST")))
        response->body = S("{\"silenceID\":\"new\"}");
    else if (str_ends(r->path, S("/a")))
        response->body =
            S("{\"id\":\"a\",\"comment\":\"c\",\"createdBy\":\"me\",\"startsAt\":"
              "\"2030-01-01T00:00:00+02:00\",\"endsAt\":\"2030-01-02T00:00:00Z\",\"matchers\":[],"
              "\"updatedAt\":\"2029-01-01T00:00:00Z\",\"status\":{\"state\":\"pending\"}}");
    else
        response->body = str_ends(r->path, S("/b")) ? S("") : S("{\"code\":1}");
    (void)w;
}

static void updates_are_printed_as_they_became(void **state)
{
    (void)state;
    struct tool_world w;
    tool_world_init(&w);
    w.answer = answer_update;
    assert_true(tool_run_line(&w, TO "silence update -q -d 3h a"));
    check_out(&w, "new\n");
    check_str(w.requests[1].body,
              S("{\"id\":\"a\",\"comment\":\"c\",\"createdBy\":\"me\",\"endsAt\":"
                "\"2030-01-01T01:00:00.000Z\",\"matchers\":[],\"startsAt\":"
                "\"2030-01-01T00:00:00.000+02:00\"}"));
    assert_true(tool_run_line(&w, TO "-o json silence update -c < a"));
    check_out(&w, "[{\"id\":\"new\",\"status\":{\"state\":\"pending\"},\"updatedAt\":"
                  "\"2029-01-01T00:00:00.000Z\",\"comment\":\"\\u003c\",\"createdBy\":\"me\","
                  "\"endsAt\":\"2030-01-02T00:00:00.000Z\",\"matchers\":[],\"startsAt\":"
                  "\"2030-01-01T00:00:00.000+02:00\"}]\n");
    assert_false(tool_run_line(&w, TO "silence update -c x b"));
    check_error(&w, "GET /silence/{silenceID} was answered with nothing");
    assert_int_equal(w.request_count, 1);
    assert_false(tool_run_line(&w, TO "silence update -c x c"));
    check_error(&w, "the server's answer is no silence");
    assert_int_equal(w.request_count, 1);
    tool_world_done(&w);
}

// ---- routes ------------------------------------------------------------------------------------

#define ROUTES                                                                                     \
    "route:\n"                                                                                     \
    "  receiver: a\n"                                                                              \
    "  routes:\n"                                                                                  \
    "  - {matchers: [x=1], receiver: b, continue: true, routes: [{receiver: c, matchers: "         \
    "[y=2]}]}\n"                                                                                   \
    "  - {matchers: [x=1], receiver: a}\n"                                                         \
    "  - {receiver: c}\n"                                                                          \
    "receivers: [{name: a}, {name: b}, {name: c}]\n"

static void routes_are_drawn(void **state)
{
    (void)state;
    struct tool_world w;
    tool_world_init(&w);
    fake_file_set(&w.fake, "/am.yml", S(ROUTES));
    assert_true(tool_run_line(&w, "config routes --config.file=/am.yml"));
    check_out(&w, "Routing tree:\n"
                  ".\n"
                  "└── default-route  receiver: a\n"
                  "    ├── {x=\"1\"}  continue: true  receiver: b\n"
                  "    │   └── {y=\"2\"}  receiver: c\n"
                  "    ├── {x=\"1\"}  receiver: a\n"
                  "    └── default-route  receiver: c\n"
                  "\n");
    assert_true(tool_run_line(&w, "config routes test --tree --config.file=/am.yml x=1 y=2"));
    check_out(&w, "Matching routes:\n"
                  ".\n"
                  "└── default-route\n"
                  "    ├── {x=\"1\"}\n"
                  "    │   └── {y=\"2\"}  receiver: c\n"
                  "    └── {x=\"1\"}  receiver: a\n"
                  "\n\n"
                  "c,a\n");
    assert_true(tool_run_line(
        &w, "config routes test --verify.receivers=b,a --config.file=/am.yml x=0 x=1"));
    check_out(&w, "b,a\n");
    assert_false(
        tool_run_line(&w, "config routes test --verify.receivers=a --config.file=/am.yml"));
    check_out(&w, "c\nWARNING: Expected receivers did not match resolved receivers.\n");
    check_error(&w, "");
    tool_world_done(&w);
}

static void routes_come_from_the_file_before_the_server(void **state)
{
    (void)state;
    struct tool_world w;
    tool_world_init(&w);
    w.answer = answer_status;
    w.data = "{\"config\":{\"original\":\"route: {receiver: z}\\nreceivers:\\n- name: z\\n  "
             "webhook_configs: [{url: <secret>}]\\n\"}}";
    fake_file_set(&w.fake, "/am.yml", S(ROUTES));
    assert_true(tool_run_line(&w, TO "config routes test"));
    check_out(&w, "z\n");
    assert_true(tool_run_line(&w, TO "config routes test --config.file=/am.yml"));
    check_out(&w, "c\n");
    check_error(&w, "Warning: --config.file flag overrides the --alertmanager.url.\n");
    assert_int_equal(w.request_count, 0);
    assert_false(tool_run_line(&w, TO "config routes test x"));
    check_error(&w, "Failed to parse labels: bad matcher format: x");
    assert_false(tool_run_line(&w, TO "config routes test x!=y"));
    check_error(&w, "Labels must be specified as key=value pairs");
    tool_world_done(&w);
}

int test_amtool_commands(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_must_be_named),
        cmocka_unit_test(another_version_is_remarked_on),
        cmocka_unit_test(the_server_s_address_is_completed),
        cmocka_unit_test(the_http_settings_come_from_a_file),
        cmocka_unit_test(all_requests_share_the_deadline),
        cmocka_unit_test(earlier_configuration_files_go_first),
        cmocka_unit_test(help_is_given_for_a_command),
        cmocka_unit_test(features_choose_the_matchers_grammar),
        cmocka_unit_test(failures_are_worded_as_the_client_does),
        cmocka_unit_test(imports_go_on_behind_failures),
        cmocka_unit_test(what_stands_before_a_mistake_is_imported),
        cmocka_unit_test(updates_are_printed_as_they_became),
        cmocka_unit_test(routes_are_drawn),
        cmocka_unit_test(routes_come_from_the_file_before_the_server),
    };
    return run_group("amtool commands", tests);
}
