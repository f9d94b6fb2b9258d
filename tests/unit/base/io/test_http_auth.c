// SPDX-License-Identifier: Apache-2.0
#define BANNED_ALLOW_IMPURE // files and variables are written for the client to read
#include "base/io/http_auth.h"

#include <gnutls/abstract.h>

#include "base/text/encode.h"
#include "base/text/json.h"
#include "tests/unit/base/io/secure_server.h"
#include "tests/unit/base/io/web.h"

// ---- a server with a token endpoint ------------------------------------------------------------

struct auth_rig {
    struct loop l;
    struct http_server *server;
    struct addr addr;
    struct answer a;
    struct folder folder;
    char path[128]; // a file in the folder
    char token_url[128];

    int tokens;             // requests to /token
    bool wants_body;        // refuses clients that identify themselves by HTTP Basic
    int token_status;       // 0: 200
    const char *token_type; // of the answer's body; NULL: JSON
    const char *token_body; // NULL: a numbered token
    int expires_in;
    struct buf token_form, token_head;
    struct http_exchange *held; // a token request that is to wait
    bool holds;
    int held_count;
};

static void answer_token(struct auth_rig *r, struct http_exchange *x)
{
    bool is_basic = http_header_find(x->headers, x->header_count, S("Authorization")).n > 0;
    char text[128];
    snprintf(text, sizeof(text),
             "{\"access_token\":\"t%d\",\"token_type\":\"bearer\","
             "\"expires_in\":%d}",
             r->tokens, r->expires_in);
    const struct http_header headers[] = {
        {S("Content-Type"), str_c(r->token_type ? r->token_type : "application/json")}};
    bool is_refused = r->wants_body && is_basic;
    struct http_reply reply = {.status = is_refused        ? 401
                                         : r->token_status ? r->token_status
                                                           : 200,
                               .headers = headers,
                               .header_count = 1,
                               .body = is_refused ? S("{}")
                                                  : str_c(r->token_body ? r->token_body : text)};
    x->reply(x, &reply);
}

static void put_head(struct buf *b, const struct http_exchange *x)
{
    buf_printf(b, "%.*s %.*s\n", STR(x->method), STR(x->target));
    for (size_t i = 0; i < x->header_count; i++)
        buf_printf(b, "%.*s: %.*s\n", STR(x->headers[i].name), STR(x->headers[i].value));
}

static void rig_handle(void *owner, struct http_exchange *x)
{
    struct auth_rig *r = owner;
    struct buf head = {0};
    if (str_eq(x->path, S("/token"))) {
        r->tokens++;
        buf_clear(&r->token_form);
        buf_put(&r->token_form, x->body);
        buf_clear(&r->token_head);
        put_head(&r->token_head, x);
        if (r->holds) {
            r->held = x;
            r->held_count++;
        } else {
            answer_token(r, x);
        }
        return;
    }
    if (str_eq(x->path, S("/to"))) {
        struct http_header location = {S("Location"), x->query};
        x->reply(x, &(struct http_reply){.status = 302, .headers = &location, .header_count = 1});
        return;
    }
    put_head(&head, x);
    x->reply(x, &(struct http_reply){.status = 200, .body = buf_str(&head)});
    buf_done(&head);
}

static void auth_rig_init(struct auth_rig *r)
{
    struct err err = ERR_INIT;
    *r = (struct auth_rig){0};
    loop_init(&r->l);
    struct http_server_options options = {
        .listen = S("127.0.0.1:0"), .body_bytes_max = 1 << 20, .handle = rig_handle, .owner = r};
    r->server = env_http_listen(r->l.env, &options, &r->addr, &err);
    assert_non_null(r->server);
    folder_init(&r->folder);
    snprintf(r->path, sizeof(r->path), "%s/secret", r->folder.path);
    snprintf(r->token_url, sizeof(r->token_url), "http://127.0.0.1:%u/token", r->addr.port);
    r->expires_in = 3600;
}

static void on_rig_stopped(void *owner)
{
    ++*(int *)owner;
}

static void auth_rig_done(struct auth_rig *r)
{
    int stopped = 0;
    env_http_server_stop(r->l.env, r->server, 0, on_rig_stopped, &stopped);
    loop_wait(&r->l, &stopped, 1);
    loop_done(&r->l);
    folder_done(&r->folder);
    answer_done(&r->a);
    buf_done(&r->token_form);
    buf_done(&r->token_head);
}

// Good until three more have been made.
static str rig_url(const struct auth_rig *r, const char *authority, const char *path)
{
    static char urls[4][256];
    static int turn;
    char *url = urls[turn++ % 4];
    snprintf(url, sizeof(urls[0]), "http://%s:%u%s", authority, r->addr.port, path);
    return str_c(url);
}

static void ask_with(struct auth_rig *r, struct http_request request)
{
    int before = r->a.count;
    request.timeout = request.timeout ? request.timeout : DUR_SECONDS(50);
    env_http(r->l.env, &request, on_answer, &r->a);
    loop_wait(&r->l, &r->a.count, before + 1);
}

static void ask(struct auth_rig *r, const struct httpconf *conf)
{
    ask_with(r, (struct http_request){.url = rig_url(r, "127.0.0.1", "/x"), .conf = conf});
}

