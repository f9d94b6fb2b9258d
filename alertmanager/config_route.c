// SPDX-License-Identifier: Apache-2.0
// Routes and inhibit rules as they are written: reading, checking, printing.
#include "alertmanager/config_int.h"
#include "alertmanager/field_check.h"

// ---- matchers ----------------------------------------------------------------------------------

static bool append_matchers(struct config_loader *l, struct matchers *to,
                            const struct matchers *more)
{
    struct matcher *items = arena_array(l->mem, struct matcher, to->count + more->count);
    if (to->count)
        memcpy(items, to->items, to->count * sizeof(*items));
    if (more->count)
        memcpy(items + to->count, more->items, more->count * sizeof(*items));
    *to = (struct matchers){items, to->count + more->count};
    return true;
}

// A list of texts, each with any number of matchers.
static bool bind_matchers(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct config_loader *l = loader_of(b);
    struct matchers_conf *conf = to;
    if (node->kind != YAML_SEQUENCE)
        return yaml_problem_type(b, node, "[]string");
    *conf = (struct matchers_conf){.is_given = true};
    bool is_complete = true;
    yaml_each (i, node) {
        str text;
        if (!yaml_to_str(node->items[i], &text)) {
            is_complete = yaml_problem_type(b, node->items[i], "string");
            continue;
        }
        struct matchers parsed = {0};
        struct err err = ERR_INIT;
        if (!is_complete)
            continue;
        if (!matchers_parse(&l->parser, text, l->mem, &parsed, &err))
            return yaml_fail_err(b, &err);
        config_own_matchers(l, parsed);
        append_matchers(l, &conf->parsed, &parsed);
    }
    matchers_sort(&conf->parsed);
    return is_complete;
}

static void print_matchers(struct yaml_printer *p, const void *from)
{
    const struct matchers_conf *conf = from;
    yaml_put_seq_begin(p, conf->parsed.count);
    for (size_t i = 0; i < conf->parsed.count; i++) {
        defer(buf_done) struct buf text = {0};
        buf_put_matcher(&text, &conf->parsed.items[i]);
        yaml_put_str(p, buf_str(&text));
    }
    yaml_put_seq_end(p);
}

static bool is_without_matchers(const void *from)
{
    return ((const struct matchers_conf *)from)->parsed.count == 0;
}

// Names in these deprecated maps must be of the old kind.
static bool check_names(struct yaml_binder *b, const struct yaml_str_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        if (!label_name_is_valid(NAME_CLASSIC, map->items[i].key))
            return yaml_fail(b, "invalid label name %.*s", STR(quoted(b->mem, map->items[i].key)));
    }
    return true;
}

static bool bind_regex_map(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct yaml_str_map *map = to;
    if (node->kind != YAML_MAPPING)
        return yaml_problem_type(b, node, "map[string]config.Regexp");
    *map = (struct yaml_str_map){arena_array(b->mem, struct yaml_str_pair, node->count), 0};
    yaml_each (i, node) {
        const struct yaml_member *m = &node->members[i];
        struct yaml_str_pair *pair = &map->items[map->count];
        if (!yaml_to_str(m->key, &pair->key))
            return yaml_problem_type(b, m->key, "string");
        if (m->is_repeated) {
            yaml_problem(b, m->value, "key %.*s already set in map",
                         STR(quoted(b->mem, pair->key)));
            continue;
        }
        if (m->value->kind == YAML_NULL)
            return yaml_fail(b, "invalid regexp value for %.*s", STR(quoted(b->mem, pair->key)));
        if (yaml_bind_regex(b, m->value, &pair->value))
            map->count++;
        else if (b->error.code != ERR_NONE)
            return false;
    }
    yaml_str_map_sort(map);
    return check_names(b, map);
}

static void print_str_map(struct yaml_printer *p, const void *from)
{
    yaml_put_str_map(p, from);
}

static bool is_empty_map(const void *from)
{
    return ((const struct yaml_str_map *)from)->count == 0;
}

