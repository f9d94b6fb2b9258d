// SPDX-License-Identifier: Apache-2.0
// notifier.h: alerts to every Alertmanager.
//
// One POST per notifier with all alerts of a rule's evaluation, to all notifiers at the same time;
// none depends on another. There is no queue: what fails is sent again by the next evaluation.
// The set may change between two sends; a notifier that has left it ends what it has begun.
// spec: vmalert notifier §3.
#pragma once
#include "base/model/relabel.h"
#include "rules/group.h"

struct notifiers;
struct notifier_config;

enum notifier_kind { NOTIFIER_STATIC, NOTIFIER_CONSUL, NOTIFIER_DNS };
#define NOTIFIER_KINDS 3
extern const char *const NOTIFIER_KIND_NAMES[NOTIFIER_KINDS]; // "static" …: of the API, of errors

struct notifier_options {
    str url;
    dur_ns timeout;
    const struct http_header *headers;
    size_t header_count;
    const struct httpconf *conf;
    const struct relabel *relabel; // of its alerts, after the one for all; NULL: none

    // Of a target in a file; NULL and none for a flag's.
    struct notifier_config *config; // owns what is borrowed here, headers and labels excepted
    enum notifier_kind kind;
    const struct label *labels; // after relabeling, sorted
    size_t label_count;
};

struct notifier_stats {
    uint64_t sent, errors;    // in alerts
    struct vmrange *duration; // NULL: not observed
};

struct notifier {
    uint32_t refs;
    str url;   // as asked; empty: a black hole
    str shown; // without password, unless wanted
    struct notifier_options opt;
    struct notifier_stats stats;
    char *last_error; // heap; NULL: none
    struct arena mem;
};

// link: the alert's page, appended to out (may fail: the error's text becomes the link).
typedef void alert_link_fn(void *owner, const struct group *g, const struct alerting_rule *rule,
                           const struct alert *a, struct buf *out);

struct notifiers *notifiers_new(struct env *env, alert_link_fn *link, void *link_owner);
void notifiers_free(struct notifiers *n); // nothing is being sent

// For a flag: /api/v2/alerts is appended to the URL. Errors: "url cannot be empty", a URL that
// cannot be parsed.
bool notifiers_add(struct notifiers *n, const struct notifier_options *opt, bool show_url,
                   struct err *err);
// A notifier that takes everything and tells nobody (-notifier.blackhole).
void notifiers_add_blackhole(struct notifiers *n);
size_t notifiers_count(const struct notifiers *n);
struct notifier *notifiers_at(struct notifiers *n, size_t i);

// ---- a set that changes ------------------------------------------------------------------------

// With the complete URL. The caller owns one reference. Errors: a URL that cannot be parsed.
struct notifier *notifier_new(const struct notifier_options *opt, bool show_url, struct err *err);
void notifier_unref(struct notifier *n); // NULL is fine

// Replaces the set by these, sorted by address; takes a reference of each. Those that are in both
// go on as they are.
void notifiers_replace(struct notifiers *n, struct notifier *const *items, size_t count);
// Relabeling of all alerts, before each notifier's own. Borrowed; NULL: none.
void notifiers_set_relabel(struct notifiers *n, const struct relabel *relabel);
// Told about each notifier that comes into the set or leaves it; either may be NULL.
void notifiers_on_change(struct notifiers *n, void (*on_come)(void *owner, struct notifier *),
                         void (*on_gone)(void *owner, struct notifier *), void *owner);

// ---- sending -----------------------------------------------------------------------------------

// group_hooks.send and send_cancel.
struct alert_send *notifiers_send(struct notifiers *n, const struct group *g,
                                  const struct alerting_rule *rule,
                                  const struct alert *const *alerts, size_t count,
                                  alert_sent_fn *on_sent, void *owner);
void notifiers_send_cancel(struct alert_send *s);
