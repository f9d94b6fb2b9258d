// SPDX-License-Identifier: Apache-2.0
// banned.h: libc calls that have no place here become compile errors (-Werror=deprecated).
//
// Unsafe: no bound on what they write, or a hidden static. Impure: they read the world behind
// env.h; base/io and the programs' main.c define BANNED_ALLOW_IMPURE before the first include.
#pragma once
#ifndef __cplusplus
#include <stdio.h>
#include <time.h>

#define BANNED(use) __attribute__((deprecated("banned here: use " use)))

// Declaring libc's functions again is the point.
// NOLINTBEGIN(readability-redundant-declaration,readability-inconsistent-declaration-parameter-name)

char *strcpy(char *restrict, const char *restrict) BANNED("str or buf");
char *strcat(char *restrict, const char *restrict) BANNED("buf");
char *strncpy(char *restrict, const char *restrict, size_t) BANNED("memcpy or str");
char *strncat(char *restrict, const char *restrict, size_t) BANNED("buf");
char *strtok(char *restrict, const char *restrict) BANNED("str_cut");
int sprintf(char *restrict, const char *restrict, ...) BANNED("snprintf or buf_printf");
int atoi(const char *) BANNED("str_to_i64");
long atol(const char *) BANNED("str_to_i64");
double atof(const char *) BANNED("str_to_f64");
struct tm *gmtime(const time_t *) BANNED("civil_from_time");
struct tm *localtime(const time_t *) BANNED("localtime_r in base/io");
char *asctime(const struct tm *) BANNED("buf_put_time");
char *ctime(const time_t *) BANNED("buf_put_time");

#ifndef BANNED_ALLOW_IMPURE
time_t time(time_t *) BANNED("env_now");
int clock_gettime(clockid_t, struct timespec *) BANNED("env_now or env_mono");
int rand(void) BANNED("env_random");
long random(void) BANNED("env_random");
char *getenv(const char *) BANNED("options read by main");
FILE *fopen(const char *restrict, const char *restrict) BANNED("env_file_*");
#endif
// NOLINTEND(readability-redundant-declaration,readability-inconsistent-declaration-parameter-name)
#endif
