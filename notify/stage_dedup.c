// SPDX-License-Identifier: Apache-2.0
// The de-duplication decision: what the log says was told, against what is true now.
#include "notify/stages.h"

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool has_hash(const uint64_t *sorted, size_t count, uint64_t hash)
{
    size_t from = 0, to = count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (sorted[middle] == hash)
            return true;
        if (sorted[middle] < hash)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

bool hashes_are_subset(const uint64_t *part, size_t part_count, const uint64_t *whole,
                       size_t whole_count, struct arena *scratch)
{
    if (part_count == 0)
        return true;
    if (whole_count == 0)
        return false;
    struct arena_mark mark = arena_mark(scratch);
    uint64_t *sorted = arena_array(scratch, uint64_t, whole_count);
    memcpy(sorted, whole, whole_count * sizeof(*sorted));
    qsort(sorted, whole_count, sizeof(*sorted), compare_hashes);
    bool is_subset = true;
    for (size_t i = 0; i < part_count && is_subset; i++)
        is_subset = has_hash(sorted, whole_count, part[i]);
    arena_rewind(scratch, mark);
    return is_subset;
}

bool alert_is_left_out(const struct notify_alert *a, const struct notify_log_entry *entry)
{
    if (!a->is_quiet)
        return false;
    for (size_t i = 0; entry && i < entry->firing_count; i++) {
        if (entry->firing[i] == a->hash)
            return false;
    }
    return true;
}

static void put_resolved(struct told *t, const struct notify_alerts *alerts, bool is_in_doubt)
{
    for (size_t i = 0; i < alerts->count; i++) {
        const struct notify_alert *a = &alerts->items[i];
        if (a->is_resolved && a->is_in_doubt == is_in_doubt)
            t->resolved[t->resolved_count++] = a->hash;
    }
}

struct told told_from(const struct notify_alerts *alerts, const struct notify_log_entry *entry,
                      uint64_t *hashes)
{
    struct told t = {.firing = hashes};
    for (size_t i = 0; i < alerts->count; i++) {
        const struct notify_alert *a = &alerts->items[i];
        if (a->is_resolved || alert_is_left_out(a, entry))
            continue;
        t.firing[t.firing_count++] = a->hash;
        t.quiet_count += a->is_quiet;
    }
    t.resolved = t.firing + t.firing_count;
    put_resolved(&t, alerts, true);
    t.in_doubt_count = t.resolved_count;
    put_resolved(&t, alerts, false);
    return t;
}

void told_keep_ends(struct told *told, const struct notify_log_entry *before, struct arena *mem)
{
    size_t firing = told->firing_count, resolved = told->resolved_count;
    uint64_t *said = arena_array(mem, uint64_t, firing + resolved + 1);
    memcpy(said, told->firing, firing * sizeof(*said));
    memcpy(said + firing, told->resolved, resolved * sizeof(*said));
    qsort(said, firing + resolved, sizeof(*said), compare_hashes);

    uint64_t *all = arena_array(mem, uint64_t, resolved + TOLD_ENDS_KEPT_MAX);
    size_t count = resolved;
    memcpy(all, told->resolved, resolved * sizeof(*all));
    for (size_t i = 0; i < before->resolved_count && count < resolved + TOLD_ENDS_KEPT_MAX; i++) {
        if (!has_hash(said, firing + resolved, before->resolved[i]))
            all[count++] = before->resolved[i];
    }
    told->resolved = all;
    told->resolved_count = count;
}

// An end that may be owed, and that the log does not have as told.
static bool owes_end(const struct dedup_input *in, const struct told *t, struct arena *scratch)
{
    const struct notify_log_entry *e = in->entry;
    return in->send_resolved &&
           !hashes_are_subset(t->resolved, t->in_doubt_count, e ? e->resolved : NULL,
                              e ? e->resolved_count : 0, scratch);
}

// Upstream's table (DedupStage.needsUpdate), first match wins. A group without firing alerts is
// announced even with send_resolved off: the log must learn that nothing fires any more.
static enum notify_reason compare_with_entry(const struct dedup_input *in, const struct told *t,
                                             struct arena *scratch)
{
    const struct notify_log_entry *e = in->entry;
    if (!hashes_are_subset(t->firing, t->firing_count, e->firing, e->firing_count, scratch))
        return e->firing_count == 0 ? NOTIFY_FIRST : NOTIFY_NEW_ALERTS;
    if (t->firing_count == 0)
        return e->firing_count > 0 || owes_end(in, t, scratch) ? NOTIFY_ALL_RESOLVED : NOTIFY_NONE;
    if (in->send_resolved &&
        !hashes_are_subset(t->resolved, t->resolved_count, e->resolved, e->resolved_count, scratch))
        return NOTIFY_SOME_RESOLVED;
    bool is_known_to_fire = t->quiet_count < t->firing_count;
    if (is_known_to_fire && e->timestamp < sub_saturated(in->now, in->repeat_interval))
        return NOTIFY_REPEAT;
    return NOTIFY_NONE;
}

enum notify_reason stage_dedup_told(const struct dedup_input *in, const struct told *told,
                                    struct arena *scratch)
{
    if (in->entry)
        return compare_with_entry(in, told, scratch);
    if (told->firing_count > 0)
        return NOTIFY_FIRST;
    return owes_end(in, told, scratch) ? NOTIFY_ALL_RESOLVED : NOTIFY_NONE;
}

enum notify_reason stage_dedup(const struct dedup_input *in, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    const struct notify_alerts alerts = {.items = (struct notify_alert *)in->alerts,
                                         .count = in->count};
    uint64_t *hashes = arena_array(scratch, uint64_t, in->count + 1);
    struct told told = told_from(&alerts, in->entry, hashes);
    enum notify_reason reason = stage_dedup_told(in, &told, scratch);
    arena_rewind(scratch, mark);
    return reason;
}
