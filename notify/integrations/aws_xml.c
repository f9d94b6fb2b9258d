// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/aws_xml.h"

#include "base/core/utf8.h"

// What begins with '<': a tag, or something that is skipped as a whole.
static str take_markup(str *rest)
{
    static const struct {
        str begin, end;
    } SKIPPED[] = {
        {{"<!--", 4}, {"-->", 3}}, {{"<![CDATA[", 9}, {"]]>", 3}}, {{"<?", 2}, {"?>", 2}}};
    str end = S(">");
    for (size_t i = 0; i < ARRAY_LEN(SKIPPED); i++) {
        if (str_starts(*rest, SKIPPED[i].begin))
            end = SKIPPED[i].end;
    }
    size_t at = str_find_str(*rest, end);
    size_t n = at == STR_NONE ? rest->n : at + end.n;
    str markup = str_slice(*rest, 0, n);
    *rest = str_skip(*rest, n);
    return markup;
}

static bool is_start_of(str tag, str name) // "<name>", "<ns:name attribute="x">"
{
    size_t end = 1;
    while (end < tag.n && str_find(S(" \t\r\n/>"), tag.p[end]) == STR_NONE)
        end++;
    str full = str_slice(tag, 1, end), prefix, local;
    return str_eq(str_cut(full, ':', &prefix, &local) ? local : full, name);
}

static bool decode_number(str digits, uint32_t *ret) // "65" or "x41"
{
    bool is_hex = str_starts(digits, S("x"));
    uint32_t value = 0;
    for (size_t i = is_hex; i < digits.n; i++) {
        char c = digits.p[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit >= (is_hex ? 16 : 10))
            return false;
        value = value * (is_hex ? 16 : 10) + digit;
        if (value > 0x10FFFF)
            return false;
    }
    *ret = value;
    return digits.n > is_hex;
}

static void put_entity(struct buf *out, str name)
{
    static const struct {
        str name;
        char c;
    } ENTITIES[] = {{{"lt", 2}, '<'},
                    {{"gt", 2}, '>'},
                    {{"amp", 3}, '&'},
                    {{"quot", 4}, '"'},
                    {{"apos", 4}, '\''}};
    uint32_t rune;
    for (size_t i = 0; i < ARRAY_LEN(ENTITIES); i++) {
        if (str_eq(name, ENTITIES[i].name)) {
            buf_put_c(out, ENTITIES[i].c);
            return;
        }
    }
    if (str_starts(name, S("#")) && decode_number(str_skip(name, 1), &rune))
        buf_put_rune(out, rune);
    else
        buf_printf(out, "&%.*s;", STR(name));
}

static str decode(str text, struct arena *mem)
{
    struct buf out = {.mem = mem};
    str before, name, rest;
    while (str_cut(text, '&', &before, &text)) {
        buf_put(&out, before);
        if (!str_cut(text, ';', &name, &rest)) {
            buf_put_c(&out, '&');
            continue;
        }
        put_entity(&out, name);
        text = rest;
    }
    buf_put(&out, before);
    return out.n ? buf_str(&out) : S("");
}

bool aws_xml_text(str document, str name, struct arena *mem, str *ret)
{
    for (size_t at; (at = str_find(document, '<')) != STR_NONE;) {
        document = str_skip(document, at);
        str markup = take_markup(&document);
        if (!is_start_of(markup, name))
            continue;
        bool is_closed = str_ends(markup, S("/>"));
        str text = is_closed ? S("") : str_slice(document, 0, str_find(document, '<'));
        *ret = str_trim(decode(text, mem));
        return true;
    }
    return false;
}
