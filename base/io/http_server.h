// SPDX-License-Identifier: Apache-2.0
// http_server.h: requests from others, by libmicrohttpd without a thread of its own: its epoll
// descriptor is polled by the loop.
//
// A request is collected whole, then handed to `handle`; its connection is suspended until the
// reply. An exchange stays valid until it has been replied to, even if the client or the server is
// gone by then: the reply goes nowhere. Limits, all named here:
#pragma once
#include "base/io/io.h"

#define HTTP_SERVER_CONNECTIONS_MAX    8192
#define HTTP_SERVER_CONNECTION_BYTES   ((size_t)128 << 10) // buffers of one: bounds its headers
#define HTTP_SERVER_BODIES_BYTES_MAX   ((size_t)1 << 30)   // all request bodies together, then 503
#define HTTP_SERVER_RECEIVE_IDLE       DUR_SECONDS(60)     // nothing more of a request came
#define HTTP_SERVER_CONNECTION_IDLE_S  300                 // nothing at all happened
#define HTTP_SERVER_LISTEN_BACKLOG     4096
#define HTTP_SERVER_PROXY_HEADER_TIME  DUR_SECONDS(5)      // for all of it
#define HTTP_SERVER_SEND_PIECE_BYTES   ((size_t)256 << 10) // of a streamed reply, about
#define HTTP_SERVER_KEPT_EXCHANGES_MAX 1024                // for reuse, with up to …
#define HTTP_SERVER_KEPT_BYTES_MAX     ((size_t)256 << 10) // … this much memory for each purpose

struct http_server *http_server_new(struct env *env, const struct http_server_options *options,
                                    struct addr *ret_bound, struct err *err);
void http_server_stop(struct http_server *server, dur_ns grace, void (*on_stopped)(void *),
                      void *owner);
void http_servers_drop(struct env_uv *e); // at once, without callbacks

// "host:port", ":port" (a number or a service's name): a listening socket, or -1 with Go's text.
int http_listen_socket(str listen, bool is_ipv4_only, struct addr *ret_bound, struct err *err);
