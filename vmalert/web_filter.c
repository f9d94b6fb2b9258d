// SPDX-License-Identifier: Apache-2.0
#include "vmalert/web_filter.h"

// ---- parameters --------------------------------------------------------------------------------

static str first_of(const struct web_filter *f, const char *name)
{
    return f->params ? url_param_first(f->params, str_c(name), NULL) : (str){0};
}

// Does any value of a repeatable parameter equal the text? Without values everything passes.
static bool passes(const struct web_filter *f, const char *name, str text)
{
    bool is_set = false;
    for (size_t i = 0; f->params && i < f->params->count; i++) {
        const struct url_param *p = &f->params->items[i];
        if (!str_eq(p->name, str_c(name)) || p->value.n == 0)
            continue;
        is_set = true;
        if (str_eq(p->value, text))
            return true;
    }
    return !is_set;
}

static bool read_bool(const struct web_filter *f, const char *name)
{
    str value = first_of(f, name);
    static const char *const FALSE_WORDS[] = {"", "0", "f", "false", "no"};
    for (size_t i = 0; i < ARRAY_LEN(FALSE_WORDS); i++) {
        if (str_eq_nocase(value, str_c(FALSE_WORDS[i])))
            return false;
    }
    return true;
}

static bool read_positive(const struct web_filter *f, const char *name, int64_t *ret,
                          struct err *err)
{
    str text = first_of(f, name);
    if (text.n == 0 || (str_to_i64(text, ret) && *ret > 0))
        return true;
    return err_set(err, ERR_INVALID, "\"%s\" is expected to be a positive number, found \"%.*s\"",
                   name, STR(text));
}

static bool refuse(const char *name, str value, struct err *err)
{
    return err_set(err, ERR_INVALID, "invalid parameter \"%s\": not supported value \"%.*s\"", name,
                   STR(value));
}

static bool read_matches(struct web_filter *f, struct arena *mem, struct err *err)
{
    f->matches = arena_array(mem, struct selector, f->params->count + 1);
    for (size_t i = 0; i < f->params->count; i++) {
        const struct url_param *p = &f->params->items[i];
        if (!str_eq(p->name, S("match[]")))
            continue;
        struct selector *to = &f->matches[f->match_count];
        bool ok = selector_parse(p->value, mem, to, err) &&
                  (to->count || err_set(err, ERR_SYNTAX, "labelFilterss cannot be empty"));
        if (!ok)
            return err_wrap(err, "invalid parameter \"match[]\": failed to parse \"%.*s\"",
                            STR(p->value));
        f->match_count++;
    }
    return true;
}

static bool add_states(struct web_filter *f, str list, struct err *err)
{
    static const char *const KNOWN[][2] = {
        {"ok", "ok"},           {"nomatch", "nomatch"}, {"inactive", "inactive"},
        {"firing", "firing"},   {"pending", "pending"}, {"unhealthy", "unhealthy"},
        {"noData", "nomatch"},  {"normal", "inactive"}, {"error", "unhealthy"},
        {"recovering", "none"},
    };
    while (list.n) {
        str one;
        str_cut(list, ',', &one, &list);
        size_t i = 0;
        while (i < ARRAY_LEN(KNOWN) && !str_eq(one, str_c(KNOWN[i][0])))
            i++;
        if (i == ARRAY_LEN(KNOWN))
            return err_set(err, ERR_INVALID,
                           "invalid parameter \"state\": contains not supported value \"%.*s\"",
                           STR(one));
        if (f->state_count < WEB_FILTER_STATES_MAX)
            f->states[f->state_count++] = str_c(KNOWN[i][1]);
    }
    return true;
}

static bool read_states(struct web_filter *f, struct err *err)
{
    bool has_state;
    url_param_first(f->params, S("state"), &has_state);
    str name = has_state ? S("state") : S("filter");
    for (size_t i = 0; i < f->params->count; i++) {
        const struct url_param *p = &f->params->items[i];
        if (str_eq(p->name, name) && !add_states(f, p->value, err))
            return false;
    }
    return true;
}

bool web_filter_read_common(struct web_filter *f, const struct url_params *params,
                            struct arena *mem, struct err *err)
{
    enum rule_type type;
    *f = (struct web_filter){.params = params};
    str source = first_of(f, "datasource_type");
    if (source.n && !rule_type_parse(source, &type))
        return refuse("datasource_type", source, err);
    return read_matches(f, mem, err);
}

