// SPDX-License-Identifier: Apache-2.0
// Where credentials come from: each source, and which one wins.
#include "notify/integrations/aws_plan.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

struct world {
    struct fake_env fake;
    struct arena mem;
    struct aws_environment vars;
    struct aws_wish wish;
    struct aws_plan plan;
};

static void begin(struct world *w)
{
    *w = (struct world){0};
    fake_env_init(&w->fake);
    w->vars.values[AWS_VAR_HOME] = S("/home/a");
}

static void end(struct world *w)
{
    arena_done(&w->mem);
    fake_env_done(&w->fake);
}

static void set(struct world *w, enum aws_variable v, const char *value)
{
    w->vars.values[v] = str_c(value);
}

static void plan(struct world *w)
{
    struct err err = ERR_INIT;
    aws_plan_make(&w->fake.env, &w->vars, &w->wish, &w->mem, &w->plan, &err);
    check_err(&err, "");
}

static void check_refused(struct world *w, const char *error)
{
    struct err err = ERR_INIT;
    assert_false(aws_plan_make(&w->fake.env, &w->vars, &w->wish, &w->mem, &w->plan, &err));
    check_err(&err, error);
}

static void check_keys(const struct world *w, const char *access_key, const char *token)
{
    assert_int_equal(w->plan.source, AWS_SOURCE_KEYS);
    check_str(w->plan.keys.access_key, str_c(access_key));
    check_str(w->plan.keys.session_token, str_c(token));
}

#define KEYS(name) "aws_access_key_id=" name "\naws_secret_access_key=s\n"

// ---- which one wins ----------------------------------------------------------------------------

static void sources_in_their_order(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    plan(&w); // nothing at all: the machine's
    assert_int_equal(w.plan.source, AWS_SOURCE_EC2);
    check_str(w.plan.url, S("http://169.254.169.254"));
    check_str(w.plan.region, S(""));

    set(&w, AWS_VAR_CONTAINER_FULL_URI, "http://127.0.0.1:81/x");
    plan(&w);
    assert_int_equal(w.plan.source, AWS_SOURCE_CONTAINER);
    check_str(w.plan.url, S("http://127.0.0.1:81/x"));
    set(&w, AWS_VAR_CONTAINER_RELATIVE_URI, "/v2/credentials/1");
    set(&w, AWS_VAR_CONTAINER_TOKEN, "tok");
    plan(&w);
    check_str(w.plan.url, S("http://169.254.170.2/v2/credentials/1"));
    check_str(w.plan.authorization, S("tok"));

    fake_file_set(&w.fake, "/home/a/.aws/credentials",
                  S("[default]\n" KEYS("F") "[p]\n" KEYS("P")));
    fake_file_set(&w.fake, "/home/a/.aws/config", S("[default]\nregion=eu-file\n"));
    plan(&w);
    check_keys(&w, "F", "");
    check_str(w.plan.region, S("eu-file"));

    set(&w, AWS_VAR_DEFAULT_PROFILE, "p");
    plan(&w);
    check_keys(&w, "P", "");

    set(&w, AWS_VAR_WEB_IDENTITY_TOKEN_FILE, "/jwt");
    check_refused(&w, "role ARN is not set");
    set(&w, AWS_VAR_ROLE_ARN, "arn:web");
    set(&w, AWS_VAR_ROLE_SESSION_NAME, "me");
    plan(&w);
    assert_int_equal(w.plan.source, AWS_SOURCE_WEB_IDENTITY);
    check_str(w.plan.identity_file, S("/jwt"));
    check_str(w.plan.identity_role.arn, S("arn:web"));
    check_str(w.plan.identity_role.session_name, S("me"));
    assert_int_equal(w.plan.role_count, 0);

    set(&w, AWS_VAR_ACCESS_KEY, "E"); // without a secret there are no keys
    plan(&w);
    assert_int_equal(w.plan.source, AWS_SOURCE_WEB_IDENTITY);
    set(&w, AWS_VAR_SECRET_ACCESS_KEY, "s");
    set(&w, AWS_VAR_SESSION_TOKEN, "T");
    set(&w, AWS_VAR_DEFAULT_REGION, "eu-env");
    plan(&w);
    check_keys(&w, "E", "T");
    check_str(w.plan.region, S("eu-env"));

    w.wish.profile = S("p"); // named in the configuration it wins
    plan(&w);
    check_keys(&w, "P", "");

    w.wish = (struct aws_wish){.access_key = S("C"), .secret_key = S("s"), .region = S("eu-conf")};
    plan(&w);
    check_keys(&w, "C", "");
    check_str(w.plan.region, S("eu-conf"));
    end(&w);
}

