// SPDX-License-Identifier: Apache-2.0
// The state machine over static HTML text; scripts and styles are in gotpl_html_{js,css}.c.
#include "base/core/utf8.h"
#include "base/text/gotpl_html.h"
#include "base/text/unicode.h"

#define SPACES " \t\n\f\r"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool is_alpha(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_alnum(char c)
{
    return is_alpha(c) || (c >= '0' && c <= '9');
}

static size_t skip_space(str s, size_t i)
{
    while (i < s.n && is_space(s.p[i]))
        i++;
    return i;
}

static size_t find_any(str s, size_t from, const char *set)
{
    for (size_t i = from; i < s.n; i++) {
        if (s.p[i] && strchr(set, s.p[i]))
            return i;
    }
    return STR_NONE;
}

static struct html_context fail(struct arena *mem, const char *before, str shown, size_t runes_max)
{
    size_t n = 0;
    for (size_t width; runes_max && n < shown.n; runes_max--, n += width)
        utf8_decode(str_skip(shown, n), &width);
    defer(buf_done) struct buf quoted = {0};
    buf_put_quoted(&quoted, str_slice(shown, 0, n));
    return html_error_at(mem, NULL, 0, "%s%.*s", before, STR(buf_str(&quoted)));
}

static struct html_context fail_char(struct arena *mem, char c, const char *where, str shown,
                                     size_t runes_max)
{
    defer(buf_done) struct buf before = {0};
    buf_put_quoted(&before, str_from(&c, 1));
    buf_printf(&before, " in %s: ", where);
    buf_put_c(&before, '\0');
    return fail(mem, before.p, shown, runes_max);
}

// ---- tags -------------------------------------------------------------------------------------

static const char *const ELEMENT_NAMES[] = {[EL_SCRIPT] = "script",
                                            [EL_STYLE] = "style",
                                            [EL_TEXTAREA] = "textarea",
                                            [EL_TITLE] = "title",
                                            [EL_META] = "meta"};

size_t html_tag_name_end(str s, size_t from, enum html_element *ret)
{
    *ret = EL_NONE;
    if (from >= s.n || !is_alpha(s.p[from]))
        return from;
    size_t i = from + 1;
    while (i < s.n) {
        if (is_alnum(s.p[i]))
            i++;
        else if ((s.p[i] == ':' || s.p[i] == '-') && i + 1 < s.n && is_alnum(s.p[i + 1]))
            i += 2;
        else
            break;
    }
    for (enum html_element e = EL_SCRIPT; e <= EL_META; e++) {
        if (str_eq_nocase(str_slice(s, from, i), str_c(ELEMENT_NAMES[e])))
            *ret = e;
    }
    return i;
}

static struct html_context text(struct html_context c, str s, size_t *ret_n)
{
    size_t from = 0;
    for (;;) {
        size_t i = str_find(str_skip(s, from), '<');
        *ret_n = s.n;
        if (i == STR_NONE || from + i + 1 == s.n)
            return c;
        i += from;
        if (str_starts(str_skip(s, i), S("<!--"))) {
            *ret_n = i + 4;
            return (struct html_context){.state = ST_HTML_CMT};
        }
        i++;
        bool is_end = s.p[i] == '/';
        if (is_end && ++i == s.n)
            return c;
        enum html_element element;
        size_t end = html_tag_name_end(s, i, &element);
        if (end != i) {
            *ret_n = end;
            return (struct html_context){.state = ST_TAG, .element = is_end ? EL_NONE : element};
        }
        from = end;
    }
}

// End of the attribute name at `from`; STR_NONE: *ret_error.
static size_t attr_name_end(str s, size_t from, struct arena *mem, struct html_context *ret_error)
{
    for (size_t i = from; i < s.n; i++) {
        char c = s.p[i];
        if (is_space(c) || c == '=' || c == '>')
            return i;
        if (c == '\'' || c == '"' || c == '<') {
            *ret_error = fail_char(mem, c, "attribute name", s, 32);
            return STR_NONE;
        }
    }
    return s.n;
}

static enum html_attr attr_of(enum html_element element, str name)
{
    if (element == EL_SCRIPT && str_eq(name, S("type")))
        return ATTR_SCRIPT_TYPE;
    if (element == EL_META && str_eq(name, S("content")))
        return ATTR_META_CONTENT;
    switch (html_attr_type(name)) {
    case CONTENT_URL:
        return ATTR_URL;
    case CONTENT_CSS:
        return ATTR_STYLE;
    case CONTENT_JS:
        return ATTR_SCRIPT;
    case CONTENT_SRCSET:
        return ATTR_SRCSET;
    case CONTENT_PLAIN:
    case CONTENT_HTML:
    case CONTENT_UNSAFE:
        break;
    }
    return ATTR_NONE;
}

