// SPDX-License-Identifier: Apache-2.0
#include "rules/err_list.h"

void err_list_add(struct err_list *l, str problem)
{
    l->lines.max = ERR_TEXT_BYTES; // more does not fit into an error
    if (l->count++)
        buf_put_c(&l->lines, '\n');
    buf_put(&l->lines, problem);
}

bool err_list_end(struct err_list *l, enum err_code code, struct err *err)
{
    bool is_empty = l->count == 0;
    if (!is_empty)
        err_set(err, code, "errors(%zu): \n%.*s", l->count, STR(buf_str(&l->lines)));
    buf_done(&l->lines);
    *l = (struct err_list){0};
    return is_empty;
}
