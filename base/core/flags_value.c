// SPDX-License-Identifier: Apache-2.0
// Text into values, and the error texts of Go's parsers.
#include <math.h>

#include "base/core/flags_internal.h"

// Why a number did not parse: Go's two reasons.
enum number_fault { FAULT_NONE, FAULT_SYNTAX, FAULT_RANGE };

static const char *fault_text(enum number_fault fault)
{
    return fault == FAULT_RANGE ? "value out of range" : "invalid syntax";
}

// `strconv.ParseInt: parsing "x": invalid syntax`
static bool number_error(struct err *err, const char *function, str value, enum number_fault fault)
{
    defer(buf_done) struct buf quoted = {.max = ERR_TEXT_BYTES};
    flag_put_quoted(&quoted, value);
    return err_set(err, ERR_SYNTAX, "strconv.%s: parsing %.*s: %s", function, STR(buf_str(&quoted)),
                   fault_text(fault));
}

// Go's flag package has short words for its own number types.
static bool go_flag_error(struct err *err, enum number_fault fault)
{
    return err_set(err, ERR_SYNTAX, fault == FAULT_RANGE ? "value out of range" : "parse error");
}

// ---- numbers -------------------------------------------------------------------------------

static bool parse_bool(str s, bool *ret)
{
    static const str TRUE[] = {{"1", 1}, {"t", 1}, {"T", 1}, {"true", 4}, {"TRUE", 4}, {"True", 4}};
    static const str FALSE[] = {{"0", 1},     {"f", 1},     {"F", 1},
                                {"false", 5}, {"FALSE", 5}, {"False", 5}};
    for (size_t i = 0; i < ARRAY_LEN(TRUE); i++) {
        if (str_eq(s, TRUE[i]) || str_eq(s, FALSE[i])) {
            *ret = str_eq(s, TRUE[i]);
            return true;
        }
    }
    return false;
}

// Go's base 0: a prefix chooses the base, and underscores may stand between digits (or behind the
// prefix).
static enum number_fault parse_base0(str s, uint64_t *ret)
{
    unsigned base = 10;
    bool may_underscore = false; // the previous character was a digit or the prefix
    if (s.n >= 2 && s.p[0] == '0') {
        char c = (char)(s.p[1] | 0x20);
        base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
        s = str_skip(s, c == 'x' || c == 'b' || c == 'o' ? 2 : 1);
        may_underscore = true;
    }
    uint64_t x = 0;
    bool is_over = false, has_digits = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '_') {
            if (!may_underscore || i + 1 == s.n)
                return FAULT_SYNTAX;
            may_underscore = false;
            continue;
        }
        unsigned d = flag_digit_value(s.p[i]);
        if (d >= base)
            return FAULT_SYNTAX;
        is_over |= __builtin_mul_overflow(x, base, &x) || __builtin_add_overflow(x, d, &x);
        has_digits = may_underscore = true;
    }
    if (!has_digits)
        return FAULT_SYNTAX;
    *ret = x;
    return is_over ? FAULT_RANGE : FAULT_NONE;
}

static enum number_fault parse_int(str s, int64_t *ret)
{
    bool has_sign = s.n && (s.p[0] == '-' || s.p[0] == '+');
    bool is_negative = has_sign && s.p[0] == '-';
    uint64_t u;
    enum number_fault fault = parse_base0(str_skip(s, has_sign), &u);
    if (fault != FAULT_NONE)
        return fault;
    if (u > (uint64_t)INT64_MAX + is_negative)
        return FAULT_RANGE;
    *ret = (int64_t)(is_negative ? 0 - u : u);
    return FAULT_NONE;
}

