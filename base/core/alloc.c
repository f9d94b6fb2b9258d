// SPDX-License-Identifier: Apache-2.0
#include "base/core/alloc.h"

#include <stdarg.h>

void panic(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("fatal: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

void *mem_alloc(size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    if (!p)
        panic("out of memory: %zu bytes", bytes);
    return p;
}

void *mem_zalloc(size_t bytes)
{
    void *p = calloc(1, bytes ? bytes : 1);
    if (!p)
        panic("out of memory: %zu bytes", bytes);
    return p;
}

void *mem_resize(void *p, size_t count, size_t item_bytes)
{
    size_t bytes;
    if (!mul_fits(count, item_bytes, &bytes))
        panic("out of memory: %zu × %zu bytes", count, item_bytes);
    void *grown = realloc(p, bytes ? bytes : 1);
    if (!grown)
        panic("out of memory: %zu bytes", bytes);
    return grown;
}

char *mem_dup(str s)
{
    char *copy = mem_alloc(s.n + 1);
    if (s.n)
        memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return copy;
}

void mem_free(void *p)
{
    free(p);
}
