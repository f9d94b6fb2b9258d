// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/aws_call.h"

#include "base/text/url.h"
#include "notify/integrations/aws_xml.h"

#define TRIES_MAX   3
#define BACKOFF_MAX DUR_SECONDS(20)

static struct aws_caller *caller_of(const struct notify_attempt *a)
{
    return a->state;
}

static struct env *env_of(const struct notify_attempt *a)
{
    return a->integration->context->env;
}

static void send(struct notify_attempt *a);

static void try_again(struct notify_attempt *a)
{
    err_clear(&a->err);
    send(a);
}

// False: there is no try left, or no time for one.
static bool wait_for_next_try(struct notify_attempt *a)
{
    struct aws_caller *c = caller_of(a);
    dur_ns max = MIN(DUR_SECONDS(1) << c->try_count, BACKOFF_MAX);
    dur_ns delay = (dur_ns)env_random_below(env_of(a), (uint64_t)max);
    if (c->call.is_tried_once || c->try_count >= TRIES_MAX ||
        add_saturated(env_mono(env_of(a)), delay) >= a->message.deadline)
        return false;
    attempt_wait(a, delay, try_again);
    return true;
}

static bool is_passing(struct notify_attempt *a, const struct http_response *response)
{
    static const char *const CODES[] = {"BandwidthLimitExceeded",
                                        "EC2ThrottledException",
                                        "IDPCommunicationError",
                                        "InvalidIdentityToken",
                                        "LimitExceededException",
                                        "PriorRequestNotComplete",
                                        "RequestLimitExceeded",
                                        "RequestThrottled",
                                        "RequestTimeout",
                                        "RequestThrottledException",
                                        "RequestTimeoutException",
                                        "SlowDown",
                                        "ThrottledException",
                                        "Throttling",
                                        "ThrottlingException",
                                        "TooManyRequestsException",
                                        "TransactionInProgressException",
                                        "ProvisionedThroughputExceededException"};
    int status = response->status;
    str code;
    if (status == 500 || status == 502 || status == 503 || status == 504)
        return true;
    if (status / 100 == 2 || !aws_xml_text(response->body, S("Code"), a->mem, &code))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(CODES); i++) {
        if (str_eq(code, str_c(CODES[i])))
            return true;
    }
    return false;
}

static void on_answer(struct notify_attempt *a, const struct http_response *response)
{
    if (!is_passing(a, response) || !wait_for_next_try(a))
        caller_of(a)->call.on_answer(a, response);
}

static void on_silence(struct notify_attempt *a)
{
    struct aws_caller *c = caller_of(a);
    if (wait_for_next_try(a))
        return;
    struct err why = a->err;
    err_set(&a->err, why.code, "operation error %s, %srequest send failed, %.*s", c->call.operation,
            c->try_count >= TRIES_MAX ? "exceeded maximum number of attempts, 3, " : "",
            STR(err_str(&why)));
    attempt_fail(a, FAIL_AND_RETRY, FAILURE_OTHER);
}

// As it is sent: without the port that goes without saying.
static str host_of(const struct url *u)
{
    str port = url_port(u);
    bool is_default = str_eq(port, str_eq(u->scheme, S("https")) ? S("443") : S("80"));
    return is_default ? str_slice(u->host, 0, u->host.n - port.n - 1) : u->host;
}

static size_t sign(struct notify_attempt *a, const struct aws_call *call,
                   struct http_header ret[SIGV4_HEADERS])
{
    struct aws_caller *c = caller_of(a);
    struct url u;
    if (!url_parse(call->url, a->mem, &u, &a->err))
        return 0;
    struct buf path = {.mem = a->mem};
    buf_put_url(&path, &(struct url){.path = u.path, .raw_path = u.raw_path});
    const struct http_header signed_too[] = {
        {S("Content-Type"), S("application/x-www-form-urlencoded")},
        {S("Content-Length"), arena_printf(a->mem, "%zu", call->body.n)}};
    return sigv4_sign(&(struct sigv4_request){.method = S("POST"),
                                              .host = host_of(&u),
                                              .path = buf_str(&path),
                                              .query = u.raw_query,
                                              .headers = signed_too,
                                              .header_count = ARRAY_LEN(signed_too),
                                              .body = call->body},
                      &c->credentials, c->region, str_c(call->service), env_now(env_of(a)), a->mem,
                      ret);
}

static void send(struct notify_attempt *a)
{
    struct aws_caller *c = caller_of(a);
    const struct aws_call *call = &c->call;
    struct http_header added[SIGV4_HEADERS];
    size_t count = call->service ? sign(a, call, added) : 0;
    c->try_count++;
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_AND_RETRY, FAILURE_OTHER);
        return;
    }
    attempt_send(a,
                 &(struct attempt_request){
                     .method = call->method,
                     .url = call->url,
                     .content_type = S("application/x-www-form-urlencoded"),
                     .headers = call->service ? added : call->headers,
                     .header_count = call->service ? count : call->header_count,
                     .body = call->body,
                     .timeout = {.after = call->timeout},
                     .http = call->http,
                     .is_url_shown = true,
                     .on_silence = on_silence,
                 },
                 on_answer);
}

void aws_call(struct notify_attempt *a, const struct aws_call *call)
{
    struct aws_caller *c = caller_of(a);
    c->call = *call;
    c->try_count = 0;
    send(a);
}

static str message_of(int status, str body, struct arena *mem)
{
    str message = S("");
    (void)status;
    if (!aws_xml_text(body, S("Message"), mem, &message) &&
        !aws_xml_text(body, S("message"), mem, &message))
        return S("");
    return message;
}

void aws_call_refused(struct notify_attempt *a, const struct http_response *response)
{
    static const struct retrier RETRIER = {.details = message_of};
    str code;
    if (aws_xml_text(response->body, S("Code"), a->mem, &code)) {
        attempt_judge(a, &RETRIER, response, S(""));
        return;
    }
    err_set(&a->err, ERR_INVALID,
            "operation error %s, https response error StatusCode: %d, deserialization failed",
            caller_of(a)->call.operation, response->status);
    attempt_fail(a, FAIL_AND_RETRY, FAILURE_OTHER);
}
