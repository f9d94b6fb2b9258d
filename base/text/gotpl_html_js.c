// SPDX-License-Identifier: Apache-2.0
// The state machine over scripts and styles.
#include "base/core/utf8.h"
#include "base/text/gotpl_html.h"
#include "base/text/unicode.h"

static size_t find_any(str s, size_t from, const char *set)
{
    for (size_t i = from; i < s.n; i++) {
        if (s.p[i] && strchr(set, s.p[i]))
            return i;
    }
    return STR_NONE;
}

static struct html_context fail(struct arena *mem, const char *what, str shown, size_t runes_max)
{
    size_t n = 0;
    for (size_t width; runes_max && n < shown.n; runes_max--, n += width)
        utf8_decode(str_skip(shown, n), &width);
    defer(buf_done) struct buf quoted = {0};
    buf_put_quoted(&quoted, str_slice(shown, 0, n));
    return html_error_at(mem, NULL, 0, "%s%.*s", what, STR(buf_str(&quoted)));
}

static bool is_identifier(char c)
{
    return c == '$' || c == '_' || (c >= '0' && c <= '9') ||
           ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

// ---- JavaScript: does a slash divide or start a regular expression? ----------------------------

static str trim_js_space(str s)
{
    for (;;) {
        if (s.n && strchr("\t\n\f\r ", s.p[s.n - 1]) && s.p[s.n - 1])
            s.n--;
        else if (str_ends(s, S("\u2028")) || str_ends(s, S("\u2029")))
            s.n -= 3;
        else
            return s;
    }
}

static bool precedes_regexp(str word)
{
    static const char *const WORDS[] = {"break", "case",    "continue", "delete",     "do",
                                        "else",  "finally", "in",       "instanceof", "return",
                                        "throw", "try",     "typeof",   "void",       "yield"};
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (str_eq(word, str_c(WORDS[i])))
            return true;
    }
    return false;
}

enum js_place html_js_place_after(str s, enum js_place before)
{
    s = trim_js_space(s);
    if (s.n == 0)
        return before;
    char last = s.p[s.n - 1];
    if (last == '+' || last == '-') { // x++ is a value, x + is not
        size_t start = s.n - 1;
        while (start > 0 && s.p[start - 1] == last)
            start--;
        return (s.n - start) % 2 == 1 ? JS_REGEXP : JS_DIV_OP;
    }
    if (last == '.')
        return s.n > 1 && s.p[s.n - 2] >= '0' && s.p[s.n - 2] <= '9' ? JS_DIV_OP : JS_REGEXP;
    if (last && strchr(",<>=*%&|^?!~([:;{}", last))
        return JS_REGEXP;
    size_t from = s.n;
    while (from > 0 && is_identifier(s.p[from - 1]))
        from--;
    str in_front = trim_js_space(str_slice(s, 0, from));
    bool is_member = in_front.n && in_front.p[in_front.n - 1] == '.';
    return precedes_regexp(str_skip(s, from)) && !is_member ? JS_REGEXP : JS_DIV_OP;
}

static struct html_context js_slash(struct html_context c, str s, size_t i, size_t *ret_n,
                                    struct arena *mem)
{
    char next = (char)(i + 1 < s.n ? s.p[i + 1] : '\0');
    *ret_n = i + 1;
    if (next == '/' || next == '*') {
        c.state = next == '/' ? ST_JS_LINE_CMT : ST_JS_BLOCK_CMT;
        *ret_n = i + 2;
    } else if (c.js == JS_REGEXP) {
        c.state = ST_JS_REGEXP;
    } else if (c.js == JS_DIV_OP) {
        c.js = JS_REGEXP;
    } else {
        *ret_n = s.n;
        return fail(mem, "'/' could start a division or regexp: ", str_skip(s, i), 32);
    }
    return c;
}

static struct html_context js_brace(struct html_context c, str s, size_t i)
{
    if (c.brace_count == 0 || s.p[i] == '{')
        c.js = html_js_place_after(str_slice(s, i, i + 1), c.js);
    if (c.brace_count == 0)
        return c;
    uint16_t *depth = &c.braces[c.brace_count - 1];
    if (s.p[i] == '{') {
        *depth += *depth < UINT16_MAX;
    } else if (*depth > 0) {
        --*depth;
    } else {
        c.brace_count--;
        c.state = ST_JS_TMPL;
    }
    return c;
}

