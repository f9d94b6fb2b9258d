// SPDX-License-Identifier: Apache-2.0
// logging.h: the log as -logger* flags want it: level, form, names, zone, how much of it; and what
// /metrics says about it (spec: vmalert flags §8).
//
// Lines are counted by place and level in a table of fixed size. Limits are per place and second;
// the first line above one says so, the others are dropped.
#pragma once
#include "base/core/metrics.h"
#include "vmalert/options.h"

struct env;
struct tzone;

#define LOGGING_SPOTS 1024 // places that log; the last one stands for all that find no room

struct logging_spot {
    const char *where; // NULL: free
    enum log_level level;
    uint64_t written, dropped;
    int64_t second; // of the count
    int64_t count;  // lines in that second
};

struct logging {
    struct env *env;
    struct log_sink inner;   // as it was: whom lines go to
    struct metrics *metrics; // NULL: not exposed yet
    struct arena mem;
    const struct tzone *zone;      // NULL: UTC, or the machine's
    int64_t limits[LOG_ERROR + 1]; // lines per second and place; 0: any number
    char front[80];
    struct logging_spot spots[LOGGING_SPOTS];
};

// Takes the sink's place as its owner; it must live as long as the sink is used. Errors:
// ERR_INVALID for what upstream panics about, ERR_SYNTAX for what it complains about in plain words
// before it ends.
bool logging_init(struct logging *l, struct env *env, struct log_sink *sink,
                  const struct vmalert_options *opt, struct err *err);
void logging_done(struct logging *l);

// vm_log_messages_total, from the first line on.
void logging_expose(struct logging *l, struct metrics *m);
