// SPDX-License-Identifier: Apache-2.0
// All cases of templates.json: both engines, the language alone and with either program's
// functions. Output is compared byte for byte; of a failure only that it is one counts, differing
// texts are listed when TEMPLATE_ERRORS is set in the environment.
#define BANNED_ALLOW_IMPURE
#include "base/text/digest.h"
#include "base/text/gofmt.h"
#include "notify/tpldata.h"
#include "notify/tpldefaults.h"
#include "notify/tplfuncs.h"
#include "rules/tplfuncs.h"
#include "tests/golden/templates/json_tree.h"
#include "tests/support/cases.h"

static struct arena case_mem; // values of one case

// ---- data -------------------------------------------------------------------------------------

static double number_of(const struct jnode *v)
{
    double f = 0;
    gofmt_parse_f64(v->text, &f, NULL);
    return f;
}

static int64_t int_of(const struct jnode *v)
{
    uint64_t u = 0;
    int64_t i = 0;
    if (!str_to_i64(v->text, &i) && str_to_u64(v->text, &u))
        i = (int64_t)u;
    return i;
}

static struct gotime *time_of(str text)
{
    struct gotime *t = arena_new(&case_mem, struct gotime);
    *t = gotime_zero();
    if (text.n && !gotime_parse(S("2006-01-02T15:04:05Z07:00"), text, &case_mem, t, NULL))
        fail_msg("bad time %.*s", STR(text));
    return t;
}

static struct tpl_value value_of(const struct jnode *v);

static struct tpl_value list_of(const struct jnode *v, const struct tpl_type *type)
{
    struct tpl_value *items = arena_array(&case_mem, struct tpl_value, v->count);
    size_t n = 0;
    for (const struct jnode *c = v->first; c; c = c->next, n++) {
        if (type->elem == &TPL_ANY)
            items[n] = value_of(c);
        else if (type->elem == &TPL_STRING)
            items[n] = tpl_str(c->text);
        else if (type->elem == &TPL_F64)
            items[n] = tpl_f64(number_of(c));
        else
            items[n] = tpl_int_of(type->elem, int_of(c));
    }
    return tpl_list(type, items, n);
}

static struct tpl_value map_of(const struct jnode *v, const struct tpl_type *type)
{
    struct tpl_pair *pairs = arena_array(&case_mem, struct tpl_pair, v->count);
    size_t n = 0;
    for (const struct jnode *c = v->first; c; c = c->next, n++) {
        int64_t key = 0;
        str_to_i64(c->key, &key);
        pairs[n].key = type->key == &TPL_INT ? tpl_int(key) : tpl_str(c->key);
        pairs[n].value = value_of(c);
    }
    return tpl_map(type, pairs, tpl_pairs_sort(pairs, n));
}

static const struct label *labels_of(const struct jnode *v, size_t *ret_count)
{
    *ret_count = 0;
    if (!v) // a nil map
        return NULL;
    struct label *items = arena_array(&case_mem, struct label, v->count);
    size_t n = 0;
    for (const struct jnode *c = v->first; c; c = c->next)
        items[n++] = (struct label){c->key, c->text};
    *ret_count = label_sort_unique(items, n);
    return items;
}

static struct tplkv kv_of(const struct jnode *v)
{
    struct tplkv kv;
    kv.items = labels_of(v, &kv.count);
    return kv;
}

static const struct tpl_type *marked_type(str key)
{
    static const struct {
        const char *key;
        const struct tpl_type *type;
    } MARKS[] = {
        {"$html", &TPL_HTML},     {"$url", &TPL_URL},     {"$css", &TPL_CSS},
        {"$js", &TPL_JS},         {"$jsstr", &TPL_JSSTR}, {"$htmlattr", &TPL_HTMLATTR},
        {"$srcset", &TPL_SRCSET},
    };
    for (size_t i = 0; i < ARRAY_LEN(MARKS); i++) {
        if (str_eq(key, str_c(MARKS[i].key)))
            return MARKS[i].type;
    }
    return NULL;
}

