// SPDX-License-Identifier: Apache-2.0
// Questions to the store of silences.
#include "alertmanager/silence_priv.h"
#include "base/core/alloc.h"

const struct silence *silences_find(struct silences *s, str id)
{
    struct silence_slot *slot = silences_slot(s, id);
    return slot ? &slot->stored->pub : NULL;
}

bool silences_mutes(struct silences *s, struct labels *l, struct silence_ids *ret)
{
    time_ns now = env_now(s->env);
    s->stats.queries++;
    silence_index_advance(&s->index, &s->slots, now);
    size_t matched;
    struct silence_slot *const *slots = silence_index_match(&s->index, l, &matched);
    if (matched > s->muting_cap) {
        s->muting_cap = matched * 2;
        s->muting = mem_resize(s->muting, s->muting_cap, sizeof(*s->muting));
    }
    size_t count = 0;
    for (size_t i = 0; i < matched; i++) {
        const struct silence *silence = &slots[i]->stored->pub;
        if (silence_state(silence, now) == SILENCE_ACTIVE)
            s->muting[count++] = silence->id;
    }
    if (ret)
        *ret = (struct silence_ids){s->muting, count};
    return count > 0;
}

static bool query_wants(const struct silences_query *q, const struct silence_slot *slot,
                        time_ns now)
{
    const struct silence *silence = &slot->stored->pub;
    unsigned states = q->states ? q->states : SILENCE_STATES_ALL;
    return (states & SILENCE_STATE_BIT(silence_state(silence, now))) &&
           (!q->has_since || slot->version > q->since) &&
           (!q->matching || silence_matches(silence, q->matching));
}

static int slot_cmp(const void *a, const void *b)
{
    const struct silence_slot *x = *(struct silence_slot *const *)a;
    const struct silence_slot *y = *(struct silence_slot *const *)b;
    return (x->serial > y->serial) - (x->serial < y->serial);
}

// The slots to look at, in order of addition.
static struct silence_slot **query_slots(const struct silences *s, const struct silences_query *q,
                                         struct arena *mem, size_t *ret_count)
{
    size_t count = 0;
    struct silence_slot **slots =
        arena_array(mem, struct silence_slot *, q->has_ids ? q->id_count : s->slots.count);
    if (!q->has_ids) {
        map_each (struct silence_slot, slot, &s->slots)
            slots[count++] = slot;
        *ret_count = count;
        return slots;
    }
    for (size_t i = 0; i < q->id_count; i++) {
        struct silence_slot *slot = silences_slot(s, q->ids[i]);
        if (slot)
            slots[count++] = slot;
    }
    if (count > 1)
        qsort(slots, count, sizeof(struct silence_slot *), slot_cmp);
    *ret_count = count;
    return slots;
}

bool silences_query(struct silences *s, const struct silences_query *q, struct arena *mem,
                    const struct silence ***ret, size_t *ret_count, uint64_t *ret_version,
                    struct err *err)
{
    s->stats.queries++;
    if (q->has_ids && (q->id_count == 0 || q->has_since)) {
        s->stats.query_errors++;
        return err_set(err, ERR_INVALID,
                       q->has_since ? "cannot query ids and since together" : "empty list of ids");
    }
    time_ns now = env_now(s->env);
    size_t count, found = 0;
    struct silence_slot **slots = query_slots(s, q, mem, &count);
    const struct silence **items = arena_array(mem, const struct silence *, count);
    for (size_t i = 0; i < count; i++) {
        bool is_double = i > 0 && slots[i] == slots[i - 1]; // an id was given twice
        if (!is_double && query_wants(q, slots[i], now))
            items[found++] = &slots[i]->stored->pub;
    }
    *ret = items;
    *ret_count = found;
    if (ret_version)
        *ret_version = s->index.version;
    return true;
}

void silences_count(const struct silences *s, size_t ret[3])
{
    time_ns now = env_now(s->env);
    ret[SILENCE_ACTIVE] = ret[SILENCE_PENDING] = ret[SILENCE_EXPIRED] = 0;
    map_each (const struct silence_slot, slot, &s->slots)
        ret[silence_state(&slot->stored->pub, now)]++;
}
