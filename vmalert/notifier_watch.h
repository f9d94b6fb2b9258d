// SPDX-License-Identifier: Apache-2.0
// notifier_watch.h: the set of notifiers as the file of -notifier.config wants it: static ones and
// those that discovery finds, now and later.
//
// A changed file takes over once its discovery has answered for the first time (or has had
// NOTIFIER_WATCH_WAIT): until then, and for ever if the file is wrong, the one before goes on.
// spec: vmalert notifier §5.
#pragma once
#include "vmalert/notifier_config.h"
#include "vmalert/options.h"

struct notifiers;
struct notifier_watch;

#define NOTIFIER_WATCH_WAIT  DUR_SECONDS(10)
#define NOTIFIER_TARGETS_MAX ((size_t)1000) // more are left out, with an error in the log

// Reads the file and begins. on_ready is called once, later: the first set is there. Errors: those
// of notifier_config_load.
struct notifier_watch *notifier_watch_new(struct env *env, const struct vmalert_options *opt,
                                          struct notifiers *notifiers,
                                          void (*on_ready)(void *owner), void *owner,
                                          struct err *err);
void notifier_watch_free(struct notifier_watch *w); // NULL is fine

// Reads the file again; the same text changes nothing.
bool notifier_watch_reload(struct notifier_watch *w, struct err *err);
const struct sd_stats *notifier_watch_stats(const struct notifier_watch *w);