static struct html_context js_code(struct html_context c, str s, size_t *ret_n, struct arena *mem)
{
    size_t i = find_any(s, 0, "\"`'/{}<-#");
    if (i == STR_NONE) {
        *ret_n = s.n;
        c.js = html_js_place_after(s, c.js);
        return c;
    }
    c.js = html_js_place_after(str_slice(s, 0, i), c.js);
    *ret_n = i + 1;
    switch (s.p[i]) {
    case '"':
    case '\'':
    case '`':
        c.state = s.p[i] == '"' ? ST_JS_DQ : s.p[i] == '\'' ? ST_JS_SQ : ST_JS_TMPL;
        c.js = JS_REGEXP;
        break;
    case '/':
        return js_slash(c, s, i, ret_n, mem);
    case '{':
    case '}':
        return js_brace(c, s, i);
    case '<':
        if (str_starts(str_skip(s, i), S("<!--"))) {
            c.state = ST_JS_HTML_OPEN_CMT;
            *ret_n = i + 4;
        }
        break;
    case '-':
        if (str_starts(str_skip(s, i), S("-->"))) {
            c.state = ST_JS_HTML_CLOSE_CMT;
            *ret_n = i + 3;
        }
        break;
    default: // '#': a hash-bang comment or a private name
        if (str_starts(str_skip(s, i), S("#!"))) {
            c.state = ST_JS_LINE_CMT;
            *ret_n = i + 2;
            break;
        }
        while (*ret_n < s.n && is_identifier(s.p[*ret_n]))
            ++*ret_n;
        c.js = JS_DIV_OP;
    }
    return c;
}

static struct html_context js_template(struct html_context c, str s, size_t *ret_n,
                                       struct arena *mem)
{
    *ret_n = s.n;
    for (size_t i = 0; (i = find_any(s, i, "`\\$")) != STR_NONE; i++) {
        if (s.p[i] == '\\') {
            if (++i == s.n)
                return fail(mem, "unfinished escape sequence in JS string: ", s, s.n);
        } else if (s.p[i] == '`') {
            c.state = ST_JS;
            *ret_n = i + 1;
            return c;
        } else if (str_starts(str_skip(s, i), S("${"))) {
            if (c.brace_count == JS_BRACE_DEPTH_MAX)
                return html_error_at(mem, NULL, 0, "template literals nest too deeply");
            c.braces[c.brace_count++] = 0;
            c.state = ST_JS;
            c.js = JS_REGEXP;
            *ret_n = i + 2;
            return c;
        }
    }
    return c;
}

// Strings and regular expressions.
static struct html_context js_quoted(struct html_context c, str s, size_t *ret_n, struct arena *mem)
{
    const char *specials = c.state == ST_JS_DQ ? "\\\"" : c.state == ST_JS_SQ ? "\\'" : "\\/[]";
    bool is_in_set = false;
    *ret_n = s.n;
    for (size_t i = 0; (i = find_any(s, i, specials)) != STR_NONE; i++) {
        char at = s.p[i];
        if (at == '\\') {
            if (++i == s.n)
                return fail(mem, "unfinished escape sequence in JS string: ", s, s.n);
        } else if (at == '[' || at == ']') {
            is_in_set = at == '[';
        } else if (at == '/' && i > 0 && i + 7 <= s.n &&
                   str_eq_nocase(str_slice(s, i - 1, i + 7), S("</script"))) {
            i++; // escaped later
        } else if (!is_in_set) {
            c.state = ST_JS;
            c.js = JS_DIV_OP;
            *ret_n = i + 1;
            return c;
        }
    }
    if (is_in_set)
        return fail(mem, "unfinished JS regexp charset: ", s, s.n);
    return c;
}

static struct html_context block_comment(struct html_context c, str s, size_t *ret_n)
{
    size_t i = str_find_str(s, S("*/"));
    *ret_n = i == STR_NONE ? s.n : i + 2;
    if (i != STR_NONE)
        c.state = c.state == ST_JS_BLOCK_CMT ? ST_JS : ST_CSS;
    return c;
}

// The line's end stays outside.
static struct html_context line_comment(struct html_context c, str s, size_t *ret_n)
{
    bool is_css = c.state == ST_CSS_LINE_CMT;
    size_t end = find_any(s, 0, is_css ? "\n\f\r" : "\n\r");
    if (!is_css) {
        end = MIN(end, str_find_str(s, S("\u2028")));
        end = MIN(end, str_find_str(s, S("\u2029")));
    }
    *ret_n = MIN(end, s.n);
    if (end != STR_NONE)
        c.state = is_css ? ST_CSS : ST_JS;
    return c;
}

struct html_context html_transition_js(struct html_context c, str s, size_t *ret_n,
                                       struct arena *mem)
{
    if (c.state == ST_JS)
        return js_code(c, s, ret_n, mem);
    if (c.state == ST_JS_TMPL)
        return js_template(c, s, ret_n, mem);
    if (html_is_in_script(c.state))
        return js_quoted(c, s, ret_n, mem);
    return c.state == ST_JS_BLOCK_CMT ? block_comment(c, s, ret_n) : line_comment(c, s, ret_n);
}

// ---- CSS --------------------------------------------------------------------------------------

static bool is_hex(str s, size_t i)
{
    return i < s.n &&
           ((s.p[i] >= '0' && s.p[i] <= '9') || ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'f'));
}

