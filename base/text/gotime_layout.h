// SPDX-License-Identifier: Apache-2.0
// gotime_layout.h: a layout cut into its elements; private to the gotime files.
#pragma once
#include "base/text/gotime.h"

enum element {
    EL_NONE,
    EL_LONG_MONTH,
    EL_MONTH,
    EL_NUM_MONTH,
    EL_ZERO_MONTH,
    EL_LONG_WEEKDAY,
    EL_WEEKDAY,
    EL_DAY,
    EL_UNDER_DAY,
    EL_ZERO_DAY,
    EL_UNDER_YEAR_DAY,
    EL_ZERO_YEAR_DAY,
    EL_HOUR,
    EL_HOUR12,
    EL_ZERO_HOUR12,
    EL_MINUTE,
    EL_ZERO_MINUTE,
    EL_SECOND,
    EL_ZERO_SECOND,
    EL_LONG_YEAR,
    EL_YEAR,
    EL_PM,
    EL_LOWER_PM,
    EL_ZONE,
    EL_OFFSET,     // -07 and its longer forms
    EL_ISO_OFFSET, // Z07 and its longer forms
    EL_FRACTION_0, // exactly so many digits
    EL_FRACTION_9, // without trailing zeros
};

struct chunk {
    str prefix; // literal text in front
    enum element element;
    str text; // of the element, in the layout
    str rest;
    bool has_minutes, has_seconds, has_colons; // of an offset
};

// Literal text and the element behind it; EL_NONE at the end.
struct chunk layout_next(str layout);

extern const char *const LAYOUT_MONTHS[12];
extern const char *const LAYOUT_WEEKDAYS[7]; // from Sunday
