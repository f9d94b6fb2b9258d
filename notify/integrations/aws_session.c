// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/aws_session.h"

#include "base/model/httpconf.h"
#include "base/text/json.h"
#include "base/text/url.h"
#include "notify/integrations/aws_xml.h"
#include "notify/integrations/endpoint.h"

#define NEAR_TIMEOUT DUR_SECONDS(5) // of services in the same machine

#define EC2_TOKEN_SECONDS "300"
#define EC2_ROLES_PATH    "/latest/meta-data/iam/security-credentials/"

// What is near is asked directly, and leads nowhere else.
static const struct httpconf NEAR = {.no_redirects = true};

static struct aws_session *session_of(const struct notify_attempt *a)
{
    return a->state;
}

static struct env *env_of(const struct notify_attempt *a)
{
    return a->integration->context->env;
}

// ---- credentials -------------------------------------------------------------------------------

static void fail(struct notify_attempt *a)
{
    err_wrap(&a->err, "get credentials");
    attempt_fail(a, FAIL_AND_RETRY, FAILURE_OTHER);
}

static void assume_next_role(struct notify_attempt *a);

static void take_keys(struct notify_attempt *a, str access_key, str secret_key, str token)
{
    struct aws_session *s = session_of(a);
    if (access_key.n == 0 || secret_key.n == 0) {
        err_set(&a->err, ERR_INVALID, "operation error %s, the answer holds no keys",
                s->caller.call.operation);
        fail(a);
        return;
    }
    s->caller.credentials = (struct sigv4_credentials){.access_key = arena_str(a->mem, access_key),
                                                       .secret_key = arena_str(a->mem, secret_key),
                                                       .session_token = arena_str(a->mem, token)};
    assume_next_role(a);
}

// ---- roles: the security token service ---------------------------------------------------------

static str xml_text(struct notify_attempt *a, str document, const char *name)
{
    str text = S("");
    aws_xml_text(document, str_c(name), a->mem, &text);
    return text;
}

static void on_role(struct notify_attempt *a, const struct http_response *response)
{
    if (response->status / 100 != 2)
        aws_call_refused(a, response);
    else
        take_keys(a, xml_text(a, response->body, "AccessKeyId"),
                  xml_text(a, response->body, "SecretAccessKey"),
                  xml_text(a, response->body, "SessionToken"));
}

static void call_sts(struct notify_attempt *a, const char *operation, struct url_params *params,
                     bool is_signed)
{
    struct aws_session *s = session_of(a);
    str url;
    struct buf body = {.mem = a->mem};
    if (!aws_service_url(s->vars, "sts", AWS_VAR_ENDPOINT_URL_STS, s->plan.region, a->mem, &url,
                         &a->err)) {
        fail(a);
        return;
    }
    buf_put_params(&body, params);
    aws_call(a, &(struct aws_call){.operation = operation,
                                   .url = endpoint_join(url, S(""), a->mem),
                                   .body = buf_str(&body),
                                   .service = is_signed ? "sts" : NULL,
                                   .http = s->http,
                                   .on_answer = on_role});
}

#define STS_PARAMS_MAX 6

static void put(struct url_params *params, const char *name, str value)
{
    assert(params->count < STS_PARAMS_MAX);
    if (value.n)
        params->items[params->count++] = (struct url_param){str_c(name), value};
}

static void put_role(struct notify_attempt *a, struct url_params *params,
                     const struct aws_role *role, const char *made_up_prefix)
{
    str made_up = arena_printf(a->mem, "%s%lld", made_up_prefix, (long long)env_now(env_of(a)));
    put(params, "RoleArn", role->arn);
    put(params, "RoleSessionName", role->session_name.n ? role->session_name : made_up);
    put(params, "Version", S("2011-06-15"));
}

static void assume_next_role(struct notify_attempt *a)
{
    struct aws_session *s = session_of(a);
    if (s->role_count == s->plan.role_count) {
        s->on_credentials(a);
        return;
    }
    const struct aws_role *role = &s->plan.roles[s->role_count++];
    struct url_param items[STS_PARAMS_MAX];
    struct url_params params = {items, 0};
    put(&params, "Action", S("AssumeRole"));
    put(&params, "DurationSeconds",
        arena_printf(a->mem, "%llu", (unsigned long long)role->seconds));
    put(&params, "ExternalId", role->external_id);
    put_role(a, &params, role, "aws-go-sdk-");
    call_sts(a, "STS: AssumeRole", &params, true);
}

static void exchange_identity(struct notify_attempt *a)
{
    struct aws_session *s = session_of(a);
    struct buf token = {.mem = a->mem};
    if (!env_file_read(env_of(a), s->plan.identity_file, AWS_FILE_BYTES_MAX, &token, &a->err)) {
        err_wrap(&a->err, "failed to retrieve jwt from provide source, unable to read file at %.*s",
                 STR(s->plan.identity_file));
        fail(a);
        return;
    }
    struct url_param items[STS_PARAMS_MAX];
    struct url_params params = {items, 0};
    put(&params, "Action", S("AssumeRoleWithWebIdentity"));
    put(&params, "WebIdentityToken", str_trim(buf_str(&token)));
    put_role(a, &params, &s->plan.identity_role, "");
    call_sts(a, "STS: AssumeRoleWithWebIdentity", &params, false);
}