static bool saw(const struct auth_rig *r, const char *text)
{
    return str_find_str(buf_str(&r->a.body), str_c(text)) != STR_NONE;
}

#define check_saw(r, text)                                                                         \
    do {                                                                                           \
        check_str(err_str(&(r)->a.err), S(""));                                                    \
        if (!saw((r), (text)))                                                                     \
            print_error("in vain: %s in:\n%.*s", (text), STR(buf_str(&(r)->a.body)));              \
        assert_true(saw((r), (text)));                                                             \
    } while (0)

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

// What was read or fetched is old now.
static void pass_a_second(struct auth_rig *r)
{
    struct http_auth *auth = http_client_auth(env_uv_of(r->l.env)->http);
    map_each (struct http_file, file, &auth->files.map)
        file->read_at -= HTTP_FILE_AGE_MAX;
}

static void pass_time_for_tokens(struct auth_rig *r, dur_ns time)
{
    struct http_auth *auth = http_client_auth(env_uv_of(r->l.env)->http);
    list_each (node, &auth->fetches) {
        struct auth_fetch *f = list_item(node, struct auth_fetch, link);
        f->good_until = sub_saturated(f->good_until, time);
        f->fetched_at = sub_saturated(f->fetched_at, time);
    }
}

// ---- basic, bearer, headers --------------------------------------------------------------------

static void basic_and_bearer_reach_the_server(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    const struct httpconf basic = {
        .auth = HTTPCONF_BASIC, .username.text = S("user"), .password.text = S("password")};
    ask(&r, &basic);
    check_saw(&r, "Authorization: Basic dXNlcjpwYXNzd29yZA==\n");
    const struct httpconf bearer = {
        .auth = HTTPCONF_AUTHORIZATION, .type = S("Bearer"), .credentials.text = S("some-token")};
    ask(&r, &bearer);
    check_saw(&r, "Authorization: Bearer some-token\n");
    const struct httpconf custom = {
        .auth = HTTPCONF_AUTHORIZATION, .type = S("Foo"), .credentials.text = S("bar")};
    ask(&r, &custom);
    check_saw(&r, "Authorization: Foo bar\n");
    struct httpconf none = {0};
    ask(&r, &none);
    assert_false(saw(&r, "Authorization"));
    assert_false(saw(&r, "Accept-Encoding"));
    none.dialect = HTTPCONF_VM;
    ask(&r, &none);
    check_saw(&r, "Accept-Encoding: gzip\n");
    auth_rig_done(&r);
}

static void what_the_request_says_itself_comes_first(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    struct httpconf conf = {
        .auth = HTTPCONF_BASIC, .username.text = S("user"), .password.text = S("password")};
    const struct http_header own[] = {{S("authorization"), S("Own one")}};
    struct http_request request = {
        .url = rig_url(&r, "127.0.0.1", "/x"), .headers = own, .header_count = 1, .conf = &conf};
    ask_with(&r, request);
    check_saw(&r, ": Own one\n");
    assert_false(saw(&r, "Basic"));

    // The URL's user: wins in one dialect, loses in the other.
    request = (struct http_request){.url = rig_url(&r, "a:b@127.0.0.1", "/x"), .conf = &conf};
    ask_with(&r, request);
    check_saw(&r, "Authorization: Basic YTpi\n");
    conf.dialect = HTTPCONF_VM;
    ask_with(&r, request);
    check_saw(&r, "Authorization: Basic dXNlcjpwYXNzd29yZA==\n");
    assert_false(saw(&r, "YTpi"));
    auth_rig_done(&r);
}

static void secrets_in_files_are_read_again(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    const struct httpconf conf = {
        .auth = HTTPCONF_AUTHORIZATION, .type = S("Bearer"), .credentials.file = str_c(r.path)};
    write_file(r.path, "  one\n\n");
    ask(&r, &conf);
    check_saw(&r, "Authorization: Bearer one\n");
    write_file(r.path, "two");
    pass_a_second(&r);
    ask(&r, &conf);
    check_saw(&r, "Authorization: Bearer two\n");
    unlink(r.path);
    ask(&r, &conf); // still the same second
    check_saw(&r, "Authorization: Bearer two\n");
    pass_a_second(&r);
    ask(&r, &conf);
    char want[512];
    snprintf(want, sizeof(want),
             "unable to read authorization credentials: unable to read file %s: open %s: no such "
             "file or directory",
             r.path, r.path);
    check_str(err_str(&r.a.err), str_c(want));
    auth_rig_done(&r);
}

