// SPDX-License-Identifier: Apache-2.0
// sns: the message, the conversation with AWS that leads to it, and what becomes of answers.
#include "notify/integrations/sns.h"

#include "base/model/httpconf.h"
#include "base/text/url.h"
#include "notify/integrations/aws_environment.h"
#include "tests/unit/notify/attempt_rig.h"

static struct aws_environment vars;

static struct sns_conf with_keys(void)
{
    vars = (struct aws_environment){0};
    return (struct sns_conf){
        .sigv4 = {.region = S("eu-west-1"), .access_key = S("AK"), .secret_key = S("SK")},
        .topic_arn = S("arn:t"),
        .subject = S("s"),
        .message = S("m {{ .Status }}")};
}

static struct sns_conf without_keys(void)
{
    struct sns_conf conf = with_keys();
    conf.sigv4.access_key = conf.sigv4.secret_key = S("");
    return conf;
}

static void rig_init(struct attempt_rig *r, const struct sns_conf *conf)
{
    attempt_rig_init(r, &SNS_OPS, conf);
    r->context.aws = &vars;
}

#define BODY "Action=Publish&Message=m+firing&Subject=s&TopicArn=arn%3At&Version=2010-03-31"

#define PUBLISHED                                                                                  \
    "<PublishResponse><PublishResult><MessageId>id-1</MessageId></PublishResult></"                \
    "PublishResponse>"

static bool is_signed_by(struct attempt_rig *r, const char *credential)
{
    str authorization = rig_header(attempt_rig_call(r), "Authorization");
    str want =
        arena_printf(&r->mem, "AWS4-HMAC-SHA256 Credential=%s/20260105/eu-west-1/", credential);
    return str_starts(authorization, want);
}

static void check_publishes(struct attempt_rig *r, const char *credential, const char *token)
{
    struct http_call *call = attempt_rig_call(r);
    check_str(call->method, S("POST"));
    check_str(call->url, S("https://sns.eu-west-1.amazonaws.com/"));
    check_str(call->body, S(BODY));
    assert_true(is_signed_by(r, credential));
    check_str(rig_header(call, "X-Amz-Security-Token"), str_c(token));
    attempt_rig_answer(r, 200, PUBLISHED);
    check_delivered(r);
}

// ---- the message -------------------------------------------------------------------------------

static void a_message_is_signed_and_sent(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct sns_conf conf = with_keys();
    struct httpconf http = {
        .auth = HTTPCONF_BASIC, .username = {.text = S("u")}, .proxy = {.url = S("http://p")}};
    conf.base.http = &http;
    rig_init(&r, &conf);
    attempt_rig_start(&r);
    struct http_call *call = attempt_rig_call(&r);
    check_str(rig_header(call, "Content-Type"), S("application/x-www-form-urlencoded"));
    check_str(rig_header(call, "X-Amz-Date"), S("20260105T000000Z"));
    check_str(rig_header(call, "Authorization"),
              S("AWS4-HMAC-SHA256 Credential=AK/20260105/eu-west-1/sns/aws4_request, "
                "SignedHeaders=content-length;content-type;host;x-amz-date, "
                "Signature=3f0463fd0a13da65bf44947742b9d9d63b8d969d87a6b1c370ecf73fc22a98b5"));
    assert_int_equal(call->conf->auth, HTTPCONF_NO_AUTH); // the signature is there instead
    check_str(call->conf->proxy.url, S("http://p"));
    check_publishes(&r, "AK", "");
    assert_true(str_find_str(buf_str(&r.log), S("\"message_id\":\"id-1\"")) != STR_NONE);
    attempt_rig_done(&r);
}

static str param(struct attempt_rig *r, const char *name)
{
    struct url_params params;
    url_params_parse(attempt_rig_call(r)->body, &r->mem, &params);
    return url_param_first(&params, str_c(name), NULL);
}

