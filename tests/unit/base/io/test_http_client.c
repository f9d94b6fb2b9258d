// SPDX-License-Identifier: Apache-2.0
#include "base/io/http_client.h"

#include "tests/unit/base/io/web.h"

// ---- noting answers ------------------------------------------------------------------------

void on_answer(void *owner, const struct http_response *response, const struct err *err)
{
    struct answer *a = owner;
    a->count++;
    a->err = *err;
    a->status = response ? response->status : 0;
    buf_clear(&a->body);
    buf_clear(&a->headers);
    assert_true((response == NULL) == (err->code != ERR_NONE));
    if (!response)
        return;
    buf_put(&a->body, response->body);
    for (size_t i = 0; i < response->header_count; i++)
        buf_printf(&a->headers, "%.*s: %.*s\n", STR(response->headers[i].name),
                   STR(response->headers[i].value));
}

void answer_done(struct answer *a)
{
    buf_done(&a->body);
    buf_done(&a->headers);
}

static str web_url(const struct web *w, const char *path)
{
    static char url[512];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", w->addr.port, path);
    return str_c(url);
}

struct http_call *web_call(struct web *w, const char *method, const char *path, str body,
                           struct answer *a)
{
    struct http_request request = {
        .method = str_c(method), .url = web_url(w, path), .body = body, .timeout = DUR_SECONDS(50)};
    int before = a->count;
    struct http_call *call = env_http(w->l->env, &request, on_answer, a);
    assert_non_null(call);
    assert_int_equal(a->count, before); // never inside of the call
    return call;
}

static void call_and_wait(struct web *w, struct http_request *request, struct answer *a)
{
    int before = a->count;
    env_http(w->l->env, request, on_answer, a);
    loop_wait(w->l, &a->count, before + 1);
}

// ---- a server that speaks bytes ------------------------------------------------------------

struct script {
    struct loop *l;
    struct listener *listener;
    struct addr addr;
    struct stream *stream; // the newest
    int accepted;
    int requests; // headers that came to an end
    struct buf got;
    const char *answer; // to each request; NULL: silence
    bool closes;        // behind the answer
    int closes_after;   // requests on one connection, then it is closed without an answer
    int on_connection;
};

static void script_on_data(void *owner, str data)
{
    struct script *s = owner;
    buf_put(&s->got, data);
    if (!str_ends(buf_str(&s->got), S("\r\n\r\n")))
        return;
    s->requests++;
    if (s->closes_after && s->on_connection++ == s->closes_after) {
        env_stream_close(s->l->env, take(&s->stream));
        return;
    }
    if (s->answer)
        env_stream_write(s->l->env, s->stream, str_c(s->answer));
    if (s->closes)
        env_stream_close(s->l->env, take(&s->stream));
}

static void script_on_close(void *owner, const struct err *why)
{
    (void)why;
    ((struct script *)owner)->stream = NULL;
}

static const struct stream_events SCRIPT_EVENTS = {NULL, script_on_data, script_on_close};

static void script_on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    (void)from;
    struct script *s = owner;
    s->accepted++;
    s->on_connection = 0;
    s->stream = stream;
    env_stream_events(s->l->env, stream, &SCRIPT_EVENTS, s);
}

static void script_init(struct script *s, struct loop *l, const char *answer)
{
    *s = (struct script){.l = l, .answer = answer};
    struct addr any = loop_addr();
    struct err err = ERR_INIT;
    s->listener = env_listen(l->env, &any, script_on_accept, s, &s->addr, &err);
    assert_non_null(s->listener);
}

static void script_done(struct script *s)
{
    env_stream_close(s->l->env, s->stream);
    env_listener_close(s->l->env, s->listener);
    buf_done(&s->got);
}

static void script_call(struct script *s, struct http_request request, struct answer *a)
{
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", s->addr.port);
    request.url = str_c(url);
    int before = a->count;
    env_http(s->l->env, &request, on_answer, a);
    loop_wait(s->l, &a->count, before + 1);
}

// ---- tests ---------------------------------------------------------------------------------

