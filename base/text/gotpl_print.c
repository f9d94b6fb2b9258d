// SPDX-License-Identifier: Apache-2.0
// Values as text: Go's fmt.Sprint and Sprintln (upstream: fmt/print.go).
#include "base/core/utf8.h"
#include "base/text/gotpl_printer.h"

#define PRINT_DEPTH_MAX 500 // lists in lists; deeper ones fill the output

static void print_bad_verb(struct printer *p, const struct tpl_value *v, uint32_t verb)
{
    bool was_erroring = p->is_erroring;
    p->is_erroring = true;
    buf_put(p->b, S("%!"));
    buf_put_rune(p->b, verb);
    buf_put_c(p->b, '(');
    tpl_put_type_name(p->b, v);
    if (v->type) {
        buf_put_c(p->b, '=');
        print_value(p, v, 'v', 0);
    }
    buf_put_c(p->b, ')');
    p->is_erroring = was_erroring;
}

// ---- scalars ----------------------------------------------------------------------------------

static bool print_bool(struct printer *p, bool b, uint32_t verb)
{
    if (verb != 't' && verb != 'v')
        return false;
    gofmt_pad(p->b, &p->f, b ? S("true") : S("false"));
    return true;
}

static bool print_int(struct printer *p, uint64_t u, bool is_signed, uint32_t verb)
{
    switch (verb) {
    case 'v':
        if (p->f.sharp_v && !is_signed) {
            struct gofmt f = p->f;
            f.sharp = true;
            gofmt_int(p->b, &f, u, false, 16, 'v');
        } else {
            gofmt_int(p->b, &p->f, u, is_signed, 10, 'v');
        }
        return true;
    case 'd':
        gofmt_int(p->b, &p->f, u, is_signed, 10, 'd');
        return true;
    case 'b':
        gofmt_int(p->b, &p->f, u, is_signed, 2, 'b');
        return true;
    case 'o':
    case 'O':
        gofmt_int(p->b, &p->f, u, is_signed, 8, (char)verb);
        return true;
    case 'x':
    case 'X':
        gofmt_int(p->b, &p->f, u, is_signed, 16, (char)verb);
        return true;
    case 'c':
        gofmt_char(p->b, &p->f, u);
        return true;
    case 'q':
        gofmt_char_quoted(p->b, &p->f, u);
        return true;
    case 'U':
        gofmt_unicode(p->b, &p->f, u);
        return true;
    default:
        return false;
    }
}

static bool is_float_verb(uint32_t verb)
{
    return verb && verb < 0x80 && strchr("vbeEfFgGxX", (int)verb);
}

static bool print_complex(struct printer *p, double re, double im, uint32_t verb)
{
    if (!is_float_verb(verb))
        return false;
    struct gofmt signed_f = p->f;
    signed_f.plus = true;
    buf_put_c(p->b, '(');
    gofmt_f64(p->b, &p->f, re, (char)verb);
    gofmt_f64(p->b, &signed_f, im, (char)verb);
    buf_put(p->b, S("i)"));
    return true;
}

static bool print_str(struct printer *p, str s, uint32_t verb)
{
    switch (verb) {
    case 'v':
        if (p->f.sharp_v)
            gofmt_quoted(p->b, &p->f, s);
        else
            gofmt_str(p->b, &p->f, s);
        return true;
    case 's':
        gofmt_str(p->b, &p->f, s);
        return true;
    case 'x':
    case 'X':
        gofmt_hex(p->b, &p->f, s, verb == 'X');
        return true;
    case 'q':
        gofmt_quoted(p->b, &p->f, s);
        return true;
    default:
        return false;
    }
}

// ---- composites -------------------------------------------------------------------------------

static void put_separator(struct printer *p, size_t i)
{
    if (i > 0)
        buf_put(p->b, p->f.sharp_v ? S(", ") : S(" "));
}

