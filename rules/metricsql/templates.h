// SPDX-License-Identifier: Apache-2.0
// templates.h: the state of expanding WITH templates, shared by templates.c and
// templates_selector.c. spec: vmalert MetricsQL §8.
//
// Templates are found by name from the innermost definition outwards. The body of one is expanded
// where only the definitions in front of it and its own parameters are visible: there is no
// recursion, but sizes can double with every definition, so the nodes made are counted.
#pragma once
#include "rules/metricsql/node.h"

#define MQL_BUILTIN_COUNT 4

struct mql_binding {
    const struct mql_binding *before;
    const struct mql_template *template;
};

// What is visible: bindings, then the first `builtins` built-in templates.
struct mql_scope {
    const struct mql_binding *last;
    size_t builtins;
};

struct mql_expander {
    struct arena *mem;
    size_t nodes; // made so far, filters of selectors included
    uint32_t depth;
    const struct mql_template *builtins[MQL_BUILTIN_COUNT]; // parsed when first used
    struct err *err;                                        // never NULL
};

struct mql_found {
    const struct mql_template *template; // NULL: there is none of that name
    struct mql_scope scope;              // what its body sees
};
bool mql_find_template(struct mql_expander *x, struct mql_scope scope, str name,
                       struct mql_found *ret); // false: ERR_LIMIT and the like

// The body with these arguments, which are expanded already. args NULL: the name stands alone, and
// a template with parameters leaves it a metric.
struct mql_expr *mql_apply(struct mql_expander *x, const struct mql_found *f,
                           struct mql_expr *const *args, size_t count);
extern struct mql_expr *const MQL_NO_ARGS[1]; // () rather than nothing

bool mql_expand_count(struct mql_expander *x, size_t nodes); // false: ERR_LIMIT
struct mql_expr *mql_expand_in(struct mql_expander *x, struct mql_scope scope,
                               const struct mql_expr *e);
struct mql_expr *mql_expand_selector(struct mql_expander *x, struct mql_scope scope,
                                     const struct mql_expr *e);
bool mql_expand_string(struct mql_expander *x, struct mql_scope scope, const struct mql_string *s,
                       str *ret);
