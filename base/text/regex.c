// SPDX-License-Identifier: Apache-2.0
#include "base/text/regex.h"

#include "base/core/alloc.h"
#include "base/core/utf8.h"
#include "base/text/regex_fast.h"
#include "base/text/regex_re2.h"
#include "base/text/unicode.h"

#define NESTING_MAX 1000 // as in Go

static_assert(sizeof(struct regex_span) == 2 * sizeof(size_t), "spans are filled as pairs");
static_assert(RE2_FIND_GROUPS_MAX == REGEX_GROUPS_MAX + 1, "group 0 is the match");

struct regex {
    enum regex_anchor anchor;
    struct regex_fast fast;
    struct re2_program *program;
};

// ---- Go's syntax for libre2 ---------------------------------------------------------------------

// What a walk over a pattern finds that libre2 sees differently from Go.
struct syntax {
    struct buf out; // the pattern for libre2
    str names[REGEX_GROUPS_MAX];
    size_t name_count;
    size_t nesting;     // deepest parentheses
    bool uses_any_byte; // \C, which Go does not know
};

static void syntax_done(struct syntax *s)
{
    buf_done(&s->out);
}

static size_t class_end(str p, size_t at) // behind the ']' of a class that begins at `at`
{
    at++;
    at += at < p.n && p.p[at] == '^';
    at += at < p.n && p.p[at] == ']';
    while (at < p.n && p.p[at] != ']') {
        size_t named = str_starts(str_skip(p, at), S("[:")) ? str_find_str(str_skip(p, at), S(":]"))
                                                            : STR_NONE;
        if (named != STR_NONE)
            at += named + 2;
        else
            at += p.p[at] == '\\' ? 2 : 1;
    }
    return MIN(at + 1, p.n);
}

static size_t escape_end(str p, size_t at) // behind an escape, or a \Q…\E
{
    if (!str_starts(str_skip(p, at), S("\\Q")))
        return MIN(at + 2, p.n);
    size_t end = str_find_str(str_skip(p, at), S("\\E"));
    return end == STR_NONE ? p.n : at + end + 2;
}

static bool syntax_add_name(struct syntax *s, str name) // false: it is there already
{
    for (size_t i = 0; i < s->name_count; i++) {
        if (str_eq(s->names[i], name))
            return false;
    }
    if (s->name_count < ARRAY_LEN(s->names))
        s->names[s->name_count++] = name;
    return true;
}

// A named group at `at`: (?<name> is written as (?P<name>; a name that comes again, which Go
// allows, is left away. Returns where copying goes on.
static size_t syntax_rewrite_group(struct syntax *s, str p, size_t from, size_t at)
{
    str rest = str_skip(p, at), name, behind;
    bool is_short = str_starts(rest, S("(?<"));
    if (!is_short && !str_starts(rest, S("(?P<")))
        return from;
    size_t name_at = is_short ? 3 : 4;
    if (!str_cut(str_skip(rest, name_at), '>', &name, &behind))
        return from; // malformed: libre2 says so
    bool is_first = name.n == 0 || syntax_add_name(s, name);
    if (is_first && !is_short)
        return from;
    buf_put(&s->out, str_slice(p, from, at));
    buf_put(&s->out, is_first ? S("(?P<") : S("("));
    return at + name_at + (is_first ? 0 : name.n + 1);
}

static void syntax_walk(struct syntax *s, str p)
{
    size_t depth = 0, from = 0;
    for (size_t at = 0; at < p.n;) {
        if (p.p[at] == '\\') {
            s->uses_any_byte |= str_starts(str_skip(p, at), S("\\C"));
            at = escape_end(p, at);
        } else if (p.p[at] == '[') {
            at = class_end(p, at);
        } else {
            from = syntax_rewrite_group(s, p, from, at);
            depth += p.p[at] == '(';
            depth -= p.p[at] == ')' && depth > 0;
            s->nesting = MAX(s->nesting, depth);
            at = MAX(at + 1, from);
        }
    }
    buf_put(&s->out, str_skip(p, from));
}

static str with_bytes(str s) // libre2 tells groups that took no part by their NULL pointer
{
    return s.p ? s : S("");
}

// ---- errors -------------------------------------------------------------------------------------