static void each_dialect_has_its_words(void **state)
{
    (void)state;
    struct auth_rig r;
    char want[512];
    auth_rig_init(&r);
    struct httpconf conf = {
        .auth = HTTPCONF_BASIC, .username.text = S("user"), .password.file = str_c(r.path)};
    ask(&r, &conf);
    snprintf(want, sizeof(want),
             "unable to read basic auth password: unable to read file %s: open %s: no such file or "
             "directory",
             r.path, r.path);
    check_str(err_str(&r.a.err), str_c(want));
    conf.dialect = HTTPCONF_VM;
    ask(&r, &conf);
    snprintf(want, sizeof(want),
             "failed to obtain Authorization request header: cannot read password from "
             "`password_file`=\"%s\": open %s: no such file or directory",
             r.path, r.path);
    check_str(err_str(&r.a.err), str_c(want));
    write_file(r.path, " pass \n"); // only its end is trimmed here
    pass_a_second(&r);
    ask(&r, &conf);
    check_saw(&r, "Authorization: Basic dXNlcjogcGFzcw==\n"); // "user: pass"
    auth_rig_done(&r);
}

static void secrets_behind_urls_are_fetched(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    str url = str_c(r.token_url);
    r.token_body = "from-afar\n";
    const struct httpconf conf = {
        .dialect = HTTPCONF_VM, .auth = HTTPCONF_BASIC, .username.file = url, .password.file = url};
    ask(&r, &conf);
    check_saw(&r, "Authorization: Basic ZnJvbS1hZmFyOmZyb20tYWZhcg==\n");
    assert_int_equal(r.tokens, 1); // one for both
    r.token_status = 503;
    pass_time_for_tokens(&r, HTTP_SECRET_AGE_MAX);
    ask(&r, &conf);
    assert_int_equal(r.a.status, 0);
    assert_true(str_find_str(err_str(&r.a.err), S("503")) != STR_NONE);
    assert_true(str_find_str(err_str(&r.a.err), S("from-afar")) == STR_NONE);
    auth_rig_done(&r);
}

static void configured_headers_are_added(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    write_file(r.path, "from-file\n");
    struct httpconf_header headers[] = {{S("X-A"), {.text = S("one")}},
                                        {S("X-A"), {.text = S("two")}},
                                        {S("X-B"), {.file = str_c(r.path)}}};
    struct httpconf conf = {.headers = headers, .header_count = ARRAY_LEN(headers)};
    const struct http_header own[] = {{S("X-A"), S("zero")}};
    ask_with(&r, (struct http_request){.url = rig_url(&r, "127.0.0.1", "/x"),
                                       .headers = own,
                                       .header_count = 1,
                                       .conf = &conf});
    check_saw(&r, "X-A: zero\n");
    check_saw(&r, "X-A: one\n");
    check_saw(&r, "X-A: two\n");
    check_saw(&r, "X-B: from-file\n");
    conf.dialect = HTTPCONF_VM; // the request's own replaces them
    ask_with(&r, (struct http_request){.url = rig_url(&r, "127.0.0.1", "/x"),
                                       .headers = own,
                                       .header_count = 1,
                                       .conf = &conf});
    check_saw(&r, "X-A: zero\n");
    assert_false(saw(&r, "X-A: one\n"));

    write_file(r.path, "a\r\nX-Evil: yes");
    pass_a_second(&r);
    ask(&r, &conf);
    check_str(err_str(&r.a.err), S("net/http: invalid header field value for \"X-B\""));
    headers[2].value.file = S("/nonexistent/file");
    ask(&r, &conf);
    check_str(err_str(&r.a.err), S("unable to read headers file /nonexistent/file: open "
                                   "/nonexistent/file: no such file or directory"));
    auth_rig_done(&r);
}

static void a_secret_cannot_add_a_header(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    write_file(r.path, "token\nX-Evil: yes");
    const struct httpconf conf = {
        .auth = HTTPCONF_AUTHORIZATION, .type = S("Bearer"), .credentials.file = str_c(r.path)};
    ask(&r, &conf);
    check_str(err_str(&r.a.err), S("net/http: invalid header field value for \"Authorization\""));
    auth_rig_done(&r);
}

static void a_refusal_is_every_requests_error(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    const struct httpconf conf = {
        .refusal = S("unable to use credentials: cannot use secret ref without manager")};
    ask(&r, &conf);
    check_str(err_str(&r.a.err), conf.refusal);
    auth_rig_done(&r);
}

// ---- redirects ---------------------------------------------------------------------------------

static void credentials_do_not_follow_to_another_host(void **state)
{
    (void)state;
    struct auth_rig r;
    char path[512];
    auth_rig_init(&r);
    const struct httpconf_header headers[] = {{S("X-Kept"), {.text = S("yes")}}};
    struct httpconf conf = {.auth = HTTPCONF_BASIC,
                            .username.text = S("user"),
                            .password.text = S("password"),
                            .headers = headers,
                            .header_count = 1};
    ask_with(&r, (struct http_request){.url = rig_url(&r, "127.0.0.1", "/to?/x"), .conf = &conf});
    check_saw(&r, "Authorization: Basic"); // the same host
    check_saw(&r, "Referer: http://127.0.0.1:");

    snprintf(path, sizeof(path), "/to?%s", rig_url(&r, "localhost", "/x").p);
    ask_with(&r, (struct http_request){.url = rig_url(&r, "127.0.0.1", path), .conf = &conf});
    check_saw(&r, "X-Kept: yes");
    assert_false(saw(&r, "Authorization"));

    // And they do not come back when the chain does.
    snprintf(path, sizeof(path), "/to?%s%s", rig_url(&r, "localhost", "/to?").p,
             rig_url(&r, "127.0.0.1", "/x").p);
    ask_with(&r, (struct http_request){.url = rig_url(&r, "127.0.0.1", path), .conf = &conf});
    check_saw(&r, "GET /x\n");
    assert_false(saw(&r, "Authorization"));

    conf.no_redirects = true;
    ask_with(&r, (struct http_request){.url = rig_url(&r, "127.0.0.1", "/to?/x"), .conf = &conf});
    assert_int_equal(r.a.status, 302);
    auth_rig_done(&r);
}

