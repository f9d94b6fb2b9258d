// SPDX-License-Identifier: Apache-2.0
// tls_frame.h: what connections between members begin with, or consist of, when they are TLS.
//
//   frame    length32 (little-endian) message
//   message  0a "v0.1.0"  10 kind  1a from-address  22 packet        protobuf
//
// A STREAM frame (kind 0, not written) is followed by the raw stream; PACKET frames (kind 1) follow
// each other. Each must travel in TLS records of its own: upstream drops what comes in the same
// record behind a frame.
#pragma once
#include "base/env.h"
#include "gossip/packet.h"

#define FRAME_BYTES_MAX (PACKET_BYTES_READ_MAX + 512) // without the length

enum frame_kind { FRAME_STREAM = 0, FRAME_PACKET = 1 };

struct frame {
    enum frame_kind kind;
    str from;   // "10.0.0.1:9094": where the sender listens, maybe "0.0.0.0:9094"
    str packet; // both borrowed from the bytes
};

void frame_put_stream(struct buf *out);
void frame_put_packet(struct buf *out, str from, str packet);

// The first frame of bytes that come in pieces. SCAN_COMPLETE sets *ret and the bytes it takes.
// Errors with SCAN_BAD: ERR_LIMIT, ERR_SYNTAX, ERR_UNSUPPORTED (another version or kind).
enum scan_result frame_scan(str bytes, struct frame *ret, size_t *ret_bytes, struct err *err);
