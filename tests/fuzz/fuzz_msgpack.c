// SPDX-License-Identifier: Apache-2.0
// Any bytes as each of the messages: what is accepted, written and read again, is the same.
#include "gossip/packet.h"

#include "base/text/msgpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const enum msg_type TYPES[] = {MSG_PING,     MSG_INDIRECT_PING, MSG_ACK,
                                          MSG_SUSPECT,  MSG_ALIVE,         MSG_DEAD,
                                          MSG_COMPRESS, MSG_NACK,          MSG_ERR};
    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
        defer(arena_done) struct arena mem = {0};
        defer(buf_done) struct buf once = {0}, twice = {0};
        union {
            struct msg_ping ping;
            struct msg_indirect_ping indirect;
            struct msg_ack ack;
            struct msg_suspect suspect;
            struct msg_alive alive;
            struct msg_compress compress;
            struct msg_nack nack;
            struct msg_err err;
        } m;
        if (!message_decode(TYPES[i], str_from(data, n), &m, &mem, NULL))
            continue;
        message_put(&once, TYPES[i], &m);
        bool ok = message_decode(TYPES[i], str_skip(buf_str(&once), 1), &m, &mem, NULL);
        assert(ok);
        message_put(&twice, TYPES[i], &m);
        assert(str_eq(buf_str(&once), buf_str(&twice)));
    }
    struct cursor c = cursor_from(str_from(data, n));
    msgpack_skip(&c);
    return 0;
}