static size_t skip_one_space(str s)
{
    if (str_starts(s, S("\r\n")))
        return 2;
    return s.n && s.p[0] && strchr(" \t\n\f\r", s.p[0]) ? 1 : 0;
}

void html_css_decode(str s, struct buf *out)
{
    while (s.n) {
        size_t i = MIN(str_find(s, '\\'), s.n);
        buf_put(out, str_slice(s, 0, i));
        s = str_skip(s, i);
        if (s.n < 2)
            return;
        if (is_hex(s, 1)) {
            size_t n = 1;
            uint32_t rune = 0;
            for (; n < 7 && is_hex(s, n); n++) {
                char c = (char)(s.p[n] | 0x20);
                rune = rune * 16 + (uint32_t)(c >= 'a' ? c - 'a' + 10 : s.p[n] - '0');
            }
            if (rune > 0x10ffff) {
                rune /= 16;
                n--;
            }
            buf_put_rune(out, rune);
            s = str_skip(s, n);
            s = str_skip(s, skip_one_space(s));
        } else {
            size_t width;
            utf8_decode(str_skip(s, 1), &width);
            buf_put(out, str_slice(s, 1, 1 + width));
            s = str_skip(s, 1 + width);
        }
    }
}

static bool is_css_name(uint32_t c)
{
    return c >= 0x80 || c == '-' || c == '_' || (c >= '0' && c <= '9') ||
           ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool ends_with_url(str s)
{
    while (s.n && s.p[s.n - 1] && strchr(" \t\n\f\r", s.p[s.n - 1]))
        s.n--;
    if (s.n < 3 || !str_eq_nocase(str_skip(s, s.n - 3), S("url")))
        return false;
    size_t width;
    str before = str_slice(s, 0, s.n - 3);
    return before.n == 0 || !is_css_name(utf8_decode_last(before, &width));
}

static struct html_context css_code(struct html_context c, str s, size_t *ret_n)
{
    *ret_n = s.n;
    for (size_t i = 0; (i = find_any(s, i, "(\"'/")) != STR_NONE; i++) {
        char next = (char)(i + 1 < s.n ? s.p[i + 1] : '\0');
        if (s.p[i] == '"' || s.p[i] == '\'') {
            c.state = s.p[i] == '"' ? ST_CSS_DQ : ST_CSS_SQ;
            *ret_n = i + 1;
            return c;
        }
        if (s.p[i] == '/' && (next == '/' || next == '*')) {
            c.state = next == '/' ? ST_CSS_LINE_CMT : ST_CSS_BLOCK_CMT;
            *ret_n = i + 2;
            return c;
        }
        if (s.p[i] == '(' && ends_with_url(str_slice(s, 0, i))) {
            size_t at = i + 1;
            while (at < s.n && s.p[at] && strchr(" \t\n\f\r", s.p[at]))
                at++;
            char quote = (char)(at < s.n ? s.p[at] : '\0');
            c.state = quote == '"' ? ST_CSS_DQ_URL : quote == '\'' ? ST_CSS_SQ_URL : ST_CSS_URL;
            *ret_n = at + (c.state != ST_CSS_URL);
            return c;
        }
    }
    return c;
}

static struct html_context css_url_seen(struct html_context c, str s)
{
    defer(buf_done) struct buf decoded = {0};
    size_t n;
    html_css_decode(s, &decoded);
    return html_transition_url(c, buf_str(&decoded), &n);
}

static struct html_context css_string(struct html_context c, str s, size_t *ret_n,
                                      struct arena *mem)
{
    const char *ends = c.state == ST_CSS_DQ || c.state == ST_CSS_DQ_URL   ? "\\\""
                       : c.state == ST_CSS_SQ || c.state == ST_CSS_SQ_URL ? "\\'"
                                                                          : "\\\t\n\f\r )";
    *ret_n = s.n;
    size_t from = 0;
    for (size_t i; (i = find_any(s, from, ends)) != STR_NONE; from = i + 1) {
        if (s.p[i] != '\\') {
            c.state = ST_CSS;
            *ret_n = i + 1;
            return c;
        }
        if (++i == s.n)
            return fail(mem, "unfinished escape sequence in CSS string: ", s, s.n);
        c = css_url_seen(c, str_slice(s, 0, i + 1));
    }
    return css_url_seen(c, str_skip(s, from));
}

struct html_context html_transition_css(struct html_context c, str s, size_t *ret_n,
                                        struct arena *mem)
{
    if (c.state == ST_CSS)
        return css_code(c, s, ret_n);
    if (c.state == ST_CSS_BLOCK_CMT)
        return block_comment(c, s, ret_n);
    return c.state == ST_CSS_LINE_CMT ? line_comment(c, s, ret_n) : css_string(c, s, ret_n, mem);
}
