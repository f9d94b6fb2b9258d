// SPDX-License-Identifier: Apache-2.0
// gotpl_html.h: the contexts of HTML, CSS and JavaScript that the HTML engine tells apart, shared
// by the gotpl_html_*.c files (upstream: html/template).
#pragma once
#include "base/text/gotpl_int.h"

enum html_state {
    ST_TEXT,
    ST_TAG,
    ST_ATTR_NAME,
    ST_AFTER_NAME,
    ST_BEFORE_VALUE,
    ST_HTML_CMT,
    ST_RCDATA,
    ST_ATTR,
    ST_URL,
    ST_SRCSET,
    ST_JS,
    ST_JS_DQ,
    ST_JS_SQ,
    ST_JS_TMPL,
    ST_JS_REGEXP,
    ST_JS_BLOCK_CMT,
    ST_JS_LINE_CMT,
    ST_JS_HTML_OPEN_CMT,
    ST_JS_HTML_CLOSE_CMT,
    ST_CSS,
    ST_CSS_DQ,
    ST_CSS_SQ,
    ST_CSS_DQ_URL,
    ST_CSS_SQ_URL,
    ST_CSS_URL,
    ST_CSS_BLOCK_CMT,
    ST_CSS_LINE_CMT,
    ST_ERROR,
    ST_META_CONTENT,
    ST_META_CONTENT_URL,
    ST_DEAD, // behind break or continue
};

enum html_delim { DELIM_NONE, DELIM_DOUBLE_QUOTE, DELIM_SINGLE_QUOTE, DELIM_SPACE_OR_TAG_END };
enum url_place { URL_NONE, URL_PRE_QUERY, URL_QUERY_OR_FRAG, URL_UNKNOWN };
enum js_place { JS_REGEXP, JS_DIV_OP, JS_UNKNOWN }; // what a '/' would start
enum html_attr {
    ATTR_NONE,
    ATTR_SCRIPT,
    ATTR_SCRIPT_TYPE,
    ATTR_STYLE,
    ATTR_URL,
    ATTR_SRCSET,
    ATTR_META_CONTENT,
};
enum html_element { EL_NONE, EL_SCRIPT, EL_STYLE, EL_TEXTAREA, EL_TITLE, EL_META };

#define JS_BRACE_DEPTH_MAX 16 // ${…} inside each other

struct html_error {
    const struct node *node; // where, or NULL
    uint32_t line;           // 0: unknown
    str name;                // of the template
    str text;                // in the arena
};

struct html_context {
    enum html_state state;
    enum html_delim delim;
    enum url_place url;
    enum js_place js;
    enum html_attr attr;
    enum html_element element;
    uint8_t brace_count; // open ${…}
    uint16_t braces[JS_BRACE_DEPTH_MAX];
    const struct html_error *error; // ST_ERROR
    const struct node *node;        // ST_DEAD: the break or continue
};

bool html_context_eq(const struct html_context *a, const struct html_context *b);
void html_context_put(struct buf *b, const struct html_context *c); // {stateText delimNone …}
void html_context_mangle(struct buf *b, const struct html_context *c, str name);
struct html_context html_nudge(struct html_context c); // the context in which a value is printed
struct html_context html_error_at(struct arena *mem, const struct node *node, uint32_t line,
                                  const char *fmt, ...) PRINTF(4, 5);
// At the first byte of an attribute value.
struct html_context html_begin_value(struct html_context c, enum html_delim delim);
bool html_is_comment(enum html_state s);
bool html_is_in_tag(enum html_state s);
bool html_is_in_script(enum html_state s);

// What kind of value an attribute takes.
enum content_type {
    CONTENT_PLAIN,
    CONTENT_CSS,
    CONTENT_HTML,
    CONTENT_JS,
    CONTENT_URL,
    CONTENT_SRCSET,
    CONTENT_UNSAFE,
};
enum content_type html_attr_type(str name); // lower case

// One step of the state machine over static text: the context behind *ret_n bytes of s.
struct html_context html_transition(struct html_context c, str s, size_t *ret_n, struct arena *mem);
struct html_context html_transition_js(struct html_context c, str s, size_t *ret_n,
                                       struct arena *mem);
struct html_context html_transition_css(struct html_context c, str s, size_t *ret_n,
                                        struct arena *mem);
struct html_context html_transition_url(struct html_context c, str s, size_t *ret_n);
// The same with the ends of attribute values and raw elements taken into account.
struct html_context html_context_after(struct html_context c, str s, size_t *ret_n,
                                       struct arena *mem);
enum js_place html_js_place_after(str s, enum js_place before);
void html_css_decode(str s, struct buf *out);
void html_put_entities_decoded(struct buf *b, str s);
size_t html_tag_name_end(str s, size_t from, enum html_element *ret); // == from: no name
void html_strip_tags(struct buf *b, str s, struct arena *mem);        // mem: scratch

// Gives the action (a copy) the escapers for its context; the context behind it.
struct html_context html_escape_action(struct html_context c, struct node *n, struct arena *mem);
// Rewrites the text node (a copy) where needed; the context behind it.
struct html_context html_escape_text(struct html_context c, struct node *n, struct arena *mem);

// The functions that the analysis adds to pipelines; same order as their names upstream.
enum html_escaper {
    ESC_ATTR,
    ESC_COMMENT,
    ESC_CSS,
    ESC_CSS_VALUE,
    ESC_HTML_NAME,
    ESC_HTML,
    ESC_JS_REGEXP,
    ESC_JS_STR,
    ESC_JS_TMPL,
    ESC_JS_VALUE,
    ESC_NOSPACE,
    ESC_RCDATA,
    ESC_SRCSET,
    ESC_URL,
    ESC_URL_FILTER,
    ESC_URL_NORMALIZE,
    ESC_JOIN, // fmt.Sprint, in front of a predefined escaper with arguments
    ESC_COUNT,
};
extern const struct tpl_func HTML_ESCAPERS[ESC_COUNT];
bool html_script_type_is_js(str type);
