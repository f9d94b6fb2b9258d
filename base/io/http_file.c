// SPDX-License-Identifier: Apache-2.0
#include "base/io/http_file.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/io/files.h"

static bool file_has_path(const void *item, const void *key)
{
    return str_eq(str_c(((const struct http_file *)item)->path), *(const str *)key);
}

void http_file_unref(struct http_file *file)
{
    if (!file || --file->refs)
        return;
    buf_wipe(&file->content);
    mem_free(file->path);
    mem_free(file);
}

static void drop_all(struct http_files *f)
{
    map_each (struct http_file, file, &f->map)
        http_file_unref(file);
    map_clear(&f->map);
}

void http_files_done(struct http_files *f)
{
    drop_all(f);
    map_done(&f->map);
}

static struct http_file *file_read(struct http_files *f, uint64_t hash, str path)
{
    struct http_file *file = mem_new(struct http_file);
    *file = (struct http_file){.refs = 1, .hash = hash, .path = mem_dup(path)};
    file->content.max = HTTP_FILE_BYTES_MAX;
    file->read_at = (mono_ns)uv_hrtime();
    files_read(&f->env->env, path, HTTP_FILE_BYTES_MAX, &file->content, &file->err);
    return file;
}

struct http_file *http_file_get(struct http_files *f, str path)
{
    uint64_t hash = hash_seeded(f->seed, path);
    struct http_file *file = map_find(&f->map, hash, file_has_path, &path);
    if (file && sub_saturated((mono_ns)uv_hrtime(), file->read_at) >= HTTP_FILE_AGE_MAX) {
        map_remove_item(&f->map, hash, file);
        http_file_unref(file);
        file = NULL;
    }
    if (!file) {
        if (f->map.count >= HTTP_FILES_KEPT)
            drop_all(f);
        file = file_read(f, hash, path);
        map_insert(&f->map, hash, file);
    }
    file->refs++;
    return file;
}