// {"$uint": 1} and the like. False: an ordinary object.
static bool special_value(const struct jnode *v, struct tpl_value *ret)
{
    str key = v->key;
    if (str_eq(key, S("$float")))
        *ret = tpl_f64(number_of(v));
    else if (str_eq(key, S("$uint")))
        *ret = tpl_uint_of(&TPL_UINT, (uint64_t)int_of(v));
    else if (str_eq(key, S("$uint64")))
        *ret = tpl_uint_of(&TPL_UINT64, (uint64_t)int_of(v));
    else if (str_eq(key, S("$int64")))
        *ret = tpl_int_of(&TPL_INT64, int_of(v));
    else if (str_eq(key, S("$time")))
        *ret = tpl_time(time_of(v->text));
    else if (str_eq(key, S("$duration")))
        *ret = tpl_dur(int_of(v));
    else if (str_eq(key, S("$strings")))
        *ret = list_of(v, &TPL_STRINGS);
    else if (str_eq(key, S("$ints")))
        *ret = list_of(v, &TPL_INTS);
    else if (str_eq(key, S("$uints")))
        *ret = list_of(v, &TPL_UINTS);
    else if (str_eq(key, S("$floats")))
        *ret = list_of(v, &TPL_F64S);
    else if (str_eq(key, S("$bytes")))
        *ret = tpl_list(&TPL_BYTES, v->text.p, v->text.n);
    else if (str_eq(key, S("$strmap")))
        *ret = map_of(v, &TPL_MAP_STRING);
    else if (str_eq(key, S("$intmap")))
        *ret = map_of(v, &TPL_MAP_INT_STRING);
    else if (str_eq(key, S("$kv"))) {
        struct tplkv kv = kv_of(v);
        *ret = tplkv_value(&kv);
    } else if (marked_type(key))
        *ret = tpl_str_of(marked_type(key), v->text);
    else
        return false;
    return true;
}

static struct tpl_value value_of(const struct jnode *v)
{
    struct tpl_value special;
    switch (v->kind) {
    case J_NULL:
        return tpl_nil();
    case J_BOOL:
        return tpl_bool(v->is_true);
    case J_NUMBER:
        for (size_t i = 0; i < v->text.n; i++) {
            if (strchr(".eE", v->text.p[i]))
                return tpl_f64(number_of(v));
        }
        return tpl_int(int_of(v));
    case J_STRING:
        return tpl_str(v->text);
    case J_ARRAY:
        return list_of(v, &TPL_ANYS);
    case J_OBJECT:
        if (v->count == 1 && special_value(v->first, &special))
            return special;
        return map_of(v, &TPL_MAP_ANY);
    }
    return tpl_nothing();
}

static struct tpl_value alertmanager_data(const struct jnode *v)
{
    struct tpldata *d = arena_new(&case_mem, struct tpldata);
    const struct jnode *alerts = j_get(v, "alerts");
    struct tpldata_alert *items =
        arena_array(&case_mem, struct tpldata_alert, alerts ? alerts->count : 0);
    size_t n = 0;
    for (const struct jnode *a = alerts ? alerts->first : NULL; a; a = a->next, n++) {
        items[n] = (struct tpldata_alert){
            .status = j_text(a, "status"),
            .labels = kv_of(j_get(a, "labels")),
            .annotations = kv_of(j_get(a, "annotations")),
            .starts_at = *time_of(j_text(a, "startsAt")),
            .ends_at = *time_of(j_text(a, "endsAt")),
            .generator_url = j_text(a, "generatorURL"),
            .fingerprint = j_text(a, "fingerprint"),
        };
    }
    *d = (struct tpldata){
        .receiver = j_text(v, "receiver"),
        .status = j_text(v, "status"),
        .alerts = items,
        .alert_count = n,
        .notification_reason = j_text(v, "notification_reason"),
        .group_labels = kv_of(j_get(v, "groupLabels")),
        .common_labels = kv_of(j_get(v, "commonLabels")),
        .common_annotations = kv_of(j_get(v, "commonAnnotations")),
        .route_labels = kv_of(j_get(v, "routeLabels")),
        .external_url = j_text(v, "externalURL"),
    };
    return tpldata_value(d);
}

static dur_ns dur_of(str text)
{
    dur_ns d = 0;
    dur_parse_go(text, &d, NULL);
    return d;
}

static int64_t int_at(const struct jnode *v, const char *key)
{
    const struct jnode *member = j_get(v, key);
    return member ? int_of(member) : 0;
}

static struct tpl_value vmalert_data(const struct jnode *v)
{
    struct rule_tpl_data *d = arena_new(&case_mem, struct rule_tpl_data);
    const struct jnode *value = j_get(v, "value");
    const struct jnode *is_partial = j_get(v, "is_partial");
    *d = (struct rule_tpl_data){
        .type = j_text(v, "type"),
        .value = value ? number_of(value) : 0,
        .expr = j_text(v, "expr"),
        .interval = dur_of(j_text(v, "interval")),
        .for_ns = dur_of(j_text(v, "for")),
        .alert_id = (uint64_t)int_at(v, "alert_id"),
        .group_id = (uint64_t)int_at(v, "group_id"),
        .active_at = *time_of(j_text(v, "active_at")),
        .is_partial = is_partial && is_partial->is_true,
        .external_url = j_text(v, "external_url"),
    };
    d->labels = labels_of(j_get(v, "labels"), &d->label_count);
    d->external_labels = labels_of(j_get(v, "external_labels"), &d->external_label_count);
    return rule_tpl_data_value(d);
}

