// SPDX-License-Identifier: Apache-2.0
// Checks rules and compiles them.
#include "base/core/alloc.h"
#include "base/model/relabel_int.h"
#include "base/text/unicode.h"
#include "base/text/yaml_print.h"

#define GRAPHITE_DOCS                                                                              \
    "see https://docs.victoriametrics.com/victoriametrics/vmagent/#graphite-relabeling"

static const char *const ACTIONS[RELABEL_ACTIONS] = {
    [RELABEL_DROP] = "drop",
    [RELABEL_DROP_IF_CONTAINS] = "drop_if_contains",
    [RELABEL_DROP_IF_EQUAL] = "drop_if_equal",
    [RELABEL_DROP_METRICS] = "drop_metrics",
    [RELABEL_DROPEQUAL] = "dropequal",
    [RELABEL_GRAPHITE] = "graphite",
    [RELABEL_HASHMOD] = "hashmod",
    [RELABEL_KEEP] = "keep",
    [RELABEL_KEEP_IF_CONTAINS] = "keep_if_contains",
    [RELABEL_KEEP_IF_EQUAL] = "keep_if_equal",
    [RELABEL_KEEP_METRICS] = "keep_metrics",
    [RELABEL_KEEPEQUAL] = "keepequal",
    [RELABEL_LABELDROP] = "labeldrop",
    [RELABEL_LABELKEEP] = "labelkeep",
    [RELABEL_LABELMAP] = "labelmap",
    [RELABEL_LABELMAP_ALL] = "labelmap_all",
    [RELABEL_LOWERCASE] = "lowercase",
    [RELABEL_REPLACE] = "replace",
    [RELABEL_REPLACE_ALL] = "replace_all",
    [RELABEL_UPPERCASE] = "uppercase",
};

static bool find_action(str name, enum relabel_action *ret, struct err *err)
{
    if (name.n == 0)
        name = S("replace");
    for (size_t i = 0; i < RELABEL_ACTIONS; i++) {
        if (str_eq_nocase(name, str_c(ACTIONS[i]))) {
            *ret = (enum relabel_action)i;
            return true;
        }
    }
    defer(buf_done) struct buf lower = {.max = ERR_TEXT_BYTES}, quoted = {.max = ERR_TEXT_BYTES};
    buf_put_lower(&lower, name);
    buf_put_quoted(&quoted, buf_str(&lower));
    return err_set(err, ERR_INVALID, "unknown `action` %.*s", STR(buf_str(&quoted)));
}

// ---- checks ------------------------------------------------------------------------------------

static bool require_target(const struct relabel_conf *c, const char *action, struct err *err)
{
    return c->target_label.n ||
           err_set(err, ERR_INVALID, "missing `target_label` for `action=%s`", action);
}

static bool require_sources(const struct relabel_conf *c, const char *action, struct err *err)
{
    return c->source_labels.count ||
           err_set(err, ERR_INVALID, "missing `source_labels` for `action=%s`", action);
}

static bool refuse_regex(const struct relabel_conf *c, const char *action, struct err *err)
{
    return !c->regex.is_given ||
           err_set(err, ERR_INVALID, "`regex` cannot be used for `action=%s`", action);
}

static bool fail_with_sources(const struct relabel_conf *c, const char *action, const char *what,
                              struct err *err)
{
    defer(buf_done) struct buf got = {.max = ERR_TEXT_BYTES};
    for (size_t i = 0; i < c->source_labels.count; i++) {
        if (i)
            buf_put_c(&got, ' ');
        buf_put_quoted(&got, c->source_labels.items[i]);
    }
    return err_set(err, ERR_INVALID, "`source_labels` must %s for `action=%s`; got [%.*s]", what,
                   action, STR(buf_str(&got)));
}

static bool check_contains(const struct relabel_conf *c, const char *action, struct err *err)
{
    if (c->target_label.n == 0)
        return err_set(err, ERR_INVALID, "`target_label` must be set for `action=%s`", action);
    if (c->source_labels.count == 0)
        return err_set(err, ERR_INVALID,
                       "`source_labels` must contain at least a single entry for `action=%s`",
                       action);
    return refuse_regex(c, action, err);
}

