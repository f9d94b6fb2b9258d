// SPDX-License-Identifier: Apache-2.0
// Datagrams, links, partitions, DNS.
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"

// ---- datagrams -----------------------------------------------------------------------------

struct inbox {
    struct env *env;
    struct udp *udp;
    int count;
    int last, overtaken;
    struct addr from;
};

static void on_datagram(void *owner, const struct addr *from, str datagram)
{
    struct inbox *in = owner;
    int number;
    assert_int_equal(datagram.n, sizeof(number));
    memcpy(&number, datagram.p, sizeof(number));
    in->overtaken += number < in->last;
    in->last = number;
    in->from = *from;
    in->count++;
}

static struct addr port(uint16_t p)
{
    return (struct addr){.ip_bytes = 4, .port = p};
}

static void inbox_open(struct inbox *in, struct sim_node *node)
{
    struct err err = ERR_INIT;
    struct addr bind = port(9094);
    *in = (struct inbox){.env = sim_node_env(node), .last = -1};
    in->udp = env_udp_open(in->env, &bind, on_datagram, in, NULL, &err);
    assert_non_null(in->udp);
}

static void send_numbers(struct sim_world *w, struct inbox *from, struct sim_node *to, int count)
{
    struct addr target = sim_node_addr(to, 9094);
    for (int i = 0; i < count; i++) {
        env_udp_send(from->env, from->udp, &target, str_from(&i, sizeof(i)));
        sim_run(w, DUR_US(100));
    }
    sim_run(w, DUR_SECONDS(1));
}

struct pair {
    struct sim_world *w;
    struct sim_node *a, *b;
};

static struct pair pair_new(const struct sim_options *opt)
{
    struct pair p = {.w = sim_world_new(opt)};
    p.a = sim_node_new(p.w, "a", "10.0.0.1");
    p.b = sim_node_new(p.w, "b", "10.0.0.2");
    return p;
}

static void datagrams_arrive_in_order_once(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct inbox a, b;
    inbox_open(&a, p.a);
    inbox_open(&b, p.b);
    struct addr target = sim_node_addr(p.b, 9094);
    int zero = 0;
    env_udp_send(a.env, a.udp, &target, str_from(&zero, sizeof(zero)));
    assert_int_equal(b.count, 0); // never inside the call
    send_numbers(p.w, &a, p.b, 1000);
    assert_int_equal(b.count, 1001);
    assert_int_equal(b.overtaken, 0);
    struct addr want = sim_node_addr(p.a, 9094);
    assert_true(addr_eq(&b.from, &want));
    env_udp_close(b.env, b.udp);
    send_numbers(p.w, &a, p.b, 1); // nobody there: nothing happens
    assert_int_equal(b.count, 1001);
    sim_world_free(p.w);
}

static void datagrams_get_lost_doubled_and_overtaken(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){
        .seed = 3, .loss_percent = 10, .duplicate_percent = 20, .reorder = true});
    struct inbox a, b;
    inbox_open(&a, p.a);
    inbox_open(&b, p.b);
    send_numbers(p.w, &a, p.b, 10000);
    assert_in_range(b.count, 10500, 11100); // 10000 * 1.2 * 0.9 = 10800
    assert_true(b.overtaken > 1000);
    int before = a.count;
    send_numbers(p.w, &a, p.a, 1000); // loopback is perfect
    assert_int_equal(a.count - before, 1000);
    sim_world_free(p.w);
}

static void two_sockets_cannot_share_a_port(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct inbox a;
    inbox_open(&a, p.a);
    struct err err = ERR_INIT;
    struct addr bind = sim_node_addr(p.a, 9094), bound;
    assert_null(env_udp_open(a.env, &bind, on_datagram, &a, NULL, &err));
    assert_int_equal(err.code, ERR_NETWORK);
    check_err(&err, "listen udp 10.0.0.1:9094: bind: address already in use");
    bind = sim_node_addr(p.b, 1);
    assert_null(env_udp_open(a.env, &bind, on_datagram, &a, NULL, &err));
    bind = port(0);
    struct udp *u = env_udp_open(a.env, &bind, on_datagram, &a, &bound, &err);
    assert_non_null(u);
    assert_true(bound.port >= 32768);
    env_udp_close(a.env, u);
    sim_world_free(p.w);
}

