// SPDX-License-Identifier: Apache-2.0
#include "base/io/dns.h"

#include <netdb.h>

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/core/map.h"

struct dns {
    struct env_uv *env;
    struct resolver *resolver;
    struct map table;    // struct lookup by kind and name
    struct list waiting; // lookups that are not yet on the network
    struct list queries; // struct dns_query
    uint32_t outstanding;
    uint32_t libc_count;
    uint64_t seed;
};

// One caller's interest in a lookup. Its timer first stands for the caller's timeout; when the
// answer is there it is moved to "now", so that callbacks come from the loop, never from c-ares.
struct dns_query {
    struct lookup *lookup;
    struct list link;     // lookup.queries
    struct list all_link; // dns.queries
    struct timer timer;
    dns_fn *fn;
    void *owner;
};

struct question {
    str name;
    enum dns_kind kind;
};

// ---- lookups -------------------------------------------------------------------------------

static bool lookup_matches(const void *item, const void *key)
{
    const struct lookup *l = item;
    const struct question *q = key;
    return l->kind == q->kind && str_eq_nocase(str_c(l->name), q->name);
}

static uint64_t question_hash(const struct dns *dns, const struct question *q)
{
    defer(buf_done) struct buf lower = {0};
    buf_put_lower(&lower, q->name);
    return hash_mix(hash_seeded(dns->seed, buf_str(&lower)), (uint64_t)q->kind);
}

static void lookup_unref(struct lookup *l)
{
    if (--l->refs)
        return;
    list_remove(&l->link);
    arena_done(&l->mem);
    mem_free(l->name);
    mem_free(l);
}

static void table_remove(struct lookup *l)
{
    if (!l->is_in_table)
        return;
    map_remove_item(&l->dns->table, l->hash, l);
    l->is_in_table = false;
    lookup_unref(l);
}

static struct lookup *lookup_new(struct dns *dns, const struct question *q)
{
    struct lookup *l = mem_new(struct lookup);
    l->dns = dns;
    l->name = mem_dup(q->name);
    l->kind = q->kind;
    l->hash = question_hash(dns, q);
    list_init(&l->queries);
    return l;
}

// Makes room: what has expired, else the oldest answers.
static void table_shrink(struct dns *dns, mono_ns now)
{
    map_each (struct lookup, l, &dns->table) {
        if (l->is_done && l->expires <= now)
            table_remove(l);
    }
    map_each (struct lookup, l, &dns->table) {
        if (l->is_done && dns->table.count > DNS_LOOKUPS_MAX / 2)
            table_remove(l);
    }
}

static void table_insert(struct lookup *l)
{
    map_insert(&l->dns->table, l->hash, l);
    l->is_in_table = true;
    l->refs++;
}

struct dns_record *lookup_add(struct lookup *l, size_t count_max)
{
    count_max = MIN(count_max, DNS_RECORDS_MAX);
    if (!l->records)
        l->records = arena_array(&l->mem, struct dns_record, count_max);
    return l->count < count_max ? &l->records[l->count++] : NULL;
}

static void lookup_done(struct lookup *l, dur_ns ttl)
{
    mono_ns now = (mono_ns)uv_hrtime();
    l->is_done = true;
    l->expires = add_saturated(now, ttl);
    list_each (node, &l->queries) {
        struct dns_query *q = list_item(node, struct dns_query, link);
        timer_queue_set(&l->dns->env->timers, &q->timer, now);
    }
    if (ttl == 0)
        table_remove(l);
}

// Puts waiting lookups on the network. Answers may come before resolver_ask returns.
static void dns_pump(struct dns *dns)
{
    while (dns->outstanding < DNS_OUTSTANDING_MAX && !dns->env->is_closing) {
        struct list *node = list_take_first(&dns->waiting);
        if (!node)
            return;
        struct lookup *l = list_item(node, struct lookup, link);
        dns->outstanding++;
        dns->env->counts.dns_queries++;
        l->is_on_network = true;
        l->refs++;
        resolver_ask(dns->resolver, l);
    }
}

