// SPDX-License-Identifier: Apache-2.0
#include "rules/logsql.h"

// Walks the words of the filter's top level: what stands in parentheses or quotes is one word.
struct words {
    str rest;
    bool is_pipe; // the filter has ended
};

static size_t quoted_end(str s, size_t i)
{
    char quote = s.p[i++];
    while (i < s.n && s.p[i] != quote)
        i += s.p[i] == '\\' && quote != '`' ? 2 : 1;
    return MIN(i + 1, s.n);
}

// The next word, or an empty one at the end.
static str next_word(struct words *w)
{
    while (w->rest.n && char_is_space(w->rest.p[0]))
        w->rest = str_skip(w->rest, 1);
    size_t i = 0;
    int depth = 0;
    while (i < w->rest.n) {
        char c = w->rest.p[i];
        if (depth == 0 && (char_is_space(c) || c == '|'))
            break;
        if (c == '"' || c == '\'' || c == '`') {
            i = quoted_end(w->rest, i);
            continue;
        }
        depth += c == '(' || c == '[' || c == '{';
        depth -= c == ')' || c == ']' || c == '}';
        i++;
    }
    str word = str_slice(w->rest, 0, i);
    w->is_pipe = i < w->rest.n && w->rest.p[i] == '|';
    w->rest = str_skip(w->rest, i);
    return word;
}

// `_time:5m`, `_time:[a, b)`, `_time: 5m`; a comparison limits one side only.
static bool is_time_filter(str word, struct words *w)
{
    if (!str_starts(word, S("_time:")))
        return false;
    str value = str_skip(word, 6);
    if (value.n == 0)
        value = next_word(w);
    return value.n > 0 && value.p[0] != '<' && value.p[0] != '>' && value.p[0] != '=' &&
           value.p[0] != '!';
}

bool logsql_has_time_filter(str expr)
{
    struct words w = {.rest = expr};
    bool is_negated = false, has_filter = false;
    for (;;) {
        str word = next_word(&w);
        if (word.n == 0 || str_eq_nocase(word, S("or")))
            return word.n == 0 && has_filter;
        if (!is_negated && is_time_filter(word, &w))
            has_filter = true;
        is_negated = str_eq_nocase(word, S("not")) || str_eq(word, S("!")) || str_eq(word, S("-"));
        if (w.is_pipe)
            return has_filter;
    }
}
