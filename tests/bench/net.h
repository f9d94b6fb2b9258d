// SPDX-License-Identifier: Apache-2.0
// net.h: the little HTTP that the load generator and the stub server share.
//
// One thread, blocking or polled sockets, messages with Content-Length or chunked bodies. Errors
// end the program: a benchmark with errors has no result.
#pragma once
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

// Growing bytes: the bench programs stand alone, so that they measure and never are measured with
// the code under test.
struct bytes {
    char *p;
    size_t n, cap;
};

static inline _Noreturn void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "failed");
    exit(1);
}

static inline void bytes_reserve(struct bytes *b, size_t more)
{
    if (b->n + more <= b->cap)
        return;
    b->cap = (b->n + more) * 2;
    b->p = realloc(b->p, b->cap);
    if (!b->p)
        die("memory");
}

static inline void bytes_printf(struct bytes *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void bytes_printf(struct bytes *b, const char *format, ...)
{
    va_list args;
    bytes_reserve(b, 4096);
    va_start(args, format);
    int n = vsnprintf(b->p + b->n, b->cap - b->n, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= b->cap - b->n)
        die("text too long");
    b->n += (size_t)n;
}

static inline double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// The end of the header section (past the empty line) in b[0..n), or 0 while it is incomplete.
static inline size_t head_end(const char *p, size_t n)
{
    const char *end = n ? memmem(p, n, "\r\n\r\n", 4) : NULL;
    return end ? (size_t)(end - p) + 4 : 0;
}

// The value of a header within the head, or NULL. `name` ends with a colon.
static inline const char *head_find(const char *p, size_t head, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = p; line && line + length < p + head;) {
        if (strncasecmp(line, name, length) == 0) {
            line += length;
            while (*line == ' ')
                line++;
            return line;
        }
        line = memchr(line, '\n', (size_t)(p + head - line));
        if (line)
            line++;
    }
    return NULL;
}
