// SPDX-License-Identifier: Apache-2.0
// route.h: the routing tree, compiled: which receivers an alert goes to, and how it is grouped.
//
// An alert goes to the leaf-most routes that match it, in the order of the tree; a route that does
// not say `continue` ends the search among its siblings. Everything a route inherits is copied into
// it. Immutable; lives in the configuration's arena.
//
// Children that ask for one value of one label (the usual `team = x`) are found through a table by
// that value, so that a thousand teams cost one lookup and not a thousand comparisons.
#pragma once
#include "base/core/time.h"
#include "base/model/matcher.h"
#include "base/text/yaml_bind.h"

struct config_route;
struct config_receiver;
struct named_interval;
struct route_index;

struct route {                  // its matchers belong to the configuration
    const struct route *parent; // NULL: the root
    const struct route *const *children;
    size_t child_count;
    uint32_t index; // in the order of the file, parents before children; below route_count

    struct matchers matchers; // sorted; all kinds together
    bool is_continue;

    const struct config_receiver *receiver;
    str key; // {}/{team="x"}: part of the group key
    str id;  // {}/{team="x"}/0: unique

    struct str_list group_by; // sorted
    bool is_grouped_by_all;   // group_by: ['...']
    dur_ns group_wait, group_interval, repeat_interval;
    struct yaml_str_map labels; // templates; the parents' included, sorted by name

    // Not inherited. The names and what they stand for go together.
    struct str_list mute_names, active_names;
    const struct named_interval *const *mute_intervals;
    const struct named_interval *const *active_intervals;

    const struct route_index *by_value; // NULL: few children
};

#define ROUTES_MAX 100000 // in one tree

// What the tree's names stand for.
struct route_names {
    const struct config_receiver *(*receiver)(void *owner, str name); // or NULL: unknown
    const struct named_interval *(*interval)(void *owner, str name);
    void *owner;
};

// Compiles a tree whose names are all known. Errors: ERR_LIMIT.
bool route_compile(const struct config_route *root, const struct route_names *names,
                   struct arena *mem, const struct route **ret, size_t *ret_count, struct err *err);

// The routes for these labels, appended to `out` in order. Never none.
struct route_list {
    const struct route **items; // heap; grows
    size_t count, cap;
};

void route_match(const struct route *root, const struct labels *labels, struct route_list *out);
void route_list_done(struct route_list *l);

// All routes, parents before children: walk(owner, route).
void route_walk(const struct route *root, void (*walk)(void *owner, const struct route *),
                void *owner);

// The labels that name the alert's group under this route; takes a reference.
struct labels *route_group_labels(const struct route *r, struct label_store *store,
                                  const struct labels *labels);

// <route key>:<group labels>
void buf_put_group_key(struct buf *b, const struct route *r, const struct labels *group_labels);
// The same as versions up to 0.27 print it: labels in the order of their printed texts. False, and
// nothing is put, if that is no different.
bool buf_put_group_key_alt(struct buf *b, const struct route *r, const struct labels *group_labels);
