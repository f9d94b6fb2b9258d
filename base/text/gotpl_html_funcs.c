// SPDX-License-Identifier: Apache-2.0
// The escapers that the analysis adds to pipelines (upstream: html/template/{html,js,css,url}.go).
#include <math.h>

#include "base/core/utf8.h"
#include "base/text/gotpl_html.h"
#include "base/text/unicode.h"

#define FAILSAFE S("ZgotmplZ") // what stands for a value that cannot be made safe

// The text of the arguments, and how it is marked (TPL_STRING: not at all).
static str stringify(struct tpl_call *call, const struct tpl_value *args, size_t count,
                     const struct tpl_type **ret_mark)
{
    *ret_mark = &TPL_STRING;
    if (count == 1 && tpl_kind_of(&args[0]) == TPL_KIND_STRING && !args[0].type->put_text) {
        *ret_mark = args[0].type;
        return args[0].s;
    }
    struct buf text = TPL_RESULT(call);
    struct tpl_value *given = arena_array(call->mem, struct tpl_value, count);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (!args[i].type)
            continue;
        given[n] = args[i];
        given[n].is_pointer = args[i].is_pointer && args[i].is_nil;
        n++;
    }
    tpl_put_args(&text, given, n);
    return buf_str(&text);
}

static bool return_str(str s, struct tpl_value *ret)
{
    *ret = tpl_str(s);
    return true;
}

// ---- HTML -------------------------------------------------------------------------------------

#define HTML_NORM     1 // leave & alone: the value is HTML already
#define HTML_UNQUOTED 2 // also what would end an unquoted attribute

static void put_html(struct buf *b, str s, unsigned flags)
{
    for (size_t width; s.n; s = str_skip(s, width)) {
        uint32_t c = utf8_decode(s, &width);
        bool is_unquoted = flags & HTML_UNQUOTED;
        if (c == 0)
            buf_put(b, is_unquoted ? S("&#xfffd;") : S("\xef\xbf\xbd"));
        else if (c == '&' && !(flags & HTML_NORM))
            buf_put(b, S("&amp;"));
        else if (c == '<')
            buf_put(b, S("&lt;"));
        else if (c == '>')
            buf_put(b, S("&gt;"));
        else if (c == '"' || c == '\'' || c == '+' ||
                 (is_unquoted && ((c >= '\t' && c <= '\r') || c == ' ' || c == '=' || c == '`')))
            buf_printf(b, "&#%u;", c);
        else if (is_unquoted && ((c >= 0xfdd0 && c <= 0xfdef) || (c >= 0xfff0 && c <= 0xffff)))
            buf_printf(b, "&#x%x;", c);
        else
            buf_put(b, str_slice(s, 0, width));
    }
}

static bool esc_html(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    if (mark == &TPL_HTML)
        return return_str(s, ret);
    struct buf text = TPL_RESULT(call);
    put_html(&text, s, 0);
    return tpl_return(&text, ret, err);
}

static bool esc_rcdata(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    struct buf text = TPL_RESULT(call);
    put_html(&text, s, mark == &TPL_HTML ? HTML_NORM : 0);
    return tpl_return(&text, ret, err);
}

static bool escape_attr(struct tpl_call *call, str s, const struct tpl_type *mark, unsigned flags,
                        struct tpl_value *ret, struct err *err)
{
    struct buf text = TPL_RESULT(call);
    if (mark == &TPL_HTML) {
        struct buf plain = TPL_RESULT(call);
        html_strip_tags(&plain, s, call->mem);
        put_html(&text, buf_str(&plain), flags | HTML_NORM);
    } else {
        put_html(&text, s, flags);
    }
    return tpl_return(&text, ret, err);
}

static bool esc_attr(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    return escape_attr(call, s, mark, 0, ret, err);
}

static bool esc_nospace(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    if (s.n == 0)
        return return_str(FAILSAFE, ret);
    return escape_attr(call, s, mark, HTML_UNQUOTED, ret, err);
}

