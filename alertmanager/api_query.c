// SPDX-License-Identifier: Apache-2.0
// What lists are asked for: parameters, and whether an alert or a receiver fits them.
#include "alertmanager/api.h"

// Any other text than these is false, and never an error.
bool api_param_bool(const struct url_params *p, str name, bool fallback)
{
    static const char *const yes[] = {"true", "1",        "yes",     "ok", "y",
                                      "on",   "selected", "checked", "t",  "enabled"};
    str text = url_param_last(p, name, NULL);
    if (text.n == 0)
        return fallback;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (str_eq_nocase(text, str_c(yes[i])))
            return true;
    }
    return false;
}

static size_t param_count(const struct url_params *p, str name)
{
    size_t count = 0;
    for (size_t i = 0; i < p->count; i++)
        count += str_eq(p->items[i].name, name);
    return count;
}

bool api_param_matchers(struct am *am, const struct url_params *p, str name, struct arena *mem,
                        struct matchers *ret, struct err *err)
{
    struct matcher_parser parser = {
        .mode = am_matcher_mode(&am->opt), .log = &am->api->log, .origin = "api"};
    size_t count = param_count(p, name);
    *ret = (struct matchers){0};
    if (count > API_MATCHERS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d matchers", API_MATCHERS_MAX);
    ret->items = arena_array(mem, struct matcher, count + 1);
    for (size_t i = 0; i < p->count; i++) {
        if (!str_eq(p->items[i].name, name))
            continue;
        if (!matcher_parse(&parser, p->items[i].value, mem, &ret->items[ret->count], err)) {
            matchers_done(ret);
            *ret = (struct matchers){0};
            return false;
        }
        ret->count++;
    }
    return true;
}

static bool read_query(struct am *am, struct api_query *q, struct err *err)
{
    const struct url_params *p = &q->params;
    q->active = api_param_bool(p, S("active"), true);
    q->silenced = api_param_bool(p, S("silenced"), true);
    q->inhibited = api_param_bool(p, S("inhibited"), true);
    q->muted = api_param_bool(p, S("muted"), true);
    if (!api_param_matchers(am, p, S("filter"), &q->mem, &q->filter, err))
        return false;
    str receiver = url_param_last(p, S("receiver"), NULL);
    if (receiver.n) {
        q->receiver = regex_new(receiver, REGEX_WHOLE, err);
        if (!q->receiver)
            return err_wrap(err, "failed to parse receiver param");
    }
    return api_param_matchers(am, p, S("receiver_matchers"), &q->mem, &q->receiver_matchers, err) ||
           err_wrap(err, "failed to parse receiver_matchers param");
}

bool api_query_read(struct web_request *r, struct api_query *q)
{
    struct err err = ERR_INIT;
    *q = (struct api_query){0};
    url_params_parse(r->x->query, &q->mem, &q->params);
    if (read_query(r->am, q, &err))
        return true;
    log_debug(&r->am->api->log, "Failed to parse parameters", LOG_STR("path", r->path),
              LOG_STR("method", r->x->method), LOG_ERR(&err));
    api_query_done(q);
    api_reply_text(r, 400, err_str(&err));
    return false;
}

void api_query_done(struct api_query *q)
{
    matchers_done(&q->filter);
    matchers_done(&q->receiver_matchers);
    regex_free(q->receiver);
    arena_done(&q->mem);
}

bool api_query_is_plain(const struct api_query *q)
{
    return q->filter.count == 0 && q->receiver_matchers.count == 0 && !q->receiver && q->active &&
           q->silenced && q->inhibited && q->muted;
}

bool api_receiver_matches(const struct matchers *m, const struct config_receiver *receiver)
{
    const struct yaml_str_map *labels = &receiver->labels;
    for (size_t i = 0; i < m->count; i++) {
        size_t at = 0;
        while (at < labels->count && !str_eq(labels->items[at].key, m->items[i].name))
            at++;
        bool has = at < labels->count;
        if (!matcher_matches_filter(&m->items[i], has ? labels->items[at].value : S(""), has))
            return false;
    }
    return true;
}

bool api_query_has_receiver(const struct api_query *q, const struct config_receiver *receiver)
{
    return (!q->receiver || regex_matches(q->receiver, receiver->name)) &&
           api_receiver_matches(&q->receiver_matchers, receiver);
}

bool api_query_has_labels(const struct api_query *q, const struct labels *labels)
{
    for (size_t i = 0; i < q->filter.count; i++) {
        bool has;
        str value = labels_value(labels, q->filter.items[i].name, &has);
        if (!matcher_matches_filter(&q->filter.items[i], value, has))
            return false;
    }
    return true;
}

bool api_query_has_status(const struct api_query *q, const struct api_alert_status *s)
{
    bool is_silenced = s->silenced_by.count > 0, is_inhibited = s->inhibited_by != NULL;
    if (is_silenced && !q->silenced)
        return false;
    if (is_inhibited && !q->inhibited)
        return false;
    return q->active || is_silenced || is_inhibited;
}
