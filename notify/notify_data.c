// SPDX-License-Identifier: Apache-2.0
#include "notify/notify_data.h"

#include "notify/tplcache.h"
#include "notify/tplfuncs.h"

static struct gotime alert_time(struct zoned_time t)
{
    return t.t == TIME_UNSET ? gotime_zero() : gotime_from_zoned(t);
}

static str fingerprint_text(uint64_t fingerprint, struct arena *mem)
{
    char digits[16];
    struct buf b = {.p = digits, .cap = sizeof(digits), .max = sizeof(digits)};
    buf_put_hex64(&b, fingerprint);
    return arena_str(mem, buf_str(&b));
}

struct tpldata *notify_data(const struct integration *integration, const struct notify_message *m,
                            size_t alert_count)
{
    struct arena *mem = m->mem;
    struct tpldata *d = arena_new(mem, struct tpldata);
    struct tpldata_alert *alerts = arena_array(mem, struct tpldata_alert, alert_count + 1);
    for (size_t i = 0; i < alert_count; i++) {
        const struct notify_alert *a = &m->alerts[i];
        alerts[i] = (struct tpldata_alert){
            .status = a->is_resolved ? S("resolved") : S("firing"),
            .labels = tplkv_from_labels(a->labels, mem),
            .annotations = tplkv_from_labels(a->annotations, mem),
            .starts_at = alert_time(a->starts_at),
            .ends_at = alert_time(a->ends_at),
            .generator_url = a->generator_url,
            .fingerprint = fingerprint_text(a->labels->fingerprint, mem),
        };
    }
    *d = (struct tpldata){
        .receiver = tpldata_quote_receiver(integration->receiver, mem),
        .alerts = alerts,
        .alert_count = alert_count,
        .notification_reason = notify_reason_str(m->reason),
        .group_labels = tplkv_from_labels(m->group->group_labels, mem),
        .route_labels = tplkv_from_labels(m->route_labels, mem),
        .external_url = integration->context->external_url,
        .are_route_labels_rendered = true,
    };
    tpldata_summarize(d, mem);
    return d;
}

static bool render(const struct notify_context *c, struct tplcache *texts,
                   const struct tpl_set *templates, const struct notify_message *m,
                   const struct tpldata *data, str text, str *ret, struct err *err)
{
    struct tplfuncs_context context = {
        .now = env_now(c->env),
        .since_start = env_mono(c->env) - c->started_at,
        .local = c->local,
        .find_zone = c->find_zone,
        .owner = c->zones,
    };
    struct tpl_run run = {.data = tpldata_value(data), .mem = m->mem, .context = &context};
    struct buf out = {.mem = m->mem};
    bool ok = texts ? tplcache_render(texts, text, &run, &out, err)
                    : tpl_render(templates, text, &run, &out, err);
    *ret = out.n ? buf_str(&out) : S("");
    return ok;
}

bool notify_render(const struct integration *integration, const struct notify_message *m,
                   const struct tpldata *data, str text, str *ret, struct err *err)
{
    const struct notify_context *c = integration->context;
    *ret = text;
    if (str_find_str(text, S("{{")) == STR_NONE)
        return true;
    return render(c, c->texts, c->templates, m, data, text, ret, err);
}

bool notify_render_html(const struct integration *integration, const struct notify_message *m,
                        const struct tpldata *data, str text, str *ret, struct err *err)
{
    const struct notify_context *c = integration->context;
    *ret = text;
    if (text.n == 0) // any other is escaped, without a template in it, too
        return true;
    return render(c, c->html_texts, c->html_templates, m, data, text, ret, err);
}