static bool check_equal(const struct relabel_conf *c, const char *action, struct err *err)
{
    if (c->source_labels.count < 2)
        return fail_with_sources(c, action, "contain at least two entries", err);
    if (c->target_label.n)
        return err_set(err, ERR_INVALID, "`target_label` cannot be used for `action=%s`", action);
    return refuse_regex(c, action, err);
}

static bool check_metrics(const struct relabel_conf *c, const char *action, struct err *err)
{
    if (c->regex.text.n == 0 && !c->when.is_given)
        return err_set(err, ERR_INVALID, "`regex` must be non-empty for `action=%s`", action);
    return c->source_labels.count == 0 || fail_with_sources(c, action, "be empty", err);
}

static bool check_modulus(const struct relabel_conf *c, const char *action, struct err *err)
{
    return c->modulus ||
           err_set(err, ERR_INVALID,
                   "unexpected `modulus` for `action=%s`: 0; must be greater than 0", action);
}

static bool check_graphite(const struct relabel_conf *c, struct err *err)
{
    const char *missing = c->match.n == 0 ? "match" : c->labels.count == 0 ? "labels" : NULL;
    if (missing)
        return err_set(err, ERR_INVALID, "missing `%s` for `action=graphite`; " GRAPHITE_DOCS,
                       missing);
    const char *unwanted = c->source_labels.count    ? "source_labels"
                           : c->target_label.n       ? "target_label"
                           : c->replacement.is_given ? "replacement"
                                                     : NULL;
    if (unwanted)
        return err_set(err, ERR_INVALID,
                       "`%s` cannot be used with `action=graphite`; " GRAPHITE_DOCS, unwanted);
    return !c->regex.is_given ||
           err_set(err, ERR_INVALID,
                   "`regex` cannot be used for `action=graphite`; " GRAPHITE_DOCS);
}

static bool check_action(const struct relabel_conf *c, enum relabel_action action, struct err *err)
{
    const char *name = ACTIONS[action];
    switch (action) {
    case RELABEL_GRAPHITE:
        return check_graphite(c, err);
    case RELABEL_REPLACE:
        return require_target(c, name, err);
    case RELABEL_REPLACE_ALL:
    case RELABEL_UPPERCASE:
    case RELABEL_LOWERCASE:
        return require_sources(c, name, err) && require_target(c, name, err);
    case RELABEL_HASHMOD:
        return require_sources(c, name, err) && require_target(c, name, err) &&
               check_modulus(c, name, err);
    case RELABEL_KEEP_IF_CONTAINS:
    case RELABEL_DROP_IF_CONTAINS:
        return check_contains(c, name, err);
    case RELABEL_KEEP_IF_EQUAL:
    case RELABEL_DROP_IF_EQUAL:
        return check_equal(c, name, err);
    case RELABEL_KEEPEQUAL:
    case RELABEL_DROPEQUAL:
        return require_target(c, name, err) && refuse_regex(c, name, err);
    case RELABEL_KEEP:
    case RELABEL_DROP:
        return c->when.is_given || require_sources(c, name, err);
    case RELABEL_KEEP_METRICS:
    case RELABEL_DROP_METRICS:
        return check_metrics(c, name, err);
    case RELABEL_LABELMAP:
    case RELABEL_LABELMAP_ALL:
    case RELABEL_LABELDROP:
    case RELABEL_LABELKEEP:
    case RELABEL_ACTIONS:
        return true;
    }
    return true;
}

static bool check(const struct relabel_conf *c, enum relabel_action action, struct err *err)
{
    if (!check_action(c, action, err))
        return false;
    const char *unwanted = c->match.n ? "match" : c->labels.count ? "labels" : NULL;
    return action == RELABEL_GRAPHITE || !unwanted ||
           err_set(err, ERR_INVALID,
                   "`%s` config cannot be applied to `action=%s`; it is applied only to "
                   "`action=graphite`",
                   unwanted, ACTIONS[action]);
}

// ---- regex -------------------------------------------------------------------------------------

