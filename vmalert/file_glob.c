// SPDX-License-Identifier: Apache-2.0
#include "vmalert/file_glob.h"

#include "base/core/alloc.h"
#include "base/env.h"

struct paths {
    str *items; // mem_array
    size_t count, cap;
};

struct search {
    struct env *env;
    struct arena *mem;
    struct paths patterns, found;
    size_t lookups;
};

static void paths_add(struct paths *p, str path)
{
    if (p->count == p->cap) {
        p->cap = MAX(16, p->cap * 2);
        p->items = mem_resize(p->items, p->cap, sizeof(str));
    }
    p->items[p->count++] = path;
}

// ---- the grammar -------------------------------------------------------------------------------

// The length of a class "[…]" at the beginning of s; 0: it does not end, or is empty.
static size_t class_bytes(str s)
{
    size_t i = 1;
    if (i < s.n && (s.p[i] == '^' || s.p[i] == '!'))
        i++;
    size_t begin = i;
    while (i < s.n && s.p[i] != ']')
        i += s.p[i] == '\\' ? 2 : 1;
    return i < s.n && i > begin ? i + 1 : 0;
}

// The length of what s begins with: one character, an escaped one, or a class. 0: it is broken.
static size_t piece_bytes(str s)
{
    if (s.p[0] == '[')
        return class_bytes(s);
    if (s.p[0] == '\\')
        return s.n > 1 ? 2 : 0;
    return 1;
}

static bool is_valid(str s)
{
    size_t depth = 0;
    if (str_find(s, '\0') != STR_NONE)
        return false; // no path holds one
    while (s.n > 0) {
        size_t bytes = piece_bytes(s);
        if (bytes == 0 || (s.p[0] == '}' && depth == 0))
            return false;
        depth = depth + (s.p[0] == '{') - (s.p[0] == '}');
        s = str_skip(s, bytes);
    }
    return depth == 0;
}

// ---- braces ------------------------------------------------------------------------------------

// Index of the first brace, or STR_NONE.
static size_t find_brace(str s)
{
    for (size_t i = 0; i < s.n; i += piece_bytes(str_skip(s, i))) {
        if (s.p[i] == '{')
            return i;
    }
    return STR_NONE;
}

// The end of the alternative at `at`: its comma, or the brace that closes them all.
static size_t alternative_end(str s, size_t at)
{
    size_t depth = 0;
    for (;; at += piece_bytes(str_skip(s, at))) {
        char c = s.p[at];
        if (depth == 0 && (c == ',' || c == '}'))
            return at;
        depth = depth + (c == '{') - (c == '}');
    }
}

static bool expand_braces(struct search *q, str s, struct err *err)
{
    size_t open = find_brace(s);
    if (open == STR_NONE) {
        if (q->patterns.count == FILE_GLOB_PATTERNS_MAX)
            return err_set(err, ERR_LIMIT, "more than %d alternatives in a pattern",
                           FILE_GLOB_PATTERNS_MAX);
        paths_add(&q->patterns, s);
        return true;
    }
    size_t close = open;
    do // to the brace behind the last alternative
        close = alternative_end(s, close + 1);
    while (s.p[close] == ',');
    for (size_t at = open; at < close;) {
        size_t end = alternative_end(s, at + 1);
        str one = arena_printf(q->mem, "%.*s%.*s%.*s", STR(str_slice(s, 0, open)),
                               STR(str_slice(s, at + 1, end)), STR(str_skip(s, close + 1)));
        if (!expand_braces(q, one, err))
            return false;
        at = end;
    }
    return true;
}

// ---- one pattern without braces ----------------------------------------------------------------

// Classes in env_glob's spelling: [^x] for [!x].
static str respell(struct arena *mem, str s)
{
    char *text = arena_c(mem, s);
    for (size_t i = 0; i < s.n; i += piece_bytes(str_skip(s, i))) {
        if (text[i] == '[' && text[i + 1] == '!')
            text[i + 1] = '^';
    }
    return str_from(text, s.n);
}

