// SPDX-License-Identifier: Apache-2.0
// Numbers to text and back, as Go's package strconv.
#include <math.h>
#include <stdio.h>

#include "base/text/gofmt.h"
#include "base/text/unicode.h"

// ---- floats to text ---------------------------------------------------------------------------

#define F64_FRACTION_DIGITS_MAX 1074 // digits behind the point of the longest exact float64
#define F64_TEXT_BYTES          1408 // sign, 309 digits, point, 1074 digits

// Decimal digits of a finite number: 0.d1d2d3… × 10^point.
struct decimal {
    char digits[F64_TEXT_BYTES];
    int count;
    int point;
};

static void decimal_trim_zeros(struct decimal *d)
{
    while (d->count > 0 && d->digits[d->count - 1] == '0')
        d->count--;
}

// Rounds |v| correctly to `count` significant digits.
static void decimal_round(struct decimal *d, double v, int count)
{
    char text[F64_TEXT_BYTES];
    snprintf(text, sizeof(text), "%.*e", count - 1, fabs(v));
    d->count = 0;
    const char *p = text;
    for (; *p && *p != 'e'; p++) {
        if (*p != '.')
            d->digits[d->count++] = *p;
    }
    d->point = v == 0 ? 0 : (int)strtol(p + 1, NULL, 10) + 1;
}

static bool decimal_is_exact(const struct decimal *d, double v)
{
    char text[64];
    snprintf(text, sizeof(text), "0.%.*se%d", d->count, d->digits, d->point);
    return strtod(text, NULL) == fabs(v);
}

// The fewest digits that parse back to v. Fifteen digits always survive the way through a normal
// float64 and back, so below that trimming zeros finds the shortest form.
static void decimal_shortest(struct decimal *d, double v)
{
    double magnitude = fabs(v);
    if (magnitude < 1e15 && magnitude == floor(magnitude)) {
        d->count = snprintf(d->digits, 32, "%.0f", magnitude);
        d->point = magnitude == 0 ? 0 : d->count;
        decimal_trim_zeros(d);
        return;
    }
    bool is_subnormal = magnitude < 0x1p-1022;
    for (int count = is_subnormal ? 1 : 15; count <= 17; count++) {
        decimal_round(d, v, count);
        if (count == 17 || decimal_is_exact(d, v))
            break;
    }
    decimal_trim_zeros(d);
}

static void put_exponent(struct buf *b, char letter, int exponent)
{
    buf_put_c(b, letter);
    buf_put_c(b, exponent < 0 ? '-' : '+');
    unsigned magnitude = (unsigned)abs(exponent);
    if (magnitude < 10)
        buf_put_c(b, '0');
    buf_put_u64(b, magnitude);
}

// d.ddde±dd with `prec` digits behind the point.
static void put_scientific(struct buf *b, const struct decimal *d, int prec, char letter)
{
    bool is_zero = d->count == 0 || d->digits[0] == '0';
    buf_put_c(b, (char)(is_zero ? '0' : d->digits[0]));
    if (prec > 0) {
        buf_put_c(b, '.');
        int have = CLAMP(d->count - 1, 0, prec);
        buf_put(b, str_from(d->digits + 1, (size_t)have));
        buf_put_fill(b, '0', (size_t)(prec - have));
    }
    put_exponent(b, letter, is_zero ? 0 : d->point - 1);
}

static void put_positional(struct buf *b, const struct decimal *d, int prec)
{
    if (d->point > 0) {
        int have = MIN(d->count, d->point);
        buf_put(b, str_from(d->digits, (size_t)have));
        buf_put_fill(b, '0', (size_t)(d->point - have));
    } else {
        buf_put_c(b, '0');
    }
    if (prec <= 0)
        return;
    buf_put_c(b, '.');
    int zeros = CLAMP(-d->point, 0, prec);
    buf_put_fill(b, '0', (size_t)zeros);
    int from = MAX(d->point, 0);
    int have = CLAMP(d->count - from, 0, prec - zeros);
    if (have > 0)
        buf_put(b, str_from(d->digits + from, (size_t)have));
    buf_put_fill(b, '0', (size_t)(prec - zeros - have));
}