static struct html_context tag(struct html_context c, str s, size_t *ret_n, struct arena *mem)
{
    static const enum html_state BODY[] = {
        [EL_NONE] = ST_TEXT,       [EL_SCRIPT] = ST_JS,    [EL_STYLE] = ST_CSS,
        [EL_TEXTAREA] = ST_RCDATA, [EL_TITLE] = ST_RCDATA, [EL_META] = ST_TEXT};
    size_t i = skip_space(s, 0);
    *ret_n = s.n;
    if (i == s.n)
        return c;
    if (s.p[i] == '>') {
        *ret_n = i + 1;
        return (struct html_context){.state = BODY[c.element],
                                     .element = c.element == EL_META ? EL_NONE : c.element};
    }
    struct html_context error;
    size_t end = attr_name_end(s, i, mem, &error);
    if (end == STR_NONE)
        return error;
    if (end == i)
        return fail(mem, "expected space, attr name, or end of tag, but got ", str_skip(s, i), s.n);
    defer(buf_done) struct buf name = {0};
    buf_put_lower(&name, str_slice(s, i, end));
    *ret_n = end;
    return (struct html_context){.state = end == s.n ? ST_ATTR_NAME : ST_AFTER_NAME,
                                 .element = c.element,
                                 .attr = attr_of(c.element, buf_str(&name))};
}

static struct html_context attr_name(struct html_context c, str s, size_t *ret_n, struct arena *mem)
{
    struct html_context error;
    size_t end = attr_name_end(s, 0, mem, &error);
    *ret_n = end == STR_NONE ? s.n : end;
    if (end == STR_NONE)
        return error;
    if (end != s.n)
        c.state = ST_AFTER_NAME;
    return c;
}

static struct html_context after_name(struct html_context c, str s, size_t *ret_n)
{
    size_t i = skip_space(s, 0);
    *ret_n = i;
    if (i == s.n)
        return c;
    c.state = s.p[i] == '=' ? ST_BEFORE_VALUE : ST_TAG;
    *ret_n = i + (s.p[i] == '=');
    return c;
}

static struct html_context before_value(struct html_context c, str s, size_t *ret_n)
{
    size_t i = skip_space(s, 0);
    *ret_n = i;
    if (i == s.n)
        return c;
    enum html_delim delim = s.p[i] == '"'    ? DELIM_DOUBLE_QUOTE
                            : s.p[i] == '\'' ? DELIM_SINGLE_QUOTE
                                             : DELIM_SPACE_OR_TAG_END;
    *ret_n = i + (delim != DELIM_SPACE_OR_TAG_END);
    return html_begin_value(c, delim);
}

// ---- contents ---------------------------------------------------------------------------------

// Offset of "</name" with something behind that ends the name, or STR_NONE.
static size_t end_tag(str s, enum html_element element)
{
    str name = str_c(ELEMENT_NAMES[element]);
    for (size_t from = 0; from < s.n;) {
        size_t i = str_find_str(str_skip(s, from), S("</"));
        if (i == STR_NONE)
            return STR_NONE;
        i += from;
        str rest = str_skip(s, i + 2);
        from = i + 2;
        if (rest.n <= name.n || !str_eq_nocase(str_slice(rest, 0, name.n), name))
            continue;
        if (strchr("> \t\n\f/", rest.p[name.n]) && rest.p[name.n])
            return i;
        from += name.n;
    }
    return STR_NONE;
}

// To the end tag of a script, style, textarea or title.
static struct html_context raw_element(struct html_context c, str s, size_t *ret_n)
{
    *ret_n = s.n;
    if (c.element == EL_NONE || c.element == EL_META)
        return c;
    if (c.element == EL_SCRIPT && (html_is_in_script(c.state) || html_is_comment(c.state)))
        return c; // escaped there instead
    size_t i = end_tag(s, c.element);
    if (i == STR_NONE)
        return c;
    *ret_n = i;
    return (struct html_context){.state = ST_TEXT};
}

struct html_context html_transition_url(struct html_context c, str s, size_t *ret_n)
{
    *ret_n = s.n;
    if (find_any(s, 0, "#?") != STR_NONE)
        c.url = URL_QUERY_OR_FRAG;
    else if (skip_space(s, 0) != s.n && c.url == URL_NONE)
        c.url = URL_PRE_QUERY;
    return c;
}

