// SPDX-License-Identifier: Apache-2.0
// env.h: THE SEAM. Every fact about the world, and every effect on it, goes through a struct env.
//
// Two implementations: base/io (libuv, sockets, files, libcurl, libmicrohttpd, c-ares) and
// tests/sim (virtual time and a seeded world). Code above the seam is single-threaded and sees
// the same rules from both:
//
// - An operation never completes inside the call that starts it.
// - Each operation completes exactly once, or is cancelled; after cancel returns, no callback
// comes.
// - What a callback is handed lives until the callback returns, unless said otherwise.
// - What a call is handed is copied before the call returns, unless said otherwise.
// - Timers with equal deadlines fire in the order in which they were set.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"
#include "base/core/log.h"
#include "base/core/time.h"
#include "base/core/timer.h"

struct env;

// ---- addresses -----------------------------------------------------------------------------

struct addr {
    uint8_t ip[16];
    uint8_t ip_bytes; // 4 or 16; 0: no address
    uint16_t port;
};

bool addr_eq(const struct addr *a, const struct addr *b);
uint64_t addr_hash(uint64_t seed, const struct addr *a); // for tables
bool addr_parse_ip(str text, struct addr *ret);          // "10.0.0.1" or "fd00::1"; port 0
bool addr_parse(str text, struct addr *ret);             // "10.0.0.1:9094" or "[fd00::1]:9094"
void buf_put_ip(struct buf *b, const struct addr *a);
void buf_put_addr(struct buf *b, const struct addr *a); // an IPv6 address in brackets
bool addr_is_unspecified(const struct addr *a);
bool addr_is_loopback(const struct addr *a);

// ---- datagrams -----------------------------------------------------------------------------

struct udp;
typedef void udp_fn(void *owner, const struct addr *from, str datagram);

// ---- streams: TCP, or TLS over TCP ---------------------------------------------------------

struct stream;
struct listener;

struct stream_events {
    void (*on_open)(void *owner);           // dialled: connected; and see env_stream_starttls
    void (*on_data)(void *owner, str data); // any piece of the byte stream
    // The stream is gone. ERR_NONE: the other side closed after a clean end.
    void (*on_close)(void *owner, const struct err *why);
};

typedef void accept_fn(void *owner, struct stream *stream, const struct addr *from);

struct tls;     // one side's certificate and demands, shared by its streams; see env_tls_new
struct tlsconf; // base/model/tlsconf.h

// ---- DNS -----------------------------------------------------------------------------------

enum dns_kind { DNS_ADDR /* A and AAAA */, DNS_A, DNS_AAAA, DNS_SRV, DNS_MX };

struct dns_record {
    struct addr addr; // A, AAAA; port 0
    str target;       // SRV, MX; without the final dot
    uint16_t port, priority, weight;
};

struct dns_query;
// err->code is ERR_NONE on success (count may still be 0), ERR_NOT_FOUND if the name is unknown.
typedef void dns_fn(void *owner, const struct dns_record *records, size_t count,
                    const struct err *err);

// ---- HTTP client ---------------------------------------------------------------------------

struct http_header {
    str name, value;
};

struct httpconf; // base/model/httpconf.h: authentication, TLS, proxy; NULL for none

struct http_request {
    str method; // empty: GET
    str url;
    const struct http_header *headers;
    size_t header_count;
    str body;
    dur_ns timeout;              // for the whole exchange, from this moment on; 0: none
    size_t response_bytes_max;   // 0: HTTP_RESPONSE_BYTES_MAX; a longer one is ERR_LIMIT
    const struct httpconf *conf; // borrowed until the call ends
    bool no_redirects;
};

#define HTTP_RESPONSE_BYTES_MAX ((size_t)64 << 20)

struct http_response {
    int status;
    const struct http_header *headers;
    size_t header_count;
    str body;
};

struct http_call;
// response is NULL when there was none; then err says why (ERR_NETWORK, ERR_TIMEOUT, ERR_LIMIT …).
// err->text is the bare cause ("connection refused"), without method and URL.
typedef void http_done_fn(void *owner, const struct http_response *response, const struct err *err);

// Did the server end a kept connection under the request? Then it is worth a second try at once.
bool http_was_cut_off(const struct err *why);

str http_header_find(const struct http_header *headers, size_t count, str name); // any case

// ---- HTTP server ---------------------------------------------------------------------------

struct http_reply {
    int status;
    const struct http_header *headers; // Content-Length and Date are added
    size_t header_count;
    str body;
    // A large body in pieces instead of `body`: next() appends the following piece to `out` and
    // returns false after the last; it is called as the client takes them. done() is called once.
    bool (*next)(void *owner, struct buf *out);
    void (*done)(void *owner);
    void *owner;
};