// The effective pattern of the old form is anchored twice: once in its text, as keys of groups show
// it, and once where it is compiled.
static bool add_old_form(struct yaml_binder *b, struct matchers *to,
                         const struct yaml_str_map *equal, const struct yaml_str_map *regex)
{
    struct config_loader *l = loader_of(b);
    struct matchers made = {arena_array(l->mem, struct matcher, equal->count + regex->count), 0};
    struct err err = ERR_INIT;
    bool ok = true;
    for (size_t i = 0; ok && i < equal->count; i++)
        ok = matcher_init(&made.items[made.count++], MATCH_EQ, equal->items[i].key,
                          equal->items[i].value, l->mem, &err);
    for (size_t i = 0; ok && i < regex->count; i++) {
        str anchored = arena_printf(l->mem, "^(?:%.*s)$", STR(regex->items[i].value));
        ok = matcher_init(&made.items[made.count++], MATCH_RE, regex->items[i].key, anchored,
                          l->mem, &err);
    }
    made.count -= !ok;
    config_own_matchers(l, made);
    return ok ? append_matchers(l, to, &made) : yaml_fail_err(b, &err);
}

// ---- routes ------------------------------------------------------------------------------------

static bool bind_opt_dur(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct opt_dur *d = to;
    d->is_set = yaml_bind_dur_prometheus(b, node, &d->value);
    return d->is_set;
}

static void print_opt_dur(struct yaml_printer *p, const void *from)
{
    yaml_print_dur_prometheus(p, &((const struct opt_dur *)from)->value);
}

static bool is_unset_dur(const void *from)
{
    return !((const struct opt_dur *)from)->is_set;
}

static bool check_group_by(struct yaml_binder *b, struct config_route *r)
{
    enum name_mode mode = loader_of(b)->names;
    for (size_t i = 0; i < r->group_by.count; i++) {
        str name = r->group_by.items[i];
        if (str_eq(name, S("...")))
            r->is_grouped_by_all = true;
        else if (!label_name_is_valid(mode, name))
            return yaml_fail(b, "invalid label name %.*s in group_by list",
                             STR(quoted(b->mem, name)));
    }
    for (size_t i = 0; r->is_grouped_by_all && i < r->group_by.count; i++) {
        if (!str_eq(r->group_by.items[i], S("...")))
            return yaml_fail(b, "cannot have wildcard group_by (`...`) and other labels at the "
                                "same time");
    }
    for (size_t i = 0; !r->is_grouped_by_all && i < r->group_by.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (str_eq(r->group_by.items[i], r->group_by.items[j]))
                return yaml_fail(b, "duplicated label %.*s in group_by",
                                 STR(quoted(b->mem, r->group_by.items[i])));
        }
    }
    return true;
}

static bool check_route_labels(struct yaml_binder *b, const struct config_route *r)
{
    for (size_t i = 0; i < r->labels.count; i++) {
        str name = r->labels.items[i].key;
        if (!label_name_is_valid(NAME_UTF8, name))
            return yaml_fail(b, "%.*s is not a valid label name", STR(quoted(b->mem, name)));
        if (!label_name_is_valid(loader_of(b)->names, name))
            return yaml_fail(b, "invalid label name %.*s in route labels",
                             STR(quoted(b->mem, name)));
    }
    return true;
}

static bool check_route(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct config_route *r = to;
    if (!check_names(b, &r->match) || !check_group_by(b, r))
        return false;
    if (r->group_interval.is_set && r->group_interval.value == 0)
        return yaml_fail(b, "group_interval cannot be zero");
    if (r->repeat_interval.is_set && r->repeat_interval.value == 0)
        return yaml_fail(b, "repeat_interval cannot be zero");
    if (!check_route_labels(b, r))
        return false;
    for (size_t i = 0; i < r->routes.count; i++) {
        if (!YAML_PTR_LIST_AT(&r->routes, struct config_route, i))
            return yaml_fail(b, "missing route in routes list");
    }
    if (!add_old_form(b, &r->all, &r->match, &r->match_re))
        return false;
    append_matchers(loader_of(b), &r->all, &r->matchers.parsed);
    matchers_sort(&r->all);
    return true;
}

#define OMIT    .is_omitted_when_empty = true
#define OPT_DUR .bind = bind_opt_dur, .print = print_opt_dur, .is_empty = is_unset_dur, OMIT
#define MATCHERS                                                                                   \
    .bind = bind_matchers, .print = print_matchers, .is_empty = is_without_matchers, OMIT
