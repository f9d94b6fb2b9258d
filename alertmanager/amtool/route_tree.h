// SPDX-License-Identifier: Apache-2.0
// route_tree.h: routes drawn as a tree. Pure functions.
#pragma once
#include "alertmanager/route.h"

// All routes, with their receivers and whether the search goes on behind them.
void route_tree_put(struct buf *out, const struct route *root);
// Those that an alert with these labels comes to; only the ends of the ways show their receivers.
void route_tree_put_matching(struct buf *out, const struct route *root, const struct labels *l);
