// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/payload.h"

#include "base/text/json_writer.h"

struct payload {
    const struct integration *integration;
    const struct notify_message *message;
    const struct tpldata *data;
    struct json_writer w;
    struct err *err;
};

static bool put_value(struct payload *p, const struct yaml_node *v, bool is_template, int depth);

// Plain scalars are what they look like; anything else is text.
static bool put_plain(struct payload *p, const struct yaml_node *v)
{
    bool b;
    int64_t i;
    uint64_t u;
    double f;
    str tag = yaml_short_tag(v);
    if (str_eq(tag, S("!!null")))
        json_put_null(&p->w);
    else if (str_eq(tag, S("!!bool")) && yaml_to_bool(v, &b))
        json_put_bool(&p->w, b);
    else if (str_eq(tag, S("!!int")) && yaml_to_i64(v, &i))
        json_put_i64(&p->w, i);
    else if (str_eq(tag, S("!!int")) && yaml_to_u64(v, &u))
        json_put_u64(&p->w, u);
    else if (str_eq(tag, S("!!float")) && yaml_to_f64(v, &f))
        json_put_f64(&p->w, f);
    else
        return false;
    return true;
}

static bool put_text(struct payload *p, const struct yaml_node *v, int depth)
{
    str text;
    struct yaml_node *parsed = NULL;
    if (!notify_render(p->integration, p->message, p->data, v->text, &text, p->err))
        return false;
    if (yaml_parse(text, &(struct yaml_options){0}, p->message->mem, &parsed, NULL) &&
        !str_eq(yaml_short_tag(parsed), S("!!str")))
        return put_value(p, parsed, false, depth + 1);
    json_put_str(&p->w, text);
    return true;
}

static bool put_mapping(struct payload *p, const struct yaml_node *v, bool is_template, int depth)
{
    json_object_begin(&p->w);
    yaml_each (i, v) {
        const struct yaml_member *m = &v->members[i];
        str key = m->key->text;
        if (!str_eq(yaml_short_tag(m->key), S("!!str")))
            continue; // only text can be a name
        if (is_template && !notify_render(p->integration, p->message, p->data, key, &key, p->err))
            return false;
        json_put_key(&p->w, key);
        if (!put_value(p, m->value, is_template, depth + 1))
            return false;
    }
    json_object_end(&p->w);
    return true;
}

static bool put_value(struct payload *p, const struct yaml_node *v, bool is_template, int depth)
{
    if (depth > PAYLOAD_DEPTH_MAX)
        return err_set(p->err, ERR_LIMIT, "values are nested more than %d deep", PAYLOAD_DEPTH_MAX);
    switch (v->kind) {
    case YAML_NULL:
        json_put_null(&p->w);
        return true;
    case YAML_SEQUENCE:
        json_array_begin(&p->w);
        yaml_each (i, v) {
            if (!put_value(p, v->items[i], is_template, depth + 1))
                return false;
        }
        json_array_end(&p->w);
        return true;
    case YAML_MAPPING:
        return put_mapping(p, v, is_template, depth);
    case YAML_SCALAR:
        if (put_plain(p, v))
            return true;
        if (is_template)
            return put_text(p, v, depth);
        json_put_str(&p->w, v->text);
        return true;
    }
    return true;
}

bool payload_put_json(const struct integration *integration, const struct notify_message *m,
                      const struct tpldata *data, const struct yaml_node *value, struct buf *out,
                      struct err *err)
{
    struct payload p = {
        .integration = integration,
        .message = m,
        .data = data,
        .w = {.out = out, .escape = JSON_ESCAPE_HTML},
        .err = err,
    };
    if (!put_value(&p, value, true, 0))
        return false;
    buf_put_c(out, '\n');
    return true;
}
