// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/silence.h"

#include "alertmanager/silence_priv.h"
#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/text/pb.h"

// ---- slots --------------------------------------------------------------------------------------

static uint64_t id_hash(const struct silences *s, str id)
{
    return hash_seeded(s->seed, id);
}

static bool slot_has_id(const void *item, const void *id)
{
    return str_eq(((const struct silence_slot *)item)->stored->pub.id, *(const str *)id);
}

struct silence_slot *silences_slot(const struct silences *s, str id)
{
    return map_find(&s->slots, id_hash(s, id), slot_has_id, &id);
}

static void count_stored(struct silences *s, const struct silence_stored *stored, int by)
{
    s->stats.inert += (size_t)(stored->pub.is_inert * by);
    s->stats.record_bytes += stored->record.n * (size_t)by;
}

// Puts a silence into the slot of its id; slot NULL: a new one.
static struct silence_slot *slot_put(struct silences *s, struct silence_slot *slot,
                                     struct silence_stored *takes)
{
    if (!slot) {
        slot = mem_new(struct silence_slot);
        slot->serial = ++s->next_serial;
        slot->stored = takes;
        map_insert(&s->slots, id_hash(s, takes->pub.id), slot);
    } else {
        silence_index_forget(&s->index, slot);
        count_stored(s, slot->stored, -1);
        silence_stored_free(slot->stored);
        slot->stored = takes;
    }
    count_stored(s, takes, 1);
    s->stats.stored = s->slots.count;
    if (takes->pub.is_inert) {
        s->stats.compile_errors_load += s->is_loading;
        s->stats.compile_errors_index += !s->is_loading;
    }
    silence_index_changed(&s->index, slot, env_now(s->env));
    return slot;
}

static void slot_remove(struct silences *s, struct silence_slot *slot)
{
    silence_index_remove(&s->index, slot);
    map_remove_item(&s->slots, id_hash(s, slot->stored->pub.id), slot);
    count_stored(s, slot->stored, -1);
    silence_stored_free(slot->stored);
    mem_free(slot);
    s->stats.stored = s->slots.count;
}

static struct silence_stored *decode(struct silences *s, str record, struct err *err)
{
    arena_clear(&s->scratch);
    return silence_decode(record, &s->scratch, err);
}

// ---- life ---------------------------------------------------------------------------------------

// Expired silences are loaded too, and a journal's record counts whether it is expired or not: it
// may have ended what the snapshot still has.
static bool silences_load(void *owner, enum journal_source from, str record, struct err *err)
{
    struct silences *s = owner;
    struct silence_stored *stored = decode(s, record, err);
    if (!stored)
        return false;
    struct silence_slot *slot = silences_slot(s, stored->pub.id);
    if (slot && from == FROM_JOURNAL && slot->stored->pub.updated_at >= stored->pub.updated_at)
        silence_stored_free(stored);
    else
        slot_put(s, slot, stored);
    return true;
}

static void silences_marshal_to(void *owner, struct buf *out)
{
    silences_marshal(owner, out);
}

struct silences *silences_new(struct env *env, const struct silences_options *opt,
                              struct journal_report *report, struct err *err)
{
    struct silences *s = mem_new(struct silences);
    s->env = env;
    s->opt = *opt;
    s->opt.stored_max = opt->stored_max ? opt->stored_max : SILENCES_STORED_MAX;
    s->seed = env_random(env);
    silence_index_init(&s->index, s->seed, &s->stats);
    struct journal_options journal = {
        .path = opt->path,
        .kind = S("silences"),
        .hooks = {.load = silences_load, .marshal = silences_marshal_to, .owner = s},
    };
    s->is_loading = true;
    s->journal = journal_open(env, &journal, report, err);
    s->is_loading = false;
    if (!s->journal) {
        silences_free(s);
        return NULL;
    }
    return s;
}

void silences_set_out(struct silences *s, const struct silences_out *out)
{
    s->opt.out = *out;
}

void silences_close(struct silences *s, file_done_fn *on_done, void *owner)
{
    silences_gc(s);
    journal_close(s->journal, on_done, owner);
}

void silences_free(struct silences *s)
{
    if (!s)
        return;
    journal_free(s->journal);
    map_each (struct silence_slot, slot, &s->slots)
        slot_remove(s, slot);
    map_done(&s->slots);
    silence_index_done(&s->index);
    arena_done(&s->scratch);
    buf_done(&s->encoded);
    buf_done(&s->framed);
    mem_free(s->muting);
    mem_free(s);
}

const struct silences_stats *silences_stats(const struct silences *s)
{
    return &s->stats;
}

const struct journal_stats *silences_journal_stats(const struct silences *s)
{
    return journal_stats(s->journal);
}

// ---- local changes ------------------------------------------------------------------------------

