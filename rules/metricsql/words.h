// SPDX-License-Identifier: Apache-2.0
// words.h: operators and modifiers of MetricsQL: their spelling, rank and kind. Words are found in
// any case and printed in lower case.
#pragma once
#include "rules/metricsql/ast.h"

enum mql_op mql_op_find(str text); // MQL_OP_NONE: it is none
// The operator made of signs that s begins with, the longest one; its bytes, or 0.
size_t mql_op_scan_sign(str s, enum mql_op *ret);
str mql_op_text(enum mql_op op);
// A higher rank binds more tightly. spec: vmalert MetricsQL §5.
int mql_op_rank(enum mql_op op);
bool mql_op_is_right_associative(enum mql_op op);
bool mql_op_is_word(enum mql_op op);       // and or unless if ifnot default atan2
bool mql_op_is_comparison(enum mql_op op); // takes bool
bool mql_op_is_set(enum mql_op op);        // and or unless: no group_left and group_right
bool mql_op_takes_fill(enum mql_op op);

enum mql_modifier_kind mql_modifier_find(str word);
str mql_modifier_text(enum mql_modifier_kind kind); // MQL_MODIFIER_NONE: empty

bool mql_modifier_is_aggregate(enum mql_modifier_kind kind); // by, without
bool mql_modifier_is_group(enum mql_modifier_kind kind);     // on, ignoring
bool mql_modifier_is_join(enum mql_modifier_kind kind);      // group_left, group_right

enum mql_fill { MQL_FILL_NONE, MQL_FILL_BOTH, MQL_FILL_LEFT, MQL_FILL_RIGHT };
enum mql_fill mql_fill_find(str word); // fill, fill_left, fill_right

// May not stand behind an operator as a name: it would be read as a modifier.
bool mql_word_is_reserved(str name);
