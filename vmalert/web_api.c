// SPDX-License-Identifier: Apache-2.0
// spec: vmalert HTTP §2–§6.
#include "vmalert/web_api.h"

#include <math.h>

#include "base/text/gofmt.h"
#include "base/text/json_writer.h"
#include "base/text/unicode.h"
#include "vmalert/web_filter.h"

struct api {
    struct vmalert *v;
    struct http_exchange *x;
    struct url_params params;
    struct web_filter filter; // freed with the answer
    struct buf body;
    struct json_writer w;
};

static void api_begin(struct api *a, struct vmalert *v, struct http_exchange *x)
{
    *a = (struct api){.v = v, .x = x, .w = {.escape = JSON_ESCAPE_HTML}};
    a->w.out = &a->body;
    web_read_params(x, &a->params);
}

static void api_free(struct api *a)
{
    web_filter_done(&a->filter);
    buf_done(&a->body);
}

static void api_end(struct api *a)
{
    web_reply_json(a->v, a->x, buf_str(&a->body));
    api_free(a);
}

static void api_fail(struct api *a, int status, str text)
{
    struct buf body = {0};
    buf_put(&body, S("{\"error\":"));
    buf_put_quoted(&body, text);
    buf_printf(&body, ",\"errorType\":%d}", status);
    web_reply_error(a->v, a->x, status, buf_str(&body));
    buf_done(&body);
    api_free(a);
}

static void api_refuse(struct api *a, const struct err *err)
{
    api_fail(a, 400, err_str(err));
}

// ---- values ------------------------------------------------------------------------------------

static void put_id(struct json_writer *w, const char *key, uint64_t id)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
    json_put_key(w, str_c(key));
    json_put_str(w, str_from(text, (size_t)n));
}

static void put_str(struct json_writer *w, const char *key, str value)
{
    json_put_key(w, str_c(key));
    json_put_str(w, value);
}

static void put_time(struct api *a, const char *key, time_ns t)
{
    char text[64];
    struct buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    buf_put_time(&b, t, t == TIME_UNSET ? 0 : env_utc_offset_s(a->v->env, t), FRACTION_SHORTEST);
    put_str(&a->w, key, buf_str(&b));
}

static void put_seconds(struct json_writer *w, const char *key, dur_ns d)
{
    json_put_key(w, str_c(key));
    json_put_f64(w, dur_to_seconds(d));
}

static void put_bool(struct json_writer *w, const char *key, bool b)
{
    json_put_key(w, str_c(key));
    json_put_bool(w, b);
}

static void put_int(struct json_writer *w, const char *key, int64_t i)
{
    json_put_key(w, str_c(key));
    json_put_i64(w, i);
}

static void put_map(struct json_writer *w, const char *key, const struct yaml_str_map *m)
{
    if (m->count == 0)
        return;
    json_put_key(w, str_c(key));
    json_object_begin(w);
    for (size_t i = 0; i < m->count; i++) {
        json_put_key(w, m->items[i].key);
        json_put_str(w, m->items[i].value);
    }
    json_object_end(w);
}

static void put_headers(struct api *a, const char *key, const struct http_header *h, size_t count)
{
    if (count == 0)
        return;
    json_put_key(&a->w, str_c(key));
    json_array_begin(&a->w);
    for (size_t i = 0; i < count; i++)
        json_put_str(&a->w, arena_printf(a->x->mem, "%.*s: %.*s", STR(h[i].name), STR(h[i].value)));
    json_array_end(&a->w);
}

// ---- alerts ------------------------------------------------------------------------------------

// Rounded to float32, in as few digits as read back to it, without exponent: 12345678.9 is
// 12345679.
static void put_value(struct api *a, double value)
{
    struct buf b = {0};
    char text[32];
    float rounded = (float)value;
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)rounded);
        if (strtof(text, NULL) == rounded)
            break;
    }
    buf_put_f64(&b, isfinite(value) ? strtod(text, NULL) : value, 'f', -1);
    put_str(&a->w, "value", buf_str(&b));
    buf_done(&b);
}

