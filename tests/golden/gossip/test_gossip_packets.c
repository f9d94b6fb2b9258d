// SPDX-License-Identifier: Apache-2.0
// Captured, computed and tolerated bytes: each message is taken apart down to its fields; where we
// would be the sender, building it again gives the same bytes.
#include "base/core/hash.h"
#include "base/text/cursor.h"
#include "gossip/envelope.h"
#include "tests/support/cases.h"
#include "tests/unit/gossip/still.h"

// ---- comparing with "decoded" --------------------------------------------------------------

static bool same_bytes(const cJSON *want, str got, struct arena *mem)
{
    if (!want || cJSON_IsNull(want))
        return got.n == 0;
    if (cJSON_IsString(want))
        return str_eq(str_c(want->valuestring), got);
    if (cJSON_IsArray(want)) { // Vsn
        size_t i = 0;
        const cJSON *v;
        cJSON_ArrayForEach(v, want)
        {
            if (i >= got.n || (uint8_t)got.p[i++] != v->valueint)
                return false;
        }
        return i == got.n;
    }
    return str_eq(case_get_hex(want, "hex", mem), got);
}

#define SAME_BYTES(name, field)                                                                    \
    if (!same_bytes(case_get(f, name), field, mem))                                                \
    return "field " name
#define SAME_NUMBER(name, field)                                                                   \
    if (case_get_i64(f, name) != (int64_t)(field))                                                 \
    return "field " name

static const char *check_state(const cJSON *f, const struct msg_state *s, struct arena *mem)
{
    SAME_BYTES("Addr", s->addr);
    SAME_BYTES("Meta", s->meta);
    SAME_BYTES("Name", s->name);
    SAME_BYTES("Vsn", s->vsn);
    SAME_NUMBER("Incarnation", s->incarnation);
    SAME_NUMBER("Port", s->port);
    SAME_NUMBER("State", s->state);
    return NULL;
}

static const char *check_pushpull(const cJSON *decoded, str body, struct arena *mem,
                                  struct buf *again)
{
    struct err err = ERR_INIT;
    struct pushpull p;
    const cJSON *f = case_get(decoded, "header"), *state;
    if (!pushpull_decode(body, mem, &p, &err))
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    pushpull_put(again, &p);
    if (!f)
        return NULL;
    SAME_NUMBER("Nodes", p.count);
    SAME_NUMBER("UserStateLen", p.user_state.n);
    if (case_get_bool(f, "Join") != p.join)
        return "field Join";
    size_t i = 0;
    cJSON_ArrayForEach(state, case_get(decoded, "states"))
    {
        const char *failure = check_state(state, &p.states[i++], mem);
        if (failure)
            return failure;
    }
    // The user state: every part comes out, and goes in again.
    defer(buf_done) struct buf parts = {0};
    struct part part;
    str rest = p.user_state;
    while (full_state_next(&rest, &part, &err))
        full_state_put(&parts, &part);
    if (err.code != ERR_NONE || !str_eq(buf_str(&parts), p.user_state))
        return "user state";
    return NULL;
}

