// SPDX-License-Identifier: Apache-2.0
// Loading a configuration: read, bind, check, compile, print back.
#include "alertmanager/config.h"

#include "alertmanager/config_int.h"
#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/text/unicode.h"

#define OMIT .is_omitted_when_empty = true

static const struct yaml_field CONFIG_FIELDS[] = {
    YAML_FIELD(struct config, global, "global", YAML_T_PTR, .sub = &CONFIG_GLOBAL_YAML, OMIT),
    YAML_FIELD(struct config, written_route, "route", YAML_T_PTR, .sub = &CONFIG_ROUTE_YAML, OMIT),
    YAML_FIELD(struct config, written_rules, "inhibit_rules", YAML_T_LIST, .sub = &CONFIG_RULE_YAML,
               OMIT),
    YAML_FIELD(struct config, receiver_list, "receivers", YAML_T_LIST, .sub = &CONFIG_RECEIVER_YAML,
               OMIT),
    YAML_FIELD(struct config, templates, "templates", YAML_T_STRS),
    YAML_FIELD(struct config, mute_interval_list, "mute_time_intervals", YAML_T_LIST,
               .sub = &NAMED_MUTE_INTERVAL_YAML, OMIT),
    YAML_FIELD(struct config, interval_list, "time_intervals", YAML_T_LIST,
               .sub = &NAMED_INTERVAL_YAML, OMIT),
    YAML_FIELD(struct config, tracing, "tracing", YAML_T_PTR, .sub = &CONFIG_TRACING_YAML, OMIT),
    YAML_FIELD(struct config, recorder, "event_recorder", YAML_T_PTR, .sub = &CONFIG_RECORDER_YAML,
               OMIT),
    {0},
};

static bool check_config(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct config *c = to;
    if (!c->global)
        c->global = config_global_default(b->mem);
    if (!c->global->http)
        c->global->http = http_conf_default(b->mem);
    if (c->written_rules.count > CONFIG_RULES_MAX)
        return yaml_fail(b, "too many inhibit rules: the limit is %d", CONFIG_RULES_MAX);
    return config_global_check(b, c->global) && config_receivers_check(b, c) &&
           config_routes_check(b, c);
}

const struct yaml_struct CONFIG_YAML = {.type_name = "config.plain",
                                        .bytes = sizeof(struct config),
                                        .fields = CONFIG_FIELDS,
                                        .check = check_config};

// ---- shared by the files of the loader ---------------------------------------------------------

void config_own_matchers(struct config_loader *l, struct matchers m)
{
    if (m.count == 0)
        return;
    struct owned_matchers *owned = arena_new(l->mem, struct owned_matchers);
    *owned = (struct owned_matchers){m, l->config->owned};
    l->config->owned = owned;
}

bool yaml_fail_err(struct yaml_binder *b, const struct err *err)
{
    return yaml_fail(b, "%.*s", STR(err_str(err)));
}

str quoted(struct arena *mem, str s)
{
    defer(buf_done) struct buf text = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&text, s);
    return arena_str(mem, buf_str(&text));
}

bool check_at_most_one(struct yaml_binder *b, str one, str other, const char *names)
{
    return one.n == 0 || other.n == 0 ||
           yaml_fail(b, "at most one of %s must be configured", names);
}

str path_join(str dir, str path, struct arena *mem)
{
    if (path.n == 0 || path.p[0] == '/' || dir.n == 0 || str_eq(dir, S(".")))
        return path;
    if (str_eq(dir, S("/")))
        return arena_printf(mem, "/%.*s", STR(path));
    return arena_printf(mem, "%.*s/%.*s", STR(dir), STR(path));
}

static str dir_of(str path)
{
    size_t slash = str_find_last(path, '/');
    if (slash == STR_NONE)
        return S(".");
    return slash == 0 ? S("/") : str_slice(path, 0, slash);
}

enum name_mode config_name_mode(enum matcher_mode m)
{
    return m == MATCHER_CLASSIC ? NAME_CLASSIC : NAME_UTF8;
}

// ---- finding by name ---------------------------------------------------------------------------

uint64_t config_name_hash(str name)
{
    return fnv1a64(FNV1A64_INIT, name);
}

static bool is_receiver(const void *item, const void *key)
{
    return str_eq(((const struct config_receiver *)item)->name, *(const str *)key);
}

const struct config_receiver *config_find_receiver(const struct config *c, str name)
{
    return map_find(&c->receivers_by_name, config_name_hash(name), is_receiver, &name);
}