static void lookup_left_network(struct lookup *l)
{
    struct dns *dns = l->dns;
    assert(l->is_on_network);
    l->is_on_network = false;
    dns->outstanding--;
    lookup_unref(l);
    dns_pump(dns);
}

void lookup_answered(struct lookup *l, dur_ns ttl)
{
    bool is_address = l->kind == DNS_ADDR || l->kind == DNS_A || l->kind == DNS_AAAA;
    l->code = ERR_NONE;
    lookup_done(l, is_address ? CLAMP(ttl, DNS_TTL_MIN, DNS_TTL_MAX) : 0);
    lookup_left_network(l);
}

static void lookup_set_error(struct lookup *l, enum err_code code, const char *why)
{
    const char *server = resolver_server(l->dns->resolver);
    l->code = code;
    snprintf(l->text, sizeof(l->text), "lookup %s%s%s: %s", l->name, *server ? " on " : "", server,
             why);
}

// ---- libc, the last resort -----------------------------------------------------------------

static void on_libc_answer(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct lookup *l = req->data;
    struct dns *dns = l->dns;
    dns->libc_count--;
    size_t count = 0;
    for (const struct addrinfo *a = list; a; a = a->ai_next)
        count++;
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        struct dns_record *r = lookup_add(l, count);
        if (r && !addr_from_os(a->ai_addr, &r->addr))
            l->count--;
    }
    uv_freeaddrinfo(list);
    if (status == 0)
        l->code = ERR_NONE;
    else if (status == UV_EAI_NONAME || status == UV_EAI_NODATA)
        lookup_set_error(l, ERR_NOT_FOUND, "no such host");
    lookup_done(l, status == 0 ? DNS_TTL_LIBC : 0); // other failures keep c-ares' words
    lookup_left_network(l);
}

static bool libc_ask(struct lookup *l)
{
    struct dns *dns = l->dns;
    if (dns->libc_count >= DNS_LIBC_MAX || dns->env->is_closing || dns->env->options.resolv_conf)
        return false;
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_family = l->kind == DNS_A      ? AF_INET
                     : l->kind == DNS_AAAA ? AF_INET6
                                           : AF_UNSPEC,
    };
    l->libc_request.data = l;
    if (uv_getaddrinfo(&dns->env->loop, &l->libc_request, on_libc_answer, l->name, NULL, &hints))
        return false;
    dns->libc_count++;
    return true;
}

void lookup_failed(struct lookup *l, enum err_code code, const char *why, bool is_final)
{
    bool is_address = l->kind == DNS_ADDR || l->kind == DNS_A || l->kind == DNS_AAAA;
    lookup_set_error(l, code, why);
    if (!is_final && is_address && libc_ask(l))
        return;
    lookup_done(l, code == ERR_NOT_FOUND ? DNS_TTL_UNKNOWN : 0);
    lookup_left_network(l);
}

// ---- queries -------------------------------------------------------------------------------

static void query_remove(struct dns_query *q)
{
    timer_queue_cancel(&q->lookup->dns->env->timers, &q->timer);
    list_remove(&q->link);
    list_remove(&q->all_link);
    lookup_unref(q->lookup);
    mem_free(q);
}

static void on_query_timer(void *owner)
{
    struct dns_query *q = owner;
    struct lookup *l = q->lookup;
    dns_fn *fn = q->fn;
    void *fn_owner = q->owner;
    struct err err = ERR_INIT;
    l->refs++; // the records must outlive the callback
    query_remove(q);
    if (!l->is_done) {
        err_set(&err, ERR_TIMEOUT, "lookup %s: i/o timeout", l->name);
        fn(fn_owner, NULL, 0, &err);
    } else {
        if (l->code != ERR_NONE)
            err_set(&err, l->code, "%s", l->text);
        fn(fn_owner, l->records, l->code == ERR_NONE ? l->count : 0, &err);
    }
    // A lookup that nobody waits for any more keeps its place in the line: its answer is
    // remembered for whoever asks again.
    lookup_unref(l);
}

