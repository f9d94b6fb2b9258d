// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/opsgenie.h"

#include "alertmanager/receivers/kinds.h"
#include "notify/integrations/endpoint.h"

#define TYPES "^(team|teams|user|escalation|schedule)$"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct opsgenie_conf *c = to;
    c->base.send_resolved = true;
    c->message = S("{{ template \"opsgenie.default.message\" . }}");
    c->description = S("{{ template \"opsgenie.default.description\" . }}");
    c->source = S("{{ template \"opsgenie.default.source\" . }}");
}

// ---- checks ------------------------------------------------------------------------------------

static bool is_type(str type) // TYPES
{
    static const str NAMES[] = {
        {"team", 4}, {"teams", 5}, {"user", 4}, {"escalation", 10}, {"schedule", 8}};
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        if (str_eq(type, NAMES[i]))
            return true;
    }
    return false;
}

static bool fail_responder(struct yaml_binder *b, const struct opsgenie_responder *r,
                           const char *why)
{
    return yaml_fail(b, "opsGenieConfig responder {%.*s %.*s %.*s %.*s} %s", STR(r->id),
                     STR(r->name), STR(r->username), STR(r->type), why);
}

static bool check_responder(struct yaml_binder *b, const struct opsgenie_responder *written)
{
    struct opsgenie_responder r = *written;
    struct err err = ERR_INIT;
    if (r.id.n + r.username.n + r.name.n == 0)
        return fail_responder(b, &r, "has to have at least one of id, username or name specified");
    if (has_template(r.type)) {
        if (check_template(r.type, &err))
            return true;
        err_wrap(&err, "type contains invalid template syntax");
        return fail_responder(b, &r, arena_c(b->mem, err_str(&err)));
    }
    struct buf lower = {.mem = b->mem};
    buf_put_lower(&lower, r.type);
    r.type = buf_str(&lower); // for the check: what is sent is what was written
    return is_type(r.type) || fail_responder(b, &r, "type does not match valid options " TYPES);
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct opsgenie_conf *c = to;
    if (!check_at_most_one(b, c->api_key, c->api_key_file, "api_key & api_key_file"))
        return false;
    for (size_t i = 0; i < c->responders.count; i++) {
        if (!check_responder(b, YAML_LIST_AT(&c->responders, struct opsgenie_responder, i)))
            return false;
    }
    return true;
}

// The key and its file are inherited one by one, as upstream does; a key wins over a file.
static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    struct opsgenie_conf *c = conf;
    if (!c->api_url.is_set)
        c->api_url = g->opsgenie_api_url;
    if (!c->api_url.is_set)
        return yaml_fail(b, "no global OpsGenie URL set");
    c->api_url.text = endpoint_with_slash(c->api_url.text, b->mem);
    if (c->api_key.n == 0)
        c->api_key = g->opsgenie_api_key;
    if (c->api_key_file.n == 0)
        c->api_key_file = g->opsgenie_api_key_file;
    return c->api_key.n || c->api_key_file.n ||
           yaml_fail(b, "no global OpsGenie API Key set either inline or in a file");
}

// ---- tables ------------------------------------------------------------------------------------

#define TEXT(struct_, member)                                                                      \
    YAML_FIELD(struct struct_, member, #member, YAML_T_STR, OMIT, TEMPLATE)

static const struct yaml_field RESPONDER_FIELDS[] = {
    TEXT(opsgenie_responder, id),
    TEXT(opsgenie_responder, name),
    TEXT(opsgenie_responder, username),
    TEXT(opsgenie_responder, type),
    {0},
};
static const struct yaml_struct RESPONDER_YAML = {.type_name = "opsgenie.OpsGenieConfigResponder",
                                                  .bytes = sizeof(struct opsgenie_responder),
                                                  .fields = RESPONDER_FIELDS};

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct opsgenie_conf, member, #member, type, OMIT __VA_OPT__(, ) __VA_ARGS__)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(opsgenie_conf),
    HTTP_CONFIG(opsgenie_conf),
    FIELD(api_key, YAML_T_SECRET, TEMPLATE),
    FIELD(api_key_file, YAML_T_STR),
    FIELD(api_url, YAML_T_CUSTOM, YAML_URL),
    TEXT(opsgenie_conf, message),
    TEXT(opsgenie_conf, description),
    TEXT(opsgenie_conf, source),
    FIELD(details, YAML_T_STR_MAP, TEMPLATE),
    TEXT(opsgenie_conf, entity),
    FIELD(responders, YAML_T_LIST, .sub = &RESPONDER_YAML),
    TEXT(opsgenie_conf, actions),
    TEXT(opsgenie_conf, tags),
    TEXT(opsgenie_conf, note),
    TEXT(opsgenie_conf, priority),
    FIELD(update_alerts, YAML_T_BOOL),
    {0},
};
const struct yaml_struct OPSGENIE_YAML = {.type_name = "opsgenie.plain",
                                          .bytes = sizeof(struct opsgenie_conf),
                                          .fields = FIELDS,
                                          .set_defaults = set_defaults,
                                          .check = check};

const struct receiver_kind RECEIVER_OPSGENIE = {.name = "opsgenie",
                                                .ops = &OPSGENIE_OPS,
                                                .inherit = inherit,
                                                .null_bytes = sizeof(struct opsgenie_conf)};
