// SPDX-License-Identifier: Apache-2.0
// Whom vmalert tells: the notifiers of flags, or those of -notifier.config (spec: vmalert notifier
// §1).
#include "vmalert/app.h"

#define NOTIFIER_TIMEOUT DUR_SECONDS(10)

static bool add_notifier(struct vmalert *v, size_t i, struct err *err)
{
    const struct vmalert_options *o = v->opt;
    struct client_flags auth = client_flags_at(&o->notifier_auth, i);
    struct notifier_options options = {.url = o->notifier_url.items[i],
                                       .timeout = NOTIFIER_TIMEOUT};
    str timeout = flag_strs_at(&o->notifier_send_timeout, i);
    if (timeout.n && !dur_parse_go(timeout, &options.timeout, err))
        return err_wrap(err, "invalid value \"%.*s\" for flag -notifier.sendTimeout", STR(timeout));
    if (!vmalert_read_client(v, flag_strs_at(&o->notifier_headers, i), &auth, "notifier",
                             &options.headers, &options.header_count, &options.conf, err))
        return err_wrap(err, "failed to create notifier from flag values");
    if (!notifiers_add(v->notifiers, &options, o->notifier_show_url, err))
        return err_wrap(err,
                        "failed to create notifier from flag values: invalid notifier.url "
                        "\"%.*s\"",
                        STR(options.url));
    vmalert_metrics_notifier(v, notifiers_at(v->notifiers, i));
    return true;
}

static struct alert_send *send_alerts(void *owner, const struct group *g,
                                      const struct alerting_rule *rule,
                                      const struct alert *const *alerts, size_t count,
                                      alert_sent_fn *on_sent, void *done_owner)
{
    struct vmalert *v = owner;
    return notifiers_send(v->notifiers, g, rule, alerts, count, on_sent, done_owner);
}

static void on_notifier_come(void *owner, struct notifier *n)
{
    vmalert_metrics_notifier(owner, n);
}

static void on_notifier_gone(void *owner, struct notifier *n)
{
    vmalert_metrics_notifier_gone(owner, n);
}

static bool watch_notifiers(struct vmalert *v, struct err *err)
{
    notifiers_on_change(v->notifiers, on_notifier_come, on_notifier_gone, v);
    v->watch = notifier_watch_new(v->env, v->opt, v->notifiers, vmalert_start_groups, v, err);
    return v->watch || err_wrap(err, "failed to init notifier");
}

static bool check_notifier_flags(const struct vmalert_options *o, struct err *err)
{
    if (o->notifier_blackhole && (o->notifier_url.count || o->notifier_config.n))
        return err_set(err, ERR_INVALID,
                       "failed to init notifier: only one of -notifier.blackhole, -notifier.url "
                       "and -notifier.config flags must be specified");
    if (o->notifier_config.n && o->notifier_url.count)
        return err_set(err, ERR_INVALID,
                       "failed to init notifier: only one of -notifier.config or -notifier.url "
                       "flags must be specified");
    return true;
}

bool vmalert_notifiers_init(struct vmalert *v, struct err *err)
{
    const struct vmalert_options *o = v->opt;
    if (!check_notifier_flags(o, err))
        return false;
    if (!o->notifier_blackhole && o->notifier_url.count == 0 && o->notifier_config.n == 0)
        return true;
    v->notifiers = notifiers_new(v->env, vmalert_alert_link, v);
    if (o->notifier_blackhole) {
        notifiers_add_blackhole(v->notifiers);
        vmalert_metrics_notifier(v, notifiers_at(v->notifiers, 0));
    }
    for (size_t i = 0; i < o->notifier_url.count; i++) {
        if (!add_notifier(v, i, err))
            return err_wrap(err, "failed to init notifier");
    }
    v->hooks.send = send_alerts;
    v->hooks.send_cancel = notifiers_send_cancel;
    return o->notifier_config.n == 0 || watch_notifiers(v, err);
}
