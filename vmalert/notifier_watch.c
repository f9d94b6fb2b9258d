// SPDX-License-Identifier: Apache-2.0
#include "vmalert/notifier_watch.h"

#include "base/core/alloc.h"
#include "vmalert/notifier.h"

// One reading of the file, with its discovery and its notifiers.
struct generation {
    struct notifier_watch *watch;
    struct notifier_config *config;
    struct sd_dns *dns;       // NULL: none
    struct sd_consul *consul; // NULL: none
    struct notifier **items;  // one reference each
    size_t count;
    struct timer timer; // the end of waiting
};

struct notifier_watch {
    struct env *env;
    const struct vmalert_options *opt;
    struct notifiers *notifiers;
    struct generation *current; // NULL: the first one is still waited for
    struct generation *next;    // waiting to become the current one; or NULL
    struct sd_stats stats;
    void (*on_ready)(void *owner); // NULL: called already
    void *owner;
};

// ---- building the set --------------------------------------------------------------------------

struct builder {
    struct generation *g;
    struct arena mem;
    struct notifier **items;
    size_t count, cap;
    size_t kind_from; // where the present kind begins
    enum notifier_kind kind;
    bool is_full; // and that has been said
};

static void add_item(struct builder *b, struct notifier *takes)
{
    if (b->count == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 16;
        b->items = mem_resize(b->items, b->cap, sizeof(*b->items));
    }
    b->items[b->count++] = takes;
}

static struct notifier *find_item(struct notifier *const *items, size_t count,
                                  enum notifier_kind kind, str url)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i]->opt.kind == kind && str_eq(items[i]->url, url))
            return items[i];
    }
    return NULL;
}

static void log_duplicate(const struct builder *b, const struct notifier_target *target,
                          const struct label_list *meta)
{
    defer(buf_done) struct buf before = {.max = ERR_TEXT_BYTES}, after = {.max = ERR_TEXT_BYTES};
    const struct notifier_watch *w = b->g->watch;
    if (w->opt->notifier_suppress_duplicate_target_errors)
        return;
    buf_put_label_list(&before, meta);
    buf_put_label_list(&after, &target->labels);
    log_printf(&w->env->log, LOG_ERROR, LOG_WHERE,
               "skipping duplicate target with identical address \"%.*s\"; make sure service "
               "discovery and relabeling is set up properly; original labels: %.*s; resulting "
               "labels: %.*s",
               STR(target->url), STR(buf_str(&before)), STR(buf_str(&after)));
}

static bool has_room(struct builder *b)
{
    if (b->count < NOTIFIER_TARGETS_MAX)
        return true;
    if (!b->is_full)
        log_printf(&b->g->watch->env->log, LOG_ERROR, LOG_WHERE,
                   "more than %zu notifiers: the others are left out", NOTIFIER_TARGETS_MAX);
    b->is_full = true;
    return false;
}

// A target that was there before goes on as it is, with its errors and counters.
static bool add_target(struct builder *b, str address, const struct label_list *meta,
                       const struct notifier_client *client, const struct relabel *relabel,
                       struct err *err)
{
    struct generation *g = b->g;
    struct notifier_config *c = g->config;
    struct notifier_target_rules rules = notifier_config_rules(c);
    struct notifier_target target;
    if (!notifier_target_make(&rules, address, meta, &b->mem, &target, err))
        return false;
    if (target.url.n == 0 || !has_room(b))
        return true; // dropped
    bool is_static = b->kind == NOTIFIER_STATIC;
    if (!is_static &&
        find_item(b->items + b->kind_from, b->count - b->kind_from, b->kind, target.url)) {
        log_duplicate(b, &target, meta);
        return true;
    }
    struct notifier *known = is_static ? NULL : find_item(g->items, g->count, b->kind, target.url);
    if (known) {
        known->refs++;
        add_item(b, known);
        return true;
    }
    const struct notifier_options options = {
        .url = target.url,
        .timeout = c->timeout,
        .headers = client->headers,
        .header_count = client->header_count,
        .conf = &client->conf,
        .relabel = relabel,
        .config = c,
        .kind = b->kind,
        .labels = target.labels.items,
        .label_count = target.labels.count,
    };
    struct notifier *fresh = notifier_new(&options, g->watch->opt->notifier_show_url, err);
    if (fresh)
        add_item(b, fresh);
    return fresh;
}

