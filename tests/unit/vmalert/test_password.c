// SPDX-License-Identifier: Apache-2.0
#include "vmalert/password.h"

#include "tests/support/check.h"
#include "tests/support/fake_env.h"

static void plain_texts_are_the_password(void **state)
{
    (void)state;
    struct fake_env f;
    struct password p;
    fake_env_init(&f);
    password_init(&p, &f.env, "httpAuth.password", S("secret"));
    assert_true(password_is_asked(&p));
    assert_true(password_matches(&p, S("secret")));
    assert_false(password_matches(&p, S("secre")));
    assert_false(password_matches(&p, S("secret ")));
    assert_false(password_matches(&p, S("Secret")));
    assert_false(password_matches(&p, S("")));
    password_done(&p);
    password_init(&p, &f.env, "httpAuth.password", S(""));
    assert_false(password_is_asked(&p));
    assert_true(password_matches(&p, S(""))); // a user without one
    password_done(&p);
    fake_env_done(&f);
}

static void files_are_read_again_after_two_seconds(void **state)
{
    (void)state;
    struct fake_env f;
    struct password p;
    fake_env_init(&f);
    fake_file_set(&f, "/k", S("one \n"));
    password_init(&p, &f.env, "metricsAuthKey", S("file:///k"));
    assert_true(password_matches(&p, S("one")));
    fake_file_set(&f, "/k", S("two"));
    assert_true(password_matches(&p, S("one")));
    fake_env_advance(&f, DUR_SECONDS(2) + 1);
    assert_false(password_matches(&p, S("one")));
    assert_true(password_matches(&p, S("two")));
    fake_file_remove(&f, "/k");
    fake_env_advance(&f, DUR_SECONDS(3));
    assert_true(password_matches(&p, S("two"))); // better than nothing
    password_done(&p);
    fake_env_done(&f);
}

static void nobody_knows_what_was_never_read(void **state)
{
    (void)state;
    struct fake_env f;
    struct password p;
    fake_env_init(&f);
    password_init(&p, &f.env, "reloadAuthKey", S("file://./absent"));
    assert_true(password_is_asked(&p));
    assert_false(password_matches(&p, S("")));
    assert_false(password_matches(&p, S("file://./absent")));
    fake_file_set(&f, "./absent", S("here"));
    assert_false(password_matches(&p, S("here"))); // not asked for again so soon
    fake_env_advance(&f, DUR_SECONDS(3));
    assert_true(password_matches(&p, S("here")));
    password_done(&p);
    fake_env_done(&f);
}

int test_password(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_texts_are_the_password),
        cmocka_unit_test(files_are_read_again_after_two_seconds),
        cmocka_unit_test(nobody_knows_what_was_never_read),
    };
    return run_group("password", tests);
}
