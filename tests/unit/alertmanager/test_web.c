// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/alertmanager/api_world.h"

#define V1_GONE                                                                                    \
    "{\"status\":\"deprecated\",\"error\":\"The Alertmanager v1 API was deprecated in version "    \
    "0.16.0 and is removed as of version 0.27.0 - please use the equivalent route in the v2 "      \
    "API\"}\n"

static void management_endpoints(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    check_answer(&w, "GET", "/-/healthy", NULL, 200, "OK");
    check_str(api_world_header(&w, "Content-Type"), S("text/plain; charset=utf-8"));
    check_answer(&w, "HEAD", "/-/ready", NULL, 200, "");
    check_answer(&w, "POST", "/-/reload", NULL, 200, "");
    fake_file_set(&w.fake, "alertmanager.yml", S("nope"));
    api_world_ask(&w, "POST", "/-/reload", NULL);
    assert_int_equal(w.status, 500);
    assert_true(str_starts(buf_str(&w.body), S("failed to reload config: ")));
    assert_true(str_ends(buf_str(&w.body), S("\n")));
    check_answer(&w, "GET", "/api/v1/alerts", NULL, 410, V1_GONE);
    check_answer(&w, "DELETE", "/api/v1/silence/abc", NULL, 410, V1_GONE);
    check_answer(&w, "GET", "/api/v1/nope", NULL, 404, "404 page not found\n");
    api_world_ask(&w, "GET", "/", NULL);
    assert_int_equal(w.status, 200);
    api_world_stop(&w);
}

static void unknown_paths_and_methods(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    check_answer(&w, "GET", "/nope", NULL, 404, "404 page not found\n");
    check_str(api_world_header(&w, "X-Content-Type-Options"), S("nosniff"));
    check_answer(&w, "PUT", "/metrics", NULL, 405, "Method Not Allowed\n");
    check_str(api_world_header(&w, "Allow"), S("GET, OPTIONS"));
    check_answer(&w, "GET", "/-/reload", NULL, 405, "Method Not Allowed\n");
    check_str(api_world_header(&w, "Allow"), S("OPTIONS, POST"));
    check_answer(&w, "OPTIONS", "/-/healthy", NULL, 200, "");
    check_str(api_world_header(&w, "Allow"), S("GET, HEAD, OPTIONS"));
    check_answer(&w, "GET", "/a%zz", NULL, 400, "400 Bad Request");
    check_str(api_world_header(&w, "X-Content-Type-Options"), S(""));
    check_answer(&w, "GET", "metrics", NULL, 400, "400 Bad Request");
    api_world_stop(&w);
}

static void check_redirect(struct api_world *w, const char *method, const char *from, int status,
                           const char *to)
{
    api_world_ask(w, method, from, NULL);
    assert_int_equal(w->status, status);
    check_str(api_world_header(w, "Location"), str_c(to));
}

static void redirects(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    check_redirect(&w, "GET", "//api/v2/alerts", 307, "/api/v2/alerts");
    check_str(buf_str(&w.body), S("<a href=\"/api/v2/alerts\">Temporary Redirect</a>.\n\n"));
    check_redirect(&w, "GET", "/a/../metrics?x=1", 307, "/metrics?x=1");
    check_redirect(&w, "GET", "/./", 307, "/");
    check_redirect(&w, "GET", "/-/../..//x/", 307, "/x/");
    check_redirect(&w, "GET", "/api/v2", 307, "/api/v2/");
    check_redirect(&w, "GET", "/-/healthy/", 301, "/-/healthy");
    check_redirect(&w, "HEAD", "/-/HEALTHY", 307, "/-/healthy");
    check_redirect(&w, "POST", "/-/reload/", 307, "/-/reload");
    check_redirect(&w, "DELETE", "/API/v1/silence/Ab", 307, "/api/v1/silence/Ab");
    api_world_stop(&w);
}