static const char *check_fields(enum msg_type type, const cJSON *f, str body, struct arena *mem,
                                struct buf *again)
{
    struct err err = ERR_INIT;
    union {
        struct msg_ping ping;
        struct msg_indirect_ping indirect;
        struct msg_ack ack;
        struct msg_nack nack;
        struct msg_suspect suspect;
        struct msg_alive alive;
        struct msg_err err;
    } m;
    if (!message_decode(type, body, &m, mem, &err))
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    message_put(again, type, &m);
    switch (type) {
    case MSG_PING:
        SAME_BYTES("Node", m.ping.node);
        SAME_NUMBER("SeqNo", m.ping.seq_no);
        SAME_BYTES("SourceAddr", m.ping.source_addr);
        SAME_BYTES("SourceNode", m.ping.source_node);
        SAME_NUMBER("SourcePort", m.ping.source_port);
        return NULL;
    case MSG_INDIRECT_PING:
        SAME_BYTES("Node", m.indirect.node);
        SAME_BYTES("Target", m.indirect.target);
        SAME_NUMBER("SeqNo", m.indirect.seq_no);
        SAME_NUMBER("Port", m.indirect.port);
        return NULL;
    case MSG_ACK:
        SAME_NUMBER("SeqNo", m.ack.seq_no);
        return NULL;
    case MSG_NACK:
        SAME_NUMBER("SeqNo", m.nack.seq_no);
        return NULL;
    case MSG_SUSPECT:
    case MSG_DEAD:
        SAME_BYTES("Node", m.suspect.node);
        SAME_BYTES("From", m.suspect.from);
        SAME_NUMBER("Incarnation", m.suspect.incarnation);
        return NULL;
    case MSG_ALIVE:
        SAME_BYTES("Node", m.alive.node);
        SAME_BYTES("Addr", m.alive.addr);
        SAME_BYTES("Meta", m.alive.meta);
        SAME_BYTES("Vsn", m.alive.vsn);
        SAME_NUMBER("Incarnation", m.alive.incarnation);
        SAME_NUMBER("Port", m.alive.port);
        return NULL;
    case MSG_ERR:
        SAME_BYTES("Error", m.err.error);
        return NULL;
    case MSG_PUSHPULL:
    case MSG_COMPOUND:
    case MSG_USER:
    case MSG_COMPRESS:
    case MSG_ENCRYPT:
    case MSG_CRC:
    case MSG_LABEL:
        break;
    }
    return "unexpected type";
}

static const char *check(const cJSON *decoded, str message, bool is_stream, struct arena *mem,
                         struct buf *again);

static const char *check_compound(const cJSON *decoded, str body, struct arena *mem,
                                  struct buf *again)
{
    defer(parts_done) struct parts parts = {0};
    struct err err = ERR_INIT;
    struct compound compound;
    if (!compound_open(body, &compound, &err))
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    const cJSON *part = case_get(decoded, "parts");
    part = part ? part->child : NULL;
    for (str got; compound_next(&compound, &got); part = part ? part->next : NULL) {
        defer(buf_done) struct buf one = {0};
        const char *failure = check(part, got, false, mem, &one);
        if (failure)
            return failure;
        parts_add(&parts, buf_str(&one), S(""));
    }
    if (compound.truncated || part)
        return "number of parts";
    parts_put_compound(&parts, again);
    return NULL;
}

static const char *check_compress(const cJSON *decoded, str body, bool is_stream, struct arena *mem,
                                  struct buf *again)
{
    defer(buf_done) struct buf plain = {0}, inner = {0};
    struct err err = ERR_INIT;
    if (!decompress(body, STREAM_BYTES_MAX, mem, &plain, &err))
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    str want = case_get_hex(decoded, "decompressed_hex", mem);
    if (want.n && !str_eq(want, buf_str(&plain)))
        return "decompressed";
    const char *failure =
        check(case_get(decoded, "inner"), buf_str(&plain), is_stream, mem, &inner);
    compress_put(again, buf_str(&inner));
    return failure;
}