static bool esc_html_name(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    if (mark == &TPL_HTMLATTR)
        return return_str(s, ret);
    struct buf lower = TPL_RESULT(call);
    buf_put_lower(&lower, s);
    bool is_plain = s.n > 0;
    for (size_t i = 0; i < lower.n && is_plain; i++)
        is_plain =
            (lower.p[i] >= 'a' && lower.p[i] <= 'z') || (lower.p[i] >= '0' && lower.p[i] <= '9');
    if (is_plain && html_attr_type(buf_str(&lower)) == CONTENT_PLAIN)
        return tpl_return(&lower, ret, err);
    return return_str(FAILSAFE, ret);
}

static bool esc_comment(TPL_ARGS)
{
    return return_str(S(""), ret);
}

static bool esc_join(TPL_ARGS)
{
    return return_str(tpl_joined(call->mem, args, count), ret);
}

// ---- URLs -------------------------------------------------------------------------------------

static bool is_hex(str s, size_t i)
{
    return i < s.n &&
           ((s.p[i] >= '0' && s.p[i] <= '9') || ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'f'));
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

// Percent-encoding; normalising keeps what has a meaning in URLs.
static void put_url(struct buf *b, str s, bool is_normalizing)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_kept = is_alnum(c) || (c && strchr("-._~", c)) ||
                       (is_normalizing && c && strchr("!#$&*+,/:;=?@[]", c)) ||
                       (is_normalizing && c == '%' && is_hex(s, i + 1) && is_hex(s, i + 2));
        if (is_kept)
            buf_put_c(b, c);
        else
            buf_printf(b, "%%%02x", (uint8_t)c);
    }
}

static bool is_safe_url(str s)
{
    str protocol, rest;
    if (!str_cut(s, ':', &protocol, &rest) || str_find(protocol, '/') != STR_NONE)
        return true;
    return str_eq_nocase(protocol, S("http")) || str_eq_nocase(protocol, S("https")) ||
           str_eq_nocase(protocol, S("mailto"));
}

static bool esc_url_filter(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    return return_str(mark == &TPL_URL || is_safe_url(s) ? s : S("#ZgotmplZ"), ret);
}

static bool esc_url(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    struct buf text = TPL_RESULT(call);
    put_url(&text, s, mark == &TPL_URL);
    return tpl_return(&text, ret, err);
}

static bool esc_url_normalize(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    struct buf text = TPL_RESULT(call);
    put_url(&text, s, true);
    return tpl_return(&text, ret, err);
}

static bool is_html_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

// One candidate of a srcset: white space, URL, size.
static void put_srcset_part(struct buf *b, str s)
{
    size_t start = 0;
    while (start < s.n && is_html_space(s.p[start]))
        start++;
    size_t end = start;
    while (end < s.n && !is_html_space(s.p[end]))
        end++;
    str url = str_slice(s, start, end);
    bool is_good = is_safe_url(url);
    for (size_t i = end; i < s.n && is_good; i++)
        is_good = is_html_space(s.p[i]) || is_alnum(s.p[i]);
    if (!is_good) {
        buf_put(b, S("#ZgotmplZ"));
        return;
    }
    buf_put(b, str_slice(s, 0, start));
    put_url(b, url, true);
    buf_put(b, str_skip(s, end));
}

static bool esc_srcset(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    if (mark == &TPL_SRCSET)
        return return_str(s, ret);
    struct buf text = TPL_RESULT(call);
    if (mark == &TPL_URL) {
        struct buf url = TPL_RESULT(call);
        put_url(&url, s, true);
        for (size_t i = 0; i < url.n; i++) {
            if (url.p[i] == ',')
                buf_put(&text, S("%2c"));
            else
                buf_put_c(&text, url.p[i]);
        }
        return tpl_return(&text, ret, err);
    }
    for (;;) {
        size_t comma = str_find(s, ',');
        put_srcset_part(&text, str_slice(s, 0, comma));
        if (comma == STR_NONE)
            break;
        buf_put_c(&text, ',');
        s = str_skip(s, comma + 1);
    }
    return tpl_return(&text, ret, err);
}

// ---- JavaScript -------------------------------------------------------------------------------

