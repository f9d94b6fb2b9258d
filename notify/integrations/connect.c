// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/connect.h"

#include "base/core/alloc.h"

#define ADDRESSES_MAX       16             // of one name; more are not tried
#define ADDRESS_TIMEOUT_MIN DUR_SECONDS(2) // Go's dialer gives none less, while there is time

static void release(struct connecting *c)
{
    env_timer_cancel(c->env, &c->timer);
    env_resolve_cancel(c->env, c->query);
    env_stream_close(c->env, c->stream);
    mem_free(c->addrs);
    c->query = NULL;
    c->stream = NULL;
    c->addrs = NULL;
}

void connecting_cancel(struct connecting *c)
{
    release(c);
}

static void end_failed(struct connecting *c)
{
    struct err why = c->why;
    release(c);
    c->on_fail(c->owner, &why);
}

// ---- one address after the other ----------------------------------------------------------------

static void try_next(struct connecting *c);

static void on_open(void *owner)
{
    struct connecting *c = owner;
    struct stream *stream = take(&c->stream);
    release(c);
    c->on_open(c->owner, stream);
}

static void address_failed(struct connecting *c, const struct err *why)
{
    if (c->why.code == ERR_NONE)
        c->why = *why;
    if (c->next < c->addr_count && env_mono(c->env) < c->give_up_at)
        try_next(c);
    else
        end_failed(c);
}

static void on_close(void *owner, const struct err *why)
{
    struct connecting *c = owner;
    struct err end = *why;
    if (end.code == ERR_NONE)
        err_set(&end, ERR_NETWORK, "EOF");
    c->stream = NULL;
    address_failed(c, &end);
}

// An owner that hears of the opening takes the stream over before any data comes.
static const struct stream_events EVENTS = {.on_open = on_open, .on_close = on_close};

static void on_timer(void *owner)
{
    struct connecting *c = owner;
    struct err why = ERR_INIT;
    if (!c->stream) { // it has failed in the start
        end_failed(c);
        return;
    }
    defer(buf_done) struct buf at = {0};
    buf_put_addr(&at, &c->addrs[c->next - 1]);
    err_set(&why, ERR_TIMEOUT, "dial tcp %.*s: i/o timeout", STR(buf_str(&at)));
    env_stream_close(c->env, take(&c->stream));
    address_failed(c, &why);
}

static void try_next(struct connecting *c)
{
    const struct addr *to = &c->addrs[c->next];
    dur_ns left = sub_saturated(c->give_up_at, env_mono(c->env));
    dur_ns share = MAX(left / (dur_ns)(c->addr_count - c->next), ADDRESS_TIMEOUT_MIN);
    c->next++;
    env_timer_after(c->env, &c->timer, MIN(share, left));
    c->stream = c->tls ? env_dial_tls(c->env, to, c->tls, S(""), &EVENTS, c)
                       : env_dial(c->env, to, &EVENTS, c);
}

// ---- names --------------------------------------------------------------------------------------

static void on_resolved(void *owner, const struct dns_record *records, size_t count,
                        const struct err *why)
{
    struct connecting *c = owner;
    c->query = NULL;
    if (why->code != ERR_NONE)
        err_set(&c->why, why->code, "dial tcp: %.*s", STR(err_str(why)));
    else if (count == 0)
        err_set(&c->why, ERR_NOT_FOUND, "dial tcp: lookup: no such host");
    if (c->why.code != ERR_NONE) {
        end_failed(c);
        return;
    }
    c->addr_count = MIN(count, ADDRESSES_MAX);
    c->addrs = mem_array(struct addr, c->addr_count);
    for (size_t i = 0; i < c->addr_count; i++) {
        c->addrs[i] = records[i].addr;
        c->addrs[i].port = c->port;
    }
    try_next(c);
}

static bool parse_port(str text, uint16_t *ret, struct err *err)
{
    static const struct {
        const char *name;
        uint16_t port;
    } SERVICES[] = {{"smtp", 25}, {"smtps", 465}, {"submission", 587}, {"submissions", 465}};
    uint64_t number;
    for (size_t i = 0; i < ARRAY_LEN(SERVICES); i++) {
        if (str_eq_nocase(text, str_c(SERVICES[i].name))) {
            *ret = SERVICES[i].port;
            return true;
        }
    }
    if (!str_to_u64(text, &number))
        return err_set(err, ERR_INVALID, "dial tcp: lookup tcp/%.*s: unknown port", STR(text));
    if (number > UINT16_MAX)
        return err_set(err, ERR_INVALID, "dial tcp: address %.*s: invalid port", STR(text));
    *ret = (uint16_t)number;
    return true;
}

void connecting_start(struct connecting *c, str host, str port)
{
    c->query = NULL;
    c->addrs = NULL;
    c->stream = NULL;
    c->addr_count = c->next = 0;
    err_clear(&c->why);
    timer_init(&c->timer, on_timer, c);
    if (!parse_port(port, &c->port, &c->why)) {
        env_timer_after(c->env, &c->timer, 0);
        return;
    }
    c->query = env_resolve(c->env, host.n ? host : S("127.0.0.1"), DNS_ADDR,
                           sub_saturated(c->give_up_at, env_mono(c->env)), on_resolved, c);
}
