// SPDX-License-Identifier: Apache-2.0
#include "gossip/squeeze.h"

#include "base/core/alloc.h"
#include "base/text/lzw.h"
#include "gossip/packet.h"

// The worker touches only the job's bytes and result; `on_done` is the core thread's.
struct squeeze {
    enum squeeze_direction direction;
    struct buf bytes;
    struct buf result;
    struct err err;
    squeeze_fn *on_done; // NULL: cancelled
    void *owner;
};

static void squeeze_run(void *job)
{
    struct squeeze *s = job;
    if (s->direction == SQUEEZE_IN)
        compress_put(&s->result, buf_str(&s->bytes));
    else
        lzw_decode(buf_str(&s->bytes), &s->result, &s->err);
}

static void squeeze_done(void *job)
{
    struct squeeze *s = job;
    if (s->on_done)
        s->on_done(s->owner, &s->result, &s->err);
    buf_done(&s->bytes);
    buf_done(&s->result);
    mem_free(s);
}

struct squeeze *squeeze_start(struct env *env, enum squeeze_direction direction, str bytes,
                              squeeze_fn *on_done, void *owner)
{
    struct squeeze *s = mem_new(struct squeeze);
    s->direction = direction;
    s->result.max = direction == SQUEEZE_OUT ? STREAM_BYTES_MAX : 0;
    s->on_done = on_done;
    s->owner = owner;
    buf_put(&s->bytes, bytes);
    env_work(env, squeeze_run, squeeze_done, s);
    return s;
}

void squeeze_cancel(struct squeeze *s)
{
    if (s)
        s->on_done = NULL;
}