static void a_referer_shows_no_user(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    const struct httpconf conf = {0};
    ask_with(&r,
             (struct http_request){.url = rig_url(&r, "me:pw@127.0.0.1", "/to?/x"), .conf = &conf});
    check_saw(&r, "Referer: http://127.0.0.1:");
    auth_rig_done(&r);
}

// ---- OAuth2 ------------------------------------------------------------------------------------

static struct httpconf_oauth2 client(const struct auth_rig *r)
{
    return (struct httpconf_oauth2){.token_url = str_c(r->token_url),
                                    .client_id = S("my id"),
                                    .client_secret.text = S("s:cret")};
}

static void tokens_are_fetched_once(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    static const str scopes[] = {{"a", 1}, {"b", 1}};
    static const struct httpconf_pair params[] = {{{"aud", 3}, {"x y", 3}}};
    struct httpconf_oauth2 o = client(&r);
    o.scopes = scopes;
    o.scope_count = 2;
    o.params = params;
    o.param_count = 1;
    const struct httpconf conf = {.auth = HTTPCONF_OAUTH2, .oauth2 = &o};
    const struct http_header agent[] = {{S("User-Agent"), S("Tocsin/1")}};
    struct http_request request = {.url = rig_url(&r, "127.0.0.1", "/x"),
                                   .headers = agent,
                                   .header_count = 1,
                                   .timeout = DUR_SECONDS(50),
                                   .conf = &conf};
    for (int i = 0; i < 10; i++)
        env_http(r.l.env, &request, on_answer, &r.a);
    loop_wait(&r.l, &r.a.count, 10);
    check_saw(&r, "Authorization: Bearer t1\n");
    assert_int_equal(r.tokens, 1);
    check_str(buf_str(&r.token_form), S("aud=x+y&grant_type=client_credentials&scope=a+b"));
    str head = buf_str(&r.token_head);
    assert_true(str_find_str(head, S("Authorization: Basic bXkraWQ6cyUzQWNyZXQ=")) != STR_NONE);
    assert_true(str_find_str(head, S("User-Agent: Tocsin/1")) != STR_NONE);
    assert_true(str_find_str(head, S("Content-Type: application/x-www-form-urlencoded")) !=
                STR_NONE);
    ask(&r, &conf);
    check_saw(&r, "Authorization: Bearer t1\n");
    assert_int_equal(r.tokens, 1);

    pass_time_for_tokens(&r, DUR_SECONDS(3589)); // 11 s before the end
    ask(&r, &conf);
    assert_int_equal(r.tokens, 1);
    pass_time_for_tokens(&r, DUR_SECONDS(2));
    ask(&r, &conf);
    check_saw(&r, "Authorization: Bearer t2\n");
    assert_int_equal(r.tokens, 2);

    o.client_secret.text = S("another");
    ask(&r, &conf);
    check_saw(&r, "Authorization: Bearer t3\n");
    auth_rig_done(&r);
}

static void a_short_lived_token_is_used_once(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    r.expires_in = 3; // less than the margin
    struct httpconf_oauth2 o = client(&r);
    const struct httpconf conf = {.auth = HTTPCONF_OAUTH2, .oauth2 = &o};
    ask(&r, &conf);
    check_saw(&r, "Authorization: Bearer t1\n");
    ask(&r, &conf);
    check_saw(&r, "Authorization: Bearer t2\n");
    r.expires_in = 0; // for ever
    ask(&r, &conf);
    pass_time_for_tokens(&r, DUR_SECONDS(1000000));
    ask(&r, &conf);
    check_saw(&r, "Authorization: Bearer t3\n");
    auth_rig_done(&r);
}

static void the_clients_way_is_probed_and_kept(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    r.wants_body = true;
    r.expires_in = 3;
    struct httpconf_oauth2 o = client(&r);
    const struct httpconf conf = {.auth = HTTPCONF_OAUTH2, .oauth2 = &o};
    ask(&r, &conf);
    check_saw(&r, "Authorization: Bearer t2\n");
    check_str(buf_str(&r.token_form),
              S("client_id=my+id&client_secret=s%3Acret&grant_type=client_credentials"));
    ask(&r, &conf);
    check_saw(&r, "Authorization: Bearer t3\n"); // not probed again
    auth_rig_done(&r);
}

