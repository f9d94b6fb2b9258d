// SPDX-License-Identifier: Apache-2.0
#include "base/model/graphite.h"

// The part of the template up to the next star, or that star. Empty at the template's end.
static str next_part(str *template)
{
    size_t star = str_find(*template, '*');
    size_t end = star == 0 ? 1 : star == STR_NONE ? template->n : star;
    str part = str_slice(*template, 0, end);
    *template = str_skip(*template, end);
    return part;
}

static bool is_star(str part)
{
    return str_eq(part, S("*"));
}

static bool add_match(struct graphite_matches *m, str text)
{
    if (str_find(text, '.') != STR_NONE || m->count == GRAPHITE_MATCHES_MAX)
        return false;
    m->items[m->count++] = text;
    return true;
}

// What follows a star is looked for from the left, once: there is no going back.
bool graphite_match(str template, str name, struct graphite_matches *ret)
{
    ret->items[0] = name;
    ret->count = 1;
    for (str part = next_part(&template); part.n; part = next_part(&template)) {
        if (!is_star(part)) {
            if (!str_starts(name, part))
                return false;
            name = str_skip(name, part.n);
            continue;
        }
        str next = next_part(&template);
        if (next.n == 0)
            return add_match(ret, name);
        size_t at = str_find_str(name, next);
        if (at == STR_NONE || !add_match(ret, str_slice(name, 0, at)))
            return false;
        name = str_skip(name, at + next.n);
    }
    return name.n == 0;
}

// A decimal index with an optional sign, as Go's strconv.Atoi reads it.
static bool is_match(str index, const struct graphite_matches *m, str *ret)
{
    int64_t i;
    if (!str_to_i64(index, &i) || i < 0 || (uint64_t)i >= m->count)
        return false;
    *ret = m->items[i];
    return true;
}

void graphite_expand(str template, const struct graphite_matches *matches, struct buf *out)
{
    str before;
    while (str_cut(template, '$', &before, &template)) {
        buf_put(out, before);
        size_t from = 0, to = 0, end; // of the index
        if (str_starts(template, S("{"))) {
            from = 1;
            to = str_find(template, '}');
            if (to == STR_NONE) { // the rest is no reference
                buf_put_c(out, '$');
                buf_put(out, template);
                return;
            }
            end = to + 1;
        } else {
            while (to < template.n && template.p[to] >= '0' && template.p[to] <= '9')
                to++;
            end = to;
        }
        str match;
        if (is_match(str_slice(template, from, to), matches, &match)) {
            buf_put(out, match);
        } else {
            buf_put_c(out, '$');
            buf_put(out, str_slice(template, 0, end));
        }
        template = str_skip(template, end);
    }
    buf_put(out, before);
}
