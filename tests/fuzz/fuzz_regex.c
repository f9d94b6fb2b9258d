// SPDX-License-Identifier: Apache-2.0
// The input is a pattern and, behind the first newline, a text. The fast paths must say what libre2
// says to the same pattern in a form that they do not take.
#include "base/core/utf8.h"
#include "base/text/regex.h"

#define TEXT_BYTES_MAX 4096

static void check_fast_path(const struct regex *r, str pattern, str text)
{
    defer(buf_done) struct buf slow_pattern = {0};
    buf_put(&slow_pattern, S("(?:"));
    buf_put(&slow_pattern, pattern);
    buf_put(&slow_pattern, S("){1}"));
    struct regex *slow = regex_new(buf_str(&slow_pattern), REGEX_WHOLE, NULL);
    // Unbalanced parentheses mean something else in there, and so does a \Q without its end.
    bool is_comparable =
        slow && str_find(pattern, ')') == STR_NONE && str_find_str(pattern, S("\\Q")) == STR_NONE;
    if (is_comparable && regex_matches(slow, text) != regex_matches(r, text))
        abort();
    regex_free(slow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str pattern, text;
    str_cut(str_from(data, MIN(size, TEXT_BYTES_MAX)), '\n', &pattern, &text);
    struct err err = ERR_INIT;
    struct regex *r = regex_new(pattern, REGEX_WHOLE, &err);
    if (r)
        check_fast_path(r, pattern, text);
    else if (err.n == 0)
        abort();
    regex_free(r);

    r = regex_new(pattern, REGEX_SEARCH, &err);
    if (r) {
        defer(buf_done) struct buf out = {.max = (size_t)1 << 20};
        struct regex_span match;
        // What replaces is the text itself: its $ are group references.
        regex_replace_all(r, text, text, &out);
        if (utf8_is_valid(text) && regex_find(r, text, 0, &match, 1) != regex_matches(r, text))
            abort();
    }
    regex_free(r);
    return 0;
}
