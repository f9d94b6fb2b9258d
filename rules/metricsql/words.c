// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/words.h"

// ---- operators ---------------------------------------------------------------------------------

struct op_info {
    str text;
    int rank;
};

#define OP(text, rank)                                                                             \
    {                                                                                              \
        {"" text, sizeof(text) - 1}, rank                                                          \
    }

static const struct op_info OPS[] = {
    [MQL_OP_NONE] = OP("", 0),         [MQL_OP_DEFAULT] = OP("default", -1),
    [MQL_OP_IF] = OP("if", 0),         [MQL_OP_IFNOT] = OP("ifnot", 0),
    [MQL_OP_OR] = OP("or", 1),         [MQL_OP_AND] = OP("and", 2),
    [MQL_OP_UNLESS] = OP("unless", 2), [MQL_OP_EQ] = OP("==", 3),
    [MQL_OP_NE] = OP("!=", 3),         [MQL_OP_LT] = OP("<", 3),
    [MQL_OP_LE] = OP("<=", 3),         [MQL_OP_GT] = OP(">", 3),
    [MQL_OP_GE] = OP(">=", 3),         [MQL_OP_ADD] = OP("+", 4),
    [MQL_OP_SUB] = OP("-", 4),         [MQL_OP_MUL] = OP("*", 5),
    [MQL_OP_DIV] = OP("/", 5),         [MQL_OP_MOD] = OP("%", 5),
    [MQL_OP_ATAN2] = OP("atan2", 5),   [MQL_OP_POW] = OP("^", 6),
};

#define OP_BYTES_MAX 7

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

enum mql_op mql_op_find(str text)
{
    if (text.n == 0 || text.n > OP_BYTES_MAX)
        return MQL_OP_NONE;
    for (enum mql_op op = MQL_OP_DEFAULT; op <= MQL_OP_POW; op++) {
        if (OPS[op].text.n == text.n && str_eq_nocase(OPS[op].text, text))
            return op;
    }
    return MQL_OP_NONE;
}

size_t mql_op_scan_sign(str s, enum mql_op *ret)
{
    for (size_t n = MIN(s.n, 2); n > 0; n--) {
        *ret = is_letter(s.p[0]) ? MQL_OP_NONE : mql_op_find(str_slice(s, 0, n));
        if (*ret != MQL_OP_NONE)
            return n;
    }
    return 0;
}

str mql_op_text(enum mql_op op)
{
    return OPS[op].text;
}

int mql_op_rank(enum mql_op op)
{
    return OPS[op].rank;
}

bool mql_op_is_right_associative(enum mql_op op)
{
    return op == MQL_OP_POW;
}

bool mql_op_is_word(enum mql_op op)
{
    return OPS[op].text.n > 0 && is_letter(OPS[op].text.p[0]);
}

bool mql_op_is_comparison(enum mql_op op)
{
    return op >= MQL_OP_EQ && op <= MQL_OP_GE;
}

bool mql_op_is_set(enum mql_op op)
{
    return op == MQL_OP_OR || op == MQL_OP_AND || op == MQL_OP_UNLESS;
}

bool mql_op_takes_fill(enum mql_op op)
{
    return op >= MQL_OP_EQ;
}

// ---- modifiers ---------------------------------------------------------------------------------

#define WORD(text)                                                                                 \
    {                                                                                              \
        "" text, sizeof(text) - 1                                                                  \
    }

static const str MODIFIERS[] = {
    [MQL_MODIFIER_NONE] = WORD(""),
    [MQL_MODIFIER_BY] = WORD("by"),
    [MQL_MODIFIER_WITHOUT] = WORD("without"),
    [MQL_MODIFIER_ON] = WORD("on"),
    [MQL_MODIFIER_IGNORING] = WORD("ignoring"),
    [MQL_MODIFIER_GROUP_LEFT] = WORD("group_left"),
    [MQL_MODIFIER_GROUP_RIGHT] = WORD("group_right"),
};

static const str FILLS[] = {
    [MQL_FILL_NONE] = WORD(""),
    [MQL_FILL_BOTH] = WORD("fill"),
    [MQL_FILL_LEFT] = WORD("fill_left"),
    [MQL_FILL_RIGHT] = WORD("fill_right"),
};

static size_t find_word(const str *words, size_t count, str word) // 0: not there
{
    for (size_t i = count - 1; i > 0; i--) {
        if (words[i].n == word.n && str_eq_nocase(words[i], word))
            return i;
    }
    return 0;
}

enum mql_modifier_kind mql_modifier_find(str word)
{
    return (enum mql_modifier_kind)find_word(MODIFIERS, ARRAY_LEN(MODIFIERS), word);
}

str mql_modifier_text(enum mql_modifier_kind kind)
{
    return MODIFIERS[kind];
}

bool mql_modifier_is_aggregate(enum mql_modifier_kind kind)
{
    return kind == MQL_MODIFIER_BY || kind == MQL_MODIFIER_WITHOUT;
}

bool mql_modifier_is_group(enum mql_modifier_kind kind)
{
    return kind == MQL_MODIFIER_ON || kind == MQL_MODIFIER_IGNORING;
}

bool mql_modifier_is_join(enum mql_modifier_kind kind)
{
    return kind == MQL_MODIFIER_GROUP_LEFT || kind == MQL_MODIFIER_GROUP_RIGHT;
}

enum mql_fill mql_fill_find(str word)
{
    return (enum mql_fill)find_word(FILLS, ARRAY_LEN(FILLS), word);
}

bool mql_word_is_reserved(str name)
{
    enum mql_modifier_kind kind = mql_modifier_find(name);
    return mql_modifier_is_group(kind) || mql_modifier_is_join(kind) ||
           mql_fill_find(name) != MQL_FILL_NONE || str_eq_nocase(name, S("bool")) ||
           str_eq_nocase(name, S("prefix"));
}
