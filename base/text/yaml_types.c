// SPDX-License-Identifier: Apache-2.0
#include "base/text/yaml_types.h"

#include "base/text/regex.h"
#include "base/text/url.h"
#include "base/text/yaml_print.h"

static bool read_text(struct yaml_binder *b, const struct yaml_node *node, str *ret)
{
    return yaml_to_str(node, ret) || yaml_problem_type(b, node, "string");
}

static bool fail_with(struct yaml_binder *b, const struct err *err)
{
    return yaml_fail(b, "%.*s", STR(err_str(err)));
}

// ---- durations -----------------------------------------------------------------------------

bool yaml_bind_dur_prometheus(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text;
    struct err err = ERR_INIT;
    if (!read_text(b, node, &text))
        return false;
    return dur_parse_prometheus(text, to, &err) || fail_with(b, &err);
}

bool yaml_bind_dur_vm(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text;
    struct err err = ERR_INIT;
    if (!read_text(b, node, &text))
        return false;
    return dur_parse_vm(text, to, &err) || fail_with(b, &err);
}

bool yaml_bind_dur_go(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    int64_t ns;
    if (yaml_to_i64(node, &ns)) {
        *(dur_ns *)to = ns;
        return true;
    }
    bool is_text = str_eq(yaml_short_tag(node), S("!!str"));
    if (is_text && dur_parse_go(node->text, to, NULL))
        return true;
    return yaml_problem_type(b, node, "time.Duration");
}

void yaml_print_dur_prometheus(struct yaml_printer *p, const void *from)
{
    defer(buf_done) struct buf text = {0};
    buf_put_dur_prometheus(&text, *(const dur_ns *)from);
    yaml_put_str(p, buf_str(&text));
}

void yaml_print_dur_go(struct yaml_printer *p, const void *from)
{
    defer(buf_done) struct buf text = {0};
    buf_put_dur_go(&text, *(const dur_ns *)from);
    yaml_put_str(p, buf_str(&text));
}

// ---- URLs ----------------------------------------------------------------------------------

bool yaml_url_check(str text, bool any_scheme, struct arena *mem, str *ret_canonical,
                    struct err *err)
{
    struct url u;
    if (!url_parse(text, mem, &u, err))
        return false;
    if (!any_scheme) {
        if (!str_eq(u.scheme, S("http")) && !str_eq(u.scheme, S("https")))
            return err_set(err, ERR_INVALID, "unsupported scheme \"%.*s\" for URL", STR(u.scheme));
        if (u.host.n == 0)
            return err_set(err, ERR_INVALID, "missing host for URL");
    }
    defer(buf_done) struct buf canonical = {.max = URL_BYTES_MAX};
    buf_put_url(&canonical, &u);
    *ret_canonical = arena_str(mem, buf_str(&canonical));
    return true;
}

static bool bind_url(struct yaml_binder *b, const struct yaml_node *node, bool any_scheme,
                     struct yaml_url *to)
{
    str text;
    struct err err = ERR_INIT;
    if (!read_text(b, node, &text))
        return false;
    if (!yaml_url_check(text, any_scheme, b->mem, &to->text, &err))
        return fail_with(b, &err);
    to->is_set = true;
    return true;
}

bool yaml_bind_url(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    return bind_url(b, node, false, to);
}

bool yaml_bind_url_any_scheme(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    return bind_url(b, node, true, to);
}

bool yaml_bind_secret_url(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text;
    if (yaml_to_str(node, &text) && str_eq(text, S(YAML_SECRET_TEXT))) {
        *(struct yaml_url *)to = (struct yaml_url){S(""), true};
        return true;
    }
    return bind_url(b, node, false, to);
}

void yaml_print_url(struct yaml_printer *p, const void *from)
{
    const struct yaml_url *u = from;
    if (u->is_set)
        yaml_put_str(p, u->text);
    else
        yaml_put_null(p);
}

void yaml_print_url_redacted(struct yaml_printer *p, const void *from)
{
    const struct yaml_url *from_url = from;
    struct arena mem = {0};
    struct url u;
    defer(buf_done) struct buf text = {.max = URL_BYTES_MAX};
    if (from_url->is_set && url_parse(from_url->text, &mem, &u, NULL)) {
        buf_put_url_redacted(&text, &u);
        yaml_put_str(p, buf_str(&text));
    } else {
        yaml_put_null(p);
    }
    arena_done(&mem);
}

void yaml_print_secret_url(struct yaml_printer *p, const void *from)
{
    const struct yaml_url *u = from;
    if (u->is_set)
        yaml_put_str(p, S(YAML_SECRET_TEXT));
    else
        yaml_put_null(p);
}

bool yaml_url_is_empty(const void *from)
{
    const struct yaml_url *u = from;
    return !u->is_set;
}

// ---- expressions ---------------------------------------------------------------------------

bool yaml_bind_regex(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text;
    struct err err = ERR_INIT;
    if (!read_text(b, node, &text))
        return false;
    struct regex *compiled = regex_new(text, REGEX_WHOLE, &err);
    if (!compiled)
        return fail_with(b, &err);
    regex_free(compiled);
    *(str *)to = text;
    return true;
}

void yaml_print_text(struct yaml_printer *p, const void *from)
{
    yaml_put_str(p, *(const str *)from);
}

bool yaml_text_is_empty(const void *from)
{
    return ((const str *)from)->n == 0;
}
