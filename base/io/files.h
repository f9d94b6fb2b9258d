// SPDX-License-Identifier: Apache-2.0
// files.h: whole files, names, and files that only grow. Error texts are Go's
// ("open /x: no such file or directory").
//
// Replacing and appending happen on workers. Replacements are done one at a time, in order, so
// that the last one asked for is the one that stays.
#pragma once
#include "base/io/io.h"

#define APPENDER_PENDING_BYTES_MAX ((size_t)512 << 20) // waiting for the disk; more is ERR_LIMIT
#define GLOB_MATCHES_MAX           100000
#define FILE_MODE                  0644
#define DIR_MODE                   0777 // before umask, as upstream

bool files_read(struct env *env, str path, size_t bytes_max, struct buf *out, struct err *err);
void files_replace(struct env *env, str path, struct buf *takes, file_done_fn *fn, void *owner);
bool files_rename(struct env *env, str from, str to, struct err *err);
bool files_dir_make(struct env *env, str path, struct err *err);
bool files_glob(struct env *env, str pattern, struct arena *mem, str **ret, size_t *ret_count,
                struct err *err);

struct appender *appender_open(struct env *env, str path, uint64_t bytes_kept, struct err *err);
void appender_append(struct appender *a, struct buf *takes, file_done_fn *fn, void *owner);
void appender_close(struct appender *a, file_done_fn *fn, void *owner);

// ---- shared with appender.c ----------------------------------------------------------------

bool file_write_all(int fd, str data); // false: errno says why
bool dir_sync(const char *path);       // syncs the directory that holds path
