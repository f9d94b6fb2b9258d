// SPDX-License-Identifier: Apache-2.0
#include "base/model/selector.h"

#include "base/text/unicode.h"

#define NAME_LABEL S("__name__")

// ---- tokens ------------------------------------------------------------------------------------

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_STR, TOKEN_SIGN, TOKEN_JUNK };

struct selector_parser {
    struct arena *mem;
    str rest; // behind the token
    enum token_kind kind;
    str text; // of the token: decoded name or string, or the sign
    size_t token_bytes;
    struct selector *out;
    size_t alternative_cap;
    size_t *caps; // of the alternatives
};

static void skip_space(str *s)
{
    while (s->n && (char_is_space(s->p[0]) || s->p[0] == '#')) {
        if (s->p[0] == '#') {
            size_t end = str_find(*s, '\n');
            *s = str_skip(*s, MIN(end, s->n));
        } else {
            *s = str_skip(*s, 1);
        }
    }
}

// A backslash at the beginning: \xHH, \uHHHH or any printable rune. Returns its bytes, 0: invalid.
static size_t read_escape(str s, uint32_t *ret)
{
    if (s.n < 2)
        return 0;
    size_t digits = (s.p[1] | 0x20) == 'x' ? 2 : (s.p[1] | 0x20) == 'u' ? 4 : 0;
    if (digits == 0) {
        size_t width;
        *ret = utf8_decode(str_skip(s, 1), &width);
        return rune_is_print(*ret) ? 1 + width : 0;
    }
    if (s.n < 2 + digits)
        return 0;
    *ret = 0;
    for (size_t i = 2; i < 2 + digits; i++) {
        int digit = char_hex(s.p[i]);
        if (digit < 0)
            return 0;
        *ret = *ret << 4 | (uint32_t)digit;
    }
    return 2 + digits;
}

// An identifier: letters, _ and :, behind the first rune digits and dots too. Returns its bytes.
static size_t read_name(str s, struct buf *out)
{
    size_t at = 0;
    while (at < s.n) {
        uint32_t rune = 0;
        size_t n;
        char c = s.p[at];
        if (c == '\\') {
            n = read_escape(str_skip(s, at), &rune);
        } else {
            bool is_inner = at && ((c >= '0' && c <= '9') || c == '.');
            rune = utf8_decode(str_skip(s, at), &n);
            if (c != '_' && c != ':' && !is_inner && !rune_is_letter(rune))
                n = 0;
        }
        if (n == 0)
            break;
        buf_put_rune(out, rune);
        at += n;
    }
    return at;
}

// '…' by the rules of "…", except for quotes.
static void requote(str literal, struct buf *out)
{
    buf_put_c(out, '"');
    for (size_t i = 1; i + 1 < literal.n; i++) {
        char c = literal.p[i];
        if (c == '\\' && i + 2 < literal.n && literal.p[i + 1] == '\'') {
            buf_put_c(out, '\'');
            i++;
        } else if (c == '\\' && i + 2 < literal.n) {
            buf_put_c(out, c);
            buf_put_c(out, literal.p[++i]);
        } else {
            buf_put(out, c == '"' ? S("\\\"") : str_from(&c, 1));
        }
    }
    buf_put_c(out, '"');
}

// A string: it ends at the next same quote behind an even number of backslashes. 0: invalid.
static size_t read_string(str s, struct buf *out)
{
    size_t end = 1, slashes = 0;
    while (end < s.n && (s.p[end] != s.p[0] || slashes % 2)) {
        slashes = s.p[end] == '\\' ? slashes + 1 : 0;
        end++;
    }
    if (end == s.n)
        return 0;
    str literal = str_slice(s, 0, ++end);
    defer(buf_done) struct buf requoted = {0};
    if (s.p[0] == '\'') {
        requote(literal, &requoted);
        literal = buf_str(&requoted);
    }
    return unquote_go(literal, out) ? end : 0;
}

static void take_token(struct selector_parser *p, enum token_kind kind, size_t bytes)
{
    p->kind = kind;
    p->token_bytes = bytes;
    p->rest = str_skip(p->rest, bytes);
}