static struct html_context meta_content(struct html_context c, str s, size_t *ret_n)
{
    *ret_n = s.n;
    for (size_t i = 0; i + 3 < s.n; i++) {
        if (!str_eq_nocase(str_slice(s, i, i + 3), S("url")))
            continue;
        size_t at = skip_space(s, i + 3);
        if (at < s.n && s.p[at] == '=') {
            *ret_n = at + 1;
            c.state = ST_META_CONTENT_URL;
            return c;
        }
    }
    return c;
}

static struct html_context meta_content_url(struct html_context c, str s, size_t *ret_n)
{
    size_t i = str_find(s, ';');
    *ret_n = i == STR_NONE ? s.n : i + 1;
    if (i != STR_NONE)
        c.state = ST_META_CONTENT;
    return c;
}

static struct html_context html_comment(struct html_context c, str s, size_t *ret_n)
{
    size_t i = str_find_str(s, S("-->"));
    *ret_n = i == STR_NONE ? s.n : i + 3;
    return i == STR_NONE ? c : (struct html_context){.state = ST_TEXT};
}

struct html_context html_transition(struct html_context c, str s, size_t *ret_n, struct arena *mem)
{
    *ret_n = s.n;
    switch (c.state) {
    case ST_TEXT:
        return text(c, s, ret_n);
    case ST_TAG:
        return tag(c, s, ret_n, mem);
    case ST_ATTR_NAME:
        return attr_name(c, s, ret_n, mem);
    case ST_AFTER_NAME:
        return after_name(c, s, ret_n);
    case ST_BEFORE_VALUE:
        return before_value(c, s, ret_n);
    case ST_HTML_CMT:
        return html_comment(c, s, ret_n);
    case ST_RCDATA:
        return raw_element(c, s, ret_n);
    case ST_URL:
    case ST_SRCSET:
        return html_transition_url(c, s, ret_n);
    case ST_META_CONTENT:
        return meta_content(c, s, ret_n);
    case ST_META_CONTENT_URL:
        return meta_content_url(c, s, ret_n);
    case ST_JS:
    case ST_JS_DQ:
    case ST_JS_SQ:
    case ST_JS_TMPL:
    case ST_JS_REGEXP:
    case ST_JS_BLOCK_CMT:
    case ST_JS_LINE_CMT:
    case ST_JS_HTML_OPEN_CMT:
    case ST_JS_HTML_CLOSE_CMT:
        return html_transition_js(c, s, ret_n, mem);
    case ST_CSS:
    case ST_CSS_DQ:
    case ST_CSS_SQ:
    case ST_CSS_DQ_URL:
    case ST_CSS_SQ_URL:
    case ST_CSS_URL:
    case ST_CSS_BLOCK_CMT:
    case ST_CSS_LINE_CMT:
        return html_transition_css(c, s, ret_n, mem);
    case ST_ATTR:
    case ST_ERROR:
    case ST_DEAD:
        break;
    }
    return c;
}

// ---- attribute values -------------------------------------------------------------------------

static const char *delim_ends(enum html_delim delim)
{
    return delim == DELIM_DOUBLE_QUOTE ? "\"" : delim == DELIM_SINGLE_QUOTE ? "'" : SPACES ">";
}

struct html_context html_context_after(struct html_context c, str s, size_t *ret_n,
                                       struct arena *mem)
{
    if (c.delim == DELIM_NONE) {
        size_t n;
        struct html_context ended = raw_element(c, s, &n);
        if (n == 0) {
            *ret_n = 0;
            return ended;
        }
        return html_transition(c, str_slice(s, 0, n), ret_n, mem);
    }
    size_t end = find_any(s, 0, delim_ends(c.delim));
    end = MIN(end, s.n);
    *ret_n = s.n;
    if (c.delim == DELIM_SPACE_OR_TAG_END) {
        size_t bad = find_any(str_slice(s, 0, end), 0, "\"'<=`");
        if (bad != STR_NONE)
            return fail_char(mem, s.p[bad], "unquoted attr", str_slice(s, 0, end), s.n);
    }
    if (end == s.n) { // still inside: entities stand for what they name
        struct buf decoded = {0};
        html_put_entities_decoded(&decoded, s);
        str value = buf_str(&decoded);
        for (size_t n; value.n; value = str_skip(value, n))
            c = html_transition(c, value, &n, mem);
        buf_done(&decoded);
        return c;
    }
    enum html_element element = c.element;
    if (c.state == ST_ATTR && c.element == EL_SCRIPT && c.attr == ATTR_SCRIPT_TYPE &&
        !html_script_type_is_js(str_slice(s, 0, end)))
        element = EL_NONE;
    *ret_n = end + (c.delim != DELIM_SPACE_OR_TAG_END);
    return (struct html_context){.state = ST_TAG, .element = element};
}

