// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/nflog.h"

#include "alertmanager/nflog_wire.h"
#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/core/map.h"
#include "base/text/pb.h"

struct nflog {
    struct env *env;
    struct nflog_options opt;
    uint64_t seed;
    struct map entries; // struct nflog_entry by key
    struct journal *journal;
    struct arena scratch; // of one decode or encode
    struct buf encoded;   // the record being written
    struct buf framed;    // with its length, for peers
    struct nflog_stats stats;
};

struct nflog_key {
    str group_key;
    const struct nflog_receiver *receiver;
};

static uint64_t key_hash(const struct nflog *log, const struct nflog_key *key)
{
    const struct nflog_receiver *r = key->receiver;
    uint64_t hash = hash_seeded(log->seed, key->group_key);
    hash = hash_mix(hash, hash_seeded(log->seed, r->name));
    hash = hash_mix(hash, hash_seeded(log->seed, r->integration));
    return hash_mix(hash, r->idx);
}

static bool entry_has_key(const void *item, const void *k)
{
    const struct nflog_entry *e = item;
    const struct nflog_key *key = k;
    struct nflog_receiver r = nflog_entry_receiver(e);
    return r.idx == key->receiver->idx && str_eq(nflog_entry_group_key(e), key->group_key) &&
           str_eq(r.name, key->receiver->name) && str_eq(r.integration, key->receiver->integration);
}

static struct nflog_entry *lookup(const struct nflog *log, const struct nflog_key *key)
{
    return map_find(&log->entries, key_hash(log, key), entry_has_key, key);
}

static uint64_t entry_hash(const struct nflog *log, const struct nflog_entry *e)
{
    struct nflog_receiver r = nflog_entry_receiver(e);
    return key_hash(log, &(struct nflog_key){nflog_entry_group_key(e), &r});
}

// The entry of that map with the key of e, or NULL.
static struct nflog_entry *find_same(const struct nflog *log, const struct map *in,
                                     const struct nflog_entry *e, uint64_t *ret_hash)
{
    struct nflog_receiver r = nflog_entry_receiver(e);
    *ret_hash = entry_hash(log, e);
    return map_find(in, *ret_hash, entry_has_key,
                    &(struct nflog_key){nflog_entry_group_key(e), &r});
}

static void put(struct nflog *log, uint64_t hash, struct nflog_entry *old,
                struct nflog_entry *takes)
{
    if (old) {
        map_replace_item(&log->entries, hash, old, takes);
        log->stats.record_bytes -= old->record_bytes;
        mem_free(old);
    } else {
        map_insert(&log->entries, hash, takes);
    }
    log->stats.record_bytes += takes->record_bytes;
    log->stats.entries = log->entries.count;
}

static struct nflog_entry *decode(struct nflog *log, str record, struct err *err)
{
    arena_clear(&log->scratch);
    return nflog_entry_decode(record, env_now(log->env), &log->scratch, err);
}

// ---- life ---------------------------------------------------------------------------------------

// Expired entries are loaded too, and a journal's record counts whether it is expired or not: it
// may have ended what the snapshot still has.
static bool nflog_load(void *owner, enum journal_source from, str record, struct err *err)
{
    struct nflog *log = owner;
    struct nflog_entry *e = decode(log, record, err);
    if (!e)
        return false;
    uint64_t hash;
    struct nflog_entry *old = find_same(log, &log->entries, e, &hash);
    if (old && from == FROM_JOURNAL && old->timestamp >= e->timestamp)
        mem_free(e);
    else
        put(log, hash, old, e);
    return true;
}

static void nflog_marshal_to(void *owner, struct buf *out)
{
    nflog_marshal(owner, out);
}

