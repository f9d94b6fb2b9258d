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

// The hashes of the firing or the resolved alerts, in the order of the message.
static size_t collect_hashes(const struct dedup_input *in, bool resolved, uint64_t *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < in->count; i++) {
        if (in->alerts[i].is_resolved == resolved)
            ret[count++] = in->alerts[i].hash;
    }
    return count;
}

// Upstream's table (DedupStage.needsUpdate), first match wins. A group without firing alerts is
// announced even with send_resolved off: the log must learn that nothing fires any more.
static enum notify_reason compare_with_entry(const struct dedup_input *in, const uint64_t *firing,
                                             size_t firing_count, const uint64_t *resolved,
                                             size_t resolved_count, struct arena *scratch)
{
    const struct notify_log_entry *e = in->entry;
    if (!hashes_are_subset(firing, firing_count, e->firing, e->firing_count, scratch))
        return e->firing_count == 0 ? NOTIFY_FIRST : NOTIFY_NEW_ALERTS;
    if (firing_count == 0)
        return e->firing_count > 0 ? NOTIFY_ALL_RESOLVED : NOTIFY_NONE;
    if (in->send_resolved &&
        !hashes_are_subset(resolved, resolved_count, e->resolved, e->resolved_count, scratch))
        return NOTIFY_SOME_RESOLVED;
    if (e->timestamp < sub_saturated(in->now, in->repeat_interval))
        return NOTIFY_REPEAT;
    return NOTIFY_NONE;
}

enum notify_reason stage_dedup(const struct dedup_input *in, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    uint64_t *firing = arena_array(scratch, uint64_t, in->count + 1);
    uint64_t *resolved = arena_array(scratch, uint64_t, in->count + 1);
    size_t firing_count = collect_hashes(in, false, firing);
    size_t resolved_count = collect_hashes(in, true, resolved);

    enum notify_reason reason = NOTIFY_NONE;
    if (in->entry)
        reason = compare_with_entry(in, firing, firing_count, resolved, resolved_count, scratch);
    else if (firing_count > 0)
        reason = NOTIFY_FIRST;
    arena_rewind(scratch, mark);
    return reason;
}