bool web_filter_read(struct web_filter *f, const struct url_params *params, struct arena *mem,
                     struct err *err)
{
    if (!web_filter_read_common(f, params, mem, err))
        return false;
    f->type = first_of(f, "type");
    if (f->type.n && !str_eq(f->type, S("alert")) && !str_eq(f->type, S("record")))
        return refuse("type", f->type, err);
    if (!read_states(f, err))
        return false;
    f->search = first_of(f, "search");
    f->exclude_alerts = read_bool(f, "exclude_alerts");
    f->extended_states = read_bool(f, "extended_states") || f->state_count > 0;
    if (!read_positive(f, "group_limit", &f->group_limit, err) ||
        !read_positive(f, "page_num", &f->page, err))
        return false;
    if (f->page && !f->group_limit)
        return err_set(err, ERR_INVALID,
                       "\"group_limit\" needs to be present in order to paginate over the groups");
    return true;
}

void web_filter_done(struct web_filter *f)
{
    for (size_t i = 0; i < f->match_count; i++)
        selector_done(&f->matches[i]);
    f->match_count = 0;
}

// ---- states ------------------------------------------------------------------------------------

str rule_state(const struct any_rule *any)
{
    if (any->recording)
        return (str){0};
    if (alerting_count(any->alerting, ALERT_FIRING))
        return S("firing");
    return alerting_count(any->alerting, ALERT_PENDING) ? S("pending") : S("inactive");
}

str rule_extended_state(const struct any_rule *any)
{
    const struct rule *r = any_rule_base(any);
    str state = rule_state(any);
    if (str_eq(state, S("firing")) || str_eq(state, S("pending")))
        return state;
    if (r->last_error.n)
        return S("unhealthy");
    if (r->last_samples == 0 && r->last_series_fetched == 0)
        return S("nomatch");
    return any->recording ? S("ok") : state;
}

str web_filter_state(const struct web_filter *f, const struct any_rule *any)
{
    return f->extended_states ? rule_extended_state(any) : rule_state(any);
}

// ---- selection ---------------------------------------------------------------------------------

static bool matches(const struct web_filter *f, selector_value_fn *value, const void *labels)
{
    for (size_t i = 0; i < f->match_count; i++) {
        if (selector_matches(&f->matches[i], value, labels))
            return true;
    }
    return f->match_count == 0;
}

static str alert_label(const void *labels, str name)
{
    return labels_value(labels, name, NULL);
}

static str rule_label(const void *labels, str name)
{
    const struct yaml_str_map *m = labels;
    for (size_t i = 0; i < m->count; i++) {
        if (str_eq(m->items[i].key, name))
            return m->items[i].value;
    }
    return (str){0};
}

static bool contains_nocase(str text, str part)
{
    defer(buf_done) struct buf a = {0}, b = {0};
    buf_put_lower(&a, text);
    buf_put_lower(&b, part);
    return str_find_str(buf_str(&a), buf_str(&b)) != STR_NONE;
}

bool web_filter_takes_group(const struct web_filter *f, const struct group *g)
{
    return passes(f, "rule_group[]", g->conf->name) && passes(f, "file[]", g->file) &&
           passes(f, "datasource_type", rule_type_str(g->conf->type));
}

bool web_filter_takes_rule(const struct web_filter *f, const struct group *g,
                           const struct any_rule *any)
{
    const struct rule *r = any_rule_base(any);
    if (f->search.n && !contains_nocase(g->conf->name, f->search) &&
        !contains_nocase(g->file, f->search) && !contains_nocase(r->conf->name, f->search))
        return false;
    if (f->type.n && str_eq(f->type, S("alert")) != (any->alerting != NULL))
        return false;
    if (!passes(f, "rule_name[]", r->conf->name) || !matches(f, rule_label, &r->labels))
        return false;
    str state = web_filter_state(f, any);
    bool has_state = f->state_count == 0;
    for (size_t i = 0; i < f->state_count; i++)
        has_state |= str_eq(f->states[i], state);
    return has_state;
}

bool web_filter_takes_alert(const struct web_filter *f, const struct alert *a)
{
    return matches(f, alert_label, a->labels);
}
