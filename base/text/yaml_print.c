// SPDX-License-Identifier: Apache-2.0
#include "base/text/yaml_print.h"

#include <math.h>

#include "base/core/alloc.h"
#include "base/core/f64.h"
#include "base/core/utf8.h"
#include "base/text/unicode.h"

// ---- scalars -------------------------------------------------------------------------------

void yaml_put_null(struct yaml_printer *p)
{
    yaml_put_plain(p, S("null"));
}

void yaml_put_bool(struct yaml_printer *p, bool x)
{
    yaml_put_plain(p, x ? S("true") : S("false"));
}

void yaml_put_i64(struct yaml_printer *p, int64_t x)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)x);
    yaml_put_plain(p, str_from(text, (size_t)n));
}

void yaml_put_u64(struct yaml_printer *p, uint64_t x)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)x);
    yaml_put_plain(p, str_from(text, (size_t)n));
}

void yaml_put_f64(struct yaml_printer *p, double x)
{
    defer(buf_done) struct buf text = {0};
    if (isnan(x))
        buf_put(&text, S(".nan"));
    else if (isinf(x))
        buf_put(&text, x > 0 ? S(".inf") : S("-.inf"));
    else
        buf_put_f64_shortest(&text, x);
    yaml_put_plain(p, buf_str(&text));
}

void yaml_put_secret(struct yaml_printer *p, str s)
{
    if (s.n)
        yaml_put_str(p, S(YAML_SECRET_TEXT));
    else
        yaml_put_null(p);
}

// ---- maps ----------------------------------------------------------------------------------

// The number at the front of s, and how many digits it has.
static int64_t leading_number(str s, int64_t start, size_t *ret_digits)
{
    uint64_t x = (uint64_t)start; // overflow wraps, as in Go
    size_t n = 0;
    for (; n < s.n && s.p[n] >= '0' && s.p[n] <= '9'; n++)
        x = x * 10 + (uint64_t)(s.p[n] - '0');
    *ret_digits = n;
    return (int64_t)x;
}

// Are there non-zero digits directly in front of `at`?
static bool follows_number(str s, size_t at)
{
    while (at-- > 0 && s.p[at] >= '0' && s.p[at] <= '9')
        if (s.p[at] != '0')
            return true;
    return false;
}

// Both keys are equal up to `at`, and differ there.
static int compare_at(str a, str b, size_t at)
{
    size_t width;
    uint32_t ra = utf8_decode(str_skip(a, at), &width), rb = utf8_decode(str_skip(b, at), &width);
    bool a_is_letter = rune_is_letter(ra), b_is_letter = rune_is_letter(rb);
    if (a_is_letter && b_is_letter)
        return ra < rb ? -1 : 1;
    if (a_is_letter || b_is_letter)
        return b_is_letter ? -1 : 1;
    int64_t start = (ra == '0' || rb == '0') && follows_number(a, at);
    size_t a_digits, b_digits;
    int64_t na = leading_number(str_skip(a, at), start, &a_digits);
    int64_t nb = leading_number(str_skip(b, at), start, &b_digits);
    if (na != nb)
        return na < nb ? -1 : 1;
    if (a_digits != b_digits)
        return a_digits < b_digits ? -1 : 1;
    return ra < rb ? -1 : 1;
}

int yaml_key_compare(str a, str b)
{
    for (size_t at = 0, width; at < a.n && at < b.n; at += width) {
        size_t b_width;
        uint32_t ra = utf8_decode(str_skip(a, at), &width);
        if (ra != utf8_decode(str_skip(b, at), &b_width))
            return compare_at(a, b, at);
    }
    return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

static int compare_pairs(const void *a, const void *b)
{
    return yaml_key_compare(((const struct yaml_str_pair *)a)->key,
                            ((const struct yaml_str_pair *)b)->key);
}

void yaml_put_str_map(struct yaml_printer *p, const struct yaml_str_map *map)
{
    struct yaml_str_pair *sorted = mem_array(struct yaml_str_pair, MAX(map->count, 1));
    if (map->count) {
        memcpy(sorted, map->items, map->count * sizeof(*sorted));
        qsort(sorted, map->count, sizeof(*sorted), compare_pairs);
    }
    yaml_put_map_begin(p, map->count);
    for (size_t i = 0; i < map->count; i++) {
        yaml_put_str(p, sorted[i].key);
        yaml_put_str(p, sorted[i].value);
    }
    yaml_put_map_end(p);
    mem_free(sorted);
}

void yaml_put_strs(struct yaml_printer *p, const struct str_list *list)
{
    yaml_put_seq_begin(p, list->count);
    for (size_t i = 0; i < list->count; i++)
        yaml_put_str(p, list->items[i]);
    yaml_put_seq_end(p);
}

// ---- trees ---------------------------------------------------------------------------------

static int compare_members(const void *a, const void *b)
{
    const struct yaml_member *const *x = a, *const *y = b;
    return yaml_key_compare((*x)->key->text, (*y)->key->text);
}

static void put_mapping(struct yaml_printer *p, const struct yaml_node *node)
{
    const struct yaml_member **sorted = mem_array(const struct yaml_member *, MAX(node->count, 1));
    yaml_each (i, node)
        sorted[i] = &node->members[i];
    if (node->count)
        qsort(sorted, node->count, sizeof(*sorted), compare_members);
    yaml_put_map_begin(p, node->count);
    yaml_each (i, node) {
        yaml_put_node(p, sorted[i]->key);
        yaml_put_node(p, sorted[i]->value);
    }
    yaml_put_map_end(p);
    mem_free(sorted);
}

void yaml_put_node(struct yaml_printer *p, const struct yaml_node *node)
{
    switch (node ? node->kind : YAML_NULL) {
    case YAML_NULL:
        yaml_put_null(p);
        return;
    case YAML_SCALAR:
        if (str_eq(yaml_short_tag(node), S("!!str")))
            yaml_put_str(p, node->text);
        else
            yaml_put_plain(p, node->text);
        return;
    case YAML_SEQUENCE:
        yaml_put_seq_begin(p, node->count);
        yaml_each (i, node)
            yaml_put_node(p, node->items[i]);
        yaml_put_seq_end(p);
        return;
    case YAML_MAPPING:
        put_mapping(p, node);
        return;
    }
}

// ---- structs -------------------------------------------------------------------------------

static bool is_all_zero(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i])
            return false;
    return true;
}

