// SPDX-License-Identifier: Apache-2.0
// web.h: one HTTP request on its way through alertmanager, and the server's common rules (spec:
// Alertmanager HTTP §1–§3, §8, §9).
//
//   exchange ─► clean path ─► GET slot ─► prefix ─┬─► /api/v2/…  api.h
//                                                 └─► management routes, web_routes.c
//
// Every request is answered exactly once, with web_reply. An operation that answers later says how
// it is cancelled: --web.timeout, and the end of the program, answer in its place.
// Thread: core. Memory: about 250 bytes per open request; what it works on is its own.
#pragma once
#include "alertmanager/app.h"

struct api;

struct web_request {
    struct list node; // in api->requests
    struct am *am;
    struct http_exchange *x;
    str path;            // below the route prefix, still percent-encoded; begins with a slash
    const char *handler; // of metrics: a route's pattern; NULL: not measured
    bool is_routed;      // its size is measured, too
    bool has_slot;       // one of --web.get-concurrency
    mono_ns started_at;
    struct timer timeout;

    // Set by an operation that answers later; NULL again once it has been called or answered.
    void (*cancel)(void *owner);
    void *cancel_owner;

    struct http_reply stream; // a reply being taken in pieces; next is NULL when there is none
};

// Answers and ends the request. A streamed reply's `next` and `done` are called as http_reply says,
// or `done` early when the program ends first.
void web_reply(struct web_request *r, const struct http_reply *reply);

// To a decoded path of this server. The query is kept, but for 302.
void web_redirect(struct web_request *r, int status, str path);

// Content-Type and X-Content-Type-Options of plain texts.
#define WEB_TEXT_HEADER_COUNT 2
extern const struct http_header WEB_TEXT_HEADERS[WEB_TEXT_HEADER_COUNT];

// As Go's http.Error: plain text, a line end behind it.
void web_reply_error(struct web_request *r, int status, str text);

// 405 with the methods that are allowed; to OPTIONS, 200.
void web_refuse_method(struct web_request *r, str allowed);

static inline void web_on_cancel(struct web_request *r, void (*cancel)(void *owner), void *owner)
{
    r->cancel = cancel;
    r->cancel_owner = owner;
}

str web_header(const struct web_request *r, str name); // empty if it is not there

// The program ends first: cancels what is under way and answers with 503, or cuts a streamed reply.
void web_abandon(struct web_request *r);

// web_ui.c: the page for people, its icon, scripts and styles.
void web_serve_page(struct web_request *r);

// web_routes.c: everything but the API; the path is decoded, below the route prefix.
void web_serve_routed(struct web_request *r, str path);
