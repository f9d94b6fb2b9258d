// SPDX-License-Identifier: Apache-2.0
// err_list.h: several problems as one error: "errors(2): \nfirst\nsecond".
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

// Zero-initialised it is empty.
struct err_list {
    struct buf lines;
    size_t count;
};

void err_list_add(struct err_list *l, str problem);
// Ends the list. True: there was nothing in it. Otherwise *err holds all of it, with that code.
bool err_list_end(struct err_list *l, enum err_code code, struct err *err);
