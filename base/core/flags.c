// SPDX-License-Identifier: Apache-2.0
#include "base/core/flags.h"

#include "base/core/f64.h"
#include "base/core/flags_internal.h"
#include "base/core/utf8.h"

bool flags_parse(const struct flags *f, int argc, char *const *argv, struct arena *mem,
                 struct flag_strs *ret_args, struct err *err)
{
    if (f->style == FLAGS_GO)
        return flags_parse_go(f, argc, argv, mem, ret_args, err);
    struct flags_chosen chosen;
    return flags_parse_kingpin(f, argc, argv, mem, &chosen, ret_args, err);
}

bool flags_parse_command(const struct flags *f, int argc, char *const *argv, struct arena *mem,
                         struct flags_chosen *ret, struct err *err)
{
    assert(f->style == FLAGS_KINGPIN);
    return flags_parse_kingpin(f, argc, argv, mem, ret, NULL, err);
}

// ---- lists ---------------------------------------------------------------------------------

str flag_strs_at(const struct flag_strs *list, size_t index)
{
    if (index < list->count)
        return list->items[index];
    return list->count == 1 ? list->items[0] : S("");
}

bool flag_bools_at(const struct flag_bools *list, size_t index)
{
    if (index < list->count)
        return list->items[index];
    return list->count == 1 && list->items[0];
}

int64_t flag_i64s_at(const struct flag_i64s *list, size_t index)
{
    if (index < list->count)
        return list->items[index];
    return list->count == 1 ? list->items[0] : list->item_default;
}

// ---- values as text ------------------------------------------------------------------------

// Go's strconv.Quote, but for which characters beyond ASCII are printable: all are left alone.
void flag_put_quoted(struct buf *out, str s)
{
    static const char ESCAPES[] = "\aa\bb\ff\nn\rr\tt\vv\"\"\\\\";
    buf_put_c(out, '"');
    for (size_t at = 0, width; at < s.n; at += width) {
        utf8_decode(str_skip(s, at), &width);
        unsigned char c = (unsigned char)s.p[at];
        if (width > 1) {
            buf_put(out, str_slice(s, at, at + width));
            continue;
        }
        size_t i = 0;
        while (ESCAPES[i] && ESCAPES[i] != (char)c)
            i += 2;
        if (c && ESCAPES[i]) {
            buf_put_c(out, '\\');
            buf_put_c(out, ESCAPES[i + 1]);
        } else if (c < 0x20 || c >= 0x7f) {
            buf_printf(out, "\\x%02x", c);
        } else {
            buf_put_c(out, (char)c);
        }
    }
    buf_put_c(out, '"');
}

static void put_items(const struct flag_strs *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++) {
        str item = list->items[i];
        bool needs_quotes = false;
        for (size_t k = 0; k < item.n; k++)
            needs_quotes |= item.p[k] && strchr(",'\"{[(\n", item.p[k]);
        if (i)
            buf_put_c(out, ',');
        if (needs_quotes)
            flag_put_quoted(out, item);
        else
            buf_put(out, item);
    }
}

static void put_number_items(const struct flag *flag, struct buf *out)
{
    const struct flag_i64s *list = flag->to;
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            buf_put_c(out, ',');
        if (flag->type == FLAG_DURS)
            buf_put_dur_go(out, list->items[i]);
        else if (flag->type == FLAG_SIZES && list->texts[i].n)
            buf_put(out, list->texts[i]);
        else
            buf_put_i64(out, list->items[i]);
    }
}

static void put_bools(const struct flag_bools *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++)
        buf_printf(out, "%s%s", i ? "," : "", list->items[i] ? "true" : "false");
}

void flag_value_text(const struct flag *flag, struct buf *out)
{
    if (flag->is_secret) {
        buf_put(out, S("<secret>"));
        return;
    }
    switch (flag->type) {
    case FLAG_STR:
    case FLAG_ENUM:
        buf_put(out, *(const str *)flag->to);
        return;
    case FLAG_STRS:
        put_items(flag->to, out);
        return;
    case FLAG_BOOL:
        buf_put(out, *(const bool *)flag->to ? S("true") : S("false"));
        return;
    case FLAG_INT:
    case FLAG_BYTES:
        buf_put_i64(out, *(const int64_t *)flag->to);
        return;
    case FLAG_UINT:
        buf_put_u64(out, *(const uint64_t *)flag->to);
        return;
    case FLAG_FLOAT:
        buf_put_f64_shortest(out, *(const double *)flag->to);
        return;
    case FLAG_DUR:
        buf_put_dur_go(out, *(const dur_ns *)flag->to);
        return;
    case FLAG_BOOLS:
        put_bools(flag->to, out);
        return;
    case FLAG_INTS:
    case FLAG_DURS:
    case FLAG_SIZES:
        put_number_items(flag, out);
        return;
    case FLAG_CUSTOM:
        if (flag->print)
            flag->print(flag, out);
        return;
    }
}

// ---- %{NAME} -------------------------------------------------------------------------------

static void expand_env(const struct flags *f, str text, int rounds_left, struct buf *out)
{
    for (size_t at; (at = str_find_str(text, S("%{"))) != STR_NONE;) {
        size_t end = str_find(str_skip(text, at), '}');
        if (end == STR_NONE)
            break;
        str placeholder = str_slice(text, at, at + end + 1);
        char name[256];
        size_t name_bytes = placeholder.n - 3;
        const char *value = NULL;
        if (name_bytes < sizeof(name)) {
            memcpy(name, placeholder.p + 2, name_bytes);
            name[name_bytes] = '\0';
            value = f->env_find(f->env_owner, name);
        }
        buf_put(out, str_slice(text, 0, at));
        if (!value)
            buf_put(out, placeholder);
        else if (rounds_left > 0)
            expand_env(f, str_c(value), rounds_left - 1, out);
        else
            buf_put(out, str_c(value)); // a cycle
        text = str_skip(text, at + placeholder.n);
    }
    buf_put(out, text);
}

void flags_expand_env(const struct flags *f, str text, struct buf *out)
{
    if (f->env_find)
        expand_env(f, text, FLAGS_ENV_ROUNDS_MAX, out);
    else
        buf_put(out, text);
}
