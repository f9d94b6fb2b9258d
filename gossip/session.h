// SPDX-License-Identifier: Apache-2.0
// session.h: what the files of a conversation share; not for others.
//
//   session.c       life, dialling, writing, events
//   session_read.c  messages out of the bytes that came
//   session_take.c  what they do: requests are served, responses taken
//
// One conversation on a stream: one request from the side that dialled, at most one response, then
// both sides close.
//
//   dialled   label, request (compressed) → … ← response (compressed)
//   accepted  the request is read to its end before anything is answered
//
// Bytes are kept until a message is complete; what was looked at is not looked at again. Large
// messages are compressed, encrypted and the reverse by a worker, while the conversation waits.
#pragma once
#include "gossip/bulk.h"
#include "gossip/swim.h"

enum session_kind { SESSION_SERVER, SESSION_PUSHPULL, SESSION_PING, SESSION_USER };

struct session {
    struct list link;
    struct swim *swim;
    struct stream *stream; // NULL: closed by the other side
    enum session_kind kind;
    struct addr peer;
    struct timer deadline;
    struct buf out;            // the request, until the stream is open; a state is taken then
    struct buf in;             // what came and is not understood yet
    struct buf plain;          // the message in `in`, decompressed by a worker
    struct bulk *packing;      // a message on its way out
    struct bulk *unpacking;    // the message in `in`
    bool has_label;            // the label header has been dealt with
    bool is_unsealed;          // `in` was encrypted, and is the whole message
    bool is_open;              // dialled streams: the request was written
    bool join;                 // push/pull
    mono_ns opened;            // dialled streams
    struct pushpull_scan scan; // of an uncompressed push/pull
    uint32_t seq_no;           // pings
    swim_done_fn *on_done;     // dialled streams
    void *owner;
};

// ---- session.c -----------------------------------------------------------------------------

// Ends the conversation and tells whoever started it. err NULL: it went well.
void session_end(struct session *n, const struct err *err);
// Sends a message compressed; a large one later.
void session_write(struct session *n, str message);
// The conversation is over as soon as the response has been written.
void session_finish(struct session *n);

// ---- session_read.c ------------------------------------------------------------------------

// A message of the stream. Slices point into the session's bytes or into `plain`.
struct incoming_message {
    enum msg_type type;
    str body;      // of an uncompressed message it may still be incomplete
    bool is_whole; // it came compressed or encrypted: nothing can follow
    struct buf plain;
    struct arena mem;
};

void incoming_done(struct incoming_message *m);

enum scan_result read_label(struct session *n, struct err *err);
// Type and body of the message. SCAN_MORE: bytes are missing, or a worker has it.
enum scan_result read_message(struct session *n, struct incoming_message *m, struct err *err);
// The body of one: a small structure, a push/pull, or a message of the application.
enum scan_result read_struct(struct incoming_message *m, void *ret, struct err *err);
enum scan_result read_pushpull(struct session *n, struct incoming_message *m, struct pushpull *ret,
                               struct err *err);
enum scan_result read_user(const struct incoming_message *m, str *ret, struct err *err);

// ---- session_take.c ------------------------------------------------------------------------

// Goes on with what has come, as far as that is possible. May end the conversation.
void session_continue(struct session *n);
// Ends it, because what came is no good.
void session_refuse(struct session *n, const struct err *err);
// The same for a message that cannot be read at all; a peer that dialled is told so.
void session_refuse_unread(struct session *n, const struct err *err);
