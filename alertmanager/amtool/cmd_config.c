// SPDX-License-Identifier: Apache-2.0
// amtool cluster show, config show, config routes show, config routes test.
#include "alertmanager/amtool/args.h"
#include "alertmanager/amtool/client.h"
#include "alertmanager/amtool/output.h"
#include "alertmanager/amtool/route_tree.h"
#include "alertmanager/config.h"

static bool fetch_status(struct amtool *t, const json **ret, struct err *err)
{
    struct client client;
    struct client_call call = {.op = CLIENT_GET_STATUS};
    if (!client_open(&client, t, err) || !client_do(&client, &call, err))
        return false;
    *ret = call.value;
    return true;
}

bool cmd_cluster_show(struct amtool *t, struct err *err)
{
    const json *status;
    struct output o = output_of(t);
    if (!fetch_status(t, &status, err))
        return false;
    output_cluster(&t->out, &o, json_get_nocase(status, S("cluster")));
    return true;
}

bool cmd_config_show(struct amtool *t, struct err *err)
{
    const json *status;
    struct output o = output_of(t);
    if (!fetch_status(t, &status, err))
        return false;
    output_status(&t->out, &o, status);
    return true;
}

// ---- routes ------------------------------------------------------------------------------------

// From the file, or else from the server, which prints its configuration without the secrets.
static struct config *load_config(struct amtool *t, struct err *err)
{
    const json *status;
    struct config_options options = {
        .env = t->env, .matchers = amtool_matcher_mode(t), .log = &t->env->log};
    if (t->has_url && t->routes.config_file.n)
        buf_put(&t->notes, S("Warning: --config.file flag overrides the --alertmanager.url.\n"));
    if (t->routes.config_file.n)
        return config_load_file(t->routes.config_file, &options, NULL, err);
    if (!t->has_url) {
        err_set(err, ERR_INVALID,
                "You have to specify one of --config.file or --alertmanager.url flags.");
        return NULL;
    }
    if (!fetch_status(t, &status, err))
        return NULL;
    const json *original = json_get_nocase(json_get_nocase(status, S("config")), S("original"));
    return config_load(json_str(original), S(""), &options, err);
}

bool cmd_routes_show(struct amtool *t, struct err *err)
{
    defer(config_unref_p) struct config *config = load_config(t, err);
    if (!config)
        return false;
    buf_put(&t->out, S("Routing tree:\n"));
    route_tree_put(&t->out, config->route);
    buf_put_c(&t->out, '\n');
    return true;
}

static bool read_labels(struct amtool *t, struct label_array *ret, struct err *err)
{
    if (args_labels(t, &t->args, "Labels must be specified as key=value pairs", ret, err))
        return true;
    return err->code == ERR_INVALID ? false : err_wrap(err, "Failed to parse labels");
}

static void put_receivers(const struct route *root, const struct labels *labels, struct buf *out)
{
    struct route_list routes = {0};
    route_match(root, labels, &routes);
    for (size_t i = 0; i < routes.count; i++)
        buf_printf(out, "%s%.*s", i ? "," : "", STR(routes.items[i]->receiver->name));
    route_list_done(&routes);
}

static bool test_routes(struct amtool *t, const struct config *config, const struct labels *labels)
{
    defer(buf_done) struct buf receivers = {0};
    if (t->routes.with_tree) {
        buf_put(&t->out, S("Matching routes:\n"));
        route_tree_put_matching(&t->out, config->route, labels);
        buf_put(&t->out, S("\n\n"));
    }
    put_receivers(config->route, labels, &receivers);
    buf_put(&t->out, buf_str(&receivers));
    buf_put_c(&t->out, '\n');
    if (t->routes.expected.n == 0 || str_eq(t->routes.expected, buf_str(&receivers)))
        return true;
    buf_put(&t->out, S("WARNING: Expected receivers did not match resolved receivers.\n"));
    return false;
}

bool cmd_routes_test(struct amtool *t, struct err *err)
{
    struct label_array given;
    defer(config_unref_p) struct config *config = load_config(t, err);
    if (!config || !read_labels(t, &given, err))
        return false;
    struct label_store store;
    label_store_init(&store, env_random(t->env));
    struct labels *labels = labels_get(&store, given.items, given.count);
    bool ok = test_routes(t, config, labels); // says itself what is wrong
    labels_unref(labels);
    label_store_done(&store);
    return ok;
}
