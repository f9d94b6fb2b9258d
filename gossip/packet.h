// SPDX-License-Identifier: Apache-2.0
// packet.h: what memberlist puts on the wire, as pure functions over bytes.
//
//   packet  = [label] [crc] message           ≤ 1400 bytes as sent, 64 KiB as read
//   stream  = [label] message                 the label only from the side that dialled
//   message = type body
//   body    = msgpack structure | compound | compressed message | application's bytes
//
//   label    f4 len label                     compound  07 n len16[n] part[n]
//   crc      0c crc32 message                 compress  09 {Algo: 0, Buf: lzw(message)}
//   user     08 bytes (packet)                pushPull  06 {header} {state}[n] user-state
//            08 {UserMsgLen} bytes (stream)
//
// Numbers outside msgpack are big-endian. Texts that decoding hands out are borrowed from the input
// or live in the arena it was given.
#pragma once
#include "base/core/arena.h"
#include "base/core/buf.h"
#include "base/core/err.h"

#define PACKET_BYTES_MAX      1400            // of a packet that we send
#define PACKET_BYTES_READ_MAX ((size_t)65536) // of one that we read, compressed or not
#define PACKET_PARTS_MAX      255             // of a compound
#define COMPOUND_DEPTH_MAX    4
#define COMPRESS_DEPTH_MAX    2
#define STREAM_BYTES_MAX      ((size_t)64 << 20) // of a message on a stream, compressed or not
#define LABEL_BYTES_MAX       255
#define NAME_BYTES_MAX        255
#define META_BYTES_MAX        512
#define VSN_BYTES             6     // PMin PMax PCur DMin DMax DCur
#define STATES_MAX            65536 // member states in one push/pull

enum msg_type {
    MSG_PING = 0,
    MSG_INDIRECT_PING = 1,
    MSG_ACK = 2,
    MSG_SUSPECT = 3,
    MSG_ALIVE = 4,
    MSG_DEAD = 5,
    MSG_PUSHPULL = 6,
    MSG_COMPOUND = 7,
    MSG_USER = 8,
    MSG_COMPRESS = 9,
    MSG_ENCRYPT = 10,
    MSG_NACK = 11,
    MSG_CRC = 12,
    MSG_ERR = 13,
    MSG_LABEL = 244,
};

enum member_state { MEMBER_ALIVE = 0, MEMBER_SUSPECT = 1, MEMBER_DEAD = 2, MEMBER_LEFT = 3 };

struct msg_ping {
    uint32_t seq_no;
    str node; // who is meant; empty: anyone
    str source_addr;
    uint16_t source_port;
    str source_node;
};

struct msg_indirect_ping {
    uint32_t seq_no; // of the requester
    str target;
    uint16_t port;
    str node;
    bool nack;
    str source_addr;
    uint16_t source_port;
    str source_node;
};

struct msg_ack {
    uint32_t seq_no;
    str payload; // empty over packets, nil (p NULL) over streams
};

struct msg_nack {
    uint32_t seq_no;
};

struct msg_err {
    str error;
};

struct msg_suspect { // and dead
    uint32_t incarnation;
    str node;
    str from; // of a dead message: equal to node when it left by itself
};

struct msg_alive {
    uint32_t incarnation;
    str node;
    str addr;
    uint16_t port;
    str meta;
    str vsn;
};

struct msg_pushpull {
    int64_t nodes;
    int64_t user_state_len;
    bool join;
};

struct msg_state {
    str name;
    str addr;
    str meta;
    str vsn;
    int64_t state; // enum member_state
    uint32_t incarnation;
    uint16_t port;
};

struct msg_user {
    int64_t user_msg_len;
};

struct msg_compress {
    uint8_t algo; // 0: LZW
    str buf;
};

// ---- messages ------------------------------------------------------------------------------

// Appends type byte and structure. `msg` is the struct that belongs to the type: msg_ping …
void message_put(struct buf *out, enum msg_type type, const void *msg);