static bool struct_is_empty(const struct yaml_struct *type, const void *from);

// Go's "omitempty": false, 0, no text, no items, no pointer, a struct of such fields.
static bool field_is_empty(const struct yaml_field *f, const void *from)
{
    switch (f->type) {
    case YAML_T_STR:
    case YAML_T_SECRET:
        return ((const str *)from)->n == 0;
    case YAML_T_BOOL:
        return !*(const bool *)from;
    case YAML_T_INT:
        return *(const int64_t *)from == 0;
    case YAML_T_UINT:
        return *(const uint64_t *)from == 0;
    case YAML_T_FLOAT:
        return *(const double *)from == 0;
    case YAML_T_STRS:
        return ((const struct str_list *)from)->count == 0;
    case YAML_T_STR_MAP:
        return ((const struct yaml_str_map *)from)->count == 0;
    case YAML_T_LIST:
    case YAML_T_PTR_LIST:
        return ((const struct yaml_list *)from)->count == 0;
    case YAML_T_STRUCT:
        return struct_is_empty(f->sub, from);
    case YAML_T_PTR:
    case YAML_T_NODE:
        return *(void *const *)from == NULL;
    case YAML_T_CUSTOM:
        return f->is_empty ? f->is_empty(from) : is_all_zero(from, f->bytes);
    }
    return false;
}

static bool struct_is_empty(const struct yaml_struct *type, const void *from)
{
    for (const struct yaml_field *f = type->fields; f->name; f++)
        if (!field_is_empty(f, (const char *)from + f->offset))
            return false;
    return true;
}

static void put_list(struct yaml_printer *p, const struct yaml_field *f,
                     const struct yaml_list *list)
{
    yaml_put_seq_begin(p, list->count);
    for (size_t i = 0; i < list->count; i++) {
        const void *item = f->type == YAML_T_PTR_LIST
                               ? ((void *const *)list->items)[i]
                               : (const char *)list->items + i * f->sub->bytes;
        if (item)
            yaml_put_struct(p, f->sub, item);
        else
            yaml_put_null(p);
    }
    yaml_put_seq_end(p);
}

static void put_field(struct yaml_printer *p, const struct yaml_field *f, const void *from)
{
    switch (f->type) {
    case YAML_T_STR:
        yaml_put_str(p, *(const str *)from);
        return;
    case YAML_T_SECRET:
        yaml_put_secret(p, *(const str *)from);
        return;
    case YAML_T_BOOL:
        yaml_put_bool(p, *(const bool *)from);
        return;
    case YAML_T_INT:
        yaml_put_i64(p, *(const int64_t *)from);
        return;
    case YAML_T_UINT:
        yaml_put_u64(p, *(const uint64_t *)from);
        return;
    case YAML_T_FLOAT:
        yaml_put_f64(p, *(const double *)from);
        return;
    case YAML_T_STRS:
        yaml_put_strs(p, from);
        return;
    case YAML_T_STR_MAP:
        yaml_put_str_map(p, from);
        return;
    case YAML_T_STRUCT:
        yaml_put_struct(p, f->sub, from);
        return;
    case YAML_T_PTR:
        if (*(void *const *)from)
            yaml_put_struct(p, f->sub, *(void *const *)from);
        else
            yaml_put_null(p);
        return;
    case YAML_T_LIST:
    case YAML_T_PTR_LIST:
        put_list(p, f, from);
        return;
    case YAML_T_CUSTOM:
        f->print(p, from);
        return;
    case YAML_T_NODE:
        yaml_put_node(p, *(const struct yaml_node *const *)from);
        return;
    }
}

static bool is_printed(const struct yaml_field *f, const char *owner)
{
    return !f->is_hidden && !(f->is_omitted_when_empty && field_is_empty(f, owner + f->offset));
}

static size_t count_printed(const struct yaml_struct *type, const char *from)
{
    size_t count = 0;
    for (const struct yaml_field *f = type->fields; f->name; f++)
        count += f->is_inline ? count_printed(f->sub, from + f->offset) : is_printed(f, from);
    return count;
}

static void put_fields(struct yaml_printer *p, const struct yaml_struct *type, const char *from)
{
    for (const struct yaml_field *f = type->fields; f->name; f++) {
        if (f->is_inline) {
            put_fields(p, f->sub, from + f->offset);
        } else if (is_printed(f, from)) {
            yaml_put_str(p, str_c(f->name));
            p->is_flow_next = f->is_flow;
            put_field(p, f, from + f->offset);
        }
    }
}

void yaml_put_struct(struct yaml_printer *p, const struct yaml_struct *type, const void *from)
{
    yaml_put_map_begin(p, count_printed(type, from));
    put_fields(p, type, from);
    yaml_put_map_end(p);
}

void yaml_print(struct buf *out, const struct yaml_struct *type, const void *from)
{
    struct yaml_printer p;
    yaml_printer_init(&p, out);
    yaml_put_struct(&p, type, from);
    yaml_printer_done(&p);
}
