// SPDX-License-Identifier: Apache-2.0
// Topic am-receiver-misc: helpers of the integrations. What an integration reads out of an answer
// is seen in the error that it logs.
#include "notify/integrations/payload.h"
#include "notify/notify_data.h"
#include "notify/retrier.h"
#include "notify/tplfuncs.h"
#include "notify/truncate.h"
#include "tests/golden/alertmanager/receiver_case.h"

// ---- truncate, reason, check -------------------------------------------------------------------

static const char *check_cut(struct arena *mem, const char *unit, const cJSON *want, str out,
                             bool is_cut)
{
    str wanted = case_get_text(want, "out", mem);
    if (str_eq(out, wanted) && is_cut == case_get_bool(want, "cut"))
        return NULL;
    return case_fail(mem, "%s: %.*s (cut: %d), want %.*s", unit, STR(out), is_cut, STR(wanted));
}

static const char *check_truncate(const cJSON *v, struct arena *mem)
{
    str text = case_get_text(v, "text", mem);
    size_t n = (size_t)case_get_i64(v, "n");
    bool is_cut;
    str out = truncate_runes(text, n, &is_cut, mem);
    const char *why = check_cut(mem, "runes", case_get(v, "runes"), out, is_cut);
    if (why)
        return why;
    out = truncate_bytes(text, n, &is_cut, mem);
    return check_cut(mem, "bytes", case_get(v, "bytes"), out, is_cut);
}

static const char *check_reason(const cJSON *v, struct arena *mem)
{
    str reason = notify_failure_str(notify_failure_of_status((int)case_get_i64(v, "status")));
    str want = case_get_text(v, "reason", mem);
    return str_eq(reason, want) ? NULL : case_fail(mem, "%.*s, want %.*s", STR(reason), STR(want));
}

static str nullable_text(const cJSON *v, const char *key, struct arena *mem)
{
    const cJSON *text = case_get(v, key);
    return text && !cJSON_IsNull(text) ? case_text(text, mem) : S("");
}

static const char *check_verdict(const cJSON *v, struct arena *mem)
{
    const cJSON *codes = case_get(v, "retry_codes");
    struct retrier r = {0};
    int *list = arena_array(mem, int, (size_t)cJSON_GetArraySize(codes));
    for (const cJSON *code = codes->child; code; code = code->next)
        list[r.retry_code_count++] = code->valueint;
    r.retry_codes = list;
    struct notify_result got;
    str want = nullable_text(v, "error", mem);
    retrier_judge(&r, (int)case_get_i64(v, "status"), nullable_text(v, "body", mem), mem, &got);
    if (got.is_delivered != cJSON_IsNull(case_get(v, "error")))
        return got.is_delivered ? "is delivered" : "is not delivered";
    if (got.may_retry != case_get_bool(v, "retry") || !str_eq(err_str(&got.err), want))
        return case_fail(mem, "%.*s (retry: %d), want %.*s", STR(err_str(&got.err)), got.may_retry,
                         STR(want));
    return NULL;
}

// ---- details -----------------------------------------------------------------------------------

struct details_case {
    struct receiver_case c;
    const cJSON *v;
};

static bool answer_details(void *owner, const struct receiver_request *r, struct http_response *ret,
                           struct err *err)
{
    struct details_case *d = owner;
    (void)r;
    (void)err;
    receiver_case_respond(&d->c, d->v, ret);
    return true;
}

// The details end the error's first line.
static const char *check_logged_details(struct receiver_case *c, const cJSON *v)
{
    struct notify_counters before = *receiver_world_counters(&c->world);
    const char *why = receiver_case_post_some(c, 1);
    if (why)
        return why;
    if (!receiver_case_await_failure(c, &before))
        return "no attempt fails";
    str errors = buf_str(&c->world.errors), line, rest;
    str_cut(errors, '\n', &line, &rest);
    str details = case_get_text(v, "details", c->mem);
    str want = arena_printf(c->mem, "unexpected status code %d%s%.*s",
                            (int)case_get_i64(v, "status"), details.n ? ": " : "", STR(details));
    return str_ends(line, want) ? NULL : case_fail(c->mem, "%.*s, want %.*s", STR(line), STR(want));
}

static const char *check_details(const cJSON *v, struct arena *mem)
{
    struct details_case d = {.v = v};
    const struct receiver_setup *setup = receiver_case_setup(case_get_text(v, "integration", mem));
    str config =
        receiver_case_config(mem, setup->integration, arena_printf(mem, "{%s}", setup->settings).p);
    const char *why = receiver_case_start(&d.c, config, NULL, answer_details, &d, mem);
    if (why)
        return why;
    why = check_logged_details(&d.c, v);
    receiver_world_stop(&d.c.world);
    return why;
}

// ---- max_alerts --------------------------------------------------------------------------------

static const char *check_kept(struct receiver_case *c, const cJSON *v)
{
    const char *why = receiver_case_post_some(c, (int)case_get_i64(v, "count"));
    if (why)
        return why;
    receiver_world_pass(&c->world, STEP_TIME);
    if (c->world.request_count != 1)
        return case_fail(c->mem, "%zu requests", c->world.request_count);
    const json *body = json_parse(c->world.requests[0].body, true, c->mem, NULL);
    size_t kept = json_count(json_get(body, S("alerts")));
    double truncated = json_number(json_get(body, S("truncatedAlerts")));
    if (kept == (size_t)case_get_i64(v, "kept") && truncated == case_get_f64(v, "truncated"))
        return NULL;
    return case_fail(c->mem, "%zu kept, %g truncated", kept, truncated);
}

