// SPDX-License-Identifier: Apache-2.0
// Clusters of 1 to 100 members under loss, crashes, freezes, partitions, late DNS and noise.
#include "tests/sim/gossip/lab.h"

// ---- forming -------------------------------------------------------------------------------

static void three_find_each_other_and_agree_on_their_places(void **state)
{
    (void)state;
    struct lab *lab = lab_start(&(struct sim_options){.seed = 1}, 3);
    wait_members(lab, 0, 3, 3, DUR_SECONDS(2));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(cluster_position(lab->nodes[i].cluster), i);
        assert_false(lab->nodes[i].is_ready);
    }
    sim_run(lab->world, DUR_SECONDS(12));
    for (size_t i = 0; i < 3; i++) {
        const struct cluster_stats *s = cluster_stats(lab->nodes[i].cluster);
        assert_true(lab->nodes[i].is_ready && cluster_is_ready(lab->nodes[i].cluster));
        assert_true(lab->nodes[i].member_events > 0);
        assert_int_equal(s->failed_peers, 0);
        assert_int_equal(s->peers_joined, 3);
        assert_int_equal(s->peer_count, 3);
        assert_int_equal(s->packets_refused + s->streams_refused, 0);
    }
    lab_free(lab);
}

static void one_alone_is_ready_and_leaves_at_once(void **state)
{
    (void)state;
    struct lab *lab = lab_new(&(struct sim_options){.seed = 2}, 1);
    struct node *n = &lab->nodes[0];
    node_start(n, "");
    assert_int_equal(cluster_self_name(n->cluster).n, 26); // a ULID
    sim_run(lab->world, DUR_SECONDS(11));
    assert_true(n->is_ready);
    cluster_leave(n->cluster, DUR_SECONDS(10), node_on_left, n);
    assert_false(n->is_left); // never from inside the call
    sim_run(lab->world, DUR_MS(300));
    assert_true(n->is_left);
    assert_int_equal(n->left_code, ERR_NONE);
    lab_free(lab);
}

static void a_hundred_converge(void **state)
{
    (void)state;
    struct lab *lab = lab_start(&(struct sim_options){.seed = 3}, 100);
    wait_members(lab, 0, 100, 100, DUR_SECONDS(30));
    uint64_t record = add_record(&lab->nodes[42], 0);
    wait_record(lab, 0, 100, record, DUR_SECONDS(10));
    sim_run(lab->world, DUR_MINUTES(2));
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(cluster_stats(lab->nodes[i].cluster)->peers_left, 0);
    lab_free(lab);
}

static void joins_through_names_that_appear_late(void **state)
{
    (void)state;
    struct lab *lab = lab_new(&(struct sim_options){.seed = 4}, 3);
    lab->peers[lab->peer_count++] = S("alertmanager:9094");
    for (size_t i = 0; i < 3; i++)
        node_start(&lab->nodes[i], lab->nodes[i].name);
    sim_run(lab->world, DUR_SECONDS(30));
    assert_int_equal(member_count(&lab->nodes[0]), 1);
    assert_true(lab->nodes[0].is_ready); // nobody to wait for
    sim_dns_set_ips(lab->world, "alertmanager", "10.0.0.1 10.0.0.2 10.0.0.3");
    wait_members(lab, 0, 3, 3, DUR_SECONDS(20));
    // A name server that fails later does not matter: the last answer stays.
    sim_dns_set(lab->world, "alertmanager", DNS_ADDR,
                &(struct sim_dns_answer){.fate = SIM_DNS_FAILS});
    node_crash(&lab->nodes[2]);
    wait_members(lab, 0, 2, 2, DUR_SECONDS(15));
    sim_node_restart(lab->nodes[2].machine);
    node_start(&lab->nodes[2], "2b");
    wait_members(lab, 0, 3, 3, DUR_SECONDS(20));
    lab_free(lab);
}

static void an_address_that_does_not_answer_delays_nobody(void **state)
{
    (void)state;
    struct lab *lab = lab_new(&(struct sim_options){.seed = 5}, 3);
    lab_list_peers(lab);
    sim_node_freeze(lab->nodes[0].machine); // accepts connections, says nothing
    node_start(&lab->nodes[1], "1");
    node_start(&lab->nodes[2], "2");
    wait_members(lab, 1, 3, 2, DUR_SECONDS(1));
    assert_int_equal(cluster_stats(lab->nodes[1].cluster)->failed_peers, 1);
    lab_free(lab);
}

