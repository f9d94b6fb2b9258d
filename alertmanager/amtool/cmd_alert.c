// SPDX-License-Identifier: Apache-2.0
// amtool alert query, alert add.
#include "alertmanager/amtool/args.h"
#include "alertmanager/amtool/client.h"
#include "alertmanager/amtool/output.h"

#define FIXED_PARAMS 5

static void add_param(struct url_params *p, const char *name, str value)
{
    p->items[p->count++] = (struct url_param){str_c(name), value};
}

static str bool_text(bool b)
{
    return b ? S("true") : S("false");
}

// The states are always sent; the filters go as they were written, for the server to parse.
static struct url_params query_params(struct amtool *t)
{
    struct url_params p = {
        .items = arena_array(&t->mem, struct url_param, t->args.count + FIXED_PARAMS)};
    bool has_state =
        t->alerts.active || t->alerts.silenced || t->alerts.inhibited || t->alerts.unprocessed;
    add_param(&p, "active", bool_text(t->alerts.active || !has_state));
    add_param(&p, "inhibited", bool_text(t->alerts.inhibited));
    add_param(&p, "silenced", bool_text(t->alerts.silenced));
    add_param(&p, "unprocessed", bool_text(t->alerts.unprocessed));
    if (t->alerts.receiver.n)
        add_param(&p, "receiver", t->alerts.receiver);
    for (size_t i = 0; i < t->args.count; i++)
        add_param(&p, "filter", t->args.items[i]);
    return p;
}

bool cmd_alert_query(struct amtool *t, struct err *err)
{
    struct client client;
    args_complete_first(t, &t->args);
    struct client_call call = {.op = CLIENT_GET_ALERTS, .query = query_params(t)};
    if (!client_open(&client, t, err) || !client_do(&client, &call, err))
        return false;
    struct output o = output_of(t);
    struct json_list alerts = json_list_of(call.value, &t->mem);
    output_alerts(&t->out, &o, &alerts);
    return true;
}

// ---- add ---------------------------------------------------------------------------------------

static void put_labels(struct json_writer *w, const char *name, const struct label_array *labels)
{
    json_put_key(w, str_c(name));
    json_object_begin(w);
    for (size_t i = 0; i < labels->count; i++) {
        json_put_key(w, labels->items[i].name);
        json_put_str(w, labels->items[i].value);
    }
    json_object_end(w);
}

// A time that was not given is year 1: the server takes it as unset.
static bool read_time(str text, struct gotime *ret, struct err *err)
{
    *ret = gotime_zero();
    return text.n == 0 || args_time(text, ret, err);
}

static str alert_body(struct amtool *t, const struct label_array *labels,
                      const struct label_array *annotations, const struct span *span)
{
    struct buf body = {.mem = &t->mem};
    struct json_writer w = {.out = &body};
    json_array_begin(&w);
    json_object_begin(&w);
    if (annotations->count)
        put_labels(&w, "annotations", annotations);
    json_put_key(&w, S("endsAt"));
    model_put_time(&w, span->end);
    json_put_key(&w, S("startsAt"));
    model_put_time(&w, span->start);
    if (t->alert.generator_url.n) {
        json_put_key(&w, S("generatorURL"));
        json_put_str(&w, t->alert.generator_url);
    }
    put_labels(&w, "labels", labels);
    json_object_end(&w);
    json_array_end(&w);
    return buf_str(&body);
}

bool cmd_alert_add(struct amtool *t, struct err *err)
{
    struct client client;
    struct label_array labels, annotations;
    struct span span;
    args_complete_first(t, &t->args);
    if (!args_labels(t, &t->args, ARGS_LABELS_COMPLAINT, &labels, err) ||
        !args_labels(t, &t->alert.annotations, ARGS_ANNOTATIONS_COMPLAINT, &annotations, err) ||
        !read_time(t->alert.start, &span.start, err) || !read_time(t->alert.end, &span.end, err))
        return false;
    struct client_call call = {.op = CLIENT_POST_ALERTS,
                               .body = alert_body(t, &labels, &annotations, &span)};
    return client_open(&client, t, err) && client_do(&client, &call, err);
}
