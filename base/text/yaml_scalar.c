// SPDX-License-Identifier: Apache-2.0
// The types of scalars: YAML 1.1 as yaml.v2 resolves it, which knows y and n as booleans and
// leading zeros as octal, but no numbers of base 60.
#include <math.h>

#include "base/text/yaml.h"

enum scalar_type {
    SCALAR_STR,
    SCALAR_NULL,
    SCALAR_BOOL,
    SCALAR_INT,
    SCALAR_UINT, // above INT64_MAX
    SCALAR_FLOAT,
    SCALAR_TIMESTAMP,
};

struct scalar {
    enum scalar_type type;
    bool b;
    int64_t i;
    uint64_t u;
    double f;
};

struct word {
    str text;
    struct scalar value;
};

#define WORD_TRUE(t)                                                                               \
    {                                                                                              \
        S(t),                                                                                      \
        {                                                                                          \
            .type = SCALAR_BOOL, .b = true                                                         \
        }                                                                                          \
    }
#define WORD_FALSE(t)                                                                              \
    {                                                                                              \
        S(t),                                                                                      \
        {                                                                                          \
            .type = SCALAR_BOOL, .b = false                                                        \
        }                                                                                          \
    }
#define WORD_NULL(t)                                                                               \
    {                                                                                              \
        S(t),                                                                                      \
        {                                                                                          \
            .type = SCALAR_NULL                                                                    \
        }                                                                                          \
    }
#define WORD_FLOAT(t, x)                                                                           \
    {                                                                                              \
        S(t),                                                                                      \
        {                                                                                          \
            .type = SCALAR_FLOAT, .f = (x)                                                         \
        }                                                                                          \
    }

// clang-format off
static const struct word WORDS[] = {
    WORD_TRUE("y"), WORD_TRUE("Y"), WORD_TRUE("yes"), WORD_TRUE("Yes"), WORD_TRUE("YES"),
    WORD_TRUE("true"), WORD_TRUE("True"), WORD_TRUE("TRUE"),
    WORD_TRUE("on"), WORD_TRUE("On"), WORD_TRUE("ON"),
    WORD_FALSE("n"), WORD_FALSE("N"), WORD_FALSE("no"), WORD_FALSE("No"), WORD_FALSE("NO"),
    WORD_FALSE("false"), WORD_FALSE("False"), WORD_FALSE("FALSE"),
    WORD_FALSE("off"), WORD_FALSE("Off"), WORD_FALSE("OFF"),
    WORD_NULL("~"), WORD_NULL("null"), WORD_NULL("Null"), WORD_NULL("NULL"),
    WORD_FLOAT(".nan", NAN), WORD_FLOAT(".NaN", NAN), WORD_FLOAT(".NAN", NAN),
    WORD_FLOAT(".inf", INFINITY), WORD_FLOAT(".Inf", INFINITY), WORD_FLOAT(".INF", INFINITY),
    WORD_FLOAT("+.inf", INFINITY), WORD_FLOAT("+.Inf", INFINITY), WORD_FLOAT("+.INF", INFINITY),
    WORD_FLOAT("-.inf", -INFINITY), WORD_FLOAT("-.Inf", -INFINITY), WORD_FLOAT("-.INF", -INFINITY),
};
// clang-format on

#define WORD_BYTES_MAX   5
#define NUMBER_BYTES_MAX 512 // longer texts are no numbers that fit anywhere

// ---- numbers -------------------------------------------------------------------------------

static int digit_value(char c)
{
    if (char_is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    return 99;
}

// Digits of a base; false on junk, overflow, or none at all.
static bool parse_digits(str s, unsigned base, uint64_t *ret)
{
    uint64_t x = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned)digit_value(s.p[i]);
        if (d >= base || __builtin_mul_overflow(x, base, &x) || __builtin_add_overflow(x, d, &x))
            return false;
    }
    *ret = x;
    return s.n > 0;
}

// Go's base 0: 0x, 0o, 0b in either case, a leading 0 for octal, otherwise decimal.
static bool parse_prefixed(str s, uint64_t *ret)
{
    if (s.n < 2 || s.p[0] != '0')
        return parse_digits(s, 10, ret);
    switch (s.p[1] | 0x20) {
    case 'x':
        return parse_digits(str_skip(s, 2), 16, ret);
    case 'o':
        return parse_digits(str_skip(s, 2), 8, ret);
    case 'b':
        return parse_digits(str_skip(s, 2), 2, ret);
    default:
        return parse_digits(str_skip(s, 1), 8, ret);
    }
}

static bool resolve_int(str s, struct scalar *ret)
{
    bool has_sign = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+');
    bool is_negative = has_sign && s.p[0] == '-';
    uint64_t u;
    if (!parse_prefixed(str_skip(s, has_sign), &u))
        return false;
    if (u <= INT64_MAX || (is_negative && u == (uint64_t)INT64_MAX + 1)) {
        *ret = (struct scalar){.type = SCALAR_INT, .i = (int64_t)(is_negative ? 0 - u : u)};
        return true;
    }
    if (has_sign)
        return false;
    *ret = (struct scalar){.type = SCALAR_UINT, .u = u};
    return true;
}

