// SPDX-License-Identifier: Apache-2.0
// Start-up: the newest record of each label set, and what becomes of it.
#include "alertmanager/alert_log_priv.h"
#include "alertmanager/alerts.h"
#include "base/core/alloc.h"

struct alert_loaded {
    struct labels *labels;
    struct alert_restored *version; // NULL: it was over
    uint64_t number;
};

static bool has_labels(const void *item, const void *key)
{
    return ((const struct alert_loaded *)item)->labels == key;
}

static struct alert_restored *version_from(struct alert_log *log, const struct alert_record *r)
{
    if (r->is_over)
        return NULL;
    struct alert_restored *v = alert_restored_new(log->opt.labels, &r->draft, r->updated_at);
    v->alert.is_noted = v->alert.is_in_doubt = r->is_noted;
    return v;
}

static void version_free(struct alert_restored *v)
{
    if (v)
        alert_unref(&v->alert);
}

bool alert_log_load(void *owner, enum journal_source from, str record, struct err *err)
{
    (void)from; // numbers decide
    struct alert_log *log = owner;
    struct alert_record r;
    arena_clear(&log->scratch);
    if (!alert_record_decode(record, &log->scratch, &r, err))
        return false;
    log->number = MAX(log->number, r.number);
    struct labels *labels = labels_get(log->opt.labels, r.draft.labels, r.draft.label_count);
    struct alert_loaded *l = map_find(&log->loaded, labels_hash(labels), has_labels, labels);
    if (!l) {
        l = mem_new(struct alert_loaded);
        *l = (struct alert_loaded){labels, version_from(log, &r), r.number};
        map_insert(&log->loaded, labels_hash(labels), l);
        return true;
    }
    labels_unref(labels);
    if (r.number > l->number) {
        version_free(l->version);
        l->version = version_from(log, &r);
        l->number = r.number;
    }
    return true;
}

void alert_log_forget_loaded(struct alert_log *log)
{
    map_each (struct alert_loaded, l, &log->loaded) {
        version_free(l->version);
        labels_unref(l->labels);
        mem_free(l);
    }
    map_done(&log->loaded);
    log->loaded = (struct map){0};
}

// ---- what becomes of them ----------------------------------------------------------------------

// Whoever told us of an alert repeats it several times within the lifetime that he promises:
// Prometheus and vmalert four times. A third of it tells the living from the dead.
static dur_ns confirm_within(dur_ns lifetime)
{
    return MIN(lifetime / 3, ALERT_CONFIRM_MAX);
}

// False: too old, nobody is owed anything any more.
static bool hold(const struct alert_log *log, struct alert_restored *v, time_ns now)
{
    struct alert *a = &v->alert;
    bool has_ended = a->ends_at.t <= a->updated_at; // its sender said so
    if (a->ends_at.t < sub_saturated(now, log->opt.retention))
        return false;
    if (has_ended) {
        v->confirm_by = add_saturated(now, confirm_within(log->opt.resolve_timeout));
        return true;
    }
    dur_ns lifetime = MIN(sub_saturated(a->ends_at.t, a->updated_at), ALERT_HOLD_MAX);
    if (a->is_timeout && a->updated_at > now) // our own clock was ahead, and so is the end it made
        a->ends_at.t = v->promised_end = add_saturated(now, lifetime);
    a->ends_at.t = MAX(a->ends_at.t, add_saturated(now, lifetime));
    v->confirm_by = add_saturated(now, confirm_within(lifetime));
    return true;
}

void alert_log_restore(struct alert_log *log, struct alerts *alerts)
{
    time_ns now = env_now(log->opt.env);
    struct err err = ERR_INIT;
    size_t refused = 0;
    log->alerts = alerts;
    map_each (struct alert_loaded, l, &log->loaded) {
        if (!l->version || !hold(log, l->version, now))
            continue;
        if (alerts_restore(alerts, &take(&l->version)->alert, &err))
            log->stats.restored++;
        else
            refused++;
    }
    alert_log_forget_loaded(log);
    if (refused)
        log_error(&log->log, "Some alerts from before the restart are not taken",
                  LOG_INT("count", refused), LOG_ERR(&err));
    if (log->stats.restored)
        log_info(&log->log, "Alerts from before the restart are back",
                 LOG_INT("count", log->stats.restored));
}