// Stores the record in s->encoded, journals it and tells the peers. The commit is the caller's.
static struct silence_slot *accept_own(struct silences *s, struct silence_slot *slot)
{
    str record = buf_str(&s->encoded);
    struct silence_stored *stored = decode(s, record, NULL);
    assert(stored); // we encoded it
    slot = slot_put(s, slot, stored);
    journal_add(s->journal, stored->record);
    if (s->opt.out.broadcast) {
        buf_clear(&s->framed);
        pb_put_record(&s->framed, stored->record);
        s->opt.out.broadcast(s->opt.out.owner, buf_str(&s->framed));
    }
    if (s->opt.out.on_change)
        s->opt.out.on_change(s->opt.out.owner, &stored->pub);
    return slot;
}

// Later than what it replaces, so that it wins everywhere, whatever the clocks say; by chance, so
// that two peers that do the same differ.
static time_ns next_updated_at(struct silences *s, const struct silence_slot *slot, time_ns now)
{
    time_ns old = slot->stored->pub.updated_at;
    if (old < now)
        return now;
    return add_saturated(old, 1 + (dur_ns)env_random_below(s->env, SILENCE_STEP_MAX));
}

static void expire_slot(struct silences *s, struct silence_slot *slot, time_ns now)
{
    const struct silence *old = &slot->stored->pub;
    bool is_pending = silence_state(old, now) == SILENCE_PENDING;
    struct silence_times times = {
        .starts_at = is_pending ? now : old->starts_at,
        .ends_at = now,
        .updated_at = next_updated_at(s, slot, now),
        .expires_at = add_saturated(now, s->opt.retention),
    };
    arena_clear(&s->scratch);
    buf_clear(&s->encoded);
    silence_encode_times(slot->stored, &times, &s->scratch, &s->encoded);
    accept_own(s, slot);
}

bool silences_expire(struct silences *s, str id, file_done_fn *on_done, void *owner,
                     struct err *err)
{
    struct silence_slot *slot = silences_slot(s, id);
    if (!slot)
        return err_set(err, ERR_NOT_FOUND, "silence not found");
    time_ns now = env_now(s->env);
    if (silence_state(&slot->stored->pub, now) != SILENCE_EXPIRED)
        expire_slot(s, slot, now);
    else // once more: what the answer promises may not be on the disk yet
        journal_add(s->journal, slot->stored->record);
    journal_commit(s->journal, on_done, owner);
    return true;
}

// UUIDv4, RFC 9562 §5.4.
static str make_id(struct env *env, char text[SILENCE_ID_BYTES])
{
    uint64_t high = env_random(env), low = env_random(env);
    high = (high & ~0xf000ULL) | 0x4000;
    low = (low & ~(3ULL << 62)) | 1ULL << 63;
    char digits[32];
    struct buf b = {.p = digits, .cap = sizeof(digits), .max = sizeof(digits)};
    buf_put_hex64(&b, high);
    buf_put_hex64(&b, low);
    size_t n = 0;
    for (size_t i = 0; i < sizeof(digits); i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            text[n++] = '-';
        text[n++] = digits[i];
    }
    return str_from(text, n);
}

// Encodes into s->encoded. Errors: ERR_LIMIT.
static bool encode_own(struct silences *s, const struct silence_input *in, str id,
                       time_ns updated_at, struct err *err)
{
    struct silence_times times = {
        .starts_at = in->starts_at,
        .ends_at = in->ends_at,
        .updated_at = updated_at,
        .expires_at = add_saturated(in->ends_at, s->opt.retention),
    };
    arena_clear(&s->scratch);
    buf_clear(&s->encoded);
    size_t bytes = silence_limited_bytes(in, id, &times, &s->scratch);
    size_t bytes_max = s->opt.silence_bytes_max;
    if (bytes_max > 0 && bytes > bytes_max)
        return err_set(err, ERR_LIMIT,
                       "silence exceeded maximum size: %zu bytes (limit: %zu bytes)", bytes,
                       bytes_max);
    silence_encode(in, id, &times, &s->scratch, &s->encoded);
    if (s->encoded.n > SILENCE_RECORD_BYTES_MAX)
        return err_set(err, ERR_LIMIT,
                       "silence exceeded maximum size: %zu bytes (limit: %zu bytes)", s->encoded.n,
                       SILENCE_RECORD_BYTES_MAX);
    return true;
}

static struct silence_slot *update_in_place(struct silences *s, struct silence_slot *slot,
                                            const struct silence_input *in, time_ns now,
                                            struct err *err)
{
    if (!encode_own(s, in, in->id, next_updated_at(s, slot, now), err))
        return NULL;
    return accept_own(s, slot);
}

static struct silence_slot *make_new(struct silences *s, struct silence_slot *previous,
                                     struct silence_input *in, time_ns now, struct err *err)
{
    size_t count = s->slots.count, count_max = s->opt.count_max;
    if (count_max > 0 && count + 1 > count_max) {
        err_set(err, ERR_LIMIT, "exceeded maximum number of silences: %zu (limit: %zu)", count,
                count_max);
        return NULL;
    }
    in->starts_at = MAX(in->starts_at, now);
    char text[SILENCE_ID_BYTES];
    str id = make_id(s->env, text);
    if (!encode_own(s, in, id, now, err))
        return NULL;
    if (previous && silence_state(&previous->stored->pub, now) != SILENCE_EXPIRED) {
        expire_slot(s, previous, now); // uses s->encoded
        bool is_encoded = encode_own(s, in, id, now, err);
        assert(is_encoded);
        (void)is_encoded;
    }
    return accept_own(s, NULL);
}

