// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/rocketchat.h"

#include "alertmanager/receivers/kinds.h"
#include "notify/integrations/chat.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct rocketchat_conf *c = to;
    c->color = S("{{ if eq .Status \"firing\" }}red{{ else }}green{{ end }}");
    c->emoji = S("{{ template \"rocketchat.default.emoji\" . }}");
    c->icon_url = S("{{ template \"rocketchat.default.iconurl\" . }}");
    c->text = S("{{ template \"rocketchat.default.text\" . }}");
    c->title = S("{{ template \"rocketchat.default.title\" . }}");
    c->title_link = S("{{ template \"rocketchat.default.titlelink\" . }}");
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct rocketchat_conf *c = to;
    if (c->has_token && c->token_file.n)
        return yaml_fail(b, "at most one of token & token_file must be configured");
    if (c->has_token_id && c->token_id_file.n)
        return yaml_fail(b, "at most one of token_id & token_id_file must be configured");
    return true;
}

// A token and its file come from one place, so that the receiver's own always counts.
static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    struct rocketchat_conf *c = conf;
    if (!c->api_url.is_set)
        c->api_url = g->rocketchat_api_url;
    if (!c->has_token_id && c->token_id_file.n == 0) {
        c->token_id = g->rocketchat_token_id;
        c->token_id_file = g->rocketchat_token_id_file;
        if (c->token_id.n + c->token_id_file.n == 0)
            return yaml_fail(b, "no global Rocketchat TokenID set either inline or in a file");
    }
    if (!c->has_token && c->token_file.n == 0) {
        c->token = g->rocketchat_token;
        c->token_file = g->rocketchat_token_file;
        if (c->token.n + c->token_file.n == 0)
            return yaml_fail(b, "no global Rocketchat Token set either inline or in a file");
    }
    return true;
}

static bool can_read(struct env *env, str file, struct err *err)
{
    defer(buf_wipe) struct buf content = {0};
    return file.n == 0 || env_file_read(env, file, ATTEMPT_FILE_BYTES_MAX, &content, err) ||
           err_wrap(err, "could not read %.*s", STR(file));
}

// The files are read at each attempt; here they only have to be there.
static bool open_token_files(struct env *env, void *conf, struct arena *mem, struct err *err)
{
    const struct rocketchat_conf *c = conf;
    (void)mem;
    return can_read(env, c->token_file, err) && can_read(env, c->token_id_file, err);
}

// ---- the tables --------------------------------------------------------------------------------

static void print_short(struct yaml_printer *p, const void *from)
{
    const struct opt_bool *is_short = from;
    if (is_short->is_set)
        yaml_put_bool(p, is_short->value);
    else
        yaml_put_null(p);
}

// upstream names no keys here: they are those of the struct, in lower case, and none is left out.
static const struct yaml_field FIELD_FIELDS[] = {
    YAML_FIELD(struct chat_field, is_short, "short", YAML_T_CUSTOM, .bind = bind_opt_bool,
               .print = print_short),
    YAML_FIELD(struct chat_field, title, "title", YAML_T_STR),
    YAML_FIELD(struct chat_field, value, "value", YAML_T_STR),
    {0},
};
static const struct yaml_struct FIELD_YAML = {.type_name = "rocketchat.RocketchatAttachmentField",
                                              .bytes = sizeof(struct chat_field),
                                              .fields = FIELD_FIELDS};

#define ACTION(member, name, type) YAML_FIELD(struct rocketchat_action, member, name, type)

static const struct yaml_field ACTION_FIELDS[] = {
    ACTION(type, "type", YAML_T_STR),
    ACTION(text, "text", YAML_T_STR),
    ACTION(url, "url", YAML_T_STR),
    ACTION(image_url, "imageurl", YAML_T_STR),
    ACTION(is_webview, "iswebview", YAML_T_BOOL),
    ACTION(webview_height_ratio, "webviewheightratio", YAML_T_STR),
    ACTION(msg, "msg", YAML_T_STR),
    ACTION(msg_in_chat_window, "msginchatwindow", YAML_T_BOOL),
    ACTION(msg_processing_type, "msgprocessingtype", YAML_T_STR),
    {0},
};
static const struct yaml_struct ACTION_YAML = {.type_name = "rocketchat.RocketchatAttachmentAction",
                                               .bytes = sizeof(struct rocketchat_action),
                                               .fields = ACTION_FIELDS};

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct rocketchat_conf, member, #member, type, __VA_ARGS__)
#define TEMPLATED(member) FIELD(member, YAML_T_STR, OMIT, TEMPLATE)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(rocketchat_conf),
    HTTP_CONFIG(rocketchat_conf),
    FIELD(api_url, YAML_T_CUSTOM, YAML_URL, OMIT),
    FIELD(token_id, YAML_T_SECRET, YAML_SEEN(struct rocketchat_conf, has_token_id), OMIT),
    FIELD(token_id_file, YAML_T_STR, OMIT),
    FIELD(token, YAML_T_SECRET, YAML_SEEN(struct rocketchat_conf, has_token), OMIT),
    FIELD(token_file, YAML_T_STR, OMIT),
    TEMPLATED(channel),
    TEMPLATED(color),
    TEMPLATED(title),
    TEMPLATED(title_link),
    TEMPLATED(text),
    FIELD(fields, YAML_T_LIST, .sub = &FIELD_YAML, OMIT, TEMPLATE),
    YAML_FIELD(struct rocketchat_conf, short_fields, "short_fields", YAML_T_BOOL),
    TEMPLATED(emoji),
    TEMPLATED(icon_url),
    TEMPLATED(image_url),
    TEMPLATED(thumb_url),
    YAML_FIELD(struct rocketchat_conf, link_names, "link_names", YAML_T_BOOL),
    FIELD(actions, YAML_T_LIST, .sub = &ACTION_YAML, OMIT, TEMPLATE),
    {0},
};
const struct yaml_struct ROCKETCHAT_YAML = {.type_name = "rocketchat.plain",
                                            .bytes = sizeof(struct rocketchat_conf),
                                            .fields = FIELDS,
                                            .set_defaults = set_defaults,
                                            .check = check};

const struct receiver_kind RECEIVER_ROCKETCHAT = {.name = "rocketchat",
                                                  .ops = &ROCKETCHAT_OPS,
                                                  .inherit = inherit,
                                                  .null_bytes = sizeof(struct rocketchat_conf),
                                                  .open = open_token_files};
