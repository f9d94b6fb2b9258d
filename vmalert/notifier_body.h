// SPDX-License-Identifier: Apache-2.0
// notifier_body.h: alerts as a notifier gets them (spec: vmalert notifier §3.1, §3.2).
#pragma once
#include "vmalert/notifier.h"

// The alerts of one evaluation with the labels they are told with: names made valid, relabeled for
// all notifiers, sorted. Those without any label are left out.
struct alert_batch {
    struct arena mem;
    const struct alert **alerts; // count of them, with their labels
    struct label_list *labels;
    size_t count;
};

void alert_batch_init(struct alert_batch *b, const struct alert *const *alerts, size_t count,
                      const struct relabel *relabel);
void alert_batch_done(struct alert_batch *b);

struct alert_writer {
    struct env *env;
    alert_link_fn *link;
    void *link_owner;
    const struct group *group;
    const struct alerting_rule *rule;
};

// The JSON list, byte for byte as upstream writes it. relabel: of one notifier, applied to copies;
// NULL: none.
void buf_put_alert_batch(struct buf *b, struct alert_batch *batch, const struct relabel *relabel,
                         const struct alert_writer *w);