// ---- what is near: the container's host, the machine's metadata --------------------------------

static void take_json_keys(struct notify_attempt *a, str body)
{
    const json *answer = json_parse(body, true, a->mem, &a->err);
    if (!answer)
        fail(a);
    else
        take_keys(a, json_str(json_get_nocase(answer, S("AccessKeyId"))),
                  json_str(json_get_nocase(answer, S("SecretAccessKey"))),
                  json_str(json_get_nocase(answer, S("Token"))));
}

// False: the attempt has failed.
static bool check_near(struct notify_attempt *a, const struct http_response *response)
{
    if (response->status == 200)
        return true;
    err_set(&a->err, ERR_INVALID, "operation error %s, unexpected status code %d",
            session_of(a)->caller.call.operation, response->status);
    fail(a);
    return false;
}

static void on_container_keys(struct notify_attempt *a, const struct http_response *response)
{
    if (check_near(a, response))
        take_json_keys(a, response->body);
}

static void ask_container(struct notify_attempt *a)
{
    struct aws_session *s = session_of(a);
    str token = attempt_secret(a, s->plan.authorization, s->plan.authorization_file,
                               "failed to read authorization token from file");
    if (!attempt_failed(a) &&
        (str_find(token, '\n') != STR_NONE || str_find(token, '\r') != STR_NONE))
        err_set(&a->err, ERR_INVALID, "authorization token contains invalid newline sequence");
    if (attempt_failed(a)) {
        fail(a);
        return;
    }
    const struct http_header authorization = {S("Authorization"), token};
    aws_call(a, &(struct aws_call){.operation = "container credentials",
                                   .method = S("GET"),
                                   .url = s->plan.url,
                                   .headers = &authorization,
                                   .header_count = token.n > 0,
                                   .http = &NEAR,
                                   .timeout = NEAR_TIMEOUT,
                                   .on_answer = on_container_keys});
}

// Version 2 of the service: requests carry a token. `path`: below the service.
static void ask_ec2(struct notify_attempt *a, str path, attempt_answer_fn *on_reply)
{
    struct aws_session *s = session_of(a);
    const struct http_header token = {S("X-aws-ec2-metadata-token"), s->ec2_token};
    aws_call(
        a, &(struct aws_call){.operation = "ec2imds: GetMetadata",
                              .method = S("GET"),
                              .url = arena_printf(a->mem, "%.*s%.*s", STR(s->plan.url), STR(path)),
                              .headers = &token,
                              .header_count = s->ec2_token.n > 0,
                              .http = &NEAR,
                              .timeout = NEAR_TIMEOUT,
                              .on_answer = on_reply});
}

static void on_ec2_keys(struct notify_attempt *a, const struct http_response *response)
{
    if (check_near(a, response))
        take_json_keys(a, response->body);
}

static void on_ec2_roles(struct notify_attempt *a, const struct http_response *response)
{
    str role, rest;
    if (!check_near(a, response))
        return;
    str_cut(response->body, '\n', &role, &rest);
    role = str_trim(role);
    if (role.n == 0) {
        err_set(&a->err, ERR_NOT_FOUND, "no EC2 IMDS role found, empty EC2 IMDS role list");
        fail(a);
        return;
    }
    struct buf path = {.mem = a->mem};
    buf_put(&path, S(EC2_ROLES_PATH));
    buf_put_path_escaped(&path, role);
    ask_ec2(a, buf_str(&path), on_ec2_keys);
}

// A service of version 1 knows no tokens.
static void on_ec2_token(struct notify_attempt *a, const struct http_response *response)
{
    bool is_without = response->status == 403 || response->status == 404 || response->status == 405;
    if (!is_without && !check_near(a, response))
        return;
    str token = is_without ? S("") : str_trim(response->body);
    session_of(a)->ec2_token = arena_str(a->mem, token);
    ask_ec2(a, S(EC2_ROLES_PATH), on_ec2_roles);
}

static void ask_ec2_token(struct notify_attempt *a)
{
    static const struct http_header LIFETIME = {{"X-aws-ec2-metadata-token-ttl-seconds", 36},
                                                {EC2_TOKEN_SECONDS, sizeof(EC2_TOKEN_SECONDS) - 1}};
    struct aws_session *s = session_of(a);
    aws_call(a, &(struct aws_call){
                    .operation = "ec2imds: GetToken",
                    .method = S("PUT"),
                    .url = arena_printf(a->mem, "%.*s/latest/api/token", STR(s->plan.url)),
                    .headers = &LIFETIME,
                    .header_count = 1,
                    .http = &NEAR,
                    .timeout = NEAR_TIMEOUT,
                    .is_tried_once = true, // most machines where it is missing are none
                    .on_answer = on_ec2_token});
}

void aws_session_start(struct notify_attempt *a, struct aws_session *s)
{
    a->state = s;
    s->caller.region = s->plan.region;
    switch (s->plan.source) {
    case AWS_SOURCE_KEYS:
        s->caller.credentials = s->plan.keys;
        assume_next_role(a);
        return;
    case AWS_SOURCE_WEB_IDENTITY:
        exchange_identity(a);
        return;
    case AWS_SOURCE_CONTAINER:
        ask_container(a);
        return;
    case AWS_SOURCE_EC2:
        ask_ec2_token(a);
        return;
    }
}
