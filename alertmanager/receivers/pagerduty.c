// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/pagerduty.h"

#include "alertmanager/receivers/kinds.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct pagerduty_conf *c = to;
    c->base.send_resolved = true;
    c->description = S("{{ template \"pagerduty.default.description\" .}}");
    c->client = S("{{ template \"pagerduty.default.client\" . }}");
    c->client_url = S("{{ template \"pagerduty.default.clientURL\" . }}");
}

// ---- details that are always there -------------------------------------------------------------

static const struct yaml_str_pair DEFAULT_DETAILS[] = {
    {{"firing", 6}, {"{{ .Alerts.Firing | toJson }}", 29}},
    {{"resolved", 8}, {"{{ .Alerts.Resolved | toJson }}", 31}},
    {{"num_firing", 10}, {"{{ .Alerts.Firing | len }}", 26}},
    {{"num_resolved", 12}, {"{{ .Alerts.Resolved | len }}", 28}},
};

static struct yaml_node *text_node(struct arena *mem, str text)
{
    struct yaml_node *node = arena_new(mem, struct yaml_node);
    *node = (struct yaml_node){.kind = YAML_SCALAR, .text = text, .tag = S("!!str")};
    return node;
}

static const struct yaml_node *with_default_details(const struct yaml_node *written,
                                                    struct arena *mem)
{
    size_t count = written ? written->count : 0;
    struct yaml_node *all = arena_new(mem, struct yaml_node);
    *all = (struct yaml_node){
        .kind = YAML_MAPPING,
        .members = arena_array(mem, struct yaml_member, count + ARRAY_LEN(DEFAULT_DETAILS)),
        .count = count,
    };
    if (count)
        memcpy(all->members, written->members, count * sizeof(*all->members));
    for (size_t i = 0; i < ARRAY_LEN(DEFAULT_DETAILS); i++) {
        const struct yaml_str_pair *detail = &DEFAULT_DETAILS[i];
        if (!written || !yaml_get(written, detail->key))
            all->members[all->count++] = (struct yaml_member){
                .key = text_node(mem, detail->key), .value = text_node(mem, detail->value)};
    }
    return all;
}

// ---- checks ------------------------------------------------------------------------------------

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct pagerduty_conf *c = to;
    if (c->routing_key.n + c->routing_key_file.n + c->service_key.n + c->service_key_file.n == 0)
        return yaml_fail(b, "missing service or routing key in PagerDuty config");
    if (!check_at_most_one(b, c->routing_key, c->routing_key_file,
                           "routing_key & routing_key_file") ||
        !check_at_most_one(b, c->service_key, c->service_key_file,
                           "service_key & service_key_file"))
        return false;
    if (c->source.n == 0)
        c->source = c->client;
    c->details = with_default_details(c->details, b->mem);
    return true;
}

static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    struct pagerduty_conf *c = conf;
    if (!c->url.is_set)
        c->url = g->pagerduty_url;
    return c->url.is_set || yaml_fail(b, "no global PagerDuty URL set");
}

// ---- tables ------------------------------------------------------------------------------------

#define TEXT(struct_, member)                                                                      \
    YAML_FIELD(struct struct_, member, #member, YAML_T_STR, OMIT, TEMPLATE)

static const struct yaml_field IMAGE_FIELDS[] = {
    TEXT(pagerduty_image, src),
    TEXT(pagerduty_image, alt),
    TEXT(pagerduty_image, href),
    {0},
};
static const struct yaml_struct IMAGE_YAML = {.type_name = "pagerduty.PagerdutyImage",
                                              .bytes = sizeof(struct pagerduty_image),
                                              .fields = IMAGE_FIELDS};

static const struct yaml_field LINK_FIELDS[] = {
    TEXT(pagerduty_link, href),
    TEXT(pagerduty_link, text),
    {0},
};
static const struct yaml_struct LINK_YAML = {.type_name = "pagerduty.PagerdutyLink",
                                             .bytes = sizeof(struct pagerduty_link),
                                             .fields = LINK_FIELDS};

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct pagerduty_conf, member, #member, type, __VA_ARGS__)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(pagerduty_conf),
    HTTP_CONFIG(pagerduty_conf),
    FIELD(service_key, YAML_T_SECRET, OMIT, TEMPLATE),
    FIELD(service_key_file, YAML_T_STR, OMIT),
    FIELD(routing_key, YAML_T_SECRET, OMIT, TEMPLATE),
    FIELD(routing_key_file, YAML_T_STR, OMIT),
    FIELD(url, YAML_T_CUSTOM, YAML_URL, OMIT),
    TEXT(pagerduty_conf, client),
    TEXT(pagerduty_conf, client_url),
    TEXT(pagerduty_conf, description),
    FIELD(details, YAML_T_CUSTOM, VALUE_MAP, OMIT, TEMPLATE),
    FIELD(images, YAML_T_LIST, .sub = &IMAGE_YAML, OMIT),
    FIELD(links, YAML_T_LIST, .sub = &LINK_YAML, OMIT),
    TEXT(pagerduty_conf, source),
    TEXT(pagerduty_conf, severity),
    TEXT(pagerduty_conf, class),
    TEXT(pagerduty_conf, component),
    TEXT(pagerduty_conf, group),
    FIELD(timeout, YAML_T_CUSTOM, YAML_DUR_GO),
    {0},
};
const struct yaml_struct PAGERDUTY_YAML = {.type_name = "pagerduty.plain",
                                           .bytes = sizeof(struct pagerduty_conf),
                                           .fields = FIELDS,
                                           .set_defaults = set_defaults,
                                           .check = check};

const struct receiver_kind RECEIVER_PAGERDUTY = {
    .name = "pagerduty", .ops = &PAGERDUTY_OPS, .inherit = inherit};
