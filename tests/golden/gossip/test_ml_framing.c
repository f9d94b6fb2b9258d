// SPDX-License-Identifier: Apache-2.0
#include "gossip/packet.h"
#include "tests/support/cases.h"

static str hex_of(const cJSON *v, struct arena *mem)
{
    cJSON wrapper = {.type = cJSON_Object};
    cJSON *item = cJSON_CreateString(cJSON_GetStringValue(v));
    cJSON_AddItemToObject(&wrapper, "x", item);
    str bytes = case_get_hex(&wrapper, "x", mem);
    cJSON_DeleteItemFromObject(&wrapper, "x");
    return bytes;
}

static str field_bytes(const cJSON *fields, const char *name, struct arena *mem)
{
    const cJSON *v = case_get(fields, name);
    str bytes = v ? case_get_hex(v, "hex", mem) : (str){0};
    return v && bytes.n == 0 ? S("") : bytes;
}

static str field_text(const cJSON *fields, const char *name, struct arena *mem)
{
    return case_get_text(fields, name, mem);
}

#define U32(name) (uint32_t) case_get_i64(f, name)
#define U16(name) (uint16_t) case_get_i64(f, name)

static bool put_message(const cJSON *c, const cJSON *f, struct arena *mem, struct buf *out)
{
    enum msg_type type = (enum msg_type)case_get_i64(c, "type");
    switch (type) {
    case MSG_PING:
        message_put(out, type,
                    &(struct msg_ping){U32("SeqNo"), field_text(f, "Node", mem),
                                       field_bytes(f, "SourceAddr", mem), U16("SourcePort"),
                                       field_text(f, "SourceNode", mem)});
        return true;
    case MSG_INDIRECT_PING:
        message_put(
            out, type,
            &(struct msg_indirect_ping){U32("SeqNo"), field_bytes(f, "Target", mem), U16("Port"),
                                        field_text(f, "Node", mem), case_get_bool(f, "Nack"),
                                        field_bytes(f, "SourceAddr", mem), U16("SourcePort"),
                                        field_text(f, "SourceNode", mem)});
        return true;
    case MSG_ACK:
        message_put(out, type, &(struct msg_ack){U32("SeqNo"), field_bytes(f, "Payload", mem)});
        return true;
    case MSG_NACK:
        message_put(out, type, &(struct msg_nack){U32("SeqNo")});
        return true;
    case MSG_SUSPECT:
    case MSG_DEAD:
        message_put(out, type,
                    &(struct msg_suspect){U32("Incarnation"), field_text(f, "Node", mem),
                                          field_text(f, "From", mem)});
        return true;
    case MSG_ALIVE:
        message_put(out, type,
                    &(struct msg_alive){U32("Incarnation"), field_text(f, "Node", mem),
                                        field_bytes(f, "Addr", mem), U16("Port"),
                                        field_bytes(f, "Meta", mem), field_bytes(f, "Vsn", mem)});
        return true;
    case MSG_PUSHPULL:
    case MSG_COMPOUND:
    case MSG_USER:
    case MSG_COMPRESS:
    case MSG_ENCRYPT:
    case MSG_CRC:
    case MSG_ERR:
    case MSG_LABEL:
        break;
    }
    return false;
}

static const char *run_message(const cJSON *c, struct arena *mem)
{
    defer(buf_done) struct buf got = {0}, again = {0};
    str want = case_get_hex(c, "packet", mem);
    if (!put_message(c, case_get(c, "fields"), mem, &got))
        return "message type not known to this test";
    if (!str_eq(buf_str(&got), want))
        return "other bytes";
    // Read and written again it is the same.
    union {
        struct msg_ping ping;
        struct msg_indirect_ping indirect;
        struct msg_alive alive;
    } msg;
    struct err err = ERR_INIT;
    enum msg_type type = (enum msg_type)case_get_i64(c, "type");
    if (!message_decode(type, str_skip(want, 1), &msg, mem, &err))
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    message_put(&again, type, &msg);
    return str_eq(buf_str(&again), want) ? NULL : "other bytes after reading";
}

static const char *run_compound(const cJSON *c, struct arena *mem)
{
    defer(parts_done) struct parts parts = {0};
    defer(buf_done) struct buf got = {0};
    const cJSON *part;
    cJSON_ArrayForEach(part, case_get(c, "parts")) parts_add(&parts, hex_of(part, mem), S(""));
    str want = case_get_hex(c, "packet", mem);
    parts_put_compound(&parts, &got);
    // One part goes alone here: receivers see the same message.
    if (parts.count == 1)
        want = str_skip(want, 4);
    return str_eq(buf_str(&got), want) ? NULL : "other bytes";
}

static const char *run_split(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    struct compound compound;
    const char *error = cJSON_GetStringValue(case_get(c, "error"));
    if (!compound_open(case_get_hex(c, "body", mem), &compound, &err))
        return error && str_find_str(err_str(&err), str_c(error)) != STR_NONE
                   ? NULL
                   : case_fail(mem, "error %.*s", STR(err_str(&err)));
    if (error)
        return "not refused";
    const cJSON *part;
    cJSON_ArrayForEach(part, case_get(c, "parts"))
    {
        str got;
        if (!compound_next(&compound, &got) || !str_eq(got, hex_of(part, mem)))
            return "another part";
    }
    str more;
    if (compound_next(&compound, &more))
        return "more parts";
    if (compound.truncated != (size_t)case_get_i64(c, "truncated"))
        return case_fail(mem, "%zu truncated", compound.truncated);
    return NULL;
}

static const char *run_crc(const cJSON *c, struct arena *mem)
{
    str payload = case_get_hex(c, "payload", mem), want = case_get_hex(c, "packet", mem), got;
    struct err err = ERR_INIT;
    if (!crc_remove(want, &got, &err) || !str_eq(got, payload))
        return "not read";
    if (payload.n == 0)
        return NULL; // never sent
    defer(buf_done) struct buf sealed = {0};
    packet_seal(&sealed, payload, true, S(""));
    if (sealed.n >= 6 && sealed.p[5] == MSG_COMPRESS)
        return NULL; // shorter compressed: other bytes below the checksum
    return str_eq(buf_str(&sealed), want) ? NULL : "other bytes";
}

static const char *run(const cJSON *c, struct arena *mem)
{
    str op = case_get_text(c, "op", mem);
    if (str_eq(op, S("message")))
        return run_message(c, mem);
    if (str_eq(op, S("compound")))
        return run_compound(c, mem);
    if (str_eq(op, S("split")))
        return run_split(c, mem);
    if (str_eq(op, S("crc")))
        return run_crc(c, mem);
    struct err err = ERR_INIT;
    str got;
    bool ok = crc_remove(case_get_hex(c, "packet", mem), &got, &err);
    return ok == case_get_bool(c, "ok") ? NULL : "checksum";
}

static void framing(void **state)
{
    (void)state;
    case_file_run("ml-framing", run);
}

int test_ml_framing(void);
int test_ml_framing(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(framing)};
    return run_group("ml-framing", tests);
}