static void route_prefix(void **state)
{
    (void)state;
    struct api_world w;
    api_world_init(&w, WORLD_CONFIG);
    w.opt.web_external_url = S("http://example.org/am/");
    api_world_run(&w);
    check_redirect(&w, "GET", "/", 302, "/am");
    check_redirect(&w, "GET", "/?x=1", 302, "/am");
    check_redirect(&w, "GET", "/am?x=1", 301, "/am/?x=1");
    check_answer(&w, "POST", "/", NULL, 405, "Method Not Allowed\n");
    check_str(api_world_header(&w, "Allow"), S("GET, OPTIONS"));
    check_answer(&w, "OPTIONS", "/", NULL, 200, "");
    check_redirect(&w, "GET", "/am", 301, "/am/");
    check_redirect(&w, "GET", "/am/-/ready/", 301, "/am/-/ready");
    check_redirect(&w, "GET", "/am/api/v2", 307, "/am/api/v2/");
    check_answer(&w, "GET", "/-/ready", NULL, 404, "404 page not found\n");
    check_answer(&w, "GET", "/amm/-/ready", NULL, 404, "404 page not found\n");
    check_answer(&w, "GET", "/am/-/ready", NULL, 200, "OK");
    check_answer(&w, "GET", "/am/api/v2/alerts", NULL, 200, "[]\n");
    check_answer(&w, "GET", "/am/api/v2/x", NULL, 404,
                 "{\"code\":404,\"message\":\"path /api/v2/x was not found\"}");
    api_world_stop(&w);
}

static void put_alerts(struct api_world *w, size_t count)
{
    struct buf body = {0};
    buf_put_c(&body, '[');
    for (size_t i = 0; i < count; i++)
        buf_printf(&body, "%s{\"labels\":{\"alertname\":\"a\",\"n\":\"%zu\"}}", i ? "," : "", i);
    buf_put(&body, S("]"));
    buf_put_c(&body, '\0');
    check_answer(w, "POST", "/api/v2/alerts", body.p, 200, "");
    buf_done(&body);
}

// A slot is held until the last piece of an answer is taken.
static void get_concurrency(void **state)
{
    (void)state;
    struct api_world w;
    api_world_init(&w, WORLD_CONFIG);
    w.opt.web_get_concurrency = 1;
    api_world_run(&w);
    put_alerts(&w, 2000);
    w.is_stream_held = true;
    api_world_ask(&w, "GET", "/api/v2/alerts", NULL);
    assert_non_null(w.stream.next);
    struct http_reply held = w.stream;
    w.stream.next = NULL;
    check_answer(&w, "GET", "/-/healthy", NULL, 503,
                 "Limit of concurrent GET requests reached (1), try again later.\n\n");
    check_answer(&w, "HEAD", "/-/healthy", NULL, 200, "");
    assert_int_equal(w.am->api->gets_refused, 1);
    held.done(held.owner);
    w.is_stream_held = false;
    check_answer(&w, "GET", "/-/healthy", NULL, 200, "OK");
    api_world_stop(&w);
}

static void timeout_answers_in_place_of_the_handler(void **state)
{
    (void)state;
    struct api_world w;
    api_world_init(&w, WORLD_CONFIG);
    w.opt.web_timeout = DUR_SECONDS(2);
    api_world_run(&w);
    put_alerts(&w, API_LIST_SLICE + 1); // sorted by a worker
    w.are_jobs_held = true;
    api_world_begin(&w, "GET", "/api/v2/alerts", NULL, NULL, 0);
    fake_env_advance(&w.fake, DUR_MS(1999));
    assert_false(w.is_answered);
    fake_env_advance(&w.fake, DUR_MS(1));
    assert_int_equal(w.status, 503);
    check_str(buf_str(&w.body), S("Exceeded configured timeout of 2s.\n"));
    assert_int_equal(w.am->api->gets_open, 0);
    fake_env_advance(&w.fake, DUR_DAYS(1)); // the worker ends with nobody waiting
    api_world_stop(&w);
}

// Requests that are open when the program ends give everything back.
static void ends_with_open_requests(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    put_alerts(&w, API_LIST_SLICE + 1);
    w.is_stream_held = true;
    api_world_ask(&w, "GET", "/api/v2/alerts", NULL);
    struct http_reply held = w.stream;
    w.stream.next = NULL;
    assert_non_null(held.next);
    w.are_jobs_held = true;
    api_world_begin(&w, "GET", "/api/v2/alerts", NULL, NULL, 0);
    am_stop(w.am, world_on_stopped, &w);
    fake_env_settle(&w.fake);
    am_free(take(&w.am));
    assert_int_equal(w.status, 503);
    struct buf out = {0};
    assert_false(held.next(held.owner, &out));
    held.done(held.owner);
    buf_done(&out);
    fake_env_advance(&w.fake, DUR_DAYS(1)); // the worker
    api_world_stop(&w);
}

int test_web(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(management_endpoints),
        cmocka_unit_test(unknown_paths_and_methods),
        cmocka_unit_test(redirects),
        cmocka_unit_test(route_prefix),
        cmocka_unit_test(get_concurrency),
        cmocka_unit_test(timeout_answers_in_place_of_the_handler),
        cmocka_unit_test(ends_with_open_requests),
    };
    return run_group("web", tests);
}