static void print_map(struct printer *p, const struct tpl_value *v, uint32_t verb, int depth)
{
    if (p->f.sharp_v) {
        buf_put(p->b, v->type->name);
        buf_put(p->b, v->is_nil ? S("(nil)") : S("{"));
        if (v->is_nil)
            return;
    } else {
        buf_put(p->b, S("map["));
    }
    for (size_t i = 0; i < v->count && !p->b->is_full; i++) {
        struct tpl_pair pair;
        tpl_map_at(v, i, &pair);
        put_separator(p, i);
        print_value(p, &pair.key, verb, depth + 1);
        buf_put_c(p->b, ':');
        print_value(p, &pair.value, verb, depth + 1);
    }
    buf_put_c(p->b, p->f.sharp_v ? '}' : ']');
}

static void print_struct(struct printer *p, const struct tpl_value *v, uint32_t verb, int depth)
{
    if (p->f.sharp_v)
        buf_put(p->b, v->type->name);
    buf_put_c(p->b, '{');
    for (size_t i = 0; i < v->type->field_count; i++) {
        const struct tpl_field *field = &v->type->fields[i];
        put_separator(p, i);
        if (p->f.plus_v || p->f.sharp_v) {
            buf_put(p->b, field->name);
            buf_put_c(p->b, ':');
        }
        struct tpl_value value;
        field->get(v->obj, &value);
        print_value(p, &value, verb, depth + 1);
    }
    buf_put_c(p->b, '}');
}

static void print_list(struct printer *p, const struct tpl_value *v, uint32_t verb, int depth)
{
    bool is_bytes = v->type == &TPL_BYTES;
    str bytes = is_bytes ? str_from((const char *)v->obj + v->first, v->count) : S("");
    if (is_bytes && verb != 'v' && print_str(p, bytes, verb))
        return;
    if (p->f.sharp_v) {
        buf_put(p->b, is_bytes ? S("[]byte") : v->type->name);
        buf_put(p->b, v->is_nil ? S("(nil)") : S("{"));
        if (v->is_nil)
            return;
    } else {
        buf_put_c(p->b, '[');
    }
    for (size_t i = 0; i < v->count && !p->b->is_full; i++) {
        struct tpl_value element;
        tpl_list_at(v, i, &element);
        put_separator(p, i);
        print_value(p, &element, verb, depth + 1);
    }
    buf_put_c(p->b, p->f.sharp_v ? '}' : ']');
}

static void print_pointer(struct printer *p, const struct tpl_value *v, uint32_t verb, int depth)
{
    if (depth == 0 && !v->is_nil) {
        struct tpl_value target = *v;
        target.is_pointer = false;
        buf_put_c(p->b, '&');
        print_value(p, &target, verb, depth + 1);
    } else if (verb == 'v' && v->is_nil) {
        gofmt_pad(p->b, &p->f, S("<nil>"));
    } else if (!print_int(p, 0, false, verb)) { // an address upstream; 0 for nil there too
        print_bad_verb(p, &(struct tpl_value){0}, verb);
    }
}

static bool print_by_method(struct printer *p, const struct tpl_value *v, uint32_t verb)
{
    if (p->is_erroring || (v->is_pointer && v->is_nil))
        return false;
    defer(buf_done) struct buf text = {.max = p->b->max, .mem = p->b->mem};
    if (p->f.sharp_v) {
        if (!v->type->put_go)
            return false;
        v->type->put_go(v, &text);
        gofmt_str(p->b, &p->f, buf_str(&text));
        return true;
    }
    if (!v->type->put_text ||
        !(verb == 'v' || verb == 's' || verb == 'x' || verb == 'X' || verb == 'q'))
        return false;
    v->type->put_text(v, &text);
    return print_str(p, buf_str(&text), verb);
}