// Decodes the body of a message with a msgpack structure. Bytes behind it are ignored.
bool message_decode(enum msg_type type, str body, void *ret_msg, struct arena *mem,
                    struct err *err);

enum scan_result { SCAN_MORE, SCAN_COMPLETE, SCAN_BAD };

// The same for a body that comes in pieces: SCAN_MORE until it is all there.
enum scan_result message_scan(enum msg_type type, str body, void *ret_msg, struct arena *mem,
                              struct err *err);

// ---- compound ------------------------------------------------------------------------------

// Messages that travel together. Zero-initialised it is ready for use; parts_done frees.
struct parts {
    struct buf bytes;
    uint16_t part_bytes[PACKET_PARTS_MAX];
    size_t count;
};

void parts_done(struct parts *p);
void parts_add(struct parts *p, str head, str tail); // one message in two pieces; it must fit
void parts_put_compound(const struct parts *p, struct buf *out); // one part: the message alone

struct compound {
    str lengths; // 2 bytes each
    str bytes;
    size_t truncated; // parts that run past the end, and all behind them
};

// Errors: ERR_SYNTAX ("missing compound length byte", "truncated len slice").
bool compound_open(str body, struct compound *ret, struct err *err);
bool compound_next(struct compound *c, str *ret_part); // false: no further part

// ---- wrappers ------------------------------------------------------------------------------

// `label` in front; nothing if it is empty.
void label_put(struct buf *out, str label);
size_t label_overhead(str label);

// Takes a label header off. Errors: ERR_SYNTAX (truncated or empty). is_short, if given, tells
// that more bytes may help.
bool label_remove(str data, str *ret_label, str *ret_rest, bool *ret_is_short, struct err *err);

// The message inside a CRC wrapper, or the message itself. Errors: ERR_INVALID (checksum).
bool crc_remove(str message, str *ret_message, struct err *err);

// Appends the compress message around `message`.
void compress_put(struct buf *out, str message);

// The compressed bytes of a compress message's body that may come in pieces. Errors with SCAN_BAD:
// ERR_SYNTAX, ERR_UNSUPPORTED (another algorithm).
enum scan_result compress_scan(str body, struct arena *mem, str *ret_lzw, struct err *err);

// The message inside a compress message's body. Errors: ERR_SYNTAX, ERR_UNSUPPORTED (another
// algorithm), ERR_LIMIT (bytes_max).
bool decompress(str body, size_t bytes_max, struct arena *mem, struct buf *out, struct err *err);

// A whole packet: compressed if that is shorter, with a checksum if wanted, with the label.
void packet_seal(struct buf *out, str message, bool has_crc, str label);

// The message of a packet. Errors: as label_remove and crc_remove; ERR_INVALID for another label
// ("discarding packet with unacceptable label \"x\"").
bool packet_open(str packet, str label, str *ret_message, struct err *err);

// ---- push/pull -----------------------------------------------------------------------------

// Finds out whether a push/pull body that comes in pieces is complete, without looking at any byte
// twice. Zero-initialised it is at the start.
struct pushpull_scan {
    struct msg_pushpull header;
    size_t at; // bytes looked at
    int64_t states_done;
    bool has_header;
};

// body: what came so far, from the start. Errors with SCAN_BAD: ERR_SYNTAX, ERR_LIMIT.
enum scan_result pushpull_scan(struct pushpull_scan *scan, str body, struct err *err);

struct pushpull {
    bool join;
    const struct msg_state *states;
    size_t count;
    str user_state;
};

bool pushpull_decode(str body, struct arena *mem, struct pushpull *ret, struct err *err);
void pushpull_put(struct buf *out, const struct pushpull *p);
void pushpull_put_head(struct buf *out, const struct pushpull *p); // up to the user state

// The body of a user message on a stream. SCAN_COMPLETE sets *ret_message.
enum scan_result user_scan(str body, str *ret_message, struct err *err);
