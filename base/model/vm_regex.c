// SPDX-License-Identifier: Apache-2.0
#include "base/model/vm_regex.h"

static struct regex *new_dotall(str pattern, struct err *err)
{
    defer(buf_done) struct buf text = {0};
    buf_printf(&text, "(?s:%.*s)", STR(pattern));
    return regex_new(buf_str(&text), REGEX_WHOLE, err);
}

bool vm_regex_init(struct vm_regex *r, str pattern, struct err *err)
{
    *r = (struct vm_regex){.plain = regex_new(pattern, REGEX_WHOLE, err)};
    if (!r->plain)
        return false;
    // "a)(b" makes sense inside the anchors only.
    struct regex *alone = regex_new(pattern, REGEX_SEARCH, err);
    if (alone)
        r->dotall = new_dotall(pattern, err);
    regex_free(alone);
    if (!r->dotall)
        vm_regex_done(r);
    return r->dotall;
}

void vm_regex_done(struct vm_regex *r)
{
    regex_free(r->plain);
    regex_free(r->dotall);
    *r = (struct vm_regex){0};
}

bool vm_regex_matches(const struct vm_regex *r, str text)
{
    return regex_matches(str_find(text, '\n') == STR_NONE ? r->plain : r->dotall, text);
}
