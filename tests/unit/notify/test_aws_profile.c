// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/aws_profile.h"
#include "tests/support/check.h"

#define CONFIG                                                                                     \
    "# a comment\n"                                                                                \
    "[default]\n"                                                                                  \
    "region = eu-central-1 # here\r\n"                                                             \
    "s3 =\n"                                                                                       \
    "  region = nested\n"                                                                          \
    "\n"                                                                                           \
    "[profile  build ]\n"                                                                          \
    "Role_Arn=arn:aws:iam::1:role/a=b#c\n"                                                         \
    "source_profile = default ; base\n"                                                            \
    "external_id = \"x y\"\n"                                                                      \
    "aws_access_key_id = CK\n"                                                                     \
    "aws_secret_access_key = CS\n"                                                                 \
    "aws_session_token = CT\n"                                                                     \
    "[plain]\n"                                                                                    \
    "region = wrong\n"                                                                             \
    "[profile half]\n"                                                                             \
    "aws_access_key_id = only\n"

#define CREDENTIALS                                                                                \
    "[default]\naws_access_key_id=DK\naws_secret_access_key=DS\naws_session_token=DT\n"            \
    "[build]\naws_access_key_id=BK\naws_secret_access_key=BS\n"                                    \
    "[profile build]\naws_access_key_id=no\naws_secret_access_key=no\n"                            \
    "[plain]\nregion=us-east-1\n"

static struct aws_profile read_profile(const char *name)
{
    struct aws_profile p;
    aws_profile_read(S(CONFIG), S(CREDENTIALS), str_c(name), &p);
    return p;
}

static void both_files_make_one_profile(void **state)
{
    (void)state;
    struct aws_profile p = read_profile("default");
    assert_true(p.is_known);
    check_str(p.region, S("eu-central-1"));
    check_str(p.access_key, S("DK"));
    check_str(p.secret_key, S("DS"));
    check_str(p.session_token, S("DT"));
    p = read_profile("build");
    check_str(p.role_arn, S("arn:aws:iam::1:role/a=b#c"));
    check_str(p.source_profile, S("default"));
    check_str(p.external_id, S("x y"));
    check_str(p.access_key, S("BK"));
    check_str(p.secret_key, S("BS"));
    check_str(p.session_token, S("")); // that of the other keys is not theirs
}

static void sections_that_are_no_profiles(void **state)
{
    (void)state;
    check_str(read_profile("plain").region, S("us-east-1"));
    assert_false(read_profile("profile build").access_key.n == 0); // a name like any other there
    assert_false(read_profile("nobody").is_known);
    assert_true(read_profile("half").is_known);
    check_str(read_profile("half").access_key, S(""));
}

static void broken_files(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"[", "[default", "=", "[default]\n=\nregion", "]\n[]\n\0x"};
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        struct aws_profile p;
        aws_profile_read(str_c(TEXTS[i]), str_c(TEXTS[i]), S("default"), &p);
        check_str(p.region, S(""));
    }
}

int test_aws_profile(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_files_make_one_profile),
        cmocka_unit_test(sections_that_are_no_profiles),
        cmocka_unit_test(broken_files),
    };
    return run_group("aws_profile", tests);
}
