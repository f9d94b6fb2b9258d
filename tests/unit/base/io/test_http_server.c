// SPDX-License-Identifier: Apache-2.0
#include "base/io/http_exchange.h"

#include <malloc.h>

#include "tests/unit/base/io/web.h"

// ---- the server under test -----------------------------------------------------------------

void web_reply(struct http_exchange *x, int status, str body)
{
    const struct http_header headers[] = {
        {S("Content-Type"), S("text/plain")},
        {S("X-Odd"), S("one\r\ntwo")},
    };
    struct http_reply reply = {
        .status = status, .headers = headers, .header_count = ARRAY_LEN(headers), .body = body};
    x->reply(x, &reply);
}

static bool web_next_piece(void *owner, struct buf *out)
{
    struct web *w = owner;
    w->pieces_made++;
    buf_put_fill(out, 'p', HTTP_SERVER_SEND_PIECE_BYTES);
    return --w->pieces_left > 0;
}

static void web_piece_done(void *owner)
{
    ((struct web *)owner)->dones++;
}

static void note(struct buf *b, str s)
{
    buf_clear(b);
    buf_put(b, s);
}

static void web_redirect(struct http_exchange *x, int status)
{
    struct http_header location = {S("Location"), x->query};
    x->reply(x, &(struct http_reply){.status = status, .headers = &location, .header_count = 1});
}

static void web_handle(void *owner, struct http_exchange *x)
{
    struct web *w = owner;
    w->handled++;
    note(&w->last_target, x->target);
    note(&w->last_method, x->method);
    note(&w->last_host, http_header_find(x->headers, x->header_count, S("host")));
    w->last_has_body = x->has_body;
    w->last_peer = x->peer;
    uint64_t number;
    if (str_eq(x->path, S("/echo"))) {
        web_reply(x, 200, x->body);
    } else if (str_eq(x->path, S("/headers"))) {
        str text = S("");
        for (size_t i = 0; i < x->header_count; i++)
            text = arena_printf(x->mem, "%.*s%.*s: %.*s\n", STR(text), STR(x->headers[i].name),
                                STR(x->headers[i].value));
        web_reply(x, 200, text);
    } else if (str_eq(x->path, S("/hold"))) {
        w->held[w->held_count++] = x;
    } else if (str_eq(x->path, S("/stream"))) {
        assert_true(str_to_u64(x->query, &number));
        w->pieces_left = number;
        w->pieces_made = 0;
        x->reply(x, &(struct http_reply){
                        .status = 200, .next = web_next_piece, .done = web_piece_done, .owner = w});
    } else if (str_starts(x->path, S("/redirect/")) &&
               str_to_u64(str_skip(x->path, strlen("/redirect/")), &number)) {
        web_redirect(x, (int)number);
    } else if (str_eq(x->path, S("/empty"))) {
        x->reply(x, &(struct http_reply){.status = 204});
    } else {
        web_reply(x, 200, S("hello"));
    }
}

void web_init(struct web *w, struct loop *l)
{
    *w = (struct web){.l = l};
    struct err err = ERR_INIT;
    w->server = env_http_listen(l->env,
                                &(struct http_server_options){.listen = S("127.0.0.1:0"),
                                                              .body_bytes_max = WEB_BODY_BYTES_MAX,
                                                              .handle = web_handle,
                                                              .owner = w},
                                &w->addr, &err);
    assert_non_null(w->server);
}

static void on_stopped(void *owner)
{
    ((struct web *)owner)->stopped++;
}

void web_stop(struct web *w, dur_ns grace)
{
    env_http_server_stop(w->l->env, take(&w->server), grace, on_stopped, w);
    assert_int_equal(w->stopped, 0);
}

void web_done(struct web *w)
{
    if (w->server) {
        web_stop(w, DUR_SECONDS(10));
        loop_wait(w->l, &w->stopped, 1);
    }
    buf_done(&w->last_target);
    buf_done(&w->last_method);
    buf_done(&w->last_host);
}

// ---- a client that speaks bytes ------------------------------------------------------------

struct raw {
    struct loop *l;
    struct stream *stream;
    struct buf got;
    size_t received; // got may be cleared
    size_t wanted;
    int has_wanted;
    int closed;
};

static void raw_on_data(void *owner, str data)
{
    struct raw *r = owner;
    buf_put(&r->got, data);
    r->received += data.n;
    if (r->wanted && r->received >= r->wanted)
        r->has_wanted = 1;
}

