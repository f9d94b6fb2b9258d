// SPDX-License-Identifier: Apache-2.0
// Any bytes as a pattern of files, on a disk of a few names whose glob knows what fnmatch knows.
#include <fnmatch.h>

#include "base/env.h"
#include "vmalert/file_glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool disk_glob(struct env *env, str pattern, struct arena *mem, str **ret, size_t *ret_count,
                      struct err *err)
{
    static const char *const NAMES[] = {"a", "a/b", "a/b/c", "a/x", "d"};
    (void)env;
    (void)err;
    const char *c = arena_c(mem, pattern);
    *ret = arena_array(mem, str, ARRAY_LEN(NAMES));
    *ret_count = 0;
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        if (fnmatch(c, NAMES[i], FNM_PATHNAME) == 0)
            (*ret)[(*ret_count)++] = str_c(NAMES[i]);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct env_ops OPS = {.glob = disk_glob};
    struct env env = {.ops = &OPS};
    struct arena mem = {0};
    struct err err = ERR_INIT;
    str *paths;
    size_t count = 0;
    if (!file_glob(&env, str_from(data, size), &mem, &paths, &count, &err) && err.n == 0)
        abort();
    for (size_t i = 1; i < count; i++) {
        if (str_cmp(paths[i - 1], paths[i]) >= 0)
            abort();
    }
    arena_done(&mem);
    return 0;
}
