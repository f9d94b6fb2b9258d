// SPDX-License-Identifier: Apache-2.0
// Requests to vmalert's HTTP API, and the selectors of match[].
#include "base/core/alloc.h"
#include "base/model/selector.h"
#include "tests/golden/vmalert/rig.h"
#include "vmalert/app.h"

#define GROUPS 3

// Three groups of one name in one file, which no set of files could hold; the handlers see only
// what a vmalert holds.
struct world {
    struct fake_env fake;
    struct vmalert_options opt;
    struct vmalert v;
    struct group *groups[GROUPS];
    struct arena mem;
};

static const char THREE[] = "groups:\n"
                            "- name: group\n"
                            "  interval: 1m\n"
                            "%s"
                            "  rules:\n"
                            "  - {alert: alert, expr: up, labels: {job: foo}}\n"
                            "  - {record: record, expr: up, labels: {job: bar}}\n";
static const char *const TYPE_LINES[GROUPS] = {"  type: prometheus\n", "", "  type: graphite\n"};
static const char EMPTY[] = "groups:\n- name: test\n";

static void add_group(struct world *w, str text)
{
    const struct rule_file_text file = {S("rules.yaml"), text};
    const struct rule_file_options options = {.default_interval = DUR_MINUTES(1)};
    struct err err = ERR_INIT;
    struct rule_files *files = rule_files_parse(&file, 1, &options, &err);
    check_err(&err, "");
    w->groups[w->v.group_count++] =
        group_new(&w->v.shared, &w->v.hooks, files, &files->groups[0], false);
    rule_files_unref(files);
}

static void fire(struct world *w, struct group *g)
{
    static const struct sample ONE = {1, 0};
    struct series series = {.samples = &ONE, .sample_count = 1};
    const struct query_result result = {.series = &series, .count = 1};
    struct rule_queries queries = {.mem = &w->mem, .refusal = "no queries here"};
    struct alert_input *inputs;
    struct err err = ERR_INIT;
    alerting_prepare(g->rules[0].alerting, &result, w->fake.now, &queries, &w->mem, &inputs, &err);
    alerting_apply(g->rules[0].alerting, inputs, 1, w->fake.now, 0, NULL, &err);
    check_err(&err, "");
}

static void world_init(struct world *w, str setup)
{
    *w = (struct world){0};
    fake_env_init(&w->fake);
    w->v.env = &w->fake.env;
    w->v.opt = &w->opt;
    w->v.groups = w->groups;
    label_store_init(&w->v.labels, 1);
    w->v.templates = rule_template_set_new();
    w->v.shared = (struct rules_shared){
        .env = &w->fake.env,
        .labels = &w->v.labels,
        .templates = {.base = w->v.templates, .env = &w->fake.env},
        .update_entries_limit = 1,
        .counters = &w->v.counters,
    };
    if (str_starts(setup, S("one group")))
        add_group(w, str_c(EMPTY));
    for (size_t i = 0; str_eq(setup, S("three")) && i < GROUPS; i++) {
        add_group(w, arena_printf(&w->mem, THREE, TYPE_LINES[i]));
        fire(w, w->groups[i]);
    }
}

static void world_done(struct world *w)
{
    for (size_t i = 0; i < w->v.group_count; i++)
        group_free(w->groups[i]);
    tpl_set_free(w->v.templates);
    label_store_done(&w->v.labels);
    fake_env_done(&w->fake);
    arena_done(&w->mem);
}

// ---- one request -------------------------------------------------------------------------------

struct asked {
    struct http_exchange x;
    int status;
    str body;
};

static void on_reply(struct http_exchange *x, const struct http_reply *r)
{
    struct asked *a = container_of(x, struct asked, x);
    a->status = r->status;
    a->body = arena_str(x->mem, r->body);
}

static void ask(struct world *w, str target, struct asked *a)
{
    *a = (struct asked){
        .x = {.method = S("GET"), .target = target, .mem = &w->mem, .reply = on_reply}};
    str_cut(target, '?', &a->x.path, &a->x.query);
    vmalert_serve(&w->v, &a->x);
}

// ---- what came back ----------------------------------------------------------------------------

struct counts {
    int64_t groups, rules, alerts;
};

static struct counts count_all(const cJSON *root)
{
    const cJSON *data = case_get(root, "data"), *groups = case_get(data, "groups");
    struct counts n = {
        .groups = cJSON_GetArraySize(groups),
        .alerts = cJSON_GetArraySize(case_get(data, "alerts")),
    };
    for (const cJSON *g = groups ? groups->child : NULL; g; g = g->next) {
        const cJSON *rules = case_get(g, "rules");
        n.rules += cJSON_GetArraySize(rules);
        for (const cJSON *r = rules->child; r; r = r->next)
            n.alerts += cJSON_GetArraySize(case_get(r, "alerts"));
    }
    return n;
}