static void raw_on_close(void *owner, const struct err *why)
{
    (void)why;
    struct raw *r = owner;
    r->closed++;
    r->stream = NULL;
}

static const struct stream_events RAW_EVENTS = {NULL, raw_on_data, raw_on_close};

static void raw_open(struct raw *r, struct web *w)
{
    *r = (struct raw){.l = w->l};
    r->stream = env_dial(w->l->env, &w->addr, &RAW_EVENTS, r);
}

static void raw_send(struct raw *r, str text)
{
    env_stream_write(r->l->env, r->stream, text);
}

static void raw_wait(struct raw *r, size_t bytes)
{
    r->wanted = bytes;
    r->has_wanted = r->received >= bytes;
    loop_wait(r->l, &r->has_wanted, 1);
}

static void raw_done(struct raw *r)
{
    env_stream_close(r->l->env, r->stream);
    buf_done(&r->got);
}

static bool raw_has(const struct raw *r, const char *text)
{
    return str_find_str(buf_str(&r->got), str_c(text)) != STR_NONE;
}

// ---- tests ---------------------------------------------------------------------------------

static void requests_arrive_as_they_were_sent(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct raw r;
    raw_open(&r, &w);
    raw_send(&r, S("GET /a%20b/%2F?x=%41&y=+1&z HTTP/1.1\r\nHost: somewhere\r\n\r\n"));
    loop_wait(&l, &w.handled, 1);
    check_str(buf_str(&w.last_target), S("/a%20b/%2F?x=%41&y=+1&z"));
    check_str(buf_str(&w.last_method), S("GET"));
    check_str(buf_str(&w.last_host), S("somewhere"));
    assert_false(w.last_has_body);
    assert_true(addr_is_loopback(&w.last_peer) && w.last_peer.port != 0);
    raw_wait(&r, 20);
    assert_true(str_starts(buf_str(&r.got), S("HTTP/1.1 200 OK\r\n")));
    assert_true(raw_has(&r, "\r\nDate: "));
    assert_true(raw_has(&r, "\r\nContent-Length: 5\r\n"));
    assert_true(raw_has(&r, "\r\nX-Odd: one  two\r\n")); // no header can end its line
    assert_true(str_ends(buf_str(&r.got), S("\r\n\r\nhello")));

    // The connection is kept; a method of one's own and an absolute target are fine.
    raw_send(&r, S("DELETE http://somewhere/p?q HTTP/1.1\r\nHost: somewhere\r\n\r\n"));
    loop_wait(&l, &w.handled, 2);
    check_str(buf_str(&w.last_target), S("/p?q"));
    check_str(buf_str(&w.last_method), S("DELETE"));
    raw_done(&r);
    web_done(&w);
    loop_done(&l);
}

static void pipelined_and_split_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct raw r;
    raw_open(&r, &w);
    raw_send(&r, S("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none"
                   "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "2\r\ntw\r\n1\r\no\r\n0\r\n\r\nPOST /echo HTTP/1.1\r\nHo"));
    loop_wait(&l, &w.handled, 2);
    assert_true(w.last_has_body);
    raw_send(&r, S("st: x\r\nContent-Length: 5\r\n\r\nth"));
    loop_run_for(&l, DUR_MS(5));
    raw_send(&r, S("ree"));
    loop_wait(&l, &w.handled, 3);
    loop_run_for(&l, DUR_MS(5));
    size_t one = str_find_str(buf_str(&r.got), S("\r\n\r\none"));
    size_t two = str_find_str(buf_str(&r.got), S("\r\n\r\ntwo"));
    size_t three = str_find_str(buf_str(&r.got), S("\r\n\r\nthree"));
    assert_true(one < two && two < three && three != STR_NONE);
    raw_done(&r);
    web_done(&w);
    loop_done(&l);
}

static void head_and_empty_replies_have_no_body(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct raw r;
    raw_open(&r, &w);
    raw_send(&r, S("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /empty HTTP/1.1\r\nHost: x\r\n\r\n"));
    loop_wait(&l, &w.handled, 2);
    loop_run_for(&l, DUR_MS(5));
    assert_true(raw_has(&r, "Content-Length: 5\r\n"));
    assert_false(raw_has(&r, "hello"));
    assert_true(raw_has(&r, "HTTP/1.1 204 No Content\r\n"));
    assert_true(str_ends(buf_str(&r.got), S("\r\n\r\n")));
    raw_done(&r);
    web_done(&w);
    loop_done(&l);
}

// microhttpd's sockets are edge-triggered: without its timeout this would hang.
static void a_post_of_a_megabyte_completes(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    defer(buf_done) struct buf body = {0};
    for (uint32_t i = 0; body.n < 1 << 20; i++)
        buf_put(&body, str_from(&i, sizeof(i)));
    struct answer a = {0};
    for (int i = 1; i <= 5; i++) {
        web_call(&w, "POST", "/echo", buf_str(&body), &a);
        loop_wait(&l, &a.count, i);
        assert_int_equal(a.status, 200);
        assert_true(str_eq(buf_str(&a.body), buf_str(&body)));
    }
    answer_done(&a);
    web_done(&w);
    loop_done(&l);
}

static void a_body_that_is_announced_too_long_is_refused_unread(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct raw r;
    raw_open(&r, &w);
    raw_send(&r, S("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\nabc"));
    loop_wait(&l, &r.closed, 1);
    assert_true(str_starts(buf_str(&r.got), S("HTTP/1.1 413 ")));
    assert_true(raw_has(&r, "http: request body too large\n"));
    assert_int_equal(w.handled, 0);
    raw_done(&r);

    // Exactly the maximum is fine.
    defer(buf_done) struct buf body = {0};
    buf_put_fill(&body, 'b', WEB_BODY_BYTES_MAX);
    struct answer a = {0};
    web_call(&w, "POST", "/echo", buf_str(&body), &a);
    loop_wait(&l, &a.count, 1);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body.n, WEB_BODY_BYTES_MAX);
    answer_done(&a);
    web_done(&w);
    loop_done(&l);
}

