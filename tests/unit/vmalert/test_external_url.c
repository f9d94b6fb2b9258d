// SPDX-License-Identifier: Apache-2.0
#include "vmalert/external_url.h"

#include "tests/support/check.h"

static void check_url(const char *flag, const char *listen, bool is_tls, const char *want)
{
    struct arena mem = {0};
    struct external_url got;
    struct err err = ERR_INIT;
    external_url_init(str_c(flag), str_c(listen), is_tls, S("host"), &mem, &got, &err);
    check_err(&err, "");
    check_str(got.text, str_c(want));
    arena_done(&mem);
}

static void it_follows_the_first_listen_address(void **state)
{
    (void)state;
    check_url("", ":8880", false, "http://host:8880");
    check_url("", "127.0.0.1:9000", true, "https://host:9000");
    check_url("", "[::1]:9000", false, "http://host:9000");
    check_url("", "", false, "http://host");
}

static void the_flag_is_put_in_canonical_form(void **state)
{
    (void)state;
    check_url("HTTPS://h/a b/?x=1", ":1", false, "https://h/a%20b/?x=1");
}

static void only_web_addresses_are_accepted(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct external_url got;
    struct err err = ERR_INIT;
    assert_false(external_url_init(S("ftp://h"), S(":1"), false, S("host"), &mem, &got, &err));
    check_err(&err, "failed to init external.url \"ftp://h\": invalid scheme \"ftp\" in url "
                    "\"ftp://h\", only 'http' and 'https' are supported");
    arena_done(&mem);
}

int test_external_url(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_follows_the_first_listen_address),
        cmocka_unit_test(the_flag_is_put_in_canonical_form),
        cmocka_unit_test(only_web_addresses_are_accepted),
    };
    return run_group("external_url", tests);
}