// Checks a message and builds it again.
static const char *check(const cJSON *decoded, str message, bool is_stream, struct arena *mem,
                         struct buf *again)
{
    struct err err = ERR_INIT;
    struct part part;
    str inner;
    if (message.n == 0)
        return "empty";
    enum msg_type type = (uint8_t)message.p[0];
    str body = str_skip(message, 1);
    if (decoded && case_get(decoded, "type") && case_get_i64(decoded, "type") != (int64_t)type)
        return "type";
    switch (type) {
    case MSG_COMPOUND:
        return check_compound(decoded, body, mem, again);
    case MSG_COMPRESS:
        return check_compress(decoded, body, is_stream, mem, again);
    case MSG_PUSHPULL:
        return check_pushpull(decoded, body, mem, again);
    case MSG_USER:
        buf_put_c(again, MSG_USER);
        if (is_stream) {
            enum scan_result result = user_scan(body, &inner, &err);
            if (result == SCAN_BAD || (result == SCAN_MORE && decoded))
                return "user header";
            buf_clear(again);
            buf_put(again, message);
            body = result == SCAN_COMPLETE ? inner : S("");
            return part_read(body, &part, &err) ? NULL : "part";
        }
        if (!part_read(body, &part, &err))
            return "part";
        part_put(again, &part);
        return NULL;
    case MSG_CRC:
        if (!crc_remove(message, &inner, &err))
            return "checksum";
        buf_put(again, str_slice(message, 0, 5));
        return check(case_get(decoded, "inner"), inner, is_stream, mem, again);
    case MSG_LABEL:
        if (!label_remove(message, &inner, &body, NULL, &err))
            return "label";
        label_put(again, inner);
        return check(case_get(decoded, "inner"), body, is_stream, mem, again);
    case MSG_PING:
    case MSG_INDIRECT_PING:
    case MSG_ACK:
    case MSG_NACK:
    case MSG_SUSPECT:
    case MSG_DEAD:
    case MSG_ALIVE:
    case MSG_ERR:
        return check_fields(type, case_get(decoded, "fields"), body, mem, again);
    case MSG_ENCRYPT:
        break;
    }
    return "unknown type";
}

// Other bytes that mean the same: newer peers' signed integers, and streams without a first CLEAR.
static bool is_foreign_form(str id)
{
    return str_find_str(id, S("-new")) != STR_NONE || str_find_str(id, S("no-clear")) != STR_NONE;
}

static const char *run_entry(const cJSON *c, bool is_stream, struct arena *mem)
{
    defer(buf_done) struct buf again = {0};
    str id = case_get_text(c, "id", mem);
    str bytes = case_get_hex(c, "hex", mem);
    if (str_starts(id, S("encrypted")) || str_starts(id, S("tls-")))
        return NULL;
    const char *failure = check(case_get(c, "decoded"), bytes, is_stream, mem, &again);
    if (failure)
        return failure;
    if (!is_foreign_form(id) && !str_eq(buf_str(&again), bytes))
        return "built again it is different";
    return NULL;
}

// ---- what decoders must bear ---------------------------------------------------------------

static bool packet_acks(const struct still *w, size_t i, uint32_t seq_no)
{
    defer(arena_done) struct arena mem = {0};
    str packet = buf_str(&w->packets[i].bytes);
    struct msg_ack ack;
    if (packet.n == 0 || (packet.p[0] != MSG_ACK && packet.p[0] != MSG_COMPOUND))
        return false;
    if (packet.p[0] == MSG_COMPOUND) { // with gossip behind it
        struct compound compound;
        if (!compound_open(str_skip(packet, 1), &compound, NULL) ||
            !compound_next(&compound, &packet))
            return false;
    }
    return packet.n > 0 && packet.p[0] == MSG_ACK &&
           message_decode(MSG_ACK, str_skip(packet, 1), &ack, &mem, NULL) && ack.seq_no == seq_no &&
           ack.payload.p && ack.payload.n == 0;
}

static const char *check_packet(struct still *w, str bytes, str expect, struct arena *mem)
{
    struct addr from = {.ip = {127, 0, 0, 1}, .ip_bytes = 4, .port = 9094};
    still_forget_packets(w);
    swim_on_packet(w->swim, &from, bytes);
    size_t at = str_find_str(expect, S("ack "));
    if (str_starts(expect, S("no answer")) || at == STR_NONE)
        return w->packet_count == 0 ? NULL : "answered";
    str number = str_skip(expect, at + 4);
    size_t digits = 0;
    while (digits < number.n && number.p[digits] >= '0' && number.p[digits] <= '9')
        digits++;
    uint64_t seq_no = 0;
    str_to_u64(str_slice(number, 0, digits), &seq_no);
    if (w->packet_count != 1 || !packet_acks(w, 0, (uint32_t)seq_no))
        return case_fail(mem, "no ack %llu", (unsigned long long)seq_no);
    return addr_eq(&w->packets[0].to, &from) ? NULL : "acked to another address";
}

