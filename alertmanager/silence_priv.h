// SPDX-License-Identifier: Apache-2.0
// silence_priv.h: what silence.c (changes, merging) and silence_query.c (questions) share.
#pragma once
#include "alertmanager/silence_index.h"

struct silences {
    struct env *env;
    struct silences_options opt;
    uint64_t seed;
    uint64_t next_serial;
    struct map slots; // struct silence_slot by id, in order of addition
    struct silence_index index;
    struct journal *journal;
    bool is_loading;
    struct arena scratch; // of one decode or encode
    struct buf encoded;   // the record being written
    struct buf framed;    // with its length, for peers
    str *muting;          // the latest answer of silences_mutes
    size_t muting_cap;
    struct silences_stats stats;
};

// The slot of that id, or NULL.
struct silence_slot *silences_slot(const struct silences *s, str id);
