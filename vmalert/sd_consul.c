// SPDX-License-Identifier: Apache-2.0
// Discovery by Consul (spec: vmalert notifier §8): one long poll for the names of the services and
// one for the nodes of each service that is wanted.
#include "base/core/alloc.h"
#include "base/text/json.h"
#include "base/text/unicode.h"
#include "base/text/url.h"
#include "vmalert/sd.h"

#define POLL_TIMEOUT         DUR_MINUTES(10)
#define WAIT_DEFAULT         (POLL_TIMEOUT - POLL_TIMEOUT / 8) // Consul adds up to a sixteenth
#define WAIT_MIN             DUR_SECONDS(1)
#define AGENT_TIMEOUT        DUR_SECONDS(30)
#define BODY_SHOWN_BYTES_MAX 1024

// A question asked again and again; with `index` Consul answers when there is something new.
struct consul_poll {
    struct consul_item *item;
    struct http_call *call;
    struct timer timer;
    mono_ns started;
    int64_t index;
    bool has_answered; // or failed, once
    bool is_retry;
};

struct consul_service {
    struct consul_poll poll; // first: see service_of()
    char *name;              // heap
    struct sd_targets targets;
    bool is_listed; // in the catalog's newest answer
};

struct consul_item { // of consul_sd_configs
    struct sd_consul *owner;
    const struct consul_sd_conf *conf;
    char *datacenter; // heap; NULL: has to be asked for
    struct consul_poll names;
    struct consul_service **services;
    size_t service_count;
};

struct sd_consul {
    struct env *env;
    struct consul_item *items;
    size_t count;
    struct sd_consul_options opt;
    sd_round_fn *on_round;
    void *owner;
};

static void poll_start(void *owner);

static bool is_names(const struct consul_poll *p)
{
    return p == &p->item->names;
}

static struct consul_service *service_of(struct consul_poll *p)
{
    return container_of(p, struct consul_service, poll);
}

// ---- services ----------------------------------------------------------------------------------

static void poll_init(struct consul_poll *p, struct consul_item *item)
{
    *p = (struct consul_poll){.item = item};
    timer_init(&p->timer, poll_start, p);
}

static void poll_done(struct consul_poll *p)
{
    env_http_cancel(p->item->owner->env, p->call);
    env_timer_cancel(p->item->owner->env, &p->timer);
}

static void service_free(struct consul_service *s)
{
    s->poll.item->owner->opt.stats->watchers_stopped++;
    poll_done(&s->poll);
    sd_targets_done(&s->targets);
    mem_free(s->name);
    mem_free(s);
}

static struct consul_service *find_service(const struct consul_item *item, str name)
{
    for (size_t i = 0; i < item->service_count; i++) {
        if (str_eq(str_c(item->services[i]->name), name))
            return item->services[i];
    }
    return NULL;
}

static void add_service(struct consul_item *item, str name)
{
    struct consul_service *s = mem_new(struct consul_service);
    poll_init(&s->poll, item);
    s->name = mem_dup(name);
    s->is_listed = true;
    item->services = mem_resize(item->services, item->service_count + 1, sizeof(*item->services));
    item->services[item->service_count++] = s;
    item->owner->opt.stats->watchers_created++;
    poll_start(&s->poll);
}

static void update_services(struct consul_item *item, const struct str_list *names)
{
    for (size_t i = 0; i < item->service_count; i++)
        item->services[i]->is_listed = false;
    for (size_t i = 0; i < names->count; i++) {
        struct consul_service *s = find_service(item, names->items[i]);
        if (s)
            s->is_listed = true;
        else
            add_service(item, names->items[i]);
    }
    size_t kept = 0;
    for (size_t i = 0; i < item->service_count; i++) {
        if (item->services[i]->is_listed)
            item->services[kept++] = item->services[i];
        else
            service_free(item->services[i]);
    }
    item->service_count = kept;
}

// ---- requests ----------------------------------------------------------------------------------

static str path_of(struct consul_poll *p, struct arena *mem)
{
    const struct consul_item *item = p->item;
    const struct consul_sd_conf *c = item->conf;
    dur_ns wait = item->owner->opt.wait;
    if (!item->datacenter)
        return S("/v1/agent/self");
    struct buf path = {0};
    if (is_names(p))
        buf_put(&path, S("/v1/catalog/services?dc="));
    else
        buf_printf(&path, "/v1/health/service/%s?dc=", service_of(p)->name);
    buf_put_query_escaped(&path, str_c(item->datacenter));
    buf_put(&path, is_names(p) ? c->names_args : c->nodes_args);
    if (wait <= WAIT_MIN || wait > WAIT_DEFAULT)
        wait = WAIT_DEFAULT;
    buf_printf(&path, "&index=%lld&wait=%llds", (long long)p->index,
               (long long)(wait / DUR_SECONDS(1)));
    str s = arena_str(mem, buf_str(&path));
    buf_done(&path);
    return s;
}

