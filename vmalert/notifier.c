// SPDX-License-Identifier: Apache-2.0
#include "vmalert/notifier.h"

#include "base/core/alloc.h"
#include "base/core/utf8.h"
#include "base/text/json_writer.h"
#include "vmalert/client_auth.h"

struct notifiers {
    struct env *env;
    alert_link_fn *link;
    void *link_owner;
    struct notifier **items;
    size_t count;
    struct arena mem;
};

// One evaluation's alerts on their way to all notifiers.
struct alert_send {
    struct notifiers *notifiers;
    alert_sent_fn *on_sent;
    void *owner;
    struct buf body;
    size_t alert_count;
    struct buf errors;       // joined
    struct send_part *parts; // one per notifier
    size_t part_count, open_count;
    struct timer timer; // when there is nobody to wait for
};

struct send_part {
    struct alert_send *send;
    struct notifier *notifier;
    struct http_call *call;
    mono_ns started;
};

// ---- life --------------------------------------------------------------------------------------

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
    for (size_t i = 0; i < n->count; i++) {
        mem_free(n->items[i]->last_error);
        mem_free(n->items[i]);
    }
    mem_free(n->items);
    arena_done(&n->mem);
    mem_free(n);
}

static struct notifier *add(struct notifiers *n)
{
    n->items = mem_resize(n->items, n->count + 1, sizeof(*n->items));
    return n->items[n->count++] = mem_new(struct notifier);
}

void notifiers_add_blackhole(struct notifiers *n)
{
    add(n)->shown = S("blackhole");
}

bool notifiers_add(struct notifiers *n, const struct notifier_options *opt, bool show_url,
                   struct err *err)
{
    struct url url;
    struct buf shown = {0};
    if (opt->url.n == 0)
        return err_set(err, ERR_INVALID, "url cannot be empty");
    str base = opt->url;
    if (str_ends(base, S("/")))
        base.n--;
    str full = arena_printf(&n->mem, "%.*s/api/v2/alerts", STR(base));
    if (!url_parse(full, &n->mem, &url, err))
        return false;
    struct notifier *to = add(n);
    to->opt = *opt;
    to->url = full;
    struct http_header *headers = arena_array(&n->mem, struct http_header, opt->header_count + 1);
    for (size_t i = 0; i < opt->header_count; i++)
        headers[i] = (struct http_header){arena_str(&n->mem, opt->headers[i].name),
                                          arena_str(&n->mem, opt->headers[i].value)};
    to->opt.headers = headers;
    if (show_url)
        buf_put(&shown, full);
    else
        buf_put_url_redacted(&shown, &url);
    to->shown = arena_str(&n->mem, buf_str(&shown));
    buf_done(&shown);
    return true;
}

size_t notifiers_count(const struct notifiers *n)
{
    return n->count;
}

struct notifier *notifiers_at(struct notifiers *n, size_t i)
{
    return n->items[i];
}

// ---- the body ----------------------------------------------------------------------------------

static void put_json(struct buf *b, str s)
{
    buf_put_json_str(b, JSON_ESCAPE_VM, s);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':';
}

// Alertmanager's label names: any other character becomes one underscore.
static str sanitized_name(str name, struct arena *mem)
{
    size_t fine = 0;
    while (fine < name.n && is_name_char(name.p[fine]))
        fine++;
    if (fine == name.n)
        return name;
    char *copy = arena_alloc(mem, name.n);
    size_t n = 0;
    for (size_t i = 0, width; i < name.n; i += width) {
        utf8_decode(str_skip(name, i), &width);
        copy[n] = name.p[i];
        if (!is_name_char(copy[n]))
            copy[n] = '_';
        n++;
    }
    return str_from(copy, n);
}