static void without_an_environment(void **state)
{
    (void)state;
    struct world w;
    struct err err = ERR_INIT;
    begin(&w);
    assert_true(aws_plan_make(&w.fake.env, NULL, &w.wish, &w.mem, &w.plan, &err));
    assert_int_equal(w.plan.source, AWS_SOURCE_EC2);
    end(&w);
}

static void profiles_asked_for_must_be_there(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    set(&w, AWS_VAR_DEFAULT_PROFILE, "gone"); // this one is a suggestion
    plan(&w);
    set(&w, AWS_VAR_PROFILE, "gone");
    check_refused(&w, "failed to get shared config profile, gone");
    w.wish = (struct aws_wish){.access_key = S("C"), .secret_key = S("s"), .profile = S("other")};
    check_refused(&w, "failed to get shared config profile, other");
    end(&w);
}

// ---- profiles ----------------------------------------------------------------------------------

static void roles_are_assumed_from_the_inside(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    fake_file_set(&w.fake, "/c",
                  S("[profile outer]\nrole_arn=arn:outer\nsource_profile=inner\nexternal_id=x\n"
                    "duration_seconds=3600\n"
                    "[profile inner]\nrole_arn=arn:inner\nsource_profile=base\n"
                    "role_session_name=n\nduration_seconds=10\n"
                    "[profile base]\n" KEYS("B")));
    set(&w, AWS_VAR_CONFIG_FILE, "/c");
    w.wish =
        (struct aws_wish){.profile = S("outer"), .role_arn = S("arn:mine"), .external_id = S("e")};
    plan(&w);
    check_keys(&w, "B", "");
    assert_int_equal(w.plan.role_count, 3);
    check_str(w.plan.roles[0].arn, S("arn:inner"));
    check_str(w.plan.roles[0].session_name, S("n"));
    assert_int_equal(w.plan.roles[0].seconds, 900);
    check_str(w.plan.roles[1].arn, S("arn:outer"));
    check_str(w.plan.roles[1].external_id, S("x"));
    assert_int_equal(w.plan.roles[1].seconds, 3600);
    check_str(w.plan.roles[2].arn, S("arn:mine"));
    check_str(w.plan.roles[2].external_id, S("e"));
    end(&w);
}

static void a_profile_may_lend_itself_its_keys(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    set(&w, AWS_VAR_CONFIG_FILE, "/c");
    fake_file_set(&w.fake, "/c",
                  S("[default]\nrole_arn=arn:r\nsource_profile=default\n" KEYS("D")));
    plan(&w);
    check_keys(&w, "D", "");
    assert_int_equal(w.plan.role_count, 1);
    end(&w);
}

static void check_default(const char *settings, const char *error)
{
    struct world w;
    begin(&w);
    set(&w, AWS_VAR_CONFIG_FILE, "/c");
    fake_file_set(&w.fake, "/c", arena_printf(&w.mem, "[default]\n%s", settings));
    check_refused(&w, error);
    end(&w);
}

