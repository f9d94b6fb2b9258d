// SPDX-License-Identifier: Apache-2.0
// Consul's answers: names of services, labels of nodes.
#include "base/text/json.h"
#include "vmalert/sd.h"

static str text(const json *object, str key)
{
    return json_str(json_get_nocase(object, key));
}

static bool has_tags(const json *tags, const struct str_list *wanted)
{
    for (size_t i = 0; i < wanted->count; i++) {
        bool is_there = false;
        json_each (tag, tags)
            is_there |= str_eq(json_str(tag), wanted->items[i]);
        if (!is_there)
            return false;
    }
    return true;
}

static bool is_wanted(str name, const struct str_list *services)
{
    for (size_t i = 0; i < services->count; i++) {
        if (str_eq_nocase(services->items[i], name))
            return true;
    }
    return services->count == 0;
}

bool consul_names_parse(str body, const struct consul_sd_conf *c, struct arena *mem,
                        struct str_list *ret, struct err *err)
{
    const json *services = json_parse(body, false, mem, err);
    if (!services)
        return false;
    if (!json_is_object(services) && !json_is_null(services))
        return err_set(err, ERR_SYNTAX, "json: services are no object");
    *ret = (struct str_list){.items = arena_array(mem, str, json_count(services))};
    json_each (tags, services) {
        if (ret->count < SD_TARGETS_MAX && is_wanted(json_key(tags), &c->services) &&
            has_tags(tags, &c->tags))
            ret->items[ret->count++] = json_key(tags);
    }
    if (ret->count)
        qsort(ret->items, ret->count, sizeof(*ret->items), str_cmp_items);
    return true;
}

// The worst of the checks; one that nobody knows spoils the answer (Consul's AggregatedStatus).
static str health(const json *checks)
{
    static const char *const STATES[] = {"passing", "warning", "critical"};
    size_t worst = 0;
    bool is_maintained = false;
    json_each (check, checks) {
        str id = text(check, S("CheckID")), status = text(check, S("Status"));
        if (str_eq(id, S("_node_maintenance")) || str_starts(id, S("_service_maintenance:"))) {
            is_maintained = true;
            continue;
        }
        size_t i = 0;
        while (i < ARRAY_LEN(STATES) && !str_eq(status, str_c(STATES[i])))
            i++;
        if (i == ARRAY_LEN(STATES))
            return S("");
        worst = MAX(worst, i);
    }
    return is_maintained ? S("maintenance") : str_c(STATES[worst]);
}

static void add_named(struct label_list *l, const char *prefix, str name, str value)
{
    str full = arena_printf(l->mem, "%s%.*s", prefix, STR(name));
    label_list_add(l, label_name_sanitized(full, l->mem), value);
}

static void add_map(struct label_list *l, const char *prefix, const json *map)
{
    json_each (v, map)
        add_named(l, prefix, json_key(v), json_str(v));
}

static void add_tags(struct label_list *l, const json *tags, str separator)
{
    struct buf all = {0};
    buf_put(&all, separator);
    json_each (tag, tags) {
        if (all.n > separator.n)
            buf_put(&all, separator);
        buf_put(&all, json_str(tag));
    }
    buf_put(&all, separator);
    label_list_add(l, S("__meta_consul_tags"), arena_str(l->mem, buf_str(&all)));
    buf_done(&all);
    json_each (tag, tags) {
        str name, value;
        str_cut(json_str(tag), '=', &name, &value);
        add_named(l, "__meta_consul_tag_", name, value);
        add_named(l, "__meta_consul_tagpresent_", name, S("true"));
    }
}

static void add_node(const json *item, str service_name, str separator, struct sd_targets *out)
{
    const json *node = json_get_nocase(item, S("Node"));
    const json *service = json_get_nocase(item, S("Service"));
    int64_t port = (int64_t)CLAMP(json_number(json_get_nocase(service, S("Port"))), 0, 65535);
    str node_address = text(node, S("Address")), address = text(service, S("Address"));
    struct label_list *l = sd_targets_add(out);
    label_list_add(l, S("__address__"),
                   sd_join_port(address.n ? address : node_address, port, l->mem));
    label_list_add(l, S("__meta_consul_address"), node_address);
    label_list_add(l, S("__meta_consul_dc"), text(node, S("Datacenter")));
    label_list_add(l, S("__meta_consul_health"), health(json_get_nocase(item, S("Checks"))));
    label_list_add(l, S("__meta_consul_namespace"), text(service, S("Namespace")));
    label_list_add(l, S("__meta_consul_partition"), text(service, S("Partition")));
    label_list_add(l, S("__meta_consul_node"), text(node, S("Node")));
    label_list_add(l, S("__meta_consul_service"), service_name);
    label_list_add(l, S("__meta_consul_service_address"), address);
    label_list_add(l, S("__meta_consul_service_id"), text(service, S("ID")));
    label_list_add(l, S("__meta_consul_service_port"),
                   arena_printf(l->mem, "%lld", (long long)port));
    add_tags(l, json_get_nocase(service, S("Tags")), separator);
    add_map(l, "__meta_consul_metadata_", json_get_nocase(node, S("Meta")));
    add_map(l, "__meta_consul_service_metadata_", json_get_nocase(service, S("Meta")));
    add_map(l, "__meta_consul_tagged_address_", json_get_nocase(node, S("TaggedAddresses")));
}

bool consul_nodes_parse(str body, str service, str tag_separator, struct sd_targets *out,
                        struct err *err)
{
    const json *list = json_parse(body, false, &out->mem, err);
    if (!list)
        return false;
    if (!json_is_array(list) && !json_is_null(list))
        return err_set(err, ERR_SYNTAX, "json: nodes are no array");
    json_each (item, list) {
        if (out->count < SD_TARGETS_MAX)
            add_node(item, service, tag_separator, out);
    }
    return true;
}
