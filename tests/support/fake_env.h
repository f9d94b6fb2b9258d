// SPDX-License-Identifier: Apache-2.0
// fake_env.h: an env for tests of one module: clocks set by hand, files in memory, operations that
// complete when the test says so, and a disk that can be cut off at any byte.
//
// Every change of the disk costs: an appended byte 1; a cut, a rename and a replacement 1. Once
// `disk_budget` is spent nothing reaches the disk any more, an append stops in the middle, and no
// callback says that it did: a crash at that byte. Network and workers are not there.
#pragma once
#include "base/core/list.h"
#include "base/core/rand.h"
#include "base/env.h"

struct fake_file {
    char *path;
    struct buf bytes;
};

struct fake_env {
    struct env env;
    time_ns now;
    mono_ns mono;
    struct rand rand;
    struct timer_queue timers;
    struct fake_file files[16];
    size_t file_count;
    struct list ops;       // under way, in order
    struct list appenders; // open
    uint64_t disk_budget;
    uint64_t disk_used;
    bool is_dead;                       // the budget is spent
    bool is_disk_full;                  // appends, replacements and openings fail
    bool is_replace_failing;            // replacements alone
    size_t append_count, replace_count; // completed
};

void fake_env_init(struct fake_env *f); // 2026-01-05T00:00:00Z
void fake_env_done(struct fake_env *f);

// Completes the oldest operation under way, or else runs the timers due. False: nothing to do.
bool fake_env_step(struct fake_env *f);
void fake_env_settle(struct fake_env *f);            // steps until there is nothing to do
void fake_env_advance(struct fake_env *f, dur_ns d); // both clocks, then settles

// After a crash, once the program's objects were freed: the disk stays, operations under way are
// forgotten, handles are closed, the budget is endless again.
void fake_env_reboot(struct fake_env *f);

struct buf *fake_file(struct fake_env *f, const char *path); // NULL: not there
void fake_file_set(struct fake_env *f, const char *path, str bytes);
void fake_file_remove(struct fake_env *f, const char *path);
// The first file whose path begins so, or NULL.
struct fake_file *fake_file_starting(struct fake_env *f, const char *prefix);
