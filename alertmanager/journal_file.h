// SPDX-License-Identifier: Apache-2.0
// journal_file.h: the bytes of a journal file.
//
//   frame    length u32le | crc32 u32le | payload[length]      crc over length and payload
//   first    payload = "tocsin journal 1 " | kind, filled up with spaces | generation u64le
//   others   payload = one record
//
// A frame of zeros is not valid, so a tail that the file system filled with zeros ends the journal.
#pragma once
#include "alertmanager/journal.h"

#define JOURNAL_FRAME_HEAD_BYTES 8
#define JOURNAL_MAGIC            "tocsin journal 1 "
#define JOURNAL_HEADER_BYTES                                                                       \
    (JOURNAL_FRAME_HEAD_BYTES + sizeof(JOURNAL_MAGIC) - 1 + JOURNAL_KIND_BYTES + 8)

void journal_put_frame(struct buf *out, str payload);
void journal_put_header(struct buf *out, str kind, uint64_t generation);

// What a file holds.
struct journal_scan {
    uint64_t generation; // 0: no valid header, it can't be appended to
    uint64_t good_bytes; // up to here it can be appended to
    uint64_t torn_bytes; // behind that, without a valid frame in them: a crash cut the last append
    uint64_t skipped_bytes; // damaged bytes in front of valid frames
    size_t records, bad_records;
    struct err damage; // the first; code ERR_NONE: none, or only torn
};

// Hands each record to on_record(), also those behind damaged bytes. A file of another kind is
// damaged as a whole.
void journal_scan(str file, str kind, bool (*on_record)(void *owner, str record, struct err *err),
                  void *owner, struct journal_scan *ret);
