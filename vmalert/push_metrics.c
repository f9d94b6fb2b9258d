// SPDX-License-Identifier: Apache-2.0
#include "vmalert/push_metrics.h"

#include "base/core/alloc.h"
#include "base/text/unicode.h"
#include "base/text/url.h"
#include "vmalert/client_auth.h"

// ---- flags -------------------------------------------------------------------------------------

#define F(name_, type_, member, default_, help_, ...)                                              \
    {                                                                                              \
        {.name = (name_),                                                                          \
         .type = (type_),                                                                          \
         .default_text = (default_),                                                               \
         .help = (help_),                                                                          \
         __VA_ARGS__},                                                                             \
            offsetof(struct push_flags, member)                                                    \
    }

static const struct push_flag {
    struct flag flag; // without `to`
    size_t offset;
} FLAGS[] = {
    F("pushmetrics.disableCompression", FLAG_BOOL, disable_compression, "false",
      "Accepted for compatibility: what is pushed is not compressed"),
    F("pushmetrics.extraLabel", FLAG_STRS, extra_labels, NULL,
      "Label 'name=\"value\"' added to every metric that is pushed; repeatable"),
    F("pushmetrics.header", FLAG_STRS, headers, NULL,
      "HTTP header 'name: value' of every push; repeatable"),
    F("pushmetrics.interval", FLAG_DUR, interval, "10s",
      "How often metrics are pushed to -pushmetrics.url"),
    F("pushmetrics.url", FLAG_STRS, urls, NULL,
      "URL that the metrics of this process are pushed to, in text form; repeatable",
      .is_secret = true),
};

#undef F

size_t push_flags_count(void)
{
    return ARRAY_LEN(FLAGS);
}

void push_flags_put(struct flag *to, struct push_flags *f)
{
    for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++) {
        to[i] = FLAGS[i].flag;
        to[i].to = (char *)f + FLAGS[i].offset;
    }
}

// ---- life --------------------------------------------------------------------------------------

struct push_target {
    struct push_metrics *owner;
    str url, shown;         // the second: without the password
    struct http_call *call; // under way, or NULL
    mono_ns began;
    struct metric *pushes, *errors, *bytes;
    struct vmrange *duration, *block;
};

struct push_metrics {
    struct env *env;
    struct arena mem;
    dur_ns interval;
    str labels; // joined
    struct http_header *headers;
    size_t header_count;
    struct httpconf conf;
    struct push_target *targets;
    size_t count, open_count;
    void (*put)(void *owner, struct buf *out);
    void *owner;
    struct timer timer;
    void (*on_ended)(void *owner); // set: this is the end
    mono_ns end_began;
};

static void on_timer(void *owner);

static struct metric_family *family(struct metrics *m, enum metric_kind kind, const char *name,
                                    const char *help)
{
    return metrics_family(m, kind, name, help, "url", NULL, 0);
}

static void init_target(struct push_metrics *p, struct push_target *t, str url, struct metrics *m)
{
    struct url parsed;
    struct buf shown = {0};
    url_parse(url, &p->mem, &parsed, NULL);
    buf_put_url_redacted(&shown, &parsed);
    *t = (struct push_target){.owner = p, .url = url, .shown = arena_str(&p->mem, buf_str(&shown))};
    buf_done(&shown);
    t->pushes =
        metric_get(family(m, METRIC_COUNTER, "metrics_push_total", "Pushes of metrics"), &t->shown);
    t->errors = metric_get(
        family(m, METRIC_COUNTER, "metrics_push_errors_total", "Pushes that failed"), &t->shown);
    t->bytes = metric_get(
        family(m, METRIC_COUNTER, "metrics_push_bytes_pushed_total", "Bytes of all pushes"),
        &t->shown);
    t->duration = vmrange_get(
        family(m, METRIC_VMRANGE, "metrics_push_duration_seconds", "Time a push took"), &t->shown);
    t->block = vmrange_get(
        family(m, METRIC_VMRANGE, "metrics_push_block_size_bytes", "Bytes of a push"), &t->shown);
    metric_get(family(m, METRIC_GAUGE, "metrics_push_interval_seconds", "Time between pushes"),
               &t->shown)
        ->value = dur_to_seconds(p->interval);
}

static bool check(const struct push_flags *f, struct err *err)
{
    struct arena mem = {0};
    struct url url;
    bool ok =
        f->interval > 0 || err_set(err, ERR_INVALID, "-pushmetrics.interval must be positive");
    for (size_t i = 0; i < f->urls.count && ok; i++)
        ok = url_parse(f->urls.items[i], &mem, &url, err) &&
             (str_eq(url.scheme, S("http")) || str_eq(url.scheme, S("https")) ||
              err_set(err, ERR_INVALID, "unsupported scheme \"%.*s\"; expecting http or https",
                      STR(url.scheme)));
    arena_done(&mem);
    return ok || err_wrap(err, "cannot initialize pushmetrics");
}

static void join_labels(struct push_metrics *p, const struct flag_strs *labels)
{
    struct buf b = {0};
    for (size_t i = 0; i < labels->count; i++)
        buf_printf(&b, "%s%.*s", i ? "," : "", STR(labels->items[i]));
    p->labels = arena_str(&p->mem, buf_str(&b));
    buf_done(&b);
}

static bool read_headers(struct push_metrics *p, const struct flag_strs *flag, struct err *err)
{
    const struct str_list lines = {flag->items, flag->count};
    struct http_header *given;
    size_t count;
    if (!client_headers_parse(&lines, &p->mem, &given, &count, err))
        return err_wrap(err, "cannot initialize pushmetrics");
    p->headers = arena_array(&p->mem, struct http_header, count + 1);
    headers_set(p->headers, &p->header_count, S("Content-Type"), S("text/plain"));
    for (size_t i = 0; i < count; i++)
        headers_set(p->headers, &p->header_count, given[i].name, given[i].value);
    return true;
}

