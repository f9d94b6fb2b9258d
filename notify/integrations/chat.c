// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/chat.h"

#include "base/text/unicode.h"
#include "notify/integrations/answer.h"

void chat_put_text(struct notify_attempt *a, struct json_writer *w, const char *name, str text)
{
    json_put_member_given(w, name, attempt_render(a, text));
}

static void put_field(struct notify_attempt *a, struct json_writer *w,
                      const struct chat_field *field, const bool *are_short)
{
    json_object_begin(w);
    chat_put_text(a, w, "title", field->title);
    chat_put_text(a, w, "value", field->value);
    if (field->is_short.is_set || are_short) {
        json_put_key(w, S("short"));
        json_put_bool(w, field->is_short.is_set ? field->is_short.value : *are_short);
    }
    json_object_end(w);
}

void chat_put_fields(struct notify_attempt *a, struct json_writer *w,
                     const struct yaml_list *fields, const bool *are_short)
{
    if (fields->count == 0)
        return;
    json_put_key(w, S("fields"));
    json_array_begin(w);
    for (size_t i = 0; i < fields->count; i++)
        put_field(a, w, YAML_LIST_AT(fields, struct chat_field, i), are_short);
    json_array_end(w);
}

str chat_where(struct notify_attempt *a, str channel)
{
    struct buf where = {.mem = a->mem};
    buf_put(&where, S("channel "));
    buf_put_quoted(&where, channel);
    return buf_str(&where);
}

static const json *parse_answer(struct notify_attempt *a, str body, str flag, bool *ret_is_taken,
                                str *ret_error)
{
    const json *v = json_parse(body, false, a->mem, &a->err);
    if (!v)
        return NULL;
    const json *taken = json_get_nocase(v, flag);
    *ret_is_taken = json_bool(taken);
    if ((json_is_object(v) || json_is_null(v)) && (json_is_bool(taken) || json_is_null(taken)) &&
        answer_text(v, S("error"), ret_error))
        return v;
    err_set(&a->err, ERR_SYNTAX, "json: a value is of another type");
    return NULL;
}

const json *chat_answer(struct notify_attempt *a, str body, str flag, bool *ret_is_taken,
                        str *ret_error)
{
    const json *v = parse_answer(a, body, flag, ret_is_taken, ret_error);
    if (!v) {
        struct buf shown = {.mem = a->mem};
        buf_put_quoted(&shown, body);
        err_wrap(&a->err, "could not unmarshal JSON response %.*s", STR(buf_str(&shown)));
    }
    return v;
}
