// SPDX-License-Identifier: Apache-2.0
// HTTP between nodes and with scripted services.
#include "base/core/alloc.h"
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"

struct net {
    struct sim_world *w;
    struct sim_node *a, *b;
};

static struct net net_new(uint64_t seed)
{
    struct net n = {.w = sim_world_new(&(struct sim_options){.seed = seed})};
    n.a = sim_node_new(n.w, "a", "10.0.0.1");
    n.b = sim_node_new(n.w, "b", "10.0.0.2");
    sim_dns_set_ips(n.w, "b.example", "10.0.0.2");
    return n;
}

// ---- a client ------------------------------------------------------------------------------

struct client {
    struct http_call *call;
    int count, status;
    char body[256], type[64];
    struct err err;
};

static void on_done(void *owner, const struct http_response *response, const struct err *err)
{
    struct client *c = owner;
    c->count++;
    c->status = response ? response->status : 0;
    c->err = *err;
    assert_int_equal(response == NULL, err->code != ERR_NONE);
    if (!response)
        return;
    snprintf(c->body, sizeof(c->body), "%.*s", STR(response->body));
    str type = http_header_find(response->headers, response->header_count, S("content-type"));
    snprintf(c->type, sizeof(c->type), "%.*s", STR(type));
    str length = http_header_find(response->headers, response->header_count, S("content-length"));
    assert_int_equal(strtoul(length.p, NULL, 10), response->body.n);
    assert_int_equal(http_header_find(response->headers, response->header_count, S("date")).n, 29);
}

static void post(struct client *c, struct sim_node *from, const char *url, str body, dur_ns timeout)
{
    const struct http_header type = {S("Content-Type"), S("application/json")};
    struct http_request request = {
        .method = S("POST"),
        .url = str_c(url),
        .headers = &type,
        .header_count = 1,
        .body = body,
        .timeout = timeout,
        .response_bytes_max = 200,
    };
    *c = (struct client){0};
    c->call = env_http(sim_node_env(from), &request, on_done, c);
    assert_int_equal(c->count, 0);
}

// ---- a server ------------------------------------------------------------------------------

struct server {
    struct http_server *http;
    struct http_exchange *open[4];
    int count, pieces, dones, stops;
    bool answers_at_once;
    char seen[256];
};

static void reply_text(struct http_exchange *x, int status, const char *body)
{
    const struct http_header type = {S("Content-Type"), S("text/plain")};
    x->reply(x, &(struct http_reply){
                    .status = status, .headers = &type, .header_count = 1, .body = str_c(body)});
}

static void on_request(void *owner, struct http_exchange *x)
{
    struct server *s = owner;
    str type = http_header_find(x->headers, x->header_count, S("CONTENT-TYPE"));
    str host = http_header_find(x->headers, x->header_count, S("Host"));
    snprintf(s->seen, sizeof(s->seen), "%.*s %.*s ? %.*s %.*s %.*s %.*s", STR(x->method),
             STR(x->path), STR(x->query), STR(host), STR(type), STR(x->body));
    s->open[s->count++ % 4] = x;
    assert_non_null(arena_alloc(x->mem, 10));
    if (s->answers_at_once)
        reply_text(x, 201, "made");
}

static void server_start(struct server *s, struct sim_node *n)
{
    struct err err = ERR_INIT;
    struct addr bound;
    *s = (struct server){.answers_at_once = true};
    s->http = env_http_listen(
        sim_node_env(n),
        &(struct http_server_options){
            .listen = S(":9093"), .body_bytes_max = 100, .handle = on_request, .owner = s},
        &bound, &err);
    assert_non_null(s->http);
    assert_int_equal(bound.port, 9093);
}

static void on_stopped(void *owner)
{
    ((struct server *)owner)->stops++;
}

// ---- tests ---------------------------------------------------------------------------------