// Entities that can matter to URLs, styles and scripts in attribute values; what is decoded here is
// only looked at, never printed.
static const struct {
    const char *name;
    char value;
} ENTITIES[] = {
    {"amp", '&'},    {"lt", '<'},       {"gt", '>'},     {"quot", '"'},   {"apos", '\''},
    {"colon", ':'},  {"semi", ';'},     {"comma", ','},  {"period", '.'}, {"lpar", '('},
    {"rpar", ')'},   {"sol", '/'},      {"bsol", '\\'},  {"equals", '='}, {"plus", '+'},
    {"quest", '?'},  {"num", '#'},      {"percnt", '%'}, {"dollar", '$'}, {"excl", '!'},
    {"ast", '*'},    {"commat", '@'},   {"lsqb", '['},   {"lbrack", '['}, {"rsqb", ']'},
    {"rbrack", ']'}, {"lcub", '{'},     {"lbrace", '{'}, {"rcub", '}'},   {"rbrace", '}'},
    {"grave", '`'},  {"lowbar", '_'},   {"verbar", '|'}, {"vert", '|'},   {"Hat", '^'},
    {"Tab", '\t'},   {"NewLine", '\n'},
};

// "&#38;", "&#x26;", "&amp;" at the front of s: its length, or 0.
static size_t entity_at(str s, uint32_t *ret)
{
    size_t semicolon = str_find(str_slice(s, 0, 16), ';');
    if (semicolon == STR_NONE || semicolon < 2)
        return 0;
    str name = str_slice(s, 1, semicolon);
    if (name.p[0] == '#') {
        bool is_hex = name.n > 1 && (name.p[1] | 0x20) == 'x';
        str digits = str_skip(name, is_hex ? 2 : 1);
        uint32_t value = 0;
        for (size_t i = 0; i < digits.n; i++) {
            char c = (char)(digits.p[i] | 0x20);
            bool is_digit = digits.p[i] >= '0' && digits.p[i] <= '9';
            if (!is_digit && !(is_hex && c >= 'a' && c <= 'f'))
                return 0;
            uint32_t digit = (uint32_t)(is_digit ? digits.p[i] - '0' : c - 'a' + 10);
            value = MIN(value * (is_hex ? 16 : 10) + digit, 0x110000u);
        }
        *ret = value;
        return digits.n ? semicolon + 1 : 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(ENTITIES); i++) {
        if (str_eq(name, str_c(ENTITIES[i].name))) {
            *ret = (uint8_t)ENTITIES[i].value;
            return semicolon + 1;
        }
    }
    return 0;
}

void html_put_entities_decoded(struct buf *b, str s)
{
    while (s.n) {
        uint32_t rune = 0;
        size_t n = s.p[0] == '&' ? entity_at(s, &rune) : 0;
        if (n)
            buf_put_rune(b, rune);
        else
            buf_put_c(b, s.p[0]);
        s = str_skip(s, n ? n : 1);
    }
}

// ---- HTML as plain text -----------------------------------------------------------------------

static size_t last_angle(str s, size_t from, size_t to)
{
    for (size_t i = to; i-- > from;) {
        if (s.p[i] == '<')
            return i;
    }
    return to;
}

void html_strip_tags(struct buf *b, str s, struct arena *mem)
{
    struct buf kept = {.mem = mem};
    struct html_context c = {.state = ST_TEXT};
    bool is_all_text = true;
    size_t i = 0;
    while (i < s.n) {
        size_t n;
        if (c.delim != DELIM_NONE) {
            size_t end = find_any(s, i, delim_ends(c.delim));
            if (end == STR_NONE)
                break;
            i = end + (c.delim != DELIM_SPACE_OR_TAG_END);
            c = (struct html_context){.state = ST_TAG, .element = c.element};
            continue;
        }
        struct html_context as_text = c;
        if (c.element != EL_NONE && !html_is_in_tag(c.state))
            as_text.state = ST_RCDATA;
        struct html_context after = html_transition(as_text, str_skip(s, i), &n, mem);
        if (as_text.state == ST_RCDATA && html_context_eq(&after, &as_text))
            after = c; // the element goes on
        if (c.state == ST_TEXT || c.state == ST_RCDATA)
            buf_put(&kept,
                    str_slice(s, i, after.state != c.state ? last_angle(s, i, i + n) : i + n));
        else
            is_all_text = false;
        c = after;
        i += n;
    }
    if (is_all_text)
        buf_put(b, s);
    else if (c.state == ST_TEXT || c.state == ST_RCDATA)
        buf_put(&kept, str_skip(s, i));
    buf_put(b, is_all_text ? S("") : buf_str(&kept));
}
