// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/number.h"

#include <math.h>

#include "base/core/time.h"
#include "base/text/gofmt.h"
#include "base/text/unicode.h"

static bool is_hex_digit(char c)
{
    return char_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static char at(str s, size_t i) // NUL behind the end
{
    if (i < s.n)
        return s.p[i];
    return '\0';
}

static char lower_at(str s, size_t i)
{
    char c = at(s, i);
    if (c >= 'A' && c <= 'Z')
        c = (char)(c | 0x20);
    return c;
}

static bool fail_quoted(struct err *err, const char *before, str s, const char *after)
{
    struct buf quoted = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&quoted, str_slice(s, 0, ERR_TEXT_BYTES));
    err_set(err, ERR_SYNTAX, "%s%.*s%s", before, STR(buf_str(&quoted)), after);
    buf_done(&quoted);
    return false;
}

// ---- numbers -----------------------------------------------------------------------------------

// Bytes of the prefix of a special integer, or 0.
static size_t special_prefix(str s)
{
    if (at(s, 0) != '0')
        return 0;
    char next = lower_at(s, 1);
    if (char_is_digit(next))
        return 1;
    return next == 'x' || next == 'o' || next == 'b' ? 2 : 0;
}

bool mql_number_is_special(str s)
{
    return special_prefix(s) > 0;
}

bool mql_number_starts(str s)
{
    return char_is_digit(at(s, 0)) || (at(s, 0) == '.' && char_is_digit(at(s, 1)));
}

size_t mql_number_scan_suffix(str s)
{
    char unit = lower_at(s, 0), next = lower_at(s, 1);
    if (unit != 'k' && unit != 'm' && unit != 'g' && unit != 't')
        return 0;
    if (next == 'i')
        return lower_at(s, 2) == 'b' ? 3 : 2;
    return next == 'b' ? 2 : 1;
}

static size_t skip_digits(str s, size_t i) // and underscores
{
    while (char_is_digit(at(s, i)) || at(s, i) == '_')
        i++;
    return i;
}

static size_t scan_exponent(str s, size_t i, struct err *err) // behind the e
{
    if (at(s, i) == '-' || at(s, i) == '+')
        i++;
    size_t digits = i;
    while (char_is_digit(at(s, i)))
        i++;
    if (i > digits)
        return i;
    fail_quoted(err, "missing exponent part in ", s, "");
    return 0;
}

size_t mql_number_scan(str s, struct err *err)
{
    size_t i = special_prefix(s);
    if (i == 2 && lower_at(s, 1) == 'x') {
        while (is_hex_digit(at(s, i)))
            i++;
        return i;
    }
    i = skip_digits(s, i);
    size_t suffix = mql_number_scan_suffix(str_skip(s, i));
    if (suffix > 0)
        return i + suffix;
    if (at(s, i) == '.') {
        i = skip_digits(s, i + 1);
        suffix = mql_number_scan_suffix(str_skip(s, i));
    }
    if (suffix > 0)
        return i + suffix;
    if (lower_at(s, i) == 'e')
        return scan_exponent(s, i + 1, err);
    if (i == 0)
        err_set(err, ERR_SYNTAX, s.n ? "missing positive number" : "number cannot be empty");
    return i;
}

static double suffix_value(str suffix) // 1 for none
{
    if (suffix.n == 0)
        return 1;
    double base = lower_at(suffix, 1) == 'i' ? 1024 : 1000;
    switch (lower_at(suffix, 0)) {
    case 'k':
        return base;
    case 'm':
        return base * base;
    case 'g':
        return base * base * base;
    default:
        return base * base * base * base;
    }
}

// The suffix at the end of a literal.
static str literal_suffix(str s)
{
    size_t from = s.n - (s.n > 0 && lower_at(s, s.n - 1) == 'b');
    from -= from > 0 && lower_at(s, from - 1) == 'i';
    from -= from > 0;
    str suffix = str_skip(s, from);
    return mql_number_scan_suffix(suffix) == suffix.n ? suffix : (str){0};
}

