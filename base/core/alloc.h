// SPDX-License-Identifier: Apache-2.0
// alloc.h: the heap. Running out of it ends the process with a message: every input is bounded,
// so it means a configuration error, and no half-done state can come of it.
#pragma once
#include "base/core/str.h"

void *mem_alloc(size_t bytes);  // uninitialised, never NULL
void *mem_zalloc(size_t bytes); // zeroed, never NULL
void *mem_resize(void *p, size_t count, size_t item_bytes);
char *mem_dup(str s);   // NUL-terminated copy
void mem_free(void *p); // NULL is fine

#define mem_new(type)          ((type *)mem_zalloc(sizeof(type)))
#define mem_array(type, count) ((type *)mem_resize(NULL, (count), sizeof(type)))

// Ends the process: "fatal: <text>" on stderr, then abort().
NORETURN void panic(const char *fmt, ...) PRINTF(1, 2);