// ---- what functions ask -----------------------------------------------------------------------

static bool answer_query(void *owner, str expr, struct arena *mem,
                         const struct rule_tpl_metric **ret, size_t *ret_count, struct err *err)
{
    const struct jnode *answers = j_get(owner, "query");
    const struct jnode *answer = NULL;
    for (const struct jnode *a = answers ? answers->first : NULL; a; a = a->next) {
        if (str_eq(a->key, expr))
            answer = a;
    }
    if (!answer)
        return err_set(err, ERR_INVALID, "no such query");
    struct rule_tpl_metric *metrics = arena_array(mem, struct rule_tpl_metric, answer->count);
    size_t n = 0;
    for (const struct jnode *m = answer->first; m; m = m->next, n++) {
        metrics[n].labels = labels_of(j_get(m, "labels"), &metrics[n].label_count);
        metrics[n].value = number_of(j_get(m, "value"));
        metrics[n].timestamp_s = int_at(m, "timestamp");
    }
    *ret = metrics;
    *ret_count = n;
    return true;
}

static const struct tzone *find_zone(void *owner, str name)
{
    (void)owner;
    FILE *f = fopen(arena_printf(&case_mem, "/usr/share/zoneinfo/%.*s", STR(name)).p, "rb");
    if (!f)
        return NULL;
    static char bytes[1 << 16];
    size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    return tzone_parse(name, str_from(bytes, n), &case_mem, NULL);
}

// ---- running ----------------------------------------------------------------------------------

struct sets {
    struct tpl_set *plain[2][3]; // text, html; by missing key
    struct tpl_set *alertmanager[2];
    struct tpl_set *vmalert;
};

static void sets_init(struct sets *s)
{
    for (int html = 0; html < 2; html++) {
        for (int missing = 0; missing < 3; missing++)
            s->plain[html][missing] = tpl_set_new(&(struct tpl_options){
                .is_html = html, .missing_key = (enum tpl_missing_key)missing});
        struct err err = ERR_INIT;
        s->alertmanager[html] = tplfuncs_set_new(html);
        if (!tpldefaults_parse(s->alertmanager[html], &err))
            fail_msg("%.*s", STR(err_str(&err)));
    }
    s->vmalert = rule_tpl_set_new();
}

static void sets_done(struct sets *s)
{
    for (int html = 0; html < 2; html++) {
        for (int missing = 0; missing < 3; missing++)
            tpl_set_free(s->plain[html][missing]);
        tpl_set_free(s->alertmanager[html]);
    }
    tpl_set_free(s->vmalert);
}

static bool render_vmalert(const struct sets *s, const struct jnode *c, struct buf *out,
                           struct err *err)
{
    const struct jnode *data = j_get(c, "data");
    str text = j_text(c, "template");
    if (str_find_str(text, S("{{")) == STR_NONE || str_find_str(text, S("}}")) == STR_NONE) {
        buf_put(out, text);
        return true;
    }
    str external_url = j_text(data, "external_url");
    size_t scheme = str_find_str(external_url, S("//"));
    str host_and_path = scheme == STR_NONE ? external_url : str_skip(external_url, scheme + 2);
    size_t slash = str_find(host_and_path, '/');
    struct rule_tpl_context context = {
        .now = DUR_SECONDS(1700000000),
        .external_url = external_url,
        .path_prefix = slash == STR_NONE ? S("") : str_skip(host_and_path, slash),
        .query = answer_query,
        .owner = (void *)(uintptr_t)data,
    };
    defer(buf_done) struct buf whole = {0};
    buf_put(&whole, RULE_TPL_PREFIX);
    buf_put(&whole, text);
    defer(tpl_set_free_p) struct tpl_set *set = tpl_set_clone(s->vmalert);
    if (!tpl_parse(set, S(""), buf_str(&whole), err))
        return err_wrap(err, "error parsing template");
    struct tpl_run run = {.data = vmalert_data(data), .mem = &case_mem, .context = &context};
    return tpl_execute(set, S(""), &run, out, err) || err_wrap(err, "error evaluating template");
}

static enum tpl_missing_key missing_key_of(str option)
{
    return str_eq(option, S("missingkey=zero"))    ? TPL_MISSING_ZERO
           : str_eq(option, S("missingkey=error")) ? TPL_MISSING_ERROR
                                                   : TPL_MISSING_DEFAULT;
}

