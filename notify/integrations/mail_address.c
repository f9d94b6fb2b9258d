// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/mail_address.h"

#include "base/core/utf8.h"
#include "base/env.h"
#include "base/text/gofmt.h"
#include "notify/integrations/mime.h"

#define BAD_COMMENT "mail: misformatted parenthetical comment"

struct parser {
    str rest;
    struct arena *mem;
    struct err *err;
    struct mail_addresses *out;
    size_t cap; // of out->items
};

// ---- characters ---------------------------------------------------------------------------------

static bool is_vchar(uint32_t r) // visible, or beyond ASCII (RFC 6532)
{
    return (r >= '!' && r <= '~') || r >= 0x80;
}

static bool is_blank(uint32_t r)
{
    return r == ' ' || r == '\t';
}

static bool is_one_of(uint32_t r, const char *set)
{
    return r < 0x80 && r != 0 && strchr(set, (int)r) != NULL;
}

static bool is_atext(uint32_t r)
{
    return is_vchar(r) && !is_one_of(r, "()<>[]:;@\\,\"."); // RFC 5322 §3.2.3
}

static bool is_dot_atext(uint32_t r)
{
    return r == '.' || is_atext(r);
}

static bool is_all_dot_atext(str s)
{
    for (size_t i = 0, width; i < s.n; i += width) {
        if (!is_dot_atext(utf8_decode(str_skip(s, i), &width)))
            return false;
    }
    return true;
}

// ---- small steps --------------------------------------------------------------------------------

static bool fail(struct parser *p, const char *text)
{
    return err_set(p->err, ERR_SYNTAX, "%s", text);
}

static bool fail_quoting(struct parser *p, const char *what, str s)
{
    defer(buf_done) struct buf quoted = {0};
    gofmt_quoted(&quoted, &(struct gofmt){0}, s);
    return err_set(p->err, ERR_SYNTAX, "%s: %.*s", what, STR(buf_str(&quoted)));
}

static bool fail_at_rune(struct parser *p, const char *what, uint32_t rune)
{
    defer(buf_done) struct buf quoted = {0};
    gofmt_char_quoted(&quoted, &(struct gofmt){0}, rune);
    return err_set(p->err, ERR_SYNTAX, "%s: %.*s", what, STR(buf_str(&quoted)));
}

static bool is_at(const struct parser *p, char c)
{
    return p->rest.n && p->rest.p[0] == c;
}

static bool consume(struct parser *p, char c)
{
    if (!is_at(p, c))
        return false;
    p->rest = str_skip(p->rest, 1);
    return true;
}

static void skip_blanks(struct parser *p)
{
    while (p->rest.n && is_blank((uint8_t)p->rest.p[0]))
        p->rest = str_skip(p->rest, 1);
}

// The inside of a comment whose '(' is consumed; without backslashes.
static bool comment(struct parser *p, struct buf *out)
{
    for (size_t depth = 1; depth > 0; p->rest = str_skip(p->rest, 1)) {
        if (p->rest.n == 0)
            return fail(p, BAD_COMMENT);
        if (is_at(p, '\\') && p->rest.n > 1)
            p->rest = str_skip(p->rest, 1);
        else if (is_at(p, '('))
            depth++;
        else if (is_at(p, ')'))
            depth--;
        if (out && depth > 0)
            buf_put_c(out, p->rest.p[0]);
    }
    return true;
}

static bool skip_comments(struct parser *p)
{
    skip_blanks(p);
    while (consume(p, '(')) {
        if (!comment(p, NULL))
            return false;
        skip_blanks(p);
    }
    return true;
}

// ---- words --------------------------------------------------------------------------------------

static bool quoted_string(struct parser *p, str *ret)
{
    struct buf text = {.mem = p->mem};
    bool is_escaped = false;
    for (size_t i = 1, width;; i += width) { // behind the first quote
        uint32_t r = utf8_decode(str_skip(p->rest, i), &width);
        if (width == 0)
            return fail(p, "mail: unclosed quoted-string");
        if (r == RUNE_ERROR && width == 1)
            return fail_quoting(p, "mail: invalid utf-8 in quoted-string", p->rest);
        if (!is_escaped && r == '"') {
            p->rest = str_skip(p->rest, i + 1);
            *ret = buf_str(&text);
            return true;
        }
        if (!is_escaped && r == '\\') {
            is_escaped = true;
            continue;
        }
        if (!is_vchar(r) && !is_blank(r))
            return fail_at_rune(p, "mail: bad character in quoted-string", r);
        buf_put(&text, str_slice(p->rest, i, i + width));
        is_escaped = false;
    }
}