static void requests_look_like_gos(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct script s;
    script_init(&s, &l, "HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok");
    struct answer a = {0};
    const struct http_header headers[] = {{S("User-Agent"), S("Tocsin")}, {S("X-Empty"), S("")}};
    script_call(&s, (struct http_request){.headers = headers, .header_count = 2}, &a);
    assert_int_equal(a.status, 200);
    check_str(buf_str(&a.body), S("ok"));
    check_str(buf_str(&a.headers), S("X-A: 1\nContent-Length: 2\n"));
    char want[256];
    snprintf(want, sizeof(want),
             "GET /x HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept-Encoding: gzip\r\n"
             "User-Agent: Tocsin\r\nX-Empty:\r\n\r\n",
             s.addr.port);
    check_str(buf_str(&s.got), str_c(want));

    buf_clear(&s.got);
    script_call(&s, (struct http_request){.method = S("POST")}, &a);
    assert_true(str_find_str(buf_str(&s.got), S("Content-Length: 0\r\n")) != STR_NONE);
    assert_true(str_find_str(buf_str(&s.got), S("Content-Type")) == STR_NONE);
    assert_int_equal(s.accepted, 1); // the connection is kept
    answer_done(&a);
    script_done(&s);
    loop_done(&l);
}

static void every_method_works_with_and_without_body(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    static const char *const METHODS[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    struct answer a = {0};
    for (size_t i = 0; i < ARRAY_LEN(METHODS); i++) {
        struct http_request request = {.method = str_c(METHODS[i]), .url = web_url(&w, "/echo")};
        call_and_wait(&w, &request, &a);
        check_str(buf_str(&w.last_method), str_c(METHODS[i]));
        assert_int_equal(a.body.n, 0);
        assert_false(w.last_has_body);
        request.body = S("some body");
        call_and_wait(&w, &request, &a);
        check_str(buf_str(&w.last_method), str_c(METHODS[i]));
        check_str(buf_str(&a.body), S("some body"));
    }
    struct http_request head = {.method = S("HEAD"), .url = web_url(&w, "/")};
    call_and_wait(&w, &head, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body.n, 0);
    answer_done(&a);
    web_done(&w);
    loop_done(&l);
}

static void connections_are_kept_and_many_calls_share_them(void **state)
{
    (void)state;
    struct loop l;
    loop_init_with(&l, &(struct env_uv_options){.http_per_host_max = 4});
    struct web w;
    web_init(&w, &l);
    enum { COUNT = 300 };
    struct answer a = {0};
    for (int i = 0; i < COUNT; i++)
        web_call(&w, "POST", "/echo", S("body"), &a);
    loop_wait(&l, &a.count, COUNT);
    assert_int_equal(a.status, 200);
    assert_int_equal(w.handled, COUNT);
    answer_done(&a);
    web_done(&w);
    loop_done(&l);
}

// The deadline counts from the moment of asking, also for a call that waits in the queue.
static void timeouts_count_from_the_call_on(void **state)
{
    (void)state;
    struct loop l;
    loop_init_with(&l, &(struct env_uv_options){.http_per_host_max = 1});
    struct web w;
    web_init(&w, &l);
    struct answer first = {0}, queued = {0};
    struct http_request request = {.url = web_url(&w, "/hold"), .timeout = DUR_MS(300)};
    env_http(l.env, &request, on_answer, &first);
    request.timeout = DUR_MS(50);
    env_http(l.env, &request, on_answer, &queued);
    mono_ns start = env_mono(l.env);
    loop_wait(&l, &queued.count, 1);
    assert_int_equal(first.count, 0);
    assert_true(env_mono(l.env) - start >= DUR_MS(50));
    assert_int_equal(queued.err.code, ERR_TIMEOUT);
    check_err(&queued.err, "context deadline exceeded");
    loop_wait(&l, &first.count, 1);
    assert_int_equal(first.err.code, ERR_TIMEOUT);
    assert_int_equal(w.held_count, 1);
    struct answer after = {0}; // the slot is free again
    web_call(&w, "GET", "/", S(""), &after);
    loop_wait(&l, &after.count, 1);
    assert_int_equal(after.status, 200);
    web_reply(w.held[0], 200, S(""));
    web_done(&w);
    answer_done(&first);
    answer_done(&queued);
    answer_done(&after);
    loop_done(&l);
}

static void a_cancelled_call_is_never_heard_of(void **state)
{
    (void)state;
    struct loop l;
    loop_init_with(&l, &(struct env_uv_options){.http_per_host_max = 2});
    struct web w;
    web_init(&w, &l);
    struct answer a = {0}, after = {0};
    struct http_call *calls[4];
    for (int i = 0; i < 4; i++) // two on their way, two waiting
        calls[i] = web_call(&w, "GET", "/hold", S(""), &a);
    struct http_request bad = {.url = S("nonsense")};
    env_http(l.env, &bad, on_answer, &a);
    loop_wait(&l, &w.held_count, 2);
    a.count = 0; // the bad one has come by now
    struct http_call *failed = env_http(l.env, &bad, on_answer, &a);
    env_http_cancel(l.env, failed);
    env_http_cancel(l.env, calls[0]);
    env_http_cancel(l.env, calls[2]);
    env_http_cancel(l.env, calls[3]);
    env_http_cancel(l.env, calls[1]);
    web_call(&w, "GET", "/", S(""), &after);
    loop_wait(&l, &after.count, 1);
    assert_int_equal(a.count, 0);
    for (int i = 0; i < w.held_count; i++)
        web_reply(w.held[i], 200, S(""));
    web_done(&w);
    assert_int_equal(a.count, 0);
    answer_done(&a);
    answer_done(&after);
    loop_done(&l);
}

// One that cancels its sibling from inside a callback, and asks again from there.
struct sibling {
    struct web *w;
    struct http_call *other;
    struct answer *again;
    int count;
};

static void on_sibling(void *owner, const struct http_response *response, const struct err *err)
{
    (void)response;
    (void)err;
    struct sibling *s = owner;
    s->count++;
    env_http_cancel(s->w->l->env, take(&s->other));
    web_call(s->w, "GET", "/", S(""), s->again);
}

static void callbacks_may_cancel_and_ask(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct answer cancelled = {0}, again = {0};
    struct sibling s = {.w = &w, .again = &again};
    struct http_request request = {.url = web_url(&w, "/hold")};
    env_http(l.env, &request, on_sibling, &s);
    s.other = web_call(&w, "GET", "/hold", S(""), &cancelled);
    loop_wait(&l, &w.held_count, 2);
    web_reply(w.held[0], 200, S("")); // both finish in the same turn
    web_reply(w.held[1], 200, S(""));
    loop_wait(&l, &again.count, 1);
    assert_int_equal(s.count, 1);
    assert_int_equal(cancelled.count, 0);
    answer_done(&again);
    web_done(&w);
    loop_done(&l);
}

static void failures_have_gos_words(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct {
        const char *url, *want;
        enum err_code code;
    } const cases[] = {
        {"http://127.0.0.1:1/", "dial tcp 127.0.0.1:1: connect: connection refused", ERR_NETWORK},
        {"http://[::1]:1/", "dial tcp [::1]:1: connect: ", ERR_NETWORK},
        {"ftp://127.0.0.1/", "unsupported protocol scheme \"ftp\"", ERR_INVALID},
        {"127.0.0.1:80", "unsupported protocol scheme \"\"", ERR_INVALID},
        {"http:///path", "http: no Host in request URL", ERR_INVALID},
        {"http://x:99999/", "dial tcp: address 99999: invalid port", ERR_INVALID},
    };
    struct answer a = {0};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request request = {.url = str_c(cases[i].url)};
        call_and_wait(&w, &request, &a);
        assert_int_equal(a.err.code, cases[i].code);
        assert_true(str_starts(err_str(&a.err), str_c(cases[i].want)));
    }
    struct http_header injected = {S("X"), S("a\r\nb: c")};
    struct http_request request = {
        .url = web_url(&w, "/"), .headers = &injected, .header_count = 1};
    call_and_wait(&w, &request, &a);
    check_err(&a.err, "net/http: invalid header field value for \"X\"");
    assert_int_equal(w.handled, 0);

    struct script s;
    script_init(&s, &l, NULL);
    s.closes = true;
    script_call(&s, (struct http_request){.method = S("POST")}, &a);
    check_err(&a.err, "EOF");
    s.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort";
    script_call(&s, (struct http_request){0}, &a);
    check_err(&a.err, "unexpected EOF");
    s.answer = "this is not HTTP\r\n\r\n";
    script_call(&s, (struct http_request){0}, &a);
    check_err(&a.err, "net/http: HTTP/1.x transport connection broken: malformed HTTP response");
    script_done(&s);
    answer_done(&a);
    web_done(&w);
    loop_done(&l);
}