// Plain decimal, as strconv.Atoi.
static enum number_fault parse_decimal(str s, int64_t *ret)
{
    if (str_to_i64(s, ret))
        return FAULT_NONE;
    size_t from = s.n && (s.p[0] == '-' || s.p[0] == '+');
    for (size_t i = from; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return FAULT_SYNTAX;
    return s.n > from ? FAULT_RANGE : FAULT_SYNTAX;
}

static enum number_fault parse_float(str s, double *ret)
{
    if (!str_to_f64(s, ret))
        return FAULT_SYNTAX;
    bool is_written_inf = s.n && strchr("iI", s.p[s.p[0] == '-' || s.p[0] == '+']);
    return isinf(*ret) && !is_written_inf ? FAULT_RANGE : FAULT_NONE;
}

// ---- sizes ---------------------------------------------------------------------------------

static const struct {
    str suffix;
    double factor;
} SIZE_UNITS[] = {
    {{"KB", 2}, 1e3},     {{"MB", 2}, 1e6},     {{"GB", 2}, 1e9},     {{"TB", 2}, 1e12},
    {{"KiB", 3}, 0x1p10}, {{"MiB", 3}, 0x1p20}, {{"GiB", 3}, 0x1p30}, {{"TiB", 3}, 0x1p40},
};

// ret_text: the number with its suffix in canonical letters, in mem.
static bool parse_size(str s, struct arena *mem, int64_t *ret, str *ret_text, struct err *err)
{
    double factor = 1, x;
    str number = s, suffix = S("");
    for (size_t i = 0; i < ARRAY_LEN(SIZE_UNITS); i++) {
        str unit = SIZE_UNITS[i].suffix;
        if (s.n < unit.n || !str_eq_nocase(str_skip(s, s.n - unit.n), unit))
            continue;
        number = str_slice(s, 0, s.n - unit.n);
        suffix = unit;
        factor = SIZE_UNITS[i].factor;
    }
    *ret = 0;
    *ret_text = S("");
    if (s.n == 0)
        return true;
    enum number_fault fault = parse_float(number, &x);
    if (fault != FAULT_NONE)
        return number_error(err, "ParseFloat", number, fault);
    x *= factor;
    if (!(x >= -0x1p63 && x < 0x1p63))
        return number_error(err, "ParseFloat", number, FAULT_RANGE);
    *ret = (int64_t)x;
    *ret_text = arena_printf(mem, "%.*s%.*s", STR(number), STR(suffix));
    return true;
}

// ---- arrays --------------------------------------------------------------------------------

static bool add_bools(struct flag_bools *to, const struct flag_strs *items, struct arena *mem,
                      struct err *err)
{
    for (size_t i = 0; i < items->count; i++) {
        bool x = false;
        if (items->items[i].n && !parse_bool(items->items[i], &x))
            return number_error(err, "ParseBool", items->items[i], FAULT_SYNTAX);
        to->items = flag_list_grown(to->items, to->count, sizeof(bool), mem);
        to->items[to->count++] = x;
    }
    return true;
}

// One item of an array of numbers. An empty one leaves *ret, which holds the default.
static bool parse_number_item(const struct flag *flag, str item, struct arena *mem, int64_t *ret,
                              str *ret_text, struct err *err)
{
    *ret_text = S("");
    if (item.n == 0)
        return true;
    if (flag->type == FLAG_DURS)
        return dur_parse_go(item, ret, err);
    if (flag->type == FLAG_SIZES)
        return parse_size(item, mem, ret, ret_text, err);
    enum number_fault fault = parse_decimal(item, ret);
    return fault == FAULT_NONE || number_error(err, "Atoi", item, fault);
}

static bool learn_item_default(const struct flag *flag, struct arena *mem, struct err *err)
{
    struct flag_i64s *to = flag->to;
    str text;
    to->item_default = 0;
    return parse_number_item(flag, str_c(flag->default_text), mem, &to->item_default, &text, err);
}

static bool add_numbers(const struct flag *flag, const struct flag_strs *items, struct arena *mem,
                        struct err *err)
{
    struct flag_i64s *to = flag->to;
    if (flag->default_text && !learn_item_default(flag, mem, err))
        return false;
    for (size_t i = 0; i < items->count; i++) {
        int64_t x = to->item_default;
        str text;
        if (!parse_number_item(flag, items->items[i], mem, &x, &text, err))
            return false;
        to->items = flag_list_grown(to->items, to->count, sizeof(int64_t), mem);
        to->texts = flag_list_grown(to->texts, to->count, sizeof(str), mem);
        to->texts[to->count] = text;
        to->items[to->count++] = x;
    }
    return true;
}

static bool add_strs(enum flags_style style, struct flag_strs *to, str value, struct arena *mem)
{
    if (style == FLAGS_KINGPIN) {
        flag_strs_add(to, value, mem);
        return true;
    }
    struct flag_strs items = flag_split_items(value, mem);
    for (size_t i = 0; i < items.count; i++)
        flag_strs_add(to, items.items[i], mem);
    return true;
}

// ---- one flag ------------------------------------------------------------------------------

static bool set_enum(const struct flag *flag, str value, struct err *err)
{
    defer(buf_done) struct buf names = {0};
    str rest = str_c(flag->choices), choice;
    while (rest.n) {
        str_cut(rest, ',', &choice, &rest);
        choice = str_trim(choice);
        if (str_eq(choice, value)) {
            *(str *)flag->to = choice;
            return true;
        }
        if (names.n)
            buf_put_c(&names, ',');
        buf_put(&names, choice);
    }
    return err_set(err, ERR_SYNTAX, "enum value must be one of %.*s, got '%.*s'",
                   STR(buf_str(&names)), STR(value));
}

// kingpin reads its integers as floats and cuts them. What no integer can hold becomes the lowest
// one, as Go's conversion gives on amd64.
static enum number_fault parse_kingpin_int(str s, int64_t *ret)
{
    double x;
    enum number_fault fault = parse_float(s, &x);
    if (fault == FAULT_NONE)
        *ret = x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
    return fault;
}

static bool set_number(enum flags_style style, const struct flag *flag, str value, struct err *err)
{
    enum number_fault fault;
    const char *function;
    if (flag->type == FLAG_INT && style == FLAGS_KINGPIN) {
        function = "ParseFloat";
        fault = parse_kingpin_int(value, flag->to);
    } else if (flag->type == FLAG_INT) {
        function = "ParseInt";
        fault = parse_int(value, flag->to);
    } else if (flag->type == FLAG_UINT) {
        function = "ParseUint";
        fault = parse_base0(value, flag->to);
    } else {
        function = "ParseFloat";
        fault = parse_float(value, flag->to);
    }
    if (fault == FAULT_NONE)
        return true;
    return style == FLAGS_GO ? go_flag_error(err, fault)
                             : number_error(err, function, value, fault);
}

static bool set_bool(enum flags_style style, const struct flag *flag, str value, struct err *err)
{
    if (parse_bool(value, flag->to))
        return true;
    return style == FLAGS_GO ? go_flag_error(err, FAULT_SYNTAX)
                             : number_error(err, "ParseBool", value, FAULT_SYNTAX);
}

bool flag_set(enum flags_style style, const struct flag *flag, str value, struct arena *mem,
              struct err *err)
{
    struct flag_strs items = {0};
    str text;
    switch (flag->type) {
    case FLAG_STR:
        *(str *)flag->to = value;
        return true;
    case FLAG_STRS:
        return add_strs(style, flag->to, value, mem);
    case FLAG_BOOL:
        return set_bool(style, flag, value, err);
    case FLAG_INT:
    case FLAG_UINT:
    case FLAG_FLOAT:
        return set_number(style, flag, value, err);
    case FLAG_DUR:
        if (style == FLAGS_KINGPIN)
            return dur_parse_kingpin(value, flag->to, err);
        return dur_parse_go(value, flag->to, NULL) || go_flag_error(err, FAULT_SYNTAX);
    case FLAG_BYTES:
        return parse_size(value, mem, flag->to, &text, err);
    case FLAG_ENUM:
        return set_enum(flag, value, err);
    case FLAG_CUSTOM:
        return flag->parse(flag, value, mem, err);
    case FLAG_BOOLS:
        items = flag_split_items(value, mem);
        return add_bools(flag->to, &items, mem, err);
    case FLAG_INTS:
    case FLAG_DURS:
    case FLAG_SIZES:
        items = flag_split_items(value, mem);
        return add_numbers(flag, &items, mem, err);
    }
    return false;
}

void flag_reset(const struct flag *flag)
{
    if (flag->is_set)
        *flag->is_set = false;
    if (flag->type == FLAG_STRS)
        *(struct flag_strs *)flag->to = (struct flag_strs){0};
    else if (flag->type == FLAG_BOOLS)
        *(struct flag_bools *)flag->to = (struct flag_bools){0};
    else if (flag_is_list(flag))
        *(struct flag_i64s *)flag->to = (struct flag_i64s){0};
}

bool flag_set_default(const struct flags *f, const struct flag *flag, struct arena *mem,
                      struct err *err)
{
    str value;
    if (f->default_find && f->default_find(f->env_owner, flag, &value))
        return flag_set(f->style, flag, value, mem, err);
    if (!flag->default_text || flag->type == FLAG_BOOLS)
        return true;
    if (flag_is_list(flag) && flag->type != FLAG_STRS)
        return learn_item_default(flag, mem, err);
    return flag_set(f->style, flag, str_c(flag->default_text), mem, err);
}
