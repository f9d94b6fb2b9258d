// SPDX-License-Identifier: Apache-2.0
#include "base/io/dns.h"

#include <dirent.h>
#include <fcntl.h>

#include "tests/unit/base/io/web.h"

// ---- a name server on loopback -------------------------------------------------------------

enum { TYPE_A = 1, TYPE_MX = 15, TYPE_AAAA = 28, TYPE_SRV = 33 };

struct names {
    struct loop l;
    struct folder folder;
    char conf[128];
    struct udp *udp;
    struct addr addr;
    int questions;
    int silent; // questions for "dead…", left without an answer
    int ttl_s;
    uint8_t last_byte; // of the first address given
};

// "a.b" from the wire form behind the header.
static str question_name(str message, char text[256], size_t *ret_end)
{
    size_t at = 12;
    size_t n = 0;
    while (at < message.n && message.p[at]) {
        size_t label = (uint8_t)message.p[at];
        if (n)
            text[n++] = '.';
        memcpy(text + n, message.p + at + 1, label);
        n += label;
        at += label + 1;
    }
    *ret_end = at + 1;
    return str_from(text, n);
}

static void put_u16(struct buf *b, unsigned x)
{
    buf_put_c(b, (char)(x >> 8));
    buf_put_c(b, (char)x);
}

static void put_name(struct buf *b, str name)
{
    while (name.n) {
        str label, rest;
        str_cut(name, '.', &label, &rest);
        buf_put_c(b, (char)label.n);
        buf_put(b, label);
        name = rest;
    }
    buf_put_c(b, 0);
}

static void put_record(struct buf *b, int type, int ttl_s, str data)
{
    put_u16(b, 0xc00c); // the name of the question
    put_u16(b, (unsigned)type);
    put_u16(b, 1);
    put_u16(b, 0);
    put_u16(b, (unsigned)ttl_s);
    put_u16(b, (unsigned)data.n);
    buf_put(b, data);
}

static int put_answers(struct buf *b, const struct names *n, str name, int type)
{
    defer(buf_done) struct buf data = {0};
    if (!str_starts(name, S("known")) && !str_starts(name, S("short.search")))
        return 0;
    switch (type) {
    case TYPE_A:
        put_record(b, type, n->ttl_s, str_from((uint8_t[]){10, 1, 2, n->last_byte}, 4));
        put_record(b, type, n->ttl_s, str_from((uint8_t[]){10, 1, 2, 99}, 4));
        return 2;
    case TYPE_AAAA:
        put_record(b, type, n->ttl_s, str_from((uint8_t[]){0xfd, [15] = 1}, 16));
        return 1;
    case TYPE_SRV:
        for (unsigned i = 1; i <= 2; i++) {
            buf_clear(&data);
            put_u16(&data, 10 * i);
            put_u16(&data, 5);
            put_u16(&data, 9090 + i);
            put_name(&data, i == 1 ? S("one.test") : S("two.test"));
            put_record(b, type, n->ttl_s, buf_str(&data));
        }
        return 2;
    case TYPE_MX:
        put_u16(&data, 7);
        put_name(&data, S("mail.test"));
        put_record(b, type, n->ttl_s, buf_str(&data));
        return 1;
    default:
        return 0;
    }
}

static void on_question(void *owner, const struct addr *from, str message)
{
    struct names *n = owner;
    char text[256];
    size_t end;
    str name = question_name(message, text, &end);
    int type = (uint8_t)message.p[end + 1];
    n->questions++;
    if (str_starts(name, S("dead"))) {
        n->silent++;
        return;
    }
    int code = str_starts(name, S("unknown")) || str_starts(name, S("short.elsewhere")) ? 3
               : str_starts(name, S("broken")) || str_starts(name, S("0x"))             ? 2
                                                                                        : 0;
    defer(buf_done) struct buf answers = {0};
    int count = put_answers(&answers, n, name, type);
    defer(buf_done) struct buf reply = {0};
    buf_put(&reply, str_slice(message, 0, 2));
    put_u16(&reply, 0x8180 | (unsigned)code);
    put_u16(&reply, 1);
    put_u16(&reply, (unsigned)count);
    put_u16(&reply, 0);
    put_u16(&reply, 0);
    buf_put(&reply, str_slice(message, 12, end + 4));
    buf_put(&reply, buf_str(&answers));
    env_udp_send(n->l.env, n->udp, from, buf_str(&reply));
}