// One request being answered. Filled by the server; valid until it has been replied to.
struct http_exchange {
    str method;
    str target; // as sent: "/a%20b?x=1"
    str path;   // target up to '?', still percent-encoded
    str query;  // behind '?'
    const struct http_header *headers;
    size_t header_count;
    str body;
    bool has_body; // a Content-Length above 0, or chunked data came
    struct addr peer;
    mono_ns connected_at; // when its connection was accepted; 0: not known
    struct arena *mem;    // lives as long as the exchange
    void (*reply)(struct http_exchange *, const struct http_reply *); // exactly once, any time
};

struct http_server;

struct http_server_counts {
    uint64_t accepted, open; // connections: all of them, those of now
};

struct http_server_options {
    str listen;            // "host:port", ":port"; port 0 picks one
    size_t body_bytes_max; // a longer body is answered with 413 and not read
    void (*handle)(void *owner, struct http_exchange *);
    void *owner;
    const struct web_config *web_config; // TLS, users, headers; NULL: plain
    bool is_ipv4_only;
    bool has_proxy_header; // connections begin with one of the PROXY protocol, version 2
    dur_ns idle_timeout;   // of a connection; 0: five minutes
    struct http_server_counts *counts; // kept up to date until the stop; NULL: nobody asks
};

// ---- files ---------------------------------------------------------------------------------

struct appender; // a file that only grows; see env_append_*
typedef void file_done_fn(void *owner, const struct err *err);

// ---- the table -----------------------------------------------------------------------------

struct env_ops {
    time_ns (*now)(struct env *);
    mono_ns (*mono)(struct env *);
    uint64_t (*random)(struct env *);
    int32_t (*utc_offset_s)(struct env *, time_ns);

    void (*timer_set)(struct env *, struct timer *, mono_ns at);
    void (*timer_cancel)(struct env *, struct timer *);

    struct udp *(*udp_open)(struct env *, const struct addr *bind, udp_fn *, void *owner,
                            struct addr *ret_bound, struct err *);
    void (*udp_send)(struct udp *, const struct addr *to, str datagram);
    void (*udp_close)(struct udp *);

    struct listener *(*listen)(struct env *, const struct addr *bind, accept_fn *, void *owner,
                               struct addr *ret_bound, struct err *);
    void (*listener_close)(struct listener *);
    struct stream *(*dial)(struct env *, const struct addr *to, const struct stream_events *,
                           void *owner);
    struct tls *(*tls_new)(struct env *, const struct tlsconf *, struct err *);
    void (*tls_free)(struct tls *);
    struct listener *(*listen_tls)(struct env *, const struct addr *bind, struct tls *, accept_fn *,
                                   void *owner, struct addr *ret_bound, struct err *);
    struct stream *(*dial_tls)(struct env *, const struct addr *to, struct tls *, str head,
                               const struct stream_events *, void *owner);
    void (*stream_starttls)(struct stream *, struct tls *);
    void (*stream_events)(struct stream *, const struct stream_events *, void *owner);
    void (*stream_write)(struct stream *, str data);
    size_t (*stream_pending)(const struct stream *);
    void (*stream_close)(struct stream *);

    struct dns_query *(*resolve)(struct env *, str name, enum dns_kind, dur_ns timeout, dns_fn *,
                                 void *owner);
    void (*resolve_cancel)(struct dns_query *);

    struct http_call *(*http)(struct env *, const struct http_request *, http_done_fn *,
                              void *owner);
    void (*http_cancel)(struct http_call *);
    struct http_server *(*http_listen)(struct env *, const struct http_server_options *,
                                       struct addr *ret_bound, struct err *);
    void (*http_server_stop)(struct http_server *, dur_ns grace, void (*on_stopped)(void *),
                             void *owner);

    bool (*file_read)(struct env *, str path, size_t bytes_max, struct buf *out, struct err *);
    void (*file_replace)(struct env *, str path, struct buf *takes, file_done_fn *, void *owner);
    bool (*file_rename)(struct env *, str from, str to, struct err *);
    bool (*dir_make)(struct env *, str path, struct err *);
    bool (*glob)(struct env *, str pattern, struct arena *mem, str **ret, size_t *ret_count,
                 struct err *);
    struct appender *(*append_open)(struct env *, str path, uint64_t bytes_kept, struct err *);
    void (*append)(struct appender *, struct buf *takes, file_done_fn *, void *owner);
    void (*append_close)(struct appender *, file_done_fn *, void *owner);

    void (*work)(struct env *, void (*run)(void *job), void (*on_done)(void *job), void *job);
};

