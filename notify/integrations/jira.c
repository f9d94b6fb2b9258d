// SPDX-License-Identifier: Apache-2.0
// The conversation. Each step sends a request and names the function that takes its answer:
//
//   search ─┬─ none, all over ──────────────────────────────► done
//           ├─ none, firing ──► create ─────────────────────► done
//           └─ an issue ──► update ─┬─ where it should be ──► done
//                                   └─ list transitions ──► transition ──► done
//
// An attempt that failed half-way begins anew: the search finds what the last one has done.
#include "notify/integrations/jira.h"

#include "base/text/url.h"
#include "notify/integrations/answer.h"
#include "notify/integrations/endpoint.h"
#include "notify/integrations/jira_issue.h"

static const int RETRY_CODES[] = {429};
static const struct retrier RETRIER = {.retry_codes = RETRY_CODES, .retry_code_count = 1};

struct conversation {
    str prefix; // of the errors of the request under way
    bool has_issue;
    str key;         // the issue's, as in "OPS-1"
    bool has_status; // the search told
    bool is_done;    // the issue's status is of the category "done"
    str transition;  // that it shall take
    attempt_answer_fn *on_success;
};

static void fail(struct notify_attempt *a, const char *wrapped_in)
{
    if (wrapped_in)
        err_wrap(&a->err, "%s", wrapped_in);
    attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
}

// ---- requests ----------------------------------------------------------------------------------

static void on_answer(struct notify_attempt *a, const struct http_response *response)
{
    const struct conversation *c = a->state;
    if (response->status / 100 == 2 && c->on_success)
        c->on_success(a, response);
    else
        attempt_judge(a, &RETRIER, response, c->prefix);
}

// on_success NULL: it is the last one.
static void send(struct notify_attempt *a, const char *method, str url, str body, str prefix,
                 attempt_answer_fn *on_success)
{
    struct conversation *c = a->state;
    c->prefix = prefix;
    c->on_success = on_success;
    struct http_header headers[] = {{S("Accept-Language"), S("en")},
                                    {S("Content-Type"), S("application/json")}};
    bool is_get = str_eq(str_c(method), S("GET"));
    attempt_send(a,
                 &(struct attempt_request){
                     .method = str_c(method),
                     .url = url,
                     .headers = headers,
                     .header_count = is_get ? 2 : 1, // the others have the second one anyway
                     .body = body,
                     .user_agent = S("Go-http-client/1.1"),
                     .is_url_shown = true,
                     .prefix = prefix,
                 },
                 on_answer);
}

static str api_url(struct notify_attempt *a, str path)
{
    const struct jira_conf *conf = a->integration->conf;
    return endpoint_join(conf->api_url.text, path, a->mem);
}

static str issue_path(struct notify_attempt *a)
{
    const struct conversation *c = a->state;
    struct buf path = {.mem = a->mem};
    buf_put(&path, S("issue/"));
    buf_put_path_escaped(&path, c->key);
    return buf_str(&path);
}

static str transitions_url(struct notify_attempt *a)
{
    return api_url(a, arena_printf(a->mem, "%.*s/transitions", STR(issue_path(a))));
}

// ---- transition --------------------------------------------------------------------------------

static const json *find_transition(const json *answer, str name)
{
    json_each (t, json_get_nocase(answer, S("transitions"))) {
        if (str_eq(json_str(json_get_nocase(t, S("name"))), name))
            return t;
    }
    return NULL;
}

static void on_transitions(struct notify_attempt *a, const struct http_response *response)
{
    const struct conversation *c = a->state;
    const json *answer = json_parse(response->body, false, a->mem, &a->err);
    if (!answer) {
        fail(a, NULL);
        return;
    }
    const json *found = find_transition(answer, c->transition);
    if (!found) {
        err_set(&a->err, ERR_NOT_FOUND, "can't find transition %.*s for issue %.*s",
                STR(c->transition), STR(c->key));
        fail(a, NULL);
        return;
    }
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_key(&w, S("transition"));
    json_object_begin(&w);
    json_put_member_given(&w, "id", json_str(json_get_nocase(found, S("id"))));
    json_object_end(&w);
    json_object_end(&w);
    send(a, "POST", transitions_url(a), attempt_body(a), S(""), NULL);
}

