// SPDX-License-Identifier: Apache-2.0
#include "base/text/regex_fast.h"

#include "base/core/alloc.h"
#include "base/core/utf8.h"

#define LINEAR_SEARCH_MAX 8

// ---- recognising --------------------------------------------------------------------------------

static bool is_meta(char c)
{
    return c && strchr("\\.+*?()|[]{}^$", c);
}

static bool is_quantifier(char c)
{
    return c && strchr("*+?{", c);
}

static bool is_escapable(char c) // a backslash in front of it makes it literal
{
    return c > ' ' && c < 0x7f && c != '_' && !(c >= '0' && c <= '9') &&
           !((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static char front(str s)
{
    return (char)(s.n ? s.p[0] : '\0');
}

// Reads ".*" or ".+" if it is there. False: some other use of the dot.
static bool take_dots(str *s, bool *ret_has, uint8_t *ret_min)
{
    *ret_has = front(*s) == '.';
    if (!*ret_has)
        return true;
    char quantifier = front(str_skip(*s, 1));
    if (quantifier != '*' && quantifier != '+')
        return false;
    *ret_min = quantifier == '+';
    *s = str_skip(*s, 2);
    return !is_quantifier(front(*s));
}

// Reads literal bytes, unescaped, to *to.
static bool take_literal(str *s, char **to)
{
    while (s->n) {
        size_t width = 1;
        char c = s->p[0];
        if (c == '\\' && is_escapable(front(str_skip(*s, 1)))) {
            c = s->p[1];
            width = 2;
        } else if (is_meta(c)) {
            return true;
        }
        *s = str_skip(*s, width);
        if (is_quantifier(front(*s)))
            return false;
        *(*to)++ = c;
    }
    return true;
}

static bool take_branch(str *s, enum regex_anchor anchor, char **to, struct regex_branch *ret)
{
    *ret = (struct regex_branch){0};
    if (front(*s) == '^' && anchor == REGEX_WHOLE)
        *s = str_skip(*s, 1); // says what is so already
    char *from = *to;
    if (!take_dots(s, &ret->dots_before, &ret->before_bytes_min) || !take_literal(s, to))
        return false;
    ret->literal = str_from(from, (size_t)(*to - from));
    if (ret->literal.n && !take_dots(s, &ret->dots_after, &ret->after_bytes_min))
        return false;
    if (front(*s) == '$' && anchor == REGEX_WHOLE)
        *s = str_skip(*s, 1);
    bool has_dots = ret->dots_before || ret->dots_after;
    if (has_dots && (anchor == REGEX_SEARCH || str_find(ret->literal, '\n') != STR_NONE))
        return false; // a dot does not match a newline: see branch_matches
    return s->n == 0 || s->p[0] == '|';
}

// A group around the whole pattern changes nothing for the question whether it matches.
static str without_group(str pattern)
{
    if (!str_starts(pattern, S("(")) || !str_ends(pattern, S(")")) || str_ends(pattern, S("\\)")))
        return pattern;
    str inner = str_slice(pattern, 1, pattern.n - 1);
    if (str_starts(inner, S("?:")))
        return str_skip(inner, 2);
    return str_starts(inner, S("?")) ? pattern : inner;
}

static int branch_cmp(const void *a, const void *b)
{
    return str_cmp(((const struct regex_branch *)a)->literal,
                   ((const struct regex_branch *)b)->literal);
}

static size_t branch_count_max(str pattern)
{
    size_t count = 1;
    for (size_t i = 0; i < pattern.n; i++)
        count += pattern.p[i] == '|';
    return count;
}

void regex_fast_init(struct regex_fast *f, str pattern, enum regex_anchor anchor)
{
    *f = (struct regex_fast){.is_literals = true};
    // A U+FFFD in a pattern also stands for an invalid byte of the text: more than its own bytes.
    if (!utf8_is_valid(pattern) || str_find_str(pattern, S("\uFFFD")) != STR_NONE)
        return;
    str rest = without_group(pattern);
    struct regex_branch *branches = mem_array(struct regex_branch, branch_count_max(rest));
    f->branches = branches;
    f->bytes = mem_alloc(rest.n);
    char *to = f->bytes;
    for (size_t count = 0;; rest = str_skip(rest, 1)) {
        struct regex_branch *b = &branches[count];
        if (!take_branch(&rest, anchor, &to, b)) {
            regex_fast_done(f);
            return;
        }
        f->is_literals &= !b->dots_before && !b->dots_after;
        count++;
        if (rest.n == 0) {
            f->count = count;
            break;
        }
    }
    if (f->is_literals)
        qsort(branches, f->count, sizeof(*branches), branch_cmp);
}

void regex_fast_done(struct regex_fast *f)
{
    mem_free(f->branches);
    mem_free(f->bytes);
    *f = (struct regex_fast){0};
}

// ---- matching -----------------------------------------------------------------------------------

// The whole text against one branch; a text with a newline matches none that has dots.
static bool branch_matches(const struct regex_branch *b, str text)
{
    size_t dots_min = (size_t)b->before_bytes_min + b->after_bytes_min;
    if (text.n < b->literal.n + dots_min)
        return false;
    if (!b->dots_before && !b->dots_after)
        return str_eq(text, b->literal);
    if (text.n && memchr(text.p, '\n', text.n))
        return false;
    str middle = str_slice(text, b->before_bytes_min, text.n - b->after_bytes_min);
    if (!b->dots_before)
        return str_starts(middle, b->literal);
    if (!b->dots_after)
        return str_ends(middle, b->literal);
    return str_find_str(middle, b->literal) != STR_NONE;
}

static bool literals_have(const struct regex_fast *f, str text)
{
    size_t from = 0, to = f->count;
    while (to - from > LINEAR_SEARCH_MAX) {
        size_t middle = from + (to - from) / 2;
        if (str_cmp(f->branches[middle].literal, text) <= 0)
            from = middle;
        else
            to = middle;
    }
    for (; from < to; from++) {
        if (str_eq(f->branches[from].literal, text))
            return true;
    }
    return false;
}

bool regex_fast_matches(const struct regex_fast *f, enum regex_anchor anchor, str text)
{
    if (anchor == REGEX_WHOLE && f->is_literals)
        return literals_have(f, text);
    for (size_t i = 0; i < f->count; i++) {
        const struct regex_branch *b = &f->branches[i];
        if (anchor == REGEX_WHOLE ? branch_matches(b, text)
                                  : str_find_str(text, b->literal) != STR_NONE)
            return true;
    }
    return false;
}