// Has `got` everything that `want` names? Lists are compared item by item.
static bool is_subset(const cJSON *want, const cJSON *got)
{
    if (!cJSON_IsArray(want) && !cJSON_IsObject(want))
        return cJSON_Compare(want, got, true);
    if (!got || cJSON_IsArray(want) != cJSON_IsArray(got) ||
        (cJSON_IsArray(want) && cJSON_GetArraySize(want) != cJSON_GetArraySize(got)))
        return false;
    const cJSON *g = cJSON_IsArray(want) ? got->child : NULL;
    for (const cJSON *w = want->child; w; w = w->next) {
        if (!is_subset(w, w->string ? case_get(got, w->string) : g))
            return false;
        g = g ? g->next : NULL;
    }
    return true;
}

static const char *check_counts(const cJSON *c, const cJSON *root, struct arena *mem)
{
    struct counts n = count_all(root);
    const struct {
        const char *key;
        int64_t got;
    } CHECKS[] = {{"groups", n.groups}, {"rules", n.rules}, {"alerts", n.alerts}};
    for (size_t i = 0; i < ARRAY_LEN(CHECKS); i++) {
        if (case_get(c, CHECKS[i].key) && case_get_i64(c, CHECKS[i].key) != CHECKS[i].got)
            return case_fail(mem, "%lld %s", (long long)CHECKS[i].got, CHECKS[i].key);
    }
    return NULL;
}

static const char *check_reply(const cJSON *c, const struct asked *a, struct arena *mem)
{
    if (a->status != case_get_i64(c, "status"))
        return case_fail(mem, "status %d: %.*s", a->status, STR(a->body));
    if (a->status != 200)
        return NULL;
    cJSON *root = cJSON_Parse(arena_c(mem, a->body));
    const cJSON *subset = case_get(c, "json_subset");
    const char *why = root ? check_counts(c, root, mem) : NULL;
    bool wants_json = subset || case_get(c, "groups") || case_get(c, "alerts");
    if (!root && wants_json)
        why = "no JSON came";
    else if (!why && subset && !is_subset(subset, root))
        why = case_fail(mem, "%.*s", STR(a->body));
    cJSON_Delete(root);
    return why;
}

// ---- the cases ---------------------------------------------------------------------------------

static size_t left_out;

// Pages for people, which this vmalert has only one of.
static bool is_page(str target)
{
    static const char *const PAGES[] = {
        "/rules",         "/vmalert/groups", "/vmalert/alerts",
        "/vmalert/alert", "/vmalert/rule",   "/vmalert/notifiers",
    };
    str path, query;
    str_cut(target, '?', &path, &query);
    for (size_t i = 0; i < ARRAY_LEN(PAGES); i++) {
        if (str_eq(path, str_c(PAGES[i])))
            return true;
    }
    return str_starts(path, S("/vmalert/static"));
}

static const char *run_request(const cJSON *c, struct arena *mem)
{
    struct world w;
    struct asked a;
    str target = case_get_text(c, "path", mem);
    if (is_page(target)) {
        left_out++;
        return NULL;
    }
    world_init(&w, case_get_text(c, "setup", mem));
    ask(&w, target, &a);
    const char *why = check_reply(c, &a, mem);
    world_done(&w);
    return why;
}

static str label_of(const void *labels, str name)
{
    return str_c(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(labels, name.p)));
}

static const char *run_match(const cJSON *c, struct arena *mem)
{
    bool is_matched = false;
    struct err err = ERR_INIT;
    for (const cJSON *text = case_get(c, "selectors")->child; text; text = text->next) {
        struct selector s;
        if (!selector_parse(case_text(text, mem), mem, &s, &err))
            return case_fail(mem, "%.*s", STR(err_str(&err)));
        is_matched |= selector_matches(&s, label_of, case_get(c, "labels"));
        selector_done(&s);
    }
    return is_matched == case_get_bool(c, "result") ? NULL : "matches otherwise";
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    return case_get(c, "setup") ? run_request(c, mem) : run_match(c, mem);
}

static void web(void **state)
{
    (void)state;
    left_out = 0;
    case_file_run("vm-web", run_case);
    if (left_out)
        print_message("vm-web: %zu of them ask for HTML pages and were not run\n", left_out);
}

int test_vm_web(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(web)};
    return run_group("vm-web", tests);
}
