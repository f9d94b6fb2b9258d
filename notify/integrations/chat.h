// SPDX-License-Identifier: Apache-2.0
// chat.h: what services for team chat have in common: messages with attachments, and answers that
// say in JSON whether the message was taken.
#pragma once
#include "base/text/json.h"
#include "base/text/yaml_types.h"
#include "notify/integrations/attempt.h"

struct chat_field {   // of an attachment
    str title, value; // templated, not empty as configured
    struct opt_bool is_short;
};

// A member whose text is rendered; left out where it renders empty.
void chat_put_text(struct notify_attempt *a, struct json_writer *w, const char *name, str text);
// "fields", of a list of struct chat_field; left out where there are none. are_short: of fields
// that don't say it themselves; NULL: then it is left out.
void chat_put_fields(struct notify_attempt *a, struct json_writer *w,
                     const struct yaml_list *fields, const bool *are_short);

// What is put in front of errors: `channel "#ops"`.
str chat_where(struct notify_attempt *a, str channel);

// The object that an answer with a good status holds, with what its member `flag` says and the text
// of its member "error". NULL: it is none; a->err is set then.
const json *chat_answer(struct notify_attempt *a, str body, str flag, bool *ret_is_taken,
                        str *ret_error);
