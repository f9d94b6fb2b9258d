// SPDX-License-Identifier: Apache-2.0
// json_tree.h: JSON for the template cases: keeps the text of numbers (1 is an int, 1.0 a float)
// and NUL bytes in strings, which cJSON does not.
#pragma once
#include "base/core/arena.h"
#include "base/core/utf8.h"

enum jkind { J_NULL, J_BOOL, J_NUMBER, J_STRING, J_ARRAY, J_OBJECT };

struct jnode {
    enum jkind kind;
    bool is_true;
    str key;  // in an object
    str text; // of a string, or a number as written
    struct jnode *first, *next;
    size_t count;
};

struct jreader {
    const char *p, *end;
    struct arena *mem;
};

static inline void j_space(struct jreader *r)
{
    while (r->p < r->end && strchr(" \t\r\n", *r->p))
        r->p++;
}

static inline uint32_t j_hex4(struct jreader *r)
{
    char digits[5] = {r->p[0], r->p[1], r->p[2], r->p[3], 0};
    r->p += 4;
    return (uint32_t)strtoul(digits, NULL, 16);
}

static inline void j_escape(struct jreader *r, struct buf *out)
{
    static const char FROM[] = "bfnrt", TO[] = "\b\f\n\r\t";
    char c = *r->p++;
    const char *at = strchr(FROM, c);
    if (at) {
        buf_put_c(out, TO[at - FROM]);
    } else if (c != 'u') {
        buf_put_c(out, c);
    } else {
        uint32_t rune = j_hex4(r);
        if (rune >= 0xd800 && rune < 0xdc00 && r->p[0] == '\\' && r->p[1] == 'u') {
            r->p += 2;
            rune = 0x10000 + ((rune - 0xd800) << 10) + (j_hex4(r) - 0xdc00);
        }
        buf_put_rune(out, rune);
    }
}

static inline str j_string(struct jreader *r) // at the opening quote
{
    defer(buf_done) struct buf out = {0};
    for (r->p++; *r->p != '"';) {
        if (*r->p == '\\') {
            r->p++;
            j_escape(r, &out);
        } else {
            buf_put_c(&out, *r->p++);
        }
    }
    r->p++;
    return arena_str(r->mem, buf_str(&out));
}

static inline struct jnode *j_value(struct jreader *r)
{
    struct jnode *v = arena_new(r->mem, struct jnode);
    j_space(r);
    if (*r->p == '"') {
        v->kind = J_STRING;
        v->text = j_string(r);
    } else if (*r->p == '{' || *r->p == '[') {
        char close = *r->p == '{' ? '}' : ']';
        v->kind = close == '}' ? J_OBJECT : J_ARRAY;
        struct jnode **tail = &v->first;
        for (r->p++, j_space(r); *r->p != close; v->count++) {
            str key = {0};
            if (v->kind == J_OBJECT) {
                key = j_string(r);
                j_space(r);
                r->p++; // ':'
            }
            *tail = j_value(r);
            (*tail)->key = key;
            tail = &(*tail)->next;
            j_space(r);
            if (*r->p == ',')
                r->p++;
            j_space(r);
        }
        r->p++;
    } else if (*r->p == 't' || *r->p == 'f' || *r->p == 'n') {
        v->kind = *r->p == 'n' ? J_NULL : J_BOOL;
        v->is_true = *r->p == 't';
        r->p += *r->p == 'f' ? 5 : 4;
    } else {
        const char *from = r->p;
        while (r->p < r->end && strchr("+-.0123456789eE", *r->p))
            r->p++;
        v->kind = J_NUMBER;
        v->text = str_from(from, (size_t)(r->p - from));
    }
    return v;
}

static inline struct jnode *j_get(const struct jnode *object, const char *key)
{
    for (struct jnode *v = object ? object->first : NULL; v; v = v->next) {
        if (str_eq(v->key, str_c(key)))
            return v;
    }
    return NULL;
}

static inline str j_text(const struct jnode *object, const char *key)
{
    const struct jnode *v = j_get(object, key);
    return v ? v->text : S("");
}
