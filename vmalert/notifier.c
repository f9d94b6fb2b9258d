// SPDX-License-Identifier: Apache-2.0
#include "vmalert/notifier.h"

#include "base/core/alloc.h"
#include "base/text/url.h"
#include "vmalert/client_auth.h"
#include "vmalert/notifier_body.h"
#include "vmalert/notifier_config.h"

const char *const NOTIFIER_KIND_NAMES[NOTIFIER_KINDS] = {
    [NOTIFIER_STATIC] = "static", [NOTIFIER_CONSUL] = "consulSD", [NOTIFIER_DNS] = "DNSSD"};

struct notifiers {
    struct env *env;
    alert_link_fn *link;
    void *link_owner;
    struct notifier **items;
    size_t count;
    const struct relabel *relabel;
    void (*on_come)(void *owner, struct notifier *);
    void (*on_gone)(void *owner, struct notifier *);
    void *change_owner;
};

// One evaluation's alerts on their way to all notifiers.
struct alert_send {
    struct notifiers *notifiers;
    alert_sent_fn *on_sent;
    void *owner;
    size_t alert_count;
    struct buf errors;       // joined
    struct send_part *parts; // one per notifier
    size_t part_count, open_count;
    struct timer timer; // when there is nobody to wait for
};

struct send_part {
    struct alert_send *send;
    struct notifier *notifier; // one reference
    struct http_call *call;
    mono_ns started;
};

// ---- one notifier ------------------------------------------------------------------------------

static void copy_options(struct notifier *n, const struct notifier_options *opt)
{
    n->opt = *opt;
    if (opt->config)
        notifier_config_ref(opt->config);
    struct http_header *headers = arena_array(&n->mem, struct http_header, opt->header_count);
    for (size_t i = 0; i < opt->header_count; i++)
        headers[i] = (struct http_header){arena_str(&n->mem, opt->headers[i].name),
                                          arena_str(&n->mem, opt->headers[i].value)};
    struct label *labels = arena_array(&n->mem, struct label, opt->label_count);
    for (size_t i = 0; i < opt->label_count; i++)
        labels[i] = (struct label){arena_str(&n->mem, opt->labels[i].name),
                                   arena_str(&n->mem, opt->labels[i].value)};
    n->opt.url = arena_str(&n->mem, opt->url);
    n->opt.headers = headers;
    n->opt.labels = opt->labels ? labels : NULL;
}

struct notifier *notifier_new(const struct notifier_options *opt, bool show_url, struct err *err)
{
    struct notifier *n = mem_new(struct notifier);
    struct url url;
    struct buf shown = {0};
    n->refs = 1;
    copy_options(n, opt);
    n->url = n->opt.url;
    if (!url_parse(n->url, &n->mem, &url, err)) {
        notifier_unref(n);
        return NULL;
    }
    if (show_url)
        buf_put(&shown, n->url);
    else
        buf_put_url_redacted(&shown, &url);
    n->shown = arena_str(&n->mem, buf_str(&shown));
    buf_done(&shown);
    return n;
}

static struct notifier *notifier_ref(struct notifier *n)
{
    n->refs++;
    return n;
}

void notifier_unref(struct notifier *n)
{
    if (!n || --n->refs > 0)
        return;
    notifier_config_unref(n->opt.config);
    mem_free(n->last_error);
    arena_done(&n->mem);
    mem_free(n);
}

// ---- the set -----------------------------------------------------------------------------------

struct notifiers *notifiers_new(struct env *env, alert_link_fn *link, void *link_owner)
{
    struct notifiers *n = mem_new(struct notifiers);
    n->env = env;
    n->link = link;
    n->link_owner = link_owner;
    return n;
}

void notifiers_free(struct notifiers *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->count; i++)
        notifier_unref(n->items[i]);
    mem_free(n->items);
    mem_free(n);
}

static void add(struct notifiers *n, struct notifier *takes)
{
    n->items = mem_resize(n->items, n->count + 1, sizeof(*n->items));
    n->items[n->count++] = takes;
}

