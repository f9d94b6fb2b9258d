// SPDX-License-Identifier: Apache-2.0
// Clusters over TLS, clusters that encrypt, and those that have no business in them.
#include "base/text/encode.h"
#include "tests/sim/gossip/lab.h"

#define LARGE_BYTES 20000 // of a record that needs a stream

// ---- who speaks what -----------------------------------------------------------------------

static void put_cert(struct node *n, const char *authority)
{
    char cert[64];
    snprintf(cert, sizeof(cert), "%s: 10.0.0.%zu node%s", authority,
             (size_t)(n - n->lab->nodes) + 1, n->name);
    sim_disk_put(n->machine, "/tls/cert", str_c(cert));
    sim_disk_put(n->machine, "/tls/key", S("key"));
    sim_disk_put(n->machine, "/tls/ca", S("ca"));
}

static void use_tls(struct node *n, struct cluster_options *o)
{
    static struct cluster_tls tls; // cluster_new takes what it needs
    static str sans[] = {{"node0", 5}, {"node1", 5}, {"node2", 5}, {"node3", 5}, {"node4", 5}};
    put_cert(n, "ca");
    struct tlsconf both = {
        .cert.file = S("/tls/cert"), .key.file = S("/tls/key"), .ca.file = S("/tls/ca")};
    tls.server = tls.client = both;
    tls.server.is_server = true;
    tls.server.client_auth = TLS_REQUIRE_AND_VERIFY;
    tls.server.client_sans = (struct str_list){sans, ARRAY_LEN(sans)};
    o->tls = &tls;
}

static void use_tls_last_one_strange(struct node *n, struct cluster_options *o)
{
    use_tls(n, o);
    if (n == &n->lab->nodes[n->lab->count - 1])
        put_cert(n, "strange");
}

static void put_keys(struct node *n, const char *first, const char *second)
{
    defer(buf_done) struct buf file = {0};
    buf_put(&file, S("# of the cluster\n\n"));
    buf_put_base64(&file, str_c(first));
    buf_put_c(&file, '\n');
    if (second)
        buf_put_base64(&file, str_c(second));
    sim_disk_put(n->machine, "/keys", buf_str(&file));
}

#define KEY_A "0123456789abcdef0123456789abcdef"
#define KEY_B "fedcba9876543210"

static void use_keys(struct node *n, struct cluster_options *o)
{
    put_keys(n, KEY_A, NULL);
    o->encryption_key_file = S("/keys");
    o->label = S("prod");
}

static void use_keys_last_one_wrong(struct node *n, struct cluster_options *o)
{
    use_keys(n, o);
    if (n == &n->lab->nodes[n->lab->count - 1])
        put_keys(n, KEY_B, NULL);
}

static void use_keys_last_one_none(struct node *n, struct cluster_options *o)
{
    use_keys(n, o);
    if (n == &n->lab->nodes[n->lab->count - 1])
        o->encryption_key_file = S("");
}

static void use_both(struct node *n, struct cluster_options *o)
{
    use_tls(n, o);
    use_keys(n, o);
}

static struct lab *start_with(const struct sim_options *opt, size_t count,
                              void (*on_options)(struct node *, struct cluster_options *))
{
    struct lab *lab = lab_new(opt, count);
    lab->on_options = on_options;
    lab_list_peers(lab);
    for (size_t i = 0; i < count; i++)
        node_start(&lab->nodes[i], lab->nodes[i].name);
    return lab;
}

// ---- what every cluster does ---------------------------------------------------------------

static void live_a_life(void (*on_options)(struct node *, struct cluster_options *), uint64_t seed)
{
    struct lab *lab =
        start_with(&(struct sim_options){.seed = seed, .loss_percent = 1}, 3, on_options);
    wait_members(lab, 0, 3, 3, DUR_SECONDS(3));
    sim_run(lab->world, DUR_MINUTES(2));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(cluster_stats(lab->nodes[i].cluster)->peers_left, 0);
        wait_record(lab, 0, 3, add_record(&lab->nodes[i], 0), DUR_SECONDS(5));
        wait_record(lab, 0, 3, add_record(&lab->nodes[i], LARGE_BYTES), DUR_SECONDS(5));
        assert_int_equal(cluster_stats(lab->nodes[i].cluster)->secrets_refused, 0);
    }
    // A killed one is dead soon, and back soon, with what it missed.
    node_crash(&lab->nodes[2]);
    wait_members(lab, 0, 2, 2, DUR_SECONDS(15));
    uint64_t missed = add_record(&lab->nodes[0], 0);
    sim_run(lab->world, DUR_SECONDS(40));
    sim_node_restart(lab->nodes[2].machine);
    node_start(&lab->nodes[2], "2");
    wait_members(lab, 0, 3, 3, DUR_SECONDS(5));
    wait_record(lab, 0, 3, missed, DUR_SECONDS(5));
    // One that says goodbye is gone at once.
    cluster_leave(lab->nodes[1].cluster, DUR_SECONDS(10), node_on_left, &lab->nodes[1]);
    wait_members(lab, 0, 1, 2, DUR_SECONDS(2));
    wait_members(lab, 2, 3, 2, DUR_SECONDS(2));
    lab_free(lab);
}

