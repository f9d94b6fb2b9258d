// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/jira.h"

#include "alertmanager/receivers/kinds.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct jira_conf *c = to;
    c->base.send_resolved = true;
    c->api_type = S("auto");
    c->summary.text = S("{{ template \"jira.default.summary\" . }}");
    c->description.text = S("{{ template \"jira.default.description\" . }}");
    c->priority = S("{{ template \"jira.default.priority\" . }}");
}

// ---- a field: a text, or a text and whether it is updated --------------------------------------

static const struct yaml_field TEXT_FIELDS[] = {
    YAML_FIELD(struct jira_field, text, "template", YAML_T_STR, OMIT, TEMPLATE),
    YAML_FIELD(struct jira_field, enable_update, "enable_update", YAML_T_CUSTOM, YAML_OPT_BOOL,
               OMIT),
    {0},
};
static const struct yaml_struct TEXT_YAML = {
    .type_name = "jira.plain", .bytes = sizeof(struct jira_field), .fields = TEXT_FIELDS};

static bool bind_text(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct jira_field *f = to;
    return yaml_to_str(node, &f->text) || yaml_bind_struct(b, node, &TEXT_YAML, f);
}

static void print_text(struct yaml_printer *p, const void *from)
{
    yaml_put_struct(p, &TEXT_YAML, from);
}

static bool text_is_empty(const void *from)
{
    const struct jira_field *f = from;
    return f->text.n == 0 && !f->enable_update.is_set;
}

#define JIRA_TEXT .bind = bind_text, .print = print_text, .is_empty = text_is_empty

// ---- checks ------------------------------------------------------------------------------------

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct jira_conf *c = to;
    if (c->project.n == 0)
        return yaml_fail(b, "missing project in jira_config");
    if (c->issue_type.n == 0)
        return yaml_fail(b, "missing issue_type in jira_config");
    return str_eq(c->api_type, S("auto")) || str_eq(c->api_type, S("cloud")) ||
           str_eq(c->api_type, S("datacenter")) ||
           yaml_fail(b, "unknown api_type on jira_config, must be auto, cloud or datacenter");
}

static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    struct jira_conf *c = conf;
    if (!c->api_url.is_set)
        c->api_url = g->jira_api_url;
    return c->api_url.is_set || yaml_fail(b, "no global Jira Cloud URL set");
}

// ---- the table ---------------------------------------------------------------------------------

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct jira_conf, member, #member, type, __VA_ARGS__, OMIT)
#define PLAIN(member) YAML_FIELD(struct jira_conf, member, #member, YAML_T_STR, OMIT)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(jira_conf),
    HTTP_CONFIG(jira_conf),
    FIELD(api_url, YAML_T_CUSTOM, YAML_URL),
    PLAIN(api_type),
    FIELD(project, YAML_T_STR, TEMPLATE),
    FIELD(summary, YAML_T_CUSTOM, JIRA_TEXT, TEMPLATE),
    FIELD(description, YAML_T_CUSTOM, JIRA_TEXT, TEMPLATE),
    FIELD(labels, YAML_T_STRS, TEMPLATE),
    FIELD(priority, YAML_T_STR, TEMPLATE),
    FIELD(issue_type, YAML_T_STR, TEMPLATE),
    PLAIN(reopen_transition),
    PLAIN(resolve_transition),
    PLAIN(wont_fix_resolution),
    FIELD(reopen_duration, YAML_T_CUSTOM, YAML_DUR_PROMETHEUS),
    FIELD(fields, YAML_T_CUSTOM, VALUE_MAP, TEMPLATE),
    {0},
};
const struct yaml_struct JIRA_YAML = {.type_name = "jira.plain",
                                      .bytes = sizeof(struct jira_conf),
                                      .fields = FIELDS,
                                      .set_defaults = set_defaults,
                                      .check = check};

const struct receiver_kind RECEIVER_JIRA = {.name = "jira", .ops = &JIRA_OPS, .inherit = inherit};
