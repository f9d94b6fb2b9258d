// SPDX-License-Identifier: Apache-2.0
// The writer below yaml_print.c: where lines break, and how a scalar is quoted. The decisions are
// those of libyaml's emitter as yaml.v2 drives it.
#include "base/core/alloc.h"
#include "base/core/utf8.h"
#include "base/text/encode.h"
#include "base/text/yaml_print.h"

#define INDENT_STEP       2
#define WIDTH_BEST        80
#define SIMPLE_KEY_MAX    128 // bytes; a longer key is written behind "? "
#define BASE64_LINE_BYTES 70

// ---- characters ----------------------------------------------------------------------------

static void put_rune_bytes(struct yaml_printer *p, str rune)
{
    buf_put(p->out, rune);
    p->column++;
}

static void put_char(struct yaml_printer *p, char c)
{
    buf_put_c(p->out, c);
    p->column++;
}

static void put_break(struct yaml_printer *p)
{
    buf_put_c(p->out, '\n');
    p->column = 0;
}

static void put_indent(struct yaml_printer *p)
{
    int indent = MAX(p->indent, 0);
    if (!p->at_indention || p->column > indent || (p->column == indent && !p->at_whitespace))
        put_break(p);
    while (p->column < indent)
        put_char(p, ' ');
    p->at_whitespace = true;
    p->at_indention = true;
}

static void put_indicator(struct yaml_printer *p, str text, bool needs_space, bool is_space,
                          bool is_indention)
{
    if (needs_space && !p->at_whitespace)
        put_char(p, ' ');
    for (size_t i = 0; i < text.n; i++)
        put_char(p, text.p[i]);
    p->at_whitespace = is_space;
    p->at_indention = p->at_indention && is_indention;
}

static bool is_break(uint32_t rune)
{
    return rune == '\n' || rune == '\r' || rune == 0x85 || rune == 0x2028 || rune == 0x2029;
}

// The emitter's own idea of printable: no tab, nothing beyond the basic plane.
static bool is_printable(uint32_t rune)
{
    return rune == '\n' || (rune >= 0x20 && rune <= 0x7e) || (rune >= 0xa0 && rune < 0xd800) ||
           (rune >= 0xe000 && rune <= 0xffff && rune != 0xfeff && rune != 0xfffe && rune != 0xffff);
}

// ---- which style ---------------------------------------------------------------------------

enum style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_LITERAL };

struct analysis {
    bool is_multiline;
    bool flow_plain, block_plain, single, block; // allowed
};

static bool is_blank_at(str s, size_t at) // the end counts as blank
{
    return at >= s.n || s.p[at] == ' ' || s.p[at] == '\t';
}

struct indicators {
    bool block, flow;
};

static void note_indicators(str s, size_t at, bool after_space, struct indicators *found)
{
    char c = s.p[at];
    bool before_space = is_blank_at(s, at + 1);
    if (at == 0) {
        bool is_indicator = (c && strchr("#,[]{}&*!|>'\"%@`", c)) || (c == '-' && before_space);
        bool is_mapping_sign = c == '?' || c == ':';
        found->flow |= is_indicator || is_mapping_sign;
        found->block |= is_indicator || (is_mapping_sign && before_space);
        return;
    }
    if (c && strchr(",?[]{}", c))
        found->flow = true;
    if (c == ':') {
        found->flow = true;
        found->block |= before_space;
    }
    if (c == '#' && after_space)
        found->flow = found->block = true;
}

static struct analysis analyze(str s)
{
    if (s.n == 0)
        return (struct analysis){.block_plain = true, .single = true};
    struct indicators found = {0};
    if (str_starts(s, S("---")) || str_starts(s, S("...")))
        found = (struct indicators){true, true};

    bool has_break = false, is_special = false;
    bool leading = false, trailing = false, trailing_space = false;
    bool space_after_break = false, break_after_space = false;
    bool was_space = false, was_break = false, after_space = true;
    for (size_t at = 0, width; at < s.n; at += width) {
        uint32_t rune = utf8_decode(str_skip(s, at), &width);
        note_indicators(s, at, after_space, &found);
        is_special |= !is_printable(rune);
        bool is_last = at + width == s.n;
        if (rune == ' ') {
            leading |= at == 0;
            trailing |= is_last;
            trailing_space |= is_last;
            space_after_break |= was_break;
        } else if (is_break(rune)) {
            has_break = true;
            leading |= at == 0;
            trailing |= is_last;
            break_after_space |= was_space;
        }
        was_space = rune == ' ';
        was_break = is_break(rune);
        after_space = rune == ' ' || rune == '\t' || was_break;
    }