static void check_refused(struct env *env, struct cluster_options o, const char *want)
{
    struct err err = ERR_INIT;
    assert_null(cluster_new(env, &o, &err));
    check_err(&err, want);
}

// A peer whose port is none is one that nobody knows; a port alone may be advertised.
static void options_that_are_odd(void **state)
{
    (void)state;
    struct sim_world *w = sim_world_new(&(struct sim_options){.seed = 18});
    struct env *env = sim_node_env(sim_node_new(w, "0", "10.0.0.1"));
    struct cluster_options o = cluster_options_default();
    const str peers[] = {S("10.0.0.2:x"), S("10.0.0.2:"), S("name:99999")};
    struct err err = ERR_INIT;
    o.bind_addr = S("10.0.0.1:9094");
    o.advertise_addr = S(":7");
    o.peers = peers;
    o.peer_count = ARRAY_LEN(peers);
    struct cluster *c = cluster_new(env, &o, &err);
    assert_non_null(c);
    struct addr self = cluster_self_addr(c), want = {.ip = {10, 0, 0, 1}, .ip_bytes = 4, .port = 7};
    assert_true(addr_eq(&self, &want));
    cluster_join(c);
    cluster_settle(c);
    sim_run(w, DUR_SECONDS(30));
    assert_true(cluster_is_ready(c));
    const struct cluster_stats *stats = cluster_stats(c);
    assert_int_equal(stats->failed_peers, 0);
    assert_int_equal(stats->peers[0].alive_messages, 1); // its own
    cluster_free(c);
    sim_world_free(w);
}

static void options_that_cannot_be(void **state)
{
    (void)state;
    struct sim_world *w = sim_world_new(&(struct sim_options){.seed = 17});
    struct sim_node *machine = sim_node_new(w, "0", "10.0.0.1");
    struct env *env = sim_node_env(machine);
    struct cluster_options good = cluster_options_default(), o;
    str peer = S("no-port");
    char long_label[CLUSTER_LABEL_BYTES_MAX + 1], want_label[400];
    memset(long_label, 'x', sizeof(long_label));
    snprintf(want_label, sizeof(want_label),
             "create memberlist: could not use \"%.256s\" as a label: too long", long_label);
    good.bind_addr = S("10.0.0.1:9094");
    o = good, o.bind_addr = S("9094");
    check_refused(env, o, "invalid listen address: address 9094: missing port in address");
    o = good, o.bind_addr = S("10.0.0.1:x");
    check_refused(env, o,
                  "address 10.0.0.1:x: invalid port: strconv.Atoi: parsing \"x\": invalid syntax");
    o = good, o.advertise_addr = S("10.0.0.1");
    check_refused(env, o, "invalid advertise address: address 10.0.0.1: missing port in address");
    o = good, o.advertise_addr = S("host:9094");
    check_refused(env, o,
                  "create memberlist: failed to get final advertise address: failed to parse "
                  "advertise address \"host\"");
    o = good, o.peers = &peer, o.peer_count = 1;
    check_refused(env, o,
                  "resolve peers: split host/port for peer no-port: address no-port: missing port "
                  "in address");
    o = good, o.bind_addr = S("0.0.0.0:9094");
    check_refused(env, o, "no private IP address found, and explicit IP not provided");
    o = good, o.probe_timeout = 0;
    check_refused(env, o, "ProbeTimeout must be positive when clustering is enabled");
    o = good, o.label = str_from(long_label, sizeof(long_label));
    check_refused(env, o, want_label);
    assert_int_equal(sim_node_open_count(machine), 0);

    struct cluster_interface own = {.prefix_bits = 24, .is_up = true};
    assert_true(addr_parse_ip(S("10.0.0.1"), &own.addr));
    o = good, o.bind_addr = S(":9094"), o.interfaces = &own, o.interface_count = 1;
    struct err err = ERR_INIT;
    struct cluster *c = cluster_new(env, &o, &err);
    assert_non_null(c);
    struct addr self = cluster_self_addr(c), want = sim_node_addr(machine, 9094);
    assert_true(addr_eq(&self, &want));
    assert_null(cluster_new(env, &good, &err));
    assert_int_equal(err.code, ERR_NETWORK); // the address is taken
    assert_true(str_starts(err_str(&err),
                           S("create memberlist: could not set up network transport: failed to "
                             "obtain an address: failed to start TCP listener on \"10.0.0.1\" port "
                             "9094: ")));
    cluster_free(c);
    sim_world_free(w);
}

