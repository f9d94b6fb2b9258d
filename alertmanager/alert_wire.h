// SPDX-License-Identifier: Apache-2.0
// alert_wire.h: one alert as a record of the alerts' journal and snapshot. Ours alone: no other
// program reads it. Layout: docs/wire/alerts.md.
//
// Thread: core. Encoding allocates nothing; decoding borrows from the record.
#pragma once
#include "alertmanager/alert.h"
#include "base/core/arena.h"
#include "base/core/err.h"

#define ALERT_RECORD_VERSION 1

struct alert_record {
    uint64_t number; // of two records about one label set the one with the higher number counts
    bool is_over;    // it was told that the alert is over: only number and labels are given
    bool is_noted;
    struct alert_draft
        draft; // completed: sorted, times set; lists in the arena, texts in the record
    time_ns updated_at;
};

// Appends the record of this version, with the end that was promised.
void alert_record_encode(const struct alert *a, uint64_t number, struct buf *out);

// Errors: ERR_UNSUPPORTED (another version), ERR_SYNTAX.
bool alert_record_decode(str record, struct arena *mem, struct alert_record *ret, struct err *err);
