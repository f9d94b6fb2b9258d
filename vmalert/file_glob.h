// SPDX-License-Identifier: Apache-2.0
// file_glob.h: files by pattern, as -rule and -rule.templates write them (spec: vmalert rules §1).
//
// *, ?, [a-z], [^a-z] or [!a-z] within one name; {a,b} for one of several texts, which may hold
// slashes and patterns; ** as a whole name for any number of folders; \ takes the meaning away.
// Names that begin with a dot match, links to folders are followed. Built on env_glob, which
// knows all but the braces and **: those become several of its patterns.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"

struct env;

#define FILE_GLOB_BYTES_MAX    4096  // of a pattern
#define FILE_GLOB_PATTERNS_MAX 1000  // that its braces stand for
#define FILE_GLOB_DEPTH_MAX    40    // folders that ** stands for
#define FILE_GLOB_LOOKUPS_MAX  10000 // of env_glob

// The paths, in mem, in order, each once; none is no error. Errors: ERR_SYNTAX "syntax error in
// pattern", ERR_LIMIT.
bool file_glob(struct env *env, str pattern, struct arena *mem, str **ret, size_t *ret_count,
               struct err *err);