static void a_request_is_answered(void **state)
{
    (void)state;
    struct net n = net_new(1);
    struct server s;
    struct client c;
    server_start(&s, n.b);
    post(&c, n.a, "http://user@b.example:9093/a%20b?x=1#top", S("{}"), DUR_SECONDS(5));
    sim_run(n.w, DUR_SECONDS(1));
    assert_string_equal(s.seen, "POST /a%20b ? x=1 b.example:9093 application/json {}");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.status, 201);
    assert_string_equal(c.body, "made");
    assert_string_equal(c.type, "text/plain");
    post(&c, n.b, "http://127.0.0.1:9093", S(""), 0); // itself
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(c.status, 201);
    assert_int_equal(sim_node_open_count(n.a), 0);
    sim_world_free(n.w);
}

static void calls_fail_for_their_reasons(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum err_code code;
        const char *text;
    } CASES[] = {
        {"http://b.example:9/", ERR_NETWORK, "dial tcp 10.0.0.2:9: connect: connection refused"},
        {"http://nobody.example/", ERR_NOT_FOUND, "dial tcp: lookup nobody.example: no such host"},
        {"http://10.9.9.9/", ERR_NETWORK, "dial tcp 10.9.9.9:80: connect: no route to host"},
        {"ftp://b.example/", ERR_INVALID, "unsupported protocol scheme \"ftp\""},
        {"http://:80/", ERR_INVALID, "http: no Host in request URL"},
        {"http://b.example:99999/", ERR_INVALID, "dial tcp: address 99999: invalid port"},
    };
    struct net n = net_new(1);
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct client c;
        post(&c, n.a, CASES[i].url, S("x"), DUR_SECONDS(5));
        sim_run(n.w, DUR_SECONDS(6));
        assert_int_equal(c.count, 1);
        assert_int_equal(c.err.code, CASES[i].code);
        check_err(&c.err, CASES[i].text);
    }
    sim_world_free(n.w);
}

static void deadlines_cancels_and_limits(void **state)
{
    (void)state;
    struct net n = net_new(1);
    struct server s;
    struct client c;
    server_start(&s, n.b);
    s.answers_at_once = false;
    post(&c, n.a, "http://10.0.0.2:9093/", S("x"), DUR_SECONDS(5));
    sim_run(n.w, DUR_SECONDS(5));
    assert_int_equal(s.count, 1);
    assert_int_equal(c.count, 1);
    assert_int_equal(c.err.code, ERR_TIMEOUT);
    check_err(&c.err, "context deadline exceeded");
    reply_text(s.open[0], 200, "too late"); // still owed, and harmless

    post(&c, n.a, "http://10.0.0.2:9093/", S("x"), DUR_SECONDS(5));
    sim_run(n.w, DUR_SECONDS(1));
    env_http_cancel(sim_node_env(n.a), c.call);
    reply_text(s.open[1], 200, "nobody listens");
    sim_run(n.w, DUR_MINUTES(1));
    assert_int_equal(c.count, 0);

    char big[201];
    memset(big, 'x', sizeof(big));
    post(&c, n.a, "http://10.0.0.2:9093/", str_from(big, sizeof(big)), 0);
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(s.count, 2); // not handled
    assert_int_equal(c.status, 413);
    assert_int_equal(sim_node_open_count(n.a), 0);
    sim_world_free(n.w);
}

static bool next_piece(void *owner, struct buf *out)
{
    struct server *s = owner;
    buf_printf(out, "piece %d\n", ++s->pieces);
    return s->pieces < 3;
}

static void reply_done(void *owner)
{
    ((struct server *)owner)->dones++;
}

