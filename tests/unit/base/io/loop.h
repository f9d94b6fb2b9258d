// SPDX-License-Identifier: Apache-2.0
// loop.h: an environment for one test: wait for events, fail when they do not come.
#pragma once
#include <unistd.h>

#include "base/core/alloc.h"
#include "base/io/io.h"
#include "tests/support/check.h"

#define LOOP_TIMEOUT DUR_SECONDS(60) // generous: sanitizers on a busy machine

struct loop {
    struct env *env;
    struct turn_hook hook;
    struct timer deadline;
    const int *counter; // waited for
    int wanted;
    bool is_late;
};

static inline void loop_on_turn(void *owner)
{
    struct loop *l = owner;
    if (l->counter && *l->counter >= l->wanted)
        env_uv_stop(l->env);
}

static inline void loop_on_deadline(void *owner)
{
    struct loop *l = owner;
    l->is_late = true;
    env_uv_stop(l->env);
}

static inline void loop_init_with(struct loop *l, const struct env_uv_options *options)
{
    struct err err = ERR_INIT;
    *l = (struct loop){.env = env_uv_new(options, &err)};
    assert_non_null(l->env);
    l->hook = (struct turn_hook){.fn = loop_on_turn, .owner = l};
    list_append(&env_uv_of(l->env)->turn_hooks, &l->hook.link);
    timer_init(&l->deadline, loop_on_deadline, l);
}

static inline void loop_init(struct loop *l)
{
    loop_init_with(l, &(struct env_uv_options){0});
}

static inline void loop_done(struct loop *l)
{
    env_timer_cancel(l->env, &l->deadline);
    env_uv_free(l->env);
}

// Runs until the counter has reached the number.
#define loop_wait(l, counter, wanted) loop_wait_at((l), (counter), (wanted), __FILE__, __LINE__)

static inline void loop_wait_at(struct loop *l, const int *counter, int wanted, const char *file,
                                int line)
{
    l->counter = counter;
    l->wanted = wanted;
    env_timer_after(l->env, &l->deadline, LOOP_TIMEOUT);
    if (*counter < wanted)
        env_uv_run(l->env);
    env_timer_cancel(l->env, &l->deadline);
    l->counter = NULL;
    if (l->is_late) {
        print_error("waited in vain: %d of %d\n", *counter, wanted);
        _fail(file, line);
    }
}

static inline void loop_on_pause(void *owner)
{
    ++*(int *)owner;
}

// Lets the loop run for a while: for what must not happen.
static inline void loop_run_for(struct loop *l, dur_ns time)
{
    int fired = 0;
    struct timer t;
    timer_init(&t, loop_on_pause, &fired);
    env_timer_after(l->env, &t, time);
    loop_wait(l, &fired, 1);
}

static inline struct addr loop_addr(void) // 127.0.0.1, any port
{
    return (struct addr){.ip = {127, 0, 0, 1}, .ip_bytes = 4};
}

// A folder that goes with the test.
struct folder {
    char path[64];
};

static inline void folder_init(struct folder *f)
{
    snprintf(f->path, sizeof(f->path), "/tmp/tocsin-io-XXXXXX");
    assert_non_null(mkdtemp(f->path));
}

void folder_done(struct folder *f); // test_files.c