// ---- failing and coming back ---------------------------------------------------------------

static void a_crash_is_noticed_and_a_new_name_replaces_the_old_one(void **state)
{
    (void)state;
    struct lab *lab = lab_start(&(struct sim_options){.seed = 6}, 3);
    wait_members(lab, 0, 3, 3, DUR_SECONDS(5));
    sim_run(lab->world, DUR_SECONDS(20));
    node_crash(&lab->nodes[1]);
    sim_run(lab->world, DUR_SECONDS(9));
    for (size_t i = 0; i < 3; i += 2) {
        assert_int_equal(member_count(&lab->nodes[i]), 2);
        assert_int_equal(cluster_stats(lab->nodes[i].cluster)->failed_peers, 1);
        assert_int_equal(cluster_stats(lab->nodes[i].cluster)->peers_left, 1);
    }
    sim_node_restart(lab->nodes[1].machine);
    node_start(&lab->nodes[1], "again");
    wait_members(lab, 0, 3, 3, DUR_SECONDS(3));
    sim_run(lab->world, DUR_MINUTES(2));
    assert_int_equal(cluster_stats(lab->nodes[0].cluster)->failed_peers, 0);
    assert_int_equal(member_count(&lab->nodes[0]), 3);
    lab_free(lab);
}

static void a_restart_under_the_same_name_refutes_what_is_said_about_it(void **state)
{
    (void)state;
    struct lab *lab = lab_start(&(struct sim_options){.seed = 7}, 3);
    sim_run(lab->world, DUR_SECONDS(20));
    uint64_t record = add_record(&lab->nodes[0], 0);
    node_crash(&lab->nodes[1]);
    sim_run(lab->world, DUR_SECONDS(12)); // declared dead
    sim_node_restart(lab->nodes[1].machine);
    node_start(&lab->nodes[1], "1");
    wait_members(lab, 0, 3, 3, DUR_SECONDS(3));
    wait_record(lab, 0, 3, record, DUR_SECONDS(3));
    lab_free(lab);
}

static void leaving_is_not_failing(void **state)
{
    (void)state;
    struct lab *lab = lab_start(&(struct sim_options){.seed = 8}, 3);
    sim_run(lab->world, DUR_SECONDS(20));
    struct node *n = &lab->nodes[2];
    uint64_t last_words = add_record(n, 0);
    uint64_t large_last_words = add_record(n, 50000);
    cluster_leave(n->cluster, DUR_SECONDS(10), node_on_left, n);
    sim_run(lab->world, DUR_SECONDS(2));
    assert_true(n->is_left);
    assert_int_equal(n->left_code, ERR_NONE);
    node_free(n);
    wait_record(lab, 0, 2, last_words, DUR_MS(1));
    wait_record(lab, 0, 2, large_last_words, DUR_MS(1));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(member_count(&lab->nodes[i]), 2);
        assert_int_equal(cluster_stats(lab->nodes[i].cluster)->failed_peers, 0);
    }
    lab_free(lab);
}

static void leaving_when_all_others_are_gone_ends_with_the_timeout(void **state)
{
    (void)state;
    struct lab *lab = lab_start(&(struct sim_options){.seed = 9}, 3);
    sim_run(lab->world, DUR_SECONDS(20));
    sim_partition(lab->world, "0 | 1 2");
    cluster_leave(lab->nodes[0].cluster, DUR_SECONDS(10), node_on_left, &lab->nodes[0]);
    sim_run(lab->world, DUR_SECONDS(11));
    assert_true(lab->nodes[0].is_left);
    lab_free(lab);
}

static void a_pause_heals_with_what_was_missed(void **state)
{
    (void)state;
    struct lab *lab = lab_start(&(struct sim_options){.seed = 10}, 3);
    sim_run(lab->world, DUR_SECONDS(20));
    sim_node_freeze(lab->nodes[2].machine);
    sim_run(lab->world, DUR_SECONDS(3));
    uint64_t record = 0;
    for (int i = 0; i < 50; i++)
        record = add_record(&lab->nodes[0], 0);
    sim_run(lab->world, DUR_MS(2500));
    assert_true(suspect_count(&lab->nodes[0]) + 3 - member_count(&lab->nodes[0]) > 0);
    sim_node_thaw(lab->nodes[2].machine);
    wait_record(lab, 0, 3, record, DUR_SECONDS(5));
    wait_members(lab, 0, 3, 3, DUR_SECONDS(15));
    sim_run(lab->world, DUR_SECONDS(10));
    assert_int_equal(suspect_count(&lab->nodes[0]), 0);
    assert_int_equal(lab->nodes[2].record_count, 50);
    lab_free(lab);
}

