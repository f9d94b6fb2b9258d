// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/pushover.h"

#include "alertmanager/receivers/kinds.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct pushover_conf *c = to;
    c->base.send_resolved = true;
    c->title = S("{{ template \"pushover.default.title\" . }}");
    c->message = S("{{ template \"pushover.default.message\" . }}");
    c->url = S("{{ template \"pushover.default.url\" . }}");
    c->priority = S("{{ if eq .Status \"firing\" }}2{{ else }}0{{ end }}");
    c->retry = DUR_MINUTES(1);
    c->expire = DUR_HOURS(1);
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct pushover_conf *c = to;
    if (!check_exactly_one(b, c->user_key.n > 0, c->user_key_file.n > 0, "user_key",
                           "user_key_file") ||
        !check_exactly_one(b, c->token.n > 0, c->token_file.n > 0, "token", "token_file"))
        return false;
    return !(c->html && c->monospace) ||
           yaml_fail(b, "at most one of monospace & html must be configured");
}

// In Go's syntax, as the other timeouts; but a number without a unit is an error here.
static bool bind_duration(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text;
    struct err err = ERR_INIT;
    if (!yaml_to_str(node, &text))
        return yaml_problem_type(b, node, "pushover.duration");
    return dur_parse_go(text, to, &err) || yaml_fail_err(b, &err);
}

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct pushover_conf, member, #member, type, __VA_ARGS__, OMIT)
#define PLAIN(member, type) YAML_FIELD(struct pushover_conf, member, #member, type, OMIT)
#define TEXT(member)        YAML_FIELD(struct pushover_conf, member, #member, YAML_T_STR, OMIT, TEMPLATE)
#define DURATION(member)                                                                           \
    FIELD(member, YAML_T_CUSTOM, .bind = bind_duration, .print = yaml_print_dur_go)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(pushover_conf),
    HTTP_CONFIG(pushover_conf),
    FIELD(user_key, YAML_T_SECRET, TEMPLATE),
    PLAIN(user_key_file, YAML_T_STR),
    FIELD(token, YAML_T_SECRET, TEMPLATE),
    PLAIN(token_file, YAML_T_STR),
    TEXT(title),
    TEXT(message),
    TEXT(url),
    TEXT(url_title),
    TEXT(device),
    TEXT(sound),
    TEXT(priority),
    DURATION(retry),
    DURATION(expire),
    DURATION(ttl),
    PLAIN(html, YAML_T_BOOL),
    PLAIN(monospace, YAML_T_BOOL),
    {0},
};
const struct yaml_struct PUSHOVER_YAML = {.type_name = "pushover.plain",
                                          .bytes = sizeof(struct pushover_conf),
                                          .fields = FIELDS,
                                          .set_defaults = set_defaults,
                                          .check = check};

const struct receiver_kind RECEIVER_PUSHOVER = {.name = "pushover", .ops = &PUSHOVER_OPS};