// What a proxy could read as another request than we do.
static void ambiguous_requests_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *answer;
    } CASES[] = {
        {"Host: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n",
         "multiple Content-Length headers"},
        {"Host: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n", "400 Bad Request"},
        {"Host: x\r\nHost: y\r\nContent-Length: 3\r\n", "too many Host headers"},
        {"Host: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n", "HTTP/1.1 200 OK\r\n"},
    };
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        defer(buf_done) struct buf request = {0};
        struct raw r;
        buf_printf(&request, "POST /echo HTTP/1.1\r\n%s\r\none", CASES[i].headers);
        raw_open(&r, &w);
        raw_send(&r, buf_str(&request));
        if (i + 1 < ARRAY_LEN(CASES))
            loop_wait(&l, &r.closed, 1);
        else
            raw_wait(&r, 20);
        assert_true(raw_has(&r, CASES[i].answer));
        raw_done(&r);
    }
    assert_int_equal(w.handled, 1);
    web_done(&w);
    loop_done(&l);
}

static void a_chunked_body_is_refused_where_it_passes_the_limit(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct raw r;
    raw_open(&r, &w);
    raw_send(&r, S("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
    defer(buf_done) struct buf chunk = {0};
    buf_put(&chunk, S("100000\r\n"));
    buf_put_fill(&chunk, 'c', 1 << 20);
    buf_put(&chunk, S("\r\n"));
    for (int i = 0; i < 100 && r.closed == 0; i++) {
        raw_send(&r, buf_str(&chunk));
        loop_run_for(&l, DUR_MS(1));
    }
    loop_wait(&l, &r.closed, 1);
    assert_int_equal(w.handled, 0);
    raw_done(&r);
    web_done(&w);
    loop_done(&l);
}

// One request holds most of what all bodies may take together; others wait for better times.
static void all_bodies_together_have_a_limit(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    w.server->bodies_bytes_max = 3 << 20;
    defer(buf_done) struct buf body = {0};
    buf_put_fill(&body, 'b', 2 << 20);
    struct answer held = {0}, a = {0};
    web_call(&w, "POST", "/hold", buf_str(&body), &held);
    loop_wait(&l, &w.held_count, 1);
    struct raw r;
    raw_open(&r, &w);
    raw_send(&r, S("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"));
    loop_wait(&l, &r.closed, 1);
    assert_true(str_starts(buf_str(&r.got), S("HTTP/1.1 503 ")));
    raw_done(&r);
    raw_open(&r, &w);
    raw_send(&r,
             S("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n"));
    raw_send(&r, buf_str(&body));
    loop_wait(&l, &r.closed, 1);
    raw_done(&r);
    assert_int_equal(w.handled, 1);
    web_reply(w.held[0], 200, S(""));
    loop_wait(&l, &held.count, 1);
    web_call(&w, "POST", "/echo", buf_str(&body), &a);
    loop_wait(&l, &a.count, 1);
    assert_int_equal(a.status, 200);
    for (int i = 0; i < 1000 && w.server->active_count; i++)
        loop_run_for(&l, DUR_MS(1));
    assert_int_equal(w.server->bodies_bytes, 0); // all of it was given back
    answer_done(&a);
    answer_done(&held);
    web_done(&w);
    loop_done(&l);
}

static void bad_requests_leave_nothing_behind(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    static const char *const REQUESTS[] = {
        "junk\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", // no Host
        "GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(REQUESTS); i++) {
        struct raw r;
        raw_open(&r, &w);
        raw_send(&r, str_c(REQUESTS[i]));
        loop_run_for(&l, DUR_MS(5));
        raw_done(&r);
    }
    struct raw r; // headers without end
    raw_open(&r, &w);
    raw_send(&r, S("GET / HTTP/1.1\r\nHost: x\r\n"));
    for (int i = 0; i < 100 && r.closed == 0; i++) {
        defer(buf_done) struct buf header = {0};
        buf_put(&header, S("X: "));
        buf_put_fill(&header, 'h', 16384);
        buf_put(&header, S("\r\n"));
        raw_send(&r, buf_str(&header));
        loop_run_for(&l, DUR_MS(1));
    }
    assert_int_equal(r.closed, 1);
    assert_int_equal(w.handled, 0);
    raw_done(&r);
    web_done(&w); // active requests would keep it from stopping at once
    loop_done(&l);
}

static void replies_may_come_later_and_out_of_order(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    enum { COUNT = 200 };
    static struct answer answers[COUNT];
    memset(answers, 0, sizeof(answers));
    for (int i = 0; i < COUNT; i++)
        web_call(&w, "GET", "/hold", S(""), &answers[i]);
    int replied = 0;
    while (replied < COUNT) { // 64 at a time: the client's limit per host
        loop_wait(&l, &w.held_count, MIN(replied + 64, COUNT));
        int end = w.held_count;
        for (int i = end - 1; i >= replied; i--)
            web_reply(w.held[i], 202, w.held[i]->target);
        replied = end;
    }
    for (int i = 0; i < COUNT; i++) {
        loop_wait(&l, &answers[i].count, 1);
        assert_int_equal(answers[i].status, 202);
        check_str(buf_str(&answers[i].body), S("/hold"));
        answer_done(&answers[i]);
    }
    web_done(&w);
    loop_done(&l);
}

static size_t heap_bytes(void)
{
    return mallinfo2().uordblks;
}

// Sixty megabytes; the client is slow at first. The server makes pieces only as they are taken.
static void a_large_reply_streams_in_bounded_memory(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct raw r;
    raw_open(&r, &w);
    r.got.max = 1000; // only the beginning is kept
    enum { PIECES = (60 << 20) / HTTP_SERVER_SEND_PIECE_BYTES };
    char request[128];
    snprintf(request, sizeof(request), "GET /stream?%d HTTP/1.1\r\nHost: x\r\n\r\n", PIECES);
    raw_send(&r, str_c(request));
    loop_wait(&l, &w.handled, 1);
    size_t before = heap_bytes();
    raw_wait(&r, 30 << 20);
    assert_true(w.pieces_left > 0);
    assert_true((w.pieces_made + 1) * HTTP_SERVER_SEND_PIECE_BYTES < r.received + (32 << 20));
    assert_true(heap_bytes() < before + (4 << 20));
    raw_wait(&r, 60 << 20);
    loop_wait(&l, &w.dones, 1);
    assert_true(raw_has(&r, "Transfer-Encoding: chunked\r\n"));
    assert_int_equal(w.pieces_made, PIECES);

    // A client that goes in the middle: done() comes nevertheless.
    snprintf(request, sizeof(request), "GET /stream?%d HTTP/1.1\r\nHost: x\r\n\r\n", 100000);
    raw_send(&r, str_c(request));
    raw_wait(&r, 70 << 20);
    raw_done(&r);
    loop_wait(&l, &w.dones, 2);
    assert_true(w.pieces_left > 90000);
    web_done(&w);
    loop_done(&l);
}

static void a_client_that_goes_before_the_reply_does_no_harm(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct raw r;
    raw_open(&r, &w);
    raw_send(&r, S("POST /hold?abc HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"));
    loop_wait(&l, &w.held_count, 1);
    raw_done(&r);
    loop_run_for(&l, DUR_MS(10));
    struct http_exchange *x = w.held[0]; // still whole
    check_str(x->target, S("/hold?abc"));
    check_str(x->body, S("body"));
    x->reply(x, &(struct http_reply){
                    .status = 200, .next = web_next_piece, .done = web_piece_done, .owner = &w});
    loop_wait(&l, &w.dones, 1);
    web_done(&w);
    loop_done(&l);
}

static void stopping_waits_for_open_requests(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct answer idle = {0}, a = {0}, refused = {0};
    web_call(&w, "GET", "/", S(""), &idle); // leaves a kept-alive connection behind
    loop_wait(&l, &idle.count, 1);
    web_call(&w, "GET", "/hold", S(""), &a);
    loop_wait(&l, &w.held_count, 1);
    web_stop(&w, DUR_SECONDS(60));
    loop_run_for(&l, DUR_MS(20));
    assert_int_equal(w.stopped, 0);
    struct raw r;
    raw_open(&r, &w);
    loop_wait(&l, &r.closed, 1); // nothing listens any more
    raw_done(&r);
    web_reply(w.held[0], 200, S("late"));
    loop_wait(&l, &a.count, 1);
    check_str(buf_str(&a.body), S("late"));
    loop_wait(&l, &w.stopped, 1);
    web_call(&w, "GET", "/", S(""), &refused);
    loop_wait(&l, &refused.count, 1);
    assert_int_equal(refused.err.code, ERR_NETWORK);
    answer_done(&idle);
    answer_done(&a);
    answer_done(&refused);
    web_done(&w);
    loop_done(&l);
}

static void stopping_with_a_suspended_request_ends_after_the_grace(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct answer a = {0}, b = {0};
    web_call(&w, "GET", "/hold?kept", S(""), &a);
    web_call(&w, "GET", "/hold?never", S(""), &b);
    loop_wait(&l, &w.held_count, 2);
    web_stop(&w, DUR_MS(20));
    loop_wait(&l, &w.stopped, 1);
    loop_wait(&l, &a.count, 1);
    assert_int_equal(a.err.code, ERR_NETWORK);
    struct http_exchange *x = w.held[0];
    assert_true(str_starts(x->target, S("/hold?"))); // the server is gone, the exchange is not
    x->reply(x, &(struct http_reply){.status = 200, .done = web_piece_done, .owner = &w});
    assert_int_equal(w.dones, 0);
    loop_wait(&l, &w.dones, 1);
    answer_done(&a);
    answer_done(&b);
    web_done(&w);
    loop_done(&l); // the other one is never replied to
}

static void freeing_with_everything_under_way_is_clean(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct answer a = {0}, b = {0}, c = {0};
    web_call(&w, "GET", "/hold", S(""), &a);
    web_call(&w, "GET", "/stream?100", S(""), &b);
    loop_wait(&l, &w.handled, 2);
    web_call(&w, "POST", "/echo", S("not yet there"), &c);
    loop_done(&l);
    assert_int_equal(a.count + b.count + c.count, 0);
    assert_int_equal(w.dones, 1);
    w.server = NULL;
    web_done(&w);
}

static void a_request_that_stalls_is_given_up(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    w.server->receive_idle = DUR_MS(300);
    struct raw body, headers, alive;
    raw_open(&body, &w);
    raw_open(&headers, &w);
    raw_open(&alive, &w);
    raw_send(&body, S("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfour"));
    raw_send(&headers, S("GET / HTTP/1.1\r\nHost: x\r\n"));
    raw_send(&alive, S("POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"));
    for (int i = 0; i < 10; i++) { // longer than the limit, but never idle
        loop_run_for(&l, DUR_MS(50));
        raw_send(&alive, S("x"));
    }
    loop_wait(&l, &body.closed, 1);
    loop_wait(&l, &headers.closed, 1);
    loop_wait(&l, &w.held_count, 1);
    loop_run_for(&l, DUR_MS(400)); // a request that is being answered has all the time it wants
    assert_int_equal(alive.closed, 0);
    web_reply(w.held[0], 200, S("done"));
    raw_wait(&alive, 4);
    assert_int_equal(w.handled, 1);
    raw_done(&body);
    raw_done(&headers);
    raw_done(&alive);
    web_done(&w);
    loop_done(&l);
}

static void count_turn(void *owner, dur_ns busy)
{
    (void)busy;
    ++*(int *)owner;
}

// Kept-alive connections, a suspended request, a half-received one and a client that does not
// read its stream: none of them keeps the loop turning.
static void waiting_costs_no_turns(void **state)
{
    (void)state;
    int turns = 0;
    struct loop l;
    loop_init_with(&l, &(struct env_uv_options){.on_turn = count_turn, .owner = &turns});
    struct web w;
    web_init(&w, &l);
    struct answer idle = {0};
    web_call(&w, "GET", "/", S(""), &idle);
    loop_wait(&l, &idle.count, 1);
    struct raw held, half;
    raw_open(&held, &w);
    raw_open(&half, &w);
    raw_send(&held, S("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    raw_send(&half, S("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfour"));
    loop_wait(&l, &w.held_count, 1);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_storage sa;
    socklen_t sa_bytes = addr_to_os(&w.addr, &sa);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sa_bytes), 0);
    str request = S("GET /stream?1000 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(write(fd, request.p, request.n), request.n);
    loop_wait(&l, &w.handled, 3);
    loop_run_for(&l, DUR_MS(300)); // fills the socket's buffers
    turns = 0;
    loop_run_for(&l, DUR_MS(300));
    assert_true(turns < 20);
    close(fd);
    loop_wait(&l, &w.dones, 1);
    web_reply(w.held[0], 200, S(""));
    raw_done(&held);
    raw_done(&half);
    answer_done(&idle);
    web_done(&w);
    loop_done(&l);
}

static void listening_has_gos_errors(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct web w;
    web_init(&w, &l);
    struct err err = ERR_INIT;
    struct {
        const char *listen, *want;
    } const cases[] = {
        {"9093", "listen tcp: address 9093: missing port in address"},
        {"127.0.0.1:99999", "listen tcp: address 99999: invalid port"},
        {"::1:80", "listen tcp: address ::1:80: too many colons in address"},
        {"192.0.2.1:0", "listen tcp 192.0.2.1:0: bind: cannot assign requested address"},
    };
    struct http_server_options options = {.handle = web_handle, .body_bytes_max = 1};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        options.listen = str_c(cases[i].listen);
        assert_null(env_http_listen(l.env, &options, NULL, &err));
        check_err(&err, cases[i].want);
    }
    char used[64], want[128];
    snprintf(used, sizeof(used), "127.0.0.1:%u", w.addr.port);
    snprintf(want, sizeof(want), "listen tcp %s: bind: address already in use", used);
    options.listen = str_c(used);
    assert_null(env_http_listen(l.env, &options, NULL, &err));
    check_err(&err, want);

    struct addr bound; // ":0" listens on both families
    options.listen = S(":0");
    struct http_server *any = env_http_listen(l.env, &options, &bound, &err);
    assert_non_null(any);
    assert_true(bound.port != 0 && addr_is_unspecified(&bound));
    env_http_server_stop(l.env, any, 0, NULL, NULL);
    options.listen = S("localhost:0");
    any = env_http_listen(l.env, &options, &bound, &err);
    assert_non_null(any);
    assert_true(addr_is_loopback(&bound));
    web_done(&w);
    loop_done(&l); // stops the last one
}

int test_http_server(void);
int test_http_server(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_arrive_as_they_were_sent),
        cmocka_unit_test(pipelined_and_split_requests_are_answered_in_order),
        cmocka_unit_test(head_and_empty_replies_have_no_body),
        cmocka_unit_test(a_post_of_a_megabyte_completes),
        cmocka_unit_test(a_body_that_is_announced_too_long_is_refused_unread),
        cmocka_unit_test(ambiguous_requests_are_refused),
        cmocka_unit_test(a_chunked_body_is_refused_where_it_passes_the_limit),
        cmocka_unit_test(all_bodies_together_have_a_limit),
        cmocka_unit_test(bad_requests_leave_nothing_behind),
        cmocka_unit_test(replies_may_come_later_and_out_of_order),
        cmocka_unit_test(a_large_reply_streams_in_bounded_memory),
        cmocka_unit_test(a_client_that_goes_before_the_reply_does_no_harm),
        cmocka_unit_test(stopping_waits_for_open_requests),
        cmocka_unit_test(stopping_with_a_suspended_request_ends_after_the_grace),
        cmocka_unit_test(freeing_with_everything_under_way_is_clean),
        cmocka_unit_test(a_request_that_stalls_is_given_up),
        cmocka_unit_test(waiting_costs_no_turns),
        cmocka_unit_test(listening_has_gos_errors),
    };
    return run_group("base/io/http_server", tests);
}
