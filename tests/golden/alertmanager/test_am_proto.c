// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/nflog.pb-c.h"
#include "alertmanager/nflog_wire.h"
#include "alertmanager/silence.pb-c.h"
#include "alertmanager/silence_wire.h"
#include "base/core/alloc.h"
#include "base/text/pb.h"
#include "gossip/cluster.pb-c.h"
#include "tests/golden/alertmanager/state_cases.h"
#include "tests/support/fake_env.h"

// ---- JSON to messages, by descriptor ------------------------------------------------------------

static void *message_from(const ProtobufCMessageDescriptor *type, const cJSON *value,
                          struct arena *mem);

static str bytes_from(const cJSON *v, struct arena *mem)
{
    return cJSON_IsObject(v) && case_get(v, "hex") ? case_get_hex(v, "hex", mem)
                                                   : case_text(v, mem);
}

static uint64_t number_from(const cJSON *v)
{
    if (!cJSON_IsString(v))
        return (uint64_t)(int64_t)v->valuedouble;
    return v->valuestring[0] == '-' ? (uint64_t)strtoll(v->valuestring, NULL, 10)
                                    : strtoull(v->valuestring, NULL, 10);
}

static size_t field_size(const ProtobufCFieldDescriptor *f)
{
    switch ((int)f->type) { // the types that the messages use
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return 8;
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(double);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    default:
        return 4;
    }
}

static void value_store(const ProtobufCFieldDescriptor *f, const cJSON *v, void *to,
                        struct arena *mem)
{
    switch ((int)f->type) { // the types that the messages use
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)to = number_from(v);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
        *(uint32_t *)to = (uint32_t)number_from(v);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)to = cJSON_IsTrue(v);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *)to = v->valuedouble;
        break;
    case PROTOBUF_C_TYPE_ENUM:
        *(uint32_t *)to = cJSON_IsNumber(v)
                              ? (uint32_t)v->valueint
                              : (uint32_t)protobuf_c_enum_descriptor_get_value_by_name(
                                    f->descriptor, v->valuestring)
                                    ->value;
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)to = pb_bytes(bytes_from(v, mem));
        break;
    case PROTOBUF_C_TYPE_STRING:
        *(char **)to = arena_c(mem, case_text(v, mem));
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(void **)to = message_from(f->descriptor, v, mem);
        break;
    default:
        fail_msg("field %s has a type that no case uses", f->name);
    }
}

static int member_cmp(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

// {key: value, …} is a map: entries in the order of their keys.
static void *entry_from(const ProtobufCMessageDescriptor *type, const cJSON *member,
                        struct arena *mem)
{
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "key", member->string);
    cJSON_AddItemToObject(entry, "value", cJSON_Duplicate(member, true));
    void *message = message_from(type, entry, mem);
    cJSON_Delete(entry);
    return message;
}

static void repeated_store(const ProtobufCFieldDescriptor *f, const cJSON *v, char *message,
                           struct arena *mem)
{
    size_t count = (size_t)cJSON_GetArraySize(v), size = field_size(f);
    if (count == 0)
        return;
    char *items = arena_alloc(mem, count * size);
    const cJSON **members = arena_array(mem, const cJSON *, count);
    size_t n = 0;
    for (const cJSON *m = v->child; m; m = m->next)
        members[n++] = m;
    if (cJSON_IsObject(v))
        qsort(members, n, sizeof(const cJSON *), member_cmp);
    for (size_t i = 0; i < n; i++) {
        if (cJSON_IsObject(v))
            ((void **)items)[i] = entry_from(f->descriptor, members[i], mem);
        else
            value_store(f, members[i], items + i * size, mem);
    }
    *(size_t *)(message + f->quantifier_offset) = n;
    *(void **)(message + f->offset) = items;
}

static void *message_from(const ProtobufCMessageDescriptor *type, const cJSON *value,
                          struct arena *mem)
{
    char *message = arena_alloc(mem, type->sizeof_message);
    protobuf_c_message_init(type, message);
    for (const cJSON *m = value ? value->child : NULL; m; m = m->next) {
        const ProtobufCFieldDescriptor *f =
            protobuf_c_message_descriptor_get_field_by_name(type, m->string);
        if (!f) {
            fail_msg("%s has no field %s", type->name, m->string);
            break;
        }
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            repeated_store(f, m, message, mem);
            continue;
        }
        value_store(f, m, message + f->offset, mem);
        if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
            *(uint32_t *)(message + f->quantifier_offset) = f->id;
    }
    return message;
}

// ---- comparing messages ------------------------------------------------------------------------

static void canonise(void *message);

static str entry_key(const char *message)
{
    const ProtobufCMessageDescriptor *type = ((const ProtobufCMessage *)message)->descriptor;
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field_by_name(type, "key");
    return pb_str(*(const ProtobufCBinaryData *)(message + f->offset));
}