static void put_labels(struct buf *b, const struct alert *a, struct arena *mem)
{
    struct arena_mark mark = arena_mark(mem);
    struct label *labels = arena_array(mem, struct label, a->labels->count + 1);
    for (size_t i = 0; i < a->labels->count; i++)
        labels[i] = (struct label){sanitized_name(labels_name_at(a->labels, i), mem),
                                   labels_value_at(a->labels, i)};
    label_sort(labels, a->labels->count);
    for (size_t i = 0; i < a->labels->count; i++) {
        buf_put_c(b, i ? ',' : '{');
        put_json(b, labels[i].name);
        buf_put_c(b, ':');
        put_json(b, labels[i].value);
    }
    buf_put_c(b, '}');
    arena_rewind(mem, mark);
}

static void put_annotations(struct buf *b, const struct alert *a)
{
    buf_put_c(b, '{');
    for (size_t i = 0; i < a->annotation_count; i++) {
        if (i)
            buf_put_c(b, ',');
        put_json(b, a->annotations[i].name);
        buf_put_c(b, ':');
        put_json(b, a->annotations[i].value);
    }
    buf_put_c(b, '}');
}

static void put_time(const struct notifiers *n, struct buf *b, time_ns t)
{
    buf_put_c(b, '"');
    buf_put_time(b, t, env_utc_offset_s(n->env, t), FRACTION_SHORTEST);
    buf_put_c(b, '"');
}

// Byte for byte as upstream writes it, single spaces included.
static void put_alert(const struct notifiers *n, struct buf *b, const struct group *g,
                      const struct alerting_rule *rule, const struct alert *a, struct arena *mem)
{
    struct buf link = {0};
    n->link(n->link_owner, g, rule, a, &link);
    buf_put(b, S("{\"startsAt\":"));
    put_time(n, b, a->start);
    buf_put(b, S(",\"generatorURL\":"));
    put_json(b, buf_str(&link));
    if (a->end != TIME_UNSET) {
        buf_put(b, S(",\"endsAt\":"));
        put_time(n, b, a->end);
    }
    buf_put(b, S(",\"labels\": "));
    put_labels(b, a, mem);
    buf_put(b, S(",\"annotations\": "));
    put_annotations(b, a);
    buf_put_c(b, '}');
    buf_done(&link);
}

// ---- sending -----------------------------------------------------------------------------------

static void send_free(struct alert_send *s)
{
    env_timer_cancel(s->notifiers->env, &s->timer);
    buf_done(&s->body);
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

static void part_start(struct send_part *p, const struct group *g)
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
        .body = buf_str(&s->body),
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

struct alert_send *notifiers_send(struct notifiers *n, const struct group *g,
                                  const struct alerting_rule *rule,
                                  const struct alert *const *alerts, size_t count,
                                  alert_sent_fn *on_sent, void *owner)
{
    struct alert_send *s = mem_new(struct alert_send);
    struct arena mem = {0};
    *s = (struct alert_send){
        .notifiers = n,
        .on_sent = on_sent,
        .owner = owner,
        .errors = {.max = ERR_TEXT_BYTES},
        .parts = mem_array(struct send_part, n->count + 1),
        .part_count = n->count,
    };
    buf_put_c(&s->body, '[');
    for (size_t i = 0; i < count; i++) {
        if (alerts[i]->labels->count == 0)
            continue; // nothing to know it by: it is not sent anywhere
        if (s->alert_count++)
            buf_put_c(&s->body, ',');
        put_alert(n, &s->body, g, rule, alerts[i], &mem);
    }
    buf_put_c(&s->body, ']');
    arena_done(&mem);
    timer_init(&s->timer, on_nobody, s);
    for (size_t i = 0; i < n->count; i++) {
        struct send_part *p = &s->parts[i];
        *p = (struct send_part){.send = s, .notifier = n->items[i]};
        if (p->notifier->url.n == 0) {
            p->notifier->stats.sent += s->alert_count; // the black hole
            continue;
        }
        s->open_count++;
        part_start(p, g);
    }
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