static void put_alert(struct api *a, const struct group *g, const struct alerting_rule *r,
                      const struct alert *alert)
{
    struct json_writer *w = &a->w;
    struct buf source = {0};
    json_object_begin(w);
    put_str(w, "state", alert_state_str(alert->state));
    put_str(w, "name", r->rule.conf->name);
    put_value(a, alert->value);
    if (alert->labels->count) {
        json_put_key(w, S("labels"));
        json_object_begin(w);
        for (size_t i = 0; i < alert->labels->count; i++) {
            json_put_key(w, labels_name_at(alert->labels, i));
            json_put_str(w, labels_value_at(alert->labels, i));
        }
        json_object_end(w);
    }
    json_put_key(w, S("annotations"));
    json_object_begin(w);
    for (size_t i = 0; i < alert->annotation_count; i++) {
        json_put_key(w, alert->annotations[i].name);
        json_put_str(w, alert->annotations[i].value);
    }
    json_object_end(w);
    put_time(a, "activeAt", alert->active_at);
    put_id(w, "id", alert->id);
    put_id(w, "rule_id", r->rule.conf->id);
    put_id(w, "group_id", g->conf->id);
    put_str(w, "expression", r->rule.conf->expr);
    vmalert_alert_link(a->v, g, r, alert, &source);
    put_str(w, "source", buf_str(&source));
    put_bool(w, "restored", alert->is_restored);
    put_bool(w, "stabilizing", alert->keep_firing_since != TIME_UNSET);
    json_object_end(w);
    buf_done(&source);
}

// ---- rules -------------------------------------------------------------------------------------

static void put_alerts_of(struct api *a, const struct group *g, const struct alerting_rule *r)
{
    if (alerting_count(r, ALERT_FIRING) + alerting_count(r, ALERT_PENDING) == 0)
        return;
    json_put_key(&a->w, S("alerts"));
    json_array_begin(&a->w);
    map_each (const struct alert, alert, &r->alerts) {
        if (alert->state != ALERT_INACTIVE)
            put_alert(a, g, r, alert);
    }
    json_array_end(&a->w);
}

static void put_updates(struct api *a, const struct rule *r)
{
    const struct rule_update *u = rule_history_at(&r->history, 0);
    if (!u)
        return;
    json_put_key(&a->w, S("updates"));
    json_array_begin(&a->w);
    for (size_t i = 0; (u = rule_history_at(&r->history, i)) != NULL; i++) {
        json_object_begin(&a->w);
        put_time(a, "time", u->time);
        put_time(a, "at", u->at);
        put_int(&a->w, "duration", u->duration);
        json_put_key(&a->w, S("error"));
        if (u->error)
            json_put_str(&a->w, str_c(u->error));
        else
            json_put_null(&a->w);
        put_int(&a->w, "samples", u->samples);
        json_put_key(&a->w, S("series_fetched"));
        if (u->series_fetched >= 0)
            json_put_i64(&a->w, u->series_fetched);
        else
            json_put_null(&a->w);
        put_str(&a->w, "curl", str_c(u->curl));
        json_object_end(&a->w);
    }
    json_array_end(&a->w);
}

static void put_rule(struct api *a, const struct group *g, const struct any_rule *any, str state,
                     bool with_alerts, bool with_updates)
{
    struct json_writer *w = &a->w;
    const struct rule *r = any_rule_base(any);
    const struct rule_update *last = rule_history_at(&r->history, 0);
    json_object_begin(w);
    put_str(w, "state", state);
    put_str(w, "name", r->conf->name);
    put_str(w, "query", r->conf->expr);
    put_seconds(w, "duration", any->alerting ? r->conf->for_ns : 0);
    put_seconds(w, "keep_firing_for", any->alerting ? r->conf->keep_firing_for_ns : 0);
    put_map(w, "labels", &r->labels);
    if (any->alerting)
        put_map(w, "annotations", &r->conf->annotations);
    put_str(w, "lastError", r->last_error);
    put_seconds(w, "evaluationTime", last ? last->duration : 0);
    put_time(a, "lastEvaluation", last ? last->time : TIME_UNSET);
    if (any->alerting && with_alerts)
        put_alerts_of(a, g, any->alerting);
    put_str(w, "health", r->last_error.n ? S("err") : S("ok"));
    put_str(w, "type", any->alerting ? S("alerting") : S("recording"));
    put_str(w, "datasourceType", rule_type_str(g->conf->type));
    put_int(w, "lastSamples", r->last_samples);
    if (r->last_series_fetched >= 0)
        put_int(w, "lastSeriesFetched", r->last_series_fetched);
    put_id(w, "id", r->conf->id);
    put_id(w, "group_id", g->conf->id);
    put_str(w, "group_name", g->conf->name);
    put_str(w, "file", g->file);
    put_bool(w, "debug", any->alerting && r->conf->debug);
    put_int(w, "max_updates_entries", (int64_t)r->history.cap);
    if (with_updates)
        put_updates(a, r);
    json_object_end(w);
}