static void put_general(struct buf *b, double v, int prec, char letter)
{
    struct decimal d;
    int threshold = 6; // what shortest means here, as in %e for large exponents
    if (prec < 0) {
        decimal_shortest(&d, v);
    } else {
        threshold = MAX(prec, 1);
        decimal_round(&d, v, MIN(threshold, F64_FRACTION_DIGITS_MAX));
        decimal_trim_zeros(&d);
    }
    int exponent = d.point - 1;
    if (d.count && (exponent < -4 || exponent >= threshold))
        put_scientific(b, &d, d.count - 1, letter);
    else
        put_positional(b, &d, MAX(d.count - d.point, 0));
}

static void put_fixed(struct buf *b, double v, int prec)
{
    if (prec < 0) {
        struct decimal d;
        decimal_shortest(&d, v);
        put_positional(b, &d, MAX(d.count - d.point, 0));
        return;
    }
    char text[F64_TEXT_BYTES];
    int have = MIN(prec, F64_FRACTION_DIGITS_MAX);
    int n = snprintf(text, sizeof(text), "%.*f", have, fabs(v));
    buf_put(b, str_from(text, (size_t)n));
    buf_put_fill(b, '0', (size_t)(prec - have));
}

static void put_exponential(struct buf *b, double v, int prec, char letter)
{
    struct decimal d;
    if (prec < 0)
        decimal_shortest(&d, v);
    else
        decimal_round(&d, v, MIN(prec, F64_FRACTION_DIGITS_MAX) + 1);
    put_scientific(b, &d, prec < 0 ? MAX(d.count - 1, 0) : prec, letter);
}

// |v| = mantissa × 2^exponent with the mantissa's 53 bits as an integer.
static uint64_t f64_split(double v, int *ret_exponent)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    int exponent = (int)(bits >> 52 & 0x7ff);
    uint64_t mantissa = bits & (((uint64_t)1 << 52) - 1);
    if (exponent == 0)
        exponent++;
    else
        mantissa |= (uint64_t)1 << 52;
    *ret_exponent = exponent - 1023 - 52;
    return mantissa;
}

static void put_binary(struct buf *b, double v)
{
    int exponent;
    buf_put_u64(b, f64_split(v, &exponent));
    buf_put_c(b, 'p');
    if (exponent >= 0)
        buf_put_c(b, '+');
    buf_put_i64(b, exponent);
}

#define HEX_ONE ((uint64_t)1 << 60) // where the leading 1 of a hexadecimal mantissa stands

static void put_hexadecimal(struct buf *b, double v, int prec, bool is_upper)
{
    int exponent;
    uint64_t mantissa = f64_split(v, &exponent) << 8;
    exponent = mantissa ? exponent + 52 : 0;
    while (mantissa && !(mantissa & HEX_ONE)) {
        mantissa <<= 1;
        exponent--;
    }
    if (prec >= 0 && prec < 15) { // round half to even
        unsigned shift = (unsigned)prec * 4;
        uint64_t rest = mantissa << shift & (HEX_ONE - 1);
        mantissa >>= 60 - shift;
        if ((rest | (mantissa & 1)) > HEX_ONE >> 1)
            mantissa++;
        mantissa <<= 60 - shift;
        if (mantissa & HEX_ONE << 1) {
            mantissa >>= 1;
            exponent++;
        }
    }
    const char *hex = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
    buf_put_c(b, '0');
    buf_put_c(b, is_upper ? 'X' : 'x');
    buf_put_c(b, hex[mantissa >> 60 & 1]);
    mantissa <<= 4;
    if (prec > 0 || (prec < 0 && mantissa))
        buf_put_c(b, '.');
    for (int i = 0; prec < 0 ? mantissa != 0 : i < MIN(prec, 16); i++, mantissa <<= 4)
        buf_put_c(b, hex[mantissa >> 60]);
    if (prec > 16)
        buf_put_fill(b, '0', (size_t)(prec - 16));
    put_exponent(b, is_upper ? 'P' : 'p', exponent);
}