    struct analysis a = {.is_multiline = has_break};
    bool is_unsafe = break_after_space || is_special;
    bool plain = !leading && !trailing && !space_after_break && !is_unsafe && !has_break;
    a.flow_plain = plain && !found.flow;
    a.block_plain = plain && !found.block;
    a.single = !space_after_break && !is_unsafe;
    a.block = !trailing_space && !is_unsafe;
    return a;
}

static enum style choose_style(const struct yaml_printer *p, str s, enum style wanted, bool is_key)
{
    struct analysis a = analyze(s);
    enum style style = is_key && a.is_multiline ? STYLE_DOUBLE : wanted;
    bool in_flow = p->flow_depth > 0;
    if (style == STYLE_PLAIN) {
        if (in_flow ? !a.flow_plain : !a.block_plain)
            style = STYLE_SINGLE;
        if (s.n == 0 && (in_flow || is_key))
            style = STYLE_SINGLE;
    }
    if (style == STYLE_SINGLE && !a.single)
        style = STYLE_DOUBLE;
    if (style == STYLE_LITERAL && (!a.block || in_flow || is_key))
        style = STYLE_DOUBLE;
    return style;
}

// ---- scalars -------------------------------------------------------------------------------

// Does a line end at this single space? Only behind the best width, and only between two words.
static bool folds_at(const struct yaml_printer *p, str s, size_t at, bool may_fold, bool was_space)
{
    return may_fold && !was_space && p->column > WIDTH_BEST &&
           (at + 1 >= s.n || s.p[at + 1] != ' ');
}

static void put_rune_break(struct yaml_printer *p, str rune)
{
    if (str_eq(rune, S("\n"))) {
        put_break(p);
        return;
    }
    buf_put(p->out, rune);
    p->column = 0;
}

// Plain and single-quoted text differ in the quotes and in where a fold may stand.
static void put_folded(struct yaml_printer *p, str s, bool is_quoted, bool may_fold)
{
    bool was_space = false, was_break = false;
    for (size_t at = 0, width; at < s.n; at += width) {
        uint32_t rune = utf8_decode(str_skip(s, at), &width);
        str bytes = str_slice(s, at, at + width);
        if (rune == ' ') {
            bool is_inside = !is_quoted || (at > 0 && at + 1 < s.n);
            if (is_inside && folds_at(p, s, at, may_fold, was_space))
                put_indent(p);
            else
                put_char(p, ' ');
            was_space = true;
        } else if (is_break(rune)) {
            if (!was_break && rune == '\n')
                put_break(p);
            put_rune_break(p, bytes);
            p->at_indention = true;
            was_break = true;
        } else {
            if (was_break)
                put_indent(p);
            if (is_quoted && rune == '\'')
                put_char(p, '\'');
            put_rune_bytes(p, bytes);
            p->at_indention = false;
            was_space = was_break = false;
        }
    }
}

static void put_plain(struct yaml_printer *p, str s, bool may_fold)
{
    if (!p->at_whitespace)
        put_char(p, ' ');
    put_folded(p, s, false, may_fold);
    p->at_whitespace = p->at_indention = false;
}

static void put_single_quoted(struct yaml_printer *p, str s, bool may_fold)
{
    put_indicator(p, S("'"), true, false, false);
    put_folded(p, s, true, may_fold);
    put_indicator(p, S("'"), false, false, false);
}

static void put_text(struct yaml_printer *p, const char *text)
{
    for (; *text; text++)
        put_char(p, *text);
}