struct nflog *nflog_new(struct env *env, const struct nflog_options *opt,
                        struct journal_report *report, struct err *err)
{
    struct nflog *log = mem_new(struct nflog);
    log->env = env;
    log->opt = *opt;
    log->opt.entries_max = opt->entries_max ? opt->entries_max : NFLOG_ENTRIES_MAX;
    log->opt.ahead_max = opt->ahead_max ? opt->ahead_max : NFLOG_AHEAD_MAX;
    log->seed = env_random(env);
    struct journal_options journal = {
        .path = opt->path,
        .kind = S("nflog"),
        .hooks = {.load = nflog_load, .marshal = nflog_marshal_to, .owner = log},
    };
    log->journal = journal_open(env, &journal, report, err);
    if (!log->journal) {
        nflog_free(log);
        return NULL;
    }
    return log;
}

void nflog_set_out(struct nflog *log, const struct nflog_out *out)
{
    log->opt.out = *out;
}

void nflog_close(struct nflog *log, file_done_fn *on_done, void *owner)
{
    nflog_gc(log);
    journal_close(log->journal, on_done, owner);
}

void nflog_free(struct nflog *log)
{
    if (!log)
        return;
    journal_free(log->journal);
    map_each (struct nflog_entry, e, &log->entries)
        mem_free(e);
    map_done(&log->entries);
    arena_done(&log->scratch);
    buf_done(&log->encoded);
    buf_done(&log->framed);
    mem_free(log);
}

const struct nflog_stats *nflog_stats(const struct nflog *log)
{
    return &log->stats;
}

const struct journal_stats *nflog_journal_stats(const struct nflog *log)
{
    return journal_stats(log->journal);
}

// ---- reading ------------------------------------------------------------------------------------

const struct nflog_entry *nflog_find(struct nflog *log, str group_key,
                                     const struct nflog_receiver *receiver)
{
    return nflog_find_either(log, group_key, S(""), receiver);
}

const struct nflog_entry *nflog_find_either(struct nflog *log, str group_key, str alternative_key,
                                            const struct nflog_receiver *receiver)
{
    const struct nflog_entry *e = lookup(log, &(struct nflog_key){group_key, receiver});
    if (alternative_key.n > 0) {
        const struct nflog_entry *other =
            lookup(log, &(struct nflog_key){alternative_key, receiver});
        if (!e || (other && other->timestamp > e->timestamp))
            e = other;
    }
    log->stats.queries++;
    log->stats.query_misses += !e;
    return e;
}

const struct nflog_entry *nflog_next(const struct nflog *log, size_t *cursor)
{
    return map_next(&log->entries, cursor);
}

// ---- local writes -------------------------------------------------------------------------------

static void nflog_tell_peers(struct nflog *log, str record)
{
    if (!log->opt.out.broadcast)
        return;
    buf_clear(&log->framed);
    pb_put_record(&log->framed, record);
    log->opt.out.broadcast(log->opt.out.owner, buf_str(&log->framed));
}

const struct nflog_entry *nflog_record(struct nflog *log, const struct nflog_write *w,
                                       file_done_fn *on_done, void *owner, struct err *err)
{
    time_ns now = env_now(log->env), timestamp = now;
    struct nflog_key key = {w->group_key, &w->receiver};
    uint64_t hash = key_hash(log, &key);
    struct nflog_entry *old = map_find(&log->entries, hash, entry_has_key, &key);
    if (old && old->timestamp >= now) // by chance so that two peers that do the same differ
        timestamp =
            add_saturated(old->timestamp, 1 + (dur_ns)env_random_below(log->env, NFLOG_STEP_MAX));
    dur_ns lifetime = w->expiry > 0 ? MIN(w->expiry, log->opt.retention) : log->opt.retention;

    arena_clear(&log->scratch);
    buf_clear(&log->encoded);
    if (!nflog_write_encode(w, timestamp, add_saturated(now, lifetime), &log->scratch,
                            &log->encoded, err))
        return NULL;
    str record = buf_str(&log->encoded);
    struct nflog_entry *e = decode(log, record, err);
    if (!e)
        return NULL;
    put(log, hash, old, e);
    log->stats.written++;
    journal_add(log->journal, record);
    journal_commit(log->journal, on_done, owner);
    nflog_tell_peers(log, record);
    return e;
}