struct env {
    const struct env_ops *ops;
    struct log log;
};

// ---- clock, chance, timers -----------------------------------------------------------------

static inline time_ns env_now(struct env *e) // wall clock; may jump
{
    return e->ops->now(e);
}

static inline mono_ns env_mono(struct env *e) // never goes back; all timers live on it
{
    return e->ops->mono(e);
}

static inline uint64_t env_random(struct env *e) // 64 uniform bits
{
    return e->ops->random(e);
}

uint64_t env_random_below(struct env *e, uint64_t n); // uniform in [0, n); n > 0

static inline int32_t env_utc_offset_s(struct env *e, time_ns t) // the process' own zone
{
    return e->ops->utc_offset_s(e, t);
}

static inline void env_timer_set(struct env *e, struct timer *t, mono_ns at) // moves a set one
{
    e->ops->timer_set(e, t, at);
}

static inline void env_timer_after(struct env *e, struct timer *t, dur_ns delay)
{
    e->ops->timer_set(e, t, add_saturated(e->ops->mono(e), delay));
}

static inline void env_timer_cancel(struct env *e, struct timer *t) // not set: nothing
{
    e->ops->timer_cancel(e, t);
}

// ---- network -------------------------------------------------------------------------------

// bind->port 0 picks a port. Errors: ERR_NETWORK ("listen udp 10.0.0.1:9094: address in use").
static inline struct udp *env_udp_open(struct env *e, const struct addr *bind, udp_fn *on_datagram,
                                       void *owner, struct addr *ret_bound, struct err *err)
{
    return e->ops->udp_open(e, bind, on_datagram, owner, ret_bound, err);
}

// Fire and forget: may be lost, late, doubled, reordered. At most 65,507 bytes.
static inline void env_udp_send(struct env *e, struct udp *u, const struct addr *to, str datagram)
{
    e->ops->udp_send(u, to, datagram);
}

static inline void env_udp_close(struct env *e, struct udp *u)
{
    if (u)
        e->ops->udp_close(u);
}

// An accepted stream must get its events inside on_accept (env_stream_events) or be closed there.
static inline struct listener *env_listen(struct env *e, const struct addr *bind,
                                          accept_fn *on_accept, void *owner, struct addr *ret_bound,
                                          struct err *err)
{
    return e->ops->listen(e, bind, on_accept, owner, ret_bound, err);
}

static inline void env_listener_close(struct env *e, struct listener *l)
{
    if (l)
        e->ops->listener_close(l);
}

// Never NULL: a failed dial is an on_close.
static inline struct stream *env_dial(struct env *e, const struct addr *to,
                                      const struct stream_events *events, void *owner)
{
    return e->ops->dial(e, to, events, owner);
}

// Reads what the description names and keeps it for the streams that are made with it; files are
// read again when they change. Errors: ERR_INVALID (not a certificate, key and certificate do not
// belong together …), ERR_NOT_FOUND, ERR_IO, ERR_LIMIT. Freeing it leaves its streams alone.
static inline struct tls *env_tls_new(struct env *e, const struct tlsconf *conf, struct err *err)
{
    return e->ops->tls_new(e, conf, err);
}

static inline void env_tls_free(struct env *e, struct tls *tls)
{
    if (tls)
        e->ops->tls_free(tls);
}

// TLS streams differ from plain ones in this: they are accepted, and open, after the handshake
// (which has a deadline); nothing may be written before; what one env_stream_write was given
// travels in TLS records of its own; the other side's end without the goodbye that TLS demands is
// an error (ERR_NETWORK "unexpected EOF").
static inline struct listener *env_listen_tls(struct env *e, const struct addr *bind,
                                              struct tls *server, accept_fn *on_accept, void *owner,
                                              struct addr *ret_bound, struct err *err)
{
    return e->ops->listen_tls(e, bind, server, on_accept, owner, ret_bound, err);
}

// `head` is what the stream begins with, written right before on_open; empty: nothing.
static inline struct stream *env_dial_tls(struct env *e, const struct addr *to, struct tls *client,
                                          str head, const struct stream_events *events, void *owner)
{
    return e->ops->dial_tls(e, to, client, head, events, owner);
}

// Goes on with TLS on an open plain stream (STARTTLS and its like): as server or client, as the
// description behind `tls` says; a client may be given only to a dialled stream. on_open comes
// (again) after the handshake, nothing may be written before. Each side calls it at a moment when
// the other may say nothing more in plain. What the owner was handed before is plain text: bytes
// behind the words that led here must be thrown away, or an attacker's plain text is taken for the
// other side's (RFC 3207 §6). What comes from here on is decrypted or ends the stream.
static inline void env_stream_starttls(struct env *e, struct stream *s, struct tls *tls)
{
    e->ops->stream_starttls(s, tls);
}

