// SPDX-License-Identifier: Apache-2.0
// Media types of requests: Content-Type as Go's mime.ParseMediaType reads it, with its texts, and
// the choice by Accept. All that is read and written here is application/json.
#include "alertmanager/api.h"
#include "base/core/alloc.h"
#include "base/text/unicode.h"

#define PARAMETERS_MAX 64 // of one media type

struct parameter {
    str name; // lower case
    str value;
};

struct media_type {
    str full, type, subtype; // lower case; without a slash: type only
    struct parameter parameters[PARAMETERS_MAX];
    size_t parameter_count;
};

// ---- reading -----------------------------------------------------------------------------------

static bool is_token_char(char c)
{
    return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

static str take_token(str *s)
{
    size_t n = 0;
    while (n < s->n && is_token_char(s->p[n]))
        n++;
    str token = str_slice(*s, 0, n);
    *s = str_skip(*s, n);
    return token;
}

static str skip_space(str s)
{
    while (s.n && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r')))
        s = str_skip(s, 1);
    return s;
}

// The text behind the opening quote. A backslash stands for itself unless it is before a character
// that needs one.
static bool take_quoted(str *s, struct arena *mem, str *ret)
{
    char *to = arena_alloc_raw(mem, s->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        char c = s->p[i];
        if (c == '"') {
            *ret = str_from(to, n);
            *s = str_skip(*s, i + 1);
            return true;
        }
        if (c == '\r' || c == '\n')
            return false;
        if (c == '\\' && i + 1 < s->n && strchr("()<>@,;:\\\"/[]?=", s->p[i + 1]))
            c = s->p[++i];
        to[n++] = c;
    }
    return false;
}

static str lower(str s, struct arena *mem)
{
    defer(buf_done) struct buf text = {0};
    buf_put_lower(&text, s);
    return arena_str(mem, buf_str(&text));
}

// ;name=value. False: that is none.
static bool take_parameter(str *s, struct arena *mem, struct parameter *ret)
{
    str rest = skip_space(*s);
    if (!str_starts(rest, S(";")))
        return false;
    rest = skip_space(str_skip(rest, 1));
    ret->name = lower(take_token(&rest), mem);
    rest = skip_space(rest);
    if (ret->name.n == 0 || !str_starts(rest, S("=")))
        return false;
    rest = skip_space(str_skip(rest, 1));
    if (str_starts(rest, S("\""))) {
        rest = str_skip(rest, 1);
        if (!take_quoted(&rest, mem, &ret->value))
            return false;
    } else {
        ret->value = take_token(&rest);
        if (ret->value.n == 0)
            return false;
    }
    *s = rest;
    return true;
}

static const struct parameter *find_parameter(const struct media_type *m, str name)
{
    for (size_t i = 0; i < m->parameter_count; i++) {
        if (str_eq(m->parameters[i].name, name))
            return &m->parameters[i];
    }
    return NULL;
}

static const char *read_name(str base, struct media_type *ret)
{
    str rest = ret->full = base;
    ret->type = take_token(&rest);
    if (ret->type.n == 0)
        return "mime: no media type";
    if (rest.n == 0)
        return NULL;
    if (!str_starts(rest, S("/")))
        return "mime: expected slash after first token";
    rest = str_skip(rest, 1);
    ret->subtype = take_token(&rest);
    if (ret->subtype.n == 0)
        return "mime: expected token after slash";
    return rest.n ? "mime: unexpected content after media subtype" : NULL;
}

// What is wrong with the text; NULL: nothing.
static const char *media_type_read(str text, struct arena *mem, struct media_type *ret)
{
    str base, rest;
    *ret = (struct media_type){0};
    str_cut(text, ';', &base, &rest);
    const char *error = read_name(lower(str_trim(base), mem), ret);
    rest = str_skip(text, base.n);
    while (!error && (rest = skip_space(rest)).n) {
        struct parameter p = {0};
        if (!take_parameter(&rest, mem, &p)) {
            bool is_last = str_eq(str_trim(rest), S(";"));
            return is_last ? NULL : "mime: invalid media parameter";
        }
        const struct parameter *known = find_parameter(ret, p.name);
        if (known && !str_eq(known->value, p.value))
            return "mime: duplicate parameter name";
        if (!known && ret->parameter_count == PARAMETERS_MAX)
            return "mime: invalid media parameter";
        if (!known)
            ret->parameters[ret->parameter_count++] = p;
    }
    return error;
}

// Is it application/json, or does it stand for that as well as for others?
static bool is_json(const struct media_type *m)
{
    return str_eq(m->type, S("*")) ||
           (str_eq(m->type, S("application")) &&
            (str_eq(m->subtype, S("*")) || str_eq(m->subtype, S("json"))));
}

// ---- Content-Type ------------------------------------------------------------------------------

static void refuse_syntax(struct web_request *r, str header, str why)
{
    defer(buf_done) struct buf text = {0};
    buf_put(&text, S("parsing Content-Type header from "));
    buf_put_quoted(&text, header);
    buf_printf(&text, " failed, because %.*s", STR(why));
    api_reply_code(r, 400, buf_str(&text));
}

static bool check_content_type(struct web_request *r)
{
    struct media_type m;
    str header = str_trim(web_header(r, S("Content-Type")));
    if (!r->x->has_body)
        return true;
    const char *error =
        media_type_read(header.n ? header : S("application/octet-stream"), r->x->mem, &m);
    if (error) {
        refuse_syntax(r, header, str_c(error));
        return false;
    }
    defer(buf_done) struct buf text = {0};
    if (m.subtype.n == 0) {
        buf_put(&text, S("mediatype: malformed: "));
        buf_put_quoted(&text, m.full);
        buf_put(&text, S(" has no subtype"));
        refuse_syntax(r, m.full, buf_str(&text));
        return false;
    }
    if (str_eq(m.full, S("application/json")))
        return true;
    if (is_json(&m)) {
        buf_printf(&text, "no consumer registered for %.*s", STR(m.full));
        api_reply_code(r, 500, buf_str(&text));
        return false;
    }
    buf_put(&text, S("unsupported media type "));
    buf_put_quoted(&text, m.full);
    buf_put(&text, S(", only [application/json] are allowed"));
    api_reply_code(r, 415, buf_str(&text));
    return false;
}

// ---- Accept ------------------------------------------------------------------------------------

// Cuts at the next comma that is in no quotes. False: that was the last item.
static bool next_item(str *list, str *ret)
{
    bool is_quoted = false;
    size_t i = 0;
    for (; i < list->n && (is_quoted || list->p[i] != ','); i++) {
        char c = list->p[i];
        if (is_quoted && c == '\\')
            i++;
        else if (c == '"')
            is_quoted = !is_quoted;
    }
    i = MIN(i, list->n);
    bool has_more = i < list->n;
    *ret = str_slice(*list, 0, i);
    *list = str_skip(*list, i + has_more);
    return has_more;
}

static bool accepts_json(str list, struct arena *mem)
{
    for (bool has_more = true; has_more;) {
        struct media_type m;
        str item;
        has_more = next_item(&list, &item);
        if (media_type_read(str_trim(item), mem, &m) || m.subtype.n == 0 || !is_json(&m))
            continue;
        const struct parameter *q = find_parameter(&m, S("q"));
        double quality;
        if (!q || !str_to_f64(q->value, &quality) || quality > 0)
            return true;
    }
    return false;
}

// Several headers are one list. A request with a body of a good type is never refused.
static bool check_accept(struct web_request *r)
{
    bool is_there = false;
    for (size_t i = 0; i < r->x->header_count && !r->x->has_body; i++) {
        const struct http_header *h = &r->x->headers[i];
        if (!str_eq_nocase(h->name, S("Accept")))
            continue;
        is_there = true;
        if (accepts_json(h->value, r->x->mem))
            return true;
    }
    if (!is_there)
        return true;
    api_reply_code(r, 406,
                   S("unsupported media type requested, only [application/json] are available"));
    return false;
}

bool api_check_media(struct web_request *r)
{
    return check_content_type(r) && check_accept(r);
}
