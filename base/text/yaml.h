// SPDX-License-Identifier: Apache-2.0
// yaml.h: YAML 1.1 as Go's yaml.v2 reads it, over libyaml's events, into a tree in an arena.
//
// Every node knows its line and column. Anchors, aliases (the same node again) and merge keys are
// resolved here; scalars keep their source text and are typed by whoever binds them.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"

#define YAML_DEPTH_MAX 100
#define YAML_NODES_MAX 1000000 // counted through aliases as well: no alias bombs

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
    enum yaml_kind kind;      // YAML_NULL: a plain empty, ~, null …
    str text;                 // scalar: as written, escapes resolved
    str tag;                  // explicit tag ("!!str", "!!binary", …) or empty
    bool is_plain;            // a scalar without quotes: may be a number, bool, null by its looks
    uint32_t line, column;    // from 1
    struct yaml_node **items; // sequence: count items
    struct yaml_member *members; // mapping: count members, in order; merge keys applied
    size_t count;
};

struct yaml_member {
    struct yaml_node *key, *value;
    bool is_repeated; // an earlier member of this mapping has the same key, and that is an error
};

// Merge keys are applied where they stand: what comes later wins over what came before, so a
// mapping overrides what it merged in front.
struct yaml_options {
    // The last one wins. Otherwise every one stays in the tree, marked is_repeated, and yaml_bind
    // reports it together with the other problems, as yaml.v2 does.
    bool duplicates_are_fine;
};

// All documents of a text. Errors: ERR_SYNTAX ("yaml: line 3: mapping values are not allowed in
// this context", the wording of yaml.v2), ERR_LIMIT.
bool yaml_parse_all(str text, const struct yaml_options *opt, struct arena *mem,
                    struct yaml_node ***ret_docs, size_t *ret_count, struct err *err);
// The first document; an empty text gives a YAML_NULL node.
bool yaml_parse(str text, const struct yaml_options *opt, struct arena *mem, struct yaml_node **ret,
                struct err *err);

// The value of a key, or NULL; of a repeated key the first one.
struct yaml_node *yaml_get(const struct yaml_node *mapping, str key);

// Types of scalars as yaml.v2 decodes them into a Go value.
bool yaml_to_bool(const struct yaml_node *n, bool *ret);
bool yaml_to_i64(const struct yaml_node *n, int64_t *ret);
bool yaml_to_u64(const struct yaml_node *n, uint64_t *ret);
bool yaml_to_f64(const struct yaml_node *n, double *ret);
bool yaml_to_str(const struct yaml_node *n,
                 str *ret); // any scalar; null: empty; false: a container
// The short tag that yaml.v2 names in errors: !!str !!int !!float !!bool !!null !!seq !!map …
str yaml_short_tag(const struct yaml_node *n);
// Would the text, written plain, be read back as a string? Otherwise it is printed in quotes.
bool yaml_plain_is_str(str text);

#define yaml_each(i, node) for (size_t i = 0; i < (node)->count; i++)
