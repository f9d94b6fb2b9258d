// SPDX-License-Identifier: Apache-2.0
// Applies compiled rules (upstream: promrelabel/relabel.go).
#include "base/model/relabel.h"

#include "base/core/hash.h"
#include "base/model/relabel_int.h"
#include "base/text/unicode.h"

// ---- values ------------------------------------------------------------------------------------

// The values of the source labels with the separator between them; one alone is not copied.
static str joined(const struct relabel_rule *r, const struct label_list *l)
{
    if (r->source_count < 2)
        return r->source_count ? label_list_get(l, r->sources[0]) : (str){0};
    struct buf text = {0};
    for (size_t i = 0; i < r->source_count; i++) {
        if (i)
            buf_put(&text, r->separator);
        buf_put(&text, label_list_get(l, r->sources[i]));
    }
    str s = arena_str(l->mem, buf_str(&text));
    buf_done(&text);
    return s;
}

static bool is_match(const struct relabel_rule *r, str value)
{
    return r->regex_is_default || vm_regex_matches(&r->whole, value);
}

struct groups {
    struct regex_span spans[REGEX_GROUPS_MAX + 1];
    size_t count; // 0: no match
};

// A match that needed '.' to take a newline has no groups.
static void find_groups(const struct relabel_rule *r, str value, struct groups *ret)
{
    ret->count = MIN(regex_group_count(r->whole.plain) + 1, ARRAY_LEN(ret->spans));
    if (!regex_find(r->whole.plain, value, 0, ret->spans, ret->count))
        ret->count = 0;
}

static str expanded(const struct relabel_rule *r, str template, str value, const struct groups *g,
                    struct arena *mem)
{
    struct buf text = {0};
    regex_expand(r->whole.plain, template, value, g->spans, g->count, &text);
    str s = arena_str(mem, buf_str(&text));
    buf_done(&text);
    return s;
}

void buf_put_label_references(struct buf *b, str replacement, const struct label_list *labels)
{
    for (;;) {
        size_t at = str_find_str(replacement, S("{{"));
        size_t end = at == STR_NONE ? STR_NONE : str_find_str(str_skip(replacement, at), S("}}"));
        if (end == STR_NONE) {
            buf_put(b, replacement);
            return;
        }
        buf_put(b, str_slice(replacement, 0, at));
        buf_put(b, label_list_get(labels, str_slice(replacement, at + 2, at + end)));
        replacement = str_skip(replacement, at + end + 2);
    }
}

// ---- replace -----------------------------------------------------------------------------------

static str filled_replacement(const struct relabel_rule *r, const struct label_list *l)
{
    if (!r->replacement_reads)
        return r->replacement;
    struct buf text = {0};
    buf_put_label_references(&text, r->replacement, l);
    str s = arena_str(l->mem, buf_str(&text));
    buf_done(&text);
    return s;
}

static void replace(const struct relabel_rule *r, struct label_list *l)
{
    str replacement = filled_replacement(r, l);
    str value = joined(r, l);
    if (r->regex_is_default && !r->target_expands) {
        if (str_eq(replacement, S("$1"))) {
            label_list_set(l, r->target, value);
            return;
        }
        if (!r->replacement_expands) {
            label_list_set(l, r->target, replacement);
            return;
        }
    }
    if (!is_match(r, value))
        return;
    struct groups groups;
    find_groups(r, value, &groups);
    bool is_kept = groups.count == 0 && str_eq(replacement, r->replacement);
    str result = is_kept ? value : expanded(r, replacement, value, &groups, l->mem);
    str target = r->target;
    if (r->target_expands)
        target = expanded(r, target, value, &groups, l->mem);
    label_list_set(l, target, result);
}

static str with_all_replaced(const struct relabel_rule *r, str value, struct arena *mem)
{
    struct buf text = {0};
    regex_replace_all(r->search, value, r->replacement, &text);
    str s = str_eq(buf_str(&text), value) ? value : arena_str(mem, buf_str(&text));
    buf_done(&text);
    return s;
}