// Is every byte of s behind the prefix a digit of that base? Then only its size can be wrong.
static bool has_only_digits(str s)
{
    char kind = lower_at(s, 1);
    for (size_t i = special_prefix(s); i < s.n; i++) {
        bool is_good = kind == 'x'   ? is_hex_digit(s.p[i])
                       : kind == 'b' ? s.p[i] == '0' || s.p[i] == '1'
                                     : s.p[i] >= '0' && s.p[i] <= '7';
        if (!is_good)
            return false;
    }
    return s.n > special_prefix(s);
}

static bool parse_special(str s, double *ret, struct err *err)
{
    uint64_t value;
    bool is_good = gofmt_parse_u64(s, &value);
    if (is_good && value <= INT64_MAX) {
        *ret = (double)value;
        return true;
    }
    bool is_too_big = is_good || has_only_digits(s);
    return fail_quoted(err, "strconv.ParseInt: parsing ", s,
                       is_too_big ? ": value out of range" : ": invalid syntax");
}

bool mql_number_parse(str s, double *ret, struct err *err)
{
    if (mql_number_is_special(s))
        return parse_special(s, ret, err);
    char text[64]; // lower case, as error texts show it
    str suffix = literal_suffix(s);
    str digits = str_slice(s, 0, s.n - suffix.n);
    if (digits.n <= sizeof(text)) {
        for (size_t i = 0; i < digits.n; i++)
            text[i] = lower_at(digits, i);
        digits = str_from(text, digits.n);
    }
    if (!gofmt_parse_f64(digits, ret, err))
        return false;
    *ret *= suffix_value(suffix);
    return true;
}

// ---- durations ---------------------------------------------------------------------------------

// Bytes of one part: [-]digits[.digits]unit. The unit alone is a part when a minus is in front of
// it, as upstream scans "5m-m": such a literal is refused later.
static size_t scan_part(str s, bool may_be_negative)
{
    size_t i = may_be_negative && at(s, 0) == '-';
    while (char_is_digit(at(s, i)))
        i++;
    if (i == 0)
        return 0;
    if (at(s, i) == '.') {
        i++;
        while (char_is_digit(at(s, i)))
            i++;
    }
    switch (lower_at(s, i)) {
    case 'm':
        if (lower_at(s, i + 1) == 's')
            return i + 2;
        if (lower_at(s, i + 1) == 'i' || lower_at(s, i + 1) == 'b')
            return 0; // Mi and MB are suffixes of numbers, and so is M
        return s.p[i] == 'm' ? i + 1 : 0;
    case 's':
    case 'h':
    case 'd':
    case 'w':
    case 'y':
    case 'i':
        return i + 1;
    default:
        return 0;
    }
}

size_t mql_duration_scan(str s)
{
    size_t n = scan_part(s, false);
    for (size_t part = n; part > 0; n += part)
        part = scan_part(str_skip(s, n), true);
    return n;
}

// A part that is scanned but has no digits: "-m".
static bool check_parts(str s, struct err *err)
{
    for (size_t n = 0; s.n; s = str_skip(s, n)) {
        n = scan_part(s, true);
        size_t unit = n > 1 && lower_at(s, n - 2) == 'm' ? 2 : 1;
        double ignored;
        if (n == 0)
            return true;
        if (!gofmt_parse_f64(str_slice(s, 0, n - unit), &ignored, err)) {
            char text[8];
            size_t bytes = MIN(n, sizeof(text));
            for (size_t i = 0; i < bytes; i++)
                text[i] = lower_at(s, i);
            return err_wrap(err, "cannot parse duration \"%.*s\"", (int)bytes, text);
        }
    }
    return true;
}

bool mql_duration_check(str s, struct err *err)
{
    int64_t ms;
    if (dur_ms_parse_metricsql(s, 0, &ms, err))
        return true;
    check_parts(s, err);
    struct buf quoted = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&quoted, s);
    err_wrap(err, "cannot parse duration %.*s", STR(buf_str(&quoted)));
    buf_done(&quoted);
    return false;
}
