// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/config.h"
#include "alertmanager/route.h"

#include "base/core/rand.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

struct world {
    struct fake_env fake;
    struct label_store labels;
    struct config *config;
};

static void world_init(struct world *w, const char *route)
{
    *w = (struct world){0};
    fake_env_init(&w->fake);
    label_store_init(&w->labels, 3);
    defer(buf_done) struct buf text = {0};
    buf_printf(&text, "receivers: [{name: r0}, {name: r1}, {name: r2}, {name: r3}]\nroute:\n%s",
               route);
    struct err err = ERR_INIT;
    w->config = config_load(buf_str(&text), S("am.yml"),
                            &(struct config_options){.env = &w->fake.env}, &err);
    check_err(&err, "");
}

static void world_done(struct world *w)
{
    config_unref(w->config);
    label_store_done(&w->labels);
    fake_env_done(&w->fake);
}

// "a=1 b=2" as labels in `ret`.
static size_t read_labels(const char *text, struct label *ret)
{
    size_t count = 0;
    str rest = str_c(text), pair;
    bool has_more = rest.n > 0;
    while (has_more) {
        has_more = str_cut(rest, ' ', &pair, &rest);
        str_cut(pair, '=', &ret[count].name, &ret[count].value);
        count++;
    }
    return count;
}

static struct labels *labels_of(struct world *w, const char *text)
{
    struct label labels[8];
    return labels_get(&w->labels, labels, read_labels(text, labels));
}

static void check_match(struct world *w, const char *text, const char *want_ids)
{
    struct labels *labels = labels_of(w, text);
    struct route_list routes = {0};
    route_match(w->config->route, labels, &routes);
    defer(buf_done) struct buf ids = {0};
    for (size_t i = 0; i < routes.count; i++)
        buf_printf(&ids, "%s%.*s", i ? " " : "", STR(routes.items[i]->id));
    check_str(buf_str(&ids), str_c(want_ids));
    route_list_done(&routes);
    labels_unref(labels);
}

static void leaf_most_routes_win_in_order(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "  receiver: r0\n"
                   "  routes:\n"
                   "  - matchers: [a=1]\n"
                   "    continue: true\n"
                   "    routes:\n"
                   "    - matchers: [b=1]\n"
                   "  - matchers: [a=1]\n"
                   "    receiver: r1\n"
                   "  - matchers: [b=1]\n");
    check_match(&w, "a=1 b=1", "{}/{a=\"1\"}/0/{b=\"1\"}/0 {}/{a=\"1\"}/1");
    check_match(&w, "a=1", "{}/{a=\"1\"}/0 {}/{a=\"1\"}/1");
    check_match(&w, "b=1", "{}/{b=\"1\"}/2");
    check_match(&w, "c=1", "{}");
    world_done(&w);
}

static void what_is_not_written_is_inherited(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "  receiver: r0\n"
                   "  group_by: [b, a]\n"
                   "  group_wait: 0s\n"
                   "  labels: {team: x, owner: y}\n"
                   "  routes:\n"
                   "  - matchers: [k=0]\n"
                   "    group_by: []\n"
                   "    repeat_interval: 1h\n"
                   "    labels: {team: z, area: q}\n"
                   "  - matchers: [k=1]\n"
                   "    receiver: r1\n"
                   "    group_by: ['...']\n"
                   "  - matchers: [k=2]\n");
    const struct route *root = w.config->route;
    const struct route *reset = root->children[0], *all = root->children[1];
    const struct route *same = root->children[2];
    assert_int_equal(root->group_interval, DUR_MINUTES(5));
    assert_int_equal(root->repeat_interval, DUR_HOURS(4));
    assert_int_equal(same->group_wait, 0);
    check_str(same->group_by.items[0], S("a"));
    check_str(same->receiver->name, S("r0"));
    assert_int_equal(reset->group_by.count, 0);
    assert_false(reset->is_grouped_by_all);
    assert_int_equal(reset->repeat_interval, DUR_HOURS(1));
    assert_int_equal(reset->labels.count, 3);
    check_str(reset->labels.items[2].value, S("z"));
    assert_true(all->is_grouped_by_all);
    check_str(all->receiver->name, S("r1"));
    assert_int_equal(w.config->route_count, 4);
    assert_int_equal(w.config->routed_receivers, 2);
    world_done(&w);
}

