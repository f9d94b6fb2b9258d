// SPDX-License-Identifier: Apache-2.0
// Where links point to, and the notifiers of the command line. Files of notifiers are not read.
#include "base/core/alloc.h"
#include "tests/golden/vmalert/rig.h"
#include "vmalert/app.h"
#include "vmalert/external_url.h"

#define HOSTNAME "machine.example"

static struct flag_strs read_list(const cJSON *list, struct arena *mem)
{
    struct flag_strs strs = {.items = arena_array(mem, str, (size_t)cJSON_GetArraySize(list) + 1)};
    for (const cJSON *v = list ? list->child : NULL; v; v = v->next)
        strs.items[strs.count++] = case_text(v, mem);
    return strs;
}

static str localised(str text, struct arena *mem)
{
    size_t at = str_find_str(text, S("${hostname}"));
    if (at == STR_NONE)
        return text;
    return arena_printf(mem, "%.*s" HOSTNAME "%.*s", STR(str_slice(text, 0, at)),
                        STR(str_skip(text, at + S("${hostname}").n)));
}

static const char *check_outcome(const cJSON *c, bool ok, const struct err *err, struct arena *mem)
{
    if (ok == (case_get(c, "error") != NULL))
        return case_fail(mem, "%s %.*s", ok ? "accepted" : "refused:", STR(err_str(err)));
    str want = case_get_text(c, "error", mem);
    return ok || str_find_str(err_str(err), want) != STR_NONE
               ? NULL
               : case_fail(mem, "error \"%.*s\"", STR(err_str(err)));
}

static bool is_tls(const cJSON *v)
{
    return cJSON_IsTrue(cJSON_IsArray(v) ? v->child : v);
}

static const char *run_external_url(const cJSON *c, struct arena *mem)
{
    struct flag_strs listen = read_list(case_get(c, "listen"), mem);
    struct external_url got;
    struct err err = ERR_INIT;
    bool ok = external_url_init(case_get_text(c, "value", mem),
                                listen.count ? listen.items[0] : S(SERVER_FLAGS_LISTEN),
                                is_tls(case_get(c, "tls")), S(HOSTNAME), mem, &got, &err);
    const char *why = check_outcome(c, ok, &err, mem);
    if (why || !ok)
        return why;
    return str_eq(got.text, localised(case_get_text(c, "url", mem), mem))
               ? NULL
               : case_fail(mem, "is %.*s", STR(got.text));
}

// ---- a vmalert without rules, servers and network ----------------------------------------------

struct quiet {
    struct fake_env fake;
    struct vmalert_options opt;
    struct flags flags;
    struct vmalert *v;
    struct err err;
};

static void quiet_init(struct quiet *q, struct arena *mem)
{
    static str no_server[1];
    char *argv[] = {(char *)(uintptr_t) "vmalert"};
    *q = (struct quiet){.err = ERR_INIT};
    fake_env_init(&q->fake);
    q->flags = vmalert_flags(&q->opt, mem);
    flags_parse(&q->flags, 1, argv, mem, NULL, NULL); // the defaults
    q->opt.mem = mem;
    q->opt.hostname = S(HOSTNAME);
    q->opt.datasource_url = S("http://datasource");
    q->opt.server.http_listen_addr = (struct flag_strs){no_server, 1};
}

static void quiet_done(struct quiet *q)
{
    vmalert_free(q->v);
    fake_env_done(&q->fake);
}

static const char *check_link(struct quiet *q, const cJSON *c, struct arena *mem)
{
    const cJSON *given = case_get(c, "alert");
    struct group_conf conf = {.id = (uint64_t)case_get_i64(given, "group_id")};
    const struct group group = {.conf = &conf};
    const struct rule_conf rule_conf = {0};
    const struct alerting_rule rule = {.rule.conf = &rule_conf};
    size_t count;
    struct label *labels = rig_labels(case_get(given, "labels"), mem, &count);
    struct alert alert = {
        .id = (uint64_t)case_get_i64(given, "id"),
        .value = case_get_f64(given, "value"),
        .labels = labels_get(&q->v->labels, labels, count),
        .active_at = TIME_UNSET,
    };
    defer(buf_done) struct buf got = {0};
    vmalert_alert_link(q->v, &group, &rule, &alert, &got);
    labels_unref(alert.labels);
    return str_eq(buf_str(&got), localised(case_get_text(c, "url", mem), mem))
               ? NULL
               : case_fail(mem, "is %.*s", STR(buf_str(&got)));
}

static const char *run_alert_url(const cJSON *c, struct arena *mem)
{
    struct quiet q;
    quiet_init(&q, mem);
    q.opt.notifier_blackhole = true;
    q.opt.external_url = case_get_text(c, "external_url", mem);
    q.opt.external_alert_source = case_get_text(c, "template", mem);
    q.v = vmalert_new(&q.fake.env, &q.opt, &q.err);
    const char *why = check_outcome(c, q.v != NULL, &q.err, mem);
    if (!why && q.v)
        why = check_link(&q, c, mem);
    quiet_done(&q);
    return why;
}

static const char *check_addresses(const struct quiet *q, const cJSON *want, struct arena *mem)
{
    size_t i = 0, count = q->v->notifiers ? notifiers_count(q->v->notifiers) : 0;
    for (const cJSON *w = want ? want->child : NULL; w; w = w->next, i++) {
        str got = i < count ? notifiers_at(q->v->notifiers, i)->shown : S("missing");
        if (!str_eq(got, case_text(w, mem)))
            return case_fail(mem, "notifier %zu is %.*s", i, STR(got));
    }
    return i == count ? NULL : case_fail(mem, "%zu notifiers", count);
}

static const char *run_notifier_flags(const cJSON *c, struct arena *mem)
{
    struct quiet q;
    quiet_init(&q, mem);
    q.opt.notifier_config = case_get_text(c, "config", mem);
    q.opt.notifier_url = read_list(case_get(c, "urls"), mem);
    q.opt.notifier_blackhole = case_get_bool(c, "blackhole");
    q.v = vmalert_new(&q.fake.env, &q.opt, &q.err);
    const char *why = check_outcome(c, q.v != NULL, &q.err, mem);
    if (!why && q.v)
        why = check_addresses(&q, case_get(c, "addresses"), mem);
    quiet_done(&q);
    return why;
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    str kind = case_get_text(c, "kind", mem);
    if (str_eq(kind, S("external_url")))
        return run_external_url(c, mem);
    if (str_eq(kind, S("alert_url")))
        return run_alert_url(c, mem);
    if (str_eq(kind, S("notifier_flags")))
        return run_notifier_flags(c, mem);
    return case_fail(mem, "unknown kind %.*s", STR(kind));
}

static void links(void **state)
{
    (void)state;
    case_file_run("vm-links", run_case);
}

int test_vm_links(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(links)};
    return run_group("vm-links", tests);
}
