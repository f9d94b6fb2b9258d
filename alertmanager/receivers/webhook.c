// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/webhook.h"

#include "alertmanager/receivers/kinds.h"

// With a template in it only its syntax counts.
static bool bind_template_url(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text, canonical;
    struct err err = ERR_INIT;
    if (!yaml_to_str(node, &text))
        return yaml_problem_type(b, node, "string");
    if (text.n && !str_eq(text, S(YAML_SECRET_TEXT))) {
        bool ok = has_template(text)
                      ? check_template(text, &err) || err_wrap(&err, "invalid template syntax")
                      : yaml_url_check(text, false, b->mem, &canonical, &err) ||
                            err_wrap(&err, "invalid URL");
        if (!ok)
            return yaml_fail_err(b, &err);
    }
    *(struct yaml_url *)to = (struct yaml_url){text, text.n > 0};
    return true;
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct webhook_conf *c = to;
    return check_exactly_one(b, c->url.is_set, c->url_file.n > 0, "url", "url_file");
}

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(webhook_conf),
    HTTP_CONFIG(webhook_conf),
    YAML_FIELD(struct webhook_conf, url, "url", YAML_T_CUSTOM, .bind = bind_template_url,
               .print = yaml_print_secret_url, .is_empty = yaml_url_is_empty, OMIT, TEMPLATE),
    YAML_FIELD(struct webhook_conf, url_file, "url_file", YAML_T_STR),
    YAML_FIELD(struct webhook_conf, max_alerts, "max_alerts", YAML_T_UINT),
    YAML_FIELD(struct webhook_conf, timeout, "timeout", YAML_T_CUSTOM, YAML_DUR_GO),
    YAML_FIELD(struct webhook_conf, payload, "payload", YAML_T_NODE, OMIT, TEMPLATE),
    {0},
};
const struct yaml_struct WEBHOOK_YAML = {.type_name = "webhook.plain",
                                         .bytes = sizeof(struct webhook_conf),
                                         .fields = FIELDS,
                                         .set_defaults = receiver_defaults,
                                         .check = check};

const struct receiver_kind RECEIVER_WEBHOOK = {.name = "webhook", .ops = &WEBHOOK_OPS};
