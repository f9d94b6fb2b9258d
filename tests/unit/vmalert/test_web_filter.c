// SPDX-License-Identifier: Apache-2.0
#include "vmalert/web_filter.h"

#include "tests/support/check.h"
#include "tests/support/fake_env.h"
#include "vmalert/app.h"

struct read {
    struct arena mem;
    struct url_params params;
    struct web_filter filter;
};

static void read_query(struct read *r, const char *query, const char *want_error)
{
    struct err err = ERR_INIT;
    *r = (struct read){0};
    url_params_parse(str_c(query), &r->mem, &r->params);
    web_filter_read(&r->filter, &r->params, &r->mem, &err);
    check_err(&err, want_error);
}

static void done(struct read *r)
{
    web_filter_done(&r->filter);
    arena_done(&r->mem);
}

static void check_refused(const char *query, const char *want_error)
{
    struct read r;
    read_query(&r, query, want_error);
    done(&r);
}

static void bad_values_are_named(void **state)
{
    (void)state;
    check_refused("type=x", "invalid parameter \"type\": not supported value \"x\"");
    check_refused("datasource_type=x",
                  "invalid parameter \"datasource_type\": not supported value \"x\"");
    check_refused("state=ok,x", "invalid parameter \"state\": contains not supported value \"x\"");
    check_refused("filter=x", "invalid parameter \"state\": contains not supported value \"x\"");
    check_refused("group_limit=0",
                  "\"group_limit\" is expected to be a positive number, found \"0\"");
    check_refused("group_limit=1&page_num=a",
                  "\"page_num\" is expected to be a positive number, found \"a\"");
    check_refused("page_num=1",
                  "\"group_limit\" needs to be present in order to paginate over the groups");
    check_refused("match[]={}",
                  "invalid parameter \"match[]\": failed to parse \"{}\": labelFilterss cannot be "
                  "empty");
    check_refused("match[]=up&match[]=x[",
                  "invalid parameter \"match[]\": failed to parse \"x[\": expecting "
                  "metricSelector; unparsed data: \"[\"");
}

static void values_are_read(void **state)
{
    (void)state;
    struct read r;
    read_query(&r,
               "type=alert&state=ok,noData&state=recovering&filter=x&search=a&exclude_alerts=True&"
               "group_limit=5&page_num=2&match[]=up&match[]={a=\"b\"}",
               "");
    check_str(r.filter.type, S("alert"));
    assert_int_equal(r.filter.state_count, 3);
    check_str(r.filter.states[1], S("nomatch"));
    check_str(r.filter.states[2], S("none"));
    check_str(r.filter.search, S("a"));
    assert_true(r.filter.exclude_alerts);
    assert_true(r.filter.extended_states);
    assert_int_equal(r.filter.group_limit, 5);
    assert_int_equal(r.filter.page, 2);
    assert_int_equal(r.filter.match_count, 2);
    done(&r);
}

static void falsehood_has_several_words(void **state)
{
    (void)state;
    static const char *const QUERIES[] = {"", "exclude_alerts=", "exclude_alerts=F",
                                          "exclude_alerts=no", "exclude_alerts=False"};
    for (size_t i = 0; i < ARRAY_LEN(QUERIES); i++) {
        struct read r;
        read_query(&r, QUERIES[i], "");
        assert_false(r.filter.exclude_alerts);
        assert_false(r.filter.extended_states);
        done(&r);
    }
}

// ---- forms -------------------------------------------------------------------------------------

static int replied;

static void on_reply(struct http_exchange *x, const struct http_reply *r)
{
    (void)x;
    replied = r->status;
}

static int status_of(const char *content_type, const char *query, const char *body)
{
    struct fake_env fake;
    struct arena mem = {0};
    struct vmalert_options opt = {0};
    fake_env_init(&fake);
    struct vmalert v = {.env = &fake.env, .opt = &opt};
    struct http_header header = {S("Content-Type"), str_c(content_type)};
    struct http_exchange x = {
        .method = S("POST"),
        .path = S("/api/v1/rules"),
        .query = str_c(query),
        .body = str_c(body),
        .headers = &header,
        .header_count = 1,
        .mem = &mem,
        .reply = on_reply,
    };
    replied = 0;
    vmalert_serve(&v, &x);
    arena_done(&mem);
    fake_env_done(&fake);
    return replied;
}

static void a_form_goes_before_the_query(void **state)
{
    (void)state;
    static const char FORM[] = "application/x-www-form-urlencoded";
    assert_int_equal(status_of(FORM, "", "type=x"), 400);
    assert_int_equal(status_of(FORM, "type=x", "type=alert"), 200);
    assert_int_equal(status_of("text/plain", "type=alert", "type=x"), 200);
}

int test_web_filter(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_values_are_named),
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(falsehood_has_several_words),
        cmocka_unit_test(a_form_goes_before_the_query),
    };
    return run_group("web_filter", tests);
}
