// SPDX-License-Identifier: Apache-2.0
#include "vmalert/file_glob.h"

#include <fnmatch.h>

#include "base/env.h"
#include "tests/support/check.h"

// ---- a disk of names, whose glob knows what a shell's knows ------------------------------------

struct disk {
    struct env env; // first
    const char *const *names;
    size_t count;
    size_t asked;
};

static bool disk_glob(struct env *env, str pattern, struct arena *mem, str **ret, size_t *ret_count,
                      struct err *err)
{
    (void)err;
    struct disk *d = (struct disk *)(void *)env;
    const char *c = arena_c(mem, pattern);
    *ret = arena_array(mem, str, d->count);
    *ret_count = 0;
    d->asked++;
    for (size_t i = 0; i < d->count; i++) {
        if (fnmatch(c, d->names[i], FNM_PATHNAME) == 0)
            (*ret)[(*ret_count)++] = str_c(d->names[i]);
    }
    return true;
}

static const struct env_ops OPS = {.glob = disk_glob};

static const char *const NAMES[] = {
    "d",     "d/x.yml",     "d/y.yml",      "d/.h",  "d/.h/h.yml", "d/a",  "d/a/y.yml",
    "d/a/b", "d/a/b/z.yml", "d/a/b/w.yaml", "d/{x}", "/",          "/etc", "/etc/r.yml",
};

static void check_found(const char *pattern, const char *want)
{
    struct disk d = {.env = {.ops = &OPS}, .names = NAMES, .count = ARRAY_LEN(NAMES)};
    struct arena mem = {0};
    struct err err = ERR_INIT;
    str *paths = NULL;
    size_t count = 0;
    defer(buf_done) struct buf got = {0};
    bool ok = file_glob(&d.env, str_c(pattern), &mem, &paths, &count, &err);
    for (size_t i = 0; i < count && ok; i++)
        buf_printf(&got, "%s%.*s", i ? " " : "", STR(paths[i]));
    if (!ok)
        buf_put(&got, err_str(&err));
    check_str(buf_str(&got), str_c(want));
    arena_done(&mem);
}

static void names_match_as_in_a_shell(void **state)
{
    (void)state;
    check_found("d/*.yml", "d/x.yml d/y.yml");
    check_found("./d//./a/../?.yml", "d/x.yml d/y.yml");
    check_found("d/[!x].yml", "d/y.yml");
    check_found("d/[^x].yml", "d/y.yml");
    check_found("d/nosuch.yml", "");
    check_found("d/**.yml", "d/x.yml d/y.yml"); // not a whole name
    check_found("/etc/../etc/*", "/etc/r.yml");
}

static void braces_hold_alternatives(void **state)
{
    (void)state;
    check_found("d/{x,a/y}.yml", "d/a/y.yml d/x.yml");
    check_found("d/{y,{x,a/{b/z,nosuch}}}.yml", "d/a/b/z.yml d/x.yml d/y.yml");
    check_found("d/{,a/}y.yml", "d/a/y.yml d/y.yml");
    check_found("d/{x,x}.yml", "d/x.yml");
    check_found("d/\\{x\\}", "d/{x}");
    check_found("d/[{]x}", "syntax error in pattern");
    check_found("{d/a,d}/[x{,}].yml", "d/x.yml");
}

static void stars_stand_for_folders(void **state)
{
    (void)state;
    check_found("d/**/*.yml", "d/.h/h.yml d/a/b/z.yml d/a/y.yml d/x.yml d/y.yml");
    check_found("d/**/b/*", "d/a/b/w.yaml d/a/b/z.yml");
    check_found("**/z.yml", "d/a/b/z.yml");
    check_found("/**/r.yml", "/etc/r.yml");
    check_found("d/**/**/y.yml", "d/a/y.yml d/y.yml");
    check_found("d/a/**", "d/a d/a/b d/a/b/w.yaml d/a/b/z.yml d/a/y.yml");
    check_found("d/{**/z,x}.yml", "d/a/b/z.yml d/x.yml");
}

static void bad_patterns_are_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {"d/[",  "d/[]", "d/[^]",  "d/{a",
                                      "d/a}", "d/\\", "{a,{b}", "[a\\]"};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
        check_found(BAD[i], "syntax error in pattern");
    check_found("{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}", "more than 1000 alternatives in a pattern");
}

// A folder that holds a link to itself.
static bool endless_glob(struct env *env, str pattern, struct arena *mem, str **ret,
                         size_t *ret_count, struct err *err)
{
    (void)env;
    (void)err;
    *ret = arena_array(mem, str, 1);
    (*ret)[0] = pattern;
    *ret_count = 1;
    return true;
}

static void endless_folders_are_an_error(void **state)
{
    (void)state;
    static const struct env_ops ENDLESS = {.glob = endless_glob};
    struct env env = {.ops = &ENDLESS};
    struct arena mem = {0};
    struct err err = ERR_INIT;
    str *paths;
    size_t count;
    assert_false(file_glob(&env, S("d/**/x"), &mem, &paths, &count, &err));
    check_err(&err, "more than 40 folders inside of each other");
    assert_false(file_glob(&env, S("**/a/**/b/**/c/**/d"), &mem, &paths, &count, &err));
    arena_done(&mem);
}

int test_file_glob(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_match_as_in_a_shell),    cmocka_unit_test(braces_hold_alternatives),
        cmocka_unit_test(stars_stand_for_folders),      cmocka_unit_test(bad_patterns_are_refused),
        cmocka_unit_test(endless_folders_are_an_error),
    };
    return run_group("file_glob", tests);
}