static void a_partition_heals(void **state)
{
    (void)state;
    struct lab *lab = lab_start(&(struct sim_options){.seed = 11}, 5);
    sim_run(lab->world, DUR_SECONDS(20));
    sim_partition(lab->world, "0 1 | 2 3 4");
    sim_run(lab->world, DUR_MINUTES(10));
    assert_int_equal(member_count(&lab->nodes[0]), 2);
    assert_int_equal(member_count(&lab->nodes[4]), 3);
    uint64_t left = add_record(&lab->nodes[0], 0), right = add_record(&lab->nodes[4], 0);
    sim_run(lab->world, DUR_SECONDS(5));
    assert_false(has_record(&lab->nodes[0], right));
    sim_heal(lab->world);
    wait_members(lab, 0, 5, 5, DUR_SECONDS(30));
    wait_record(lab, 0, 5, left, DUR_SECONDS(10));
    wait_record(lab, 0, 5, right, DUR_SECONDS(10));
    lab_free(lab);
}

// ---- updates -------------------------------------------------------------------------------

static void small_updates_reach_every_member_by_gossip_alone(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct lab *lab = lab_start(&(struct sim_options){.seed = seed}, 10);
        sim_run(lab->world, DUR_SECONDS(15));
        uint64_t first = 0, last = 0;
        for (int i = 0; i < 1000; i++) { // a storm: more than fits into many packets
            last = add_record(&lab->nodes[i % 10], 60);
            first = first ? first : last;
        }
        sim_run(lab->world, DUR_SECONDS(20)); // no push/pull is due for most of them
        for (uint64_t number = first; number <= last; number++)
            wait_record(lab, 0, 10, number, 0);
        lab_free(lab);
    }
}

static void large_updates_do_not_wait_for_a_member_that_hangs(void **state)
{
    (void)state;
    struct lab *lab = lab_start(&(struct sim_options){.seed = 12}, 4);
    sim_run(lab->world, DUR_SECONDS(15));
    sim_node_freeze(lab->nodes[3].machine);
    uint64_t record = 0;
    for (int i = 0; i < 5; i++)
        record = add_record(&lab->nodes[0], 100000);
    wait_record(lab, 0, 3, record, DUR_SECONDS(1));
    sim_run(lab->world, DUR_SECONDS(2));
    sim_node_thaw(lab->nodes[3].machine);
    wait_record(lab, 0, 4, record, DUR_SECONDS(15));
    const struct cluster_stats *s = cluster_stats(lab->nodes[0].cluster);
    assert_int_equal(s->channels[0].oversize_dropped, 0);
    assert_true(s->channels[0].oversize_sent >= 10);
    lab_free(lab);
}

static void states_and_updates_of_megabytes_pass(void **state)
{
    (void)state;
    struct lab *lab = lab_new(&(struct sim_options){.seed = 16}, 3);
    lab_list_peers(lab);
    lab->nodes[0].ballast_bytes = 3000000;
    for (size_t i = 0; i < 3; i++)
        node_start(&lab->nodes[i], lab->nodes[i].name);
    wait_record(lab, 1, 3, BALLAST, DUR_SECONDS(5));
    wait_members(lab, 0, 3, 3, DUR_SECONDS(5));
    uint64_t record = add_record(&lab->nodes[1], 4000000);
    wait_record(lab, 0, 3, record, DUR_SECONDS(5));
    // More than a record may have: only a full state could carry it.
    add_record(&lab->nodes[1], CHANNEL_UPDATE_BYTES_MAX);
    assert_int_equal(cluster_stats(lab->nodes[1].cluster)->channels[0].oversize_dropped, 1);
    lab_free(lab);
}

// ---- long states ---------------------------------------------------------------------------

#define LONG_STATE_RECORDS 1000

