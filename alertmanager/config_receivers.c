// SPDX-License-Identifier: Apache-2.0
// The section `receivers`: who is told, and by which integrations.
#include "alertmanager/config_httpconf.h"
#include "alertmanager/config_int.h"
#include "alertmanager/receivers/kinds.h"

static const struct receiver_kind *const KINDS[] = {
    [KIND_WEBHOOK] = &RECEIVER_WEBHOOK,       [KIND_EMAIL] = &RECEIVER_EMAIL,
    [KIND_PAGERDUTY] = &RECEIVER_PAGERDUTY,   [KIND_OPSGENIE] = &RECEIVER_OPSGENIE,
    [KIND_VICTOROPS] = &RECEIVER_VICTOROPS,   [KIND_PUSHOVER] = &RECEIVER_PUSHOVER,
    [KIND_DISCORD] = &RECEIVER_DISCORD,       [KIND_JIRA] = &RECEIVER_JIRA,
    [KIND_INCIDENTIO] = &RECEIVER_INCIDENTIO, [KIND_SLACK] = &RECEIVER_SLACK,
    [KIND_ROCKETCHAT] = &RECEIVER_ROCKETCHAT, [KIND_MATTERMOST] = &RECEIVER_MATTERMOST,
    [KIND_WECHAT] = &RECEIVER_WECHAT,         [KIND_SNS] = &RECEIVER_SNS,
    [KIND_TELEGRAM] = &RECEIVER_TELEGRAM,     [KIND_WEBEX] = &RECEIVER_WEBEX,
    [KIND_MSTEAMS] = &RECEIVER_MSTEAMS,       [KIND_MSTEAMSV2] = &RECEIVER_MSTEAMSV2,
};
static_assert(ARRAY_LEN(KINDS) == RECEIVER_KIND_COUNT, "each kind has its entry");
static_assert(RECEIVER_KIND_COUNT <= CONFIG_RECEIVER_KINDS, "a receiver has a list for each kind");

// ---- shared by the kinds -----------------------------------------------------------------------

void receiver_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    ((struct integration_conf *)to)->send_resolved = true;
}

bool check_exactly_one(struct yaml_binder *b, bool has_one, bool has_other, const char *one,
                       const char *other)
{
    if (!has_one && !has_other)
        return yaml_fail(b, "one of %s or %s must be configured", one, other);
    if (has_one && has_other)
        return yaml_fail(b, "at most one of %s & %s must be configured", one, other);
    return true;
}

// ---- the table ---------------------------------------------------------------------------------

// The label "name" is always there.
static bool add_name_label(struct yaml_binder *b, struct config_receiver *r)
{
    for (size_t i = 0; i < r->labels.count; i++) {
        const struct yaml_str_pair *label = &r->labels.items[i];
        if (!str_eq(label->key, S("name")))
            continue;
        if (str_eq(label->value, r->name))
            return true;
        return yaml_fail(b, "receiver label \"name\" must match receiver name %.*s, got %.*s",
                         STR(quoted(b->mem, r->name)), STR(quoted(b->mem, label->value)));
    }
    struct yaml_str_map labels = {arena_array(b->mem, struct yaml_str_pair, r->labels.count + 1),
                                  r->labels.count + 1};
    if (r->labels.count)
        memcpy(labels.items, r->labels.items, r->labels.count * sizeof(*labels.items));
    labels.items[r->labels.count] = (struct yaml_str_pair){S("name"), r->name};
    yaml_str_map_sort(&labels);
    r->labels = labels;
    return true;
}

static bool check_receiver(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct config_receiver *r = to;
    if (r->name.n == 0)
        return yaml_fail(b, "missing name in receiver");
    return add_name_label(b, r);
}