static void profiles_that_lead_nowhere(void **state)
{
    (void)state;
    check_default("source_profile=x\n",
                  "credential type source_profile requires role_arn, profile default");
    check_default("credential_source=Environment\n",
                  "credential type credential_source requires role_arn, profile default");
    check_default("role_arn=r\nsource_profile=x\n",
                  "failed to load assume role r, of profile default, failed to get shared config "
                  "profile, x");
    check_default("role_arn=r\ncredential_source=x\n",
                  "credential_source values must be EcsContainer, Ec2InstanceMetadata, or "
                  "Environment");
    check_default("role_arn=r\ncredential_source=EcsContainer\n",
                  "EcsContainer was specified as the credential_source, but "
                  "'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI' was not set");
    check_default("role_arn=r\nmfa_serial=m\n",
                  "assume role with MFA enabled, but nobody is here to be asked for a token");
    check_default("sso_session=x\n", "profile default: single sign-on is not supported");
    check_default("credential_process=x\n", "profile default: credential_process is not supported");
    check_default("web_identity_token_file=/f\n", "role ARN is not set");
}

static void a_chain_of_profiles_ends(void **state)
{
    (void)state;
    struct world w;
    struct buf text = {0};
    begin(&w);
    for (int i = 0; i < 20; i++)
        buf_printf(&text, "[profile p%d]\nrole_arn=r%d\nsource_profile=p%d\n", i, i, i + 1);
    fake_file_set(&w.fake, "/c", buf_str(&text));
    set(&w, AWS_VAR_CONFIG_FILE, "/c");
    set(&w, AWS_VAR_PROFILE, "p0");
    check_refused(&w, "more than 7 roles to assume");
    set(&w, AWS_VAR_PROFILE, "p15"); // five, and the last one's source is not there
    check_refused(&w, "failed to load assume role r19, of profile p19, failed to get shared config "
                      "profile, p20");
    buf_done(&text);
    end(&w);
}

static void profiles_with_other_sources(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    set(&w, AWS_VAR_CONFIG_FILE, "/c");
    fake_file_set(&w.fake, "/c", S("[default]\nrole_arn=r\nweb_identity_token_file=/jwt\n"));
    plan(&w);
    assert_int_equal(w.plan.source, AWS_SOURCE_WEB_IDENTITY);
    check_str(w.plan.identity_role.arn, S("r"));
    assert_int_equal(w.plan.role_count, 0);
    fake_file_set(&w.fake, "/c",
                  S("[default]\nrole_arn=r\ncredential_source=Ec2InstanceMetadata\n"));
    set(&w, AWS_VAR_EC2_ENDPOINT_MODE, "ipv6");
    plan(&w);
    assert_int_equal(w.plan.source, AWS_SOURCE_EC2);
    check_str(w.plan.url, S("http://[fd00:ec2::254]"));
    assert_int_equal(w.plan.role_count, 1);
    set(&w, AWS_VAR_EC2_ENDPOINT, "http://localhost:1338/");
    plan(&w);
    check_str(w.plan.url, S("http://localhost:1338"));
    set(&w, AWS_VAR_EC2_DISABLED, "TRUE");
    check_refused(&w, "no EC2 IMDS role found, access disabled to EC2 IMDS via "
                      "\"AWS_EC2_METADATA_DISABLED\" environment variable");
    end(&w);
}

// ---- addresses ---------------------------------------------------------------------------------

static void container_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *url, *error;
    } HOSTS[] = {
        {"http://localhost/x", ""},
        {"http://127.9.9.9:80/x", ""},
        {"http://[::1]:8080/", ""},
        {"http://169.254.170.23/v1/credentials", ""},
        {"http://[fd00:ec2::23]/v1", ""},
        {"https://far.example/x", ""},
        {"http://169.254.169.254/x", "invalid endpoint host, \"169.254.169.254\", only "
                                     "loopback/ecs/eks hosts are allowed"},
        {"http://far.example/x",
         "invalid endpoint host, \"far.example\", only loopback/ecs/eks hosts are allowed"},
        {"/x", "unable to parse host from local HTTP cred provider URL"},
        {"http://%zz/", "invalid URL: parse \"http://%zz/\": invalid URL escape \"%zz\""},
    };
    struct world w;
    begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(HOSTS); i++) {
        set(&w, AWS_VAR_CONTAINER_FULL_URI, HOSTS[i].url);
        if (HOSTS[i].error[0])
            check_refused(&w, HOSTS[i].error);
        else
            plan(&w);
    }
    end(&w);
}