// One node with half a megabyte of records that no update carries, and another one that has yet to
// learn them.
static struct lab *lab_with_long_state(uint64_t seed, void (*spoil)(struct buf *state))
{
    struct lab *lab = lab_new(&(struct sim_options){.seed = seed}, 2);
    struct node *rich = &lab->nodes[0];
    lab_list_peers(lab);
    node_start(rich, "0");
    rich->filling_bytes = 500;
    rich->spoil = spoil;
    while (rich->record_count < LONG_STATE_RECORDS)
        rich->records[rich->record_count++] = ++lab->next_record;
    sim_run(lab->world, DUR_SECONDS(1));
    node_start(&lab->nodes[1], "1");
    return lab;
}

static bool has_some_records(void *node)
{
    return ((const struct node *)node)->record_count > 0;
}

static void a_long_state_is_merged_over_several_turns(void **state)
{
    (void)state;
    struct lab *lab = lab_with_long_state(17, NULL);
    struct node *poor = &lab->nodes[1];
    size_t before = 0;
    assert_true(sim_run_until(lab->world, has_some_records, poor, DUR_SECONDS(2)));
    while (poor->record_count < LONG_STATE_RECORDS) {
        assert_true(poor->record_count - before < LONG_STATE_RECORDS / 5);
        before = poor->record_count;
        assert_true(sim_step(lab->world));
    }
    assert_false(poor->is_ready);
    lab_free(lab);
}

static void cut_last_byte(struct buf *state)
{
    if (state->n > 0)
        state->n--;
}

static void a_long_state_that_is_cut_changes_nothing(void **state)
{
    (void)state;
    struct lab *lab = lab_with_long_state(18, cut_last_byte);
    wait_members(lab, 0, 2, 2, DUR_SECONDS(5));
    sim_run(lab->world, DUR_SECONDS(30));
    assert_int_equal(lab->nodes[1].record_count, 0);
    assert_true(lab->nodes[1].is_ready);
    lab_free(lab);
}

static void add_bad_record(struct buf *state)
{
    buf_put(state, S("\1x")); // no number
}

static void one_bad_record_does_not_refuse_a_long_state(void **state)
{
    (void)state;
    struct lab *lab = lab_with_long_state(19, add_bad_record);
    wait_record(lab, 0, 2, LONG_STATE_RECORDS / 2, DUR_SECONDS(5));
    sim_run(lab->world, DUR_SECONDS(30));
    assert_true(lab->nodes[1].is_ready);
    lab_free(lab);
}

// A node may be gone while it merges: nothing is left over.
static void a_crash_amid_a_long_state(void **state)
{
    (void)state;
    struct lab *lab = lab_with_long_state(20, NULL);
    struct node *poor = &lab->nodes[1];
    assert_true(sim_run_until(lab->world, has_some_records, poor, DUR_SECONDS(2)));
    assert_true(poor->record_count < LONG_STATE_RECORDS);
    node_crash(poor);
    sim_run(lab->world, DUR_SECONDS(1));
    lab_free(lab);
}

static void updates_survive_heavy_loss_without_false_alarms(void **state)
{
    (void)state;
    struct lab *lab = lab_start(&(struct sim_options){.seed = 13, .loss_percent = 30}, 5);
    wait_members(lab, 0, 5, 5, DUR_SECONDS(20));
    uint64_t record = 0;
    for (int minute = 0; minute < 10; minute++) {
        record = add_record(&lab->nodes[minute % 5], 0);
        sim_run(lab->world, DUR_MINUTES(1));
    }
    sim_run(lab->world, DUR_MINUTES(3)); // push/pull catches what is left
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(lab->nodes[i].record_count, 10);
        assert_int_equal(cluster_stats(lab->nodes[i].cluster)->peers_left, 0);
    }
    wait_record(lab, 0, 5, record, 0);
    lab_free(lab);
}

// ---- hostile ------------------------------------------------------------------------------

struct attacker {
    struct env *env;
    struct udp *udp;
    struct addr victim;
};

static void ignore_datagram(void *owner, const struct addr *from, str datagram)
{
    (void)owner;
    (void)from;
    (void)datagram;
}

static void on_attack_open(void *owner)
{
    (void)owner;
}

static void on_attack_data(void *owner, str data)
{
    (void)owner;
    (void)data;
}

static void on_attack_close(void *owner, const struct err *why)
{
    (void)why;
    *(bool *)owner = true;
}

static const struct stream_events ATTACK_EVENTS = {on_attack_open, on_attack_data, on_attack_close};