static void a_life_over_tls(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++)
        live_a_life(use_tls, seed);
}

static void a_life_encrypted(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++)
        live_a_life(use_keys, seed);
}

static void a_life_over_tls_and_encrypted(void **state)
{
    (void)state;
    live_a_life(use_both, 1);
}

// ---- over TLS ------------------------------------------------------------------------------

static void a_stranger_stays_alone(void **state)
{
    (void)state;
    struct lab *lab = start_with(&(struct sim_options){.seed = 7}, 4, use_tls_last_one_strange);
    wait_members(lab, 0, 3, 3, DUR_SECONDS(3));
    sim_run(lab->world, DUR_MINUTES(1));
    assert_int_equal(member_count(&lab->nodes[0]), 3);
    assert_int_equal(member_count(&lab->nodes[3]), 1);
    const struct cluster_stats *s = cluster_stats(lab->nodes[3].cluster);
    assert_true(s->is_tls && s->tls.write_errors[TRANSPORT_STREAM] > 0);

    // Its certificate is replaced while it runs; no restart is needed.
    put_cert(&lab->nodes[3], "ca");
    wait_members(lab, 0, 4, 4, DUR_SECONDS(20));
    lab_free(lab);
}

// Upstream holds a lock while it dials: one that does not answer delays packets to everybody.
static void one_that_is_cut_off_delays_nobody(void **state)
{
    (void)state;
    struct lab *lab = start_with(&(struct sim_options){.seed = 8}, 5, use_tls);
    wait_members(lab, 0, 5, 5, DUR_SECONDS(3));
    sim_run(lab->world, DUR_SECONDS(20));
    sim_partition(lab->world, "0 1 2 3 | 4");
    for (int i = 0; i < 30; i++) {
        uint64_t record = add_record(&lab->nodes[i % 4], i % 5 ? 0 : LARGE_BYTES);
        wait_record(lab, 0, 4, record, DUR_MS(1500));
        sim_run(lab->world, DUR_MS(500));
    }
    wait_members(lab, 0, 4, 4, DUR_SECONDS(15));
    sim_heal(lab->world);
    wait_members(lab, 0, 5, 5, DUR_MINUTES(2));
    lab_free(lab);
}

static void frozen_and_thawed_is_no_member_lost(void **state)
{
    (void)state;
    struct lab *lab = start_with(&(struct sim_options){.seed = 9}, 3, use_tls);
    wait_members(lab, 0, 3, 3, DUR_SECONDS(3));
    sim_node_freeze(lab->nodes[1].machine);
    sim_run(lab->world, DUR_SECONDS(30));
    uint64_t record = add_record(&lab->nodes[0], 0);
    sim_node_thaw(lab->nodes[1].machine);
    wait_members(lab, 0, 3, 3, DUR_MINUTES(1));
    wait_record(lab, 0, 3, record, DUR_MINUTES(1));
    lab_free(lab);
}

// ---- encrypted -----------------------------------------------------------------------------

static void refuse_the_last_one(void (*on_options)(struct node *, struct cluster_options *))
{
    struct lab *lab = start_with(&(struct sim_options){.seed = 11}, 4, on_options);
    wait_members(lab, 0, 3, 3, DUR_SECONDS(3));
    uint64_t record = add_record(&lab->nodes[0], LARGE_BYTES);
    sim_run(lab->world, DUR_MINUTES(1));
    assert_int_equal(member_count(&lab->nodes[0]), 3);
    assert_int_equal(member_count(&lab->nodes[3]), 1);
    assert_false(has_record(&lab->nodes[3], record));
    assert_true(cluster_stats(lab->nodes[0].cluster)->secrets_refused > 0);
    lab_free(lab);
}

