// SPDX-License-Identifier: Apache-2.0
// gotpl_printer.h: the state of printing values, shared by gotpl_print.c and gotpl_format.c.
#pragma once
#include "base/text/gofmt.h"
#include "base/text/gotpl_int.h"

struct printer {
    struct buf *b;
    struct gofmt f;
    bool is_erroring; // inside %!v(…): String methods are not asked
};

// depth 0: an argument itself, deeper: a part of one.
void print_value(struct printer *p, const struct tpl_value *v, uint32_t verb, int depth);