#define KIND(id, kind)                                                                             \
    YAML_FIELD(struct config_receiver, lists[KIND_##id], kind "_configs", YAML_T_PTR_LIST,         \
               .sub = &id##_YAML, OMIT)

static const struct yaml_field RECEIVER_FIELDS[] = {
    // in the order of printing
    YAML_FIELD(struct config_receiver, name, "name", YAML_T_STR),
    YAML_FIELD(struct config_receiver, labels, "labels", YAML_T_STR_MAP, OMIT),
    KIND(DISCORD, "discord"),
    KIND(EMAIL, "email"),
    KIND(INCIDENTIO, "incidentio"),
    KIND(PAGERDUTY, "pagerduty"),
    KIND(SLACK, "slack"),
    KIND(WEBHOOK, "webhook"),
    KIND(OPSGENIE, "opsgenie"),
    KIND(WECHAT, "wechat"),
    KIND(PUSHOVER, "pushover"),
    KIND(VICTOROPS, "victorops"),
    KIND(SNS, "sns"),
    KIND(TELEGRAM, "telegram"),
    KIND(WEBEX, "webex"),
    KIND(MSTEAMS, "msteams"),
    KIND(MSTEAMSV2, "msteamsv2"),
    KIND(JIRA, "jira"),
    KIND(ROCKETCHAT, "rocketchat"),
    KIND(MATTERMOST, "mattermost"),
    {0},
};
const struct yaml_struct CONFIG_RECEIVER_YAML = {.type_name = "config.plain",
                                                 .bytes = sizeof(struct config_receiver),
                                                 .fields = RECEIVER_FIELDS,
                                                 .check = check_receiver};

// ---- the section's checks, and what receivers inherit ------------------------------------------

// Calls fn for each integration of a receiver, in the order of building, while it returns true.
typedef bool each_fn(void *owner, const struct receiver_kind *kind, size_t idx,
                     struct integration_conf *conf);

static bool each_integration(const struct config_receiver *r, each_fn *fn, void *owner)
{
    for (size_t k = 0; k < RECEIVER_KIND_COUNT; k++) {
        for (size_t i = 0; i < r->lists[k].count; i++) {
            if (!fn(owner, KINDS[k], i, YAML_PTR_LIST_AT(&r->lists[k], struct integration_conf, i)))
                return false;
        }
    }
    return true;
}

struct inheritance {
    struct yaml_binder *b;
    const struct config_global *global;
};

static bool inherit(void *owner, const struct receiver_kind *kind, size_t idx,
                    struct integration_conf *conf)
{
    struct inheritance *in = owner;
    (void)idx;
    if (!conf && kind->null_bytes &&
        !kind->inherit(in->b, in->global, arena_alloc(in->b->mem, kind->null_bytes)))
        return false;
    if (!conf)
        return yaml_fail(in->b, "missing %s config", kind->name);
    if (kind->inherit && !kind->inherit(in->b, in->global, conf))
        return false;
    if (!conf->written_http)
        conf->written_http = in->global->http;
    return true;
}

bool config_receivers_check(struct yaml_binder *b, struct config *c)
{
    struct inheritance in = {b, c->global};
    if (c->receiver_list.count > CONFIG_RECEIVERS_MAX)
        return yaml_fail(b, "too many receivers: the limit is %d", CONFIG_RECEIVERS_MAX);
    for (size_t i = 0; i < c->receiver_list.count; i++) {
        struct config_receiver *r = YAML_LIST_AT(&c->receiver_list, struct config_receiver, i);
        if (r->name.n == 0) // a null entry
            return yaml_fail(b, "missing name in receiver");
        if (config_find_receiver(c, r->name))
            return yaml_fail(b, "notification config name %.*s is not unique",
                             STR(quoted(b->mem, r->name)));
        map_insert(&c->receivers_by_name, config_name_hash(r->name), r);
        if (!each_integration(r, inherit, &in))
            return false;
    }
    return true;
}

struct joining {
    struct config *config;
    str dir;
};

static bool join_dir(void *owner, const struct receiver_kind *kind, size_t idx,
                     struct integration_conf *conf)
{
    struct joining *j = owner;
    (void)idx;
    if (conf->written_http != j->config->global->http && !kind->keeps_relative_paths)
        http_conf_join_dir(conf->written_http, j->dir, &j->config->mem);
    return true;
}

void config_receivers_join_dir(struct config *c, str dir)
{
    struct joining j = {c, dir};
    for (size_t i = 0; i < c->receiver_list.count; i++)
        each_integration(YAML_LIST_AT(&c->receiver_list, struct config_receiver, i), join_dir, &j);
}

// ---- integrations ------------------------------------------------------------------------------

struct making {
    struct config *config;
    const struct httpconf *global_http; // shared by all that have none of their own
    struct config_receiver *receiver;
    const struct integration **made;
};

static bool make(void *owner, const struct receiver_kind *kind, size_t idx,
                 struct integration_conf *conf)
{
    struct making *m = owner;
    struct config *c = m->config;
    conf->http = conf->written_http == c->global->http
                     ? m->global_http
                     : config_httpconf(conf->written_http, &c->mem);
    struct integration *made = arena_new(&c->mem, struct integration);
    *made = (struct integration){.ops = kind->ops,
                                 .context = &c->context,
                                 .receiver = m->receiver->name,
                                 .idx = (uint32_t)idx,
                                 .send_resolved = conf->send_resolved,
                                 .conf = conf};
    m->made[m->receiver->integration_count++] = made;
    return true;
}

static size_t count_integrations(const struct config_receiver *r)
{
    size_t count = 0;
    for (size_t k = 0; k < RECEIVER_KIND_COUNT; k++)
        count += r->lists[k].count;
    return count;
}

void config_receivers_compile(struct config *c)
{
    struct making m = {.config = c, .global_http = config_httpconf(c->global->http, &c->mem)};
    c->receivers = c->receiver_list.items;
    c->receiver_count = c->receiver_list.count;
    for (size_t i = 0; i < c->receiver_count; i++) {
        m.receiver = &c->receivers[i];
        m.made = arena_array(&c->mem, const struct integration *, count_integrations(m.receiver));
        m.receiver->integrations = m.made;
        each_integration(m.receiver, make, &m);
    }
}

// ---- taking into service -----------------------------------------------------------------------

struct opening {
    struct config *config;
    struct env *env;
    struct err *err;
};

static bool open_integration(void *owner, const struct receiver_kind *kind, size_t idx,
                             struct integration_conf *conf)
{
    struct opening *o = owner;
    struct err err = ERR_INIT;
    (void)idx;
    if (!kind->open || kind->open(o->env, conf, &o->config->mem, &err))
        return true;
    struct err before = *o->err;
    err_set(o->err, err.code, "%.*s%s%.*s", STR(err_str(&before)), before.n ? "\n" : "",
            STR(err_str(&err)));
    return true;
}

bool config_open(struct config *c, struct env *env, struct err *err)
{
    struct err all = ERR_INIT;
    struct opening o = {c, env, &all};
    for (size_t i = 0; i < c->receiver_count; i++)
        each_integration(&c->receivers[i], open_integration, &o);
    return all.code == ERR_NONE || err_set(err, all.code, "%.*s", STR(err_str(&all)));
}
