// SPDX-License-Identifier: Apache-2.0
#include "vmalert/datasource_http.h"

#include "base/core/alloc.h"
#include "vmalert/client_auth.h"

struct http_datasource {
    struct env *env;
    struct http_datasource_options opt; // texts in mem
    struct url base;
    struct url_params base_params;
    struct arena mem;
};

// One query: its request, and a second try of it.
struct query {
    struct http_datasource *datasource;
    enum rule_type type;
    bool is_range;
    bool is_second_try;
    query_done_fn *on_done;
    void *owner;
    struct arena mem; // the URL; given to the receiver with the result
    str url;
    struct http_header *headers;
    size_t header_count;
    struct http_call *call;
    struct timer timer; // instead of a call: fails with `refusal`
    struct err refusal;
    mono_ns started;
};

struct http_datasource *
http_datasource_new(struct env *env, const struct http_datasource_options *opt, struct err *err)
{
    struct http_datasource *d = mem_new(struct http_datasource);
    d->env = env;
    d->opt = *opt;
    str url = arena_str(&d->mem, opt->url);
    if (url.n == 0) {
        err_set(err, ERR_INVALID, "url cannot be empty");
    } else if (url_parse(url, &d->mem, &d->base, err)) {
        struct http_header *headers =
            arena_array(&d->mem, struct http_header, opt->header_count + 1);
        for (size_t i = 0; i < opt->header_count; i++)
            headers[i] = (struct http_header){arena_str(&d->mem, opt->headers[i].name),
                                              arena_str(&d->mem, opt->headers[i].value)};
        d->opt.headers = headers;
        d->opt.url = url;
        d->base.path = str_trim_right(d->base.path, '/');
        d->base.raw_path = (str){0};
        url_params_parse(d->base.raw_query, &d->mem, &d->base_params);
        return d;
    }
    http_datasource_free(d);
    return NULL;
}

void http_datasource_free(struct http_datasource *d)
{
    if (!d)
        return;
    arena_done(&d->mem);
    mem_free(d);
}

// ---- the URL -----------------------------------------------------------------------------------

struct param_list {
    struct arena *mem;
    struct url_param *items;
    size_t count, cap;
};

static void params_add(struct param_list *l, str name, str value)
{
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        struct url_param *grown = arena_array(l->mem, struct url_param, l->cap);
        if (l->count)
            memcpy(grown, l->items, l->count * sizeof(*grown));
        l->items = grown;
    }
    l->items[l->count++] = (struct url_param){name, value};
}

static void params_drop(struct param_list *l, str name)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (!str_eq(l->items[i].name, name))
            l->items[kept++] = l->items[i];
    }
    l->count = kept;
}

static void params_set(struct param_list *l, str name, str value)
{
    params_drop(l, name);
    params_add(l, name, value);
}

// All values of a name replace all values it had.
static void params_merge(struct param_list *l, const struct url_params *more)
{
    if (!more)
        return;
    for (size_t i = 0; i < more->count; i++)
        params_drop(l, more->items[i].name);
    for (size_t i = 0; i < more->count; i++)
        params_add(l, more->items[i].name, more->items[i].value);
}

static str time_text(const struct http_datasource *d, time_ns t, struct arena *mem)
{
    char text[64];
    struct buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    buf_put_time(&b, t, env_utc_offset_s(d->env, t), 0);
    return arena_str(mem, buf_str(&b));
}

// Whole seconds: the one form that all servers know.
static void put_step(struct param_list *l, dur_ns step)
{
    if (step > 0)
        params_set(l, S("step"), arena_printf(l->mem, "%llds", (long long)(step / DUR_SECONDS(1))));
}

static str api_path(const struct query_request *r)
{
    switch (r->type) {
    case RULE_PROMETHEUS:
        return r->is_range ? S("/api/v1/query_range") : S("/api/v1/query");
    case RULE_GRAPHITE:
        return S("/render");
    case RULE_VLOGS:
        return r->is_range ? S("/select/logsql/stats_query_range")
                           : S("/select/logsql/stats_query");
    }
    return (str){0};
}