// ---- groups ------------------------------------------------------------------------------------

static void put_group_head(struct api *a, const struct group *g)
{
    struct json_writer *w = &a->w;
    put_seconds(w, "interval", g->conf->interval);
    put_time(a, "lastEvaluation", g->stats.last_evaluation);
    put_str(w, "type", rule_type_str(g->conf->type));
    put_id(w, "id", g->conf->id);
    put_str(w, "file", g->file);
    put_int(w, "concurrency", g->conf->concurrency);
    if (g->conf->params.count) {
        json_put_key(w, S("params"));
        json_array_begin(w);
        for (size_t i = 0; i < g->conf->params.count; i++)
            json_put_str(w, arena_printf(a->x->mem, "%.*s=%.*s", STR(g->conf->params.items[i].name),
                                         STR(g->conf->params.items[i].value)));
        json_array_end(w);
    }
    put_headers(a, "headers", g->conf->headers, g->conf->header_count);
    put_headers(a, "notifier_headers", g->conf->notifier_headers, g->conf->notifier_header_count);
    put_map(w, "labels", &g->conf->labels);
    if (g->conf->eval_offset)
        put_seconds(w, "eval_offset", g->conf->eval_offset);
    if (g->conf->eval_delay)
        put_seconds(w, "eval_delay", g->conf->eval_delay);
}

struct state_counts {
    str names[8];
    uint64_t counts[8];
    size_t count;
};

static void count_state(struct state_counts *c, str state)
{
    size_t i = 0;
    while (i < c->count && !str_eq(c->names[i], state))
        i++;
    if (i == c->count) {
        assert(i < ARRAY_LEN(c->names));
        c->names[c->count++] = state;
    }
    c->counts[i]++;
}

static void put_states(struct json_writer *w, struct state_counts *c)
{
    json_put_key(w, S("states"));
    json_object_begin(w);
    for (size_t done = 0; done < c->count; done++) { // few: sorted by repeated search
        size_t least = done;
        for (size_t i = done + 1; i < c->count; i++) {
            if (str_cmp(c->names[i], c->names[least]) < 0)
                least = i;
        }
        str name = c->names[least];
        uint64_t count = c->counts[least];
        c->names[least] = c->names[done];
        c->counts[least] = c->counts[done];
        json_put_key(w, name);
        json_put_u64(w, count);
    }
    json_object_end(w);
}

static size_t selected_rules(const struct web_filter *f, const struct group *g)
{
    size_t count = 0;
    for (size_t i = 0; i < g->rule_count; i++)
        count += web_filter_takes_rule(f, g, &g->rules[i]);
    return count;
}

static void put_group(struct api *a, const struct group *g, bool is_listed)
{
    const struct web_filter *f = &a->filter;
    struct state_counts states = {0};
    json_object_begin(&a->w);
    put_str(&a->w, "name", g->conf->name);
    json_put_key(&a->w, S("rules"));
    json_array_begin(&a->w);
    for (size_t i = 0; i < g->rule_count; i++) {
        if (is_listed && !web_filter_takes_rule(f, g, &g->rules[i]))
            continue;
        if (is_listed)
            count_state(&states, rule_extended_state(&g->rules[i]));
        put_rule(a, g, &g->rules[i], web_filter_state(f, &g->rules[i]), !f->exclude_alerts, false);
    }
    json_array_end(&a->w);
    put_group_head(a, g);
    put_states(&a->w, &states);
    json_object_end(&a->w);
}

static int compare_groups(const void *a, const void *b)
{
    const struct group *x = *(const struct group *const *)a;
    const struct group *y = *(const struct group *const *)b;
    int order = str_cmp(x->conf->name, y->conf->name);
    return order ? order : str_cmp(x->file, y->file);
}

static void put_count(struct json_writer *w, const char *key, size_t count)
{
    if (count)
        put_int(w, key, (int64_t)count);
}

