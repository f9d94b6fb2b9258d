// SPDX-License-Identifier: Apache-2.0
// The classic grammar: lenient about braces and what stands unquoted (spec: §2).
#include "base/model/matcher_parse.h"
#include "base/text/unicode.h"

static bool is_space(char c) // RE2's \s
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static str skip_space(str s)
{
    while (s.n && is_space(s.p[0]))
        s = str_skip(s, 1);
    return s;
}

static size_t name_bytes(str s)
{
    size_t n = 0;
    for (; n < s.n; n++) {
        char c = s.p[n];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
        if (!is_letter && (n == 0 || c < '0' || c > '9'))
            break;
    }
    return n;
}

static bool take_op(str *s, enum matcher_op *ret)
{
    static const enum matcher_op LONGEST_FIRST[] = {MATCH_RE, MATCH_EQ, MATCH_NE, MATCH_NRE};
    for (size_t i = 0; i < ARRAY_LEN(LONGEST_FIRST); i++) {
        str text = matcher_op_str(LONGEST_FIRST[i]);
        if (!str_starts(*s, text))
            continue;
        *ret = LONGEST_FIRST[i];
        *s = str_skip(*s, text.n);
        return true;
    }
    return false;
}

// A backslash and what stands behind it: only \n, \" and \\ are escapes, others stay as they are.
static void put_unescaped(struct buf *out, char c)
{
    if (c != 'n' && c != '"' && c != '\\')
        buf_put_c(out, '\\');
    buf_put_c(out, (char)(c == 'n' ? '\n' : c));
}

// Undoes quotes and escapes of a value.
static bool value_decode(str written, struct buf *out, struct err *err)
{
    str raw = written;
    bool wants_quote = str_starts(raw, S("\""));
    if (wants_quote)
        raw = str_skip(raw, 1);
    if (!utf8_is_valid(raw))
        return err_set(err, ERR_SYNTAX, "matcher value not valid UTF-8: %.*s", STR(written));
    bool is_bad = false;
    for (size_t i = 0; i < raw.n; i++) {
        bool is_last = i + 1 == raw.n;
        if (raw.p[i] == '\\' && !is_last) {
            put_unescaped(out, raw.p[++i]);
        } else if (raw.p[i] == '"') {
            is_bad |= !wants_quote || !is_last;
            wants_quote = false;
        } else {
            buf_put_c(out, raw.p[i]);
        }
    }
    if (is_bad || wants_quote)
        return err_set(err, ERR_SYNTAX, "matcher value contains unescaped double quote: %.*s",
                       STR(written));
    return true;
}

static bool add_classic(struct matcher_list *list, str input, struct arena *mem, struct err *err)
{
    str rest = skip_space(input);
    str name = str_slice(rest, 0, name_bytes(rest));
    rest = skip_space(str_skip(rest, name.n));
    enum matcher_op op;
    if (name.n == 0 || !take_op(&rest, &op))
        return err_set(err, ERR_SYNTAX, "bad matcher format: %.*s", STR(input));
    rest = skip_space(rest);
    while (rest.n && is_space(rest.p[rest.n - 1]))
        rest.n--;
    defer(buf_done) struct buf value = {0};
    return value_decode(rest, &value, err) &&
           matcher_list_add(list, op, name, buf_str(&value), mem, err);
}

bool matcher_parse_classic(str input, struct arena *mem, struct matcher *ret, struct err *err)
{
    struct matcher_list list = {0};
    if (!add_classic(&list, input, mem, err))
        return false;
    *ret = list.all.items[0];
    return true;
}

// Adds the matchers of a text without its braces, in which invalid bytes were replaced.
static bool add_list(struct matcher_list *list, str s, struct arena *mem, struct err *err)
{
    bool is_quoted = false, is_escaped = false;
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case ',':
            if (is_quoted)
                break;
            if (!add_classic(list, str_slice(s, from, i), mem, err))
                return false;
            from = i + 1;
            break;
        case '"':
            is_quoted ^= !is_escaped;
            is_escaped = false;
            break;
        case '\\':
            is_escaped = !is_escaped;
            break;
        default:
            is_escaped = false;
        }
    }
    str last = str_trim_unicode(str_skip(s, from)); // only this one is trimmed, as errors show
    return last.n == 0 || add_classic(list, last, mem, err);
}

bool matchers_parse_classic(str input, struct arena *mem, struct matchers *ret, struct err *err)
{
    if (str_starts(input, S("{")))
        input = str_skip(input, 1);
    if (str_ends(input, S("}")))
        input.n--;
    defer(buf_done) struct buf repaired = {0};
    buf_put_repaired(&repaired, input);
    struct matcher_list list = {0};
    if (!add_list(&list, buf_str(&repaired), mem, err)) {
        matchers_done(&list.all);
        return false;
    }
    *ret = list.all;
    return true;
}
