// SPDX-License-Identifier: Apache-2.0
// ignored_flags.h: flags that are accepted so that command lines made for upstream's binaries
// start: they tune what is not there, or belong to its paid edition (spec: vmalert flags §6).
#pragma once
#include "base/core/flags.h"
#include "base/core/log.h"

struct ignored_flags {
    bool switches[8];
    int64_t numbers[8];
    double percent;
    dur_ns durations[8];
    str texts[4];
};

size_t ignored_flags_count(void); // for the array that ignored_flags_put fills
void ignored_flags_put(struct flag *to, struct ignored_flags *f);

// One line for each that was given and would have done something: those of the paid edition.
void ignored_flags_warn(const struct flags *flags, const struct log *log);