static void token_errors_are_told(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *type, *body, *want;
    } CASES[] = {
        {400, NULL, "{\"error\":\"invalid_client\",\"error_description\":\"who?\"}",
         "oauth2: \"invalid_client\" \"who?\""},
        {200, NULL, "{\"error\":\"e\",\"error_uri\":\"u\"}", "oauth2: \"e\" \"u\""},
        {500, NULL, "oh no",
         "oauth2: cannot fetch token: 500 Internal Server Error\nResponse: oh no"},
        {200, NULL, "{\"token_type\":\"x\"}", "oauth2: server response missing access_token"},
        {200, "text/plain", "a=b", "oauth2: server response missing access_token"},
        {403, "text/plain", "error=nope", "oauth2: \"nope\""},
    };
    struct auth_rig r;
    auth_rig_init(&r);
    struct httpconf_oauth2 o = client(&r);
    struct httpconf conf = {.auth = HTTPCONF_OAUTH2, .oauth2 = &o};
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        r.token_status = CASES[i].status;
        r.token_type = CASES[i].type;
        r.token_body = CASES[i].body;
        ask(&r, &conf);
        check_str(err_str(&r.a.err), str_c(CASES[i].want));
        assert_true(str_find_str(err_str(&r.a.err), S("cret")) == STR_NONE);
    }
    assert_int_equal(r.tokens, 2 * (int)ARRAY_LEN(CASES)); // both ways were tried
    conf.dialect = HTTPCONF_VM;
    ask(&r, &conf);
    check_str(err_str(&r.a.err), S("failed to obtain Authorization request header: cannot get "
                                   "OAuth2 token: oauth2: \"nope\""));
    int before = r.tokens;
    ask(&r, &conf); // remembered for a second
    assert_int_equal(r.tokens, before);

    r.token_status = 200;
    r.token_type = "application/x-www-form-urlencoded; charset=utf-8";
    r.token_body = "access_token=form%20token&token_type=MAC&expires_in=100";
    conf.dialect = HTTPCONF_PROMETHEUS;
    ask(&r, &conf);
    check_saw(&r, "Authorization: MAC form token\n");
    auth_rig_done(&r);
}

static void a_dead_token_endpoint_is_named_without_secrets(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    struct httpconf_oauth2 o = client(&r);
    o.token_url = S("http://user:topsecret@127.0.0.1:1/token");
    const struct httpconf conf = {.auth = HTTPCONF_OAUTH2, .oauth2 = &o};
    ask(&r, &conf);
    check_str(err_str(&r.a.err), S("Post \"http://user:xxxxx@127.0.0.1:1/token\": dial tcp "
                                   "127.0.0.1:1: connect: connection refused"));
    static const struct httpconf_pair params[] = {{{"scope", 5}, {"x", 1}}};
    static const str scopes[] = {{"a", 1}};
    o = client(&r);
    o.scopes = scopes;
    o.scope_count = 1;
    o.params = params;
    o.param_count = 1;
    ask(&r, &conf);
    check_str(err_str(&r.a.err), S("oauth2: cannot overwrite parameter \"scope\""));
    auth_rig_done(&r);
}

static void calls_that_wait_for_a_token_can_give_up(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    struct httpconf_oauth2 o = client(&r);
    struct httpconf conf = {.auth = HTTPCONF_OAUTH2, .oauth2 = &o};
    struct http_request request = {
        .url = rig_url(&r, "127.0.0.1", "/x"), .timeout = DUR_SECONDS(50), .conf = &conf};
    r.holds = true;
    struct http_call *first = env_http(r.l.env, &request, on_answer, &r.a);
    env_http(r.l.env, &request, on_answer, &r.a);
    loop_wait(&r.l, &r.held_count, 1);
    env_http_cancel(r.l.env, first); // the other one still wants it
    answer_token(&r, r.held);
    loop_wait(&r.l, &r.a.count, 1);
    check_saw(&r, "Authorization: Bearer t1\n");

    o.client_secret.text = S("other");
    struct http_call *second = env_http(r.l.env, &request, on_answer, &r.a);
    loop_wait(&r.l, &r.held_count, 2);
    env_http_cancel(r.l.env, second); // nobody does
    answer_token(&r, r.held);
    loop_run_for(&r.l, DUR_MS(20));
    assert_int_equal(r.a.count, 1);

    request.timeout = DUR_MS(30); // the deadline covers the token
    env_http(r.l.env, &request, on_answer, &r.a);
    loop_wait(&r.l, &r.held_count, 3);
    loop_wait(&r.l, &r.a.count, 2);
    check_str(err_str(&r.a.err), S("context deadline exceeded"));
    answer_token(&r, r.held);

    request.timeout = 0; // and the environment may go at any time
    env_http(r.l.env, &request, on_answer, &r.a);
    loop_wait(&r.l, &r.held_count, 4);
    answer_token(&r, r.held);
    auth_rig_done(&r);
}

// ---- assertions --------------------------------------------------------------------------------

static str from_base64url(str text, struct buf *out)
{
    struct buf copy = {0};
    buf_clear(out);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '-')
            c = '+';
        else if (c == '_')
            c = '/';
        buf_put_c(&copy, c);
    }
    while (copy.n % 4)
        buf_put_c(&copy, '=');
    assert_true(base64_decode(buf_str(&copy), out));
    buf_done(&copy);
    return buf_str(out);
}