void web_api_rules(struct vmalert *v, struct http_exchange *x)
{
    struct api a;
    struct err err = ERR_INIT;
    api_begin(&a, v, x);
    if (!web_filter_read(&a.filter, &a.params, x->mem, &err)) {
        api_refuse(&a, &err);
        return;
    }
    const struct web_filter *f = &a.filter;
    struct group **groups = arena_array(x->mem, struct group *, v->group_count + 1);
    size_t count = 0, rule_total = 0;
    for (size_t i = 0; i < v->group_count; i++) {
        struct group *g = v->groups[i];
        if (!web_filter_takes_group(f, g))
            continue;
        size_t rules = selected_rules(f, g);
        if (rules == 0 && g->rule_count > 0)
            continue;
        rule_total += rules;
        groups[count++] = g;
    }
    qsort(groups, count, sizeof(*groups), compare_groups);

    size_t limit = f->group_limit ? (size_t)f->group_limit : count;
    size_t pages = f->group_limit ? MAX((count + limit - 1) / limit, 1) : 0;
    if (f->page && (size_t)f->page > pages) {
        api_fail(&a, 400,
                 arena_printf(x->mem,
                              "page_num=%lld exceeds total amount of pages in "
                              "result=%zu",
                              (long long)f->page, pages));
        return;
    }
    size_t from = f->page ? (size_t)(f->page - 1) * limit : 0;
    json_object_begin(&a.w);
    put_str(&a.w, "status", S("success"));
    put_count(&a.w, "page", (size_t)f->page);
    put_count(&a.w, "total_pages", pages);
    put_count(&a.w, "total_groups", f->group_limit ? count : 0);
    put_count(&a.w, "total_rules", f->group_limit ? rule_total : 0);
    json_put_key(&a.w, S("data"));
    json_object_begin(&a.w);
    json_put_key(&a.w, S("groups"));
    json_array_begin(&a.w);
    for (size_t i = from; i < MIN(from + limit, count); i++)
        put_group(&a, groups[i], true);
    json_array_end(&a.w);
    json_object_end(&a.w);
    json_object_end(&a.w);
    api_end(&a);
}

// ---- alerts ------------------------------------------------------------------------------------

struct listed_alert {
    const struct group *group;
    const struct alerting_rule *rule;
    const struct alert *alert;
    char id[24];
};

static int compare_alerts(const void *a, const void *b)
{
    return strcmp(((const struct listed_alert *)a)->id, ((const struct listed_alert *)b)->id);
}

static size_t list_alerts(const struct api *a, struct listed_alert *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < a->v->group_count; i++) {
        const struct group *g = a->v->groups[i];
        for (size_t j = 0; j < g->rule_count && web_filter_takes_group(&a->filter, g); j++) {
            if (!g->rules[j].alerting)
                continue;
            map_each (const struct alert, alert, &g->rules[j].alerting->alerts) {
                if (alert->state == ALERT_INACTIVE || !web_filter_takes_alert(&a->filter, alert))
                    continue;
                if (ret) {
                    ret[count] = (struct listed_alert){g, g->rules[j].alerting, alert, ""};
                    snprintf(ret[count].id, sizeof(ret->id), "%llu", (unsigned long long)alert->id);
                }
                count++;
            }
        }
    }
    return count;
}

void web_api_alerts(struct vmalert *v, struct http_exchange *x)
{
    struct api a;
    struct err err = ERR_INIT;
    api_begin(&a, v, x);
    if (!web_filter_read_common(&a.filter, &a.params, x->mem, &err)) {
        api_refuse(&a, &err);
        return;
    }
    size_t count = list_alerts(&a, NULL);
    struct listed_alert *alerts = arena_array(x->mem, struct listed_alert, count + 1);
    list_alerts(&a, alerts);
    qsort(alerts, count, sizeof(*alerts), compare_alerts);
    json_object_begin(&a.w);
    put_str(&a.w, "status", S("success"));
    json_put_key(&a.w, S("data"));
    json_object_begin(&a.w);
    json_put_key(&a.w, S("alerts"));
    json_array_begin(&a.w);
    for (size_t i = 0; i < count; i++)
        put_alert(&a, alerts[i].group, alerts[i].rule, alerts[i].alert);
    json_array_end(&a.w);
    json_object_end(&a.w);
    json_object_end(&a.w);
    api_end(&a);
}

// ---- single objects ----------------------------------------------------------------------------

static bool read_id(struct api *a, const char *name, uint64_t *ret)
{
    str text = url_param_first(&a->params, str_c(name), NULL);
    if (str_to_u64(text, ret))
        return true;
    api_fail(a, 400,
             arena_printf(a->x->mem,
                          "failed to read \"%s\" param: strconv.ParseUint: parsing \"%.*s\": "
                          "invalid syntax",
                          name, STR(text)));
    return false;
}