static void long_messages_are_cut_and_marked(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct yaml_str_pair pairs[] = {
        {S("a{{ .Status }}"), S("1")}, {S("afiring"), S("2")}, {S("truncated"), S("mine")}};
    struct sns_conf conf = with_keys();
    conf.topic_arn = S("");
    conf.phone_number = S("+1");
    conf.subject = S("");
    conf.attributes = (struct yaml_str_map){pairs, ARRAY_LEN(pairs)};
    conf.message = S("{{ printf \"%01599d\" 1 }}ä");
    rig_init(&r, &conf);
    attempt_rig_start(&r);
    assert_int_equal(param(&r, "Message").n, 1600);
    check_str(param(&r, "PhoneNumber"), S("+1"));
    check_str(param(&r, "MessageAttributes.entry.1.Name"), S("afiring"));
    check_str(param(&r, "MessageAttributes.entry.1.Value.DataType"), S("String"));
    check_str(param(&r, "MessageAttributes.entry.1.Value.StringValue"), S("2"));
    check_str(param(&r, "MessageAttributes.entry.2.Name"), S("truncated"));
    check_str(param(&r, "MessageAttributes.entry.2.Value.StringValue"), S("true"));
    check_str(param(&r, "MessageAttributes.entry.3.Name"), S(""));
    attempt_rig_cancel(&r);
    conf.message = S("\xff{{ .Missing }}");
    attempt_rig_start(&r);
    assert_true(str_starts(err_str(&r.result.err), S("execute 'message' template: ")));
    assert_int_equal(r.result.failure, FAILURE_CLIENT);
    conf.message = S("\xff");
    attempt_rig_start(&r);
    check_failed(&r, "non utf8 encoded message string", true, FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void endpoints(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct sns_conf conf = with_keys();
    conf.api_url = S("http://proxy:80/base dir?x=1");
    rig_init(&r, &conf);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, S("http://proxy:80/base%20dir/?x=1"));
    attempt_rig_cancel(&r);
    conf.api_url = S("no url");
    attempt_rig_start(&r);
    check_failed(&r, "operation error SNS: Publish, endpoint URL without a host", true,
                 FAILURE_OTHER);
    conf.api_url = S("{{");
    attempt_rig_start(&r);
    check_failed(&r, "execute 'api_url' template: template: :1: unclosed action", true,
                 FAILURE_CLIENT);
    conf.api_url = S("");
    conf.sigv4.region = S("");
    attempt_rig_start(&r);
    check_failed(&r, "region not configured in sns.sigv4.region or in default credentials chain",
                 true, FAILURE_OTHER);
    conf.sigv4.profile = S("gone");
    attempt_rig_start(&r);
    check_failed(&r,
                 "failed to load final config for SNS: failed to get shared config profile, gone",
                 true, FAILURE_OTHER);
    assert_int_equal(r.call_count, 1);
    attempt_rig_done(&r);
}

static void aws_own_client(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct sns_conf conf = with_keys();
    struct httpconf_header header = {S("X-A"), {.text = S("1")}};
    struct httpconf http = {.headers = &header, .header_count = 1, .tls = {.server_name = S("n")}};
    conf.base.http = &http;
    vars.values[AWS_VAR_CA_BUNDLE] = S("/ca.pem");
    rig_init(&r, &conf);
    attempt_rig_start(&r);
    const struct httpconf *used = attempt_rig_call(&r)->conf;
    assert_int_equal(used->header_count, 0);
    assert_true(used->no_redirects);
    check_str(used->tls.ca.file, S("/ca.pem"));
    check_str(used->tls.server_name, S("n"));
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

// ---- answers -----------------------------------------------------------------------------------

#define REFUSED(code, message)                                                                     \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>" message              \
    "</Message></Error></ErrorResponse>"

static void check_answer(int status, const char *answer, const char *error, bool is_retried,
                         enum notify_failure why)
{
    struct attempt_rig r;
    struct sns_conf conf = with_keys();
    rig_init(&r, &conf);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, status, answer);
    check_failed(&r, error, is_retried, why);
    attempt_rig_done(&r);
}

static void refusals(void **state)
{
    (void)state;
    check_answer(403, REFUSED("AuthorizationError", "not &lt;you&gt;"),
                 "unexpected status code 403: not <you>", false, FAILURE_AUTH);
    check_answer(400, REFUSED("InvalidParameter", ""), "unexpected status code 400", false,
                 FAILURE_CLIENT);
    check_answer(418, "a teapot",
                 "operation error SNS: Publish, https response error StatusCode: 418, "
                 "deserialization failed",
                 true, FAILURE_OTHER);
}

static void next_try(struct attempt_rig *r)
{
    size_t before = r->call_count;
    for (int i = 0; i < 200 && r->call_count == before; i++)
        fake_env_advance(&r->fake, DUR_MS(100));
    assert_int_equal(r->call_count, before + 1);
}

static void passing_failures_are_tried_three_times(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct sns_conf conf = with_keys();
    rig_init(&r, &conf);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 503, "");
    next_try(&r);
    attempt_rig_break(&r, ERR_NETWORK, "connection refused");
    next_try(&r);
    check_publishes(&r, "AK", "");

    attempt_rig_start(&r);
    attempt_rig_answer(&r, 400, REFUSED("Throttling", "slowly"));
    next_try(&r);
    attempt_rig_answer(&r, 500, REFUSED("InternalError", "x"));
    next_try(&r);
    attempt_rig_answer(&r, 400, REFUSED("Throttling", "slowly"));
    check_failed(&r, "unexpected status code 400: slowly", false, FAILURE_CLIENT);
    attempt_rig_done(&r);
}

