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

struct told told_from(const struct notify_alerts *alerts, uint64_t *hashes)
{
    struct told t = {.firing = hashes};
    for (size_t i = 0; i < alerts->count; i++) {
        if (!alerts->items[i].is_resolved)
            t.firing[t.firing_count++] = alerts->items[i].hash;
    }
    t.resolved = t.firing + t.firing_count;
    for (size_t i = 0; i < alerts->count; i++) {
        if (alerts->items[i].is_resolved)
            t.resolved[t.resolved_count++] = alerts->items[i].hash;
    }
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

// Upstream's table (DedupStage.needsUpdate), first match wins. A group without firing alerts is
// announced even with send_resolved off: the log must learn that nothing fires any more.
static enum notify_reason compare_with_entry(const struct dedup_input *in, const struct told *t,
                                             struct arena *scratch)
{
    const struct notify_log_entry *e = in->entry;
    if (!hashes_are_subset(t->firing, t->firing_count, e->firing, e->firing_count, scratch))
        return e->firing_count == 0 ? NOTIFY_FIRST : NOTIFY_NEW_ALERTS;
    if (t->firing_count == 0)
        return e->firing_count > 0 ? NOTIFY_ALL_RESOLVED : NOTIFY_NONE;
    if (in->send_resolved &&
        !hashes_are_subset(t->resolved, t->resolved_count, e->resolved, e->resolved_count, scratch))
        return NOTIFY_SOME_RESOLVED;
    if (e->timestamp < sub_saturated(in->now, in->repeat_interval))
        return NOTIFY_REPEAT;
    return NOTIFY_NONE;
}

enum notify_reason stage_dedup_told(const struct dedup_input *in, const struct told *told,
                                    struct arena *scratch)
{
    if (in->entry)
        return compare_with_entry(in, told, scratch);
    return told->firing_count > 0 ? NOTIFY_FIRST : NOTIFY_NONE;
}

enum notify_reason stage_dedup(const struct dedup_input *in, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    const struct notify_alerts alerts = {.items = (struct notify_alert *)in->alerts,
                                         .count = in->count};
    struct told told = told_from(&alerts, arena_array(scratch, uint64_t, in->count + 1));
    enum notify_reason reason = stage_dedup_told(in, &told, scratch);
    arena_rewind(scratch, mark);
    return reason;
}
