// SPDX-License-Identifier: Apache-2.0
#include "tests/support/check.h"

void check_str_at(str got, str want, const char *file, int line)
{
    if (str_eq(got, want))
        return;
    print_error("got  (%zu bytes): %.*s\nwant (%zu bytes): %.*s\n", got.n, STR(got), want.n,
                STR(want));
    _fail(file, line);
}