static void names_write_conf(struct names *n, const char *extra)
{
    char text[256], server[ADDR_TEXT_BYTES];
    struct addr a = n->addr;
    addr_text(&a, server);
    *strchr(server, ':') = '\0';
    int bytes = snprintf(text, sizeof(text), "nameserver %s\n%s", server, extra);
    int fd = open(n->conf, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_int_equal(write(fd, text, (size_t)bytes), bytes);
    close(fd);
}

static void names_init(struct names *n)
{
    *n = (struct names){.ttl_s = 60, .last_byte = 3};
    folder_init(&n->folder);
    snprintf(n->conf, sizeof(n->conf), "%s/resolv.conf", n->folder.path);
    loop_init_with(&n->l, &(struct env_uv_options){.resolv_conf = n->conf});
    struct addr any = loop_addr();
    struct err err = ERR_INIT;
    n->udp = env_udp_open(n->l.env, &any, on_question, n, &n->addr, &err);
    assert_non_null(n->udp);
    env_uv_of(n->l.env)->options.dns_port = n->addr.port;
    names_write_conf(n, "options timeout:1 attempts:1\n");
}

static void names_done(struct names *n)
{
    env_udp_close(n->l.env, n->udp);
    loop_done(&n->l);
    folder_done(&n->folder);
}

// ---- noting answers ------------------------------------------------------------------------

struct found {
    int count;
    struct err err;
    struct buf text; // "10.1.2.3:0 " or "one.test:9091/10/5 "
};

static void on_found(void *owner, const struct dns_record *records, size_t count,
                     const struct err *err)
{
    struct found *f = owner;
    f->count++;
    f->err = *err;
    buf_clear(&f->text);
    for (size_t i = 0; i < count; i++) {
        if (records[i].addr.ip_bytes)
            buf_put_addr(&f->text, &records[i].addr);
        else
            buf_printf(&f->text, "%.*s:%u/%u/%u", STR(records[i].target), records[i].port,
                       records[i].priority, records[i].weight);
        buf_put_c(&f->text, ' ');
    }
}

static void ask(struct names *n, const char *name, enum dns_kind kind, struct found *f)
{
    int before = f->count;
    env_resolve(n->l.env, str_c(name), kind, DUR_SECONDS(30), on_found, f);
    assert_int_equal(f->count, before); // also for what is known already
    loop_wait(&n->l, &f->count, before + 1);
}

// ---- tests ---------------------------------------------------------------------------------

static void every_kind_of_record_is_found(void **state)
{
    (void)state;
    struct names n;
    names_init(&n);
    struct found f = {0};
    ask(&n, "known.test", DNS_A, &f);
    assert_true(str_eq(buf_str(&f.text), S("10.1.2.3:0 10.1.2.99:0 ")) ||
                str_eq(buf_str(&f.text), S("10.1.2.99:0 10.1.2.3:0 "))); // RFC 6724 may sort
    ask(&n, "known.test", DNS_AAAA, &f);
    check_str(buf_str(&f.text), S("[fd00::1]:0 "));
    ask(&n, "known.test", DNS_ADDR, &f);
    assert_true(str_find_str(buf_str(&f.text), S("10.1.2.3:0 ")) != STR_NONE);
    assert_true(str_find_str(buf_str(&f.text), S("[fd00::1]:0 ")) != STR_NONE);
    ask(&n, "known.test", DNS_SRV, &f);
    check_str(buf_str(&f.text), S("one.test:9091/10/5 two.test:9092/20/5 "));
    ask(&n, "known.test", DNS_MX, &f);
    check_str(buf_str(&f.text), S("mail.test:0/7/0 "));
    buf_done(&f.text);
    names_done(&n);
}

static void addresses_and_the_hosts_file_need_no_server(void **state)
{
    (void)state;
    struct names n;
    names_init(&n);
    struct found f = {0};
    ask(&n, "10.9.8.7", DNS_ADDR, &f);
    check_str(buf_str(&f.text), S("10.9.8.7:0 "));
    ask(&n, "fd00::7", DNS_AAAA, &f);
    check_str(buf_str(&f.text), S("[fd00::7]:0 "));
    ask(&n, "fd00::7", DNS_A, &f);
    check_str(buf_str(&f.text), S(""));
    assert_int_equal(f.err.code, ERR_NONE);
    ask(&n, "localhost", DNS_A, &f);
    check_str(buf_str(&f.text), S("127.0.0.1:0 "));
    assert_int_equal(n.questions, 0);
    ask(&n, "", DNS_ADDR, &f);
    assert_int_equal(f.err.code, ERR_NOT_FOUND);
    ask(&n, "a\nb..c", DNS_ADDR, &f);
    assert_true(f.err.code != ERR_NONE);
    buf_done(&f.text);
    names_done(&n);
}

static void failures_tell_unknown_from_broken(void **state)
{
    (void)state;
    struct names n;
    names_init(&n);
    struct found f = {0};
    char want[256];
    ask(&n, "unknown.test", DNS_ADDR, &f);
    assert_int_equal(f.err.code, ERR_NOT_FOUND);
    snprintf(want, sizeof(want), "lookup unknown.test on 127.0.0.1:%u: no such host", n.addr.port);
    check_err(&f.err, want);
    ask(&n, "unknown.test", DNS_SRV, &f);
    assert_int_equal(f.err.code, ERR_NOT_FOUND);
    ask(&n, "empty.test", DNS_A, &f);
    assert_int_equal(f.err.code, ERR_NONE);
    check_str(buf_str(&f.text), S(""));
    ask(&n, "empty.test", DNS_SRV, &f);
    assert_int_equal(f.err.code, ERR_NONE);
    ask(&n, "broken.test", DNS_SRV, &f);
    assert_int_equal(f.err.code, ERR_NETWORK);
    buf_done(&f.text);
    names_done(&n);
}

// libc reads hexadecimal addresses, c-ares asks the network for them: a name that only libc knows.
static void libc_is_asked_where_the_network_is_broken(void **state)
{
    (void)state;
    struct names n;
    names_init(&n);
    struct found f = {0};
    ask(&n, "0x7f000001", DNS_ADDR, &f); // not for a resolv.conf of one's own
    assert_int_equal(f.err.code, ERR_NETWORK);
    env_uv_of(n.l.env)->options.resolv_conf = NULL;
    ask(&n, "0x7f000001", DNS_ADDR, &f);
    assert_int_equal(f.err.code, ERR_NONE);
    check_str(buf_str(&f.text), S("127.0.0.1:0 "));
    int questions = n.questions;
    ask(&n, "0x7f000001", DNS_ADDR, &f); // remembered
    check_str(buf_str(&f.text), S("127.0.0.1:0 "));
    assert_int_equal(n.questions, questions);
    env_resolve(n.l.env, S("0x7f000002"), DNS_A, 0, on_found, &f); // libc may be at work at the end
    loop_wait(&n.l, &n.questions, questions + 1);
    buf_done(&f.text);
    names_done(&n);
}

static void equal_questions_share_a_lookup_and_answers_are_kept(void **state)
{
    (void)state;
    struct names n;
    names_init(&n);
    struct found f = {0};
    for (int i = 0; i < 100; i++)
        env_resolve(n.l.env, i % 2 ? S("known.test") : S("KNOWN.test"), DNS_A, 0, on_found, &f);
    loop_wait(&n.l, &f.count, 100);
    assert_int_equal(n.questions, 1);
    ask(&n, "known.test", DNS_A, &f);
    assert_int_equal(n.questions, 1);
    for (int i = 0; i < 10; i++) // services are asked for each time
        env_resolve(n.l.env, S("known.test"), DNS_SRV, 0, on_found, &f);
    loop_wait(&n.l, &f.count, 111);
    ask(&n, "known.test", DNS_SRV, &f);
    assert_int_equal(n.questions, 3);

    n.ttl_s = 1;
    n.last_byte = 4;
    ask(&n, "known2.test", DNS_A, &f);
    assert_true(str_find_str(buf_str(&f.text), S("10.1.2.4:0")) != STR_NONE);
    n.last_byte = 5;
    loop_run_for(&n.l, DUR_MS(1100)); // its second is over
    ask(&n, "known2.test", DNS_A, &f);
    assert_true(str_find_str(buf_str(&f.text), S("10.1.2.5:0")) != STR_NONE);
    buf_done(&f.text);
    names_done(&n);
}

static void search_domains_count(void **state)
{
    (void)state;
    struct names n;
    names_init(&n);
    names_write_conf(&n, "search elsewhere.test search.test\noptions attempts:1\n");
    struct found f = {0};
    ask(&n, "short", DNS_A, &f);
    assert_true(str_find_str(buf_str(&f.text), S("10.1.2.3:0")) != STR_NONE);
    buf_done(&f.text);
    names_done(&n);
}

static void timeouts_and_cancels_end_a_query(void **state)
{
    (void)state;
    struct names n;
    names_init(&n);
    struct found f = {0}, never = {0};
    struct dns_query *q = env_resolve(n.l.env, S("dead.test"), DNS_A, 0, on_found, &never);
    env_resolve(n.l.env, S("dead.test"), DNS_A, DUR_MS(30), on_found, &f);
    loop_wait(&n.l, &f.count, 1);
    assert_int_equal(f.err.code, ERR_TIMEOUT);
    check_err(&f.err, "lookup dead.test: i/o timeout");
    env_resolve_cancel(n.l.env, q);
    q = env_resolve(n.l.env, S("10.0.0.1"), DNS_A, 0, on_found, &never);
    env_resolve_cancel(n.l.env, q);
    loop_run_for(&n.l, DUR_MS(20));
    assert_int_equal(never.count, 0);
    // Without a timeout of its own, the server's is what ends it.
    ask(&n, "dead2.test", DNS_A, &f);
    assert_int_equal(f.err.code, ERR_TIMEOUT);
    env_resolve(n.l.env, S("dead3.test"), DNS_A, 0, on_found, &never); // dropped by the end
    buf_done(&f.text);
    names_done(&n);
    assert_int_equal(never.count, 0);
}

static void at_most_so_many_questions_are_on_the_network(void **state)
{
    (void)state;
    struct names n;
    names_init(&n);
    struct found f = {0};
    for (int i = 0; i < 400; i++) {
        char name[32];
        snprintf(name, sizeof(name), "dead%d.test", i);
        env_resolve(n.l.env, str_c(name), DNS_A, 0, on_found, &f);
    }
    loop_wait(&n.l, &n.silent, DNS_OUTSTANDING_MAX);
    loop_run_for(&n.l, DUR_MS(50));
    assert_int_equal(n.silent, DNS_OUTSTANDING_MAX);
    loop_wait(&n.l, &f.count, 400); // the rest had its turn
    buf_done(&f.text);
    names_done(&n);
}

static void a_changed_resolv_conf_is_noticed(void **state)
{
    (void)state;
    struct names n;
    names_init(&n);
    struct found f = {0}, slow = {0};
    ask(&n, "known.test", DNS_A, &f);
    assert_int_equal(n.questions, 1);
    loop_run_for(&n.l, DNS_CONF_CHECK); // it is not looked at more often
    env_resolve(n.l.env, S("dead.test"), DNS_A, 0, on_found, &slow); // keeps the old channel busy
    loop_wait(&n.l, &n.silent, 1);

    struct udp *first = n.udp;
    struct addr elsewhere = {.ip = {127, 0, 0, 2}, .ip_bytes = 4, .port = n.addr.port};
    struct err err = ERR_INIT;
    n.udp = env_udp_open(n.l.env, &elsewhere, on_question, &n, &n.addr, &err);
    assert_non_null(n.udp);
    env_udp_close(n.l.env, first);
    names_write_conf(&n, "options timeout:1 attempts:1\n# moved\n");
    loop_run_for(&n.l, DNS_CONF_CHECK);
    ask(&n, "known3.test", DNS_A, &f);
    assert_int_equal(f.err.code, ERR_NONE);
    loop_wait(&n.l, &slow.count, 1); // the old one had its answer or its timeout
    buf_done(&f.text);
    names_done(&n);
}

static int thread_count(void)
{
    int count = 0;
    DIR *d = opendir("/proc/self/task");
    while (readdir(d))
        count++;
    closedir(d);
    return count - 2;
}

// curl's own resolver would start a thread for each.
static void requests_to_unknown_names_start_no_threads(void **state)
{
    (void)state;
    struct names n;
    names_init(&n);
    struct answer a = {0};
    int before = thread_count();
    enum { COUNT = 500 };
    for (int i = 0; i < COUNT; i++) {
        char url[64];
        snprintf(url, sizeof(url), "http://%s%d.test/", i % 2 ? "unknown" : "dead", i);
        struct http_request request = {.url = str_c(url), .timeout = DUR_SECONDS(20)};
        env_http(n.l.env, &request, on_answer, &a);
    }
    loop_wait(&n.l, &n.silent, 10);
    assert_int_equal(thread_count(), before);
    loop_wait(&n.l, &a.count, COUNT);
    assert_int_equal(thread_count(), before);
    struct http_request request = {.url = S("http://unknown.test/")};
    env_http(n.l.env, &request, on_answer, &a);
    loop_wait(&n.l, &a.count, COUNT + 1);
    char want[256];
    snprintf(want, sizeof(want), "dial tcp: lookup unknown.test on 127.0.0.1:%u: no such host",
             n.addr.port);
    check_err(&a.err, want);
    answer_done(&a);
    names_done(&n);
}

int test_dns(void);
int test_dns(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_record_is_found),
        cmocka_unit_test(addresses_and_the_hosts_file_need_no_server),
        cmocka_unit_test(failures_tell_unknown_from_broken),
        cmocka_unit_test(libc_is_asked_where_the_network_is_broken),
        cmocka_unit_test(equal_questions_share_a_lookup_and_answers_are_kept),
        cmocka_unit_test(search_domains_count),
        cmocka_unit_test(timeouts_and_cancels_end_a_query),
        cmocka_unit_test(at_most_so_many_questions_are_on_the_network),
        cmocka_unit_test(a_changed_resolv_conf_is_noticed),
        cmocka_unit_test(requests_to_unknown_names_start_no_threads),
    };
    return run_group("base/io/dns", tests);
}