void notifiers_add_blackhole(struct notifiers *n)
{
    struct notifier *hole = mem_new(struct notifier);
    hole->refs = 1;
    hole->shown = S("blackhole");
    add(n, hole);
}

bool notifiers_add(struct notifiers *n, const struct notifier_options *opt, bool show_url,
                   struct err *err)
{
    struct buf url = {0};
    struct notifier_options full = *opt;
    if (opt->url.n == 0)
        return err_set(err, ERR_INVALID, "url cannot be empty");
    buf_put(&url, str_ends(opt->url, S("/")) ? str_slice(opt->url, 0, opt->url.n - 1) : opt->url);
    buf_put(&url, S("/api/v2/alerts"));
    full.url = buf_str(&url);
    struct notifier *to = notifier_new(&full, show_url, err);
    buf_done(&url);
    if (to)
        add(n, to);
    return to;
}

size_t notifiers_count(const struct notifiers *n)
{
    return n->count;
}

struct notifier *notifiers_at(struct notifiers *n, size_t i)
{
    return n->items[i];
}

void notifiers_set_relabel(struct notifiers *n, const struct relabel *relabel)
{
    n->relabel = relabel;
}

void notifiers_on_change(struct notifiers *n, void (*on_come)(void *owner, struct notifier *),
                         void (*on_gone)(void *owner, struct notifier *), void *owner)
{
    n->on_come = on_come;
    n->on_gone = on_gone;
    n->change_owner = owner;
}

static int compare_shown(const void *a, const void *b)
{
    const struct notifier *const *x = a, *const *y = b;
    int order = str_cmp((*x)->shown, (*y)->shown);
    return order ? order : (int)(*x)->opt.kind - (int)(*y)->opt.kind;
}

static bool contains(struct notifier *const *items, size_t count, const struct notifier *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i] == wanted)
            return true;
    }
    return false;
}

