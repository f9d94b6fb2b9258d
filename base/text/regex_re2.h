// SPDX-License-Identifier: Apache-2.0
// regex_re2.h: what regex.c asks of libre2, in types that C and C++ share.
//
// A program is compiled on its first use, by whichever thread comes first: patterns that regex.c
// answers by itself never cost libre2's memory.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct re2_program;

enum re2_error {
    RE2_OK,
    RE2_INTERNAL,
    RE2_BAD_ESCAPE,
    RE2_BAD_CLASS,
    RE2_BAD_RANGE,
    RE2_MISSING_BRACKET,
    RE2_MISSING_PAREN,
    RE2_UNEXPECTED_PAREN,
    RE2_TRAILING_BACKSLASH,
    RE2_REPEAT_ARGUMENT,
    RE2_REPEAT_SIZE,
    RE2_REPEAT_OPERATOR,
    RE2_BAD_PERL,
    RE2_BAD_UTF8,
    RE2_BAD_NAME,
    RE2_TOO_LARGE,
};

// Copies the pattern.
struct re2_program *re2_program_new(const char *pattern, size_t n, size_t program_bytes_max);
void re2_program_free(struct re2_program *p); // NULL is fine

// Compiles now. The piece of the pattern that is at fault is borrowed from the program.
enum re2_error re2_program_compile(struct re2_program *p, const char **ret_piece, size_t *ret_n);

size_t re2_program_group_count(struct re2_program *p);
int re2_program_group_index(struct re2_program *p, const char *name, size_t n); // -1: none

// The leftmost match at or after `start`; pairs of byte offsets go to ret[0 … 2 × count), SIZE_MAX
// for groups that took no part.
bool re2_program_find(struct re2_program *p, const char *text, size_t n, size_t start, size_t *ret,
                      size_t count);

#define RE2_FIND_GROUPS_MAX 65

#ifdef __cplusplus
}
#endif
