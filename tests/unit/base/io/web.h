// SPDX-License-Identifier: Apache-2.0
// web.h: a server whose answers depend on the path, and a client that notes what came back.
#pragma once
#include "tests/unit/base/io/loop.h"

#define WEB_BODY_BYTES_MAX (8 << 20)

struct web {
    struct loop *l;
    struct http_server *server;
    struct addr addr;
    int handled;
    int held_count;
    struct http_exchange *held[1024]; // of "/hold": for the test to reply to
    int stopped;
    int dones; // of streamed replies
    size_t pieces_left, pieces_made;
    struct buf last_target, last_method, last_host;
    bool last_has_body;
    struct addr last_peer;
};

void web_init(struct web *w, struct loop *l); // test_http_server.c
void web_done(struct web *w);                 // stops it if need be
void web_stop(struct web *w, dur_ns grace);
void web_reply(struct http_exchange *x, int status, str body);

struct answer {
    int count;
    int status;
    struct err err;
    struct buf body;
    struct buf headers; // "name: value\n"
};

void on_answer(void *owner, const struct http_response *response, const struct err *err);
void answer_done(struct answer *a);

// A request to a path of the server.
struct http_call *web_call(struct web *w, const char *method, const char *path, str body,
                           struct answer *a);