static const char *error_text(enum re2_error error) // as Go words it
{
    switch (error) {
    case RE2_OK:
    case RE2_INTERNAL:
        return "internal error";
    case RE2_BAD_ESCAPE:
        return "invalid escape sequence";
    case RE2_BAD_CLASS:
        return "invalid character class";
    case RE2_BAD_RANGE:
        return "invalid character class range";
    case RE2_MISSING_BRACKET:
        return "missing closing ]";
    case RE2_MISSING_PAREN:
        return "missing closing )";
    case RE2_UNEXPECTED_PAREN:
        return "unexpected )";
    case RE2_TRAILING_BACKSLASH:
        return "trailing backslash at end of expression";
    case RE2_REPEAT_ARGUMENT:
        return "missing argument to repetition operator";
    case RE2_REPEAT_SIZE:
        return "invalid repeat count";
    case RE2_REPEAT_OPERATOR:
        return "invalid nested repetition operator";
    case RE2_BAD_PERL:
        return "invalid or unsupported Perl syntax";
    case RE2_BAD_UTF8:
        return "invalid UTF-8";
    case RE2_BAD_NAME:
        return "invalid named capture";
    case RE2_TOO_LARGE:
        return "expression too large";
    }
    return "internal error";
}

static bool regex_fail(struct err *err, enum err_code code, const char *text, str piece)
{
    return err_set(err, code, "error parsing regexp: %s: `%.*s`", text, STR(piece));
}

static str from_first_invalid_rune(str s)
{
    size_t width;
    while (s.n && !(utf8_decode(s, &width) == RUNE_ERROR && width == 1))
        s = str_skip(s, width);
    return s;
}

// `written`: the pattern as error texts show it.
static bool regex_compile(struct regex *r, str written, struct err *err)
{
    defer(syntax_done) struct syntax s = {0};
    syntax_walk(&s, written);
    if (s.nesting > NESTING_MAX)
        return regex_fail(err, ERR_LIMIT, "expression nests too deeply", written);
    str translated = with_bytes(buf_str(&s.out));
    r->program = re2_program_new(translated.p, translated.n, REGEX_PROGRAM_BYTES_MAX);
    if (r->fast.count > 0)
        return true; // valid by its form, and libre2 is not needed yet

    str piece;
    enum re2_error error = re2_program_compile(r->program, &piece.p, &piece.n);
    switch (error) {
    case RE2_OK:
        break;
    case RE2_BAD_UTF8:
        return regex_fail(err, ERR_SYNTAX, error_text(error), from_first_invalid_rune(written));
    case RE2_TOO_LARGE:
        return regex_fail(err, ERR_LIMIT, error_text(error), written);
    case RE2_UNEXPECTED_PAREN:
    case RE2_MISSING_PAREN:
        return regex_fail(err, ERR_SYNTAX, error_text(error), written);
    case RE2_INTERNAL:
    case RE2_BAD_ESCAPE:
    case RE2_BAD_CLASS:
    case RE2_BAD_RANGE:
    case RE2_MISSING_BRACKET:
    case RE2_TRAILING_BACKSLASH:
    case RE2_REPEAT_ARGUMENT:
    case RE2_REPEAT_SIZE:
    case RE2_REPEAT_OPERATOR:
    case RE2_BAD_PERL:
    case RE2_BAD_NAME:
        return regex_fail(err, ERR_SYNTAX, error_text(error), piece);
    }
    if (s.uses_any_byte)
        return regex_fail(err, ERR_SYNTAX, error_text(RE2_BAD_ESCAPE), S("\\C"));
    return true;
}

struct regex *regex_new(str pattern, enum regex_anchor anchor, struct err *err)
{
    if (pattern.n > REGEX_PATTERN_BYTES_MAX) {
        err_set(err, ERR_LIMIT,
                "error parsing regexp: expression of %zu bytes, at most %zu are allowed", pattern.n,
                REGEX_PATTERN_BYTES_MAX);
        return NULL;
    }
    struct regex *r = mem_new(struct regex);
    r->anchor = anchor;
    regex_fast_init(&r->fast, pattern, anchor);

    defer(buf_done) struct buf written = {0};
    buf_put(&written, anchor == REGEX_WHOLE ? S("^(?:") : S(""));
    buf_put(&written, pattern);
    buf_put(&written, anchor == REGEX_WHOLE ? S(")$") : S(""));
    if (regex_compile(r, buf_str(&written), err))
        return r;
    regex_free(r);
    return NULL;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    re2_program_free(r->program);
    regex_fast_done(&r->fast);
    mem_free(r);
}

// ---- matching -----------------------------------------------------------------------------------

bool regex_matches(const struct regex *r, str text)
{
    if (r->fast.count > 0)
        return regex_fast_matches(&r->fast, r->anchor, text);
    text = with_bytes(text);
    if (utf8_is_valid(text))
        return re2_program_find(r->program, text.p, text.n, 0, NULL, 0);
    // To Go an invalid byte is one U+FFFD; libre2 matches it with nothing.
    defer(buf_done) struct buf repaired = {0};
    buf_put_repaired(&repaired, text);
    return re2_program_find(r->program, repaired.p, repaired.n, 0, NULL, 0);
}