static void noise_and_silent_connections_do_no_harm(void **state)
{
    (void)state;
    struct lab *lab = lab_start(&(struct sim_options){.seed = 14}, 3);
    struct sim_node *machine = sim_node_new(lab->world, "evil", "10.0.1.1");
    struct attacker a = {.env = sim_node_env(machine),
                         .victim = sim_node_addr(lab->nodes[0].machine, PORT)};
    struct addr any = {.ip_bytes = 4, .port = PORT};
    enum { STREAMS = 300 };
    static bool is_closed[STREAMS];
    a.udp = env_udp_open(a.env, &any, ignore_datagram, NULL, NULL, NULL);
    for (int i = 0; i < STREAMS; i++) {
        is_closed[i] = false;
        env_dial(a.env, &a.victim, &ATTACK_EVENTS, &is_closed[i]);
    }
    for (int i = 0; i < 2000; i++) {
        char noise[64];
        for (size_t k = 0; k < sizeof(noise); k++)
            noise[k] = (char)sim_random(lab->world);
        noise[0] = (char)(i % 16);
        env_udp_send(a.env, a.udp, &a.victim, str_from(noise, 1 + (size_t)(i % 60)));
        sim_run(lab->world, DUR_MS(1));
    }
    const struct cluster_stats *s = cluster_stats(lab->nodes[0].cluster);
    assert_true(s->packets_refused > 500);
    assert_true(s->streams_open <= 256);
    sim_run(lab->world, DUR_SECONDS(15)); // silent connections are closed after the tcp timeout
    assert_true(cluster_stats(lab->nodes[0].cluster)->streams_open < 5);
    for (int i = 0; i < STREAMS; i++)
        assert_true(is_closed[i]);
    assert_int_equal(member_count(&lab->nodes[0]), 3);
    assert_int_equal(cluster_stats(lab->nodes[0].cluster)->peers_left, 0);
    env_udp_close(a.env, a.udp);
    lab_free(lab);
}

static void the_same_seed_gives_the_same_run(void **state)
{
    (void)state;
    uint64_t hashes[2];
    for (int i = 0; i < 2; i++) {
        struct lab *lab = lab_start(&(struct sim_options){.seed = 15, .loss_percent = 10}, 5);
        sim_run(lab->world, DUR_SECONDS(30));
        add_record(&lab->nodes[1], 0);
        node_crash(&lab->nodes[2]);
        sim_run(lab->world, DUR_MINUTES(2));
        hashes[i] = sim_trace_hash(lab->world);
        lab_free(lab);
    }
    assert_true(hashes[0] == hashes[1]);
}

int test_cluster(void);
int test_cluster(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_find_each_other_and_agree_on_their_places),
        cmocka_unit_test(one_alone_is_ready_and_leaves_at_once),
        cmocka_unit_test(options_that_are_odd),
        cmocka_unit_test(options_that_cannot_be),
        cmocka_unit_test(joins_through_names_that_appear_late),
        cmocka_unit_test(an_address_that_does_not_answer_delays_nobody),
        cmocka_unit_test(a_crash_is_noticed_and_a_new_name_replaces_the_old_one),
        cmocka_unit_test(a_restart_under_the_same_name_refutes_what_is_said_about_it),
        cmocka_unit_test(leaving_is_not_failing),
        cmocka_unit_test(leaving_when_all_others_are_gone_ends_with_the_timeout),
        cmocka_unit_test(a_pause_heals_with_what_was_missed),
        cmocka_unit_test(a_partition_heals),
        cmocka_unit_test(small_updates_reach_every_member_by_gossip_alone),
        cmocka_unit_test(large_updates_do_not_wait_for_a_member_that_hangs),
        cmocka_unit_test(states_and_updates_of_megabytes_pass),
        cmocka_unit_test(a_long_state_is_merged_over_several_turns),
        cmocka_unit_test(a_long_state_that_is_cut_changes_nothing),
        cmocka_unit_test(one_bad_record_does_not_refuse_a_long_state),
        cmocka_unit_test(a_crash_amid_a_long_state),
        cmocka_unit_test(updates_survive_heavy_loss_without_false_alarms),
        cmocka_unit_test(noise_and_silent_connections_do_no_harm),
        cmocka_unit_test(the_same_seed_gives_the_same_run),
        cmocka_unit_test(a_hundred_converge),
    };
    return run_group("cluster", tests);
}
