// SPDX-License-Identifier: Apache-2.0
// Contexts: names, comparison, nudging; what kind of value an attribute takes.
#include <stdarg.h>

#include "base/text/gotpl_html.h"

static const char *const STATES[] = {
    [ST_TEXT] = "stateText",
    [ST_TAG] = "stateTag",
    [ST_ATTR_NAME] = "stateAttrName",
    [ST_AFTER_NAME] = "stateAfterName",
    [ST_BEFORE_VALUE] = "stateBeforeValue",
    [ST_HTML_CMT] = "stateHTMLCmt",
    [ST_RCDATA] = "stateRCDATA",
    [ST_ATTR] = "stateAttr",
    [ST_URL] = "stateURL",
    [ST_SRCSET] = "stateSrcset",
    [ST_JS] = "stateJS",
    [ST_JS_DQ] = "stateJSDqStr",
    [ST_JS_SQ] = "stateJSSqStr",
    [ST_JS_TMPL] = "stateJSTmplLit",
    [ST_JS_REGEXP] = "stateJSRegexp",
    [ST_JS_BLOCK_CMT] = "stateJSBlockCmt",
    [ST_JS_LINE_CMT] = "stateJSLineCmt",
    [ST_JS_HTML_OPEN_CMT] = "stateJSHTMLOpenCmt",
    [ST_JS_HTML_CLOSE_CMT] = "stateJSHTMLCloseCmt",
    [ST_CSS] = "stateCSS",
    [ST_CSS_DQ] = "stateCSSDqStr",
    [ST_CSS_SQ] = "stateCSSSqStr",
    [ST_CSS_DQ_URL] = "stateCSSDqURL",
    [ST_CSS_SQ_URL] = "stateCSSSqURL",
    [ST_CSS_URL] = "stateCSSURL",
    [ST_CSS_BLOCK_CMT] = "stateCSSBlockCmt",
    [ST_CSS_LINE_CMT] = "stateCSSLineCmt",
    [ST_ERROR] = "stateError",
    [ST_META_CONTENT] = "stateMetaContent",
    [ST_META_CONTENT_URL] = "stateMetaContentURL",
    [ST_DEAD] = "stateDead",
};
static const char *const DELIMS[] = {"delimNone", "delimDoubleQuote", "delimSingleQuote",
                                     "delimSpaceOrTagEnd"};
static const char *const URL_PLACES[] = {"urlPartNone", "urlPartPreQuery", "urlPartQueryOrFrag",
                                         "urlPartUnknown"};
static const char *const JS_PLACES[] = {"jsCtxRegexp", "jsCtxDivOp", "jsCtxUnknown"};
static const char *const ATTRS[] = {"attrNone", "attrScript", "attrScriptType", "attrStyle",
                                    "attrURL",  "attrSrcset", "attrMetaContent"};
static const char *const ELEMENTS[] = {"elementNone",     "elementScript", "elementStyle",
                                       "elementTextarea", "elementTitle",  "elementMeta"};

bool html_context_eq(const struct html_context *a, const struct html_context *b)
{
    return a->state == b->state && a->delim == b->delim && a->url == b->url && a->js == b->js &&
           a->attr == b->attr && a->element == b->element && a->brace_count == b->brace_count &&
           memcmp(a->braces, b->braces, a->brace_count * sizeof(a->braces[0])) == 0 &&
           a->error == b->error;
}

static void put_braces(struct buf *b, const struct html_context *c)
{
    buf_put_c(b, '[');
    for (size_t i = 0; i < c->brace_count; i++)
        buf_printf(b, i ? " %u" : "%u", c->braces[i]);
    buf_put_c(b, ']');
}

void html_context_put(struct buf *b, const struct html_context *c)
{
    buf_printf(b, "{%s %s %s %s ", STATES[c->state], DELIMS[c->delim], URL_PLACES[c->url],
               JS_PLACES[c->js]);
    put_braces(b, c);
    buf_printf(b, " %s %s <nil>}", ATTRS[c->attr], ELEMENTS[c->element]);
}

void html_context_mangle(struct buf *b, const struct html_context *c, str name)
{
    buf_put(b, name);
    if (c->state == ST_TEXT)
        return;
    buf_printf(b, "$htmltemplate_%s", STATES[c->state]);
    if (c->delim)
        buf_printf(b, "_%s", DELIMS[c->delim]);
    if (c->url)
        buf_printf(b, "_%s", URL_PLACES[c->url]);
    if (c->js)
        buf_printf(b, "_%s", JS_PLACES[c->js]);
    if (c->brace_count) {
        buf_put(b, S("_jsBraceDepth("));
        put_braces(b, c);
        buf_put_c(b, ')');
    }
    if (c->attr)
        buf_printf(b, "_%s", ATTRS[c->attr]);
    if (c->element)
        buf_printf(b, "_%s", ELEMENTS[c->element]);
}

static enum html_state value_state(enum html_attr attr)
{
    static const enum html_state START[] = {
        [ATTR_NONE] = ST_ATTR,
        [ATTR_SCRIPT] = ST_JS,
        [ATTR_SCRIPT_TYPE] = ST_ATTR,
        [ATTR_STYLE] = ST_CSS,
        [ATTR_URL] = ST_URL,
        [ATTR_SRCSET] = ST_SRCSET,
        [ATTR_META_CONTENT] = ST_META_CONTENT,
    };
    return START[attr];
}