static struct group *read_group(struct api *a)
{
    uint64_t id;
    if (!read_id(a, "group_id", &id))
        return NULL;
    struct group *g = vmalert_find_group(a->v, id);
    if (!g)
        api_fail(a, 404,
                 arena_printf(a->x->mem, "can't find group with id %llu", (unsigned long long)id));
    return g;
}

void web_api_group(struct vmalert *v, struct http_exchange *x)
{
    struct api a;
    api_begin(&a, v, x);
    const struct group *g = read_group(&a);
    if (!g)
        return;
    put_group(&a, g, false);
    api_end(&a);
}

void web_api_rule(struct vmalert *v, struct http_exchange *x)
{
    struct api a;
    uint64_t id;
    api_begin(&a, v, x);
    const struct group *g = read_group(&a);
    if (!g || !read_id(&a, "rule_id", &id))
        return;
    for (size_t i = 0; i < g->rule_count; i++) {
        if (any_rule_base(&g->rules[i])->conf->id != id)
            continue;
        put_rule(&a, g, &g->rules[i], rule_state(&g->rules[i]), true, true);
        api_end(&a);
        return;
    }
    api_fail(&a, 404,
             arena_printf(x->mem, "can't find rule with id %llu in group \"%.*s\"",
                          (unsigned long long)id, STR(g->conf->name)));
}

void web_api_alert(struct vmalert *v, struct http_exchange *x)
{
    struct api a;
    uint64_t id;
    api_begin(&a, v, x);
    const struct group *g = read_group(&a);
    if (!g || !read_id(&a, "alert_id", &id))
        return;
    for (size_t i = 0; i < g->rule_count; i++) {
        const struct alerting_rule *r = g->rules[i].alerting;
        const struct alert *alert = r ? alerting_find(r, id) : NULL;
        if (!alert || alert->state == ALERT_INACTIVE)
            continue;
        put_alert(&a, g, r, alert);
        api_end(&a);
        return;
    }
    api_fail(&a, 404,
             arena_printf(x->mem, "can't find alert with id %llu in group \"%.*s\"",
                          (unsigned long long)id, STR(g->conf->name)));
}

// ---- notifiers ---------------------------------------------------------------------------------

static void put_notifier(struct api *a, const struct notifier *n)
{
    json_object_begin(&a->w);
    put_str(&a->w, "address", n->shown);
    json_put_key(&a->w, S("labels"));
    if (n->opt.labels) {
        json_object_begin(&a->w);
        for (size_t i = 0; i < n->opt.label_count; i++) {
            json_put_key(&a->w, n->opt.labels[i].name);
            json_put_str(&a->w, n->opt.labels[i].value);
        }
        json_object_end(&a->w);
    } else {
        json_put_null(&a->w);
    }
    put_str(&a->w, "lastError", str_c(n->last_error));
    json_object_end(&a->w);
}

static void put_notifiers(struct api *a, const struct vmalert *v, enum notifier_kind kind)
{
    bool is_first = true;
    for (size_t i = 0; i < notifiers_count(v->notifiers); i++) {
        const struct notifier *n = notifiers_at(v->notifiers, i);
        if (n->opt.kind != kind)
            continue;
        if (is_first) {
            json_object_begin(&a->w);
            put_str(&a->w, "kind", str_c(NOTIFIER_KIND_NAMES[kind]));
            json_put_key(&a->w, S("targets"));
            json_array_begin(&a->w);
        }
        is_first = false;
        put_notifier(a, n);
    }
    if (!is_first) {
        json_array_end(&a->w);
        json_object_end(&a->w);
    }
}

void web_api_notifiers(struct vmalert *v, struct http_exchange *x)
{
    struct api a;
    api_begin(&a, v, x);
    json_object_begin(&a.w);
    put_str(&a.w, "status", S("success"));
    json_put_key(&a.w, S("data"));
    json_object_begin(&a.w);
    json_put_key(&a.w, S("notifiers"));
    json_array_begin(&a.w);
    for (size_t i = 0; v->notifiers && i < NOTIFIER_KINDS; i++)
        put_notifiers(&a, v, (enum notifier_kind)i);
    json_array_end(&a.w);
    json_object_end(&a.w);
    json_object_end(&a.w);
    api_end(&a);
}