static void replace_all(const struct relabel_rule *r, struct label_list *l)
{
    str value = joined(r, l);
    str result = with_all_replaced(r, value, l->mem);
    if (!str_eq(result, value))
        label_list_set(l, r->target, result);
}

// ---- names -------------------------------------------------------------------------------------

static str mapped_name(const struct relabel_rule *r, str name, struct arena *mem)
{
    if (r->is_cut) {
        str rest = str_skip(name, r->cut_prefix.n);
        bool has_prefix = str_starts(name, r->cut_prefix);
        return has_prefix && rest.n >= r->cut_rest_bytes_min ? rest : name;
    }
    if (!is_match(r, name))
        return name;
    struct groups groups;
    find_groups(r, name, &groups);
    return groups.count ? expanded(r, r->replacement, name, &groups, mem) : name;
}

static void map_names(const struct relabel_rule *r, struct label_list *l)
{
    size_t count = l->count; // those that are added are not mapped again
    for (size_t i = 0; i < count; i++) {
        str name = mapped_name(r, l->items[i].name, l->mem);
        if (!str_eq(name, l->items[i].name))
            label_list_set(l, name, l->items[i].value);
    }
}

static void map_names_everywhere(const struct relabel_rule *r, struct label_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        l->items[i].name = with_all_replaced(r, l->items[i].name, l->mem);
}

static void keep_names(const struct relabel_rule *r, struct label_list *l, bool is_match_kept)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (is_match(r, l->items[i].name) == is_match_kept)
            l->items[kept++] = l->items[i];
    }
    l->count = kept;
}

// ---- keep and drop -----------------------------------------------------------------------------

static void keep_if(struct label_list *l, bool keep)
{
    if (!keep)
        l->count = 0;
}

static bool contains_all(const struct relabel_rule *r, const struct label_list *l)
{
    str target = label_list_get(l, r->target);
    for (size_t i = 0; i < r->source_count; i++) {
        if (str_find_str(target, label_list_get(l, r->sources[i])) == STR_NONE)
            return false;
    }
    return true;
}

static bool are_equal(const struct relabel_rule *r, const struct label_list *l)
{
    str first = label_list_get(l, r->sources[0]);
    for (size_t i = 1; i < r->source_count; i++) {
        if (!str_eq(label_list_get(l, r->sources[i]), first))
            return false;
    }
    return true;
}

static bool is_target(const struct relabel_rule *r, const struct label_list *l)
{
    return str_eq(joined(r, l), label_list_get(l, r->target));
}

// ---- values made of others ---------------------------------------------------------------------

static void set_hash(const struct relabel_rule *r, struct label_list *l)
{
    uint64_t rest = xxh64(joined(r, l)) % r->modulus;
    label_list_set(l, r->target, arena_printf(l->mem, "%lld", (long long)rest));
}

// Go's strings.ToUpper and ToLower; an invalid byte becomes U+FFFD.
static void set_case(const struct relabel_rule *r, struct label_list *l,
                     uint32_t (*convert)(uint32_t))
{
    str value = joined(r, l);
    struct buf text = {0};
    for (size_t i = 0, width; i < value.n; i += width)
        buf_put_rune(&text, convert(utf8_decode(str_skip(value, i), &width)));
    label_list_set(l, r->target, arena_str(l->mem, buf_str(&text)));
    buf_done(&text);
}

static void set_from_dotted_name(const struct relabel_rule *r, struct label_list *l)
{
    struct graphite_matches matches;
    if (!graphite_match(r->match, label_list_get(l, S("__name__")), &matches))
        return;
    for (size_t i = 0; i < r->labels.count; i++) {
        struct buf text = {0};
        graphite_expand(r->labels.items[i].value, &matches, &text);
        label_list_set(l, r->labels.items[i].key, arena_str(l->mem, buf_str(&text)));
        buf_done(&text);
    }
}