static void begin_kind(struct builder *b, enum notifier_kind kind)
{
    b->kind = kind;
    b->kind_from = b->count;
}

static void log_failure(const struct builder *b, const struct err *err)
{
    log_printf(&b->g->watch->env->log, LOG_ERROR, LOG_WHERE,
               "failed to init notifier for \"%s\": %.*s", NOTIFIER_KIND_NAMES[b->kind],
               STR(err_str(err)));
}

static void add_found(struct builder *b, const struct sd_targets *found,
                      const struct relabel *relabel)
{
    for (size_t i = 0; i < found->count; i++) {
        struct err err = ERR_INIT;
        const struct label_list *meta = &found->items[i];
        if (!add_target(b, label_list_get(meta, S("__address__")), meta, &b->g->config->client,
                        relabel, &err))
            log_failure(b, &err);
    }
}

static void add_dns(struct builder *b)
{
    const struct yaml_list *confs = &b->g->config->dns_sd;
    begin_kind(b, NOTIFIER_DNS);
    for (size_t i = 0; b->g->dns && i < confs->count; i++) {
        struct sd_targets found = {0};
        sd_dns_targets(b->g->dns, i, &found);
        add_found(b, &found, YAML_LIST_AT(confs, struct dns_sd_conf, i)->relabel.compiled);
        sd_targets_done(&found);
    }
}

static void add_consul(struct builder *b)
{
    const struct yaml_list *confs = &b->g->config->consul_sd;
    begin_kind(b, NOTIFIER_CONSUL);
    for (size_t i = 0; b->g->consul && i < confs->count; i++) {
        struct sd_targets found = {0};
        sd_consul_targets(b->g->consul, i, &found);
        add_found(b, &found, YAML_LIST_AT(confs, struct consul_sd_conf, i)->relabel.compiled);
        sd_targets_done(&found);
    }
}

static bool add_static(struct builder *b, struct err *err)
{
    const struct notifier_config *c = b->g->config;
    begin_kind(b, NOTIFIER_STATIC);
    for (size_t i = 0; i < c->static_sd.count; i++) {
        const struct static_sd_conf *s = YAML_LIST_AT(&c->static_sd, struct static_sd_conf, i);
        for (size_t j = 0; j < s->targets.count; j++) {
            if (!add_target(b, s->targets.items[j], NULL, &c->static_clients[i],
                            s->relabel.compiled, err))
                return err_wrap(err, "failed to parse labels for target \"%.*s\"",
                                STR(s->targets.items[j]));
        }
    }
    return true;
}

// The static ones never change.
static void keep_static(struct builder *b)
{
    for (size_t i = 0; i < b->g->count; i++) {
        if (b->g->items[i]->opt.kind != NOTIFIER_STATIC)
            continue;
        b->g->items[i]->refs++;
        add_item(b, b->g->items[i]);
    }
}

static void drop_items(struct generation *g)
{
    for (size_t i = 0; i < g->count; i++)
        notifier_unref(g->items[i]);
    mem_free(g->items);
}

static void refresh(struct generation *g)
{
    struct builder b = {.g = g};
    keep_static(&b);
    add_consul(&b);
    add_dns(&b);
    if (g == g->watch->current)
        notifiers_replace(g->watch->notifiers, b.items, b.count);
    drop_items(g);
    g->items = b.items;
    g->count = b.count;
    arena_done(&b.mem);
}

// ---- generations -------------------------------------------------------------------------------