static void a_long_reply_comes_in_pieces(void **state)
{
    (void)state;
    struct net n = net_new(1);
    struct server s;
    struct client c;
    server_start(&s, n.b);
    s.answers_at_once = false;
    const struct http_reply reply = {
        .status = 200, .next = next_piece, .done = reply_done, .owner = &s};
    post(&c, n.a, "http://10.0.0.2:9093/", S("x"), 0);
    sim_run(n.w, DUR_SECONDS(1));
    s.open[0]->reply(s.open[0], &reply);
    assert_int_equal(s.pieces, 0);
    sim_run(n.w, DUR_SECONDS(1));
    assert_string_equal(c.body, "piece 1\npiece 2\npiece 3\n");
    assert_int_equal(s.dones, 1);

    // The client goes away, then the server dies: done comes all the same, once.
    s.pieces = -1000;
    post(&c, n.a, "http://10.0.0.2:9093/", S("x"), 0);
    sim_run(n.w, DUR_SECONDS(1));
    s.open[1]->reply(s.open[1], &reply);
    env_http_cancel(sim_node_env(n.a), c.call);
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(s.dones, 2);
    s.pieces = -1000000;
    post(&c, n.a, "http://10.0.0.2:9093/", S("x"), 0);
    sim_run(n.w, DUR_MS(100));
    s.open[2]->reply(s.open[2], &reply);
    sim_run(n.w, DUR_MS(5));
    sim_node_crash(n.b);
    assert_int_equal(s.dones, 3);
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(c.count, 1);
    assert_int_equal(c.err.code, ERR_NETWORK);
    sim_world_free(n.w);
}

static void a_server_stops_in_time(void **state)
{
    (void)state;
    struct net n = net_new(1);
    struct server s;
    struct client c, late;
    server_start(&s, n.b);
    s.answers_at_once = false;
    post(&c, n.a, "http://10.0.0.2:9093/", S("x"), 0);
    sim_run(n.w, DUR_SECONDS(1));
    env_http_server_stop(sim_node_env(n.b), s.http, DUR_SECONDS(10), on_stopped, &s);
    post(&late, n.a, "http://10.0.0.2:9093/", S("x"), 0);
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(s.stops, 0);
    check_err(&late.err, "dial tcp 10.0.0.2:9093: connect: connection refused");
    reply_text(s.open[0], 200, "just in time");
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(s.stops, 1);
    assert_string_equal(c.body, "just in time");
    assert_int_equal(sim_node_open_count(n.b), 0);

    server_start(&s, n.b);
    s.answers_at_once = false;
    post(&c, n.a, "http://10.0.0.2:9093/", S("x"), 0);
    sim_run(n.w, DUR_SECONDS(1));
    env_http_server_stop(sim_node_env(n.b), s.http, DUR_SECONDS(10), on_stopped, &s);
    sim_run(n.w, DUR_SECONDS(9));
    assert_int_equal(s.stops, 0);
    sim_run(n.w, DUR_SECONDS(2));
    assert_int_equal(s.stops, 1);
    assert_int_equal(c.err.code, ERR_NETWORK);
    reply_text(s.open[0], 200, "in vain");
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(sim_node_open_count(n.b), 0);
    sim_world_free(n.w);
}

static void a_crash_breaks_both_directions(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct net n = net_new(seed);
        struct server s;
        struct client c, d;
        server_start(&s, n.b);
        s.answers_at_once = false;
        post(&c, n.a, "http://10.0.0.2:9093/", S("x"), 0);
        post(&d, n.b, "http://10.0.0.2:9093/", S("y"), 0);
        sim_run(n.w, DUR_SECONDS(1));
        assert_int_equal(s.count, 2);
        sim_node_crash(n.b);
        reply_text(s.open[0], 200, "from the grave");
        env_http_cancel(sim_node_env(n.b), d.call);
        sim_run(n.w, DUR_SECONDS(1));
        assert_int_equal(c.count, 1);
        assert_int_equal(c.err.code, ERR_NETWORK);
        assert_int_equal(d.count, 0);
        sim_node_restart(n.b);
        server_start(&s, n.b);
        post(&c, n.a, "http://10.0.0.2:9093/", S("x"), 0);
        sim_run(n.w, DUR_SECONDS(1));
        assert_int_equal(c.status, 201);
        sim_world_free(n.w);
    }
}

static void a_lost_response_was_processed(void **state)
{
    (void)state;
    struct net n = net_new(1);
    struct server s;
    struct client c;
    server_start(&s, n.b);
    post(&c, n.a, "http://10.0.0.2:9093/", S("x"), DUR_SECONDS(5));
    while (!s.count && sim_step(n.w)) {}
    sim_link_set(n.b, n.a, &(struct sim_link_options){.is_cut = true});
    sim_run(n.w, DUR_SECONDS(10));
    assert_int_equal(s.count, 1);
    assert_int_equal(c.err.code, ERR_TIMEOUT);
    sim_world_free(n.w);
}

