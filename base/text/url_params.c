// SPDX-License-Identifier: Apache-2.0
#include "base/core/alloc.h"
#include "base/text/url.h"
#include "base/text/url_escape.h"

static bool param_part(str s, struct arena *mem, str *ret)
{
    defer(buf_done) struct buf out = {0};
    if (!url_unescape(s, URL_PART_QUERY, &out, NULL))
        return false;
    *ret = arena_str(mem, buf_str(&out));
    return true;
}

static size_t piece_count(str raw_query)
{
    size_t count = raw_query.n > 0;
    for (size_t i = 0; i < raw_query.n; i++)
        count += raw_query.p[i] == '&';
    return MIN(count, URL_PARAMS_MAX);
}

void url_params_parse(str raw_query, struct arena *mem, struct url_params *ret)
{
    struct url_params params = {.items =
                                    arena_array(mem, struct url_param, piece_count(raw_query))};
    while (raw_query.n && params.count < URL_PARAMS_MAX) {
        str piece, name, value;
        str_cut(raw_query, '&', &piece, &raw_query);
        if (piece.n == 0 || str_find(piece, ';') != STR_NONE)
            continue;
        str_cut(piece, '=', &name, &value);
        struct url_param *p = &params.items[params.count];
        if (param_part(name, mem, &p->name) && param_part(value, mem, &p->value))
            params.count++;
    }
    *ret = params;
}

static str param_value(const struct url_param *p, bool *ret_has)
{
    if (ret_has)
        *ret_has = p != NULL;
    return p ? p->value : S("");
}

str url_param_first(const struct url_params *p, str name, bool *ret_has)
{
    const struct url_param *found = NULL;
    for (size_t i = 0; i < p->count && !found; i++) {
        if (str_eq(p->items[i].name, name))
            found = &p->items[i];
    }
    return param_value(found, ret_has);
}

str url_param_last(const struct url_params *p, str name, bool *ret_has)
{
    const struct url_param *found = NULL;
    for (size_t i = p->count; i-- > 0 && !found;) {
        if (str_eq(p->items[i].name, name))
            found = &p->items[i];
    }
    return param_value(found, ret_has);
}

struct param_ref {
    const struct url_param *param;
};

// By name, then by place.
static int param_ref_cmp(const void *a, const void *b)
{
    const struct url_param *x = ((const struct param_ref *)a)->param;
    const struct url_param *y = ((const struct param_ref *)b)->param;
    int order = str_cmp(x->name, y->name);
    return order ? order : (x > y) - (x < y);
}

void buf_put_params(struct buf *b, const struct url_params *p)
{
    struct param_ref *sorted = mem_array(struct param_ref, p->count);
    for (size_t i = 0; i < p->count; i++)
        sorted[i].param = &p->items[i];
    if (p->count > 1)
        qsort(sorted, p->count, sizeof(*sorted), param_ref_cmp);
    for (size_t i = 0; i < p->count; i++) {
        if (i > 0)
            buf_put_c(b, '&');
        buf_put_query_escaped(b, sorted[i].param->name);
        buf_put_c(b, '=');
        buf_put_query_escaped(b, sorted[i].param->value);
    }
    mem_free(sorted);
}