static void log_failure(struct consul_poll *p, const struct err *err)
{
    const struct consul_item *item = p->item;
    const struct log *log = &item->owner->env->log;
    str shown = item->conf->shown;
    if (!item->datacenter)
        log_printf(log, LOG_ERROR, LOG_WHERE, "cannot obtain consul datacenter: %.*s",
                   STR(err_str(err)));
    else if (is_names(p))
        log_printf(log, LOG_ERROR, LOG_WHERE,
                   "cannot obtain Consul serviceNames from \"%.*s\": %.*s", STR(shown),
                   STR(err_str(err)));
    else
        log_printf(log, LOG_ERROR, LOG_WHERE,
                   "cannot obtain Consul serviceNodes for serviceName=\"%s\" from \"%.*s\": %.*s",
                   service_of(p)->name, STR(shown), STR(err_str(err)));
}

// Consul's rules for blocking queries: an index that went back starts from the beginning.
static int64_t next_index(const struct consul_poll *p, const struct http_response *r)
{
    int64_t index;
    str value = http_header_find(r->headers, r->header_count, S("X-Consul-Index"));
    if (!str_to_i64(value, &index)) {
        log_printf(&p->item->owner->env->log, LOG_ERROR, LOG_WHERE,
                   "cannot find X-Consul-Index header in response from \"%.*s\"",
                   STR(p->item->conf->shown));
        return p->index;
    }
    return index < 1 ? 1 : index < p->index ? 0 : index;
}

static bool read_datacenter(struct consul_item *item, str body, struct err *err)
{
    struct arena mem = {0};
    const json *agent = json_parse(body, false, &mem, err);
    const json *config = json_get_nocase(agent, S("Config"));
    if (agent)
        item->datacenter = mem_dup(json_str(json_get_nocase(config, S("Datacenter"))));
    arena_done(&mem);
    return agent || err_wrap(err, "cannot unmarshal agent info");
}

static bool read_names(struct consul_item *item, str body, struct err *err)
{
    struct arena mem = {0};
    struct str_list names;
    bool ok = consul_names_parse(body, item->conf, &mem, &names, err);
    if (ok)
        update_services(item, &names);
    arena_done(&mem);
    return ok;
}

static bool read_nodes(struct consul_service *s, str body, struct err *err)
{
    struct sd_targets fresh = {0};
    const struct consul_sd_conf *c = s->poll.item->conf;
    bool ok = consul_nodes_parse(body, str_c(s->name), c->tag_separator, &fresh, err);
    struct sd_targets old = s->targets;
    if (ok)
        s->targets = fresh;
    for (size_t i = 0; ok && i < fresh.count; i++)
        fresh.items[i].mem = &s->targets.mem;
    sd_targets_done(ok ? &old : &fresh);
    return ok;
}

static bool read_answer(struct consul_poll *p, const struct http_response *r, bool *ret_changed,
                        struct err *err)
{
    if (r->status != 200) {
        defer(buf_done) struct buf body = {.max = ERR_TEXT_BYTES};
        buf_put_quoted(&body, str_slice(r->body, 0, BODY_SHOWN_BYTES_MAX));
        return err_set(err, ERR_INVALID,
                       "unexpected status code returned from \"%.*s\": %d; expecting 200; response "
                       "body: %.*s",
                       STR(p->item->conf->shown), r->status, STR(buf_str(&body)));
    }
    if (!p->item->datacenter)
        return read_datacenter(p->item, r->body, err);
    int64_t index = next_index(p, r);
    if (index == p->index)
        return true; // nothing new
    if (is_names(p) ? !read_names(p->item, r->body, err) : !read_nodes(service_of(p), r->body, err))
        return false;
    p->index = index;
    *ret_changed = true;
    return true;
}

