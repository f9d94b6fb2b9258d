// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/endpoint.h"

#include "notify/integrations/answer.h"
#include "tests/support/check.h"

static void paths_are_appended(void **state)
{
    (void)state;
    static const struct {
        const char *base, *path, *want;
    } CASES[] = {
        {"http://h/", "v2/alerts", "http://h/v2/alerts"},
        {"http://h", "x", "http://h/x"},
        {"http://h/a/b/", "k/r", "http://h/a/b/k/r"},
        {"http://h/a//b/../", "k", "http://h/a//b/../k"}, // as it is
        {"http://u:p@h:1/a/?q=1#f", "k", "http://u:p@h:1/a/k?q=1#f"},
        {"http://h/", "a b/c%/ü?#", "http://h/a%20b/c%25/%C3%BC%3F%23"},
        {"http://h/a%2Fb/", "k", "http://h/a/b/k"}, // the spelling of a path is lost with it
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct arena mem = {0};
        check_str(endpoint_append(str_c(CASES[i].base), str_c(CASES[i].path), &mem),
                  str_c(CASES[i].want));
        arena_done(&mem);
    }
}

static void parameters_are_set(void **state)
{
    (void)state;
    static const struct {
        const char *base, *want;
    } CASES[] = {
        {"http://h/", "http://h/p?k=v"},
        {"http://h/?z=1&a=2", "http://h/p?a=2&k=v&z=1"},
        {"http://h/?k=1&k=2", "http://h/p?k=v"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct arena mem = {0};
        check_str(endpoint_append_with(str_c(CASES[i].base), S("p"), S("k"), S("v"), &mem),
                  str_c(CASES[i].want));
        arena_done(&mem);
    }
}

static void slashes_are_added(void **state)
{
    (void)state;
    struct arena mem = {0};
    check_str(endpoint_with_slash(S("http://h"), &mem), S("http://h/"));
    check_str(endpoint_with_slash(S("http://h/"), &mem), S("http://h/"));
    check_str(endpoint_with_slash(S("http://h/a?q=/x"), &mem), S("http://h/a/?q=/x"));
    arena_done(&mem);
}

static void paths_are_joined(void **state)
{
    (void)state;
    static const struct {
        const char *base, *want;
    } CASES[] = {
        {"http://h", "http://h/issue/A-1"},
        {"http://h/", "http://h/issue/A-1"},
        {"http://h/rest/api/2", "http://h/rest/api/2/issue/A-1"},
        {"http://h/rest//./api/x/../2///", "http://h/rest/api/2/issue/A-1"},
        {"http://h/../..", "http://h/issue/A-1"},
        {"http://u@h:8/a%20b/?q=1/2", "http://u@h:8/a%20b/issue/A-1?q=1/2"},
        {"http://h?q=1#f", "http://h/issue/A-1?q=1#f"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct arena mem = {0};
        check_str(endpoint_join(str_c(CASES[i].base), S("issue/A-1"), &mem), str_c(CASES[i].want));
        arena_done(&mem);
    }
}

static void parts_are_found(void **state)
{
    (void)state;
    struct arena mem = {0};
    assert_true(endpoint_ends_in(S("http://h/rest/api/3"), S("3")));
    assert_true(endpoint_ends_in(S("http://h/3//?q=4"), S("3")));
    assert_false(endpoint_ends_in(S("http://h/rest/api/23"), S("3")));
    assert_false(endpoint_ends_in(S("http://h:3"), S("3")));
    assert_false(endpoint_ends_in(S("http://3"), S("3")));
    check_str(endpoint_host(S("http://u@x.atlassian.net:443/a"), &mem), S("x.atlassian.net:443"));
    arena_done(&mem);
}

static void answers_are_read_as_strictly_as_go_does(void **state)
{
    (void)state;
    struct arena mem = {0};
    str text;
    const json *v = json_parse(S("{\"a\":\"x\",\"N\":null,\"n\":1,\"l\":[\"y\",null,\"z\"],"
                                 "\"m\":[\"y\",2],\"e\":[]}"),
                               false, &mem, NULL);
    assert_true(answer_text(v, S("A"), &text)); // any case
    check_str(text, S("x"));
    assert_true(answer_text(v, S("none"), &text));
    check_str(text, S(""));
    assert_true(answer_text(v, S("N"), &text));
    assert_false(answer_text(v, S("n"), &text));
    assert_true(answer_texts(v, S("l"), S(", "), &mem, &text));
    check_str(text, S("y, , z"));
    assert_false(answer_texts(v, S("m"), S(","), &mem, &text));
    assert_false(answer_texts(v, S("a"), S(","), &mem, &text));
    assert_true(answer_texts(v, S("e"), S(","), &mem, &text));
    check_str(text, S(""));
    arena_done(&mem);
}

int test_endpoint(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_appended),
        cmocka_unit_test(parameters_are_set),
        cmocka_unit_test(slashes_are_added),
        cmocka_unit_test(paths_are_joined),
        cmocka_unit_test(parts_are_found),
        cmocka_unit_test(answers_are_read_as_strictly_as_go_does),
    };
    return run_group("notify/integrations/endpoint", tests);
}