// Empty: the issue is where it should be.
static str wanted_transition(const struct notify_attempt *a)
{
    const struct conversation *c = a->state;
    const struct jira_conf *conf = a->integration->conf;
    bool shall_be_done = attempt_is_resolved(a);
    if (!c->has_status || c->is_done == shall_be_done)
        return S("");
    return shall_be_done ? conf->resolve_transition : conf->reopen_transition;
}

static void on_saved(struct notify_attempt *a, const struct http_response *response)
{
    struct conversation *c = a->state;
    (void)response;
    c->transition = c->has_issue ? wanted_transition(a) : S("");
    if (c->transition.n)
        send(a, "GET", transitions_url(a), S(""), S(""), on_transitions);
    else
        attempt_succeed(a);
}

// ---- create or update --------------------------------------------------------------------------

static void save(struct notify_attempt *a)
{
    const struct conversation *c = a->state;
    jira_put_issue(a, c->has_issue);
    if (attempt_failed(a)) {
        fail(a, NULL);
        return;
    }
    const char *method = c->has_issue ? "PUT" : "POST";
    str path = c->has_issue ? issue_path(a) : S("issue");
    str prefix = arena_printf(a->mem, "failed to %s request to \"%.*s\"", method, STR(path));
    send(a, method, api_url(a, path), attempt_body(a), prefix, on_saved);
}

// ---- search ------------------------------------------------------------------------------------

#define LOOK_UP "failed to look up existing issues"

// Of several issues the first one counts.
static bool read_found(struct notify_attempt *a, const json *answer)
{
    struct conversation *c = a->state;
    const json *issues = json_get_nocase(answer, S("issues")), *first = json_first(issues);
    bool is_answer = json_is_null(answer) || json_is_object(answer);
    if (!is_answer || (!json_is_null(issues) && !json_is_array(issues)))
        return err_set(&a->err, ERR_SYNTAX, "the answer is no list of issues");
    if (!first)
        return true;
    if (!answer_text(first, S("key"), &c->key) || c->key.n == 0)
        return err_set(&a->err, ERR_SYNTAX, "the issue in the answer has no key");
    const json *status = json_get_nocase(json_get_nocase(first, S("fields")), S("status"));
    str category =
        json_str(json_get_nocase(json_get_nocase(status, S("statusCategory")), S("key")));
    c->has_issue = true;
    c->has_status = !json_is_null(status);
    c->is_done = str_eq(category, S("done"));
    if (json_count(issues) > 1)
        log_warn(&a->integration->context->env->log,
                 "more than one issue matched, selecting the most recently resolved",
                 LOG_STR("receiver", a->integration->receiver), LOG_STR("selected_issue", c->key));
    return true;
}

static void on_search(struct notify_attempt *a, const struct http_response *response)
{
    const struct conversation *c = a->state;
    const json *answer = json_parse(response->body, false, a->mem, &a->err);
    if (!answer || !read_found(a, answer))
        fail(a, LOOK_UP);
    else if (!c->has_issue && attempt_is_resolved(a))
        attempt_succeed(a); // nobody has been told of it: there is nothing to close
    else
        save(a);
}

// Jira Cloud has a search of its own, in version 3 only.
static str search_url(struct notify_attempt *a)
{
    const struct jira_conf *conf = a->integration->conf;
    bool is_cloud = str_eq(conf->api_type, S("cloud")) ||
                    (str_eq(conf->api_type, S("auto")) &&
                     str_ends(endpoint_host(conf->api_url.text, a->mem), S("atlassian.net")));
    if (!is_cloud)
        return api_url(a, S("search"));
    str url = api_url(a, S("search/jql")), version_2 = S("/rest/api/2/");
    size_t at = str_find_str(url, version_2);
    if (at == STR_NONE)
        return url;
    str before = str_slice(url, 0, at), behind = str_skip(url, at + version_2.n);
    return arena_printf(a->mem, "%.*s/rest/api/3/%.*s", STR(before), STR(behind));
}

static void jira_begin(struct notify_attempt *a)
{
    a->state = arena_new(a->mem, struct conversation);
    jira_put_search(a);
    if (attempt_failed(a))
        fail(a, LOOK_UP);
    else
        send(a, "POST", search_url(a), attempt_body(a), S(LOOK_UP ": HTTP request to JIRA API"),
             on_search);
}

const struct integration_ops JIRA_OPS = {
    .name = {"jira", 4}, .start = attempt_start, .cancel = attempt_cancel, .begin = jira_begin};