static void lookup_refuse(struct lookup *l, enum err_code code, const char *why)
{
    l->is_done = true;
    l->code = code;
    snprintf(l->text, sizeof(l->text), "lookup %.*s: %s", DNS_NAME_BYTES_MAX, l->name, why);
}

// An address is its own answer.
static bool lookup_is_literal(struct lookup *l)
{
    struct addr addr;
    if (l->kind == DNS_SRV || l->kind == DNS_MX || !addr_parse_ip(str_c(l->name), &addr))
        return false;
    l->is_done = true;
    bool is_wanted = l->kind == DNS_ADDR || (l->kind == DNS_A) == (addr.ip_bytes == 4);
    if (is_wanted)
        lookup_add(l, 1)->addr = addr;
    return true;
}

static struct lookup *lookup_get(struct dns *dns, str name, enum dns_kind kind)
{
    mono_ns now = (mono_ns)uv_hrtime();
    struct question q = {name, kind};
    struct lookup *l = map_find(&dns->table, question_hash(dns, &q), lookup_matches, &q);
    if (l && l->is_done && l->expires <= now) {
        table_remove(l);
        l = NULL;
    }
    if (l)
        return l;
    l = lookup_new(dns, &q);
    if (lookup_is_literal(l))
        return l;
    if (name.n == 0 || name.n > DNS_NAME_BYTES_MAX || str_find(name, '\0') != STR_NONE) {
        lookup_refuse(l, ERR_NOT_FOUND, "no such host");
        return l;
    }
    if (dns->table.count >= DNS_LOOKUPS_MAX)
        table_shrink(dns, now);
    if (dns->table.count >= DNS_LOOKUPS_MAX) {
        lookup_refuse(l, ERR_LIMIT, "too many lookups at once");
        return l;
    }
    table_insert(l);
    list_append(&dns->waiting, &l->link);
    return l;
}

struct dns_query *dns_resolve(struct env *env, str name, enum dns_kind kind, dur_ns timeout,
                              dns_fn *fn, void *owner)
{
    struct dns *dns = env_uv_of(env)->dns;
    struct dns_query *q = mem_new(struct dns_query);
    q->fn = fn;
    q->owner = owner;
    timer_init(&q->timer, on_query_timer, q);
    struct lookup *l = q->lookup = lookup_get(dns, name, kind);
    l->refs++;
    list_append(&l->queries, &q->link);
    list_append(&dns->queries, &q->all_link);
    mono_ns now = (mono_ns)uv_hrtime();
    if (l->is_done)
        timer_queue_set(&dns->env->timers, &q->timer, now);
    else if (timeout > 0)
        timer_queue_set(&dns->env->timers, &q->timer, add_saturated(now, timeout));
    dns_pump(dns);
    return q;
}

void dns_cancel(struct dns_query *q)
{
    query_remove(q);
}

// ---- life ----------------------------------------------------------------------------------

struct dns *dns_new(struct env_uv *e)
{
    struct dns *dns = mem_new(struct dns);
    dns->env = e;
    dns->seed = rand_u64(&e->rand);
    list_init(&dns->waiting);
    list_init(&dns->queries);
    dns->resolver = resolver_new(e);
    return dns;
}

bool dns_is_busy(const struct dns *dns)
{
    return dns->libc_count > 0;
}

void dns_free(struct dns *dns)
{
    if (!dns)
        return;
    while (!list_is_empty(&dns->queries))
        query_remove(list_item(dns->queries.next, struct dns_query, all_link));
    resolver_free(dns->resolver); // ends what is on the network
    map_each (struct lookup, l, &dns->table)
        table_remove(l);
    map_done(&dns->table);
    mem_free(dns);
}