struct html_context html_nudge(struct html_context c)
{
    if (c.state == ST_TAG) {
        c.state = ST_ATTR_NAME;
    } else if (c.state == ST_BEFORE_VALUE) {
        c.state = value_state(c.attr);
        c.delim = DELIM_SPACE_OR_TAG_END;
        c.attr = ATTR_NONE;
    } else if (c.state == ST_AFTER_NAME) {
        c.state = ST_ATTR_NAME;
        c.attr = ATTR_NONE;
    }
    return c;
}

struct html_context html_begin_value(struct html_context c, enum html_delim delim)
{
    c.state = value_state(c.attr);
    c.delim = delim;
    return c;
}

struct html_context html_error_at(struct arena *mem, const struct node *node, uint32_t line,
                                  const char *fmt, ...)
{
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    struct html_error *error = arena_new(mem, struct html_error);
    error->node = node;
    error->line = line;
    error->text = arena_str(mem, str_from(text, (size_t)CLAMP(n, 0, (int)sizeof(text) - 1)));
    return (struct html_context){.state = ST_ERROR, .error = error};
}

bool html_is_comment(enum html_state s)
{
    return s == ST_HTML_CMT || s == ST_JS_BLOCK_CMT || s == ST_JS_LINE_CMT ||
           s == ST_JS_HTML_OPEN_CMT || s == ST_JS_HTML_CLOSE_CMT || s == ST_CSS_BLOCK_CMT ||
           s == ST_CSS_LINE_CMT;
}

bool html_is_in_tag(enum html_state s)
{
    return s == ST_TAG || s == ST_ATTR_NAME || s == ST_AFTER_NAME || s == ST_BEFORE_VALUE ||
           s == ST_ATTR;
}

bool html_is_in_script(enum html_state s)
{
    return s == ST_JS_DQ || s == ST_JS_SQ || s == ST_JS_TMPL || s == ST_JS_REGEXP;
}

// ---- attributes -------------------------------------------------------------------------------

static bool is_one_of(str name, const char *const *list)
{
    for (; *list; list++) {
        if (str_eq(name, str_c(*list)))
            return true;
    }
    return false;
}

static bool contains(str name, str part)
{
    return str_find_str(name, part) != STR_NONE;
}

enum content_type html_attr_type(str name)
{
    static const char *const URLS[] = {"action",   "archive",  "background", "cite",    "classid",
                                       "codebase", "data",     "formaction", "href",    "icon",
                                       "longdesc", "manifest", "poster",     "profile", "src",
                                       "usemap",   "xmlns",    NULL};
    static const char *const UNSAFE[] = {
        "accept-charset", "async",          "challenge",  "charset", "content",
        "crossorigin",    "defer",          "enctype",    "form",    "formenctype",
        "formmethod",     "formnovalidate", "http-equiv", "keytype", "language",
        "method",         "novalidate",     "pattern",    "rel",     "sandbox",
        "type",           "value",          NULL};
    str prefix, rest;
    if (str_starts(name, S("data-"))) {
        name = str_skip(name, 5);
    } else if (str_cut(name, ':', &prefix, &rest)) {
        if (str_eq(prefix, S("xmlns")))
            return CONTENT_URL;
        name = rest;
    }
    if (is_one_of(name, URLS))
        return CONTENT_URL;
    if (is_one_of(name, UNSAFE))
        return CONTENT_UNSAFE;
    if (str_eq(name, S("style")))
        return CONTENT_CSS;
    if (str_eq(name, S("srcset")))
        return CONTENT_SRCSET;
    if (str_eq(name, S("srcdoc")))
        return CONTENT_HTML;
    if (str_eq(name, S("srclang")))
        return CONTENT_PLAIN;
    if (str_starts(name, S("on")))
        return CONTENT_JS;
    bool may_be_url =
        contains(name, S("src")) || contains(name, S("uri")) || contains(name, S("url"));
    return may_be_url ? CONTENT_URL : CONTENT_PLAIN;
}

bool html_script_type_is_js(str type)
{
    static const char *const TYPES[] = {"application/ecmascript",
                                        "application/javascript",
                                        "application/json",
                                        "application/ld+json",
                                        "application/x-ecmascript",
                                        "application/x-javascript",
                                        "module",
                                        "text/ecmascript",
                                        "text/javascript",
                                        "text/javascript1.0",
                                        "text/javascript1.1",
                                        "text/javascript1.2",
                                        "text/javascript1.3",
                                        "text/javascript1.4",
                                        "text/javascript1.5",
                                        "text/jscript",
                                        "text/livescript",
                                        "text/x-ecmascript",
                                        "text/x-javascript",
                                        "",
                                        NULL};
    str before, after;
    str_cut(type, ';', &before, &after);
    defer(buf_done) struct buf lower = {0};
    buf_put_lower(&lower, str_trim(before));
    return is_one_of(buf_str(&lower), TYPES);
}
