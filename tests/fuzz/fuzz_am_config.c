// SPDX-License-Identifier: Apache-2.0
// Any bytes as alertmanager.yml. What loads is printed; the printed text must load, and from then
// on print the same: an empty text is left out when it is printed, and reads back as the default.
// Every label set must find a route. (A webhook of the event recorder refuses the placeholder of
// its secret URL, as upstream's does: such a text does not load again.)
#include "alertmanager/config.h"
#include "tests/support/fake_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_routes(const struct config *c)
{
    struct label_store store;
    label_store_init(&store, 1);
    struct label label = {S("a"), S("b")};
    struct labels *labels = labels_get(&store, &label, 1);
    struct route_list routes = {0};
    route_match(c->route, labels, &routes);
    if (routes.count == 0)
        abort();
    for (size_t i = 0; i < routes.count; i++)
        labels_unref(route_group_labels(routes.items[i], &store, labels));
    route_list_done(&routes);
    labels_unref(labels);
    label_store_done(&store);
}

static void check_printed(const struct config *c, const struct config_options *opt)
{
    struct err err = ERR_INIT;
    struct config *second = config_load(c->original, S("am.yml"), opt, &err);
    if (!second && c->recorder && c->recorder->webhooks.count)
        return;
    if (!second)
        abort();
    struct config *third = config_load(second->original, S("am.yml"), opt, &err);
    if (!third || !str_eq(third->original, second->original))
        abort();
    config_unref(second);
    config_unref(third);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_env fake;
    fake_env_init(&fake);
    const struct config_options opt = {.env = &fake.env};
    struct err err = ERR_INIT;
    struct config *c = config_load(str_from(data, size), S("am.yml"), &opt, &err);
    if (!c && err.n == 0)
        abort();
    if (c) {
        check_routes(c);
        check_printed(c, &opt);
    }
    config_unref(c);
    fake_env_done(&fake);
    return 0;
}