void nflog_cancel(struct nflog *log, const void *owner)
{
    journal_cancel(log->journal, owner);
}

// ---- merging ------------------------------------------------------------------------------------

// Decodes all records into `batch`. Of two with the same key the later one is kept before anything
// else happens, whatever their timestamps.
static bool merge_decode(struct nflog *log, str records, struct map *batch, struct err *err)
{
    for (;;) {
        str record;
        switch (pb_take_record(&records, NFLOG_RECORD_BYTES_MAX, &record, err)) {
        case PB_END:
            return true;
        case PB_MALFORMED:
            return false;
        case PB_RECORD:
            break;
        }
        struct nflog_entry *e = decode(log, record, err);
        if (!e)
            return false;
        uint64_t hash;
        struct nflog_entry *earlier = find_same(log, batch, e, &hash);
        if (earlier)
            map_replace_item(batch, hash, earlier, e);
        else
            map_insert(batch, hash, e);
        mem_free(earlier);
    }
}

// Last writer wins; of equal timestamps the one that is here stays.
static bool merge_entry(struct nflog *log, struct nflog_entry *takes, time_ns now)
{
    struct nflog_entry *e = takes;
    uint64_t hash;
    struct nflog_entry *old = find_same(log, &log->entries, e, &hash);
    bool is_news = e->expires_at >= now && (!old || old->timestamp < e->timestamp);
    if (is_news && e->timestamp > NFLOG_TIMESTAMP_MAX) {
        log->stats.merge_refused++;
        is_news = false;
    } else if (is_news && !old && log->entries.count >= log->opt.entries_max) {
        log->stats.merge_over_limit++;
        is_news = false;
    }
    if (!is_news) {
        mem_free(e);
        return false;
    }
    log->stats.merge_ahead += e->timestamp > add_saturated(now, log->opt.ahead_max);
    put(log, hash, old, e);
    journal_add(log->journal, nflog_entry_record(e));
    if (log->opt.out.on_merged)
        log->opt.out.on_merged(log->opt.out.owner, e);
    return true;
}

bool nflog_merge(struct nflog *log, str records, size_t *ret_changed, struct err *err)
{
    *ret_changed = 0;
    defer(map_done) struct map batch = {0};
    if (!merge_decode(log, records, &batch, err)) {
        log->stats.merge_errors++;
        map_each (struct nflog_entry, e, &batch)
            mem_free(e);
        return false;
    }
    time_ns now = env_now(log->env);
    map_each (struct nflog_entry, e, &batch)
        *ret_changed += merge_entry(log, e, now);
    log->stats.merged += *ret_changed;
    if (*ret_changed > 0)
        journal_commit(log->journal, NULL, NULL);
    return true;
}

// ---- upkeep -------------------------------------------------------------------------------------

void nflog_marshal(const struct nflog *log, struct buf *out)
{
    buf_reserve(out, log->stats.record_bytes + log->stats.entries); // at least
    map_each (const struct nflog_entry, e, &log->entries)
        pb_put_record(out, nflog_entry_record(e));
}

size_t nflog_gc(struct nflog *log)
{
    time_ns now = env_now(log->env);
    mono_ns start = env_mono(log->env);
    size_t removed = 0;
    map_each (struct nflog_entry, e, &log->entries) {
        if (e->expires_at > now)
            continue;
        map_remove_item(&log->entries, entry_hash(log, e), e);
        log->stats.record_bytes -= e->record_bytes;
        mem_free(e);
        removed++;
    }
    log->stats.entries = log->entries.count;
    log->stats.gc_runs++;
    log->stats.gc_removed += removed;
    log->stats.gc_ns += env_mono(log->env) - start;
    return removed;
}

void nflog_maintain(struct nflog *log, file_done_fn *on_done, void *owner)
{
    nflog_gc(log);
    journal_fold(log->journal, on_done, owner);
}
