// SPDX-License-Identifier: Apache-2.0
// DNS: one table for the whole world, reached by every machine that has power.
#include "base/core/alloc.h"
#include "tests/sim/sim_internal.h"

#define RECORDS_MAX 256 // of one name

struct sim_dns_name {
    struct list link;
    char *name;
    enum dns_kind kind;
    struct sim_dns_answer answer;
    struct arena mem; // the records
};

struct dns_query {
    struct sim_object obj;
    struct sim_event event;
    char *name;
    enum dns_kind kind;
    dur_ns timeout;
    bool is_silent;
    dns_fn *on_done;
    void *owner;
};

// ---- the table -----------------------------------------------------------------------------

static enum dns_kind table_kind(enum dns_kind kind)
{
    return kind == DNS_A || kind == DNS_AAAA ? DNS_ADDR : kind;
}

static struct sim_dns_name *find_name(struct sim_world *w, str name, enum dns_kind kind)
{
    list_each (l, &w->names) {
        struct sim_dns_name *d = list_item(l, struct sim_dns_name, link);
        if (d->kind == table_kind(kind) && str_eq_nocase(str_c(d->name), name))
            return d;
    }
    return NULL;
}

static bool is_known(struct sim_world *w, str name)
{
    return find_name(w, name, DNS_ADDR) || find_name(w, name, DNS_SRV) ||
           find_name(w, name, DNS_MX);
}

static void name_free(struct sim_dns_name *d)
{
    list_remove(&d->link);
    arena_done(&d->mem);
    mem_free(d->name);
    mem_free(d);
}

void sim_dns_set(struct sim_world *w, const char *name, enum dns_kind kind,
                 const struct sim_dns_answer *answer)
{
    struct sim_dns_name *d = find_name(w, str_c(name), kind);
    if (d)
        name_free(d);
    if (!answer)
        return;
    assert(answer->count <= RECORDS_MAX);
    d = mem_new(struct sim_dns_name);
    d->name = mem_dup(str_trim_right(str_c(name), '.'));
    d->kind = table_kind(kind);
    d->answer = *answer;
    struct dns_record *records = arena_array(&d->mem, struct dns_record, answer->count);
    for (size_t i = 0; i < answer->count; i++) {
        records[i] = answer->records[i];
        records[i].target = arena_str(&d->mem, records[i].target);
    }
    d->answer.records = records;
    list_append(&w->names, &d->link);
}

void sim_dns_set_ips(struct sim_world *w, const char *name, const char *ips)
{
    struct dns_record records[RECORDS_MAX] = {0};
    size_t count = 0;
    str rest = str_trim(str_c(ips));
    for (str ip; rest.n; rest = str_trim(rest)) {
        str_cut(rest, ' ', &ip, &rest);
        assert(count < RECORDS_MAX);
        if (!addr_parse_ip(ip, &records[count++].addr))
            panic("not an IP address: %.*s", STR(ip));
    }
    sim_dns_set(w, name, DNS_ADDR, &(struct sim_dns_answer){.records = records, .count = count});
}

void sim_dns_free(struct sim_world *w)
{
    while (!list_is_empty(&w->names))
        name_free(list_item(w->names.next, struct sim_dns_name, link));
}

// ---- queries -------------------------------------------------------------------------------

static void query_crash(struct sim_object *o)
{
    sim_event_cancel(&container_of(o, struct dns_query, obj)->event);
}

static void query_free(struct sim_object *o)
{
    struct dns_query *q = container_of(o, struct dns_query, obj);
    sim_event_cancel(&q->event);
    mem_free(q->name);
    mem_free(q);
}

static const struct sim_class QUERY = {"DNS query", query_crash, query_free};

static bool is_wanted(enum dns_kind kind, const struct dns_record *r)
{
    switch (kind) {
    case DNS_A:
        return r->addr.ip_bytes == 4;
    case DNS_AAAA:
        return r->addr.ip_bytes == 16;
    case DNS_ADDR:
    case DNS_SRV:
    case DNS_MX:
        return true;
    }
    return false;
}

// The table as it is when the answer comes.
static size_t answer(struct dns_query *q, struct dns_record *records, struct err *err)
{
    struct addr literal;
    if (table_kind(q->kind) == DNS_ADDR && addr_parse_ip(str_c(q->name), &literal)) {
        records[0] = (struct dns_record){.addr = literal};
        return is_wanted(q->kind, &records[0]);
    }
    struct sim_world *w = q->event.world;
    str name = str_trim_right(str_c(q->name), '.');
    const struct sim_dns_name *d = find_name(w, name, q->kind);
    size_t count = 0;
    if (q->is_silent)
        err_set(err, ERR_TIMEOUT, "lookup %.*s: i/o timeout", STR(name));
    else if (d && d->answer.fate == SIM_DNS_FAILS)
        err_set(err, ERR_NETWORK, "lookup %.*s: server misbehaving", STR(name));
    else if (!d && !is_known(w, name))
        err_set(err, ERR_NOT_FOUND, "lookup %.*s: no such host", STR(name));
    for (size_t i = 0; err->code == ERR_NONE && d && i < d->answer.count; i++) {
        if (is_wanted(q->kind, &d->answer.records[i]))
            records[count++] = d->answer.records[i];
    }
    return count;
}

static void on_answer(struct sim_event *ev)
{
    struct dns_query *q = container_of(ev, struct dns_query, event);
    struct dns_record *records = mem_array(struct dns_record, RECORDS_MAX);
    struct err err = ERR_INIT;
    size_t count = answer(q, records, &err);
    // The texts must outlive a table that the callback changes.
    struct arena mem = {0};
    for (size_t i = 0; i < count; i++)
        records[i].target = arena_str(&mem, records[i].target);
    dns_fn *on_done = q->on_done;
    void *owner = q->owner;
    sim_object_done(&q->obj);
    query_free(&q->obj);
    on_done(owner, records, count, &err);
    arena_done(&mem);
    mem_free(records);
}

struct dns_query *sim_resolve(struct env *e, str name, enum dns_kind kind, dur_ns timeout,
                              dns_fn *on_done, void *owner)
{
    struct sim_proc *p = sim_proc(e);
    struct sim_world *w = p->node->world;
    struct dns_query *q = mem_new(struct dns_query);
    *q = (struct dns_query){.kind = kind, .timeout = timeout, .on_done = on_done, .owner = owner};
    q->name = mem_dup(name);
    sim_object_init(&q->obj, p, &QUERY);
    sim_event_init(&q->event, w, SIM_EV_DNS, p->node, on_answer);
    if (p->is_dead)
        return q;
    const struct sim_dns_name *d = find_name(w, str_trim_right(name, '.'), kind);
    dur_ns delay = sim_between(w, w->opt.latency_min, w->opt.latency_max);
    delay += d ? d->answer.delay : 0;
    q->is_silent = (d && d->answer.fate == SIM_DNS_SILENT) || (timeout && delay > timeout);
    if (!q->is_silent)
        sim_event_after(&q->event, delay);
    else if (timeout)
        sim_event_after(&q->event, timeout);
    return q;
}

void sim_resolve_cancel(struct dns_query *q)
{
    if (q->obj.proc->is_dead)
        return;
    sim_object_done(&q->obj);
    query_free(&q->obj);
}