static void put_js_control(struct buf *b, uint32_t c)
{
    switch (c) {
    case '\t':
        buf_put(b, S("\\t"));
        break;
    case '\n':
        buf_put(b, S("\\n"));
        break;
    case '\f':
        buf_put(b, S("\\f"));
        break;
    case '\r':
        buf_put(b, S("\\r"));
        break;
    default:
        buf_printf(b, "\\u%04x", c);
    }
}

// `as_unicode` become \u00xx, `with_backslash` get one in front.
static void put_js(struct buf *b, str s, const char *as_unicode, const char *with_backslash)
{
    for (size_t width; s.n; s = str_skip(s, width)) {
        uint32_t c = utf8_decode(s, &width);
        if (c < ' ') {
            put_js_control(b, c);
        } else if (c == 0x2028 || c == 0x2029 || (c < 0x80 && strchr(as_unicode, (int)c))) {
            buf_printf(b, "\\u%04x", c);
        } else {
            if (c < 0x80 && strchr(with_backslash, (int)c))
                buf_put_c(b, '\\');
            buf_put(b, str_slice(s, 0, width));
        }
    }
}

static bool esc_js_str(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    struct buf text = TPL_RESULT(call);
    put_js(&text, s, "\"'`&+<>", mark == &TPL_JSSTR ? "/" : "/\\");
    return tpl_return(&text, ret, err);
}

static bool esc_js_tmpl(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    struct buf text = TPL_RESULT(call);
    put_js(&text, s, "\"'`&+<>${}", "/\\");
    return tpl_return(&text, ret, err);
}

static bool esc_js_regexp(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    if (s.n == 0)
        return return_str(S("(?:)"), ret);
    struct buf text = TPL_RESULT(call);
    put_js(&text, s, "\"'&+<>", "/\\$()*-.?[]^{|}");
    return tpl_return(&text, ret, err);
}

static bool is_js_identifier(str s, bool at_end)
{
    char c = s.p[at_end ? s.n - 1 : 0];
    return is_alnum(c) || c == '_' || c == '$';
}

// An error in place of a value must neither end the comment nor the script it stands in.
static void put_js_error(struct buf *b, str message)
{
    buf_put(b, S(" /* "));
    for (size_t i = 0; i < message.n; i++) {
        str rest = str_skip(message, i);
        bool is_tag = str_eq_nocase(str_slice(rest, 0, 7), S("<script")) ||
                      str_eq_nocase(str_slice(rest, 0, 8), S("</script")) ||
                      str_starts(rest, S("<!--"));
        if (is_tag)
            buf_put(b, S("\\x3C"));
        else
            buf_put_c(b, message.p[i]);
        if (str_starts(rest, S("*/")))
            buf_put_c(b, ' ');
    }
    buf_put(b, S(" */null "));
}

static void put_js_value(struct buf *b, const struct tpl_value *v)
{
    struct err why = ERR_INIT;
    struct buf json = {.max = TPL_OUTPUT_BYTES_MAX, .mem = b->mem};
    if (!tpl_put_json(&json, v, &why)) {
        put_js_error(b, err_str(&why));
    } else {
        str s = buf_str(&json);
        bool needs_space = s.n && (is_js_identifier(s, false) || is_js_identifier(s, true));
        buf_put(b, needs_space ? S(" ") : S(""));
        buf_put(b, s);
        buf_put(b, needs_space ? S(" ") : S(""));
    }
    buf_done(&json);
}

static bool esc_js_value(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    struct tpl_value v = count == 1 ? args[0] : tpl_nothing();
    if (count != 1) {
        tpl_put_args(&text, args, count);
        v = tpl_str(buf_str(&text));
        text = TPL_RESULT(call);
    }
    if (v.type == &TPL_JS || v.type == &TPL_JSSTR) {
        str quote = v.type == &TPL_JSSTR ? S("\"") : S("");
        buf_put(&text, quote);
        buf_put(&text, v.s);
        buf_put(&text, quote);
        return tpl_return(&text, ret, err);
    }
    if (v.type && v.type->put_text && !v.type->put_json && !(v.is_pointer && v.is_nil)) {
        v.type->put_text(&v, &text);
        v = tpl_str(buf_str(&text));
        text = TPL_RESULT(call);
    }
    put_js_value(&text, &v);
    return tpl_return(&text, ret, err);
}