// Of map entries with the same key the last one counts; a missing key or value is the empty one.
static void canonise_map(char *message, const ProtobufCFieldDescriptor *f)
{
    size_t *count = (size_t *)(message + f->quantifier_offset), kept = 0;
    char **items = *(char ***)(message + f->offset);
    for (size_t i = 0; i < *count; i++) {
        bool is_last = true;
        for (size_t k = i + 1; k < *count; k++)
            is_last &= !str_eq(entry_key(items[i]), entry_key(items[k]));
        if (!is_last)
            continue;
        const ProtobufCMessageDescriptor *type = f->descriptor;
        for (unsigned k = 0; k < type->n_fields; k++) {
            const ProtobufCFieldDescriptor *part = &type->fields[k];
            if (part->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
                *(uint32_t *)(items[i] + part->quantifier_offset) = part->id;
        }
        items[kept++] = items[i];
    }
    *count = kept;
}

// Drops unknown fields, all the way down.
static void canonise(void *m)
{
    char *message = m;
    ((ProtobufCMessage *)m)->n_unknown_fields = 0;
    const ProtobufCMessageDescriptor *type = ((ProtobufCMessage *)m)->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &type->fields[i];
        if (f->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
            void *part = *(void **)(message + f->offset);
            if (part)
                canonise(part);
            continue;
        }
        if (protobuf_c_message_descriptor_get_field_by_name(f->descriptor, "key"))
            canonise_map(message, f);
        size_t count = *(size_t *)(message + f->quantifier_offset);
        for (size_t k = 0; k < count; k++)
            canonise((*(void ***)(message + f->offset))[k]);
    }
}

static const char *check_bytes(str got, str want, const char *what, struct arena *mem)
{
    if (str_eq(got, want))
        return NULL;
    struct buf hex = {0};
    buf_put_hex(&hex, got);
    const char *why = case_fail(mem, "%s: %.*s", what, STR(buf_str(&hex)));
    buf_done(&hex);
    return why;
}

static const ProtobufCMessageDescriptor *find_type(str name)
{
    const ProtobufCMessageDescriptor *const TYPES[] = {
        &nflogpb__mesh_entry__descriptor,
        &nflogpb__entry__descriptor,
        &silencepb__mesh_silence__descriptor,
        &silencepb__silence__descriptor,
        &clusterpb__part__descriptor,
        &clusterpb__full_state__descriptor,
        &clusterpb__memberlist_message__descriptor,
    };
    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
        if (str_eq(str_c(TYPES[i]->name), name))
            return TYPES[i];
    }
    return NULL;
}

// The stores' own readers: a message that is not a whole record is put into one. (The cluster's
// readers have a runner of their own.)
static const char *check_refused(const ProtobufCMessageDescriptor *type, str bytes,
                                 struct arena *mem)
{
    if (str_starts(str_c(type->name), S("clusterpb")))
        return NULL;
    struct buf record = {0};
    bool is_part = type == &nflogpb__entry__descriptor || type == &silencepb__silence__descriptor;
    if (is_part)
        buf_put_c(&record, 0x0a);
    if (is_part)
        pb_put_record(&record, bytes);
    else
        buf_put(&record, bytes);
    struct err err = ERR_INIT;
    if (str_starts(str_c(type->name), S("nflogpb")))
        mem_free(nflog_entry_decode(buf_str(&record), 0, mem, &err));
    else
        silence_stored_free(silence_decode(buf_str(&record), mem, &err));
    buf_done(&record);
    bool is_refused = err.code != ERR_NONE && !str_eq(err_str(&err), S("invalid state"));
    return is_refused ? NULL : "not refused";
}

static const char *run_message(const cJSON *c, struct arena *mem)
{
    str name = case_get_text(c, "message", mem);
    const ProtobufCMessageDescriptor *type = find_type(name);
    if (!type)
        return case_fail(mem, "unknown message %.*s", STR(name));
    str bytes = case_get_hex(c, "bytes", mem);
    if (case_get_bool(c, "error"))
        return check_refused(type, bytes, mem);
    struct buf encoded = {0}, again = {0}, kept = {0};
    pb_pack(message_from(type, case_get(c, "value"), mem), &encoded);
    const char *why = NULL;
    if (!case_get_bool(c, "decode_only"))
        why = check_bytes(buf_str(&encoded), bytes, "encoded", mem);
    void *message = pb_unpack(type, bytes, mem, NULL);
    if (message) {
        pb_pack(message, &kept);
        canonise(message);
        pb_pack(message, &again);
    }
    if (!why)
        why = message ? check_bytes(buf_str(&again), buf_str(&encoded), "decoded", mem) : "refused";
    if (!why && str_starts(case_get_text(c, "note", mem), S("unknown fields")))
        why = check_bytes(buf_str(&kept), bytes, "written again", mem);
    buf_done(&encoded);
    buf_done(&again);
    buf_done(&kept);
    return why;
}

// ---- state files --------------------------------------------------------------------------------