static bool dot_atom(struct parser *p, bool is_permissive, str *ret)
{
    size_t n = 0;
    for (size_t width;; n += width) {
        uint32_t r = utf8_decode(str_skip(p->rest, n), &width);
        if (r == RUNE_ERROR && width == 1)
            return fail_quoting(p, "mail: invalid utf-8 in address", p->rest);
        if (width == 0 || !is_dot_atext(r))
            break;
    }
    if (n == 0)
        return fail(p, "mail: invalid string");
    str atom = *ret = str_slice(p->rest, 0, n);
    p->rest = str_skip(p->rest, n);
    if (is_permissive)
        return true;
    if (atom.p[0] == '.')
        return fail(p, "mail: leading dot in atom");
    if (str_find_str(atom, S("..")) != STR_NONE)
        return fail(p, "mail: double dot in atom");
    return atom.p[n - 1] != '.' || fail(p, "mail: trailing dot in atom");
}

static bool decode_word(struct parser *p, str *word, bool *ret_is_encoded)
{
    str decoded = {0};
    enum mime_word kind = mime_decode_word(*word, p->mem, &decoded);
    if (kind == MIME_UNKNOWN_CHARSET)
        return fail_quoting(p, "charset not supported", decoded);
    *ret_is_encoded = kind == MIME_WORD;
    if (*ret_is_encoded)
        *word = decoded;
    return true;
}

static bool phrase_word(struct parser *p, str *ret, bool *ret_is_encoded)
{
    *ret_is_encoded = false;
    if (is_at(p, '"'))
        return quoted_string(p, ret);
    return dot_atom(p, true, ret) && decode_word(p, ret, ret_is_encoded);
}

// A display name: words with a space between them, but for encoded ones in a row. It ends where no
// word can be read, which is an error only for the first.
static bool phrase(struct parser *p, str *ret)
{
    struct buf out = {.mem = p->mem};
    size_t words = 0;     // a row of encoded ones is one, and counts when it is over
    size_t row_bytes = 0; // of the row that goes on
    for (;;) {
        str word = S("");
        bool is_encoded;
        if (words > 0 && !skip_comments(p))
            return false;
        skip_blanks(p);
        if (p->rest.n == 0)
            break;
        if (!phrase_word(p, &word, &is_encoded)) {
            if (words == 0 && row_bytes == 0)
                return err_wrap(p->err, "mail: missing word in phrase");
            err_clear(p->err);
            break;
        }
        if (is_encoded) {
            if (row_bytes == 0 && words > 0 && word.n)
                buf_put_c(&out, ' ');
            row_bytes += word.n;
        } else {
            words += row_bytes > 0;
            row_bytes = 0;
            if (words++ > 0)
                buf_put_c(&out, ' ');
        }
        buf_put(&out, word);
    }
    *ret = buf_str(&out);
    return true;
}

// The name that a comment behind a bare address gives; its '(' is next.
static bool comment_name(struct parser *p, str *ret)
{
    struct buf text = {.mem = p->mem}, out = {.mem = p->mem};
    consume(p, '(');
    if (!comment(p, &text))
        return false;
    str all = buf_str(&text);
    size_t words = 0;
    for (size_t i = 0, to; i < all.n; i = to) {
        to = i + 1;
        if (is_blank((uint8_t)all.p[i]))
            continue;
        while (to < all.n && !is_blank((uint8_t)all.p[to]))
            to++;
        str word = str_slice(all, i, to);
        bool is_encoded;
        if (!decode_word(p, &word, &is_encoded))
            return false;
        if (words++ > 0)
            buf_put_c(&out, ' ');
        buf_put(&out, word);
    }
    *ret = buf_str(&out);
    return true;
}

// ---- addresses ----------------------------------------------------------------------------------