static void assertions_are_signed(void **state)
{
    (void)state;
    struct auth_rig r;
    struct arena mem = {0};
    struct buf part = {0}, signature = {0};
    auth_rig_init(&r);
    struct pem pem = pem_make(&(struct pem_options){.name = "client", .is_rsa = true});
    struct httpconf_oauth2 o = client(&r);
    static const struct httpconf_pair claims[] = {{{"aud", 3}, {"[\"me\"]", 6}}};
    o.is_jwt = true;
    o.key.text = str_c(pem.key);
    o.key_id = S("k1");
    o.signature_bits = 384;
    o.claims = claims;
    o.claim_count = 1;
    const struct httpconf conf = {.auth = HTTPCONF_OAUTH2, .oauth2 = &o};
    ask(&r, &conf);
    check_saw(&r, "Authorization: Bearer t1\n");
    assert_true(str_find_str(buf_str(&r.token_head), S("Authorization")) == STR_NONE);
    str form = buf_str(&r.token_form);
    assert_true(str_starts(form, S("assertion=")));
    assert_true(
        str_ends(form, S("&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer")));
    str jwt = str_slice(form, strlen("assertion="), str_find(form, '&'));
    str signed_text, mac, head, body;
    assert_true(str_cut_last(jwt, '.', &signed_text, &mac));
    assert_true(str_cut(signed_text, '.', &head, &body));
    check_str(from_base64url(head, &part), S("{\"alg\":\"RS384\",\"kid\":\"k1\",\"typ\":\"JWT\"}"));
    const json *v = json_parse(from_base64url(body, &part), false, &mem, NULL);
    check_str(json_str(json_get(v, S("iss"))), S("my id"));
    check_str(json_str(json_get(v, S("sub"))), S("my id"));
    assert_int_equal(json_str(json_get(v, S("jti"))).n, 36);
    assert_true(json_is_array(json_get(v, S("aud"))));
    assert_int_equal((int)(json_number(json_get(v, S("exp"))) - json_number(json_get(v, S("iat")))),
                     600);

    gnutls_x509_crt_t cert;
    gnutls_pubkey_t key;
    gnutls_datum_t pem_text = {(unsigned char *)pem.cert, (unsigned)strlen(pem.cert)};
    gnutls_x509_crt_init(&cert);
    gnutls_pubkey_init(&key);
    assert_int_equal(gnutls_x509_crt_import(cert, &pem_text, GNUTLS_X509_FMT_PEM), 0);
    assert_int_equal(gnutls_pubkey_import_x509(key, cert, 0), 0);
    from_base64url(mac, &signature);
    gnutls_datum_t data = {(unsigned char *)(uintptr_t)signed_text.p, (unsigned)signed_text.n};
    gnutls_datum_t sig = {(unsigned char *)signature.p, (unsigned)signature.n};
    assert_true(gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_RSA_SHA384, 0, &data, &sig) >= 0);
    gnutls_pubkey_deinit(key);
    gnutls_x509_crt_deinit(cert);

    o.key.text = S("no key");
    ask(&r, &conf);
    assert_int_equal(r.a.status, 0);
    assert_true(str_starts(err_str(&r.a.err), S("private key should be a PEM")));
    pem_done(&pem);
    buf_done(&part);
    buf_done(&signature);
    arena_done(&mem);
    auth_rig_done(&r);
}

// ---- proxies -----------------------------------------------------------------------------------

// Tunnels to where it is asked to, or says no; requests for http: it answers itself.
struct proxy {
    struct loop *l;
    struct listener *listener;
    struct addr addr;
    struct stream *client, *target;
    struct buf head; // of the newest request
    const char *refusal;
    bool is_tunnel;
    int connects;
};

static void target_on_open(void *owner)
{
    struct proxy *p = owner;
    p->is_tunnel = true;
    env_stream_write(p->l->env, p->client, S("HTTP/1.1 200 OK\r\n\r\n"));
}

static void target_on_data(void *owner, str data)
{
    struct proxy *p = owner;
    if (p->client)
        env_stream_write(p->l->env, p->client, data);
}

static void target_on_close(void *owner, const struct err *why)
{
    (void)why;
    struct proxy *p = owner;
    p->target = NULL;
    env_stream_close(p->l->env, take(&p->client));
}

static const struct stream_events TARGET_EVENTS = {target_on_open, target_on_data, target_on_close};

static void client_on_data(void *owner, str data)
{
    struct proxy *p = owner;
    struct addr to;
    if (p->is_tunnel) {
        env_stream_write(p->l->env, p->target, data);
        return;
    }
    buf_put(&p->head, data);
    if (!str_ends(buf_str(&p->head), S("\r\n\r\n")))
        return;
    if (!str_starts(buf_str(&p->head), S("CONNECT "))) {
        env_stream_write(p->l->env, p->client,
                         S("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nby proxy\n"));
        return;
    }
    p->connects++;
    if (p->refusal) {
        env_stream_write(p->l->env, p->client, str_c(p->refusal));
        return;
    }
    str line = str_skip(buf_str(&p->head), strlen("CONNECT "));
    assert_true(addr_parse(str_slice(line, 0, str_find(line, ' ')), &to));
    p->target = env_dial(p->l->env, &to, &TARGET_EVENTS, p);
}

