// SPDX-License-Identifier: Apache-2.0
// Static lists of targets, and what all kinds of discovery share.
#include "vmalert/sd.h"

static const struct yaml_field FIELDS[] = {
    YAML_FIELD(struct static_sd_conf, targets, "targets", YAML_T_STRS),
    YAML_FIELD(struct static_sd_conf, auth, "", YAML_T_STRUCT, .sub = &CLIENT_AUTH_YAML,
               .is_inline = true),
    YAML_FIELD(struct static_sd_conf, relabel.confs, "alert_relabel_configs", YAML_T_LIST,
               .sub = &RELABEL_CONF_YAML),
    {0},
};

const struct yaml_struct STATIC_SD_YAML = {
    .type_name = "notifier.StaticConfig", .bytes = sizeof(struct static_sd_conf), .fields = FIELDS};

struct label_list *sd_targets_add(struct sd_targets *t)
{
    if (t->count == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 16;
        struct label_list *grown = arena_array(&t->mem, struct label_list, cap);
        if (t->count)
            memcpy(grown, t->items, t->count * sizeof(*grown));
        t->items = grown;
        t->cap = cap;
    }
    struct label_list *l = &t->items[t->count++];
    *l = (struct label_list){.mem = &t->mem};
    return l;
}

void sd_targets_clear(struct sd_targets *t)
{
    sd_targets_done(t);
    *t = (struct sd_targets){0};
}

void sd_targets_done(struct sd_targets *t)
{
    arena_done(&t->mem);
}

str sd_join_port(str host, int64_t port, struct arena *mem)
{
    bool is_ipv6 = str_find(host, ':') != STR_NONE && !str_starts(host, S("["));
    return arena_printf(mem, "%s%.*s%s:%lld", is_ipv6 ? "[" : "", STR(host), is_ipv6 ? "]" : "",
                        (long long)port);
}