static void next_token(struct selector_parser *p)
{
    static const char *const SIGNS[] = {"=~", "!~", "!=", "{", "}", ",", "=", "+"};
    skip_space(&p->rest);
    p->text = (str){0};
    if (p->rest.n == 0) {
        take_token(p, TOKEN_END, 0);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(SIGNS); i++) {
        p->text = str_c(SIGNS[i]);
        if (str_starts(p->rest, p->text)) {
            take_token(p, TOKEN_SIGN, p->text.n);
            return;
        }
    }
    defer(buf_done) struct buf text = {0};
    bool is_string = str_find(S("\"'`"), p->rest.p[0]) != STR_NONE;
    size_t n = is_string ? read_string(p->rest, &text) : read_name(p->rest, &text);
    p->text = arena_str(p->mem, buf_str(&text));
    take_token(p, n == 0 ? TOKEN_JUNK : is_string ? TOKEN_STR : TOKEN_NAME, n);
}

static bool is_sign(const struct selector_parser *p, const char *sign)
{
    return p->kind == TOKEN_SIGN && str_eq(p->text, str_c(sign));
}

static bool accept_sign(struct selector_parser *p, const char *sign)
{
    if (!is_sign(p, sign))
        return false;
    next_token(p);
    return true;
}

static bool unexpected(const struct selector_parser *p, const char *want, struct err *err)
{
    str left = p->rest;
    if (p->token_bytes)
        left = str_from(p->rest.p - p->token_bytes, p->token_bytes + p->rest.n);
    defer(buf_done) struct buf quoted = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&quoted, left);
    return err_set(err, ERR_SYNTAX, "expecting %s; unparsed data: %.*s", want,
                   STR(buf_str(&quoted)));
}

// ---- the tree ----------------------------------------------------------------------------------

static void add_alternative(struct selector_parser *p)
{
    struct selector *s = p->out;
    if (s->count == p->alternative_cap) {
        size_t cap = p->alternative_cap ? 2 * p->alternative_cap : 4;
        struct selector_conditions *grown = arena_array(p->mem, struct selector_conditions, cap);
        size_t *caps = arena_array(p->mem, size_t, cap);
        if (s->count) {
            memcpy(grown, s->alternatives, s->count * sizeof(*grown));
            memcpy(caps, p->caps, s->count * sizeof(*caps));
        }
        s->alternatives = grown;
        p->caps = caps;
        p->alternative_cap = cap;
    }
    s->count++;
}

static bool add_condition(struct selector_parser *p, size_t at, enum matcher_op op, str name,
                          str value, struct err *err)
{
    struct selector_conditions *list = &p->out->alternatives[at];
    if (list->count == p->caps[at]) {
        p->caps[at] = p->caps[at] ? 2 * p->caps[at] : 4;
        struct selector_condition *grown =
            arena_array(p->mem, struct selector_condition, p->caps[at]);
        if (list->count)
            memcpy(grown, list->items, list->count * sizeof(*grown));
        list->items = grown;
    }
    struct selector_condition *c = &list->items[list->count];
    *c = (struct selector_condition){.op = op, .name = name, .value = value};
    if ((op == MATCH_RE || op == MATCH_NRE) && !vm_regex_init(&c->regex, value, err))
        return err_wrap(err, "invalid regexp in %.*s", STR(name));
    list->count++;
    return true;
}

static bool has_name(const struct selector_conditions *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq(list->items[i].name, NAME_LABEL))
            return true;
    }
    return false;
}

// ---- grammar -----------------------------------------------------------------------------------

static bool read_value(struct selector_parser *p, str *ret, struct err *err)
{
    defer(buf_done) struct buf text = {0};
    do {
        if (p->kind != TOKEN_STR)
            return unexpected(p, "string", err);
        buf_put(&text, p->text);
        next_token(p);
    } while (accept_sign(p, "+"));
    *ret = arena_str(p->mem, buf_str(&text));
    return true;
}

// label op "value", or a quoted metric name.
static bool read_filter(struct selector_parser *p, str *metric, struct err *err)
{
    static const char *const OPS[] = {
        [MATCH_EQ] = "=", [MATCH_NE] = "!=", [MATCH_RE] = "=~", [MATCH_NRE] = "!~"};
    if (p->kind != TOKEN_NAME && p->kind != TOKEN_STR)
        return unexpected(p, "label name", err);
    bool is_quoted = p->kind == TOKEN_STR;
    str name = p->text, value;
    next_token(p);
    for (size_t op = 0; op < ARRAY_LEN(OPS); op++) {
        if (accept_sign(p, OPS[op]))
            return read_value(p, &value, err) &&
                   add_condition(p, p->out->count - 1, (enum matcher_op)op, name, value, err);
    }
    if (!is_quoted)
        return unexpected(p, "one of = != =~ !~", err);
    if (metric->n && !str_eq(*metric, name))
        return err_set(err, ERR_SYNTAX,
                       "parse error: metric name must not be set twice: \"%.*s\" or \"%.*s\"",
                       STR(*metric), STR(name));
    *metric = name;
    return true;
}

