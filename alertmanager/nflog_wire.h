// SPDX-License-Identifier: Apache-2.0
// nflog_wire.h: entries of the notification log from and to protobuf.
#pragma once
#include "alertmanager/nflog.h"

// The entry of an encoded MeshEntry, in one block of the heap (mem_free), with a copy of the
// record. now: for notified_at. NULL: ERR_SYNTAX "invalid state" (no entry or no receiver),
// "malformed …", ERR_LIMIT. What it allocates in scratch may be forgotten.
struct nflog_entry *nflog_entry_decode(str record, time_ns now, struct arena *scratch,
                                       struct err *err);

// The MeshEntry of a local write. False: ERR_LIMIT.
bool nflog_write_encode(const struct nflog_write *w, time_ns timestamp, time_ns expires_at,
                        struct arena *scratch, struct buf *out, struct err *err);