static void the_next_address_is_tried(void **state)
{
    (void)state;
    struct net n = net_new(1);
    struct server s;
    struct client c;
    server_start(&s, n.b);
    sim_dns_set_ips(n.w, "many.example", "10.0.0.1 10.0.0.2"); // the first one refuses
    post(&c, n.a, "http://many.example:9093/", S("x"), DUR_SECONDS(5));
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(c.status, 201);
    sim_dns_set(n.w, "empty.example", DNS_ADDR, &(struct sim_dns_answer){.count = 0});
    post(&c, n.a, "http://empty.example/", S("x"), 0);
    sim_run(n.w, DUR_SECONDS(1));
    check_err(&c.err, "dial tcp: lookup empty.example: no such host");
    sim_partition(n.w, "a | b");
    post(&c, n.a, "http://b.example:9093/", S("x"), 0);
    sim_run(n.w, DUR_SECONDS(31));
    assert_int_equal(c.err.code, ERR_TIMEOUT);
    check_err(&c.err, "dial tcp 10.0.0.2:9093: i/o timeout");
    sim_world_free(n.w);
}

static void answer_at_length(void *owner, struct http_exchange *x)
{
    (void)owner;
    char big[300];
    memset(big, 'x', sizeof(big));
    x->reply(x, &(struct http_reply){.status = 200, .body = str_from(big, sizeof(big))});
}

static void a_long_response_is_refused(void **state)
{
    (void)state;
    struct net n = net_new(1);
    struct client c;
    struct http_server_options opt = {
        .listen = S("b.example:80"), .body_bytes_max = 9, .handle = answer_at_length};
    assert_non_null(env_http_listen(sim_node_env(n.b), &opt, NULL, NULL));
    struct err err = ERR_INIT;
    assert_null(env_http_listen(sim_node_env(n.b), &opt, NULL, &err));
    check_err(&err, "listen tcp 10.0.0.2:80: bind: address already in use");
    opt.listen = S("nonsense");
    assert_null(env_http_listen(sim_node_env(n.b), &opt, NULL, &err));
    assert_int_equal(err.code, ERR_INVALID);
    post(&c, n.a, "http://b.example/", S(""), 0); // at most 200 bytes wanted
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(c.err.code, ERR_LIMIT);
    sim_world_free(n.w);
}

struct raw {
    struct env *env;
    struct stream *stream;
    int closes;
    char got[256];
    size_t n;
};

static void raw_data(void *owner, str data)
{
    struct raw *r = owner;
    assert_true(r->n + data.n < sizeof(r->got));
    memcpy(r->got + r->n, data.p, data.n);
    r->n += data.n;
}

static void raw_open(void *owner)
{
    struct raw *r = owner;
    env_stream_write(r->env, r->stream, S("\x01\x02"));
}

static void raw_close(void *owner, const struct err *why)
{
    (void)why;
    ((struct raw *)owner)->closes++;
}

static const struct stream_events RAW_EVENTS = {raw_open, raw_data, raw_close};

static void raw_accept(void *owner, struct stream *stream, const struct addr *from)
{
    (void)from;
    struct raw *r = owner;
    r->stream = stream;
    env_stream_events(r->env, stream, &RAW_EVENTS, r);
}

static void http_and_other_protocols_meet(void **state)
{
    (void)state;
    struct net n = net_new(1);
    struct server s;
    struct client c;
    struct raw dialler = {.env = sim_node_env(n.a)}, listener = {.env = sim_node_env(n.b)};
    struct addr to = sim_node_addr(n.b, 9093), raw = sim_node_addr(n.b, 9094);
    server_start(&s, n.b);
    dialler.stream = env_dial(dialler.env, &to, &RAW_EVENTS, &dialler);
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(dialler.closes, 1);
    assert_int_equal(s.count, 0);

    assert_non_null(env_listen(listener.env, &raw, raw_accept, &listener, NULL, NULL));
    post(&c, n.a, "http://b.example:9094/x", S("body"), 0);
    sim_run(n.w, DUR_SECONDS(1));
    assert_string_equal(listener.got, "POST /x HTTP/1.1\r\n\r\nbody");
    env_stream_write(listener.env, listener.stream, S("what?"));
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(c.err.code, ERR_NETWORK);
    assert_int_equal(listener.closes, 1);
    sim_world_free(n.w);
}