static void a_partition_has_sides_and_ends(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct sim_node *c = sim_node_new(p.w, "c", "10.0.0.3");
    struct sim_node *d = sim_node_new(p.w, "outside", "10.0.0.4");
    struct inbox in[4];
    struct sim_node *nodes[] = {p.a, p.b, c, d};
    for (int i = 0; i < 4; i++)
        inbox_open(&in[i], nodes[i]);
    sim_partition(p.w, "a | b c");
    send_numbers(p.w, &in[0], p.b, 1);
    send_numbers(p.w, &in[0], c, 1);
    assert_int_equal(in[1].count + in[2].count, 0);
    send_numbers(p.w, &in[0], d, 1); // not named
    assert_int_equal(in[3].count, 1);
    send_numbers(p.w, &in[1], c, 1); // same side
    assert_int_equal(in[2].count, 1);
    sim_partition(p.w, "a b | c");
    send_numbers(p.w, &in[0], p.b, 1);
    assert_int_equal(in[1].count, 1);
    sim_heal(p.w);
    sim_link_set(p.a, p.b, &(struct sim_link_options){.is_cut = true}); // one way
    send_numbers(p.w, &in[0], p.b, 1);
    send_numbers(p.w, &in[1], p.a, 1);
    assert_int_equal(in[1].count, 1);
    assert_int_equal(in[0].count, 1);
    sim_heal(p.w);
    send_numbers(p.w, &in[0], p.b, 1);
    assert_int_equal(in[1].count, 2);
    sim_world_free(p.w);
}

static void a_frozen_node_queues_a_bounded_number_of_datagrams(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct inbox a, b;
    inbox_open(&a, p.a);
    inbox_open(&b, p.b);
    sim_node_freeze(p.b);
    send_numbers(p.w, &a, p.b, 60000); // 240 kB; the kernel keeps 208 KiB
    assert_int_equal(b.count, 0);
    sim_node_thaw(p.b);
    sim_run(p.w, DUR_SECONDS(1));
    assert_int_equal(b.count, 212992 / 4);
    sim_world_free(p.w);
}

static void links_have_their_own_latency_and_loss(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct inbox a, b;
    inbox_open(&a, p.a);
    inbox_open(&b, p.b);
    sim_link_set(p.a, p.b,
                 &(struct sim_link_options){.latency_min = DUR_MS(50), .latency_max = DUR_MS(60)});
    struct addr target = sim_node_addr(p.b, 9094);
    int zero = 0;
    env_udp_send(a.env, a.udp, &target, str_from(&zero, sizeof(zero)));
    sim_run(p.w, DUR_MS(49));
    assert_int_equal(b.count, 0);
    sim_run(p.w, DUR_MS(12));
    assert_int_equal(b.count, 1);
    sim_link_set(p.a, p.b, &(struct sim_link_options){.loss_percent = 100});
    send_numbers(p.w, &a, p.b, 10);
    send_numbers(p.w, &b, p.a, 10);
    assert_int_equal(b.count, 1);
    assert_int_equal(a.count, 10);
    sim_link_set(p.a, p.b, NULL);
    send_numbers(p.w, &a, p.b, 10);
    assert_int_equal(b.count, 11);
    sim_world_free(p.w);
}

static void a_socket_bound_to_an_address_hears_only_that(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct inbox local = {.env = sim_node_env(p.a), .last = -1}, b;
    struct addr bind = {.ip = {127, 0, 0, 1}, .ip_bytes = 4, .port = 9094};
    local.udp = env_udp_open(local.env, &bind, on_datagram, &local, NULL, NULL);
    assert_non_null(local.udp);
    inbox_open(&b, p.b);
    send_numbers(p.w, &b, p.a, 1);
    assert_int_equal(local.count, 0);
    int zero = 0;
    env_udp_send(local.env, local.udp, &bind, str_from(&zero, sizeof(zero)));
    sim_run(p.w, DUR_SECONDS(1));
    assert_int_equal(local.count, 1);
    assert_true(addr_eq(&local.from, &bind));
    sim_world_free(p.w);
}

// ---- DNS -----------------------------------------------------------------------------------

struct lookup {
    int count;
    size_t records;
    struct dns_record first;
    char target[64];
    struct err err;
};