static bool read_braces(struct selector_parser *p, str *metric, struct err *err)
{
    bool is_first = true;
    while (!accept_sign(p, "}")) {
        bool is_or = p->kind == TOKEN_NAME && str_eq_nocase(p->text, S("or"));
        if (is_first || is_or) {
            if (!is_first)
                next_token(p);
            add_alternative(p);
        } else if (!accept_sign(p, ",")) {
            return unexpected(p, "',' or '}'", err);
        } else if (accept_sign(p, "}")) {
            return true;
        }
        is_first = false;
        if (!read_filter(p, metric, err))
            return false;
    }
    return true;
}

// Before the braces the name holds for every alternative, inside for those that name none.
static bool add_metric(struct selector_parser *p, str metric, bool is_in_front, struct err *err)
{
    for (size_t i = 0; metric.n && i < p->out->count; i++) {
        if ((is_in_front || !has_name(&p->out->alternatives[i])) &&
            !add_condition(p, i, MATCH_EQ, NAME_LABEL, metric, err))
            return false;
    }
    return true;
}

static bool is_number(str name)
{
    return str_eq_nocase(name, S("inf")) || str_eq_nocase(name, S("nan"));
}

static bool read_selector(struct selector_parser *p, struct err *err)
{
    str metric = {0};
    bool is_in_front = p->kind == TOKEN_NAME && !is_number(p->text);
    if (is_in_front) {
        metric = p->text;
        next_token(p);
    }
    bool has_braces = accept_sign(p, "{");
    if (!is_in_front && !has_braces)
        return unexpected(p, "metricSelector", err);
    if (has_braces && !read_braces(p, &metric, err))
        return false;
    if (p->kind != TOKEN_END)
        return unexpected(p, "metricSelector", err);
    if (p->out->count == 0 && metric.n)
        add_alternative(p);
    return add_metric(p, metric, is_in_front, err);
}

bool selector_parse(str text, struct arena *mem, struct selector *ret, struct err *err)
{
    *ret = (struct selector){0};
    if (text.n > SELECTOR_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "a selector may have %zu bytes at most", SELECTOR_BYTES_MAX);
    struct selector_parser p = {.mem = mem, .rest = text, .out = ret};
    next_token(&p);
    if (read_selector(&p, err))
        return true;
    selector_done(ret);
    return false;
}

void selector_done(struct selector *s)
{
    for (size_t i = 0; i < s->count; i++) {
        for (size_t j = 0; j < s->alternatives[i].count; j++)
            vm_regex_done(&s->alternatives[i].items[j].regex);
    }
    s->count = 0;
}

// ---- matching ----------------------------------------------------------------------------------

static bool is_negative(const struct selector_condition *c)
{
    return c->op == MATCH_NE || c->op == MATCH_NRE;
}

// What the condition says, or for a negative one what it denies.
static bool fits(const struct selector_condition *c, str value)
{
    return c->regex.plain ? vm_regex_matches(&c->regex, value) : str_eq(c->value, value);
}

bool selector_matches(const struct selector *s, selector_value_fn *value, const void *labels)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct selector_conditions *list = &s->alternatives[i];
        size_t at = 0;
        while (at < list->count && fits(&list->items[at], value(labels, list->items[at].name)) !=
                                       is_negative(&list->items[at]))
            at++;
        if (at == list->count)
            return true;
    }
    return false;
}

static bool fits_labels(const struct selector_condition *c, const struct label *labels,
                        size_t count)
{
    bool is_there = false;
    bool is_metric = !c->regex.plain && str_eq(c->name, NAME_LABEL);
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(labels[i].name, c->name))
            continue;
        if (fits(c, labels[i].value))
            return true;
        if (is_metric)
            return false; // only the first one counts
        is_there = true;
    }
    return !is_there && !is_metric && fits(c, (str){0});
}

bool selector_matches_labels(const struct selector *s, const struct label *labels, size_t count)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct selector_conditions *list = &s->alternatives[i];
        size_t at = 0;
        while (at < list->count &&
               fits_labels(&list->items[at], labels, count) != is_negative(&list->items[at]))
            at++;
        if (at == list->count)
            return true;
    }
    return false;
}
