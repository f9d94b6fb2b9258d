// SPDX-License-Identifier: Apache-2.0
// wire.h: a real server on loopback that answers as told and remembers what it was asked, and the
// env that it and its clients live in.
#pragma once
#include "base/env.h"
#include "tests/support/cases.h"

struct wire {
    struct env *env;
    struct http_server *server;
    struct addr addr;
    char url[64]; // http://127.0.0.1:port

    // The next answer.
    int status;
    str body;

    // The last request; texts in `mem`, which wire_forget empties.
    struct arena mem;
    size_t request_count;
    str method, path, query, request_body;
    struct http_header *headers;
    size_t header_count;
};

// Around a cmocka test whose state is the struct wire.
int wire_setup(void **state);
int wire_teardown(void **state);
void wire_forget(struct wire *w);

// Runs the env until wire_wake; the clients' callbacks call it.
void wire_wait(struct wire *w);
void wire_wake(struct wire *w);

str wire_header(const struct wire *w, str name); // of the last request
