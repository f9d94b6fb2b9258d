// SPDX-License-Identifier: Apache-2.0
// flags_internal.h: shared by the two parsers and the values behind them.
#pragma once
#include "base/core/flags.h"

static inline bool flag_is_switch(const struct flag *flag)
{
    return flag->type == FLAG_BOOL || flag->type == FLAG_BOOLS;
}

static inline bool flag_is_list(const struct flag *flag)
{
    return flag->type == FLAG_STRS || flag->type == FLAG_BOOLS || flag->type == FLAG_INTS ||
           flag->type == FLAG_DURS || flag->type == FLAG_SIZES;
}

// Empties lists, so that parsing twice does not add up, and clears is_set.
void flag_reset(const struct flag *flag);
// Parses and stores. Error texts are those of the style's value types.
bool flag_set(enum flags_style style, const struct flag *flag, str value, struct arena *mem,
              struct err *err);
// Puts the default in place of a value that was not given. A list of numbers only learns its item
// default.
bool flag_set_default(const struct flags *f, const struct flag *flag, struct arena *mem,
                      struct err *err);

bool flags_parse_kingpin(const struct flags *f, int argc, char *const *argv, struct arena *mem,
                         struct flags_chosen *ret_chosen, struct flag_strs *ret_args,
                         struct err *err);
bool flags_parse_go(const struct flags *f, int argc, char *const *argv, struct arena *mem,
                    struct flag_strs *ret_args, struct err *err);

// "-h, --help", "    --[no-]switch", "--name=VALUE ..."
void flag_put_usage(struct buf *out, const struct flag *flag, bool have_short);
void flag_put_command_usage(struct buf *out, const struct flags_command *c); // " [<flags>] <arg>"

void flag_put_quoted(struct buf *out, str s); // Go's %q
void flag_strs_add(struct flag_strs *list, str item, struct arena *mem);
// The array in `items` with room for one more item behind the first `count`; it may have moved.
void *flag_list_grown(void *items, size_t count, size_t item_bytes, struct arena *mem);
struct flag_strs flag_split_items(str value, struct arena *mem); // an array flag's value
unsigned flag_digit_value(char c);                               // 0 … 35; above: no digit