static void check_url(const struct world *w, const char *region, const char *want,
                      const char *error)
{
    struct arena mem = {0};
    struct err err = ERR_INIT;
    str url = S("");
    aws_service_url(&w->vars, "sns", AWS_VAR_ENDPOINT_URL_SNS, str_c(region), &mem, &url, &err);
    check_str(url, str_c(want));
    check_err(&err, error);
    arena_done(&mem);
}

static void service_urls(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    check_url(&w, "us-east-1", "https://sns.us-east-1.amazonaws.com/", "");
    check_url(&w, "cn-north-1", "https://sns.cn-north-1.amazonaws.com.cn/", "");
    check_url(&w, "us-gov-west-1", "https://sns.us-gov-west-1.amazonaws.com/", "");
    check_url(&w, "us-iso-east-1", "https://sns.us-iso-east-1.c2s.ic.gov/", "");
    check_url(&w, "us-isob-east-1", "https://sns.us-isob-east-1.sc2s.sgov.gov/", "");
    check_url(&w, "evil.example/", "", "invalid region \"evil.example/\"");
    check_url(&w, "-a", "", "invalid region \"-a\"");
    set(&w, AWS_VAR_USE_FIPS, "true");
    check_url(&w, "us-east-1", "https://sns-fips.us-east-1.amazonaws.com/", "");
    check_url(&w, "us-gov-west-1", "https://sns.us-gov-west-1.amazonaws.com/", "");
    set(&w, AWS_VAR_USE_DUALSTACK, "true");
    check_url(&w, "us-gov-west-1", "https://sns-fips.us-gov-west-1.api.aws/", "");
    set(&w, AWS_VAR_USE_FIPS, "false");
    check_url(&w, "us-east-1", "https://sns.us-east-1.api.aws/", "");
    check_url(&w, "us-iso-east-1", "https://sns.us-iso-east-1.c2s.ic.gov/", "");
    set(&w, AWS_VAR_USE_DUALSTACK, "");
    set(&w, AWS_VAR_ENDPOINT_URL, "http://all:1");
    check_url(&w, "us-east-1", "http://all:1", "");
    set(&w, AWS_VAR_ENDPOINT_URL_SNS, "http://sns:1");
    check_url(&w, "us-east-1", "http://sns:1", "");
    set(&w, AWS_VAR_IGNORE_ENDPOINT_URLS, "true");
    check_url(&w, "us-east-1", "https://sns.us-east-1.amazonaws.com/", "");
    end(&w);
}

static const char *find(const char *name)
{
    return strcmp(name, "AWS_REGION") == 0 ? "r" : NULL;
}

static void variables_are_read_by_name(void **state)
{
    (void)state;
    struct aws_environment e;
    aws_environment_read(&e, find);
    check_str(aws_variable(&e, AWS_VAR_REGION), S("r"));
    check_str(aws_variable(&e, AWS_VAR_PROFILE), S(""));
}

int test_aws_plan(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_in_their_order),
        cmocka_unit_test(without_an_environment),
        cmocka_unit_test(profiles_asked_for_must_be_there),
        cmocka_unit_test(roles_are_assumed_from_the_inside),
        cmocka_unit_test(a_profile_may_lend_itself_its_keys),
        cmocka_unit_test(profiles_that_lead_nowhere),
        cmocka_unit_test(a_chain_of_profiles_ends),
        cmocka_unit_test(profiles_with_other_sources),
        cmocka_unit_test(container_hosts),
        cmocka_unit_test(service_urls),
        cmocka_unit_test(variables_are_read_by_name),
    };
    return run_group("aws_plan", tests);
}
