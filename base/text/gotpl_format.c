// SPDX-License-Identifier: Apache-2.0
// Go's fmt.Sprintf: walking the format (upstream: fmt/print.go, doPrintf).
#include "base/core/utf8.h"
#include "base/text/gotpl_printer.h"

struct format {
    str s;
    size_t at;
    const struct tpl_value *args;
    size_t count;
    size_t arg;        // the next one
    bool is_reordered; // an index was used
    bool is_good_index;
    bool is_after_index;
};

static bool is_too_large(int64_t n)
{
    return n > TPL_FIELD_WIDTH_MAX || n < -TPL_FIELD_WIDTH_MAX;
}

// A decimal number in s at [*at, end). Past the maximum: no number, and *at = end.
static bool take_number(str s, size_t *at, size_t end, int *ret)
{
    int n = 0;
    bool is_number = false;
    *ret = 0;
    for (; *at < end && s.p[*at] >= '0' && s.p[*at] <= '9'; (*at)++) {
        if (is_too_large(n)) {
            *at = end;
            return false;
        }
        n = n * 10 + (s.p[*at] - '0');
        is_number = true;
    }
    *ret = n;
    return is_number;
}

static bool is_at(const struct format *t, char c)
{
    return t->at < t->s.n && t->s.p[t->at] == c;
}

// "[n]" chooses the next operand.
static void take_index(struct format *t)
{
    t->is_after_index = false;
    if (!is_at(t, '['))
        return;
    t->is_reordered = true;
    size_t close = str_find(str_skip(t->s, t->at), ']');
    if (close == STR_NONE || t->s.n - t->at < 3) {
        t->is_good_index = false;
        t->at++;
        return;
    }
    close += t->at;
    size_t at = t->at + 1;
    int n;
    bool is_number = take_number(t->s, &at, close, &n) && at == close;
    t->at = close + 1;
    t->is_after_index = is_number;
    if (is_number && n >= 1 && (size_t)n <= t->count)
        t->arg = (size_t)n - 1;
    else
        t->is_good_index = false;
}

// An operand as a width or precision.
static bool take_int_operand(struct format *t, int *ret)
{
    *ret = 0;
    if (t->arg >= t->count)
        return false;
    const struct tpl_value *v = &t->args[t->arg++];
    enum tpl_kind kind = tpl_kind_of(v);
    if ((kind != TPL_KIND_INT && kind != TPL_KIND_UINT) || is_too_large(v->i))
        return false;
    *ret = (int)v->i;
    return true;
}

static void take_flags(struct format *t, struct gofmt *f)
{
    for (; t->at < t->s.n; t->at++) {
        switch (t->s.p[t->at]) {
        case '#':
            f->sharp = true;
            break;
        case '0':
            f->zero = true;
            break;
        case '+':
            f->plus = true;
            break;
        case '-':
            f->minus = true;
            break;
        case ' ':
            f->space = true;
            break;
        default:
            return;
        }
    }
}

static void take_width(struct format *t, struct printer *p)
{
    if (!is_at(t, '*')) {
        p->f.has_width = take_number(t->s, &t->at, t->s.n, &p->f.width);
        if (t->is_after_index && p->f.has_width)
            t->is_good_index = false;
        return;
    }
    t->at++;
    p->f.has_width = take_int_operand(t, &p->f.width);
    if (!p->f.has_width)
        buf_put(p->b, S("%!(BADWIDTH)"));
    if (p->f.width < 0) {
        p->f.width = -p->f.width;
        p->f.minus = true;
        p->f.zero = false;
    }
    t->is_after_index = false;
}

static void take_precision(struct format *t, struct printer *p)
{
    if (!is_at(t, '.') || t->at + 1 >= t->s.n)
        return;
    t->at++;
    if (t->is_after_index)
        t->is_good_index = false;
    take_index(t);
    if (!is_at(t, '*')) {
        take_number(t->s, &t->at, t->s.n, &p->f.prec);
        p->f.has_prec = true;
        return;
    }
    t->at++;
    p->f.has_prec = take_int_operand(t, &p->f.prec) && p->f.prec >= 0;
    if (!p->f.has_prec) {
        p->f.prec = 0;
        buf_put(p->b, S("%!(BADPREC)"));
    }
    t->is_after_index = false;
}

static void put_complaint(struct buf *b, uint32_t verb, str what)
{
    buf_put(b, S("%!"));
    buf_put_rune(b, verb);
    buf_put(b, what);
}

// One directive, behind its '%'. False: the format has ended inside it.
static bool print_directive(struct printer *p, struct format *t)
{
    p->f = (struct gofmt){0};
    t->is_good_index = true;
    take_flags(t, &p->f);
    take_index(t);
    take_width(t, p);
    take_precision(t, p);
    if (!t->is_after_index)
        take_index(t);
    if (t->at >= t->s.n) {
        buf_put(p->b, S("%!(NOVERB)"));
        return false;
    }
    size_t width;
    uint32_t verb = utf8_decode(str_skip(t->s, t->at), &width);
    t->at += width;
    if (verb == '%') {
        buf_put_c(p->b, '%');
    } else if (!t->is_good_index) {
        put_complaint(p->b, verb, S("(BADINDEX)"));
    } else if (t->arg >= t->count) {
        put_complaint(p->b, verb, S("(MISSING)"));
    } else {
        if (verb == 'v') {
            p->f.sharp_v = p->f.sharp;
            p->f.plus_v = p->f.plus;
            p->f.sharp = p->f.plus = false;
        }
        const struct tpl_value *v = &t->args[t->arg++];
        if (verb == 'T' && !v->type)
            gofmt_pad(p->b, &p->f, S("<nil>"));
        else
            print_value(p, v, verb, 0);
    }
    return true;
}

static void put_extra(struct printer *p, const struct format *t)
{
    p->f = (struct gofmt){0};
    buf_put(p->b, S("%!(EXTRA "));
    for (size_t i = t->arg; i < t->count; i++) {
        buf_put(p->b, i > t->arg ? S(", ") : S(""));
        tpl_put_type_name(p->b, &t->args[i]);
        if (t->args[i].type) {
            buf_put_c(p->b, '=');
            print_value(p, &t->args[i], 'v', 0);
        }
    }
    buf_put_c(p->b, ')');
}

void tpl_put_format(struct buf *b, str format, const struct tpl_value *args, size_t count)
{
    struct printer p = {.b = b};
    struct format t = {.s = format, .args = args, .count = count};
    while (t.at < t.s.n && !b->is_full) {
        size_t percent = str_find(str_skip(t.s, t.at), '%');
        size_t end = percent == STR_NONE ? t.s.n : t.at + percent;
        buf_put(b, str_slice(t.s, t.at, end));
        t.at = end;
        if (t.at >= t.s.n)
            break;
        t.at++;
        if (!print_directive(&p, &t))
            break;
    }
    if (!t.is_reordered && t.arg < t.count)
        put_extra(&p, &t);
}