static str without_anchors(str expr)
{
    while (str_starts(expr, S("^")))
        expr = str_skip(expr, 1);
    while (str_ends(expr, S("$")) && !str_ends(expr, S("\\$")))
        expr.n--;
    return expr;
}

// What begins a group that changes nothing for ".*": "(", "(?:", "(?P<name>", "(?s:".
static str without_group(str expr)
{
    if (!str_starts(expr, S("(")) || !str_ends(expr, S(")")))
        return expr;
    str inner = str_slice(expr, 1, expr.n - 1);
    if (!str_starts(inner, S("?")))
        return inner;
    char end = (char)(str_starts(inner, S("?P<")) || str_starts(inner, S("?<")) ? '>' : ':');
    str flags, behind;
    if (!str_cut(inner, end, &flags, &behind))
        return expr;
    for (size_t i = 1; end == ':' && i < flags.n; i++) {
        if (flags.p[i] != 's' && flags.p[i] != 'i')
            return expr;
    }
    return behind;
}

bool relabel_regex_is_default(str expr)
{
    for (;;) {
        if (str_eq(expr, S(".*")))
            return true;
        str less = without_group(without_anchors(expr));
        if (str_starts(less, S("(?s)")) || str_starts(less, S("(?i)")))
            less = str_skip(less, 4);
        if (less.n == expr.n)
            return false;
        expr = less;
    }
}

static bool is_literal(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (strchr("\\.+*?()|[]{}^$", s.p[i])) // NUL as well
            return false;
    }
    return utf8_is_valid(s);
}

static void find_cut(struct relabel_rule *r, str expr)
{
    bool is_star = str_ends(expr, S("(.*)"));
    if (!str_eq(r->replacement, S("$1")) || (!is_star && !str_ends(expr, S("(.+)"))))
        return;
    str prefix = str_slice(expr, 0, expr.n - 4);
    r->is_cut = is_literal(prefix);
    r->cut_prefix = prefix;
    r->cut_rest_bytes_min = is_star ? 0 : 1;
}

static bool fail_regex(str expr, struct err *err)
{
    defer(buf_done) struct buf quoted = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&quoted, expr);
    return err_wrap(err, "cannot parse `regex` %.*s", STR(buf_str(&quoted)));
}

// The anchors are cut, except for the two actions that look for parts, spelled like this.
static bool compile_regex(struct relabel_rule *r, const struct relabel_conf *c, struct arena *mem,
                          struct err *err)
{
    bool is_raw = str_eq(c->action, S("replace_all")) || str_eq(c->action, S("labelmap_all"));
    bool needs_search = r->action == RELABEL_REPLACE_ALL || r->action == RELABEL_LABELMAP_ALL;
    r->regex_is_default = !c->regex.is_given || relabel_regex_is_default(c->regex.text);
    str expr = r->regex_is_default ? S("(.*)")
               : is_raw            ? c->regex.text
                                   : without_anchors(c->regex.text);
    if (is_raw || needs_search) {
        r->search = regex_new(r->regex_is_default ? S(".*") : expr, REGEX_SEARCH, err);
        if (!r->search)
            return fail_regex(expr, err);
    }
    if (!vm_regex_init(&r->whole, expr, err))
        return fail_regex(arena_printf(mem, "^(?:%.*s)$", STR(expr)), err);
    if (!r->regex_is_default)
        find_cut(r, arena_str(mem, expr));
    return true;
}

// ---- rules -------------------------------------------------------------------------------------

static str *copy_strs(const struct str_list *list, struct arena *mem)
{
    str *copy = arena_array(mem, str, list->count);
    for (size_t i = 0; i < list->count; i++)
        copy[i] = arena_str(mem, list->items[i]);
    return copy;
}

static struct yaml_str_map copy_map(const struct yaml_str_map *map, struct arena *mem)
{
    struct yaml_str_map copy = {arena_array(mem, struct yaml_str_pair, map->count), map->count};
    for (size_t i = 0; i < map->count; i++)
        copy.items[i] = (struct yaml_str_pair){arena_str(mem, map->items[i].key),
                                               arena_str(mem, map->items[i].value)};
    return copy;
}