#define REGEX_MAP .bind = bind_regex_map, .print = print_str_map, .is_empty = is_empty_map, OMIT

static const struct yaml_field ROUTE_FIELDS[] = {
    YAML_FIELD(struct config_route, receiver, "receiver", YAML_T_STR, OMIT),
    YAML_FIELD(struct config_route, group_by, "group_by", YAML_T_STRS,
               YAML_SEEN(struct config_route, has_group_by), OMIT),
    YAML_FIELD(struct config_route, match, "match", YAML_T_STR_MAP, OMIT),
    YAML_FIELD(struct config_route, match_re, "match_re", YAML_T_CUSTOM, REGEX_MAP),
    YAML_FIELD(struct config_route, matchers, "matchers", YAML_T_CUSTOM, MATCHERS),
    YAML_FIELD(struct config_route, mute_intervals, "mute_time_intervals", YAML_T_STRS, OMIT),
    YAML_FIELD(struct config_route, active_intervals, "active_time_intervals", YAML_T_STRS, OMIT),
    YAML_FIELD(struct config_route, is_continue, "continue", YAML_T_BOOL),
    YAML_FIELD(struct config_route, routes, "routes", YAML_T_PTR_LIST, .sub = &CONFIG_ROUTE_YAML,
               OMIT),
    YAML_FIELD(struct config_route, group_wait, "group_wait", YAML_T_CUSTOM, OPT_DUR),
    YAML_FIELD(struct config_route, group_interval, "group_interval", YAML_T_CUSTOM, OPT_DUR),
    YAML_FIELD(struct config_route, repeat_interval, "repeat_interval", YAML_T_CUSTOM, OPT_DUR),
    YAML_FIELD(struct config_route, labels, "labels", YAML_T_STR_MAP, OMIT, .mark = FIELD_TEMPLATE),
    {0},
};
const struct yaml_struct CONFIG_ROUTE_YAML = {.type_name = "config.plain",
                                              .bytes = sizeof(struct config_route),
                                              .fields = ROUTE_FIELDS,
                                              .check = check_route};

// ---- checks over the whole tree ----------------------------------------------------------------

static bool check_receivers_known(struct yaml_binder *b, const struct config *c,
                                  const struct config_route *r)
{
    for (size_t i = 0; i < r->routes.count; i++) {
        if (!check_receivers_known(b, c, YAML_PTR_LIST_AT(&r->routes, struct config_route, i)))
            return false;
    }
    if (r->receiver.n == 0 || config_find_receiver(c, r->receiver))
        return true;
    return yaml_fail(b, "undefined receiver %.*s used in route", STR(quoted(b->mem, r->receiver)));
}

static bool check_names_known(struct yaml_binder *b, const struct config *c,
                              const struct str_list *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (!config_find_interval(c, names->items[i]))
            return yaml_fail(b, "undefined time interval %.*s used in route",
                             STR(quoted(b->mem, names->items[i])));
    }
    return true;
}

static bool check_intervals_known(struct yaml_binder *b, const struct config *c,
                                  const struct config_route *r)
{
    for (size_t i = 0; i < r->routes.count; i++) {
        if (!check_intervals_known(b, c, YAML_PTR_LIST_AT(&r->routes, struct config_route, i)))
            return false;
    }
    return check_names_known(b, c, &r->mute_intervals) &&
           check_names_known(b, c, &r->active_intervals);
}

static bool add_interval(struct config *c, struct named_interval *n)
{
    if (config_find_interval(c, n->name))
        return false;
    map_insert(&c->intervals_by_name, config_name_hash(n->name), n);
    return true;
}

static bool add_intervals(struct yaml_binder *b, struct config *c)
{
    for (size_t i = 0; i < c->mute_interval_list.count; i++) {
        struct named_interval *n = YAML_LIST_AT(&c->mute_interval_list, struct named_interval, i);
        if (!add_interval(c, n))
            return yaml_fail(b, "mute time interval %.*s is not unique",
                             STR(quoted(b->mem, n->name)));
    }
    for (size_t i = 0; i < c->interval_list.count; i++) {
        struct named_interval *n = YAML_LIST_AT(&c->interval_list, struct named_interval, i);
        if (!add_interval(c, n))
            return yaml_fail(b, "time interval %.*s is not unique", STR(quoted(b->mem, n->name)));
    }
    return true;
}