struct push_metrics *push_metrics_new(struct env *env, const struct push_flags *f,
                                      struct metrics *metrics,
                                      void (*put)(void *owner, struct buf *out), void *owner,
                                      struct err *err)
{
    if (f->urls.count == 0 || !check(f, err))
        return NULL;
    struct push_metrics *p = mem_new(struct push_metrics);
    *p = (struct push_metrics){
        .env = env,
        .interval = f->interval,
        .conf = {.dialect = HTTPCONF_VM, .proxy.from_environment = true},
        .put = put,
        .owner = owner,
    };
    timer_init(&p->timer, on_timer, p);
    if (!read_headers(p, &f->headers, err)) {
        push_metrics_free(p);
        return NULL;
    }
    join_labels(p, &f->extra_labels);
    p->targets = mem_array(struct push_target, f->urls.count);
    for (; p->count < f->urls.count; p->count++)
        init_target(p, &p->targets[p->count], f->urls.items[p->count], metrics);
    env_timer_after(env, &p->timer, p->interval);
    return p;
}

void push_metrics_free(struct push_metrics *p)
{
    if (!p)
        return;
    env_timer_cancel(p->env, &p->timer);
    for (size_t i = 0; i < p->count; i++)
        env_http_cancel(p->env, p->targets[i].call);
    mem_free(p->targets);
    arena_done(&p->mem);
    mem_free(p);
}

// ---- pushes ------------------------------------------------------------------------------------

// Names and values hold no line ends: an exposition escapes them.
void buf_put_labelled(struct buf *b, str exposition, str labels)
{
    str line, rest = exposition;
    while (rest.n > 0) {
        str_cut(rest, '\n', &line, &rest);
        size_t brace = str_find(line, '{'), space = str_find(line, ' ');
        if (labels.n == 0 || line.n == 0 || line.p[0] == '#')
            buf_put(b, line);
        else if (brace != STR_NONE && brace < space)
            buf_printf(b, "%.*s{%.*s,%.*s", STR(str_slice(line, 0, brace)), STR(labels),
                       STR(str_skip(line, brace + 1)));
        else
            buf_printf(b, "%.*s{%.*s}%.*s", STR(str_slice(line, 0, space)), STR(labels),
                       STR(str_skip(line, space)));
        buf_put_c(b, '\n');
    }
}

static void finish(struct push_metrics *p)
{
    void (*on_ended)(void *) = take(&p->on_ended);
    env_timer_cancel(p->env, &p->timer);
    log_printf(&p->env->log, LOG_INFO, LOG_WHERE,
               "pushing metrics on shutdown finished in %.3f seconds",
               dur_to_seconds(env_mono(p->env) - p->end_began));
    on_ended(p->owner);
}

static void on_pushed(void *owner, const struct http_response *response, const struct err *why)
{
    struct push_target *t = owner;
    struct push_metrics *p = t->owner;
    defer(buf_done) struct buf body = {.max = ERR_TEXT_BYTES};
    t->call = NULL;
    vmrange_observe(t->duration, dur_to_seconds(env_mono(p->env) - t->began));
    if (!response || response->status / 100 != 2) {
        metric_inc(t->errors);
        if (response)
            buf_put_quoted(&body, response->body);
        if (response)
            log_printf(&p->env->log, LOG_ERROR, LOG_WHERE,
                       "failed to push metrics to \"%.*s\": unexpected status code in response "
                       "from \"%.*s\": %d; expecting 2xx; response body: %.*s",
                       STR(t->shown), STR(t->shown), response->status, STR(buf_str(&body)));
        else
            log_printf(&p->env->log, LOG_ERROR, LOG_WHERE,
                       "failed to push metrics to \"%.*s\": %.*s", STR(t->shown),
                       STR(err_str(why)));
    }
    if (--p->open_count == 0 && p->on_ended)
        finish(p);
}

static void push(struct push_metrics *p, dur_ns timeout)
{
    defer(buf_done) struct buf text = {0}, body = {0};
    p->put(p->owner, &text);
    buf_put_labelled(&body, buf_str(&text), p->labels);
    for (size_t i = 0; i < p->count; i++) {
        struct push_target *t = &p->targets[i];
        if (t->call)
            continue;
        struct http_request request = {.method = S("GET"), // with a body, as upstream's library
                                       .url = t->url,
                                       .headers = p->headers,
                                       .header_count = p->header_count,
                                       .body = buf_str(&body),
                                       .timeout = timeout,
                                       .conf = &p->conf};
        t->began = env_mono(p->env);
        metric_inc(t->pushes);
        metric_add(t->bytes, (double)body.n);
        vmrange_observe(t->block, (double)body.n);
        p->open_count++;
        t->call = env_http(p->env, &request, on_pushed, t);
    }
}

static void on_timer(void *owner)
{
    struct push_metrics *p = owner;
    if (p->on_ended) { // a push from before the end may still be under way
        finish(p);
        return;
    }
    push(p, p->interval);
    env_timer_after(p->env, &p->timer, p->interval);
}

void push_metrics_end(struct push_metrics *p, void (*on_done)(void *owner))
{
    p->on_ended = on_done;
    p->end_began = env_mono(p->env);
    push(p, PUSH_METRICS_END_TIMEOUT);
    env_timer_after(p->env, &p->timer, PUSH_METRICS_END_TIMEOUT);
}
