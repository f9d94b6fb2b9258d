// SPDX-License-Identifier: Apache-2.0
// spec: vmalert HTTP §2–§6.
#include "vmalert/web_api.h"

#include "base/text/unicode.h"
#include "vmalert/web_json.h"

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
    json_put_member(&a->w, "name", g->conf->name);
    json_put_key(&a->w, S("rules"));
    json_array_begin(&a->w);
    for (size_t i = 0; i < g->rule_count; i++) {
        if (is_listed && !web_filter_takes_rule(f, g, &g->rules[i]))
            continue;
        if (is_listed)
            count_state(&states, rule_extended_state(&g->rules[i]));
        api_put_rule(a, g, &g->rules[i], web_filter_state(f, &g->rules[i]), !f->exclude_alerts,
                     false);
    }
    json_array_end(&a->w);
    api_put_group_head(a, g);
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
    if (count == 0)
        return;
    json_put_key(w, str_c(key));
    json_put_u64(w, count);
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
    json_put_member(&a.w, "status", S("success"));
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
    json_put_member(&a.w, "status", S("success"));
    json_put_key(&a.w, S("data"));
    json_object_begin(&a.w);
    json_put_key(&a.w, S("alerts"));
    json_array_begin(&a.w);
    for (size_t i = 0; i < count; i++)
        api_put_alert(&a, alerts[i].group, alerts[i].rule, alerts[i].alert);
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
        api_put_rule(&a, g, &g->rules[i], rule_state(&g->rules[i]), true, true);
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
        api_put_alert(&a, g, r, alert);
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
    json_put_member(&a->w, "address", n->shown);
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
    json_put_member(&a->w, "lastError", str_c(n->last_error));
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
            json_put_member(&a->w, "kind", str_c(NOTIFIER_KIND_NAMES[kind]));
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
    json_put_member(&a.w, "status", S("success"));
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
