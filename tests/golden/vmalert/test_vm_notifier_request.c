// SPDX-License-Identifier: Apache-2.0
// What a notifier is sent.
#include "tests/golden/vmalert/rig.h"
#include "tests/golden/vmalert/wire.h"
#include "vmalert/client_auth.h"
#include "vmalert/notifier.h"

static struct wire wire;

#define ALERTS_MAX 16

struct sending {
    struct notifiers *notifiers;
    struct relabel *relabel; // of a case
    struct label_store labels;
    struct group_conf conf;
    struct alert alerts[ALERTS_MAX];
    str links[ALERTS_MAX];
    size_t count;
    struct err err;
};

static void put_link(void *owner, const struct group *g, const struct alerting_rule *rule,
                     const struct alert *a, struct buf *out)
{
    struct sending *s = owner;
    (void)g;
    (void)rule;
    buf_put(out, s->links[a - s->alerts]);
}

static time_ns read_time(const cJSON *object, const char *key, struct arena *mem)
{
    struct zoned_time t;
    return time_parse_rfc3339(case_get_text(object, key, mem), &t) ? t.t : TIME_UNSET;
}

static void add_alert(struct sending *s, const cJSON *given, struct arena *mem)
{
    size_t count;
    struct label *labels = rig_labels(case_get(given, "labels"), mem, &count);
    assert_true(s->count < ALERTS_MAX);
    s->links[s->count] = case_get_text(given, "generator_url", mem);
    struct alert *a = &s->alerts[s->count++];
    *a = (struct alert){
        .state = ALERT_FIRING,
        .labels = labels_get(&s->labels, labels, count),
        .start = read_time(given, "start", mem),
        .end = read_time(given, "end", mem),
    };
    a->annotations = rig_labels(case_get(given, "annotations"), mem, &a->annotation_count);
}

static void on_sent(void *owner, const struct err *err)
{
    struct sending *s = owner;
    s->err = *err;
    wire_wake(&wire);
}

// Sends all alerts at once and waits until they have arrived.
static void send_all(struct sending *s)
{
    const struct alert *list[ALERTS_MAX];
    for (size_t i = 0; i < s->count; i++)
        list[i] = &s->alerts[i];
    const struct group group = {.conf = &s->conf};
    wire_forget(&wire);
    notifiers_send(s->notifiers, &group, NULL, list, s->count, on_sent, s);
    wire_wait(&wire);
}

static void sending_init(struct sending *s, const struct notifier_options *opt)
{
    *s = (struct sending){.err = ERR_INIT};
    label_store_init(&s->labels, 1);
    s->notifiers = notifiers_new(wire.env, put_link, s);
    assert_true(notifiers_add(s->notifiers, opt, false, &s->err));
}

static void sending_done(struct sending *s)
{
    for (size_t i = 0; i < s->count; i++)
        labels_unref(s->alerts[i].labels);
    notifiers_free(s->notifiers);
    relabel_free(s->relabel);
    label_store_done(&s->labels);
}

static struct relabel *read_rules(const cJSON *from, struct arena *mem)
{
    struct yaml_list confs;
    struct relabel *rules = NULL;
    struct err err = ERR_INIT;
    if (relabel_confs_parse(case_get_text(from, "relabel", mem), mem, &confs, &err))
        relabel_new(&confs, &rules, &err);
    check_err(&err, "");
    return rules;
}

// ---- names of labels ---------------------------------------------------------------------------

static const char *check_labels(const cJSON *got, const cJSON *want)
{
    const cJSON *g = got ? got->child : NULL;
    for (const cJSON *w = want->child; w; w = w->next, g = g->next) {
        if (!g || strcmp(g->string, w->child->valuestring) != 0 ||
            strcmp(g->valuestring, w->child->next->valuestring) != 0)
            return "other labels, or another order";
    }
    return g ? "more labels" : NULL;
}

// An alert without any label is not sent.
static const char *check_sent(const cJSON *body, const cJSON *want)
{
    if (!body->child)
        return want->child ? "no alert was posted" : NULL;
    return check_labels(case_get(body->child, "labels"), want);
}