static inline void env_stream_events(struct env *e, struct stream *s,
                                     const struct stream_events *events, void *owner)
{
    e->ops->stream_events(s, events, owner);
}

static inline void env_stream_write(struct env *e, struct stream *s, str data)
{
    e->ops->stream_write(s, data);
}

static inline size_t env_stream_pending(struct env *e, const struct stream *s) // bytes unsent
{
    return e->ops->stream_pending(s);
}

// No event comes any more; what was written before is still sent, then the stream ends.
static inline void env_stream_close(struct env *e, struct stream *s)
{
    if (s)
        e->ops->stream_close(s);
}

static inline struct dns_query *env_resolve(struct env *e, str name, enum dns_kind kind,
                                            dur_ns timeout, dns_fn *on_done, void *owner)
{
    return e->ops->resolve(e, name, kind, timeout, on_done, owner);
}

static inline void env_resolve_cancel(struct env *e, struct dns_query *q)
{
    if (q)
        e->ops->resolve_cancel(q);
}

static inline struct http_call *env_http(struct env *e, const struct http_request *request,
                                         http_done_fn *on_done, void *owner)
{
    return e->ops->http(e, request, on_done, owner);
}

static inline void env_http_cancel(struct env *e, struct http_call *call)
{
    if (call)
        e->ops->http_cancel(call);
}

static inline struct http_server *env_http_listen(struct env *e,
                                                  const struct http_server_options *options,
                                                  struct addr *ret_bound, struct err *err)
{
    return e->ops->http_listen(e, options, ret_bound, err);
}

// Stops accepting, lets open requests end for at most `grace`, then calls back. The server is gone.
static inline void env_http_server_stop(struct env *e, struct http_server *server, dur_ns grace,
                                        void (*on_stopped)(void *), void *owner)
{
    e->ops->http_server_stop(server, grace, on_stopped, owner);
}

// ---- files ---------------------------------------------------------------------------------

// Reads a whole file at once: for start-up and reload. Errors: ERR_NOT_FOUND, ERR_LIMIT, ERR_IO.
static inline bool env_file_read(struct env *e, str path, size_t bytes_max, struct buf *out,
                                 struct err *err)
{
    return e->ops->file_read(e, path, bytes_max, out, err);
}

// Atomically: a temporary file beside it, fsync, rename, fsync of the directory; off the core
// thread. Takes the bytes of the buffer. After a crash either the old or the new file is there.
static inline void env_file_replace(struct env *e, str path, struct buf *takes,
                                    file_done_fn *on_done, void *owner)
{
    e->ops->file_replace(e, path, takes, on_done, owner);
}

static inline bool env_file_rename(struct env *e, str from, str to, struct err *err)
{
    return e->ops->file_rename(e, from, to, err);
}

static inline bool env_dir_make(struct env *e, str path, struct err *err) // with its parents
{
    return e->ops->dir_make(e, path, err);
}

// Go's filepath.Glob; sorted. No match is not an error.
static inline bool env_glob(struct env *e, str pattern, struct arena *mem, str **ret,
                            size_t *ret_count, struct err *err)
{
    return e->ops->glob(e, pattern, mem, ret, ret_count, err);
}

// Opens (creates) a file for appending and cuts it to its first bytes_kept bytes. That is on the
// disk before the first append is, or the close calls back; an error in it is theirs.
static inline struct appender *env_append_open(struct env *e, str path, uint64_t bytes_kept,
                                               struct err *err)
{
    return e->ops->append_open(e, path, bytes_kept, err);
}

// Appends and syncs; on_done comes when the bytes are on the disk (or with the error, and then
// they may be there in part). Appends are done in order; those waiting share one sync.
static inline void env_append(struct env *e, struct appender *a, struct buf *takes,
                              file_done_fn *on_done, void *owner)
{
    e->ops->append(a, takes, on_done, owner);
}

// After all appends; on_done may be NULL.
static inline void env_append_close(struct env *e, struct appender *a, file_done_fn *on_done,
                                    void *owner)
{
    if (a)
        e->ops->append_close(a, on_done, owner);
}

// ---- workers -------------------------------------------------------------------------------

// run(job) on another thread: it may touch only the job, which holds immutable input and its own
// memory. on_done(job) comes on the core thread. Cannot be cancelled.
static inline void env_work(struct env *e, void (*run)(void *job), void (*on_done)(void *job),
                            void *job)
{
    e->ops->work(e, run, on_done, job);
}