static void responses_have_limits(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct answer a = {0};
    struct http_request request = {.url = web_url(&w, "/"), .response_bytes_max = 5};
    call_and_wait(&w, &request, &a);
    check_str(buf_str(&a.body), S("hello"));
    request.response_bytes_max = 4;
    call_and_wait(&w, &request, &a);
    assert_int_equal(a.err.code, ERR_LIMIT);
    check_err(&a.err, "response body is larger than 4 bytes");
    request = (struct http_request){.url = web_url(&w, "/stream?1000"), // 250 MB
                                    .response_bytes_max = 1 << 20};
    call_and_wait(&w, &request, &a);
    assert_int_equal(a.err.code, ERR_LIMIT);
    loop_wait(&l, &w.dones, 1);
    assert_true(w.pieces_made < 200);
    answer_done(&a);
    web_done(&w);
    loop_done(&l);
}

static void response_headers_have_a_limit(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    defer(buf_done) struct buf answer = {0};
    buf_put(&answer, S("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"));
    while (answer.n < HTTP_HEADER_BYTES_MAX - 2048) {
        buf_put(&answer, S("X: "));
        buf_put_fill(&answer, 'h', 1000);
        buf_put(&answer, S("\r\n"));
    }
    size_t within = answer.n;
    buf_put(&answer, S("\r\n"));
    buf_put_c(&answer, '\0');
    struct script s;
    script_init(&s, &l, answer.p);
    struct answer a = {0};
    script_call(&s, (struct http_request){0}, &a);
    assert_int_equal(a.status, 200);
    answer.n = within;
    buf_put(&answer, S("Y: "));
    buf_put_fill(&answer, 'h', 2048);
    buf_put(&answer, S("\r\n\r\n"));
    buf_put_c(&answer, '\0');
    s.answer = answer.p;
    script_call(&s, (struct http_request){0}, &a);
    assert_int_equal(a.err.code, ERR_LIMIT);
    check_err(&a.err, "net/http: server response headers exceeded 262144 bytes");
    answer_done(&a);
    script_done(&s);
    loop_done(&l);
}