static size_t count_digits(str s, size_t from)
{
    size_t n = 0;
    while (from + n < s.n && char_is_digit(s.p[from + n]))
        n++;
    return n;
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
static bool looks_like_float(str s)
{
    size_t at = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+');
    size_t whole = count_digits(s, at);
    at += whole;
    if (at < s.n && s.p[at] == '.') {
        size_t fraction = count_digits(s, ++at);
        if (whole + fraction == 0)
            return false;
        at += fraction;
    } else if (whole == 0) {
        return false;
    }
    if (at == s.n)
        return true;
    if ((s.p[at] | 0x20) != 'e')
        return false;
    at++;
    if (at < s.n && (s.p[at] == '-' || s.p[at] == '+'))
        at++;
    size_t exponent = count_digits(s, at);
    return exponent > 0 && at + exponent == s.n;
}

static bool resolve_float(str s, struct scalar *ret)
{
    double f;
    if (!looks_like_float(s) || !str_to_f64(s, &f) || isinf(f))
        return false; // out of range: a string, as in Go
    *ret = (struct scalar){.type = SCALAR_FLOAT, .f = f};
    return true;
}

// ---- timestamps ----------------------------------------------------------------------------

// One or two digits at *at, from 0 or 1 up to max.
static bool short_number(str s, size_t *at, unsigned min, unsigned max)
{
    size_t n = count_digits(s, *at);
    if (n == 0 || n > 2)
        return false;
    unsigned x = 0;
    for (size_t i = 0; i < n; i++)
        x = x * 10 + (unsigned)(s.p[*at + i] - '0');
    *at += n;
    return x >= min && x <= max;
}

static bool skip_char(str s, size_t *at, char c)
{
    if (*at >= s.n || s.p[*at] != c)
        return false;
    ++*at;
    return true;
}

static bool zone_ends(str s, size_t at)
{
    if (at + 1 == s.n && s.p[at] == 'Z')
        return true;
    if (at + 6 != s.n || (s.p[at] != '+' && s.p[at] != '-') || s.p[at + 3] != ':')
        return false;
    return count_digits(s, at + 1) == 2 && count_digits(s, at + 4) == 2;
}

// Dates, and times after T, t (with a zone) or a space (without): numbers may lack a leading zero.
static bool looks_like_timestamp(str s)
{
    if (count_digits(s, 0) != 4)
        return false;
    size_t at = 4;
    if (!skip_char(s, &at, '-') || !short_number(s, &at, 1, 12) || !skip_char(s, &at, '-') ||
        !short_number(s, &at, 1, 31))
        return false;
    if (at == s.n)
        return true;
    char separator = s.p[at++];
    if (separator != 'T' && separator != 't' && separator != ' ')
        return false;
    if (!short_number(s, &at, 0, 23) || !skip_char(s, &at, ':') || !short_number(s, &at, 0, 59) ||
        !skip_char(s, &at, ':') || !short_number(s, &at, 0, 59))
        return false;
    if (at < s.n && s.p[at] == '.') {
        size_t fraction = count_digits(s, at + 1);
        if (fraction == 0)
            return false;
        at += 1 + fraction;
    }
    return separator == ' ' ? at == s.n : zone_ends(s, at);
}

// ---- resolution ----------------------------------------------------------------------------

static bool resolve_word(str s, struct scalar *ret)
{
    if (s.n > WORD_BYTES_MAX)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (str_eq(WORDS[i].text, s)) {
            *ret = WORDS[i].value;
            return true;
        }
    return false;
}

static bool resolve_number(str s, struct scalar *ret)
{
    char digits[NUMBER_BYTES_MAX];
    size_t n = 0;
    if (s.n > sizeof(digits))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '_')
            digits[n++] = s.p[i];
    str plain = str_from(digits, n);
    return resolve_int(plain, ret) || resolve_float(plain, ret);
}

static struct scalar resolve_plain(str s, bool may_be_timestamp)
{
    struct scalar v = {.type = SCALAR_STR};
    if (s.n == 0)
        return (struct scalar){.type = SCALAR_NULL};
    if (resolve_word(s, &v))
        return v;
    if (s.p[0] == '.') { // underscores are not allowed here
        resolve_float(s, &v);
        return v;
    }
    if (!char_is_digit(s.p[0]) && s.p[0] != '-' && s.p[0] != '+')
        return v;
    if (may_be_timestamp && looks_like_timestamp(s))
        return (struct scalar){.type = SCALAR_TIMESTAMP};
    resolve_number(s, &v);
    return v;
}

