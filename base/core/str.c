// SPDX-License-Identifier: Apache-2.0
#include "base/core/str.h"

#include <errno.h>
#include <math.h>

int str_cmp(str a, str b)
{
    size_t n = MIN(a.n, b.n);
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

static char to_lower(char c)
{
    if (c < 'A' || c > 'Z')
        return c;
    return (char)(c + ('a' - 'A'));
}

int str_cmp_items(const void *a, const void *b)
{
    return str_cmp(*(const str *)a, *(const str *)b);
}

bool str_eq_nocase(str a, str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (to_lower(a.p[i]) != to_lower(b.p[i]))
            return false;
    }
    return true;
}

bool str_starts(str s, str prefix)
{
    return s.n >= prefix.n && str_eq(str_from(s.p, prefix.n), prefix);
}

bool str_ends(str s, str suffix)
{
    return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

str str_slice(str s, size_t from, size_t to)
{
    to = MIN(to, s.n);
    from = MIN(from, to);
    return s.p ? str_from(s.p + from, to - from) : s;
}

size_t str_find(str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : STR_NONE;
}

size_t str_find_last(str s, char c)
{
    const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : STR_NONE;
}

size_t str_find_str(str s, str needle)
{
    if (needle.n == 0)
        return 0;
    const char *at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return at ? (size_t)(at - s.p) : STR_NONE;
}

static bool cut_at(str s, size_t at, str *ret_before, str *ret_after)
{
    if (at == STR_NONE) {
        *ret_before = s;
        *ret_after = (str){0};
        return false;
    }
    *ret_before = str_slice(s, 0, at);
    *ret_after = str_skip(s, at + 1);
    return true;
}

bool str_cut(str s, char separator, str *ret_before, str *ret_after)
{
    return cut_at(s, str_find(s, separator), ret_before, ret_after);
}

bool str_cut_last(str s, char separator, str *ret_before, str *ret_after)
{
    return cut_at(s, str_find_last(s, separator), ret_before, ret_after);
}

str str_trim(str s)
{
    while (s.n && char_is_space(s.p[0]))
        s = str_skip(s, 1);
    while (s.n && char_is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

str str_trim_right(str s, char c)
{
    while (s.n && s.p[s.n - 1] == c)
        s.n--;
    return s;
}

bool str_to_u64(str s, uint64_t *ret)
{
    uint64_t x = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(s.p[i] - '0');
        if (digit > 9 || __builtin_mul_overflow(x, 10u, &x) || __builtin_add_overflow(x, digit, &x))
            return false;
    }
    *ret = x;
    return true;
}

bool str_to_i64(str s, int64_t *ret)
{
    bool is_negative = s.n && s.p[0] == '-';
    uint64_t magnitude;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_skip(s, 1);
    if (!str_to_u64(s, &magnitude) || magnitude > (uint64_t)INT64_MAX + is_negative)
        return false;
    *ret = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

// strtod accepts more than Go does (white space, "nan(…)") and needs a terminated string.
bool str_to_f64(str s, double *ret)
{
    char text[512];
    if (s.n == 0 || s.n >= sizeof(text))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (char_is_space(s.p[i]) || s.p[i] == '(' || s.p[i] == '\0')
            return false;
    }
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';

    str digits = s.p[0] == '+' || s.p[0] == '-' ? str_skip(s, 1) : s;
    if (str_eq_nocase(digits, S("nan"))) {
        *ret = (double)NAN;
        return digits.n == s.n; // Go refuses a signed NaN
    }
    // Go wants the exponent of a hexadecimal number to be written.
    bool is_hex = digits.n > 1 && digits.p[0] == '0' && to_lower(digits.p[1]) == 'x';
    if (is_hex && str_find(digits, 'p') == STR_NONE && str_find(digits, 'P') == STR_NONE)
        return false;

    char *end;
    double x = strtod(text, &end);
    if (end != text + s.n)
        return false;
    *ret = x;
    return true;
}
