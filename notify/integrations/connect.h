// SPDX-License-Identifier: Apache-2.0
// connect.h: a connection to a host and port as people write them: a name is looked up, and each of
// its addresses is tried in turn until one answers.
//
// Error texts are those of Go's net.Dial: "dial tcp: lookup x: no such host", "dial tcp
// 10.0.0.1:25: connect: connection refused" (of the first address, where all fail).
#pragma once
#include "base/env.h"

struct connecting {
    // Set by the caller; on_open and on_fail end it, one of them is called once.
    struct env *env;
    struct tls *tls;    // borrowed; NULL: plain
    mono_ns give_up_at; // shared out among the addresses
    // The stream is open (after a TLS handshake, too) and the callee's, who gives it its events.
    void (*on_open)(void *owner, struct stream *stream);
    void (*on_fail)(void *owner, const struct err *why);
    void *owner;

    // Its own.
    struct dns_query *query;
    struct addr *addrs;
    size_t addr_count, next;
    uint16_t port;
    struct stream *stream;
    struct timer timer; // an address takes too long, or an end inside the start
    struct err why;     // the first failure
};

// host: a name, an address without brackets, or empty for this machine. port: a number, or the name
// of a mail service. Never calls back before it returns.
void connecting_start(struct connecting *c, str host, str port);
void connecting_cancel(struct connecting *c); // ended: nothing
