// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/nflog_wire.h"

#include "alertmanager/nflog.pb-c.h"
#include "base/core/alloc.h"
#include "base/core/utf8.h"
#include "base/text/pb.h"

// ---- reading ------------------------------------------------------------------------------------

static time_ns timestamp_read(const Nflogpb__Timestamp *t) // absent: 1970, as upstream reads it
{
    return t ? pb_time(t->seconds, t->nanos) : 0;
}

static bool data_is_valid(const Nflogpb__ReceiverDataEntry *d)
{
    if (d->has_key_case == NFLOGPB__RECEIVER_DATA_ENTRY__HAS_KEY_KEY &&
        !utf8_is_valid(pb_str(d->key)))
        return false;
    return !d->value || d->value->value_case != NFLOGPB__RECEIVER_DATA_VALUE__VALUE_STR_VAL ||
           utf8_is_valid(pb_str(d->value->str_val));
}

static bool entry_is_valid(const Nflogpb__MeshEntry *m, struct err *err)
{
    if (!m->entry || !m->entry->receiver)
        return err_set(err, ERR_SYNTAX, "invalid state");
    const Nflogpb__Receiver *r = m->entry->receiver;
    bool is_valid = utf8_is_valid(pb_str(r->group_name)) && utf8_is_valid(pb_str(r->integration));
    for (size_t i = 0; i < m->entry->n_receiver_data && is_valid; i++)
        is_valid = data_is_valid(m->entry->receiver_data[i]);
    return is_valid || err_set(err, ERR_SYNTAX, "string field contains invalid UTF-8");
}

static int hash_cmp(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// Sorts and drops doubles; the new count.
static size_t hashes_unique(uint64_t *hashes, size_t count)
{
    if (count > 1)
        qsort(hashes, count, sizeof(*hashes), hash_cmp);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || hashes[kept - 1] != hashes[i])
            hashes[kept++] = hashes[i];
    }
    return kept;
}

// Where the text stands in the record. protobuf-c copies what it reads, but every field is
// somewhere in the record as it is, and any place with those bytes will do.
static struct nflog_span span_find(str record, ProtobufCBinaryData field)
{
    str text = pb_str(field);
    size_t at = str_find_str(record, text);
    assert(at != STR_NONE);
    return (struct nflog_span){(uint32_t)at, (uint32_t)text.n};
}

static char *entry_bytes(struct nflog_entry *e)
{
    return (char *)(e->hashes + e->firing_count + e->resolved_count);
}

static struct nflog_entry *entry_make(const Nflogpb__MeshEntry *m, str record, time_ns now)
{
    Nflogpb__Entry *in = m->entry;
    size_t firing_count = hashes_unique(in->firing_alerts, in->n_firing_alerts);
    size_t resolved_count = hashes_unique(in->resolved_alerts, in->n_resolved_alerts);
    struct nflog_entry *e =
        mem_alloc(sizeof(*e) + (firing_count + resolved_count) * sizeof(uint64_t) + record.n);
    time_ns timestamp = timestamp_read(in->timestamp);
    *e = (struct nflog_entry){
        .timestamp = timestamp,
        .notified_at = MIN(timestamp, now),
        .expires_at = timestamp_read(m->expires_at),
        .idx = in->receiver->idx,
        .firing_count = (uint32_t)firing_count,
        .resolved_count = (uint32_t)resolved_count,
        .record_bytes = (uint32_t)record.n,
        .group_key = span_find(record, in->group_key),
        .name = span_find(record, in->receiver->group_name),
        .integration = span_find(record, in->receiver->integration),
    };
    if (firing_count > 0)
        memcpy(e->hashes, in->firing_alerts, firing_count * sizeof(uint64_t));
    if (resolved_count > 0)
        memcpy(e->hashes + firing_count, in->resolved_alerts, resolved_count * sizeof(uint64_t));
    if (record.n > 0)
        memcpy(entry_bytes(e), record.p, record.n);
    return e;
}

