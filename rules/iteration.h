// SPDX-License-Identifier: Apache-2.0
// iteration.h: one pass over the rules of a group: up to `concurrency` evaluations at a time,
// started in order; series to remote write, alerts to the notifiers, and, once after a start, the
// states of pending alerts back from remote read.
#pragma once
#include "rules/group.h"

struct iteration;

// Never calls back before it returns; frees itself before on_done.
struct iteration *iteration_start(struct group *g, time_ns ts, bool wants_restore,
                                  void (*on_done)(void *owner), void *owner);
void iteration_cancel(struct iteration *it); // NULL is fine; no callback, nothing is logged
