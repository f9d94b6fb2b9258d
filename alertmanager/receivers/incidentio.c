// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/incidentio.h"

#include "alertmanager/receivers/kinds.h"
#include "notify/integrations/attempt.h"

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct incidentio_conf *c = to;
    const struct http_conf *http = c->base.written_http;
    bool has_token = c->alert_source_token.n || c->alert_source_token_file.n;
    if (!check_exactly_one(b, c->url.is_set, c->url_file.n > 0, "url", "url_file") ||
        !check_at_most_one(b, c->alert_source_token, c->alert_source_token_file,
                           "alert_source_token & alert_source_token_file"))
        return false;
    if (http && http->authorization && has_token)
        return yaml_fail(b, "cannot specify alert_source_token or alert_source_token_file when "
                            "using http_config.authorization");
    if (http && !http->authorization && !has_token)
        return yaml_fail(b, "at least one of alert_source_token, alert_source_token_file or "
                            "http_config.authorization must be configured");
    return true;
}

// The file is read at each attempt; here it only has to be there.
static bool open_token_file(struct env *env, void *conf, struct arena *mem, struct err *err)
{
    const struct incidentio_conf *c = conf;
    defer(buf_wipe) struct buf content = {0};
    (void)mem;
    return c->alert_source_token_file.n == 0 ||
           env_file_read(env, c->alert_source_token_file, ATTEMPT_FILE_BYTES_MAX, &content, err) ||
           err_wrap(err, "failed to read alert_source_token_file");
}

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct incidentio_conf, member, #member, type, __VA_ARGS__)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(incidentio_conf),
    HTTP_CONFIG(incidentio_conf),
    FIELD(url, YAML_T_CUSTOM, YAML_URL),
    YAML_FIELD(struct incidentio_conf, url_file, "url_file", YAML_T_STR),
    FIELD(alert_source_token, YAML_T_SECRET, OMIT),
    FIELD(alert_source_token_file, YAML_T_STR, OMIT),
    YAML_FIELD(struct incidentio_conf, max_alerts, "max_alerts", YAML_T_UINT),
    FIELD(timeout, YAML_T_CUSTOM, YAML_DUR_GO),
    {0},
};
const struct yaml_struct INCIDENTIO_YAML = {.type_name = "incidentio.plain",
                                            .bytes = sizeof(struct incidentio_conf),
                                            .fields = FIELDS,
                                            .set_defaults = receiver_defaults,
                                            .check = check};

const struct receiver_kind RECEIVER_INCIDENTIO = {.name = "incidentio",
                                                  .ops = &INCIDENTIO_OPS,
                                                  .open = open_token_file,
                                                  .keeps_relative_paths = true};
