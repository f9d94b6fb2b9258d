// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/snapshot.h"

#include "base/text/pb.h"

// The first damage is the one worth telling; what follows may be its consequence.
static void snapshot_note_damage(struct snapshot_report *r, const struct err *err)
{
    if (!snapshot_is_damaged(r))
        r->damage = *err;
}

void snapshot_load(str file, bool (*on_record)(void *owner, str record, struct err *err),
                   void *owner, struct snapshot_report *ret)
{
    *ret = (struct snapshot_report){0};
    for (;;) {
        str record;
        struct err err = ERR_INIT;
        switch (pb_take_record(&file, SNAPSHOT_RECORD_BYTES_MAX, &record, &err)) {
        case PB_END:
            return;
        case PB_MALFORMED:
            ret->skipped_bytes += file.n;
            snapshot_note_damage(ret, &err);
            return;
        case PB_RECORD:
            break;
        }
        if (on_record(owner, record, &err)) {
            ret->records++;
            continue;
        }
        ret->bad_records++;
        ret->skipped_bytes += record.n;
        snapshot_note_damage(ret, &err);
    }
}

void snapshot_corrupt_path(str path, time_ns now, struct buf *out)
{
    buf_put(out, path);
    buf_put(out, S(".corrupt."));
    buf_put_i64(out, now / DUR_SECONDS(1));
}
