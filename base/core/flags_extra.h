// SPDX-License-Identifier: Apache-2.0
// flags_extra.h: what kingpin's programs print about themselves besides --help: the long help, a
// manual page, and what a shell needs to complete their command lines.
#pragma once
#include "base/core/flags.h"

void flags_help_long(const struct flags *f, struct buf *out); // with the flags of all commands
void flags_help_man(const struct flags *f, const char *version, struct buf *out); // in man(7)

// Scripts for a shell; they ask the program by --completion-bash.
void flags_script_bash(const struct flags *f, struct buf *out);
void flags_script_zsh(const struct flags *f, struct buf *out);

// How the line may go on, one proposal a line: argv is the whole line, the word at the cursor last,
// "--completion-bash" first. `chosen` is what flags_parse_command made of it.
void flags_complete(const struct flags *f, const struct flags_chosen *chosen, int argc,
                    char *const *argv, struct buf *out);