static void tries_end_with_the_flush(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct sns_conf conf = with_keys();
    rig_init(&r, &conf);
    r.message.deadline = r.fake.mono;
    attempt_rig_start(&r);
    attempt_rig_break(&r, ERR_NETWORK, "connection refused");
    check_failed(&r,
                 "operation error SNS: Publish, request send failed, Post "
                 "\"https://sns.eu-west-1.amazonaws.com/\": connection refused",
                 true, FAILURE_OTHER);
    r.message.deadline = r.fake.mono + DUR_MINUTES(5);
    attempt_rig_start(&r);
    for (int i = 0; i < 2; i++) {
        attempt_rig_break(&r, ERR_NETWORK, "EOF");
        next_try(&r);
    }
    attempt_rig_break(&r, ERR_NETWORK, "EOF");
    check_failed(&r,
                 "operation error SNS: Publish, exceeded maximum number of attempts, 3, request "
                 "send failed, Post \"https://sns.eu-west-1.amazonaws.com/\": EOF",
                 true, FAILURE_OTHER);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 503, "");
    attempt_rig_cancel(&r); // in the pause
    attempt_rig_done(&r);
}

// ---- credentials -------------------------------------------------------------------------------

#define ASSUMED(name)                                                                              \
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>" name "</AccessKeyId>"       \
    "<SecretAccessKey>s</SecretAccessKey><SessionToken>" name "+t</SessionToken></Credentials>"    \
    "</AssumeRoleResult></AssumeRoleResponse>"

static void a_role_is_assumed(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct sns_conf conf = with_keys();
    conf.sigv4.role_arn = S("arn:role");
    conf.sigv4.external_id = S("e x");
    rig_init(&r, &conf);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, S("https://sts.eu-west-1.amazonaws.com/"));
    check_str(attempt_rig_call(&r)->body,
              S("Action=AssumeRole&DurationSeconds=900&ExternalId=e+x&RoleArn=arn%3Arole&"
                "RoleSessionName=aws-go-sdk-1767571200000000000&Version=2011-06-15"));
    assert_true(is_signed_by(&r, "AK"));
    attempt_rig_answer(&r, 200, ASSUMED("ROLE"));
    check_publishes(&r, "ROLE", "ROLE+t");

    attempt_rig_start(&r);
    attempt_rig_answer(&r, 403, REFUSED("AccessDenied", "no"));
    check_failed(&r, "unexpected status code 403: no", false, FAILURE_AUTH);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, "<x/>");
    check_failed(&r, "get credentials: operation error STS: AssumeRole, the answer holds no keys",
                 true, FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void a_web_identity_is_exchanged(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct sns_conf conf = without_keys();
    vars.values[AWS_VAR_WEB_IDENTITY_TOKEN_FILE] = S("/jwt");
    vars.values[AWS_VAR_ROLE_ARN] = S("arn:web");
    rig_init(&r, &conf);
    attempt_rig_start(&r);
    check_failed(&r,
                 "get credentials: failed to retrieve jwt from provide source, unable to read file "
                 "at /jwt: open /jwt: no such file or directory",
                 true, FAILURE_OTHER);
    fake_file_set(&r.fake, "/jwt", S("a.b.c\n"));
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->body,
              S("Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aweb&RoleSessionName="
                "1767571200000000000&Version=2011-06-15&WebIdentityToken=a.b.c"));
    check_str(rig_header(attempt_rig_call(&r), "Authorization"), S(""));
    attempt_rig_answer(&r, 200, ASSUMED("WEB"));
    check_publishes(&r, "WEB", "WEB+t");
    attempt_rig_done(&r);
}

#define KEYS "{\"AccessKeyId\":\"NEAR\",\"SecretAccessKey\":\"s\",\"Token\":\"nt\"}"

