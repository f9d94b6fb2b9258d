// SPDX-License-Identifier: Apache-2.0
// notifier.h: alerts to every Alertmanager.
//
// One POST per notifier with all alerts of a rule's evaluation, to all notifiers at the same time;
// none depends on another. There is no queue: what fails is sent again by the next evaluation.
// spec: vmalert notifier §3.
#pragma once
#include "rules/group.h"

struct notifiers;

struct notifier_options {
    str url; // base URL; /api/v2/alerts is appended
    dur_ns timeout;
    const struct http_header *headers;
    size_t header_count;
    const struct httpconf *conf;
};

struct notifier_stats {
    uint64_t sent, errors;    // in alerts
    struct vmrange *duration; // NULL: not observed
};

struct notifier {
    str url;   // as asked
    str shown; // without password, unless wanted
    struct notifier_options opt;
    struct notifier_stats stats;
    char *last_error; // heap; NULL: none
};

// link: the alert's page, appended to out (may fail: the error's text becomes the link).
typedef void alert_link_fn(void *owner, const struct group *g, const struct alerting_rule *rule,
                           const struct alert *a, struct buf *out);

struct notifiers *notifiers_new(struct env *env, alert_link_fn *link, void *link_owner);
void notifiers_free(struct notifiers *n); // nothing is being sent
// Errors: "url cannot be empty", a URL that cannot be parsed.
bool notifiers_add(struct notifiers *n, const struct notifier_options *opt, bool show_url,
                   struct err *err);
// A notifier that takes everything and tells nobody (-notifier.blackhole).
void notifiers_add_blackhole(struct notifiers *n);
size_t notifiers_count(const struct notifiers *n);
struct notifier *notifiers_at(struct notifiers *n, size_t i);

// group_hooks.send and send_cancel.
struct alert_send *notifiers_send(struct notifiers *n, const struct group *g,
                                  const struct alerting_rule *rule,
                                  const struct alert *const *alerts, size_t count,
                                  alert_sent_fn *on_sent, void *owner);
void notifiers_send_cancel(struct alert_send *s);
