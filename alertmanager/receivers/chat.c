// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/receivers/chat.h"

#include "notify/integrations/chat.h"

bool check_chat_fields(struct yaml_binder *b, const struct yaml_list *fields, const char *service)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct chat_field *f = YAML_LIST_AT(fields, struct chat_field, i);
        if (f->title.n == 0)
            return yaml_fail(b, "missing title in %s field configuration", service);
        if (f->value.n == 0)
            return yaml_fail(b, "missing value in %s field configuration", service);
    }
    return true;
}