struct nflog_entry *nflog_entry_decode(str record, time_ns now, struct arena *scratch,
                                       struct err *err)
{
    if (record.n > NFLOG_RECORD_BYTES_MAX) {
        err_set(err, ERR_LIMIT, "entry of %zu bytes exceeds the limit of %zu bytes", record.n,
                NFLOG_RECORD_BYTES_MAX);
        return NULL;
    }
    const Nflogpb__MeshEntry *m = pb_unpack(&nflogpb__mesh_entry__descriptor, record, scratch, err);
    if (!m || !entry_is_valid(m, err))
        return NULL;
    return entry_make(m, record, now);
}

// ---- an entry's parts ---------------------------------------------------------------------------

str nflog_entry_record(const struct nflog_entry *e)
{
    return str_from(e->hashes + e->firing_count + e->resolved_count, e->record_bytes);
}

static str entry_text(const struct nflog_entry *e, struct nflog_span span)
{
    return str_slice(nflog_entry_record(e), span.at, span.at + span.bytes);
}

str nflog_entry_group_key(const struct nflog_entry *e)
{
    return entry_text(e, e->group_key);
}

struct nflog_receiver nflog_entry_receiver(const struct nflog_entry *e)
{
    return (struct nflog_receiver){
        .name = entry_text(e, e->name),
        .integration = entry_text(e, e->integration),
        .idx = e->idx,
    };
}

static bool has_all(const uint64_t *sorted, size_t sorted_count, const uint64_t *hashes,
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (sorted_count == 0 ||
            !bsearch(&hashes[i], sorted, sorted_count, sizeof(*sorted), hash_cmp))
            return false;
    }
    return true;
}

bool nflog_entry_has_firing(const struct nflog_entry *e, const uint64_t *hashes, size_t count)
{
    return has_all(nflog_entry_firing(e), e->firing_count, hashes, count);
}

bool nflog_entry_has_resolved(const struct nflog_entry *e, const uint64_t *hashes, size_t count)
{
    return has_all(nflog_entry_resolved(e), e->resolved_count, hashes, count);
}

static struct nflog_data data_read(const Nflogpb__ReceiverDataEntry *in)
{
    struct nflog_data d = {.key = S("")};
    if (in->has_key_case == NFLOGPB__RECEIVER_DATA_ENTRY__HAS_KEY_KEY)
        d.key = pb_str(in->key);
    if (!in->value)
        return d;
    switch (in->value->value_case) {
    case NFLOGPB__RECEIVER_DATA_VALUE__VALUE_STR_VAL:
        d.kind = NFLOG_DATA_TEXT;
        d.text = pb_str(in->value->str_val);
        break;
    case NFLOGPB__RECEIVER_DATA_VALUE__VALUE_INT_VAL:
        d.kind = NFLOG_DATA_INT;
        d.integer = in->value->int_val;
        break;
    case NFLOGPB__RECEIVER_DATA_VALUE__VALUE_DOUBLE_VAL:
        d.kind = NFLOG_DATA_DOUBLE;
        d.real = in->value->double_val;
        break;
    case NFLOGPB__RECEIVER_DATA_VALUE__VALUE__NOT_SET:
    case _NFLOGPB__RECEIVER_DATA_VALUE__VALUE__CASE_IS_INT_SIZE:
        break;
    }
    return d;
}

struct data_at {
    struct nflog_data data;
    size_t at;
};