static void put_path(struct buf *b, const struct http_datasource *d, const struct query_request *r)
{
    buf_put(b, d->base.path);
    if (d->opt.append_type_prefix && r->type != RULE_VLOGS)
        buf_printf(b, "/%.*s", STR(rule_type_str(r->type)));
    if (!d->opt.no_path_append || r->type == RULE_GRAPHITE)
        buf_put(b, api_path(r));
}

static void own_params(const struct http_datasource *d, const struct query_request *r,
                       struct param_list *l)
{
    if (r->is_range) {
        params_set(l, S("start"), time_text(d, r->start, l->mem));
        params_set(l, S("end"), time_text(d, r->end, l->mem));
        put_step(l, r->step);
        return;
    }
    switch (r->type) {
    case RULE_PROMETHEUS:
        params_set(l, S("time"), time_text(d, r->ts, l->mem));
        if (!d->opt.no_step)
            put_step(l, d->opt.query_step > 0 ? d->opt.query_step : r->interval);
        return;
    case RULE_GRAPHITE:
        params_set(l, S("from"), S("-5min"));
        params_set(l, S("format"), S("json"));
        params_set(l, S("target"), r->expr);
        params_set(l, S("until"), S("now"));
        return;
    case RULE_VLOGS:
        params_set(l, S("time"), time_text(d, r->ts, l->mem));
        if (r->interval_is_filter) {
            params_set(l, S("start"), time_text(d, sub_saturated(r->ts, r->interval), l->mem));
            params_set(l, S("end"), time_text(d, r->ts, l->mem));
        }
        return;
    }
}

str http_datasource_url(const struct http_datasource *d, const struct query_request *r,
                        struct arena *mem)
{
    struct param_list l = {.mem = mem};
    params_merge(&l, &d->base_params);
    own_params(d, r, &l);
    if (d->opt.round_digits > 0)
        params_set(&l, S("round_digits"),
                   arena_printf(mem, "%lld", (long long)d->opt.round_digits));
    if (d->opt.no_cache)
        params_set(&l, S("nocache"), S("1"));
    params_merge(&l, r->params);
    if (r->type != RULE_GRAPHITE)
        params_set(&l, S("query"), r->expr);

    struct buf path = {0}, query = {0}, text = {0};
    struct url_params params = {l.items, l.count};
    put_path(&path, d, r);
    buf_put_params(&query, &params);
    struct url url = d->base;
    url.path = buf_str(&path);
    url.raw_query = buf_str(&query);
    buf_put_url(&text, &url);
    str ret = arena_str(mem, buf_str(&text));
    buf_done(&path);
    buf_done(&query);
    buf_done(&text);
    return ret;
}

// Not every language can be asked for a range.
static bool check_range(const struct query_request *r, struct err *err)
{
    if (r->is_range && r->type == RULE_GRAPHITE)
        return err_set(err, ERR_UNSUPPORTED, "\"graphite\" is not supported for QueryRange");
    if (r->is_range && r->type == RULE_VLOGS && !r->interval_is_filter)
        return err_set(err, ERR_UNSUPPORTED,
                       "range query is not supported for LogsQL expression \"%.*s\" because it "
                       "contains time filter. Remove time filter from the expression and try again",
                       STR(r->expr));
    return true;
}

// ---- messages ----------------------------------------------------------------------------------

static void put_shown_url(struct buf *b, str text, bool show)
{
    struct arena mem = {0};
    struct url url;
    if (!show && url_parse(text, &mem, &url, NULL))
        buf_put_url_redacted(b, &url);
    else
        buf_put(b, text);
    arena_done(&mem);
}

// A text that can be pasted: without a scheme the HTTP client speaks http.
static void put_curl_url(struct buf *b, str text, bool show)
{
    if (str_find_str(text, S("://")) == STR_NONE)
        buf_put(b, S("http://"));
    put_shown_url(b, text, show);
}