bool config_routes_check(struct yaml_binder *b, struct config *c)
{
    const struct config_route *root = c->written_route;
    if (!root)
        return yaml_fail(b, "no routes provided");
    if (root->receiver.n == 0)
        return yaml_fail(b, "root route must specify a default receiver");
    if (root->all.count)
        return yaml_fail(b, "root route must not have any matchers");
    if (root->mute_intervals.count)
        return yaml_fail(b, "root route must not have any mute time intervals");
    if (root->active_intervals.count)
        return yaml_fail(b, "root route must not have any active time intervals");
    return check_receivers_known(b, c, root) && add_intervals(b, c) &&
           check_intervals_known(b, c, root) &&
           (!root->is_continue || yaml_fail(b, "cannot have continue in root route"));
}

// ---- inhibit rules -----------------------------------------------------------------------------

static bool check_rule(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct config_rule *r = to;
    if (!check_names(b, &r->source_match) || !check_names(b, &r->target_match))
        return false;
    for (size_t i = 0; i < r->equal.count; i++) {
        if (!label_name_is_valid(loader_of(b)->names, r->equal.items[i]))
            return yaml_fail(b, "invalid label name %.*s in equal list",
                             STR(quoted(b->mem, r->equal.items[i])));
    }
    if (!add_old_form(b, &r->source, &r->source_match, &r->source_match_re) ||
        !add_old_form(b, &r->target, &r->target_match, &r->target_match_re))
        return false;
    append_matchers(loader_of(b), &r->source, &r->source_matchers.parsed);
    append_matchers(loader_of(b), &r->target, &r->target_matchers.parsed);
    return true;
}

static const struct yaml_field RULE_FIELDS[] = {
    YAML_FIELD(struct config_rule, name, "name", YAML_T_STR, OMIT),
    YAML_FIELD(struct config_rule, source_match, "source_match", YAML_T_STR_MAP, OMIT),
    YAML_FIELD(struct config_rule, source_match_re, "source_match_re", YAML_T_CUSTOM, REGEX_MAP),
    YAML_FIELD(struct config_rule, source_matchers, "source_matchers", YAML_T_CUSTOM, MATCHERS),
    YAML_FIELD(struct config_rule, target_match, "target_match", YAML_T_STR_MAP, OMIT),
    YAML_FIELD(struct config_rule, target_match_re, "target_match_re", YAML_T_CUSTOM, REGEX_MAP),
    YAML_FIELD(struct config_rule, target_matchers, "target_matchers", YAML_T_CUSTOM, MATCHERS),
    YAML_FIELD(struct config_rule, equal, "equal", YAML_T_STRS, OMIT),
    {0},
};
const struct yaml_struct CONFIG_RULE_YAML = {.type_name = "common.plain",
                                             .bytes = sizeof(struct config_rule),
                                             .fields = RULE_FIELDS,
                                             .check = check_rule};

static struct str_list sorted_unique(const struct str_list *list, struct arena *mem)
{
    struct str_list out = {arena_array(mem, str, list->count), 0};
    if (list->count)
        memcpy(out.items, list->items, list->count * sizeof(str));
    qsort(out.items, list->count, sizeof(str), str_cmp_items);
    for (size_t i = 0; i < list->count; i++) {
        if (out.count == 0 || !str_eq(out.items[out.count - 1], out.items[i]))
            out.items[out.count++] = out.items[i];
    }
    return out;
}

void config_rules_compile(struct config_loader *l)
{
    struct config *c = l->config;
    c->rule_count = c->written_rules.count;
    c->rules = arena_array(l->mem, struct inhibit_rule, c->rule_count);
    for (size_t i = 0; i < c->rule_count; i++) {
        const struct config_rule *r = YAML_LIST_AT(&c->written_rules, struct config_rule, i);
        c->rules[i] = (struct inhibit_rule){.name = r->name,
                                            .source = r->source,
                                            .target = r->target,
                                            .equal = sorted_unique(&r->equal, l->mem)};
    }
}
