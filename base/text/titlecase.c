// SPDX-License-Identifier: Apache-2.0
#include "base/text/titlecase.h"

#include <unicase.h>
#include <unictype.h>
#include <uniwbrk.h>

#include "base/core/utf8.h"
#include "base/text/unicode.h"

void buf_put_upper_unicode(struct buf *b, str s)
{
    for (size_t width; s.n; s = str_skip(s, width))
        buf_put_rune(b, rune_to_upper(utf8_decode(s, &width)));
}

void buf_put_lower_unicode(struct buf *b, str s)
{
    for (size_t width; s.n; s = str_skip(s, width))
        buf_put_rune(b, rune_to_lower(utf8_decode(s, &width)));
}

// ---- strings.Title ----------------------------------------------------------------------------

static bool is_separator(uint32_t c)
{
    if (c < 0x80)
        return c != '_' && !(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    return !rune_is_letter(c) && !rune_is_digit(c) && rune_is_space(c);
}

void buf_put_title_letters(struct buf *b, str s)
{
    uint32_t before = ' ';
    for (size_t width; s.n; s = str_skip(s, width)) {
        uint32_t c = utf8_decode(s, &width);
        buf_put_rune(b, is_separator(before) ? rune_to_title(c) : c);
        before = c;
    }
}

// ---- words ------------------------------------------------------------------------------------

#define MAPPED_RUNES_MAX 4 // longest full case mapping, with room

typedef uint32_t *map_fn(const uint32_t *, size_t, const char *, uninorm_t, uint32_t *, size_t *);

static void put_mapped(struct buf *b, uint32_t c, map_fn *map)
{
    uint32_t mapped[MAPPED_RUNES_MAX];
    size_t n = MAPPED_RUNES_MAX;
    uint32_t *result = map(&c, 1, "", NULL, mapped, &n);
    if (!result) {
        buf_put_rune(b, c);
        return;
    }
    for (size_t i = 0; i < n; i++)
        buf_put_rune(b, result[i]);
    if (result != mapped)
        free(result);
}

static bool is_cased(uint32_t c)
{
    return c < 0x80 ? (c | 0x20) >= 'a' && (c | 0x20) <= 'z' : uc_is_property_cased(c);
}

// What may stand once between two characters of a word.
static bool is_middle(uint32_t c)
{
    if (c == '\'' || c == '.' || c == ':')
        return true;
    int class = c < 0x80 ? WBP_OTHER : uc_wordbreak_property(c);
    return class == WBP_MIDLETTER || class == WBP_MIDNUMLET || class == WBP_SQ;
}

static bool is_break(uint32_t c)
{
    int class = uc_wordbreak_property(c);
    return class != WBP_ALETTER && class != WBP_HL && class != WBP_NUMERIC &&
           class != WBP_EXTENDNUMLET && class != WBP_KATAKANA && class != WBP_EXTEND &&
           class != WBP_FORMAT && class != WBP_ZWJ;
}

#define SIGMA       0x3a3
#define FINAL_SIGMA 0x3c2

static bool ends_word(str rest)
{
    for (size_t width; rest.n; rest = str_skip(rest, width)) {
        uint32_t c = utf8_decode(rest, &width);
        if (is_cased(c))
            return false;
        if (!uc_is_property_case_ignorable(c))
            return true;
    }
    return true;
}

void buf_put_title_words(struct buf *b, str s)
{
    bool is_in_word = false;
    bool was_middle = false;
    for (size_t width; s.n; s = str_skip(s, width)) {
        uint32_t c = utf8_decode(s, &width);
        bool is_invalid = c == RUNE_ERROR && width == 1;
        if (!is_invalid && is_cased(c)) {
            if (!is_in_word)
                put_mapped(b, c, u32_totitle);
            else if (c == SIGMA && ends_word(str_skip(s, width)))
                buf_put_rune(b, FINAL_SIGMA);
            else
                put_mapped(b, c, u32_tolower);
            is_in_word = true;
            was_middle = false;
            continue;
        }
        buf_put(b, str_slice(s, 0, width));
        bool is_now_middle = is_middle(c);
        if (is_now_middle ? was_middle : is_break(c))
            is_in_word = false;
        was_middle = is_now_middle;
    }
}