static bool domain_literal(struct parser *p, str *ret)
{
    str from = p->rest;
    struct addr ip;
    consume(p, '[');
    for (;;) {
        size_t width;
        uint32_t r = utf8_decode(p->rest, &width);
        if (width == 0)
            return fail(p, "mail: unclosed domain-literal");
        if (r == ']')
            break;
        if (r == RUNE_ERROR && width == 1)
            return fail_quoting(p, "mail: invalid utf-8 in domain-literal", p->rest);
        if (!is_vchar(r) || r == '[' || r == '\\')
            return fail_at_rune(p, "mail: bad character in domain-literal", r);
        p->rest = str_skip(p->rest, width);
    }
    size_t n = from.n - p->rest.n;
    consume(p, ']');
    str inside = str_slice(from, 1, n);
    if (!addr_parse_ip(inside, &ip))
        return fail_quoting(p, "mail: invalid IP address in domain-literal", inside);
    *ret = str_slice(from, 0, n + 1);
    return true;
}

static bool local_part(struct parser *p, str *ret)
{
    skip_blanks(p);
    if (p->rest.n == 0)
        return fail(p, "mail: no addr-spec");
    if (!is_at(p, '"'))
        return dot_atom(p, false, ret);
    return (quoted_string(p, ret) && ret->n) || fail(p, "mail: empty quoted string in addr-spec");
}

static bool domain(struct parser *p, str *ret)
{
    skip_blanks(p);
    if (p->rest.n == 0)
        return fail(p, "mail: no domain in addr-spec");
    return is_at(p, '[') ? domain_literal(p, ret) : dot_atom(p, false, ret);
}

static bool addr_spec(struct parser *p, str *ret)
{
    str before = p->rest, local = S(""), at = S("");
    bool ok = local_part(p, &local) &&
              (consume(p, '@') || fail(p, "mail: missing @ in addr-spec")) && domain(p, &at);
    if (!ok) {
        p->rest = before;
        return false;
    }
    *ret = arena_printf(p->mem, "%.*s@%.*s", STR(local), STR(at));
    return true;
}

static bool add(struct parser *p, str name, str address)
{
    struct mail_addresses *out = p->out;
    if (out->count >= MAIL_ADDRESSES_MAX)
        return err_set(p->err, ERR_LIMIT, "mail: more than %d addresses", MAIL_ADDRESSES_MAX);
    if (out->count == p->cap) {
        p->cap = MAX(2 * p->cap, 4);
        struct mail_address *items = arena_array(p->mem, struct mail_address, p->cap);
        if (out->count)
            memcpy(items, out->items, out->count * sizeof(*items));
        out->items = items;
    }
    out->items[out->count++] = (struct mail_address){name, address};
    return true;
}

static bool mailbox_or_group(struct parser *p, bool may_be_group);

// Behind "name:", up to and including the ';'.
static bool group(struct parser *p)
{
    skip_blanks(p);
    if (consume(p, ';'))
        return skip_comments(p);
    for (;;) {
        skip_blanks(p);
        if (!mailbox_or_group(p, false) || !skip_comments(p))
            return false;
        if (consume(p, ';'))
            return skip_comments(p);
        if (!consume(p, ','))
            return fail(p, "mail: expected comma");
    }
}

// A bare address has the narrower grammar: it is tried first.
static bool mailbox_or_group(struct parser *p, bool may_be_group)
{
    str name = S(""), address = S("");
    skip_blanks(p);
    if (p->rest.n == 0)
        return fail(p, "mail: no address");
    if (addr_spec(p, &address)) {
        skip_blanks(p);
        return (!is_at(p, '(') || comment_name(p, &name)) && add(p, name, address);
    }
    err_clear(p->err);
    if (!is_at(p, '<') && !phrase(p, &name))
        return false;
    skip_blanks(p);
    if (may_be_group && consume(p, ':'))
        return group(p);
    if (!consume(p, '<'))
        return fail(p, is_all_dot_atext(name) ? "mail: missing '@' or angle-addr"
                                              : "mail: no angle-addr");
    if (!addr_spec(p, &address))
        return false;
    return (consume(p, '>') || fail(p, "mail: unclosed angle-addr")) && add(p, name, address);
}

bool mail_addresses_parse(str list, struct arena *mem, struct mail_addresses *ret, struct err *err)
{
    struct err ignored = ERR_INIT;
    struct parser p = {.rest = list, .mem = mem, .err = err ? err : &ignored, .out = ret};
    *ret = (struct mail_addresses){0};
    for (;;) {
        skip_blanks(&p);
        if (consume(&p, ','))
            continue;
        if (!mailbox_or_group(&p, true) || !skip_comments(&p))
            return false;
        if (p.rest.n && !is_at(&p, ','))
            return fail(&p, "mail: expected comma");
        while (consume(&p, ','))
            skip_blanks(&p);
        if (p.rest.n == 0)
            return true;
    }
}