static bool is_interval(const void *item, const void *key)
{
    return str_eq(((const struct named_interval *)item)->name, *(const str *)key);
}

const struct named_interval *config_find_interval(const struct config *c, str name)
{
    return map_find(&c->intervals_by_name, config_name_hash(name), is_interval, &name);
}

// ---- compiling ---------------------------------------------------------------------------------

static const struct config_receiver *name_receiver(void *owner, str name)
{
    return config_find_receiver(owner, name);
}

static const struct named_interval *name_interval(void *owner, str name)
{
    return config_find_interval(owner, name);
}

static void count_routed(void *owner, const struct route *r)
{
    struct config *c = owner;
    struct config_receiver *receiver = (struct config_receiver *)r->receiver;
    if (receiver->is_routed)
        return;
    receiver->is_routed = true;
    c->routed_receivers++;
    c->routed_integrations += receiver->integration_count;
}

static bool compile(struct config_loader *l, struct err *err)
{
    struct config *c = l->config;
    config_rules_compile(l);
    config_receivers_compile(c);
    struct route_names names = {name_receiver, name_interval, c};
    if (!route_compile(c->written_route, &names, &c->mem, &c->route, &c->route_count, err))
        return false;
    route_walk(c->route, count_routed, c);
    return true;
}

static void join_dir(struct config *c)
{
    str dir = dir_of(c->path);
    for (size_t i = 0; i < c->templates.count; i++)
        c->templates.items[i] = path_join(dir, c->templates.items[i], &c->mem);
    http_conf_join_dir(c->global->http, dir, &c->mem);
    config_receivers_join_dir(c, dir);
    config_outputs_join_dir(c, dir);
}

// ---- loading -----------------------------------------------------------------------------------

static bool bind(struct config_loader *l, str text, struct err *err)
{
    struct config *c = l->config;
    struct yaml_node *document = NULL;
    if (!yaml_parse(text, &(struct yaml_options){0}, &c->mem, &document, err))
        return false;
    if (document->kind == YAML_NULL)
        return err_set(err, ERR_INVALID, "no route provided in config");
    // The struct under construction holds more than what the table fills in: it is not cleared.
    struct yaml_binder binder = {.mem = &c->mem, .user = l};
    return yaml_bind(&binder, document, &CONFIG_YAML, c, err);
}

static bool load(struct config_loader *l, str text, struct err *err)
{
    struct config *c = l->config;
    if (text.n > CONFIG_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "configuration is larger than %zu bytes", CONFIG_BYTES_MAX);
    if (!bind(l, text, err))
        return false;
    join_dir(c);
    if (!compile(l, err))
        return false;
    defer(buf_done) struct buf printed = {0};
    yaml_print(&printed, &CONFIG_YAML, c);
    c->original = arena_str(&c->mem, buf_str(&printed));
    return true;
}

struct config *config_load(str text, str path, const struct config_options *opt, struct err *err)
{
    defer(config_unref_p) struct config *c = mem_new(struct config);
    c->refs = 1;
    c->path = arena_str(&c->mem, path);
    struct config_loader l = {
        .intervals = {.env = opt->env},
        .config = c,
        .parser = {.mode = opt->matchers, .log = opt->log, .origin = "config"},
        .names = config_name_mode(opt->matchers),
        .mem = &c->mem,
    };
    bool ok = load(&l, text, err);
    interval_loader_done(&l.intervals);
    return ok ? take(&c) : NULL;
}

struct config *config_load_file(str path, const struct config_options *opt, struct buf *ret_text,
                                struct err *err)
{
    defer(buf_done) struct buf text = {.max = CONFIG_BYTES_MAX};
    if (!env_file_read(opt->env, path, CONFIG_BYTES_MAX, &text, err))
        return NULL;
    struct config *c = config_load(buf_str(&text), path, opt, err);
    if (c && ret_text) {
        buf_clear(ret_text);
        buf_put(ret_text, buf_str(&text));
    }
    return c;
}

void config_unref(struct config *c)
{
    if (!c || --c->refs > 0)
        return;
    for (struct owned_matchers *o = c->owned; o; o = o->next)
        matchers_done(&o->matchers);
    map_done(&c->receivers_by_name);
    map_done(&c->intervals_by_name);
    struct arena mem = c->mem;
    arena_done(&mem);
    mem_free(c);
}
