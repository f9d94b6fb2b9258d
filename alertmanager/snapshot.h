// SPDX-License-Identifier: Apache-2.0
// snapshot.h: reading upstream's state files, damaged ones too.
//
// Upstream refuses to start on a damaged file. Here every record whose frame still holds is used;
// what can't be framed any more is skipped up to the end, and the caller sets a copy aside.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"
#include "base/core/time.h"

#define SNAPSHOT_RECORD_BYTES_MAX ((size_t)4 << 20) // upstream's limit since 0.32

struct snapshot_report {
    size_t records;         // taken
    size_t bad_records;     // framed, but refused by on_record()
    uint64_t skipped_bytes; // behind the last frame that held
    struct err damage;      // the first damage; code ERR_NONE: none
};

static inline bool snapshot_is_damaged(const struct snapshot_report *r)
{
    return r->damage.code != ERR_NONE;
}

// Hands each record to on_record(), which answers false (and err) to refuse it.
void snapshot_load(str file, bool (*on_record)(void *owner, str record, struct err *err),
                   void *owner, struct snapshot_report *ret);

// "<path>.corrupt.<unix seconds>": where a damaged file's copy goes.
void snapshot_corrupt_path(str path, time_ns now, struct buf *out);
