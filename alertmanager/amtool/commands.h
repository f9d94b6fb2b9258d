// SPDX-License-Identifier: Apache-2.0
// commands.h: the tables of amtool's commands and flags. They point into the struct amtool that
// they were made for.
#pragma once
#include "alertmanager/amtool/amtool.h"

// In `mem`, as long as it lives. Whose parts are still to be filled: file_read, default_find,
// env_owner.
struct flags amtool_flags(struct amtool *t, struct arena *mem);

struct amtool_command {
    amtool_command_fn *run;
    bool needs_url; // upstream refuses to run it without --alertmanager.url
};

// What a chosen command does; run is NULL for one that needs another.
struct amtool_command amtool_command_find(const struct flags_chosen *chosen);
