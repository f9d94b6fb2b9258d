// SPDX-License-Identifier: Apache-2.0
// http_exchange.h: between http_server.c, http_exchange.c and http_reply.c.
#pragma once
#include <microhttpd.h>

#include "base/io/http_server.h"
#include "base/io/web_config.h"

struct http_server {
    struct env_uv *env;
    struct list link; // env_uv.servers
    struct turn_hook hook;
    struct MHD_Daemon *daemon;
    int listen_fd;
    int epoll_fd;
    struct timer run_timer; // microhttpd wants to be run
    bool needs_run;         // a connection has been resumed
    uv_idle_t last_handle;  // its close callback frees the server

    void (*handle)(void *owner, struct http_exchange *);
    void *owner;
    size_t body_bytes_max;
    struct http_server_counts *counts;    // the options'
    struct http_server_counts own_counts; // where they have none, and in the end
    struct web_door *door;                // NULL: everybody is let in, without TLS

    struct list active;    // struct exchange: every one with a connection
    struct list receiving; // those whose request is still coming, by last progress
    struct list kept;      // for reuse
    size_t active_count;
    size_t kept_count;
    size_t bodies_bytes;   // memory of all request bodies
    bool has_proxy_header; // then http_accept.c accepts, not microhttpd
    struct list newcomers; // whose PROXY header is still coming
    size_t newcomer_count;
    mono_ns complained_at; // about one of them; 0: never
    struct timer accept_timer;
    struct timer receive_timer;
    dur_ns receive_idle;     // HTTP_SERVER_RECEIVE_IDLE
    size_t bodies_bytes_max; // HTTP_SERVER_BODIES_BYTES_MAX

    bool is_stopping;
    bool is_ending; // no request is taken or answered any more
    struct timer grace_timer;
    void (*on_stopped)(void *);
    void *stop_owner;
};

// One connection, from microhttpd's first to its last word about it.
struct connection {
    mono_ns opened_at;
    struct web_tls *tls; // NULL: plain
};

enum exchange_state {
    EXCHANGE_NEW,       // only the request line is known
    EXCHANGE_RECEIVING, // headers are known, the body comes
    EXCHANGE_HANDLED,   // in its handler's hands; suspended once the handler has returned
    EXCHANGE_REPLIED,   // the response waits for microhttpd to ask again
    EXCHANGE_SENDING,   // in microhttpd's hands
    EXCHANGE_ORPHAN,    // the connection is gone, the handler does not know
    EXCHANGE_DISCARDED, // an orphan that got its reply
};

struct exchange {
    struct http_exchange public; // first
    enum exchange_state state;
    struct env_uv *env;
    struct http_server *server; // NULL: orphan
    struct MHD_Connection *connection;
    struct list link;         // http_server.active, .kept or env_uv.orphans
    struct list receive_link; // http_server.receiving
    mono_ns last_progress;
    bool is_suspended;
    struct arena mem;
    struct http_header *door_headers; // added to the reply
    size_t door_header_count;
    struct buf body;
    size_t body_counted; // its part of http_server.bodies_bytes

    struct MHD_Response *response;
    struct buf reply_body; // the whole one, or the current piece of a stream
    size_t reply_sent;     // of the current piece
    bool is_last_piece;
    struct http_reply reply; // next, done, owner
    struct timer timer;      // DISCARDED: the moment to go
};

void exchanges_init(struct http_server *s);
// Ends every exchange's connection; those not replied to live on as orphans.
void exchanges_abort(struct http_server *s);
void exchanges_free(struct http_server *s); // after microhttpd has stopped
void exchanges_drop_orphans(struct env_uv *e);

// microhttpd's callbacks; cls is the server.
void *exchange_on_uri(void *cls, const char *uri, struct MHD_Connection *connection);
size_t exchange_on_unescape(void *cls, struct MHD_Connection *connection, char *s);
enum MHD_Result exchange_on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                    const char *method, const char *version,
                                    const char *upload_data, size_t *upload_data_size,
                                    void **context);
void exchange_on_completed(void *cls, struct MHD_Connection *connection, void **context,
                           enum MHD_RequestTerminationCode code);

// ---- http_accept.c -------------------------------------------------------------------------

void http_accept_start(struct http_server *s);
void http_accept_stop(struct http_server *s); // before the listening socket is closed

// ---- http_reply.c --------------------------------------------------------------------------

void exchange_reply(struct http_exchange *public, const struct http_reply *reply);
enum MHD_Result exchange_queue_response(struct exchange *x); // microhttpd has asked