// ---- CSS --------------------------------------------------------------------------------------

static bool esc_css(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    struct buf text = TPL_RESULT(call);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\\') {
            buf_put(&text, S("\\\\"));
            continue;
        }
        bool is_special = c == '\0' || strchr("\t\n\f\r\"&'()+/:;<>{}", c);
        if (!is_special) {
            buf_put_c(&text, c);
            continue;
        }
        buf_printf(&text, "\\%x", (uint8_t)c);
        if (i + 1 == s.n || is_hex(s, i + 1) || is_html_space(s.p[i + 1])) // end the escape
            buf_put_c(&text, ' ');
    }
    return tpl_return(&text, ret, err);
}

static bool css_value_is_safe(str s, struct arena *mem)
{
    struct buf id = {.mem = mem};
    bool is_safe = true;
    for (size_t i = 0; i < s.n && is_safe; i++) {
        char c = s.p[i];
        if (c == '\0' || strchr("\"'()/;@[\\]`{}<>", c))
            is_safe = false;
        else if (c == '-')
            is_safe = i == 0 || s.p[i - 1] != '-';
        else if (is_alnum(c) || c == '_')
            buf_put_lower(&id, str_from(&s.p[i], 1));
    }
    return is_safe && str_find_str(buf_str(&id), S("expression")) == STR_NONE &&
           str_find_str(buf_str(&id), S("mozbinding")) == STR_NONE;
}

static bool esc_css_value(TPL_ARGS)
{
    const struct tpl_type *mark;
    str s = stringify(call, args, count, &mark);
    if (mark == &TPL_CSS)
        return return_str(s, ret);
    struct buf decoded = TPL_RESULT(call);
    html_css_decode(s, &decoded);
    if (css_value_is_safe(buf_str(&decoded), call->mem))
        return tpl_return(&decoded, ret, err);
    return return_str(FAILSAFE, ret);
}

// ---- the table --------------------------------------------------------------------------------

#define ESCAPER(text, fn)                                                                          \
    {                                                                                              \
        .name = {"_html_template_" text, sizeof("_html_template_" text) - 1},                      \
        .variadic = &TPL_ANY, .call = (fn)                                                         \
    }

const struct tpl_func HTML_ESCAPERS[ESC_COUNT] = {
    [ESC_ATTR] = ESCAPER("attrescaper", esc_attr),
    [ESC_COMMENT] = ESCAPER("commentescaper", esc_comment),
    [ESC_CSS] = ESCAPER("cssescaper", esc_css),
    [ESC_CSS_VALUE] = ESCAPER("cssvaluefilter", esc_css_value),
    [ESC_HTML_NAME] = ESCAPER("htmlnamefilter", esc_html_name),
    [ESC_HTML] = ESCAPER("htmlescaper", esc_html),
    [ESC_JS_REGEXP] = ESCAPER("jsregexpescaper", esc_js_regexp),
    [ESC_JS_STR] = ESCAPER("jsstrescaper", esc_js_str),
    [ESC_JS_TMPL] = ESCAPER("jstmpllitescaper", esc_js_tmpl),
    [ESC_JS_VALUE] = ESCAPER("jsvalescaper", esc_js_value),
    [ESC_NOSPACE] = ESCAPER("nospaceescaper", esc_nospace),
    [ESC_RCDATA] = ESCAPER("rcdataescaper", esc_rcdata),
    [ESC_SRCSET] = ESCAPER("srcsetescaper", esc_srcset),
    [ESC_URL] = ESCAPER("urlescaper", esc_url),
    [ESC_URL_FILTER] = ESCAPER("urlfilter", esc_url_filter),
    [ESC_URL_NORMALIZE] = ESCAPER("urlnormalizer", esc_url_normalize),
    [ESC_JOIN] = {.name = {"_eval_args_", 11}, .variadic = &TPL_ANY, .call = esc_join},
};
