// SPDX-License-Identifier: Apache-2.0
// defs.h: the words every file uses: attributes, scope-bound cleanup, checked arithmetic.
#pragma once
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN          __attribute__((noreturn))
#define UNUSED            __attribute__((unused))
#define MUST_CHECK        __attribute__((warn_unused_result))

#define ARRAY_LEN(a)               (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, m) ((type *)(void *)((char *)(ptr)-offsetof(type, m)))
#undef MIN // <sys/param.h>, which many system headers bring, has the same two
#undef MAX
#define MIN(a, b)        ((a) < (b) ? (a) : (b))
#define MAX(a, b)        ((a) > (b) ? (a) : (b))
#define CLAMP(x, lo, hi) ((x) < (lo) ? (lo) : (x) > (hi) ? (hi) : (x))

// Runs fn(&variable) when the variable leaves its scope, in reverse order of declaration.
//   defer(buf_done) struct buf text = {0};
//   defer(nflog_free_p) struct nflog *log = nflog_new(…);   // see DEFER_PTR
#define defer(fn) __attribute__((cleanup(fn)))

// Defines fn_p(type **), which calls fn(type *): the form that defer() needs for pointers.
#define DEFER_PTR(type, fn)                                                                        \
    static inline UNUSED void fn##_p(type **p)                                                     \
    {                                                                                              \
        fn(*p);                                                                                    \
    }

// Moves ownership out of a deferred pointer: yields its value and leaves NULL behind.
#define take(pp)                                                                                   \
    ({                                                                                             \
        typeof(*(pp)) taken_ = *(pp);                                                              \
        *(pp) = NULL;                                                                              \
        taken_;                                                                                    \
    })

// Checked arithmetic: true when the exact result fits *ret.
static inline MUST_CHECK bool add_fits(size_t a, size_t b, size_t *ret)
{
    return !__builtin_add_overflow(a, b, ret);
}

static inline MUST_CHECK bool mul_fits(size_t a, size_t b, size_t *ret)
{
    return !__builtin_mul_overflow(a, b, ret);
}

// a + b and a - b that stop at the ends of int64_t instead of wrapping.
static inline int64_t add_saturated(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

static inline int64_t sub_saturated(int64_t a, int64_t b)
{
    int64_t diff;
    if (!__builtin_sub_overflow(a, b, &diff))
        return diff;
    return b < 0 ? INT64_MAX : INT64_MIN;
}

static inline int64_t mul_saturated(int64_t a, int64_t b)
{
    int64_t product;
    if (!__builtin_mul_overflow(a, b, &product))
        return product;
    return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

#include "base/core/banned.h"