static bool is_secret_header(str name)
{
    static const char *const WORDS[] = {"auth", "pass", "key", "secret", "token"};
    struct buf lower = {0};
    bool is_secret = false;
    buf_put_lower(&lower, name);
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        is_secret |= str_find_str(buf_str(&lower), str_c(WORDS[i])) != STR_NONE;
    buf_done(&lower);
    return is_secret;
}

static void put_shell_quoted(struct buf *b, str s)
{
    buf_put_c(b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            buf_put(b, S("'\\''"));
        else
            buf_put_c(b, s.p[i]);
    }
    buf_put_c(b, '\'');
}

static int compare_headers(const void *a, const void *b)
{
    return str_cmp((*(const struct http_header *const *)a)->name,
                   (*(const struct http_header *const *)b)->name);
}

void buf_put_curl(struct buf *b, str method, str url, const struct http_header *headers,
                  size_t count, bool show)
{
    struct buf shown = {0};
    const struct http_header **order = mem_array(const struct http_header *, count + 1);
    for (size_t i = 0; i < count; i++)
        order[i] = &headers[i];
    qsort(order, count, sizeof(*order), compare_headers);

    buf_put(b, S("curl "));
    if (str_starts(url, S("https:")))
        buf_put(b, S("-k "));
    buf_printf(b, "-X %.*s ", STR(method));
    for (size_t i = 0; i < count; i++) {
        bool is_hidden = !show && is_secret_header(order[i]->name);
        buf_clear(&shown);
        buf_printf(&shown, "%.*s: %.*s", STR(order[i]->name),
                   STR(is_hidden ? S("<secret>") : order[i]->value));
        buf_put(b, S("-H "));
        put_shell_quoted(b, buf_str(&shown));
        buf_put_c(b, ' ');
    }
    buf_clear(&shown);
    put_curl_url(&shown, url, show);
    put_shell_quoted(b, buf_str(&shown));
    buf_done(&shown);
    mem_free(order);
}

// ---- queries -----------------------------------------------------------------------------------

static void query_free(struct query *q)
{
    arena_done(&q->mem);
    mem_free(q);
}

// The credentials of the description are only known to the HTTP client: they are shown as secret.
static void put_curl(struct query *q, struct buf *out)
{
    const struct http_datasource_options *opt = &q->datasource->opt;
    bool has_own = http_header_find(q->headers, q->header_count, S("Authorization")).n > 0;
    size_t count = q->header_count;
    if (opt->conf && opt->conf->auth != HTTPCONF_NO_AUTH && !has_own)
        q->headers[count++] = (struct http_header){S("Authorization"), S("<secret>")};
    buf_put_curl(out, S("POST"), q->url, q->headers, count, opt->show_url);
}

static void query_end(struct query *q, const struct query_result *result, struct err *err)
{
    struct buf curl = {0};
    struct http_datasource *d = q->datasource;
    if (result)
        put_curl(q, &curl);
    struct query_outcome outcome = {
        .result = result,
        .mem = &q->mem,
        .curl = buf_str(&curl),
        .duration = env_mono(d->env) - q->started,
    };
    q->on_done(q->owner, &outcome, err);
    buf_done(&curl);
    query_free(q);
}

static bool read_response(struct query *q, const struct http_response *response,
                          struct query_result *ret, struct err *err)
{
    struct buf url = {0};
    put_shown_url(&url, q->url, q->datasource->opt.show_url);
    bool ok = response->status == 200;
    if (!ok) {
        err_set(err, ERR_INVALID, "unexpected response code %d for %.*s. Response body %.*s",
                response->status, STR(buf_str(&url)), STR(response->body));
    } else {
        // The result points into the body, which goes with this call.
        str body = arena_str(&q->mem, response->body);
        ok = q->type == RULE_GRAPHITE
                 ? result_parse_graphite(body, &q->mem, ret, err)
                 : result_parse_prometheus(body, q->is_range, &q->mem, ret, err);
        if (!ok) {
            err_wrap(err, "failed to parse response");
            err_wrap(err, "error parsing response from \"%.*s\"", STR(buf_str(&url)));
        }
    }
    buf_done(&url);
    return ok;
}