static void generation_free(struct generation *g)
{
    if (!g)
        return;
    env_timer_cancel(g->watch->env, &g->timer);
    sd_dns_free(g->dns);
    sd_consul_free(g->consul);
    drop_items(g);
    notifier_config_unref(g->config);
    mem_free(g);
}

static void take_over(struct generation *g)
{
    struct notifier_watch *w = g->watch;
    struct generation *old = w->current;
    env_timer_cancel(w->env, &g->timer);
    w->current = g;
    w->next = NULL;
    notifiers_set_relabel(w->notifiers, g->config->alert_relabel);
    refresh(g);
    generation_free(old);
    void (*on_ready)(void *) = w->on_ready;
    w->on_ready = NULL;
    if (on_ready)
        on_ready(w->owner);
}

static void on_time_is_up(void *owner)
{
    take_over(owner);
}

static void on_round(void *owner)
{
    struct generation *g = owner;
    bool is_ready =
        (!g->dns || sd_dns_is_ready(g->dns)) && (!g->consul || sd_consul_is_ready(g->consul));
    if (g == g->watch->current)
        refresh(g);
    else if (is_ready)
        take_over(g);
}

static void start_discovery(struct generation *g)
{
    struct notifier_watch *w = g->watch;
    const struct notifier_config *c = g->config;
    const struct sd_consul_options options = {.interval = w->opt->consul_sd_check_interval,
                                              .wait = w->opt->consul_wait_time,
                                              .stats = &w->stats};
    if (c->dns_sd.count)
        g->dns = sd_dns_new(w->env, &c->dns_sd, w->opt->dns_sd_check_interval, on_round, g);
    if (c->consul_sd.count)
        g->consul = sd_consul_new(w->env, &c->consul_sd, &options, on_round, g);
    env_timer_after(w->env, &g->timer, g->dns || g->consul ? NOTIFIER_WATCH_WAIT : 0);
}

// Replaces the one that is waiting, if there is one.
static bool begin(struct notifier_watch *w, struct notifier_config *takes, struct err *err)
{
    struct generation *g = mem_new(struct generation);
    struct builder b = {.g = g};
    *g = (struct generation){.watch = w, .config = takes};
    timer_init(&g->timer, on_time_is_up, g);
    bool ok = add_static(&b, err);
    g->items = b.items;
    g->count = b.count;
    arena_done(&b.mem);
    if (!ok) {
        generation_free(g);
        return err_wrap(err, "failed to init config watcher");
    }
    generation_free(w->next);
    w->next = g;
    start_discovery(g);
    return true;
}

static struct notifier_config *load(struct notifier_watch *w, struct err *err)
{
    const struct sd_environment from = {w->env, w->opt->env_find, w->opt->env_owner};
    return notifier_config_load(&from, w->opt->notifier_config, err);
}

struct notifier_watch *notifier_watch_new(struct env *env, const struct vmalert_options *opt,
                                          struct notifiers *notifiers,
                                          void (*on_ready)(void *owner), void *owner,
                                          struct err *err)
{
    struct notifier_watch *w = mem_new(struct notifier_watch);
    *w = (struct notifier_watch){
        .env = env, .opt = opt, .notifiers = notifiers, .on_ready = on_ready, .owner = owner};
    struct notifier_config *config = load(w, err);
    if (config && begin(w, config, err))
        return w;
    notifier_watch_free(w);
    return NULL;
}

void notifier_watch_free(struct notifier_watch *w)
{
    if (!w)
        return;
    notifiers_set_relabel(w->notifiers, NULL);
    generation_free(w->current);
    generation_free(w->next);
    mem_free(w);
}

bool notifier_watch_reload(struct notifier_watch *w, struct err *err)
{
    const struct generation *newest = w->next ? w->next : w->current;
    struct notifier_config *config = load(w, err);
    if (!config)
        return false;
    if (config->sum == newest->config->sum) {
        notifier_config_unref(config);
        return true;
    }
    return begin(w, config, err);
}

const struct sd_stats *notifier_watch_stats(const struct notifier_watch *w)
{
    return &w->stats;
}
