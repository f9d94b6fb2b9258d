// SPDX-License-Identifier: Apache-2.0
// inhibit.h: alerts that hold back others: while the data centre is down nobody hears of its hosts.
//
// A rule has sources, targets and labels that must be equal in both (a label that both lack is
// equal). Each rule keeps its firing sources, by the values of the equal labels; all of them, so
// that another one takes over when a source ends (upstream keeps one and loses the others).
//
// What a label set means to the rules is worked out once per alert, not at every heartbeat.
// Thread: core. Memory: about 100 bytes per alert, 64 more per rule it is a source of.
#pragma once
#include "alertmanager/alerts.h"
#include "base/model/matcher.h"
#include "base/text/yaml_bind.h"

struct inhibitor;

struct inhibit_rule {
    str name; // may be empty
    struct matchers source, target;
    struct str_list equal; // sorted, unique
};

struct inhibitor_options {
    struct env *env;
    struct label_store *labels;
    // Subscribed to until the inhibitor is freed. What it holds is read in slices; a question that
    // comes before the end reads the rest.
    struct alerts *alerts;
    const struct inhibit_rule *rules; // borrowed; with their matchers they outlive the inhibitor
    size_t rule_count;
};

struct inhibitor *inhibitor_new(const struct inhibitor_options *opt);
void inhibitor_free(struct inhibitor *i); // NULL is fine

struct inhibit_hit {
    const struct inhibit_rule *rule;
    const struct alert *source; // borrowed until the loop's next turn
};

// Is an alert with these labels held back now, and by whom? ret may be NULL. The first rule
// decides.
bool inhibitor_mutes(struct inhibitor *i, const struct labels *labels, time_ns now,
                     struct inhibit_hit *ret);

// Has this rule a firing source whose equal labels have these values? For tests and tools.
bool inhibitor_has_source(struct inhibitor *i, size_t rule, const struct labels *labels,
                          time_ns now);

struct inhibitor_stats {
    size_t rules;
    size_t sources; // over all rules
};
struct inhibitor_stats inhibitor_stats(const struct inhibitor *i);