static void put_escape(struct yaml_printer *p, uint32_t rune)
{
    static const struct {
        uint32_t rune;
        char letter;
    } LETTERS[] = {{0x00, '0'},  {0x07, 'a'}, {0x08, 'b'}, {0x09, 't'},   {0x0a, 'n'},
                   {0x0b, 'v'},  {0x0c, 'f'}, {0x0d, 'r'}, {0x1b, 'e'},   {'"', '"'},
                   {'\\', '\\'}, {0x85, 'N'}, {0xa0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};
    put_char(p, '\\');
    for (size_t i = 0; i < ARRAY_LEN(LETTERS); i++)
        if (LETTERS[i].rune == rune) {
            put_char(p, LETTERS[i].letter);
            return;
        }
    char text[16];
    if (rune <= 0xff)
        snprintf(text, sizeof(text), "x%02X", rune);
    else if (rune <= 0xffff)
        snprintf(text, sizeof(text), "u%04X", rune);
    else
        snprintf(text, sizeof(text), "U%08X", rune);
    put_text(p, text);
}

static void put_double_quoted(struct yaml_printer *p, str s, bool may_fold)
{
    put_indicator(p, S("\""), true, false, false);
    bool was_space = false;
    for (size_t at = 0, width; at < s.n; at += width) {
        uint32_t rune = utf8_decode(str_skip(s, at), &width);
        bool is_space = rune == ' ';
        if (!is_printable(rune) || is_break(rune) || rune == '"' || rune == '\\') {
            put_escape(p, rune);
        } else if (is_space && may_fold && !was_space && p->column > WIDTH_BEST && at > 0 &&
                   at + 1 < s.n) {
            put_indent(p);
            if (s.p[at + 1] == ' ')
                put_char(p, '\\');
        } else {
            put_rune_bytes(p, str_slice(s, at, at + width));
        }
        was_space = is_space;
    }
    put_indicator(p, S("\""), false, false, false);
}

// "-" when the text does not end in a newline, "+" when it ends in several.
static str chomping(str s)
{
    if (!str_ends(s, S("\n")))
        return S("-");
    bool ends_twice = s.n == 1 || s.p[s.n - 2] == '\n';
    return ends_twice ? S("+") : S("");
}

static void put_literal(struct yaml_printer *p, str s)
{
    put_indicator(p, S("|"), true, false, false);
    if (s.p[0] == ' ' || s.p[0] == '\n')
        put_indicator(p, S("2"), false, false, false);
    put_indicator(p, chomping(s), false, false, false);
    put_break(p);
    p->at_indention = p->at_whitespace = true;
    bool was_break = true;
    for (size_t at = 0, width; at < s.n; at += width) {
        uint32_t rune = utf8_decode(str_skip(s, at), &width);
        str bytes = str_slice(s, at, at + width);
        if (is_break(rune)) {
            put_rune_break(p, bytes);
            p->at_indention = was_break = true;
        } else {
            if (was_break)
                put_indent(p);
            put_rune_bytes(p, bytes);
            p->at_indention = was_break = false;
        }
    }
}

static void put_scalar(struct yaml_printer *p, str s, str tag, enum style wanted, bool is_key)
{
    if (tag.n) {
        if (!p->at_whitespace)
            put_char(p, ' ');
        put_indicator(p, tag, false, false, false);
    }
    int outer = p->indent;
    p->indent = p->indent < 0 ? INDENT_STEP : p->indent + INDENT_STEP;
    switch (choose_style(p, s, wanted, is_key)) {
    case STYLE_PLAIN:
        put_plain(p, s, !is_key);
        break;
    case STYLE_SINGLE:
        put_single_quoted(p, s, !is_key);
        break;
    case STYLE_DOUBLE:
        put_double_quoted(p, s, !is_key);
        break;
    case STYLE_LITERAL:
        put_literal(p, s);
        break;
    }
    p->indent = outer;
}

// ---- places --------------------------------------------------------------------------------

// What comes in front of a value: "- ", ", ", an indent, ": ". Returns whether it is a simple key.
static bool begin_node(struct yaml_printer *p, bool may_be_simple_key)
{
    if (p->depth == 0)
        return false;
    bool is_flow = p->levels[p->depth - 1].is_flow;
    bool is_map = p->levels[p->depth - 1].is_map;
    if (is_map && p->levels[p->depth - 1].is_value_next) {
        p->levels[p->depth - 1].is_value_next = false;
        if (p->levels[p->depth - 1].is_complex_key) {
            if (!is_flow || p->column > WIDTH_BEST)
                put_indent(p);
            put_indicator(p, S(":"), true, false, !is_flow);
        } else {
            put_indicator(p, S(":"), false, false, false);
        }
        return false;
    }
    bool is_first = p->levels[p->depth - 1].is_empty;
    p->levels[p->depth - 1].is_empty = false;
    if (is_flow) {
        if (!is_first)
            put_indicator(p, S(","), false, false, false);
        if (p->column > WIDTH_BEST)
            put_indent(p);
    } else {
        put_indent(p);
        if (!is_map)
            put_indicator(p, S("-"), true, false, true);
    }
    if (!is_map)
        return false;
    p->levels[p->depth - 1].is_value_next = true;
    p->levels[p->depth - 1].is_complex_key = !may_be_simple_key;
    if (!may_be_simple_key)
        put_indicator(p, S("?"), true, false, !is_flow);
    return may_be_simple_key;
}

static void put_value(struct yaml_printer *p, str s, str tag, enum style wanted)
{
    p->is_flow_next = false;
    bool is_short = s.n + tag.n <= SIMPLE_KEY_MAX && !analyze(s).is_multiline;
    bool is_key = begin_node(p, is_short);
    put_scalar(p, s, tag, wanted, is_key);
}

static void put_binary(struct yaml_printer *p, str s)
{
    defer(buf_done) struct buf all = {0}, lines = {0};
    buf_put_base64(&all, s);
    for (size_t at = 0; at < all.n; at += BASE64_LINE_BYTES) {
        buf_put(&lines, str_slice(buf_str(&all), at, at + BASE64_LINE_BYTES));
        if (all.n >= BASE64_LINE_BYTES)
            buf_put_c(&lines, '\n');
    }
    bool is_long = str_find(buf_str(&lines), '\n') != STR_NONE;
    put_value(p, buf_str(&lines), S("!!binary"), is_long ? STYLE_LITERAL : STYLE_PLAIN);
}

void yaml_put_str(struct yaml_printer *p, str s)
{
    if (!utf8_is_valid(s))
        put_binary(p, s);
    else if (str_find(s, '\n') != STR_NONE)
        put_value(p, s, S(""), STYLE_LITERAL);
    else
        put_value(p, s, S(""), yaml_plain_is_str(s) ? STYLE_PLAIN : STYLE_DOUBLE);
}

void yaml_put_plain(struct yaml_printer *p, str s)
{
    put_value(p, s, S(""), STYLE_PLAIN);
}

// ---- containers ----------------------------------------------------------------------------

static void begin_container(struct yaml_printer *p, bool is_map, size_t count)
{
    assert(p->depth < YAML_PRINT_DEPTH_MAX);
    bool is_flow = p->flow_depth > 0 || p->is_flow_next || count == 0;
    p->is_flow_next = false;
    bool is_value_of_map = p->depth > 0 && p->levels[p->depth - 1].is_map;
    begin_node(p, count == 0);
    p->levels[p->depth].is_map = is_map;
    p->levels[p->depth].is_flow = is_flow;
    p->levels[p->depth].is_empty = true;
    p->levels[p->depth].is_value_next = false;
    p->levels[p->depth].is_complex_key = false;
    p->levels[p->depth].indent = p->indent;
    p->depth++;
    if (is_flow) {
        put_indicator(p, is_map ? S("{") : S("["), true, true, false);
        p->indent = p->indent < 0 ? INDENT_STEP : p->indent + INDENT_STEP;
        p->flow_depth++;
        return;
    }
    bool is_indentless = !is_map && is_value_of_map && !p->at_indention;
    if (p->indent < 0)
        p->indent = 0;
    else if (!is_indentless)
        p->indent += INDENT_STEP;
}

static void end_container(struct yaml_printer *p)
{
    assert(p->depth > 0 && !p->levels[p->depth - 1].is_value_next);
    p->depth--;
    p->indent = p->levels[p->depth].indent;
    if (p->levels[p->depth].is_flow) {
        p->flow_depth--;
        put_indicator(p, p->levels[p->depth].is_map ? S("}") : S("]"), false, false, false);
    }
}

void yaml_put_seq_begin(struct yaml_printer *p, size_t count)
{
    begin_container(p, false, count);
}

void yaml_put_seq_end(struct yaml_printer *p)
{
    end_container(p);
}

void yaml_put_map_begin(struct yaml_printer *p, size_t count)
{
    begin_container(p, true, count);
}

void yaml_put_map_end(struct yaml_printer *p)
{
    end_container(p);
}

void yaml_printer_init(struct yaml_printer *p, struct buf *out)
{
    *p = (struct yaml_printer){
        .out = out, .indent = -1, .at_whitespace = true, .at_indention = true};
}

void yaml_printer_done(struct yaml_printer *p)
{
    assert(p->depth == 0);
    put_indent(p);
}