static void group_labels_are_those_present(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "  receiver: r0\n"
                   "  group_by: [b, a, zz]\n"
                   "  routes: [{matchers: [k=1], group_by: ['...']}]\n");
    struct labels *alert = labels_of(&w, "a=1 b=2 k=1");
    struct labels *some = route_group_labels(w.config->route, &w.labels, alert);
    struct labels *all = route_group_labels(w.config->route->children[0], &w.labels, alert);
    defer(buf_done) struct buf key = {0};
    buf_put_group_key(&key, w.config->route, some);
    check_str(buf_str(&key), S("{}:{a=\"1\", b=\"2\"}"));
    assert_ptr_equal(all, alert);
    labels_unref(some);
    labels_unref(all);
    labels_unref(alert);
    world_done(&w);
}

static void old_versions_order_group_labels_by_their_texts(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "  receiver: r0\n");
    struct labels *plain = labels_of(&w, "a=1 b=2");
    struct labels *odd = labels_of(&w, "a=1 a1=2");
    struct labels *prefix = labels_of(&w, "a=1 a_=2"); // '_' comes behind '='
    defer(buf_done) struct buf key = {0};
    assert_false(buf_put_group_key_alt(&key, w.config->route, plain));
    assert_false(buf_put_group_key_alt(&key, w.config->route, prefix));
    check_str(buf_str(&key), S(""));
    assert_true(buf_put_group_key_alt(&key, w.config->route, odd));
    check_str(buf_str(&key), S("{}:{a1=\"2\", a=\"1\"}"));
    labels_unref(plain);
    labels_unref(odd);
    labels_unref(prefix);
    world_done(&w);
}

// ---- the index of children ---------------------------------------------------------------------

static bool match_plainly(const struct route *r, const struct labels *labels, struct buf *ids)
{
    if (!matchers_match(&r->matchers, labels))
        return false;
    size_t before = ids->n;
    for (size_t i = 0; i < r->child_count; i++) {
        if (match_plainly(r->children[i], labels, ids) && !r->children[i]->is_continue)
            break;
    }
    if (ids->n == before)
        buf_printf(ids, " %.*s", STR(r->id));
    return true;
}

static void put_random_routes(struct buf *text, struct rand *rand, int depth, int count)
{
    static const char *const ops[] = {"=", "=", "=", "!=", "=~", "!~"};
    for (int i = 0; i < count; i++) {
        buf_put_fill(text, ' ', (size_t)depth * 2);
        buf_printf(text, "- continue: %s\n", rand_below(rand, 3) ? "false" : "true");
        buf_put_fill(text, ' ', (size_t)depth * 2);
        buf_put(text, S("  matchers: ["));
        int matchers = (int)rand_below(rand, 3);
        for (int m = 0; m < matchers; m++)
            buf_printf(text, "'%c%s\"%d\"', ", (char)('a' + (int)rand_below(rand, 3)),
                       ops[rand_below(rand, ARRAY_LEN(ops))], (int)rand_below(rand, 4));
        buf_printf(text, "'z!=\"9\"'%s]\n", rand_below(rand, 5) ? "" : ", 'a=\"\"'");
        if (depth < 4) {
            buf_put_fill(text, ' ', (size_t)depth * 2);
            buf_put(text, S("  routes:\n"));
            put_random_routes(text, rand, depth + 1, (int)rand_below(rand, depth == 2 ? 16 : 3));
        }
    }
}

static void the_index_finds_what_a_plain_walk_finds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct rand rand;
        rand_seed(&rand, seed);
        defer(buf_done) struct buf text = {0};
        buf_put(&text, S("  receiver: r0\n  routes:\n"));
        put_random_routes(&text, &rand, 1, 20);
        buf_put_c(&text, 0);
        struct world w;
        world_init(&w, text.p);
        assert_non_null(w.config->route->by_value);
        for (int round = 0; round < 200; round++) {
            char alert[64];
            int n = snprintf(alert, sizeof(alert), "n=1");
            for (int l = 0; l < 3; l++) {
                if (rand_below(&rand, 4))
                    n += snprintf(alert + n, sizeof(alert) - (size_t)n, " %c=%d", 'a' + l,
                                  (int)rand_below(&rand, 4));
            }
            struct labels *labels = labels_of(&w, alert);
            defer(buf_done) struct buf want = {0};
            match_plainly(w.config->route, labels, &want);
            labels_unref(labels);
            buf_put_c(&want, 0);
            check_match(&w, alert, want.p + 1);
        }
        world_done(&w);
    }
}

int test_route(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_most_routes_win_in_order),
        cmocka_unit_test(what_is_not_written_is_inherited),
        cmocka_unit_test(group_labels_are_those_present),
        cmocka_unit_test(old_versions_order_group_labels_by_their_texts),
        cmocka_unit_test(the_index_finds_what_a_plain_walk_finds),
    };
    return run_group("route", tests);
}
