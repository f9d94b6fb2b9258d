// SPDX-License-Identifier: Apache-2.0
// stream.h: a stream, between stream_uv.c and listen_uv.c (TCP), and stream_tls.c (TLS on it). Not
// for others.
//
// A stream's life: DIALLING -> [SHAKING ->] OPEN -> (CLOSING ->) GONE. SHAKING: the TLS handshake;
// the listener's owner does not know of the stream yet, the dialler's has had no on_open; with
// env_stream_starttls a stream goes from OPEN to SHAKING and back. CLOSING: the owner has let go;
// what was written is flushed, our end is shut, and what the other side still sends is read and
// dropped for a moment, since closing a socket with unread data would reset it and could destroy
// our last bytes on their way. GONE: only libuv's close callback is to come.
#pragma once
#include "base/io/io.h"
#include "base/io/tls.h"

#define HANDSHAKE_TIMEOUT   DUR_SECONDS(10)
#define HANDSHAKES_OPEN_MAX 256 // of one listener; then the oldest is given up

enum stream_state { STREAM_DIALLING, STREAM_SHAKING, STREAM_OPEN, STREAM_CLOSING, STREAM_GONE };

struct stream {
    uv_tcp_t handle;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    struct list link; // env_uv.streams
    struct env_uv *env;
    enum stream_state state;
    struct stream_events events;
    void *owner;
    struct addr peer;
    bool has_events;
    bool has_written;
    bool has_ended;  // the other side's half is over, or of no interest any more
    bool starts_tls; // SHAKING: the handshake begins when `timer` fires
    size_t dropped;  // bytes read while CLOSING
    // OPEN and DIALLING: reports `failure` from outside of the call that met it. SHAKING: its
    // deadline. CLOSING: limits the flush and the linger.
    struct timer timer;
    int failure;         // libuv's negative number, 0: none
    const char *failing; // the operation that failed: "dial", "read", "write"

    struct tls_session *tls;   // NULL: plain
    struct listener *listener; // that waits for the handshake of an accepted stream; or NULL
    struct buf head;           // a dialled TLS stream begins with it
    struct err *why;           // what ended it, where that is not an operation of the system
};

struct listener {
    uv_tcp_t handle;
    struct list link; // env_uv.listeners
    struct env_uv *env;
    accept_fn *fn;
    void *owner;
    struct tls *tls; // NULL: plain
    size_t shaking_count;
};

// ---- stream_uv.c ---------------------------------------------------------------------------

struct stream *stream_new(struct env_uv *e, enum stream_state state);
void stream_opened(struct stream *s); // connected: reading begins
void stream_write_raw(struct stream *s, str data);
void stream_end(struct stream *s); // from the loop only, never from inside an owner's call
void stream_fail_later(struct stream *s, const char *failing, int failure);
void stream_set_timer(struct stream *s, dur_ns delay);
void stream_destroy(struct stream *s);

// ---- listen_uv.c ---------------------------------------------------------------------------

void listener_hand_over(struct listener *l, struct stream *s); // accepted, and shaken

// ---- stream_tls.c --------------------------------------------------------------------------

void stream_tls_start(struct stream *s);                // connected: the handshake begins
void stream_tls_read(struct stream *s, str ciphertext); // SHAKING and OPEN
void stream_tls_eof(struct stream *s);                  // the connection ended without a goodbye
void stream_tls_write(struct stream *s, str data);      // OPEN
void stream_tls_goodbye(struct stream *s);
