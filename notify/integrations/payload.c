// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/payload.h"

#include <math.h>

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

static bool is_text(const struct yaml_node *v) // as Go decodes it: a time stays as written
{
    str tag = yaml_short_tag(v);
    return str_eq(tag, S("!!str")) || str_eq(tag, S("!!timestamp"));
}

// A text is a value only as a whole: of "[FIRING:1] Disk full" upstream would send the list and
// drop what follows it. NULL: it is not one value.
static const struct yaml_node *parse_whole(struct payload *p, str text)
{
    static const struct yaml_node NOTHING = {.kind = YAML_NULL, .is_plain = true};
    struct yaml_node **values;
    size_t count;
    if (!yaml_parse_all(text, &(struct yaml_options){0}, p->message->mem, &values, &count, NULL) ||
        count > 1)
        return NULL;
    return count ? values[0] : &NOTHING;
}

static bool put_text(struct payload *p, const struct yaml_node *v, int depth)
{
    str text;
    if (!notify_render(p->integration, p->message, p->data, v->text, &text, p->err))
        return false;
    const struct yaml_node *parsed = parse_whole(p, text);
    if (parsed && !is_text(parsed))
        return put_value(p, parsed, false, depth + 1);
    json_put_str(&p->w, text);
    return true;
}

// ---- mappings ----------------------------------------------------------------------------------

struct member {
    str name;
    const struct yaml_node *value;
    size_t at; // its place in the mapping
};

struct members {
    struct member *items; // sorted by name, no name twice
    size_t count;
};

static int compare_members(const void *x, const void *y)
{
    const struct member *a = x, *b = y;
    int by_name = str_cmp(a->name, b->name);
    return by_name ? by_name : (a->at > b->at) - (a->at < b->at);
}

static void sort_members(struct members *ms)
{
    if (ms->count)
        qsort(ms->items, ms->count, sizeof(*ms->items), compare_members);
    size_t kept = 0;
    for (size_t i = 0; i < ms->count; i++) {
        if (kept && str_eq(ms->items[kept - 1].name, ms->items[i].name))
            kept--;
        ms->items[kept++] = ms->items[i];
    }
    ms->count = kept;
}

static bool collect_members(struct payload *p, const struct yaml_node *mapping,
                            bool are_names_templates, struct members *ret)
{
    ret->items = arena_array(p->message->mem, struct member, mapping->count);
    ret->count = 0;
    yaml_each (i, mapping) {
        const struct yaml_member *m = &mapping->members[i];
        str name = m->key->text;
        if (!str_eq(yaml_short_tag(m->key), S("!!str")))
            continue; // only text can be a name
        if (are_names_templates &&
            !notify_render(p->integration, p->message, p->data, name, &name, p->err))
            return false;
        ret->items[ret->count++] = (struct member){name, m->value, i};
    }
    sort_members(ret);
    return true;
}

static bool put_mapping(struct payload *p, const struct yaml_node *v, bool is_template, int depth)
{
    struct members members;
    if (!collect_members(p, v, is_template, &members))
        return false;
    json_object_begin(&p->w);
    for (size_t i = 0; i < members.count; i++) {
        json_put_key(&p->w, members.items[i].name);
        if (!put_value(p, members.items[i].value, is_template, depth + 1))
            return false;
    }
    json_object_end(&p->w);
    return true;
}

// ---- values ------------------------------------------------------------------------------------

static bool has_no_json(const struct yaml_node *v)
{
    double f;
    return str_eq(yaml_short_tag(v), S("!!float")) && yaml_to_f64(v, &f) && !isfinite(f);
}

static bool fail_no_json(struct payload *p, const struct yaml_node *v)
{
    double f = 0;
    yaml_to_f64(v, &f);
    return err_set(p->err, ERR_INVALID, "json: unsupported value: %s",
                   isnan(f) ? "NaN"
                   : f < 0  ? "-Inf"
                            : "+Inf");
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
        if (has_no_json(v))
            return fail_no_json(p, v);
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

bool payload_expand(const struct integration *integration, const struct notify_message *m,
                    const struct tpldata *data, const struct yaml_node *mapping,
                    struct payload_members *ret, struct err *err)
{
    struct payload p = {
        .integration = integration,
        .message = m,
        .data = data,
        .w = {.escape = JSON_ESCAPE_HTML},
        .err = err,
    };
    struct members members = {0};
    *ret = (struct payload_members){0};
    if (mapping && !collect_members(&p, mapping, false, &members))
        return false;
    ret->items = arena_array(m->mem, struct payload_member, members.count);
    for (size_t i = 0; i < members.count; i++) {
        struct buf json = {.mem = m->mem};
        p.w = (struct json_writer){.out = &json, .escape = JSON_ESCAPE_HTML};
        if (!put_value(&p, members.items[i].value, true, 1))
            return false;
        ret->items[ret->count++] = (struct payload_member){members.items[i].name, buf_str(&json)};
    }
    return true;
}

void payload_put_members(struct json_writer *w, const struct payload_members *members)
{
    json_object_begin(w);
    for (size_t i = 0; i < members->count; i++) {
        json_put_key(w, members->items[i].name);
        json_put_raw(w, members->items[i].json);
    }
    json_object_end(w);
}