static const char *check_max_alerts(const cJSON *v, struct arena *mem)
{
    struct receiver_case c = {0};
    str settings =
        arena_printf(mem, "{url: '${url}/', max_alerts: %d}", (int)case_get_i64(v, "max_alerts"));
    const char *why = receiver_case_start(&c, receiver_case_config(mem, "webhook", settings.p),
                                          NULL, receiver_case_answer, &c, mem);
    if (why)
        return why;
    why = check_kept(&c, v);
    receiver_world_stop(&c.world);
    return why;
}

// ---- render_details ----------------------------------------------------------------------------

static struct tplkv kv_of(const cJSON *object, struct arena *mem)
{
    size_t count = (size_t)(object ? cJSON_GetArraySize(object) : 0);
    struct label *items = arena_array(mem, struct label, count);
    size_t n = 0;
    for (const cJSON *v = object ? object->child : NULL; v; v = v->next)
        items[n++] = (struct label){str_c(v->string), case_text(v, mem)};
    return (struct tplkv){items, label_sort_unique(items, n)};
}

static struct gotime time_of(const cJSON *v, const char *key, struct arena *mem)
{
    struct gotime t = gotime_zero();
    str text = case_get_text(v, key, mem);
    if (text.n)
        assert_true(gotime_parse(S("2006-01-02T15:04:05Z07:00"), text, mem, &t, NULL));
    return t;
}

static const struct tpldata *data_of(const cJSON *v, struct arena *mem)
{
    const cJSON *alerts = case_get(v, "alerts");
    struct tpldata *d = arena_new(mem, struct tpldata);
    struct tpldata_alert *items =
        arena_array(mem, struct tpldata_alert, (size_t)cJSON_GetArraySize(alerts));
    d->status = case_get_text(v, "status", mem);
    d->alerts = items;
    for (const cJSON *a = alerts->child; a; a = a->next)
        items[d->alert_count++] = (struct tpldata_alert){
            .status = case_get_text(a, "status", mem),
            .labels = kv_of(case_get(a, "labels"), mem),
            .annotations = kv_of(case_get(a, "annotations"), mem),
            .starts_at = time_of(a, "startsAt", mem),
            .ends_at = time_of(a, "endsAt", mem),
            .generator_url = case_get_text(a, "generatorURL", mem),
            .fingerprint = case_get_text(a, "fingerprint", mem),
        };
    return d;
}

static bool render(struct receiver_world *w, const cJSON *v, struct arena *mem, struct buf *out,
                   struct err *err)
{
    char *printed = cJSON_PrintUnformatted(case_get(v, "details"));
    str text = arena_str(mem, str_c(printed));
    cJSON_free(printed);
    struct yaml_node *details = NULL;
    assert_true(yaml_parse(text, &(struct yaml_options){0}, mem, &details, NULL));
    struct notify_message m = {.mem = mem};
    return payload_put_json(w->api.am->runtime->config->receivers[0].integrations[0], &m,
                            data_of(case_get(v, "data"), mem), details, out, err);
}

static const char *check_rendered(struct receiver_world *w, const cJSON *v, struct arena *mem)
{
    struct err err = ERR_INIT;
    struct buf out = {.mem = mem};
    const cJSON *want = case_get(v, "result");
    bool ok = render(w, v, mem, &out, &err);
    str error = case_get_text(want, "error", mem);
    if (error.n)
        return !ok && str_find_str(err_str(&err), error) != STR_NONE
                   ? NULL
                   : case_fail(mem, "%.*s, want %.*s", STR(ok ? buf_str(&out) : err_str(&err)),
                               STR(error));
    cJSON *got = ok ? cJSON_ParseWithLength(out.p, out.n) : NULL;
    bool is_same = got && cJSON_Compare(got, want, true);
    cJSON_Delete(got);
    return is_same ? NULL : case_fail(mem, "%.*s", STR(ok ? buf_str(&out) : err_str(&err)));
}

static const char *check_render_details(const cJSON *v, struct arena *mem)
{
    struct receiver_case c = {0};
    str config = receiver_case_config(mem, "webhook", "url: '${url}/'");
    const char *why = receiver_case_start(&c, config, NULL, receiver_case_answer, &c, mem);
    if (why)
        return why;
    why = check_rendered(&c.world, v, mem);
    receiver_world_stop(&c.world);
    return why;
}

// ---- the topic ---------------------------------------------------------------------------------

static const char *run_case(const cJSON *v, struct arena *mem)
{
    static const struct {
        const char *kind;
        const char *(*check)(const cJSON *v, struct arena *mem);
    } kinds[] = {
        {"truncate", check_truncate},     {"reason", check_reason},
        {"check", check_verdict},         {"details", check_details},
        {"max_alerts", check_max_alerts}, {"render_details", check_render_details},
    };
    str kind = case_get_text(v, "kind", mem);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_eq(kind, str_c(kinds[i].kind)))
            return kinds[i].check(v, mem);
    }
    return case_fail(mem, "unknown kind %.*s", STR(kind));
}

static void all_cases_hold(void **state)
{
    (void)state;
    case_file_run("am-receiver-misc", run_case);
}

int test_am_receiver_misc(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases_hold)};
    return run_group("am-receiver-misc", tests);
}