// Asks again: at once where the connection just broke, for the first time in a row.
static void poll_again(struct consul_poll *p, bool was_cut_off)
{
    struct sd_consul *sd = p->item->owner;
    if (was_cut_off && !p->is_retry) {
        sd->opt.stats->retries++;
        p->is_retry = true;
        poll_start(p);
        return;
    }
    dur_ns tick = MAX(sd->opt.interval, DUR_SECONDS(1)) / 2;
    mono_ns next = add_saturated(p->started, tick);
    p->is_retry = false;
    env_timer_set(sd->env, &p->timer, MAX(next, env_mono(sd->env)));
}

static void on_response(void *owner, const struct http_response *response, const struct err *why)
{
    struct consul_poll *p = owner;
    struct sd_consul *sd = p->item->owner;
    struct err err = *why;
    bool changed = false, was_ready = sd_consul_is_ready(sd), was_agent = !p->item->datacenter;
    p->call = NULL;
    if (!response || !read_answer(p, response, &changed, &err)) {
        log_failure(p, &err);
    } else if (was_agent) { // the datacenter is known: the catalog is asked at once
        poll_start(p);
        return;
    }
    p->has_answered = true;
    poll_again(p, !response && http_was_cut_off(why));
    if (sd_consul_is_ready(sd) && (changed || !was_ready))
        sd->on_round(sd->owner);
}

static void poll_start(void *owner)
{
    struct consul_poll *p = owner;
    struct sd_consul *sd = p->item->owner;
    const struct consul_sd_conf *c = p->item->conf;
    struct arena mem = {0};
    str path = path_of(p, &mem);
    struct http_request request = {
        .url = arena_printf(&mem, "%.*s%.*s", STR(c->url), STR(path)),
        .timeout = p->item->datacenter ? POLL_TIMEOUT : AGENT_TIMEOUT,
        .response_bytes_max = SD_RESPONSE_BYTES_MAX,
        .conf = &c->conf,
        .no_redirects = c->conf.no_redirects,
    };
    p->started = env_mono(sd->env);
    sd->opt.stats->requests++;
    p->call = env_http(sd->env, &request, on_response, p);
    arena_done(&mem);
}

// ---- all of them -------------------------------------------------------------------------------

struct sd_consul *sd_consul_new(struct env *env, const struct yaml_list *confs,
                                const struct sd_consul_options *opt, sd_round_fn *on_round,
                                void *owner)
{
    struct sd_consul *sd = mem_new(struct sd_consul);
    *sd = (struct sd_consul){
        .env = env,
        .items = mem_zalloc((confs->count + 1) * sizeof(struct consul_item)),
        .count = confs->count,
        .opt = *opt,
        .on_round = on_round,
        .owner = owner,
    };
    for (size_t i = 0; i < sd->count; i++) {
        const struct consul_sd_conf *c = YAML_LIST_AT(confs, struct consul_sd_conf, i);
        struct consul_item *item = &sd->items[i];
        *item = (struct consul_item){.owner = sd, .conf = c};
        if (c->datacenter.n)
            item->datacenter = mem_dup(c->datacenter);
        poll_init(&item->names, item);
        log_printf(&env->log, LOG_INFO, LOG_WHERE, "started Consul service watcher for \"%.*s\"",
                   STR(c->shown));
        poll_start(&item->names);
    }
    return sd;
}

void sd_consul_free(struct sd_consul *sd)
{
    if (!sd)
        return;
    for (size_t i = 0; i < sd->count; i++) {
        struct consul_item *item = &sd->items[i];
        poll_done(&item->names);
        for (size_t j = 0; j < item->service_count; j++)
            service_free(item->services[j]);
        mem_free(item->services);
        mem_free(item->datacenter);
        log_printf(&sd->env->log, LOG_INFO, LOG_WHERE,
                   "stopped Consul service watcher for \"%.*s\"", STR(item->conf->shown));
    }
    mem_free(sd->items);
    mem_free(sd);
}

bool sd_consul_is_ready(const struct sd_consul *sd)
{
    for (size_t i = 0; i < sd->count; i++) {
        if (!sd->items[i].names.has_answered)
            return false;
        for (size_t j = 0; j < sd->items[i].service_count; j++) {
            if (!sd->items[i].services[j]->poll.has_answered)
                return false;
        }
    }
    return true;
}

void sd_consul_targets(const struct sd_consul *sd, size_t conf_index, struct sd_targets *out)
{
    const struct consul_item *item = &sd->items[conf_index];
    for (size_t i = 0; i < item->service_count; i++) {
        const struct sd_targets *found = &item->services[i]->targets;
        for (size_t j = 0; j < found->count; j++)
            label_list_copy(sd_targets_add(out), &found->items[j]);
    }
}