// ---- services ------------------------------------------------------------------------------

struct hook {
    int count;
    struct sim_http_answer next;
};

static void on_hook(void *owner, const struct http_exchange *request,
                    struct sim_http_answer *answer)
{
    struct hook *h = owner;
    assert_true(str_eq(request->path, S("/hook")));
    h->count++;
    *answer = h->next;
}

static void a_service_follows_its_script(void **state)
{
    (void)state;
    struct net n = net_new(1);
    struct hook h = {0};
    struct sim_node *node = sim_http_service(n.w, "webhook", "10.1.0.1", 80, on_hook, &h);
    struct client c;
    post(&c, n.a, "http://10.1.0.1/hook", S("x"), DUR_SECONDS(10));
    sim_run(n.w, DUR_SECONDS(1));
    assert_int_equal(c.status, 200);
    h.next = (struct sim_http_answer){
        .status = 503, .delay = DUR_SECONDS(3), .body = S("busy"), .content_type = S("text/x")};
    post(&c, n.a, "http://10.1.0.1/hook", S("x"), DUR_SECONDS(10));
    sim_run(n.w, DUR_SECONDS(2));
    assert_int_equal(c.count, 0);
    sim_run(n.w, DUR_SECONDS(2));
    assert_int_equal(c.status, 503);
    assert_string_equal(c.body, "busy");
    assert_string_equal(c.type, "text/x");
    h.next = (struct sim_http_answer){.fate = SIM_HTTP_NEVER};
    post(&c, n.a, "http://10.1.0.1/hook", S("x"), DUR_SECONDS(10));
    sim_run(n.w, DUR_SECONDS(11));
    assert_int_equal(c.err.code, ERR_TIMEOUT);
    h.next = (struct sim_http_answer){.fate = SIM_HTTP_RESETS, .delay = DUR_SECONDS(1)};
    post(&c, n.a, "http://10.1.0.1/hook", S("x"), DUR_SECONDS(10));
    sim_run(n.w, DUR_SECONDS(2));
    assert_true(str_ends(err_str(&c.err), S("->10.1.0.1:80: read: connection reset by peer")));
    assert_int_equal(h.count, 4);

    h.next = (struct sim_http_answer){.delay = DUR_SECONDS(1)};
    post(&c, n.a, "http://10.1.0.1/hook", S("x"), DUR_SECONDS(10));
    sim_run(n.w, DUR_MS(500));
    sim_node_crash(node);
    sim_run(n.w, DUR_SECONDS(2));
    assert_int_equal(c.err.code, ERR_NETWORK);
    post(&c, n.a, "http://10.1.0.1/hook", S("x"), DUR_SECONDS(10));
    sim_run(n.w, DUR_SECONDS(1));
    check_err(&c.err, "dial tcp 10.1.0.1:80: connect: connection refused");
    sim_node_restart(node);
    post(&c, n.a, "http://10.1.0.1/hook", S("x"), DUR_SECONDS(10));
    sim_run(n.w, DUR_SECONDS(2));
    assert_int_equal(c.status, 200);
    sim_world_free(n.w);
}

int test_sim_http(void);
int test_sim_http(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(calls_fail_for_their_reasons),
        cmocka_unit_test(deadlines_cancels_and_limits),
        cmocka_unit_test(a_long_reply_comes_in_pieces),
        cmocka_unit_test(a_server_stops_in_time),
        cmocka_unit_test(a_crash_breaks_both_directions),
        cmocka_unit_test(a_lost_response_was_processed),
        cmocka_unit_test(the_next_address_is_tried),
        cmocka_unit_test(a_long_response_is_refused),
        cmocka_unit_test(http_and_other_protocols_meet),
        cmocka_unit_test(a_service_follows_its_script),
    };
    return run_group("sim_http", tests);
}