static void without_the_key_nothing_is_heard(void **state)
{
    (void)state;
    refuse_the_last_one(use_keys_last_one_wrong);
    refuse_the_last_one(use_keys_last_one_none);
}

static void reload_keys(struct node *n, const char *first, const char *second)
{
    struct err err = ERR_INIT;
    put_keys(n, first, second);
    assert_true(cluster_reload_keys(n->cluster, &err));
}

// The new key is added everywhere, then moved to the front everywhere, then the old one goes.
static void keys_change_without_a_pause(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct lab *lab = start_with(&(struct sim_options){.seed = 12}, 3, use_keys);
    wait_members(lab, 0, 3, 3, DUR_SECONDS(3));
    const char *steps[][2] = {{KEY_A, KEY_B}, {KEY_B, KEY_A}, {KEY_B, NULL}};
    for (size_t step = 0; step < ARRAY_LEN(steps); step++) {
        for (size_t i = 0; i < 3; i++) {
            reload_keys(&lab->nodes[i], steps[step][0], steps[step][1]);
            wait_record(lab, 0, 3, add_record(&lab->nodes[i], 0), DUR_SECONDS(3));
            wait_record(lab, 0, 3, add_record(&lab->nodes[i], LARGE_BYTES), DUR_SECONDS(3));
        }
    }
    sim_disk_put(lab->nodes[0].machine, "/keys", S("AAAA\n")); // a bad file changes nothing
    assert_false(cluster_reload_keys(lab->nodes[0].cluster, &err));
    check_err(&err, "cannot use the keys in /keys: line 1: key size must be 16, 24 or 32 bytes");
    wait_record(lab, 0, 3, add_record(&lab->nodes[0], 0), DUR_SECONDS(3));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(cluster_stats(lab->nodes[i].cluster)->secrets_refused, 0);
        assert_int_equal(cluster_stats(lab->nodes[i].cluster)->peers_left, 0);
    }
    lab_free(lab);
}

// ---- storms --------------------------------------------------------------------------------

static void storm(void (*on_options)(struct node *, struct cluster_options *), uint64_t seed)
{
    struct lab *lab =
        start_with(&(struct sim_options){.seed = seed, .loss_percent = 5, .duplicate_percent = 5},
                   5, on_options);
    for (int i = 0; i < 40; i++) {
        struct node *n = &lab->nodes[sim_random_below(lab->world, 5)];
        uint64_t dice = sim_random_below(lab->world, 10);
        if (!n->cluster) {
            sim_node_restart(n->machine);
            node_start(n, n->name);
        } else if (dice == 0) {
            node_crash(n);
        } else if (dice == 1) {
            sim_partition(lab->world, "0 1 | 2 3 4");
        } else if (dice == 2) {
            sim_heal(lab->world);
        } else {
            add_record(n, dice < 6 ? 0 : LARGE_BYTES);
        }
        sim_run(lab->world, DUR_MS((int64_t)sim_random_below(lab->world, 4000)));
    }
    sim_heal(lab->world);
    for (size_t i = 0; i < 5; i++) {
        if (lab->nodes[i].cluster)
            continue;
        sim_node_restart(lab->nodes[i].machine);
        node_start(&lab->nodes[i], lab->nodes[i].name);
    }
    wait_members(lab, 0, 5, 5, DUR_MINUTES(2));
    wait_record(lab, 0, 5, add_record(&lab->nodes[0], 0), DUR_SECONDS(10));
    lab_free(lab);
}

static void storms_pass(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        storm(use_tls, seed);
        storm(use_keys, seed);
        storm(use_both, seed);
    }
}

int test_secret(void);
int test_secret(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_over_tls),
        cmocka_unit_test(a_life_encrypted),
        cmocka_unit_test(a_life_over_tls_and_encrypted),
        cmocka_unit_test(a_stranger_stays_alone),
        cmocka_unit_test(one_that_is_cut_off_delays_nobody),
        cmocka_unit_test(frozen_and_thawed_is_no_member_lost),
        cmocka_unit_test(without_the_key_nothing_is_heard),
        cmocka_unit_test(keys_change_without_a_pause),
        cmocka_unit_test(storms_pass),
    };
    return run_group("secret", tests);
}
