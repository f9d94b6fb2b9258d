// SPDX-License-Identifier: Apache-2.0
// The vectors are AWS' own: its Signature Version 4 test suite, and the example of its IAM guide.
#include "notify/integrations/sigv4.h"
#include "tests/support/check.h"

#define NOW DUR_SECONDS(1440938160) // 2015-08-30T12:36:00Z

#define SESSION                                                                                    \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP" \
    "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT" \
    "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlz" \
    "m8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

static const struct http_header FORM[] = {
    {{"Content-Type", 12}, {"application/x-www-form-urlencoded", 33}}};
static const struct http_header FORM_UTF8[] = {
    {{"Content-Type", 12}, {"application/x-www-form-urlencoded; charset=utf-8", 48}}};
static const struct http_header BLANKS[] = {{{"My-Header1", 10}, {" value1", 7}},
                                            {{"My-Header2", 10}, {" \"a   b   c\"", 12}}};

struct vector {
    const char *name;
    struct sigv4_request request;
    const char *service, *session, *signed_headers, *signature;
};

#define AT_EXAMPLE .host = {"example.amazonaws.com", 21}

static const struct vector VECTORS[] = {
    {"get-vanilla",
     {.method = {"GET", 3}, .path = {"/", 1}, AT_EXAMPLE},
     "service",
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"post-vanilla",
     {.method = {"POST", 4}, AT_EXAMPLE},
     "service",
     "",
     "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"get-vanilla-query-order-key-case",
     {.method = {"GET", 3}, .query = {"Param2=value2&Param1=value1", 27}, AT_EXAMPLE},
     "service",
     "",
     "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"post-x-www-form-urlencoded",
     {.method = {"POST", 4},
      .headers = FORM,
      .header_count = 1,
      .body = {"Param1=value1", 13},
      AT_EXAMPLE},
     "service",
     "",
     "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"get-header-value-trim",
     {.method = {"GET", 3}, .headers = BLANKS, .header_count = 2, AT_EXAMPLE},
     "service",
     "",
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"post-sts-header-before",
     {.method = {"POST", 4}, AT_EXAMPLE},
     "service",
     SESSION,
     "host;x-amz-date;x-amz-security-token",
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
    {"ListUsers",
     {.method = {"GET", 3},
      .host = {"iam.amazonaws.com", 17},
      .query = {"Action=ListUsers&Version=2010-05-08", 35},
      .headers = FORM_UTF8,
      .header_count = 1},
     "iam",
     "",
     "content-type;host;x-amz-date",
     "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
};

static void check_vector(const struct vector *v, struct arena *mem)
{
    struct sigv4_credentials c = {.access_key = S("AKIDEXAMPLE"),
                                  .secret_key = S("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                                  .session_token = str_c(v->session)};
    struct http_header added[SIGV4_HEADERS];
    size_t count = sigv4_sign(&v->request, &c, S("us-east-1"), str_c(v->service), NOW, mem, added);
    print_message("%s\n", v->name);
    check_str(http_header_find(added, count, S("Authorization")),
              arena_printf(mem,
                           "AWS4-HMAC-SHA256 "
                           "Credential=AKIDEXAMPLE/20150830/us-east-1/%s/aws4_request, "
                           "SignedHeaders=%s, Signature=%s",
                           v->service, v->signed_headers, v->signature));
    check_str(http_header_find(added, count, S("X-Amz-Date")), S("20150830T123600Z"));
    check_str(http_header_find(added, count, S("X-Amz-Security-Token")), str_c(v->session));
    assert_int_equal(count, v->session[0] ? 3 : 2);
}

static void published_vectors(void **state)
{
    (void)state;
    struct arena mem = {0};
    for (size_t i = 0; i < ARRAY_LEN(VECTORS); i++)
        check_vector(&VECTORS[i], &mem);
    arena_done(&mem);
}

static str sign(const struct sigv4_request *r, struct arena *mem)
{
    struct sigv4_credentials c = {.access_key = S("a"), .secret_key = S("s")};
    struct http_header added[SIGV4_HEADERS];
    size_t count = sigv4_sign(r, &c, S("r"), S("x"), NOW, mem, added);
    return http_header_find(added, count, S("Authorization"));
}

static void equal_requests_have_one_signature(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct sigv4_request one = {.method = S("GET"), .host = S("h"), .query = S("b=x+y&&a")};
    struct sigv4_request other = {.method = S("GET"), .host = S("h"), .query = S("a=&b=x%20y")};
    check_str(sign(&one, &mem), sign(&other, &mem));
    struct sigv4_request plain = {.method = S("GET"), .host = S("h"), .path = S("/a b")};
    struct sigv4_request escaped = {.method = S("GET"), .host = S("h"), .path = S("/a%20b")};
    assert_false(str_eq(sign(&plain, &mem), sign(&escaped, &mem))); // encoded once more
    arena_done(&mem);
}

int test_sigv4(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(equal_requests_have_one_signature),
    };
    return run_group("sigv4", tests);
}
