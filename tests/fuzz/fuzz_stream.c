// SPDX-License-Identifier: Apache-2.0
// A member accepts a stream and dials one: any bytes come, in pieces whose size the first byte
// gives. It survives, and each stream ends.
#include "tests/unit/gossip/still.h"

static void on_done(void *owner, const struct err *err)
{
    (void)err;
    ++*(int *)owner;
}

static void respond(struct still *w, struct session *session, str bytes, size_t piece)
{
    (void)session;
    w->stream.events->on_open(w->stream.owner);
    for (size_t at = 0; at < bytes.n && !w->stream.is_closed; at += piece)
        w->stream.events->on_data(w->stream.owner, str_slice(bytes, at, at + piece));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 1)
        return 0;
    struct still *w = still_new("am-test", "10.0.0.1:9094");
    struct addr peer = {.ip = {10, 0, 0, 2}, .ip_bytes = 4, .port = 9094};
    size_t piece = 1 + (size_t)data[0] * 8;
    str bytes = str_from(data + 1, n - 1);
    int done = 0;
    probe_stop(w->swim); // nobody else uses the one stream
    pushpull_stop(w->swim);
    still_stream(w, bytes, piece);
    still_run(w, DUR_SECONDS(11));
    assert(w->stream.is_closed);
    respond(w, swim_pushpull(w->swim, &peer, true, on_done, &done), bytes, piece);
    still_run(w, DUR_SECONDS(11));
    respond(w, session_ping(w->swim, &peer, S("x"), 7, on_done, &done), bytes, piece);
    still_run(w, DUR_SECONDS(11));
    respond(w, swim_send_user(w->swim, &peer, S("update"), on_done, &done), bytes, piece);
    still_run(w, DUR_SECONDS(11));
    assert(done == 3 && w->swim->held_bytes == 0 && w->swim->accepted_count == 0);
    assert(w->swim->self->state == MEMBER_ALIVE);
    still_free(w);
    return 0;
}
