// SPDX-License-Identifier: Apache-2.0
// Any bytes as a push/pull body: coming in pieces it is found complete when the whole is; what is
// accepted, written and read again, is the same; so are the parts of its user state.
#include "gossip/envelope.h"
#include "gossip/packet.h"

static void check_user_state(str state)
{
    defer(buf_done) struct buf once = {0}, twice = {0};
    struct part part;
    struct err err = ERR_INIT;
    while (full_state_next(&state, &part, &err))
        full_state_put(&once, &part);
    for (str rest = buf_str(&once); full_state_next(&rest, &part, &err);)
        full_state_put(&twice, &part);
    assert(err.code == ERR_NONE && str_eq(buf_str(&once), buf_str(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    defer(arena_done) struct arena mem = {0};
    defer(buf_done) struct buf once = {0}, twice = {0};
    str body = str_from(data, n), message;
    struct pushpull_scan scan = {0};
    struct pushpull p;
    enum scan_result result = SCAN_MORE;
    for (size_t i = 0; i <= n && result == SCAN_MORE; i++)
        result = pushpull_scan(&scan, str_slice(body, 0, i), NULL);
    user_scan(body, &message, NULL);
    check_user_state(body);
    if (!pushpull_decode(body, &mem, &p, NULL))
        return 0;
    assert(result == SCAN_COMPLETE);
    for (size_t i = 0; i < p.count; i++) {
        if (p.states[i].state < 0)
            return 0; // read, never written
    }
    pushpull_put(&once, &p);
    bool ok = pushpull_decode(str_skip(buf_str(&once), 1), &mem, &p, NULL);
    assert(ok);
    pushpull_put(&twice, &p);
    assert(str_eq(buf_str(&once), buf_str(&twice)));
    return 0;
}
