// SPDX-License-Identifier: Apache-2.0
#include "vmalert/web_json.h"

#include <math.h>

#include "base/text/gofmt.h"

// ---- values ------------------------------------------------------------------------------------

void api_put_id(struct json_writer *w, const char *key, uint64_t id)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
    json_put_key(w, str_c(key));
    json_put_str(w, str_from(text, (size_t)n));
}

static void put_time(struct api *a, const char *key, time_ns t)
{
    char text[64];
    struct buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    buf_put_time(&b, t, t == TIME_UNSET ? 0 : env_utc_offset_s(a->v->env, t), FRACTION_SHORTEST);
    json_put_member(&a->w, key, buf_str(&b));
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
    json_put_member(&a->w, "value", buf_str(&b));
    buf_done(&b);
}

void api_put_alert(struct api *a, const struct group *g, const struct alerting_rule *r,
                   const struct alert *alert)
{
    struct json_writer *w = &a->w;
    struct buf source = {0};
    json_object_begin(w);
    json_put_member(w, "state", alert_state_str(alert->state));
    json_put_member(w, "name", r->rule.conf->name);
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
    api_put_id(w, "id", alert->id);
    api_put_id(w, "rule_id", r->rule.conf->id);
    api_put_id(w, "group_id", g->conf->id);
    json_put_member(w, "expression", r->rule.conf->expr);
    vmalert_alert_link(a->v, g, r, alert, &source);
    json_put_member(w, "source", buf_str(&source));
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
            api_put_alert(a, g, r, alert);
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
        json_put_member(&a->w, "curl", str_c(u->curl));
        json_object_end(&a->w);
    }
    json_array_end(&a->w);
}

void api_put_rule(struct api *a, const struct group *g, const struct any_rule *any, str state,
                  bool with_alerts, bool with_updates)
{
    struct json_writer *w = &a->w;
    const struct rule *r = any_rule_base(any);
    const struct rule_update *last = rule_history_at(&r->history, 0);
    json_object_begin(w);
    json_put_member(w, "state", state);
    json_put_member(w, "name", r->conf->name);
    json_put_member(w, "query", r->conf->expr);
    put_seconds(w, "duration", any->alerting ? r->conf->for_ns : 0);
    put_seconds(w, "keep_firing_for", any->alerting ? r->conf->keep_firing_for_ns : 0);
    put_map(w, "labels", &r->labels);
    if (any->alerting)
        put_map(w, "annotations", &r->conf->annotations);
    json_put_member(w, "lastError", r->last_error);
    put_seconds(w, "evaluationTime", last ? last->duration : 0);
    put_time(a, "lastEvaluation", last ? last->time : TIME_UNSET);
    if (any->alerting && with_alerts)
        put_alerts_of(a, g, any->alerting);
    json_put_member(w, "health", r->last_error.n ? S("err") : S("ok"));
    json_put_member(w, "type", any->alerting ? S("alerting") : S("recording"));
    json_put_member(w, "datasourceType", rule_type_str(g->conf->type));
    put_int(w, "lastSamples", r->last_samples);
    if (r->last_series_fetched >= 0)
        put_int(w, "lastSeriesFetched", r->last_series_fetched);
    api_put_id(w, "id", r->conf->id);
    api_put_id(w, "group_id", g->conf->id);
    json_put_member(w, "group_name", g->conf->name);
    json_put_member(w, "file", g->file);
    put_bool(w, "debug", any->alerting && r->conf->debug);
    put_int(w, "max_updates_entries", (int64_t)r->history.cap);
    if (with_updates)
        put_updates(a, r);
    json_object_end(w);
}

// ---- groups ------------------------------------------------------------------------------------

void api_put_group_head(struct api *a, const struct group *g)
{
    struct json_writer *w = &a->w;
    put_seconds(w, "interval", g->conf->interval);
    put_time(a, "lastEvaluation", g->stats.last_evaluation);
    json_put_member(w, "type", rule_type_str(g->conf->type));
    api_put_id(w, "id", g->conf->id);
    json_put_member(w, "file", g->file);
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