static void redirects_are_followed_as_in_go(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct answer a = {0};
    struct http_request post = {
        .method = S("POST"), .body = S("payload"), .url = web_url(&w, "/redirect/307?/echo")};
    call_and_wait(&w, &post, &a);
    check_str(buf_str(&a.body), S("payload"));
    check_str(buf_str(&w.last_method), S("POST"));
    post.url = web_url(&w, "/redirect/302?/echo");
    call_and_wait(&w, &post, &a);
    assert_int_equal(a.body.n, 0);
    check_str(buf_str(&w.last_method), S("GET"));
    post.no_redirects = true;
    post.url = web_url(&w, "/redirect/302?/echo");
    call_and_wait(&w, &post, &a);
    assert_int_equal(a.status, 302);

    w.handled = 0;
    struct http_request loops = {.url =
                                     web_url(&w, "/redirect/301?301")}; // relative: /redirect/301
    call_and_wait(&w, &loops, &a);
    assert_int_equal(a.status, 301); // the second answer names no place to go
    struct http_header secret = {S("Authorization"), S("Bearer x")};
    struct http_request away = {.url = web_url(&w, "/redirect/302?http://localhost.test:1/"),
                                .headers = &secret,
                                .header_count = 1};
    call_and_wait(&w, &away, &a); // the name is resolved by us, not by curl
    assert_true(str_starts(err_str(&a.err), S("dial tcp: lookup localhost.test")));
    away.url = web_url(&w, "/redirect/302?/headers");
    call_and_wait(&w, &away, &a);
    assert_true(str_find_str(buf_str(&a.body), S("Authorization: Bearer x")) != STR_NONE);
    answer_done(&a);
    web_done(&w);
    loop_done(&l);
}

