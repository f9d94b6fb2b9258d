// SPDX-License-Identifier: Apache-2.0
// The bytes are a file of keys, a packet and a stream that were sealed by somebody, and a message
// of ours. What we seal opens, with the right label alone; the rest survives.
#include "tests/unit/gossip/still.h"

static void round_trip(struct still *w, const struct keyring *k, str message)
{
    struct err err = ERR_INIT;
    defer(buf_done) struct buf packet = {0}, stream = {0}, plain = {0};
    keyring_seal_packet(k, &w->env, message, S("a"), &packet);
    bool is_open = keyring_open_packet(k, buf_str(&packet), S("a"), &plain, &err);
    assert(is_open && str_eq(buf_str(&plain), message));
    assert(!keyring_open_packet(k, buf_str(&packet), S("b"), &plain, &err));
    keyring_seal_stream(k, nonce_new(&w->env), message, S("a"), &stream);
    assert(sealed_stream_bytes(buf_str(&stream)) == stream.n);
    buf_clear(&plain);
    is_open = keyring_open_stream(k, buf_str(&stream), S("a"), &plain, &err);
    assert(is_open && str_eq(buf_str(&plain), message));
}

// A member with a key hears what the bytes are: sealed well, and as they came.
static void listen(struct still *w, struct keyring *k, str bytes)
{
    struct addr from = {.ip = {10, 0, 0, 2}, .ip_bytes = 4, .port = 9094};
    defer(buf_done) struct buf packet = {0}, stream = {0};
    w->swim->keyring = k;
    swim_on_packet(w->swim, &from, bytes);
    keyring_seal_packet(k, &w->env, bytes, S(""), &packet);
    swim_on_packet(w->swim, &from, buf_str(&packet));
    still_stream(w, bytes, 7);
    still_run(w, DUR_SECONDS(11));
    keyring_seal_stream(k, nonce_new(&w->env), bytes, S(""), &stream);
    still_stream(w, buf_str(&stream), 1000);
    still_run(w, DUR_SECONDS(11));
    assert(w->swim->held_bytes == 0 && w->swim->accepted_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct err err = ERR_INIT;
    str bytes = str_from(data, n);
    struct keyring *k = keyring_parse(S("MDEyMzQ1Njc4OWFiY2RlZg==\n"), &err);
    struct still *w = still_new("am-test", "10.0.0.1:9094");
    defer(buf_done) struct buf plain = {0};
    probe_stop(w->swim);
    pushpull_stop(w->swim);
    keyring_unref(keyring_parse(bytes, &err));
    keyring_open_packet(k, bytes, S(""), &plain, &err);
    if (n > 0)
        keyring_open_stream(k, bytes, S("x"), &plain, &err);
    round_trip(w, k, bytes);
    listen(w, k, bytes);
    still_free(w);
    keyring_unref(k);
    return 0;
}