// Go's filepath.Clean: no empty names, no "." and no "name/..". A slash parts names also where it
// is escaped or in a class: what is left of these is an error of env_glob's.
static str clean(struct arena *mem, str path)
{
    bool is_absolute = str_starts(path, S("/"));
    struct paths names = {0};
    struct buf out = {0};
    str name, rest = path;
    for (bool more = true; more;) {
        more = str_cut(rest, '/', &name, &rest);
        bool goes_up = str_eq(name, S(".."));
        if (name.n == 0 || str_eq(name, S(".")))
            continue;
        if (goes_up && names.count && !str_eq(names.items[names.count - 1], S("..")))
            names.count--;
        else if (!goes_up || !is_absolute)
            paths_add(&names, name);
    }
    for (size_t i = 0; i < names.count; i++)
        buf_printf(&out, "%s%.*s", i || is_absolute ? "/" : "", STR(names.items[i]));
    if (out.n == 0)
        buf_put(&out, is_absolute ? S("/") : S("."));
    str result = arena_str(mem, buf_str(&out));
    mem_free(names.items);
    buf_done(&out);
    return result;
}

static str join(struct arena *mem, str a, str b)
{
    bool has_slash = a.n == 0 || b.n == 0 || str_ends(a, S("/"));
    return arena_printf(mem, "%.*s%s%.*s", STR(a), has_slash ? "" : "/", STR(b));
}

static bool look_up(struct search *q, str pattern, str **ret, size_t *ret_count, struct err *err)
{
    if (q->lookups++ == FILE_GLOB_LOOKUPS_MAX)
        return err_set(err, ERR_LIMIT, "the pattern stands for too many folders");
    return env_glob(q->env, pattern, q->mem, ret, ret_count, err);
}

// Where the first name "**" begins, or STR_NONE.
static size_t find_stars(str s)
{
    for (size_t at = 0; at < s.n;) {
        size_t slash = str_find(str_skip(s, at), '/');
        size_t end = slash == STR_NONE ? s.n : at + slash;
        if (str_eq(str_slice(s, at, end), S("**")))
            return at;
        at = end + 1;
    }
    return STR_NONE;
}

static bool find_files(struct search *q, str pattern, struct err *err)
{
    size_t stars = find_stars(pattern), count = 0;
    str *paths = NULL;
    if (stars == STR_NONE) {
        if (!look_up(q, pattern, &paths, &count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            paths_add(&q->found, paths[i]);
        return true;
    }
    str folders = str_slice(pattern, 0, stars), rest = str_skip(pattern, stars + 3);
    while (str_eq(rest, S("**")) || str_starts(rest, S("**/")))
        rest = str_skip(rest, 3); // once is enough
    folders = folders.n > 1 ? str_trim_right(folders, '/') : folders;
    for (size_t depth = 0;; depth++) {
        str one = join(q->mem, folders, rest);
        if (one.n && !find_files(q, one, err))
            return false;
        folders = join(q->mem, folders, S("*"));
        if (!look_up(q, folders, &paths, &count, err))
            return false;
        if (count == 0)
            return true;
        if (depth == FILE_GLOB_DEPTH_MAX)
            return err_set(err, ERR_LIMIT, "more than %d folders inside of each other",
                           FILE_GLOB_DEPTH_MAX);
    }
}

// ---- all ---------------------------------------------------------------------------------------

static size_t sort_unique(str *items, size_t count)
{
    size_t kept = 0;
    if (count > 1)
        qsort(items, count, sizeof(*items), str_cmp_items);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !str_eq(items[i], items[kept - 1]))
            items[kept++] = items[i];
    }
    return kept;
}

bool file_glob(struct env *env, str pattern, struct arena *mem, str **ret, size_t *ret_count,
               struct err *err)
{
    struct search q = {.env = env, .mem = mem};
    if (pattern.n > FILE_GLOB_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "a pattern of more than %d bytes", FILE_GLOB_BYTES_MAX);
    if (!is_valid(pattern))
        return err_set(err, ERR_SYNTAX, "syntax error in pattern");
    bool ok = expand_braces(&q, pattern, err);
    for (size_t i = 0; i < q.patterns.count && ok; i++)
        ok = find_files(&q, clean(mem, respell(mem, q.patterns.items[i])), err);
    if (ok) {
        *ret_count = q.found.items ? sort_unique(q.found.items, q.found.count) : 0;
        *ret = arena_array(mem, str, *ret_count + 1);
        for (size_t i = 0; q.found.items && i < *ret_count; i++)
            (*ret)[i] = q.found.items[i];
    }
    mem_free(q.patterns.items);
    mem_free(q.found.items);
    return ok;
}