void notifiers_replace(struct notifiers *n, struct notifier *const *items, size_t count)
{
    struct notifier **old = n->items;
    size_t old_count = n->count;
    n->items = mem_array(struct notifier *, count);
    n->count = count;
    for (size_t i = 0; i < count; i++)
        n->items[i] = notifier_ref(items[i]);
    if (count)
        qsort(n->items, count, sizeof(*n->items), compare_shown);
    for (size_t i = 0; i < old_count; i++) {
        if (n->on_gone && !contains(n->items, count, old[i]))
            n->on_gone(n->change_owner, old[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (n->on_come && !contains(old, old_count, n->items[i]))
            n->on_come(n->change_owner, n->items[i]);
    }
    for (size_t i = 0; i < old_count; i++)
        notifier_unref(old[i]);
    mem_free(old);
}

// ---- sending -----------------------------------------------------------------------------------

static void send_free(struct alert_send *s)
{
    env_timer_cancel(s->notifiers->env, &s->timer);
    for (size_t i = 0; i < s->part_count; i++)
        notifier_unref(s->parts[i].notifier);
    buf_done(&s->errors);
    mem_free(s->parts);
    mem_free(s);
}

static void send_end(struct alert_send *s)
{
    alert_sent_fn *on_sent = s->on_sent;
    void *owner = s->owner;
    struct err err = ERR_INIT;
    if (s->errors.n)
        err_set(&err, ERR_NETWORK, "%.*s", STR(buf_str(&s->errors)));
    send_free(s);
    on_sent(owner, &err);
}

static void part_end(struct send_part *p, const struct err *err)
{
    struct alert_send *s = p->send;
    struct notifier *to = p->notifier;
    mem_free(to->last_error);
    to->last_error = NULL;
    if (to->stats.duration)
        vmrange_observe(to->stats.duration,
                        dur_to_seconds(env_mono(s->notifiers->env) - p->started));
    if (err->code != ERR_NONE) {
        to->stats.errors += s->alert_count;
        to->last_error = mem_dup(err_str(err));
        buf_printf(&s->errors, "%sfailed to send alerts to addr \"%.*s\": %.*s",
                   s->errors.n ? "\n" : "", STR(to->shown), STR(err_str(err)));
    }
    if (--s->open_count == 0)
        send_end(s);
}

static void on_response(void *owner, const struct http_response *response, const struct err *why)
{
    struct send_part *p = owner;
    struct err err = ERR_INIT;
    p->call = NULL;
    if (!response) {
        err = *why;
        err_wrap(&err, "Post \"%.*s\"", STR(p->notifier->shown));
    } else if (response->status / 100 != 2) {
        err_set(&err, ERR_INVALID, "invalid SC %d from \"%.*s\"; response body: %.*s",
                response->status, STR(p->notifier->shown), STR(response->body));
    }
    part_end(p, &err);
}

static void part_start(struct send_part *p, const struct group *g, str body)
{
    struct alert_send *s = p->send;
    const struct notifier_options *opt = &p->notifier->opt;
    size_t count = 0;
    struct http_header *headers =
        mem_array(struct http_header, 1 + opt->header_count + g->conf->notifier_header_count);
    headers[count++] = (struct http_header){S("Content-Type"), S("application/json")};
    for (size_t i = 0; i < opt->header_count; i++)
        headers_set(headers, &count, opt->headers[i].name, opt->headers[i].value);
    for (size_t i = 0; i < g->conf->notifier_header_count; i++) {
        const struct http_header *h = &g->conf->notifier_headers[i];
        if (h->name.n)
            headers_set(headers, &count, h->name, h->value);
    }
    struct http_request request = {
        .method = S("POST"),
        .url = p->notifier->url,
        .headers = headers,
        .header_count = count,
        .body = body,
        .timeout = opt->timeout,
        .conf = opt->conf,
    };
    p->started = env_mono(s->notifiers->env);
    p->notifier->stats.sent += s->alert_count;
    p->call = env_http(s->notifiers->env, &request, on_response, p);
    mem_free(headers);
}

static void on_nobody(void *owner)
{
    send_end(owner);
}

// Notifiers without relabeling of their own share one body.
static void start_parts(struct alert_send *s, struct alert_batch *batch,
                        const struct alert_writer *writer)
{
    defer(buf_done) struct buf shared = {0}, own = {0};
    for (size_t i = 0; i < s->part_count; i++) {
        struct send_part *p = &s->parts[i];
        struct notifier *to = s->notifiers->items[i];
        *p = (struct send_part){.send = s, .notifier = notifier_ref(to)};
        if (to->url.n == 0) {
            to->stats.sent += s->alert_count; // the black hole
            continue;
        }
        struct buf *body = to->opt.relabel ? &own : &shared;
        if (body == &own)
            buf_clear(&own);
        if (body->n == 0)
            buf_put_alert_batch(body, batch, to->opt.relabel, writer);
        s->open_count++;
        part_start(p, writer->group, buf_str(body));
    }
}

struct alert_send *notifiers_send(struct notifiers *n, const struct group *g,
                                  const struct alerting_rule *rule,
                                  const struct alert *const *alerts, size_t count,
                                  alert_sent_fn *on_sent, void *owner)
{
    struct alert_send *s = mem_new(struct alert_send);
    struct alert_batch batch;
    alert_batch_init(&batch, alerts, count, n->relabel);
    *s = (struct alert_send){
        .notifiers = n,
        .on_sent = on_sent,
        .owner = owner,
        .errors = {.max = ERR_TEXT_BYTES},
        .alert_count = batch.count,
        .parts = mem_array(struct send_part, n->count),
        .part_count = n->count,
    };
    const struct alert_writer writer = {n->env, n->link, n->link_owner, g, rule};
    timer_init(&s->timer, on_nobody, s);
    start_parts(s, &batch, &writer);
    alert_batch_done(&batch);
    if (s->open_count == 0)
        env_timer_after(n->env, &s->timer, 0);
    return s;
}

void notifiers_send_cancel(struct alert_send *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->part_count; i++)
        env_http_cancel(s->notifiers->env, s->parts[i].call);
    send_free(s);
}
