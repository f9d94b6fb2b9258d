// SPDX-License-Identifier: Apache-2.0
// check.h: cmocka's include order in one place, and checks for our own types that print both
// values when they differ.
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/core/buf.h"
#include "base/core/err.h"

// Equal bytes; prints both as text.
#define check_str(got, want) check_str_at((got), (want), __FILE__, __LINE__)
void check_str_at(str got, str want, const char *file, int line);

// err_str(err) begins with / equals the text.
#define check_err(err, want) check_str_at(err_str(err), str_c(want), __FILE__, __LINE__)

// cmocka group from a list of functions: return run_group("name", tests);
#define run_group(name, tests) _cmocka_run_group_tests(name, tests, ARRAY_LEN(tests), NULL, NULL)
