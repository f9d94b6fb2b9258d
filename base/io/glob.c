// SPDX-License-Identifier: Apache-2.0
// Go's filepath.Glob. It differs from glob(3): '*' also matches names that begin with a dot, '['
// needs no '!', a bad pattern is an error even where nothing could match, and results of
// directories that hold a pattern themselves come directory by directory. Unreadable directories
// are skipped.
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/core/alloc.h"
#include "base/core/utf8.h"
#include "base/io/files.h"

struct names {
    struct arena *mem;
    str *list; // mem_array
    size_t count;
    size_t cap;
};

static void names_add(struct names *n, str name)
{
    if (n->count == n->cap) {
        n->cap = MAX(16, n->cap * 2);
        n->list = mem_resize(n->list, n->cap, sizeof(str));
    }
    n->list[n->count++] = name;
}

static void names_done(struct names *n)
{
    mem_free(n->list);
}

// ---- matching ------------------------------------------------------------------------------

// One rune of a class, with its escape. False: the pattern ends too early or holds junk.
static bool class_rune(str *pattern, uint32_t *ret)
{
    if (pattern->n == 0 || pattern->p[0] == '-' || pattern->p[0] == ']')
        return false;
    if (pattern->p[0] == '\\') {
        *pattern = str_skip(*pattern, 1);
        if (pattern->n == 0)
            return false;
    }
    size_t width;
    *ret = utf8_decode(*pattern, &width);
    if (*ret == RUNE_ERROR && width == 1)
        return false;
    *pattern = str_skip(*pattern, width);
    return pattern->n > 0;
}

// Behind '['. Moves *pattern behind the ']'.
static bool class_match(str *pattern, uint32_t rune, bool *ret_matches)
{
    bool is_negated = str_starts(*pattern, S("^"));
    if (is_negated)
        *pattern = str_skip(*pattern, 1);
    bool matches = false;
    for (size_t ranges = 0;; ranges++) {
        if (str_starts(*pattern, S("]")) && ranges > 0)
            break;
        uint32_t low, high;
        if (!class_rune(pattern, &low))
            return false;
        high = low;
        if (pattern->p[0] == '-') {
            *pattern = str_skip(*pattern, 1);
            if (!class_rune(pattern, &high))
                return false;
        }
        matches |= low <= rune && rune <= high;
    }
    *pattern = str_skip(*pattern, 1);
    *ret_matches = matches != is_negated;
    return true;
}

// One element that is not a star against the beginning of *name. False: bad pattern.
static bool element_match(str *pattern, str *name, bool *ret_matches)
{
    size_t width = 1;
    uint32_t rune = name->n ? utf8_decode(*name, &width) : '/';
    bool can_match = name->n > 0;
    char c = pattern->p[0];
    *pattern = str_skip(*pattern, 1);
    if (c == '[') {
        if (!class_match(pattern, rune, ret_matches))
            return false;
        *ret_matches &= can_match && rune != '/';
    } else if (c == '?') {
        *ret_matches = can_match && rune != '/';
    } else {
        if (c == '\\') {
            if (pattern->n == 0)
                return false;
            c = pattern->p[0];
            *pattern = str_skip(*pattern, 1);
        }
        width = 1;
        *ret_matches = can_match && name->p[0] == c;
    }
    if (*ret_matches)
        *name = str_skip(*name, width);
    return true;
}

// Elements up to the next star. False: bad pattern. Always reads the whole chunk, so that a bad
// pattern shows whatever the name is.
static bool chunk_match(str *pattern, str *name, bool *ret_matches)
{
    bool all = true;
    while (pattern->n && pattern->p[0] != '*') {
        str rest = all ? *name : S("");
        bool one;
        if (!element_match(pattern, &rest, &one))
            return false;
        all &= one;
        if (all)
            *name = rest;
    }
    *ret_matches = all;
    return true;
}

// Only the last star may need to take more: an earlier one gains nothing by it. Quadratic at worst.
static bool name_match(str pattern, str name, bool *ret_matches)
{
    bool has_star = false;
    *ret_matches = false;
    for (;;) {
        str chunk = pattern;
        str from = name;
        bool matches;
        if (!chunk_match(&chunk, &from, &matches))
            return false;
        bool is_end = chunk.n == 0;
        while (!(matches && (!is_end || from.n == 0)) && has_star && name.n && name.p[0] != '/') {
            name = str_skip(name, 1);
            chunk = pattern;
            from = name;
            if (!chunk_match(&chunk, &from, &matches))
                return false;
        }
        if (!matches || (is_end && from.n)) {
            // No match; the rest is still checked for its form.
            for (str nothing = S(""); chunk.n; chunk = str_skip(chunk, chunk.p[0] == '*')) {
                if (!chunk_match(&chunk, &nothing, &matches))
                    return false;
                if (chunk.n == 0)
                    break;
            }
            return true;
        }
        if (is_end) {
            *ret_matches = true;
            return true;
        }
        has_star = true;
        pattern = str_skip(chunk, 1);
        name = from;
    }
}

