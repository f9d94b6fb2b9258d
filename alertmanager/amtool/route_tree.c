// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/amtool/route_tree.h"

#include "alertmanager/config.h"

static const str MIDDLE = S("├── ");
static const str LAST = S("└── ");
static const str BESIDE = S("│   ");
static const str BEHIND = S("    ");

struct tree {
    struct buf *out;
    struct buf indent;           // what stands in front of the children at hand
    const struct labels *labels; // NULL: all routes
};

static bool is_shown(const struct tree *t, const struct route *r)
{
    return !t->labels || matchers_match(&r->matchers, t->labels);
}

// The child that is drawn after the first `from` ones, or NULL.
static const struct route *next_shown(const struct tree *t, const struct route *parent, size_t from,
                                      size_t *ret_index)
{
    for (size_t i = from; i < parent->child_count; i++) {
        const struct route *r = parent->children[i];
        if (is_shown(t, r)) {
            *ret_index = i;
            return r;
        }
    }
    return NULL;
}

static void put_text(struct tree *t, const struct route *r, bool is_end)
{
    if (r->matchers.count)
        buf_put_matchers(t->out, &r->matchers);
    else
        buf_put(t->out, S("default-route"));
    if (r->is_continue && !t->labels)
        buf_put(t->out, S("  continue: true"));
    if (is_end || !t->labels)
        buf_printf(t->out, "  receiver: %.*s", STR(r->receiver->name));
    buf_put_c(t->out, '\n');
}

// Recursion: the depth of the configuration file, which YAML_DEPTH_MAX bounds.
static void put_route(struct tree *t, const struct route *r, bool is_last)
{
    size_t at, indent = t->indent.n;
    const struct route *child = next_shown(t, r, 0, &at);
    buf_put(t->out, buf_str(&t->indent));
    buf_put(t->out, is_last ? LAST : MIDDLE);
    put_text(t, r, !child);
    buf_put(&t->indent, is_last ? BEHIND : BESIDE);
    while (child) {
        // An alert's search ends at the first route that does not say continue.
        bool goes_on = !t->labels || child->is_continue;
        const struct route *next = goes_on ? next_shown(t, r, at + 1, &at) : NULL;
        put_route(t, child, !next);
        child = next;
    }
    t->indent.n = indent;
}

static void put_tree(struct buf *out, const struct route *root, const struct labels *l)
{
    struct tree t = {.out = out, .labels = l};
    buf_put(out, S(".\n"));
    put_route(&t, root, true);
    buf_done(&t.indent);
}

void route_tree_put(struct buf *out, const struct route *root)
{
    put_tree(out, root, NULL);
}

void route_tree_put_matching(struct buf *out, const struct route *root, const struct labels *l)
{
    put_tree(out, root, l);
}
