// SPDX-License-Identifier: Apache-2.0
// Static text: walked through the state machine, and rewritten where it could be misread.
#include "base/text/gotpl_html.h"

static bool has_line_end(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n' || s.p[i] == '\r')
            return true;
    }
    return str_find_str(s, S("\u2028")) != STR_NONE || str_find_str(s, S("\u2029")) != STR_NONE;
}

// "<script", "</script", "<!--" at i: inside scripts the angle must not show.
static bool is_special_tag(str s, size_t i)
{
    str rest = str_skip(s, i + 1);
    return s.p[i] == '<' &&
           (str_eq_nocase(str_slice(rest, 0, 6), S("script")) ||
            str_eq_nocase(str_slice(rest, 0, 7), S("/script")) || str_starts(rest, S("!--")));
}

static bool has_special_tag(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_special_tag(s, i))
            return true;
    }
    return false;
}

struct rewriter {
    struct buf out;
    str text;
    size_t written; // how much of text is in out, or dropped
};

static void keep_until(struct rewriter *r, size_t end)
{
    buf_put(&r->out, str_slice(r->text, r->written, end));
}

// A '<' that starts no tag becomes &lt;.
static void escape_angles(struct rewriter *r, size_t from, size_t end)
{
    for (size_t i = from; i < end; i++) {
        str rest = str_slice(r->text, i, i + 9);
        if (r->text.p[i] != '<' || str_eq_nocase(rest, S("<!DOCTYPE")))
            continue;
        keep_until(r, i);
        buf_put(&r->out, S("&lt;"));
        r->written = i + 1;
    }
}

// One transition over text[from, to), c to c1.
static void rewrite_piece(struct rewriter *r, const struct html_context *c,
                          const struct html_context *c1, size_t from, size_t to)
{
    str s = r->text;
    bool is_comment = html_is_comment(c->state) && c->delim == DELIM_NONE;
    if (c->state == ST_TEXT || c->state == ST_RCDATA) {
        size_t end = to;
        for (size_t i = to; c1->state != c->state && i-- > from;) {
            if (s.p[i] == '<') {
                end = i;
                break;
            }
        }
        escape_angles(r, from, end);
    } else if (is_comment) {
        if (c->state == ST_JS_BLOCK_CMT)
            buf_put_c(&r->out, has_line_end(str_slice(s, r->written, to)) ? '\n' : ' ');
        else if (c->state == ST_CSS_BLOCK_CMT)
            buf_put_c(&r->out, ' ');
        r->written = to;
    }
    if (c->state != c1->state && html_is_comment(c1->state) && c1->delim == DELIM_NONE) {
        bool is_long = c1->state == ST_HTML_CMT || c1->state == ST_JS_HTML_OPEN_CMT;
        size_t mark = is_long ? 4 : c1->state == ST_JS_HTML_CLOSE_CMT ? 3 : 2;
        keep_until(r, to - mark);
        r->written = to;
    }
    if (html_is_in_script(c->state) && has_special_tag(str_slice(s, from, to))) {
        if (r->written < from)
            keep_until(r, from);
        for (size_t i = from; i < to; i++) {
            if (is_special_tag(str_slice(s, 0, to), i))
                buf_put(&r->out, S("\\x3C"));
            else
                buf_put_c(&r->out, s.p[i]);
        }
        r->written = to;
    }
}

struct html_context html_escape_text(struct html_context c, struct node *n, struct arena *mem)
{
    struct rewriter r = {.text = n->text};
    for (size_t i = 0; i < r.text.n && c.state != ST_ERROR;) {
        size_t read;
        struct html_context c1 = html_context_after(c, str_skip(r.text, i), &read, mem);
        rewrite_piece(&r, &c, &c1, i, i + read);
        assert(read > 0 || c1.state != c.state); // else it would never end
        c = c1;
        i += read;
    }
    if (r.written > 0 && c.state != ST_ERROR) {
        if (!html_is_comment(c.state) || c.delim != DELIM_NONE)
            keep_until(&r, r.text.n);
        n->text = arena_str(mem, buf_str(&r.out));
    }
    buf_done(&r.out);
    return c;
}