static void client_on_close(void *owner, const struct err *why)
{
    (void)why;
    struct proxy *p = owner;
    p->client = NULL;
    env_stream_close(p->l->env, take(&p->target));
}

static const struct stream_events CLIENT_EVENTS = {NULL, client_on_data, client_on_close};

static void proxy_on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    (void)from;
    struct proxy *p = owner;
    env_stream_close(p->l->env, take(&p->client));
    env_stream_close(p->l->env, take(&p->target));
    p->client = stream;
    p->is_tunnel = false;
    buf_clear(&p->head);
    env_stream_events(p->l->env, stream, &CLIENT_EVENTS, p);
}

static void proxy_init(struct proxy *p, struct loop *l)
{
    struct addr any = loop_addr();
    struct err err = ERR_INIT;
    *p = (struct proxy){.l = l};
    p->listener = env_listen(l->env, &any, proxy_on_accept, p, &p->addr, &err);
    assert_non_null(p->listener);
}

static void proxy_done(struct proxy *p)
{
    env_stream_close(p->l->env, p->client);
    env_stream_close(p->l->env, p->target);
    env_listener_close(p->l->env, p->listener);
    buf_done(&p->head);
}

static bool proxy_saw(const struct proxy *p, const char *text)
{
    return str_find_str(buf_str(&p->head), str_c(text)) != STR_NONE;
}

static void plain_requests_go_through_a_proxy(void **state)
{
    (void)state;
    struct auth_rig r;
    struct proxy p;
    char url[128];
    auth_rig_init(&r);
    proxy_init(&p, &r.l);
    snprintf(url, sizeof(url), "http://me:p%%40ss@127.0.0.1:%u", p.addr.port);
    const struct httpconf_header extra[] = {{S("X-Connect"), {.text = S("1")}}};
    struct httpconf conf = {
        .proxy = {.url = str_c(url), .connect_headers = extra, .connect_header_count = 1}};
    ask_with(&r, (struct http_request){.url = S("http://nowhere.invalid/x?y"), .conf = &conf});
    check_saw(&r, "by proxy");
    assert_true(str_starts(buf_str(&p.head), S("GET http://nowhere.invalid/x?y HTTP/1.1\r\n")));
    assert_true(proxy_saw(&p, "\r\nHost: nowhere.invalid\r\n"));
    assert_true(proxy_saw(&p, "\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n"));
    assert_false(proxy_saw(&p, "Proxy-Connection"));
    assert_false(proxy_saw(&p, "X-Connect"));

    conf.proxy.no_proxy = S("10.0.0.0/8"); // with a list, this machine is never meant
    ask(&r, &conf);
    check_saw(&r, "GET /x\n");
    proxy_done(&p);
    auth_rig_done(&r);
}

static void tls_goes_through_a_tunnel(void **state)
{
    (void)state;
    struct auth_rig r;
    struct proxy p;
    char url[128], target[128], line[160];
    auth_rig_init(&r);
    proxy_init(&p, &r.l);
    struct pem pem = pem_make(&(struct pem_options){.name = "server", .dns = {"inner.example"}});
    struct secure_server *server =
        secure_server_start(&(struct secure_server_options){.pem = &pem});
    snprintf(url, sizeof(url), "http://me:pw@127.0.0.1:%u", p.addr.port);
    snprintf(target, sizeof(target), "https://127.0.0.1:%u/x", secure_server_port(server));
    const struct httpconf_header extra[] = {{S("X-Connect"), {.text = S("1")}}};
    struct httpconf conf = {
        .auth = HTTPCONF_AUTHORIZATION,
        .type = S("Bearer"),
        .credentials.text = S("inner"),
        .tls = {.ca.text = str_c(pem.cert), .server_name = S("inner.example")},
        .proxy = {.url = str_c(url), .connect_headers = extra, .connect_header_count = 1}};
    ask_with(&r, (struct http_request){.url = str_c(target), .conf = &conf});
    check_saw(&r, "name=inner.example");
    check_saw(&r, "Authorization: Bearer inner\r\n");
    assert_false(saw(&r, "X-Connect"));
    snprintf(line, sizeof(line), "CONNECT 127.0.0.1:%u HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n",
             secure_server_port(server), secure_server_port(server));
    assert_true(proxy_saw(&p, line));
    assert_true(proxy_saw(&p, "\r\nX-Connect: 1\r\n"));
    assert_true(proxy_saw(&p, "\r\nProxy-Authorization: Basic bWU6cHc=\r\n"));
    assert_false(proxy_saw(&p, "inner")); // the credentials are for the server

    p.refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    ask_with(&r, (struct http_request){.url = str_c(target), .conf = &conf});
    check_str(err_str(&r.a.err), S("Forbidden"));
    secure_server_stop(server);
    pem_done(&pem);
    proxy_done(&p);
    auth_rig_done(&r);
}

