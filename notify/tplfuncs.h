// SPDX-License-Identifier: Apache-2.0
// tplfuncs.h: the functions of Alertmanager's templates, beside the language's own.
#pragma once
#include "base/text/gotpl.h"

struct tplfuncs_route_label;

// One per rendering (routeLabels remembers here what it has rendered): set what is known, leave the
// rest zero, pass as tpl_run.context.
struct tplfuncs_context {
    time_ns now;
    mono_ns since_start;       // monotonic, since the process started
    const struct tzone *local; // the process' zone; NULL: UTC

    // Finds a zone of the system's database; NULL: unknown. May be NULL: all are unknown.
    const struct tzone *(*find_zone)(void *owner, str name);
    void *owner;

    struct tplfuncs_route_label *route_labels; // owned by the functions
};

// What the function `now` returns.
struct gotime tplfuncs_now(const struct tplfuncs_context *c);

// The functions; missingkey=zero goes with them.
extern const struct tpl_funcs TPLFUNCS;

// An empty set with these functions.
struct tpl_set *tplfuncs_set_new(bool is_html);