static str print(const struct relabel_conf *c, struct arena *mem)
{
    defer(buf_done) struct buf text = {0};
    yaml_print(&text, &RELABEL_CONF_YAML, c);
    return arena_str(mem, buf_str(&text));
}

static bool compile_selectors(struct relabel_rule *r, const struct relabel_if *when,
                              struct arena *mem, struct err *err)
{
    r->selectors = arena_array(mem, struct selector, when->texts.count);
    for (size_t i = 0; i < when->texts.count; i++) {
        if (!selector_parse(when->texts.items[i], mem, &r->selectors[i], err))
            return err_wrap(err, "unexpected `match` option");
        r->selector_count++;
    }
    return true;
}

// keep_metrics and drop_metrics are keep and drop by the metric's name.
static void name_source(struct relabel_rule *r, struct arena *mem)
{
    bool is_keep = r->action == RELABEL_KEEP_METRICS;
    if (!is_keep && r->action != RELABEL_DROP_METRICS)
        return;
    r->action = is_keep ? RELABEL_KEEP : RELABEL_DROP;
    r->sources = arena_new(mem, str);
    r->sources[0] = S("__name__");
    r->source_count = 1;
}

static bool compile(struct relabel_rule *r, const struct relabel_conf *c, struct arena *mem,
                    struct err *err)
{
    enum relabel_action action = RELABEL_ACTIONS;
    struct err no_action = ERR_INIT;
    bool is_known = find_action(c->action, &action, &no_action);
    *r = (struct relabel_rule){
        .action = action,
        .sources = copy_strs(&c->source_labels, mem),
        .source_count = c->source_labels.count,
        .separator = c->separator.is_given ? arena_str(mem, c->separator.text) : S(";"),
        .target = arena_str(mem, c->target_label),
        .replacement = c->replacement.is_given ? arena_str(mem, c->replacement.text) : S("$1"),
        .modulus = c->modulus,
        .match = arena_str(mem, c->match),
        .labels = copy_map(&c->labels, mem),
        .text = print(c, mem),
    };
    r->target_expands = str_find(r->target, '$') != STR_NONE;
    r->replacement_expands = str_find(r->replacement, '$') != STR_NONE;
    r->replacement_reads = str_find_str(r->replacement, S("{{")) != STR_NONE;
    if (!compile_regex(r, c, mem, err)) // an error here comes before all others, as upstream's
        return false;
    if (!is_known)
        return err_set(err, no_action.code, "%.*s", STR(err_str(&no_action)));
    if (!check(c, action, err) || !compile_selectors(r, &c->when, mem, err))
        return false;
    name_source(r, mem);
    return true;
}

bool relabel_new(const struct yaml_list *confs, struct relabel **ret, struct err *err)
{
    if (confs->count > RELABEL_RULES_MAX)
        return err_set(err, ERR_LIMIT, "a list may have %zu relabeling rules at most",
                       RELABEL_RULES_MAX);
    *ret = NULL;
    if (confs->count == 0)
        return true;
    struct relabel *r = mem_new(struct relabel);
    r->rules = arena_array(&r->mem, struct relabel_rule, confs->count);
    for (size_t i = 0; i < confs->count; i++) {
        r->count++; // also the one that fails: what it has is freed
        if (!compile(&r->rules[i], YAML_LIST_AT(confs, struct relabel_conf, i), &r->mem, err)) {
            relabel_free(r);
            return err_wrap(err, "error when parsing `relabel_config` #%zu", i + 1);
        }
    }
    *ret = r;
    return true;
}

void relabel_free(struct relabel *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++) {
        struct relabel_rule *rule = &r->rules[i];
        for (size_t j = 0; j < rule->selector_count; j++)
            selector_done(&rule->selectors[j]);
        vm_regex_done(&rule->whole);
        regex_free(rule->search);
    }
    arena_done(&r->mem);
    mem_free(r);
}

size_t relabel_count(const struct relabel *r)
{
    return r ? r->count : 0;
}