void buf_put_f64(struct buf *b, double v, char format, int prec)
{
    if (isnan(v)) {
        buf_put(b, S("NaN"));
        return;
    }
    if (isinf(v)) {
        buf_put(b, v > 0 ? S("+Inf") : S("-Inf"));
        return;
    }
    if (signbit(v))
        buf_put_c(b, '-');
    switch (format) {
    case 'b':
        put_binary(b, v);
        break;
    case 'e':
    case 'E':
        put_exponential(b, v, prec, format);
        break;
    case 'f':
        put_fixed(b, v, prec);
        break;
    case 'x':
    case 'X':
        put_hexadecimal(b, v, prec, format == 'X');
        break;
    default:
        put_general(b, v, prec, format == 'G' ? 'E' : 'e');
        break;
    }
}

// ---- text to numbers --------------------------------------------------------------------------

// Go's rule for literals: underscores only between digits, or between a base prefix and a digit.
static bool underscores_are_placed_well(str s)
{
    if (s.n && (s.p[0] == '+' || s.p[0] == '-'))
        s = str_skip(s, 1);
    char before = '^'; // start; '0' digit, '_', '!' anything else
    bool is_hex = false;
    if (s.n >= 2 && s.p[0] == '0' && strchr("bBoOxX", s.p[1])) {
        is_hex = (s.p[1] | 0x20) == 'x';
        before = '0';
        s = str_skip(s, 2);
    }
    for (size_t i = 0; i < s.n; i++) {
        char lower = (char)(s.p[i] | 0x20);
        if ((s.p[i] >= '0' && s.p[i] <= '9') || (is_hex && lower >= 'a' && lower <= 'f')) {
            before = '0';
        } else if (s.p[i] == '_') {
            if (before != '0')
                return false;
            before = '_';
        } else {
            if (before == '_')
                return false;
            before = '!';
        }
    }
    return before != '_';
}

#define NUMBER_TEXT_BYTES_MAX 4096

bool gofmt_parse_f64(str s, double *ret, struct err *err)
{
    char plain[NUMBER_TEXT_BYTES_MAX];
    size_t n = 0;
    bool is_good = s.n <= sizeof(plain);
    bool has_underscore = false;
    for (size_t i = 0; is_good && i < s.n; i++) {
        has_underscore |= s.p[i] == '_';
        if (s.p[i] != '_')
            plain[n++] = s.p[i];
    }
    double value = 0;
    is_good = is_good && (!has_underscore || underscores_are_placed_well(s)) &&
              str_to_f64(str_from(plain, n), &value);
    if (!is_good) {
        defer(buf_done) struct buf quoted = {0};
        buf_put_quoted(&quoted, s);
        return err_set(err, ERR_SYNTAX, "strconv.ParseFloat: parsing %.*s: invalid syntax",
                       STR(buf_str(&quoted)));
    }
    *ret = value;
    bool spells_infinity = false;
    for (size_t i = 0; i < n; i++)
        spells_infinity |= (plain[i] | 0x20) == 'n';
    if (isinf(value) && !spells_infinity)
        return err_set(err, ERR_INVALID, "strconv.ParseFloat: parsing \"%.*s\": value out of range",
                       STR(s));
    return true;
}

bool gofmt_parse_u64(str s, uint64_t *ret)
{
    str digits = s;
    unsigned base = 10;
    if (s.n >= 2 && s.p[0] == '0') {
        char prefix = (char)(s.p[1] | 0x20);
        base = prefix == 'x' ? 16 : prefix == 'b' ? 2 : 8;
        digits = str_skip(s, prefix == 'x' || prefix == 'b' || prefix == 'o' ? 2 : 1);
    }
    uint64_t value = 0;
    size_t count = 0;
    bool has_underscore = false;
    for (size_t i = 0; i < digits.n; i++) {
        char c = digits.p[i];
        char lower = (char)(c | 0x20);
        unsigned digit;
        if (c == '_') {
            has_underscore = true;
            continue;
        }
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            digit = (unsigned)(lower - 'a') + 10;
        else
            return false;
        if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
        count++;
    }
    if (count == 0 || (has_underscore && !underscores_are_placed_well(s)))
        return false;
    *ret = value;
    return true;
}