static void the_containers_own(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct sns_conf conf = without_keys();
    struct httpconf http = {.proxy = {.url = S("http://p")}};
    conf.base.http = &http;
    vars.values[AWS_VAR_CONTAINER_FULL_URI] = S("http://169.254.170.23/v1/credentials");
    vars.values[AWS_VAR_CONTAINER_TOKEN] = S("stale");
    vars.values[AWS_VAR_CONTAINER_TOKEN_FILE] = S("/token");
    rig_init(&r, &conf);
    fake_file_set(&r.fake, "/token", S("fresh\n"));
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->method, S("GET"));
    check_str(attempt_rig_call(&r)->url, S("http://169.254.170.23/v1/credentials"));
    check_str(rig_header(attempt_rig_call(&r), "Authorization"), S("fresh"));
    check_str(attempt_rig_call(&r)->conf->proxy.url, S("")); // nobody else may hear of it
    attempt_rig_answer(&r, 200, KEYS);
    check_publishes(&r, "NEAR", "nt");

    attempt_rig_start(&r);
    attempt_rig_answer(&r, 404, "");
    check_failed(
        &r, "get credentials: operation error container credentials, unexpected status code 404",
        true, FAILURE_OTHER);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, "[");
    assert_true(str_starts(err_str(&r.result.err), S("get credentials: ")));
    fake_file_set(&r.fake, "/token", S("a\r\nX-B: c"));
    attempt_rig_start(&r);
    check_failed(&r, "get credentials: authorization token contains invalid newline sequence", true,
                 FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void the_machines_own(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct sns_conf conf = without_keys();
    rig_init(&r, &conf);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->method, S("PUT"));
    check_str(attempt_rig_call(&r)->url, S("http://169.254.169.254/latest/api/token"));
    check_str(rig_header(attempt_rig_call(&r), "X-aws-ec2-metadata-token-ttl-seconds"), S("300"));
    assert_int_equal(attempt_rig_call(&r)->timeout, DUR_SECONDS(5));
    attempt_rig_answer(&r, 200, "tok");
    check_str(attempt_rig_call(&r)->url,
              S("http://169.254.169.254/latest/meta-data/iam/security-credentials/"));
    check_str(rig_header(attempt_rig_call(&r), "X-aws-ec2-metadata-token"), S("tok"));
    attempt_rig_answer(&r, 200, "my role\nother\n");
    check_str(attempt_rig_call(&r)->url,
              S("http://169.254.169.254/latest/meta-data/iam/security-credentials/my%20role"));
    check_str(rig_header(attempt_rig_call(&r), "X-aws-ec2-metadata-token"), S("tok"));
    attempt_rig_answer(&r, 200, KEYS);
    check_publishes(&r, "NEAR", "nt");
    attempt_rig_done(&r);
}

static void an_old_machine_and_none(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct sns_conf conf = without_keys();
    rig_init(&r, &conf);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 404, "");
    check_str(rig_header(attempt_rig_call(&r), "X-aws-ec2-metadata-token"), S(""));
    attempt_rig_answer(&r, 200, "");
    check_failed(&r, "get credentials: no EC2 IMDS role found, empty EC2 IMDS role list", true,
                 FAILURE_OTHER);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 400, "");
    check_failed(&r,
                 "get credentials: operation error ec2imds: GetToken, unexpected status code 400",
                 true, FAILURE_OTHER);
    attempt_rig_start(&r);
    attempt_rig_break(&r, ERR_TIMEOUT, "context deadline exceeded");
    check_failed(&r,
                 "operation error ec2imds: GetToken, request send failed, Put "
                 "\"http://169.254.169.254/latest/api/token\": context deadline exceeded",
                 true, FAILURE_OTHER);
    attempt_rig_done(&r);
}

int test_sns(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_signed_and_sent),
        cmocka_unit_test(long_messages_are_cut_and_marked),
        cmocka_unit_test(endpoints),
        cmocka_unit_test(aws_own_client),
        cmocka_unit_test(refusals),
        cmocka_unit_test(passing_failures_are_tried_three_times),
        cmocka_unit_test(tries_end_with_the_flush),
        cmocka_unit_test(a_role_is_assumed),
        cmocka_unit_test(a_web_identity_is_exchanged),
        cmocka_unit_test(the_containers_own),
        cmocka_unit_test(the_machines_own),
        cmocka_unit_test(an_old_machine_and_none),
    };
    return run_group("sns", tests);
}
