// SPDX-License-Identifier: Apache-2.0
// Full states of other members on their way into ours.
//
// A hundred thousand records take longer than a probe waits for its ack, so a long state is merged
// in slices, one per turn of the event loop. Its records stand for themselves: in whatever order,
// and with whatever between them, they lead to the same state.
#include "base/core/alloc.h"
#include "base/text/pb.h"
#include "gossip/cluster_state.h"

#define SLICE_BYTES       ((size_t)64 << 10) // a millisecond's work
#define WAITING_BYTES_MAX ((size_t)64 << 20) // of all states; what comes then is merged at once

struct merge {
    struct list link;
    struct channel *channel;
    struct buf records;
    size_t at;      // how much of it is merged
    bool is_warned; // of a record that was refused
};

static void merge_free(struct merges *q, struct merge *m)
{
    list_remove(&m->link);
    q->bytes -= m->records.n;
    buf_done(&m->records);
    mem_free(m);
}

// The next whole records, as many as a slice holds, at least one.
static str take_slice(struct merge *m)
{
    str rest = str_skip(buf_str(&m->records), m->at), record;
    size_t n = rest.n;
    while (n - rest.n < SLICE_BYTES &&
           pb_take_record(&rest, CHANNEL_STATE_BYTES_MAX, &record, NULL) == PB_RECORD)
        ;
    size_t from = m->at;
    m->at += n - rest.n;
    return str_slice(buf_str(&m->records), from, m->at);
}

static void merge_next(void *owner)
{
    struct cluster *c = owner;
    struct merge *m = list_item(c->merges.queue.next, struct merge, link);
    struct channel *ch = m->channel;
    struct err err = ERR_INIT;
    size_t changed = 0;
    if (!ch->ops.merge(ch->owner, take_slice(m), &changed, &err) && !m->is_warned) {
        m->is_warned = true;
        channels_warn_merge(c, ch->key, &err);
    }
    if (m->at == m->records.n)
        merge_free(&c->merges, m);
    if (!list_is_empty(&c->merges.queue))
        env_timer_after(c->env, &c->merges.timer, 0);
}

// So that a state that was cut is refused as a whole.
static bool are_framed(str records, struct err *err)
{
    for (str record;;) {
        switch (pb_take_record(&records, CHANNEL_STATE_BYTES_MAX, &record, err)) {
        case PB_RECORD:
            break;
        case PB_MALFORMED:
            return false;
        case PB_END:
            return true;
        }
    }
}

bool merges_fit(const struct cluster *c, str records)
{
    return records.n > SLICE_BYTES && c->merges.bytes + records.n <= WAITING_BYTES_MAX;
}

bool merges_add(struct cluster *c, struct channel *ch, str records, struct err *err)
{
    if (!are_framed(records, err))
        return false;
    struct merge *m = mem_new(struct merge);
    m->channel = ch;
    buf_put(&m->records, records);
    list_append(&c->merges.queue, &m->link);
    c->merges.bytes += records.n;
    if (!timer_is_set(&c->merges.timer))
        env_timer_after(c->env, &c->merges.timer, 0);
    return true;
}

void merges_init(struct cluster *c)
{
    list_init(&c->merges.queue);
    timer_init(&c->merges.timer, merge_next, c);
}

void merges_done(struct cluster *c)
{
    env_timer_cancel(c->env, &c->merges.timer);
    while (!list_is_empty(&c->merges.queue))
        merge_free(&c->merges, list_item(c->merges.queue.next, struct merge, link));
}