const struct silence *silences_set(struct silences *s, const struct silence_input *in,
                                   file_done_fn *on_done, void *owner, struct err *err)
{
    time_ns now = env_now(s->env);
    struct silence_input wanted = *in;
    if (wanted.starts_at == TIME_UNSET)
        wanted.starts_at = now;
    if (!silence_check(&wanted, s->opt.names, err)) {
        err_wrap(err, "invalid silence");
        return NULL;
    }
    struct silence_slot *slot = in->id.n > 0 ? silences_slot(s, in->id) : NULL;
    if (in->id.n > 0 && !slot) {
        err_set(err, ERR_NOT_FOUND, "silence not found");
        return NULL;
    }
    if (slot && silence_can_update(&slot->stored->pub, &wanted, now))
        slot = update_in_place(s, slot, &wanted, now, err);
    else
        slot = make_new(s, slot, &wanted, now, err);
    if (!slot)
        return NULL;
    journal_commit(s->journal, on_done, owner);
    return &slot->stored->pub;
}

void silences_cancel(struct silences *s, const void *owner)
{
    journal_cancel(s->journal, owner);
}

// ---- merging ------------------------------------------------------------------------------------

static bool stored_has_id(const void *item, const void *id)
{
    return str_eq(((const struct silence_stored *)item)->pub.id, *(const str *)id);
}

// Decodes all records into `batch`. Of two with the same id the later one is kept before anything
// else happens, whatever their timestamps.
static bool merge_decode(struct silences *s, str records, struct map *batch, struct err *err)
{
    for (;;) {
        str record;
        switch (pb_take_record(&records, SILENCE_RECORD_BYTES_MAX, &record, err)) {
        case PB_END:
            return true;
        case PB_MALFORMED:
            return false;
        case PB_RECORD:
            break;
        }
        struct silence_stored *stored = decode(s, record, err);
        if (!stored)
            return false;
        uint64_t hash = id_hash(s, stored->pub.id);
        struct silence_stored *earlier = map_find(batch, hash, stored_has_id, &stored->pub.id);
        if (earlier)
            map_replace_item(batch, hash, earlier, stored);
        else
            map_insert(batch, hash, stored);
        silence_stored_free(earlier);
    }
}

// Last writer wins; of equal timestamps the one that is here stays.
static bool merge_silence(struct silences *s, struct silence_stored *takes, time_ns now)
{
    struct silence_stored *stored = takes;
    struct silence_slot *slot = silences_slot(s, stored->pub.id);
    bool is_news = stored->pub.expires_at >= now &&
                   (!slot || slot->stored->pub.updated_at < stored->pub.updated_at);
    if (is_news && stored->pub.updated_at > SILENCE_UPDATED_AT_MAX) {
        s->stats.merge_refused++;
        is_news = false;
    } else if (is_news && !slot && s->slots.count >= s->opt.stored_max) {
        s->stats.merge_over_limit++;
        is_news = false;
    }
    if (!is_news) {
        silence_stored_free(stored);
        return false;
    }
    slot_put(s, slot, stored);
    journal_add(s->journal, stored->record);
    if (s->opt.out.on_change)
        s->opt.out.on_change(s->opt.out.owner, &stored->pub);
    return true;
}

bool silences_merge(struct silences *s, str records, size_t *ret_changed, struct err *err)
{
    *ret_changed = 0;
    defer(map_done) struct map batch = {0};
    if (!merge_decode(s, records, &batch, err)) {
        s->stats.merge_errors++;
        map_each (struct silence_stored, stored, &batch)
            silence_stored_free(stored);
        return false;
    }
    time_ns now = env_now(s->env);
    map_each (struct silence_stored, stored, &batch)
        *ret_changed += merge_silence(s, stored, now);
    s->stats.merged += *ret_changed;
    if (*ret_changed > 0)
        journal_commit(s->journal, NULL, NULL);
    return true;
}

// ---- upkeep -------------------------------------------------------------------------------------

void silences_marshal(const struct silences *s, struct buf *out)
{
    buf_reserve(out, s->stats.record_bytes + s->stats.stored); // at least
    map_each (const struct silence_slot, slot, &s->slots)
        pb_put_record(out, slot->stored->record);
}

size_t silences_gc(struct silences *s)
{
    time_ns now = env_now(s->env);
    mono_ns start = env_mono(s->env);
    size_t removed = 0;
    map_each (struct silence_slot, slot, &s->slots) {
        time_ns expires_at = slot->stored->pub.expires_at;
        if (expires_at > now)
            continue;
        s->stats.gc_errors += expires_at == TIME_UNSET;
        slot_remove(s, slot);
        removed++;
    }
    silence_index_sweep(&s->index);
    s->stats.gc_runs++;
    s->stats.gc_removed += removed;
    s->stats.gc_ns += env_mono(s->env) - start;
    return removed;
}

void silences_maintain(struct silences *s, file_done_fn *on_done, void *owner)
{
    silences_gc(s);
    journal_fold(s->journal, on_done, owner);
}