size_t regex_group_count(const struct regex *r)
{
    return re2_program_group_count(r->program);
}

int regex_group_index(const struct regex *r, str name)
{
    name = with_bytes(name);
    return re2_program_group_index(r->program, name.p, name.n);
}

bool regex_find(const struct regex *r, str text, size_t start, struct regex_span *ret, size_t count)
{
    text = with_bytes(text);
    return start <= text.n &&
           re2_program_find(r->program, text.p, text.n, start, (size_t *)ret, count);
}

// ---- replacing ----------------------------------------------------------------------------------

// Where the search goes on after a match: behind it, and by one rune at least.
static size_t next_start(str text, size_t start, size_t match_end)
{
    size_t width;
    utf8_decode(str_skip(text, start), &width);
    return MAX(start + MAX(width, 1), match_end);
}

// A place in a text, and in what is searched instead: there an invalid byte is a U+FFFD, as to Go.
struct place {
    size_t in_text, in_searched;
};

// The place further on.
static struct place place_at(str text, str searched, struct place p, size_t in_searched)
{
    if (searched.p == text.p)
        return (struct place){in_searched, in_searched};
    while (p.in_searched < in_searched) {
        size_t width;
        uint32_t rune = utf8_decode(str_skip(text, p.in_text), &width);
        p.in_text += width;
        p.in_searched += rune == RUNE_ERROR ? strlen("\uFFFD") : width;
    }
    return p;
}

void regex_replace_all(const struct regex *r, str text, str replacement, struct buf *out)
{
    struct regex_span groups[REGEX_GROUPS_MAX + 1];
    size_t count = MIN(regex_group_count(r), REGEX_GROUPS_MAX) + 1;
    defer(buf_done) struct buf repaired = {0};
    str searched = text;
    if (!utf8_is_valid(text)) {
        buf_put_repaired(&repaired, text);
        searched = buf_str(&repaired);
    }
    struct place copied = {0, 0}; // what is behind us; the end of the last match
    for (size_t start = 0; regex_find(r, searched, start, groups, count);) {
        struct regex_span match = groups[0];
        struct place from = place_at(text, searched, copied, match.from);
        for (size_t i = 0; i < count; i++) {
            if (groups[i].from == SIZE_MAX)
                continue;
            groups[i].from = place_at(text, searched, from, groups[i].from).in_text;
            groups[i].to = place_at(text, searched, from, groups[i].to).in_text;
        }
        buf_put(out, str_slice(text, copied.in_text, from.in_text));
        // Not: an empty match right behind another one.
        if (match.to > copied.in_searched || match.from == 0)
            regex_expand(r, replacement, text, groups, count, out);
        copied = place_at(text, searched, from, match.to);
        start = next_start(searched, start, match.to);
    }
    buf_put(out, str_skip(text, copied.in_text));
}

// Reads a group's name behind a '$': name or {name}. False: it is none.
static bool take_group_name(str *s, str *ret_name)
{
    str rest = *s;
    bool has_brace = str_starts(rest, S("{"));
    if (has_brace)
        rest = str_skip(rest, 1);
    size_t n = 0, width;
    for (; n < rest.n; n += width) {
        uint32_t rune = utf8_decode(str_skip(rest, n), &width);
        if (!rune_is_letter(rune) && !rune_is_digit(rune) && rune != '_')
            break;
    }
    if (n == 0 || (has_brace && (n == rest.n || rest.p[n] != '}')))
        return false;
    *ret_name = str_slice(rest, 0, n);
    *s = str_skip(rest, n + has_brace);
    return true;
}

// The group that a name or number means, or SIZE_MAX.
static size_t group_from_name(const struct regex *r, str name)
{
    uint64_t number;
    if (str_to_u64(name, &number)) {
        bool has_leading_zero = name.n > 1 && name.p[0] == '0';
        return has_leading_zero || number > REGEX_GROUPS_MAX ? SIZE_MAX : (size_t)number;
    }
    int index = regex_group_index(r, name);
    return index < 0 ? SIZE_MAX : (size_t)index;
}

void regex_expand(const struct regex *r, str template, str text, const struct regex_span *groups,
                  size_t count, struct buf *out)
{
    str before;
    while (str_cut(template, '$', &before, &template)) {
        buf_put(out, before);
        str name;
        if (str_starts(template, S("$"))) {
            buf_put_c(out, '$');
            template = str_skip(template, 1);
        } else if (!take_group_name(&template, &name)) {
            buf_put_c(out, '$');
        } else {
            size_t group = group_from_name(r, name);
            if (group < count && groups[group].from != SIZE_MAX)
                buf_put(out, str_slice(text, groups[group].from, groups[group].to));
        }
    }
    buf_put(out, before);
}