static int data_cmp(const void *a, const void *b)
{
    const struct data_at *x = a, *y = b;
    int order = str_cmp(x->data.key, y->data.key);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

size_t nflog_entry_data(const struct nflog_entry *e, struct arena *mem, struct nflog_data **ret)
{
    *ret = NULL;
    const Nflogpb__MeshEntry *m =
        pb_unpack(&nflogpb__mesh_entry__descriptor, nflog_entry_record(e), mem, NULL);
    assert(m && m->entry); // it was decoded once
    size_t given = m->entry->n_receiver_data;
    if (given == 0)
        return 0;
    struct data_at *sorted = arena_array(mem, struct data_at, given);
    for (size_t i = 0; i < given; i++)
        sorted[i] = (struct data_at){data_read(m->entry->receiver_data[i]), i};
    qsort(sorted, given, sizeof(*sorted), data_cmp);
    struct nflog_data *data = arena_array(mem, struct nflog_data, given);
    size_t count = 0;
    for (size_t i = 0; i < given; i++) { // of equal keys the last one counts
        if (i + 1 == given || !str_eq(sorted[i].data.key, sorted[i + 1].data.key))
            data[count++] = sorted[i].data;
    }
    *ret = data;
    return count;
}

// ---- writing ------------------------------------------------------------------------------------

static Nflogpb__Timestamp timestamp_write(time_ns t)
{
    Nflogpb__Timestamp out = NFLOGPB__TIMESTAMP__INIT;
    pb_time_split(t, &out.seconds, &out.nanos);
    return out;
}

static Nflogpb__ReceiverDataEntry *data_write(const struct nflog_data *d, struct arena *mem)
{
    Nflogpb__ReceiverDataEntry *out = arena_new(mem, Nflogpb__ReceiverDataEntry);
    nflogpb__receiver_data_entry__init(out);
    out->has_key_case = NFLOGPB__RECEIVER_DATA_ENTRY__HAS_KEY_KEY;
    out->key = pb_bytes(d->key);
    out->value = arena_new(mem, Nflogpb__ReceiverDataValue);
    nflogpb__receiver_data_value__init(out->value);
    switch (d->kind) {
    case NFLOG_DATA_NONE:
        break;
    case NFLOG_DATA_TEXT:
        out->value->value_case = NFLOGPB__RECEIVER_DATA_VALUE__VALUE_STR_VAL;
        out->value->str_val = pb_bytes(d->text);
        break;
    case NFLOG_DATA_INT:
        out->value->value_case = NFLOGPB__RECEIVER_DATA_VALUE__VALUE_INT_VAL;
        out->value->int_val = d->integer;
        break;
    case NFLOG_DATA_DOUBLE:
        out->value->value_case = NFLOGPB__RECEIVER_DATA_VALUE__VALUE_DOUBLE_VAL;
        out->value->double_val = d->real;
        break;
    }
    return out;
}

static uint64_t *hashes_write(const uint64_t *hashes, size_t count, struct arena *mem)
{
    uint64_t *copy = arena_array(mem, uint64_t, count);
    if (count > 0)
        memcpy(copy, hashes, count * sizeof(*copy));
    return copy;
}

bool nflog_write_encode(const struct nflog_write *w, time_ns timestamp, time_ns expires_at,
                        struct arena *scratch, struct buf *out, struct err *err)
{
    Nflogpb__Timestamp at = timestamp_write(timestamp), expires = timestamp_write(expires_at);
    Nflogpb__Receiver receiver = NFLOGPB__RECEIVER__INIT;
    receiver.group_name = pb_bytes(w->receiver.name);
    receiver.integration = pb_bytes(w->receiver.integration);
    receiver.idx = w->receiver.idx;
    Nflogpb__Entry entry = NFLOGPB__ENTRY__INIT;
    entry.group_key = pb_bytes(w->group_key);
    entry.receiver = &receiver;
    entry.timestamp = &at;
    entry.firing_alerts = hashes_write(w->firing, w->firing_count, scratch);
    entry.n_firing_alerts = w->firing_count;
    entry.resolved_alerts = hashes_write(w->resolved, w->resolved_count, scratch);
    entry.n_resolved_alerts = w->resolved_count;
    entry.receiver_data = arena_array(scratch, Nflogpb__ReceiverDataEntry *, w->data_count);
    entry.n_receiver_data = w->data_count;
    for (size_t i = 0; i < w->data_count; i++)
        entry.receiver_data[i] = data_write(&w->data[i], scratch);
    Nflogpb__MeshEntry mesh = NFLOGPB__MESH_ENTRY__INIT;
    mesh.entry = &entry;
    mesh.expires_at = &expires;
    size_t bytes = pb_packed_bytes(&mesh);
    if (bytes > NFLOG_RECORD_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "entry of %zu bytes exceeds the limit of %zu bytes", bytes,
                       NFLOG_RECORD_BYTES_MAX);
    pb_pack(&mesh, out);
    return true;
}