static const char *check_stream(struct still *w, str bytes, str expect, struct arena *mem)
{
    defer(buf_done) struct buf answer = {0};
    bool must_be_refused = str_starts(expect, S("MUST"));
    for (size_t piece = 1; piece <= bytes.n; piece += bytes.n - 1) { // byte by byte, and at once
        size_t members = w->swim->members.count;
        buf_clear(&answer);
        still_stream(w, bytes, piece);
        if (w->swim->members.count != members)
            return "a member came of it";
        if (!w->stream.is_closed)
            return "not closed";
        bool has_answer = still_answer(w, mem, &answer);
        str got = buf_str(&answer);
        if (str_find_str(expect, S("nothing sent")) != STR_NONE && has_answer)
            return "answered";
        if (str_starts(expect, S("compressed ack")) &&
            !str_eq(got, S("\x02\x82\xa7Payload\xc0\xa5SeqNo\x28")))
            return "not that ack";
        if (str_starts(expect, S("compressed err")) && (got.n == 0 || got.p[0] != MSG_ERR))
            return "no error";
        if (str_find_str(expect, S("lzw: invalid code")) != STR_NONE &&
            str_find_str(got, S("lzw: invalid code")) == STR_NONE)
            return "another error";
        if (str_starts(expect, S("normal")) && (got.n == 0 || got.p[0] != MSG_PUSHPULL))
            return "no response";
        (void)must_be_refused;
    }
    return NULL;
}

static const char *run_tolerance(const cJSON *c, bool is_stream, struct arena *mem)
{
    struct still *w = still_new("am-test", "127.0.0.1:19999");
    str bytes = case_get_hex(c, "hex", mem), expect = case_get_text(c, "expect", mem);
    if (str_eq(case_get_text(c, "id", mem), S("node-bin8"))) // as newer decoders do
        expect = S("ack 13");
    broadcast_prune(&w->swim->queue, 0);
    const char *failure =
        is_stream ? check_stream(w, bytes, expect, mem) : check_packet(w, bytes, expect, mem);
    still_free(w);
    return failure;
}

// ---- all of them ---------------------------------------------------------------------------

static void run_list(const struct case_file *file, const char *name, bool is_stream,
                     const char *(*run)(const cJSON *c, bool is_stream, struct arena *mem))
{
    size_t count = 0, failed = 0;
    const cJSON *c;
    cJSON_ArrayForEach(c, case_get(file->root, name))
    {
        defer(arena_done) struct arena mem = {0};
        const char *transport = cJSON_GetStringValue(case_get(c, "transport"));
        bool over_stream = transport ? strcmp(transport, "stream") == 0 : is_stream;
        const char *failure = run(c, over_stream, &mem);
        count++;
        if (!failure)
            continue;
        failed++;
        print_error("FAILED %s: %s\n", cJSON_GetStringValue(case_get(c, "id")), failure);
    }
    print_message("gossip-packets %s: %zu, %zu failed\n", name, count, failed);
    assert_true(count > 0);
    assert_int_equal(failed, 0);
}

static void packets(void **state)
{
    (void)state;
    struct case_file file = case_file_open("gossip-packets");
    if (!file.root)
        skip();
    run_list(&file, "captured_udp", false, run_entry);
    run_list(&file, "captured_tcp", true, run_entry);
    run_list(&file, "computed", false, run_entry);
    run_list(&file, "decoder_tolerance", false, run_tolerance);
    case_file_close(&file);
}

int test_gossip_packets(void);
int test_gossip_packets(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(packets)};
    return run_group("gossip-packets", tests);
}
