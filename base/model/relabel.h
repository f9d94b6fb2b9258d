// SPDX-License-Identifier: Apache-2.0
// relabel.h: VictoriaMetrics' relabeling: rules that rewrite, keep or drop label sets.
//
// A list of rules is read by a YAML table (relabel_configs of some configuration), checked and
// compiled once, and then applied to many sets: alerts on their way to a notifier, discovered
// targets. A compiled list is immutable. No rules compile to NULL, which costs nothing to apply.
// spec: vmalert notifier §9.
#pragma once
#include "base/model/label_list.h"
#include "base/text/yaml_bind.h"

#define RELABEL_RULES_MAX ((size_t)10000)

// ---- configuration ------------------------------------------------------------------------------

struct relabel_text { // tells absent from empty
    bool is_given;
    str text;
};

struct relabel_if { // selectors, of which one must match; none: all match
    bool is_given;
    struct str_list texts;
};

struct relabel_conf {
    struct relabel_if when;
    str action; // in any case; empty: replace
    struct str_list source_labels;
    struct relabel_text separator;
    str target_label;
    struct relabel_text regex; // a list is joined with |
    uint64_t modulus;
    struct relabel_text replacement;
    str match;                  // graphite
    struct yaml_str_map labels; // graphite
};

// Table of one rule; lists of it: YAML_T_LIST of struct relabel_conf. Prints canonical text.
extern const struct yaml_struct RELABEL_CONF_YAML;

// Rules from a text of their own, strictly. Everything in mem. Errors: yaml.v2's.
bool relabel_confs_parse(str text, struct arena *mem, struct yaml_list *ret, struct err *err);
void relabel_confs_print(struct buf *out, const struct yaml_list *confs);

// The two readers alone, for other filters and for tests.
yaml_bind_fn relabel_bind_regex; // struct relabel_text
yaml_bind_fn relabel_bind_if;    // struct relabel_if
void relabel_print_regex(struct yaml_printer *p, const void *from);
void relabel_print_if(struct yaml_printer *p, const void *from);

// ---- rules --------------------------------------------------------------------------------------

struct relabel;

// confs: of struct relabel_conf; not needed afterwards. *ret is NULL when there are none. Errors:
// "error when parsing `relabel_config` #2: missing `target_label` for `action=replace`", ERR_LIMIT.
bool relabel_new(const struct yaml_list *confs, struct relabel **ret, struct err *err);
void relabel_free(struct relabel *r); // NULL is fine
size_t relabel_count(const struct relabel *r);

// Rewrites the labels in place; none left: dropped. New texts are in labels->mem. Labels without
// name or value are removed at the end, also when r is NULL.
void relabel_apply(const struct relabel *r, struct label_list *labels);

// The same, telling each step: the rule's text and the labels before and after it.
typedef void relabel_step_fn(void *owner, str rule, str before, str after);
void relabel_apply_debug(const struct relabel *r, struct label_list *labels,
                         relabel_step_fn *on_step, void *owner);

// ---- pieces -------------------------------------------------------------------------------------

// Does an expression match everything, so that it counts as not given? ".*", "(.*)", "^.*$" …
bool relabel_regex_is_default(str expr);
// Puts the replacement with {{name}} replaced by the label's value.
void buf_put_label_references(struct buf *b, str replacement, const struct label_list *labels);