// ---- walking -------------------------------------------------------------------------------

static bool has_meta(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (strchr("*?[\\", s.p[i]) && s.p[i])
            return true;
    }
    return false;
}

// Go's filepath.Clean for what Join needs: "." elements and doubled slashes go, ".." eats what
// stands before it.
static str path_clean(struct arena *mem, str path)
{
    struct buf out = {0};
    bool is_rooted = str_starts(path, S("/"));
    size_t floor = 0; // nothing before it can be eaten
    while (path.n) {
        str element, rest;
        str_cut(path, '/', &element, &rest);
        path = rest;
        if (element.n == 0 || str_eq(element, S(".")))
            continue;
        if (str_eq(element, S("..")) && (out.n > floor || is_rooted)) {
            size_t slash = str_find_last(buf_str(&out), '/');
            out.n = slash == STR_NONE || slash < floor ? floor : slash;
            continue;
        }
        if (out.n)
            buf_put_c(&out, '/');
        buf_put(&out, element);
        if (str_eq(element, S("..")))
            floor = out.n;
    }
    str clean = arena_printf(mem, "%s%.*s", is_rooted ? "/" : out.n ? "" : ".", STR(buf_str(&out)));
    buf_done(&out);
    return clean;
}

// The entries of one directory that match, sorted.
static bool glob_dir(struct names *found, str dir, str pattern)
{
    DIR *d = opendir(dir.n ? arena_c(found->mem, dir) : ".");
    if (!d)
        return true;
    size_t first = found->count;
    bool is_fine = true;
    for (struct dirent *entry; is_fine && (entry = readdir(d)) != NULL;) {
        str name = str_c(entry->d_name);
        bool matches;
        if (str_eq(name, S(".")) || str_eq(name, S("..")))
            continue;
        is_fine = name_match(pattern, name, &matches);
        if (is_fine && matches && found->count < GLOB_MATCHES_MAX)
            names_add(found, arena_str(found->mem, name));
    }
    closedir(d);
    if (found->count == first)
        return is_fine;
    qsort(found->list + first, found->count - first, sizeof(str), str_cmp_items);
    for (size_t i = first; i < found->count; i++)
        found->list[i] =
            path_clean(found->mem, arena_printf(found->mem, "%.*s%s%.*s", STR(dir),
                                                dir.n ? "/" : "", STR(found->list[i])));
    return is_fine;
}

static bool glob_into(struct names *found, str pattern)
{
    bool matches;
    if (!name_match(pattern, S(""), &matches))
        return false;
    struct stat st;
    if (!has_meta(pattern)) {
        if (str_find(pattern, '\0') == STR_NONE && lstat(arena_c(found->mem, pattern), &st) == 0)
            names_add(found, arena_str(found->mem, pattern));
        return true;
    }
    size_t slash = str_find_last(pattern, '/');
    str dir = slash == STR_NONE ? S("") : str_slice(pattern, 0, MAX(slash, 1));
    str last = slash == STR_NONE ? pattern : str_skip(pattern, slash + 1);
    if (!has_meta(dir))
        return glob_dir(found, dir, last);
    defer(names_done) struct names dirs = {.mem = found->mem};
    if (!glob_into(&dirs, dir)) // each level is one element shorter
        return false;
    for (size_t i = 0; i < dirs.count; i++) {
        if (!glob_dir(found, dirs.list[i], last))
            return false;
    }
    return true;
}

bool files_glob(struct env *env, str pattern, struct arena *mem, str **ret, size_t *ret_count,
                struct err *err)
{
    (void)env;
    if (pattern.n > PATH_MAX)
        return err_set(err, ERR_LIMIT, "pattern is longer than %d bytes", PATH_MAX);
    defer(names_done) struct names found = {.mem = mem};
    if (!glob_into(&found, pattern))
        return err_set(err, ERR_SYNTAX, "syntax error in pattern");
    *ret = arena_array(mem, str, MAX(found.count, 1));
    if (found.count)
        memcpy(*ret, found.list, found.count * sizeof(str));
    *ret_count = found.count;
    return true;
}