static void on_resolved(void *owner, const struct dns_record *records, size_t count,
                        const struct err *err)
{
    struct lookup *l = owner;
    l->count++;
    l->records = count;
    l->err = *err;
    if (count) {
        l->first = records[0];
        snprintf(l->target, sizeof(l->target), "%.*s", STR(records[0].target));
    }
}

static struct lookup lookup(struct pair *p, str name, enum dns_kind kind)
{
    struct lookup l = {0};
    env_resolve(sim_node_env(p->a), name, kind, DUR_SECONDS(5), on_resolved, &l);
    assert_int_equal(l.count, 0);
    sim_run(p->w, DUR_SECONDS(6));
    assert_int_equal(l.count, 1);
    return l;
}

static void dns_answers_fails_and_is_silent(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct lookup l = lookup(&p, S("am.example"), DNS_ADDR);
    assert_int_equal(l.err.code, ERR_NOT_FOUND);
    check_err(&l.err, "lookup am.example: no such host");
    sim_dns_set_ips(p.w, "am.example", "10.0.0.1 10.0.0.2 fd00::1");
    l = lookup(&p, S("AM.example."), DNS_ADDR);
    assert_int_equal(l.err.code, ERR_NONE);
    assert_int_equal(l.records, 3);
    assert_int_equal(lookup(&p, S("am.example"), DNS_A).records, 2);
    assert_int_equal(lookup(&p, S("am.example"), DNS_AAAA).records, 1);
    l = lookup(&p, S("am.example"), DNS_SRV); // the name exists
    assert_int_equal(l.err.code, ERR_NONE);
    assert_int_equal(l.records, 0);
    struct dns_record srv = {.target = S("n1.example"), .port = 9094};
    sim_dns_set(p.w, "_am._tcp.example", DNS_SRV,
                &(struct sim_dns_answer){.records = &srv, .count = 1});
    l = lookup(&p, S("_am._tcp.example"), DNS_SRV);
    assert_string_equal(l.target, "n1.example");
    assert_int_equal(l.first.port, 9094);
    l = lookup(&p, S("10.1.2.3"), DNS_ADDR);
    assert_int_equal(l.records, 1);
    assert_int_equal(l.first.addr.ip[3], 3);
    sim_dns_set(p.w, "am.example", DNS_ADDR, &(struct sim_dns_answer){.fate = SIM_DNS_FAILS});
    assert_int_equal(lookup(&p, S("am.example"), DNS_A).err.code, ERR_NETWORK);
    sim_dns_set(p.w, "am.example", DNS_ADDR, &(struct sim_dns_answer){.fate = SIM_DNS_SILENT});
    assert_int_equal(lookup(&p, S("am.example"), DNS_A).err.code, ERR_TIMEOUT);
    struct lookup cancelled = {0};
    env_resolve_cancel(sim_node_env(p.a), env_resolve(sim_node_env(p.a), S("am.example"), DNS_A,
                                                      DUR_SECONDS(1), on_resolved, &cancelled));
    env_resolve(sim_node_env(p.a), S("am.example"), DNS_A, DUR_SECONDS(1), on_resolved, &cancelled);
    sim_node_crash(p.a);
    sim_run(p.w, DUR_MINUTES(1));
    assert_int_equal(cancelled.count, 0);
    sim_dns_set(p.w, "am.example", DNS_ADDR, NULL);
    sim_node_restart(p.a);
    assert_int_equal(lookup(&p, S("am.example"), DNS_A).err.code, ERR_NOT_FOUND);
    sim_world_free(p.w);
}

int test_sim_net(void);
int test_sim_net(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_arrive_in_order_once),
        cmocka_unit_test(datagrams_get_lost_doubled_and_overtaken),
        cmocka_unit_test(two_sockets_cannot_share_a_port),
        cmocka_unit_test(a_partition_has_sides_and_ends),
        cmocka_unit_test(a_frozen_node_queues_a_bounded_number_of_datagrams),
        cmocka_unit_test(dns_answers_fails_and_is_silent),
        cmocka_unit_test(links_have_their_own_latency_and_loss),
        cmocka_unit_test(a_socket_bound_to_an_address_hears_only_that),
    };
    return run_group("sim_net", tests);
}