static void endless_redirects_stop_after_ten(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct script s;
    script_init(&s, &l, "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
    struct answer a = {0};
    script_call(&s, (struct http_request){0}, &a);
    check_err(&a.err, "stopped after 10 redirects");
    assert_int_equal(s.requests, 11);
    answer_done(&a);
    script_done(&s);
    loop_done(&l);
}

static void credentials_stay_with_their_domain(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct answer a = {0};
    char path[128];
    snprintf(path, sizeof(path), "/redirect/302?http://localhost:%u/headers", w.addr.port);
    struct http_header headers[] = {{S("Authorization"), S("Bearer x")}, {S("X-Other"), S("y")}};
    struct http_request request = {
        .url = web_url(&w, path), .headers = headers, .header_count = ARRAY_LEN(headers)};
    call_and_wait(&w, &request, &a);
    assert_int_equal(a.status, 200);
    assert_true(str_find_str(buf_str(&a.body), S("X-Other: y")) != STR_NONE);
    assert_true(str_find_str(buf_str(&a.body), S("Authorization")) == STR_NONE);
    answer_done(&a);
    web_done(&w);
    loop_done(&l);
}

// The server answers one request per connection and closes it as the second one comes.
static void a_stale_connection_costs_nothing(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct script s;
    script_init(&s, &l, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    s.closes_after = 1;
    struct answer a = {0};
    for (int i = 1; i <= 5; i++) {
        script_call(&s, (struct http_request){0}, &a);
        assert_int_equal(a.status, 200);
    }
    assert_int_equal(s.accepted, 5);
    assert_int_equal(s.requests, 9); // each but the first was sent twice
    answer_done(&a);
    script_done(&s);
    loop_done(&l);
}

static void interim_answers_are_skipped_and_gzip_is_decoded(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct script s;
    script_init(&s, &l,
                "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
                "HTTP/1.1 200 OK\r\nX-Late: 2\r\nContent-Length: 2\r\n\r\nok");
    struct answer a = {0};
    script_call(&s, (struct http_request){0}, &a);
    assert_int_equal(a.status, 200);
    check_str(buf_str(&a.headers), S("X-Late: 2\nContent-Length: 2\n"));
    script_done(&s);

    // gzip of "hi", stored; the text ends at the NUL of its header, so it is sent in pieces.
    static const unsigned char GZIP[] = {0x1f, 0x8b, 8,    0, 0,    0,    0,   0,   0,
                                         3,    1,    2,    0, 0xfd, 0xff, 'h', 'i', 0xac,
                                         0x2a, 0x93, 0xd8, 2, 0,    0,    0};
    struct web w;
    web_init(&w, &l);
    web_call(&w, "GET", "/hold", S(""), &a);
    loop_wait(&l, &w.held_count, 1);
    const struct http_header headers[] = {{S("Content-Encoding"), S("gzip")}};
    w.held[0]->reply(w.held[0], &(struct http_reply){.status = 200,
                                                     .headers = headers,
                                                     .header_count = 1,
                                                     .body = str_from(GZIP, sizeof(GZIP))});
    loop_wait(&l, &a.count, 2);
    check_err(&a.err, "");
    check_str(buf_str(&a.body), S("hi"));
    assert_true(str_find_str(buf_str(&a.headers), S("Content-")) == STR_NONE);
    web_done(&w);
    answer_done(&a);
    loop_done(&l);
}

int test_http_client(void);
int test_http_client(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_look_like_gos),
        cmocka_unit_test(every_method_works_with_and_without_body),
        cmocka_unit_test(connections_are_kept_and_many_calls_share_them),
        cmocka_unit_test(timeouts_count_from_the_call_on),
        cmocka_unit_test(a_cancelled_call_is_never_heard_of),
        cmocka_unit_test(callbacks_may_cancel_and_ask),
        cmocka_unit_test(failures_have_gos_words),
        cmocka_unit_test(responses_have_limits),
        cmocka_unit_test(response_headers_have_a_limit),
        cmocka_unit_test(redirects_are_followed_as_in_go),
        cmocka_unit_test(endless_redirects_stop_after_ten),
        cmocka_unit_test(credentials_stay_with_their_domain),
        cmocka_unit_test(a_stale_connection_costs_nothing),
        cmocka_unit_test(interim_answers_are_skipped_and_gzip_is_decoded),
    };
    return run_group("base/io/http_client", tests);
}
