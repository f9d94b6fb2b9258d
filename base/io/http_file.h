// SPDX-License-Identifier: Apache-2.0
// http_file.h: files that credentials and certificates are read from, kept for a second.
//
// A request must see a rotated file, and a thousand requests in one second must not read it a
// thousand times. Small files, read at once on the core thread.
#pragma once
#include "base/core/map.h"
#include "base/io/io.h"

#define HTTP_FILE_BYTES_MAX ((size_t)4 << 20)
#define HTTP_FILE_AGE_MAX   DUR_SECONDS(1)
#define HTTP_FILES_KEPT     1024

struct http_file {
    uint32_t refs; // the cache's, and those of requests that use the content
    uint64_t hash; // of the path
    char *path;
    struct buf content;
    struct err err; // why there is no content
    mono_ns read_at;
};

struct http_files {
    struct env_uv *env;
    uint64_t seed;
    struct map map; // struct http_file by path
};

void http_files_done(struct http_files *f);

// The file as it is, or was up to a second ago. Never NULL: look at ->err. A reference, the
// caller's; the content does not change while it is held.
struct http_file *http_file_get(struct http_files *f, str path);
void http_file_unref(struct http_file *file); // NULL is fine
