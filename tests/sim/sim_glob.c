// SPDX-License-Identifier: Apache-2.0
// Go's filepath.Glob over a simulated disk.
#include "tests/sim/sim_internal.h"

// One [class] at the start of *pattern, which moves behind it. False: malformed.
static bool class_match(str *pattern, char c, bool *ret_matches)
{
    str p = str_skip(*pattern, 1);
    bool is_negated = p.n && p.p[0] == '^';
    p = str_skip(p, is_negated);
    bool matches = false;
    for (bool is_first = true;; is_first = false) {
        if (p.n && p.p[0] == ']' && !is_first)
            break;
        char range[2];
        for (int i = 0; i < 2; i++) {
            if (i == 1 && !(p.n && p.p[0] == '-')) {
                range[1] = range[0];
                break;
            }
            p = str_skip(p, i == 1);
            bool is_escaped = p.n && p.p[0] == '\\';
            if (!p.n || (!is_escaped && (p.p[0] == '-' || p.p[0] == ']')))
                return false;
            p = str_skip(p, is_escaped);
            if (!p.n)
                return false;
            range[i] = p.p[0];
            p = str_skip(p, 1);
        }
        matches |= range[0] <= c && c <= range[1];
    }
    *pattern = str_skip(p, 1);
    *ret_matches = matches != is_negated;
    return true;
}

// False: no match, or malformed. Patterns are short: the plain recursive search will do.
static bool path_match(str pattern, str path)
{
    while (pattern.n) {
        bool matches = false;
        switch (pattern.p[0]) {
        case '*':
            pattern = str_skip(pattern, 1);
            for (size_t i = 0;; i++) {
                if (path_match(pattern, str_skip(path, i)))
                    return true;
                if (i >= path.n || path.p[i] == '/')
                    return false;
            }
        case '?':
            if (!path.n || path.p[0] == '/')
                return false;
            pattern = str_skip(pattern, 1);
            break;
        case '[':
            if (!path.n || path.p[0] == '/' || !class_match(&pattern, path.p[0], &matches) ||
                !matches)
                return false;
            break;
        default:
            if (pattern.p[0] == '\\')
                pattern = str_skip(pattern, 1);
            if (!pattern.n || !path.n || pattern.p[0] != path.p[0])
                return false;
            pattern = str_skip(pattern, 1);
        }
        path = str_skip(path, 1);
    }
    return path.n == 0;
}

static bool pattern_is_valid(str pattern)
{
    while (pattern.n) {
        bool matches;
        if (pattern.p[0] == '[') {
            if (!class_match(&pattern, 'x', &matches))
                return false;
            continue;
        }
        bool is_escape = pattern.p[0] == '\\';
        if (is_escape && pattern.n == 1)
            return false;
        pattern = str_skip(pattern, is_escape ? 2 : 1);
    }
    return true;
}

bool sim_glob(struct env *e, str pattern, struct arena *mem, str **ret, size_t *ret_count,
              struct err *err)
{
    struct sim_proc *p = sim_proc(e);
    struct sim_disk *d = &p->node->disk;
    if (p->is_dead)
        return err_set(err, ERR_CANCELED, "the process is dead");
    if (!pattern_is_valid(pattern))
        return err_set(err, ERR_SYNTAX, "syntax error in pattern");
    size_t count = 0;
    list_each (l, &d->files)
        count++;
    list_each (l, &d->dirs)
        count++;
    str *paths = arena_array(mem, str, count);
    count = 0;
    struct list *file = d->files.next, *dir = d->dirs.next;
    while (file != &d->files || dir != &d->dirs) { // merges the two sorted lists
        str f = file != &d->files ? str_c(list_item(file, struct sim_file, link)->path) : S("");
        str g = dir != &d->dirs ? str_c(list_item(dir, struct sim_dir, link)->path) : S("");
        bool is_file = g.n == 0 || (f.n && str_cmp(f, g) < 0);
        if (path_match(pattern, is_file ? f : g))
            paths[count++] = arena_str(mem, is_file ? f : g);
        if (is_file)
            file = file->next;
        else
            dir = dir->next;
    }
    *ret = paths;
    *ret_count = count;
    return true;
}