static const char *run_labels(const cJSON *c, struct arena *mem)
{
    struct sending s;
    sending_init(&s, &(struct notifier_options){.url = str_c(wire.url)});
    s.relabel = read_rules(c, mem);
    notifiers_set_relabel(s.notifiers, s.relabel);
    add_alert(&s, c, mem);
    send_all(&s);
    sending_done(&s);
    cJSON *body = cJSON_Parse(arena_c(mem, wire.request_body));
    const char *why = body ? check_sent(body, case_get(c, "result")) : "no list was posted";
    cJSON_Delete(body);
    return why;
}

// ---- whole requests ----------------------------------------------------------------------------

static void read_group_headers(struct sending *s, const cJSON *headers, struct arena *mem)
{
    s->conf.notifier_headers =
        arena_array(mem, struct http_header, (size_t)cJSON_GetArraySize(headers) + 1);
    for (const cJSON *h = headers ? headers->child : NULL; h; h = h->next)
        s->conf.notifier_headers[s->conf.notifier_header_count++] =
            (struct http_header){str_c(h->string), case_text(h, mem)};
}

static bool read_client(const cJSON *client, struct arena *mem, struct notifier_options *ret,
                        struct httpconf *conf)
{
    const cJSON *pair = case_get(client, "basic_auth"), *lines = case_get(client, "headers");
    struct client_basic_auth basic;
    struct client_auth auth = {0};
    struct str_list list = {.items = arena_array(mem, str, (size_t)cJSON_GetArraySize(lines) + 1)};
    struct http_header *headers;
    if (pair) {
        basic = (struct client_basic_auth){.username = case_text(pair->child, mem),
                                           .password = case_text(pair->child->next, mem)};
        auth.basic_auth = &basic;
    }
    for (const cJSON *line = lines ? lines->child : NULL; line; line = line->next)
        list.items[list.count++] = case_text(line, mem);
    if (!client_headers_parse(&list, mem, &headers, &ret->header_count, NULL) ||
        !client_auth_build(&auth, mem, conf, NULL))
        return false;
    ret->headers = headers;
    ret->conf = conf;
    return true;
}

static const char *check_request(const cJSON *want, struct arena *mem)
{
    if (!str_eq(wire.method, case_get_text(want, "method", mem)) ||
        !str_eq(wire.path, case_get_text(want, "path", mem)))
        return case_fail(mem, "%.*s %.*s", STR(wire.method), STR(wire.path));
    const cJSON *headers = case_get(want, "headers");
    for (const cJSON *h = headers ? headers->child : NULL; h; h = h->next) {
        str got = wire_header(&wire, str_c(h->string));
        if (!str_eq(got, case_text(h, mem)))
            return case_fail(mem, "%s: %.*s", h->string, STR(got));
    }
    cJSON *body = cJSON_Parse(arena_c(mem, wire.request_body));
    bool is_equal = cJSON_Compare(body, case_get(want, "json"), true);
    cJSON_Delete(body);
    return is_equal ? NULL : case_fail(mem, "body %.*s", STR(wire.request_body));
}

static const char *run_send(const cJSON *c, struct arena *mem)
{
    struct sending s;
    struct httpconf conf;
    struct notifier_options opt = {.url = str_c(wire.url)};
    const cJSON *requests = case_get(c, "requests"), *alerts = case_get(c, "alerts");
    if (!read_client(case_get(c, "client"), mem, &opt, &conf))
        return "cannot read the client";
    struct relabel *rules = read_rules(case_get(c, "client"), mem);
    opt.relabel = rules;
    sending_init(&s, &opt);
    s.relabel = rules;
    read_group_headers(&s, case_get(c, "headers"), mem);
    for (const cJSON *a = alerts->child; a; a = a->next)
        add_alert(&s, a, mem);
    send_all(&s);
    sending_done(&s);
    if (s.err.code != ERR_NONE)
        return case_fail(mem, "%.*s", STR(err_str(&s.err)));
    if (wire.request_count != 1 || cJSON_GetArraySize(requests) != 1)
        return "not one request";
    return check_request(requests->child, mem);
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    return case_get(c, "labels") ? run_labels(c, mem) : run_send(c, mem);
}

static void notifier_requests(void **state)
{
    (void)state;
    case_file_run("vm-notifier-request", run_case);
}

int test_vm_notifier_request(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(notifier_requests, wire_setup, wire_teardown,
                                                 &wire),
    };
    return run_group("vm-notifier-request", tests);
}
