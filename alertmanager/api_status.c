// SPDX-License-Identifier: Apache-2.0
// GET /api/v2/status and GET /api/v2/receivers.
#include "alertmanager/api.h"

static void put_addr_text(struct json_writer *w, const struct addr *a)
{
    defer(buf_done) struct buf text = {0};
    buf_put_addr(&text, a);
    json_put_str(w, buf_str(&text));
}

static void put_cluster(struct json_writer *w, struct cluster *c)
{
    size_t count = 0;
    const struct cluster_member *members = c ? cluster_members(c, &count) : NULL;
    json_object_begin(w);
    if (c) {
        json_put_key(w, S("name"));
        json_put_str(w, cluster_self_name(c));
    }
    json_put_key(w, S("peers"));
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(w);
        json_put_key(w, S("address"));
        put_addr_text(w, &members[i].addr);
        json_put_key(w, S("name"));
        json_put_str(w, members[i].name);
        json_object_end(w);
    }
    json_array_end(w);
    json_put_key(w, S("status"));
    if (c)
        json_put_str(w, cluster_is_ready(c) ? S("ready") : S("settling"));
    else
        json_put_str(w, S("disabled"));
    json_object_end(w);
}

static void put_version(struct json_writer *w)
{
    static const struct {
        const char *key, *value;
    } items[] = {
        {"branch", AM_BRANCH},       {"buildDate", AM_BUILD_DATE}, {"buildUser", AM_BUILD_USER},
        {"goVersion", AM_TOOLCHAIN}, {"revision", AM_REVISION},    {"version", AM_VERSION},
    };
    json_object_begin(w);
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        json_put_key(w, str_c(items[i].key));
        json_put_str(w, str_c(items[i].value));
    }
    json_object_end(w);
}

void api_get_status(struct web_request *r, str id)
{
    (void)id;
    struct am *am = r->am;
    time_ns created_at = am->api->created_at;
    defer(buf_done) struct buf body = {0};
    struct json_writer w = {.out = &body, .escape = JSON_ESCAPE_GO};
    json_object_begin(&w);
    json_put_key(&w, S("cluster"));
    put_cluster(&w, am->cluster);
    json_put_key(&w, S("config"));
    json_object_begin(&w);
    json_put_key(&w, S("original"));
    json_put_str(&w, am->runtime->config->original);
    json_object_end(&w);
    json_put_key(&w, S("uptime"));
    json_put_time(&w, created_at, env_utc_offset_s(am->env, created_at));
    json_put_key(&w, S("versionInfo"));
    put_version(&w);
    json_object_end(&w);
    buf_put_c(&body, '\n');
    api_reply_json(r, 200, buf_str(&body));
}

void api_get_receivers(struct web_request *r, str id)
{
    (void)id;
    const struct config *config = r->am->runtime->config;
    struct err err = ERR_INIT;
    struct url_params params;
    struct matchers matchers;
    url_params_parse(r->x->query, r->x->mem, &params);
    if (!api_param_matchers(r->am, &params, S("receiver_matchers"), r->x->mem, &matchers, &err)) {
        err_wrap(&err, "failed to parse receiver_matchers param");
        api_reply_text(r, 400, err_str(&err));
        return;
    }
    defer(buf_done) struct buf body = {0};
    struct json_writer w = {.out = &body, .escape = JSON_ESCAPE_GO};
    json_array_begin(&w);
    for (size_t i = 0; i < config->receiver_count; i++) {
        const struct config_receiver *receiver = &config->receivers[i];
        if (!api_receiver_matches(&matchers, receiver))
            continue;
        json_object_begin(&w);
        json_put_key(&w, S("labels"));
        json_put_str_map(&w, &receiver->labels);
        json_put_key(&w, S("name"));
        json_put_str(&w, receiver->name);
        json_object_end(&w);
    }
    json_array_end(&w);
    buf_put_c(&body, '\n');
    matchers_done(&matchers);
    api_reply_json(r, 200, buf_str(&body));
}
