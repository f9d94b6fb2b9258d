// SPDX-License-Identifier: Apache-2.0
// relabel_int.h: a compiled rule, between those who compile (relabel_rule.c) and who apply
// (relabel.c).
#pragma once
#include "base/model/graphite.h"
#include "base/model/relabel.h"
#include "base/model/selector.h"

enum relabel_action {
    RELABEL_DROP,
    RELABEL_DROP_IF_CONTAINS,
    RELABEL_DROP_IF_EQUAL,
    RELABEL_DROP_METRICS, // a drop by __name__
    RELABEL_DROPEQUAL,
    RELABEL_GRAPHITE,
    RELABEL_HASHMOD,
    RELABEL_KEEP,
    RELABEL_KEEP_IF_CONTAINS,
    RELABEL_KEEP_IF_EQUAL,
    RELABEL_KEEP_METRICS, // a keep by __name__
    RELABEL_KEEPEQUAL,
    RELABEL_LABELDROP,
    RELABEL_LABELKEEP,
    RELABEL_LABELMAP,
    RELABEL_LABELMAP_ALL,
    RELABEL_LOWERCASE,
    RELABEL_REPLACE,
    RELABEL_REPLACE_ALL,
    RELABEL_UPPERCASE,
    RELABEL_ACTIONS,
};

struct relabel_rule {
    enum relabel_action action;
    struct selector *selectors; // one must match; none: all match
    size_t selector_count;
    str *sources;
    size_t source_count;
    str separator, target, replacement;
    uint64_t modulus;

    bool regex_is_default;  // matches everything; `whole` is then ^(?:(.*))$
    bool target_expands;    // has a $
    bool replacement_reads; // has a {{
    bool replacement_expands;
    struct vm_regex whole;
    struct regex *search; // replace_all, labelmap_all

    // labelmap of regex prefix(.*) or prefix(.+) by $1: the name without the prefix.
    bool is_cut;
    str cut_prefix;
    size_t cut_rest_bytes_min;

    str match;                  // graphite
    struct yaml_str_map labels; // graphite: name → template
    str text;                   // of the rule, as printed
};

struct relabel {
    struct arena mem;
    struct relabel_rule *rules;
    size_t count;
};