static void a_proxy_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct auth_rig r;
    auth_rig_init(&r);
    struct httpconf conf = {.proxy = {.url = S("http://me:topsecret@127.0.0.1:1")}};
    ask(&r, &conf);
    check_str(err_str(&r.a.err),
              S("proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused"));
    conf.proxy.url = S("ftp://me:topsecret@127.0.0.1:1");
    ask(&r, &conf);
    check_str(err_str(&r.a.err), S("unsupported proxy scheme \"ftp\""));
    conf.proxy.url = S("http://me:topsecret@:x");
    ask(&r, &conf);
    check_str(err_str(&r.a.err), S("invalid proxy address"));
    auth_rig_done(&r);
}

static void the_environment_names_proxies(void **state)
{
    (void)state;
    struct proxy p;
    struct auth_rig r;
    char url[64];
    auth_rig_init(&r);
    proxy_init(&p, &r.l);
    snprintf(url, sizeof(url), "127.0.0.1:%u", p.addr.port);
    setenv("HTTP_PROXY", url, 1);
    setenv("NO_PROXY", ".excluded.invalid", 1);
    const struct httpconf conf = {.proxy.from_environment = true};
    ask_with(&r, (struct http_request){.url = S("http://nowhere.invalid/x"), .conf = &conf});
    check_saw(&r, "by proxy");
    unsetenv("HTTP_PROXY"); // the first request has read them
    unsetenv("NO_PROXY");
    ask_with(&r, (struct http_request){.url = S("http://a.excluded.invalid/x"), .conf = &conf});
    assert_int_equal(r.a.status, 0);
    ask(&r, &conf); // loopback
    check_saw(&r, "GET /x\n");
    proxy_done(&p);
    auth_rig_done(&r);
}

static void exclusions_are_gos(void **state)
{
    (void)state;
    static const struct {
        const char *list, *host;
        uint16_t port;
        bool is_excluded;
    } CASES[] = {
        {"", "localhost", 80, true},
        {"", "127.3.4.5", 80, true},
        {"", "::1", 80, true},
        {"", "example.org", 80, false},
        {"*", "example.org", 80, true},
        {"example.org", "example.org", 80, true},
        {"example.org", "a.Example.ORG", 80, true},
        {"example.org", "notexample.org", 80, false},
        {".example.org", "example.org", 80, false},
        {".example.org", "a.example.org", 80, true},
        {"*.example.org", "example.org", 80, false},
        {"*.example.org", "a.example.org", 80, true},
        {"example.org:8080", "example.org", 80, false},
        {"example.org:8080", "example.org", 8080, true},
        {" a , example.org ,b", "example.org", 80, true},
        {"10.0.0.0/8", "10.255.0.1", 80, true},
        {"10.0.0.0/8", "11.0.0.1", 80, false},
        {"10.1.2.128/25", "10.1.2.127", 80, false},
        {"10.1.2.128/25", "10.1.2.129", 80, true},
        {"10.0.0.0/8", "example.org", 80, false},
        {"10.0.0.1:99", "10.0.0.1", 80, false},
        {"10.0.0.1:99", "10.0.0.1", 99, true},
        {"10.0.0.1", "10.0.0.1", 99, true},
        {"fd00::/8", "fd12::1", 99, true},
        {"[fd00::1]:80", "fd00::1", 80, true},
        {"[fd00::1]:80", "fd00::1", 81, false},
        {"fd00::1", "fd00::1", 81, true},
        {"0.0.0.0/0", "10.0.0.1", 81, true},
        {"10.0.0.0/33", "10.0.0.1", 81, false},
        {":80", "example.org", 80, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        bool got =
            http_proxy_is_excluded(str_c(CASES[i].list), str_c(CASES[i].host), CASES[i].port);
        if (got != CASES[i].is_excluded)
            print_error("%s: %s:%u\n", CASES[i].list, CASES[i].host, CASES[i].port);
        assert_int_equal(got, CASES[i].is_excluded);
    }
}

int test_http_auth(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basic_and_bearer_reach_the_server),
        cmocka_unit_test(what_the_request_says_itself_comes_first),
        cmocka_unit_test(secrets_in_files_are_read_again),
        cmocka_unit_test(each_dialect_has_its_words),
        cmocka_unit_test(secrets_behind_urls_are_fetched),
        cmocka_unit_test(configured_headers_are_added),
        cmocka_unit_test(a_secret_cannot_add_a_header),
        cmocka_unit_test(a_refusal_is_every_requests_error),
        cmocka_unit_test(credentials_do_not_follow_to_another_host),
        cmocka_unit_test(a_referer_shows_no_user),
        cmocka_unit_test(tokens_are_fetched_once),
        cmocka_unit_test(a_short_lived_token_is_used_once),
        cmocka_unit_test(the_clients_way_is_probed_and_kept),
        cmocka_unit_test(token_errors_are_told),
        cmocka_unit_test(a_dead_token_endpoint_is_named_without_secrets),
        cmocka_unit_test(calls_that_wait_for_a_token_can_give_up),
        cmocka_unit_test(assertions_are_signed),
        cmocka_unit_test(plain_requests_go_through_a_proxy),
        cmocka_unit_test(tls_goes_through_a_tunnel),
        cmocka_unit_test(a_proxy_that_is_not_there_is_named),
        cmocka_unit_test(the_environment_names_proxies),
        cmocka_unit_test(exclusions_are_gos),
    };
    return run_group("base/io/http_auth", tests);
}
