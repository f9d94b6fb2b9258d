// SPDX-License-Identifier: Apache-2.0
// envelope.h: the two protobuf messages around replicated states (cluster.proto).
//
//   Part       0a len key  12 len data       an update
//   FullState  0a len Part, …                all states of a peer
//
// Read and written by hand: a full state is megabytes that need not be copied, and two bytes on the
// wire can make an empty Part, for which generated code allocates fifty times as much.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

struct part {
    str key;
    str data; // borrowed from the input
};

void part_put(struct buf *out, const struct part *p);
size_t part_bytes(const struct part *p);

// Unknown fields are skipped, of a repeated one the last counts. Errors: ERR_SYNTAX, also for a key
// that is not UTF-8.
bool part_read(str bytes, struct part *ret, struct err *err);

void full_state_put(struct buf *out, const struct part *p);      // appends one more part
void full_state_put_head(struct buf *out, const struct part *p); // up to its data

// Takes the next part off *bytes. False at the end (err->code ERR_NONE) or where it is malformed.
bool full_state_next(str *bytes, struct part *ret, struct err *err);