static bool render(const struct sets *s, const struct jnode *c, struct buf *out, struct err *err)
{
    int is_html = str_eq(j_text(c, "engine"), S("html"));
    str functions = j_text(c, "functions");
    if (str_eq(functions, S("vmalert")))
        return render_vmalert(s, c, out, err);
    struct tplfuncs_context context = {
        .now = DUR_SECONDS(1700000000), .since_start = DUR_SECONDS(1), .find_zone = find_zone};
    struct tpl_run run = {.mem = &case_mem, .context = &context};
    str data_type = j_text(c, "data_type");
    if (str_eq(data_type, S("json")))
        run.data = value_of(j_get(c, "data"));
    else if (str_eq(data_type, S("alertmanager")))
        run.data = alertmanager_data(j_get(c, "data"));
    run.data.is_slot = false; // as an argument, not out of a list
    const struct tpl_set *set = str_eq(functions, S("alertmanager"))
                                    ? s->alertmanager[is_html]
                                    : s->plain[is_html][missing_key_of(j_text(c, "option"))];
    return tpl_render(set, j_text(c, "template"), &run, out, err);
}

static bool digest_matches(const struct jnode *c, str out)
{
    uint8_t digest[32];
    sha256(out, digest);
    defer(buf_done) struct buf hex = {0};
    buf_put_hex(&hex, str_from(digest, sizeof(digest)));
    return str_eq(buf_str(&hex), j_text(c, "expect_sha256"));
}

// Upstream's %d of a time shows the address of its zone, which no other process can repeat.
#define ZONE_ADDRESS S("12152464492400")

static bool output_matches(const struct jnode *c, str out)
{
    str want = j_text(c, "expect");
    size_t address = str_find_str(want, ZONE_ADDRESS);
    if (address == STR_NONE)
        return str_eq(out, want);
    str behind = str_skip(want, address + ZONE_ADDRESS.n);
    return str_starts(out, str_slice(want, 0, address)) && str_ends(out, behind);
}

struct tally {
    size_t count, failed, differing_errors;
};

static void run_case(const struct sets *s, const struct jnode *c, struct tally *t)
{
    str id = j_text(c, "id");
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    arena_clear(&case_mem);
    bool is_good = render(s, c, &out, &err);
    bool wants_error = j_get(c, "error") != NULL;
    t->count++;
    if (is_good != !wants_error) {
        t->failed++;
        print_error("FAILED %.*s: %.*s\n  got %s: %.*s\n  want: %.*s\n", STR(id),
                    STR(j_text(c, "template")), is_good ? "output" : "error",
                    STR(is_good ? buf_str(&out) : err_str(&err)),
                    STR(j_text(c, is_good ? "error_text" : "expect")));
        return;
    }
    if (wants_error) {
        bool is_same = str_starts(err_str(&err), j_text(c, "error_text"));
        t->differing_errors += !is_same;
        if (!is_same && getenv("TEMPLATE_ERRORS"))
            print_message("ERROR TEXT %.*s: %.*s\n  got  %.*s\n  want %.*s\n", STR(id),
                          STR(j_text(c, "template")), STR(err_str(&err)),
                          STR(j_text(c, "error_text")));
        const struct jnode *partial = j_get(c, "partial_output");
        if (!partial || str_eq(partial->text, buf_str(&out)))
            return;
    } else if (j_get(c, "expect_sha256") ? digest_matches(c, buf_str(&out))
                                         : output_matches(c, buf_str(&out))) {
        return;
    }
    t->failed++;
    print_error("FAILED %.*s: %.*s\n  got  %.*s\n  want %.*s\n", STR(id),
                STR(j_text(c, "template")), STR(buf_str(&out)), STR(j_text(c, "expect")));
}

static void all_cases_render_as_upstream(void **state)
{
    (void)state;
    struct arena mem = {0};
    const char *path = case_path(&mem, "templates.json");
    FILE *f = fopen(path, "rb");
    if (!f) {
        print_message("SKIPPED: no case file %s\n", path);
        arena_done(&mem);
        skip();
        return;
    }
    struct buf text = {0};
    static char piece[1 << 16];
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        buf_put(&text, str_from(piece, n));
    fclose(f);
    struct jreader reader = {text.p, text.p + text.n, &mem};
    const struct jnode *root = j_value(&reader);

    struct sets sets;
    struct tally tally = {0};
    sets_init(&sets);
    for (const struct jnode *c = j_get(root, "cases")->first; c; c = c->next)
        run_case(&sets, c, &tally);
    sets_done(&sets);
    print_message("templates: %zu cases, %zu failed, %zu error texts differ\n", tally.count,
                  tally.failed, tally.differing_errors);
    buf_done(&text);
    arena_done(&mem);
    arena_done(&case_mem);
    assert_true(tally.count > 0);
    assert_int_equal(tally.failed, 0);
}

int test_templates(void);
int test_templates(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_cases_render_as_upstream),
    };
    return run_group("golden/templates", tests);
}
