// SPDX-License-Identifier: Apache-2.0
// Values as JSON, as Go's encoding/json writes them.
#include <math.h>

#include "base/text/encode.h"
#include "base/text/gotpl_int.h"
#include "base/text/json_writer.h"

#define JSON_DEPTH_MAX 500

static bool put_json(struct buf *b, const struct tpl_value *v, int depth, struct err *err);

static bool put_list(struct buf *b, const struct tpl_value *v, int depth, struct err *err)
{
    if (v->is_nil) {
        buf_put(b, S("null"));
        return true;
    }
    if (v->type == &TPL_BYTES) {
        buf_put_c(b, '"');
        buf_put_base64(b, str_from((const char *)v->obj + v->first, v->count));
        buf_put_c(b, '"');
        return true;
    }
    buf_put_c(b, '[');
    for (size_t i = 0; i < v->count && !b->is_full; i++) {
        struct tpl_value element;
        tpl_list_at(v, i, &element);
        if (i > 0)
            buf_put_c(b, ',');
        if (!put_json(b, &element, depth + 1, err))
            return false;
    }
    buf_put_c(b, ']');
    return true;
}

static bool put_map(struct buf *b, const struct tpl_value *v, int depth, struct err *err)
{
    if (v->is_nil) {
        buf_put(b, S("null"));
        return true;
    }
    buf_put_c(b, '{');
    for (size_t i = 0; i < v->count && !b->is_full; i++) {
        struct tpl_pair pair;
        tpl_map_at(v, i, &pair);
        if (i > 0)
            buf_put_c(b, ',');
        if (tpl_kind_of(&pair.key) == TPL_KIND_STRING) {
            buf_put_json_str(b, JSON_ESCAPE_HTML, pair.key.s);
        } else {
            buf_put_c(b, '"');
            tpl_put_value(b, &pair.key);
            buf_put_c(b, '"');
        }
        buf_put_c(b, ':');
        if (!put_json(b, &pair.value, depth + 1, err))
            return false;
    }
    buf_put_c(b, '}');
    return true;
}

// Fields of an embedded struct stand among those of the outer one.
static bool put_fields(struct buf *b, const struct tpl_type *type, const void *obj, bool *is_first,
                       int depth, struct err *err)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct tpl_field *field = &type->fields[i];
        if (field->is_hidden)
            continue;
        struct tpl_value value;
        field->get(obj, &value);
        if (field->is_embedded) {
            if (!put_fields(b, value.type, value.obj, is_first, depth, err))
                return false;
            continue;
        }
        if (!*is_first)
            buf_put_c(b, ',');
        *is_first = false;
        buf_put_json_str(b, JSON_ESCAPE_HTML, field->json.n ? field->json : field->name);
        buf_put_c(b, ':');
        if (!put_json(b, &value, depth + 1, err))
            return false;
    }
    return true;
}

static bool put_struct(struct buf *b, const struct tpl_value *v, int depth, struct err *err)
{
    if (v->is_nil) {
        buf_put(b, S("null"));
        return true;
    }
    bool is_first = true;
    buf_put_c(b, '{');
    bool is_good = put_fields(b, v->type, v->obj, &is_first, depth, err);
    buf_put_c(b, '}');
    return is_good;
}

static bool put_float(struct buf *b, double f, struct err *err)
{
    if (isnan(f) || isinf(f))
        return err_set(err, ERR_INVALID, "json: unsupported value: %s",
                       isnan(f) ? "NaN"
                       : f > 0  ? "+Inf"
                                : "-Inf");
    struct json_writer w = {.out = b};
    json_put_f64(&w, f);
    return true;
}

static bool put_json(struct buf *b, const struct tpl_value *v, int depth, struct err *err)
{
    if (depth > JSON_DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "json: value is nested too deeply");
    if (v->type && v->type->put_json && !v->is_nil)
        return v->type->put_json(v, b, err);
    switch (tpl_kind_of(v)) {
    case TPL_KIND_NONE:
        buf_put(b, S("null"));
        return true;
    case TPL_KIND_BOOL:
        buf_put(b, v->b ? S("true") : S("false"));
        return true;
    case TPL_KIND_INT:
        buf_put_i64(b, v->i);
        return true;
    case TPL_KIND_UINT:
        buf_put_u64(b, v->u);
        return true;
    case TPL_KIND_FLOAT:
        return put_float(b, v->f, err);
    case TPL_KIND_STRING:
        buf_put_json_str(b, JSON_ESCAPE_HTML, v->s);
        return true;
    case TPL_KIND_LIST:
        return put_list(b, v, depth, err);
    case TPL_KIND_MAP:
        return put_map(b, v, depth, err);
    case TPL_KIND_STRUCT:
        return put_struct(b, v, depth, err);
    case TPL_KIND_COMPLEX:
    case TPL_KIND_ANY:
    case TPL_KIND_RAW:
        break;
    }
    str name = v->type ? v->type->name : S("nil");
    return err_set(err, ERR_INVALID, "json: unsupported type: %.*s", STR(name));
}

bool tpl_put_json(struct buf *b, const struct tpl_value *v, struct err *err)
{
    return put_json(b, v, 0, err);
}