// ---- one rule, all rules -----------------------------------------------------------------------

static bool is_asked(const struct relabel_rule *r, const struct label_list *l)
{
    for (size_t i = 0; i < r->selector_count; i++) {
        if (selector_matches_labels(&r->selectors[i], l->items, l->count))
            return true;
    }
    return r->selector_count == 0;
}

static void apply(const struct relabel_rule *r, struct label_list *l)
{
    if (!is_asked(r, l)) {
        keep_if(l, r->action != RELABEL_KEEP);
        return;
    }
    switch (r->action) {
    case RELABEL_DROP:
        keep_if(l, !r->regex_is_default && !is_match(r, joined(r, l)));
        return;
    case RELABEL_DROP_IF_CONTAINS:
        keep_if(l, !contains_all(r, l));
        return;
    case RELABEL_DROP_IF_EQUAL:
        keep_if(l, !are_equal(r, l));
        return;
    case RELABEL_DROPEQUAL:
        keep_if(l, !is_target(r, l));
        return;
    case RELABEL_GRAPHITE:
        set_from_dotted_name(r, l);
        return;
    case RELABEL_HASHMOD:
        set_hash(r, l);
        return;
    case RELABEL_KEEP:
        keep_if(l, r->regex_is_default || is_match(r, joined(r, l)));
        return;
    case RELABEL_KEEP_IF_CONTAINS:
        keep_if(l, contains_all(r, l));
        return;
    case RELABEL_KEEP_IF_EQUAL:
        keep_if(l, are_equal(r, l));
        return;
    case RELABEL_KEEPEQUAL:
        keep_if(l, is_target(r, l));
        return;
    case RELABEL_LABELDROP:
        keep_names(r, l, false);
        return;
    case RELABEL_LABELKEEP:
        keep_names(r, l, true);
        return;
    case RELABEL_LABELMAP:
        map_names(r, l);
        return;
    case RELABEL_LABELMAP_ALL:
        map_names_everywhere(r, l);
        return;
    case RELABEL_LOWERCASE:
        set_case(r, l, rune_to_lower);
        return;
    case RELABEL_REPLACE:
        replace(r, l);
        return;
    case RELABEL_REPLACE_ALL:
        replace_all(r, l);
        return;
    case RELABEL_UPPERCASE:
        set_case(r, l, rune_to_upper);
        return;
    case RELABEL_DROP_METRICS: // compiled to drop and keep
    case RELABEL_KEEP_METRICS:
    case RELABEL_ACTIONS:
        assert(!"no action of a compiled rule");
    }
}

void relabel_apply(const struct relabel *r, struct label_list *labels)
{
    for (size_t i = 0; i < relabel_count(r); i++) {
        apply(&r->rules[i], labels);
        if (labels->count == 0)
            return;
    }
    label_list_remove_empty(labels);
}

static void tell_step(const struct label_list *labels, str rule, struct buf *before,
                      relabel_step_fn *on_step, void *owner)
{
    struct buf after = {0};
    buf_put_metric(&after, labels);
    on_step(owner, rule, buf_str(before), buf_str(&after));
    buf_done(before);
    *before = after;
}

void relabel_apply_debug(const struct relabel *r, struct label_list *labels,
                         relabel_step_fn *on_step, void *owner)
{
    defer(buf_done) struct buf text = {0};
    buf_put_metric(&text, labels);
    for (size_t i = 0; i < relabel_count(r); i++) {
        apply(&r->rules[i], labels);
        tell_step(labels, r->rules[i].text, &text, on_step, owner);
        if (labels->count == 0)
            return;
    }
    size_t count = labels->count;
    label_list_remove_empty(labels);
    if (labels->count != count)
        tell_step(labels, S("remove empty labels"), &text, on_step, owner);
}