static struct scalar resolve(const struct yaml_node *n)
{
    if (n->tag.n == 0)
        return n->is_plain ? resolve_plain(n->text, true) : (struct scalar){.type = SCALAR_STR};
    if (str_eq(n->tag, S("!!timestamp")))
        return resolve_plain(n->text, true);
    if (str_eq(n->tag, S("!!int")) || str_eq(n->tag, S("!!bool")) || str_eq(n->tag, S("!!null")))
        return resolve_plain(n->text, false);
    if (!str_eq(n->tag, S("!!float")))
        return (struct scalar){.type = SCALAR_STR};
    struct scalar v = resolve_plain(n->text, false);
    if (v.type == SCALAR_INT)
        v = (struct scalar){.type = SCALAR_FLOAT, .f = (double)v.i};
    return v;
}

// ---- into C values -------------------------------------------------------------------------

static bool is_scalar(const struct yaml_node *n)
{
    return n->kind == YAML_SCALAR || n->kind == YAML_NULL;
}

bool yaml_to_bool(const struct yaml_node *n, bool *ret)
{
    if (!is_scalar(n))
        return false;
    struct scalar v = resolve(n);
    if (v.type != SCALAR_BOOL)
        return false;
    *ret = v.b;
    return true;
}

// A float becomes an integer by cutting its fraction off, as in yaml.v2; what does not fit is
// refused.
bool yaml_to_i64(const struct yaml_node *n, int64_t *ret)
{
    if (!is_scalar(n))
        return false;
    struct scalar v = resolve(n);
    if (v.type == SCALAR_INT)
        *ret = v.i;
    else if (v.type == SCALAR_FLOAT && v.f >= -0x1p63 && v.f < 0x1p63)
        *ret = (int64_t)v.f;
    else
        return false;
    return true;
}

bool yaml_to_u64(const struct yaml_node *n, uint64_t *ret)
{
    if (!is_scalar(n))
        return false;
    struct scalar v = resolve(n);
    if (v.type == SCALAR_INT && v.i >= 0)
        *ret = (uint64_t)v.i;
    else if (v.type == SCALAR_UINT)
        *ret = v.u;
    else if (v.type == SCALAR_FLOAT && v.f > -1 && v.f < 0x1p64)
        *ret = (uint64_t)v.f;
    else
        return false;
    return true;
}

bool yaml_to_f64(const struct yaml_node *n, double *ret)
{
    if (!is_scalar(n))
        return false;
    struct scalar v = resolve(n);
    if (v.type == SCALAR_INT)
        *ret = (double)v.i;
    else if (v.type == SCALAR_UINT)
        *ret = (double)v.u;
    else if (v.type == SCALAR_FLOAT)
        *ret = v.f;
    else
        return false;
    return true;
}

bool yaml_to_str(const struct yaml_node *n, str *ret)
{
    if (!is_scalar(n))
        return false;
    *ret = n->kind == YAML_NULL ? S("") : n->text;
    return true;
}

str yaml_short_tag(const struct yaml_node *n)
{
    switch (n->kind) {
    case YAML_SEQUENCE:
        return n->tag.n ? n->tag : S("!!seq");
    case YAML_MAPPING:
        return n->tag.n ? n->tag : S("!!map");
    case YAML_NULL:
    case YAML_SCALAR:
        break;
    }
    bool is_typed = n->tag.n == 0 || str_eq(n->tag, S("!!int")) || str_eq(n->tag, S("!!bool")) ||
                    str_eq(n->tag, S("!!float")) || str_eq(n->tag, S("!!null")) ||
                    str_eq(n->tag, S("!!timestamp"));
    if (!is_typed)
        return n->tag;
    switch (resolve(n).type) {
    case SCALAR_STR:
        return S("!!str");
    case SCALAR_NULL:
        return S("!!null");
    case SCALAR_BOOL:
        return S("!!bool");
    case SCALAR_INT:
    case SCALAR_UINT:
        return S("!!int");
    case SCALAR_FLOAT:
        return S("!!float");
    case SCALAR_TIMESTAMP:
        return S("!!timestamp");
    }
    return S("!!str");
}

// [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?: read as a string here, but as a number elsewhere.
static bool is_base60(str s)
{
    size_t at = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+');
    if (at == s.n || !char_is_digit(s.p[at]))
        return false;
    while (at < s.n && (char_is_digit(s.p[at]) || s.p[at] == '_'))
        at++;
    size_t groups = 0;
    for (; at < s.n && s.p[at] == ':'; groups++) {
        size_t n = count_digits(s, at + 1);
        if (n == 0 || n > 2 || (n == 2 && s.p[at + 1] > '5'))
            return false;
        at += 1 + n;
    }
    if (groups == 0)
        return false;
    if (at < s.n && s.p[at] == '.')
        for (at++; at < s.n && (char_is_digit(s.p[at]) || s.p[at] == '_');)
            at++;
    return at == s.n;
}

bool yaml_plain_is_str(str text)
{
    return resolve_plain(text, true).type == SCALAR_STR && !is_base60(text);
}