static const char *check_report(const cJSON *c, const struct journal_report *report,
                                struct arena *mem)
{
    str want = case_get_text(c, "error", mem);
    str got = err_str(&report->damage);
    if (want.n == 0)
        return got.n == 0 ? NULL : case_fail(mem, "damage: %.*s", STR(got));
    if (got.n == 0)
        return "no damage seen";
    bool is_any = str_eq(want, S("error"));
    return is_any || str_find_str(got, want) != STR_NONE
               ? NULL
               : case_fail(mem, "damage is %.*s, want %.*s", STR(got), STR(want));
}

static const char *run_nflog(const cJSON *c, struct fake_env *fake, struct arena *mem)
{
    struct nflog_options opt = {.path = S("state"), .retention = DUR_HOURS(120)};
    struct journal_report report;
    struct nflog *log = nflog_new(&fake->env, &opt, &report, NULL);
    const char *why = check_report(c, &report, mem);
    const cJSON *want = case_get(c, "entries");
    size_t count = 0;
    const struct nflog_entry *e;
    for (size_t i = 0; want && !why && (e = nflog_next(log, &i)); count++) {
        struct nflog_receiver r = nflog_entry_receiver(e);
        str key = nflog_entry_group_key(e);
        str text = arena_printf(mem, "%.*s:%.*s/%.*s/%u", STR(key), STR(r.name), STR(r.integration),
                                r.idx);
        // A case spells the key of an empty receiver with a slash too many: "k:///0".
        if (r.name.n == 0 && r.integration.n == 0)
            text = arena_printf(mem, "%.*s:///%u", STR(key), r.idx);
        const cJSON *seconds = case_get(want, text.p);
        if (!seconds || e->timestamp != DUR_SECONDS(seconds->valueint))
            why = case_fail(mem, "unexpected entry %s", text.p);
    }
    if (!why && want && count != (size_t)cJSON_GetArraySize(want))
        why = "entries are missing";
    nflog_free(log);
    return why;
}

static str sets_text(const struct silence *s, struct arena *mem) // a=b,c=~d;e!=f
{
    struct buf text = {0};
    for (size_t i = 0; i < s->set_count; i++) {
        for (size_t k = 0; k < s->sets[i].count; k++) {
            const struct matcher *m = &s->sets[i].items[k];
            str op = matcher_op_str(m->op);
            buf_printf(&text, "%.*s%.*s%.*s,", STR(m->name), STR(op), STR(m->value));
        }
        buf_put_c(&text, ';');
    }
    str copy = arena_str(mem, buf_str(&text));
    buf_done(&text);
    return copy;
}

static str wanted_text(const cJSON *sets, struct arena *mem)
{
    struct buf text = {0};
    for (const cJSON *set = sets->child; set; set = set->next) {
        for (const cJSON *m = set->child; m; m = m->next)
            buf_printf(&text, "%s,", m->valuestring);
        buf_put_c(&text, ';');
    }
    str copy = arena_str(mem, buf_str(&text));
    buf_done(&text);
    return copy;
}

static const char *check_silences(struct silences *s, const cJSON *want, struct arena *mem)
{
    for (const cJSON *w = want->child; w; w = w->next) {
        const struct silence *got = silences_find(s, str_c(w->string));
        if (!got || !str_eq(sets_text(got, mem), wanted_text(case_get(w, "matchers"), mem)))
            return case_fail(mem, "silence %s is missing or differs", w->string);
        if (!str_eq(got->comment, case_get_text(w, "comment", mem)) ||
            !str_eq(got->created_by, case_get_text(w, "created_by", mem)))
            return case_fail(mem, "author or comment of %s", w->string);
    }
    return silences_stats(s)->stored == (size_t)cJSON_GetArraySize(want) ? NULL : "too many";
}

static const char *run_silences(const cJSON *c, struct fake_env *fake, struct arena *mem)
{
    struct silences_options opt = {.path = S("state"), .retention = DUR_HOURS(120)};
    struct journal_report report;
    struct silences *s = silences_new(&fake->env, &opt, &report, NULL);
    const char *why = check_report(c, &report, mem);
    if (!why && case_get(c, "silences"))
        why = check_silences(s, case_get(c, "silences"), mem);
    if (!why && case_get(c, "written")) {
        struct buf written = {0};
        silences_marshal(s, &written);
        why = check_bytes(buf_str(&written), case_get_hex(c, "written", mem), "written", mem);
        buf_done(&written);
    }
    silences_free(s);
    return why;
}

static const char *run(const cJSON *c, struct arena *mem)
{
    if (!case_get(c, "state"))
        return run_message(c, mem);
    struct fake_env fake;
    fake_env_init(&fake);
    fake_file_set(&fake, "state", case_get_hex(c, "bytes", mem));
    bool is_nflog = str_eq(case_get_text(c, "state", mem), S("nflog"));
    const char *why = (is_nflog ? run_nflog : run_silences)(c, &fake, mem);
    fake_env_done(&fake);
    return why;
}

static void cases(void **state)
{
    (void)state;
    case_file_run("am-proto", run);
}

int test_am_proto(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    return run_group("am-proto", tests);
}