static void rename_metric(struct query_result *result)
{
    for (size_t i = 0; i < result->count; i++) {
        struct series *s = &result->series[i];
        for (size_t j = 0; j < s->label_count; j++) {
            if (str_eq(s->labels[j].name, S("__name__")))
                s->labels[j].name = S("stats_result");
        }
        s->label_count = label_sort_unique(s->labels, s->label_count);
    }
}

static void query_send(struct query *q);

static void on_response(void *owner, const struct http_response *response, const struct err *why)
{
    struct query *q = owner;
    struct query_result result;
    struct err err = ERR_INIT;
    q->call = NULL;
    if (!response && !q->is_second_try && http_was_cut_off(why)) {
        q->is_second_try = true;
        query_send(q);
        return;
    }
    if (response && read_response(q, response, &result, &err)) {
        if (q->type == RULE_VLOGS)
            rename_metric(&result);
        query_end(q, &result, &err);
        return;
    }
    if (!response) {
        struct buf url = {0};
        put_shown_url(&url, q->url, q->datasource->opt.show_url);
        err = *why;
        err_wrap(&err, "error getting response from %.*s: %sPost \"%.*s\"", STR(buf_str(&url)),
                 q->is_second_try ? "second attempt: " : "", STR(buf_str(&url)));
        buf_done(&url);
    }
    query_end(q, NULL, &err);
}

static void query_send(struct query *q)
{
    struct http_request request = {
        .method = S("POST"),
        .url = q->url,
        .headers = q->headers,
        .header_count = q->header_count,
        .conf = q->datasource->opt.conf,
    };
    q->call = env_http(q->datasource->env, &request, on_response, q);
}

// A query that cannot even be asked fails in the next turn, as every failure does.
static void on_refusal(void *owner)
{
    struct query *q = owner;
    query_end(q, NULL, &q->refusal);
}

static void take_headers(struct query *q, const struct query_request *r)
{
    const struct http_datasource_options *opt = &q->datasource->opt;
    q->headers = arena_array(&q->mem, struct http_header, 2 + opt->header_count + r->header_count);
    q->headers[q->header_count++] = (struct http_header){S("Content-Type"), S("application/json")};
    for (size_t i = 0; i < opt->header_count; i++)
        headers_set(q->headers, &q->header_count, opt->headers[i].name, opt->headers[i].value);
    for (size_t i = 0; i < r->header_count; i++) {
        if (r->headers[i].name.n)
            headers_set(q->headers, &q->header_count, arena_str(&q->mem, r->headers[i].name),
                        arena_str(&q->mem, r->headers[i].value));
    }
}

static struct query *query_start(void *owner, const struct query_request *request,
                                 query_done_fn *on_done, void *done_owner)
{
    struct http_datasource *d = owner;
    struct query *q = mem_alloc(sizeof(*q));
    *q = (struct query){
        .datasource = d,
        .type = request->type,
        .is_range = request->is_range,
        .on_done = on_done,
        .owner = done_owner,
        .started = env_mono(d->env),
    };
    timer_init(&q->timer, on_refusal, q);
    take_headers(q, request);
    if (check_range(request, &q->refusal)) {
        q->url = http_datasource_url(d, request, &q->mem);
        query_send(q);
    } else {
        env_timer_after(d->env, &q->timer, 0);
    }
    return q;
}

static void query_cancel(struct query *q)
{
    env_timer_cancel(q->datasource->env, &q->timer);
    env_http_cancel(q->datasource->env, q->call);
    query_free(q);
}

struct datasource http_datasource_interface(struct http_datasource *d)
{
    return (struct datasource){.owner = d, .start = query_start, .cancel = query_cancel};
}