static bool print_by_kind(struct printer *p, const struct tpl_value *v, uint32_t verb, int depth)
{
    switch (v->type->kind) {
    case TPL_KIND_BOOL:
        return print_bool(p, v->b, verb);
    case TPL_KIND_INT:
        return print_int(p, (uint64_t)v->i, true, verb);
    case TPL_KIND_UINT:
        return print_int(p, v->u, false, verb);
    case TPL_KIND_FLOAT:
        if (is_float_verb(verb))
            gofmt_f64(p->b, &p->f, v->f, (char)verb);
        return is_float_verb(verb);
    case TPL_KIND_COMPLEX:
        return print_complex(p, v->c.re, v->c.im, verb);
    case TPL_KIND_STRING:
        return print_str(p, v->s, verb);
    case TPL_KIND_LIST:
        print_list(p, v, verb, depth);
        return true;
    case TPL_KIND_MAP:
        print_map(p, v, verb, depth);
        return true;
    case TPL_KIND_STRUCT:
        print_struct(p, v, verb, depth);
        return true;
    case TPL_KIND_NONE:
    case TPL_KIND_ANY:
    case TPL_KIND_RAW:
        break;
    }
    return false;
}

void print_value(struct printer *p, const struct tpl_value *v, uint32_t verb, int depth)
{
    if (depth > PRINT_DEPTH_MAX)
        p->b->is_full = true;
    if (p->b->is_full)
        return;
    if (!v->type) {
        if (depth > 0)
            buf_put(p->b, p->f.sharp_v ? S("interface {}(nil)") : S("<nil>"));
        else if (verb == 'v')
            gofmt_pad(p->b, &p->f, S("<nil>"));
        else
            print_bad_verb(p, v, verb);
        return;
    }
    if (verb == 'T' && depth == 0) {
        defer(buf_done) struct buf name = {0};
        tpl_put_type_name(&name, v);
        gofmt_str(p->b, &p->f, buf_str(&name));
        return;
    }
    if (print_by_method(p, v, verb))
        return;
    if (v->is_pointer)
        print_pointer(p, v, verb, depth);
    else if (!print_by_kind(p, v, verb, depth))
        print_bad_verb(p, v, verb);
}

// ---- Sprint -----------------------------------------------------------------------------------

void tpl_put_value(struct buf *b, const struct tpl_value *v)
{
    if (v->type == &TPL_STRING) {
        buf_put(b, v->s);
        return;
    }
    struct printer p = {.b = b};
    print_value(&p, v, 'v', 0);
}

void tpl_put_verb(struct buf *b, const struct tpl_value *v, char verb)
{
    struct printer p = {.b = b};
    print_value(&p, v, (uint32_t)(uint8_t)verb, 0);
}

void tpl_put_args(struct buf *b, const struct tpl_value *args, size_t count)
{
    bool was_string = true;
    for (size_t i = 0; i < count; i++) {
        bool is_string = tpl_kind_of(&args[i]) == TPL_KIND_STRING;
        if (i > 0 && !is_string && !was_string)
            buf_put_c(b, ' ');
        tpl_put_value(b, &args[i]);
        was_string = is_string;
    }
}

void tpl_put_args_line(struct buf *b, const struct tpl_value *args, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_put_c(b, ' ');
        tpl_put_value(b, &args[i]);
    }
    buf_put_c(b, '\n');
}

str tpl_joined(struct arena *mem, const struct tpl_value *args, size_t count)
{
    if (count == 1 && args[0].type == &TPL_STRING)
        return args[0].s;
    struct buf text = {.max = TPL_OUTPUT_BYTES_MAX, .mem = mem};
    bool was_string = true;
    for (size_t i = 0; i < count; i++) {
        struct tpl_value v = args[i].type ? args[i] : tpl_str(S("<no value>"));
        v.is_pointer = v.is_pointer && v.is_nil;
        bool is_string = v.type->kind == TPL_KIND_STRING;
        if (i > 0 && !is_string && !was_string)
            buf_put_c(&text, ' ');
        tpl_put_value(&text, &v);
        was_string = is_string;
    }
    return buf_str(&text);
}
