// SPDX-License-Identifier: Apache-2.0
// The options of a cluster: defaults, checks, and what follows from them: name and addresses.
#include "base/core/alloc.h"
#include "base/text/unicode.h"
#include "gossip/advertise.h"
#include "gossip/cluster_state.h"

struct cluster_options cluster_options_default(void)
{
    return (struct cluster_options){
        .bind_addr = S("0.0.0.0:9094"),
        .peer_timeout = DUR_SECONDS(15),
        .peers_resolve_timeout = DUR_SECONDS(15),
        .gossip_interval = DUR_MS(200),
        .pushpull_interval = DUR_MINUTES(1),
        .tcp_timeout = DUR_SECONDS(10),
        .probe_timeout = DUR_MS(500),
        .probe_interval = DUR_SECONDS(1),
        .settle_timeout = DUR_MINUTES(1),
        .reconnect_interval = DUR_SECONDS(10),
        .reconnect_timeout = DUR_HOURS(6),
    };
}

// 48 bits of Unix milliseconds and 80 random ones, in Crockford's base32: names sort by age.
static str new_ulid(struct env *env, struct arena *mem)
{
    static const char DIGITS[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t high = (uint64_t)(env_now(env) / 1000000) << 16 | (uint16_t)env_random(env);
    uint64_t low = env_random(env);
    char text[26];
    for (size_t i = sizeof(text); i-- > 0;) {
        text[i] = DIGITS[low & 31];
        low = low >> 5 | high << 59;
        high >>= 5;
    }
    return arena_str(mem, str_from(text, sizeof(text)));
}

static bool check_durations(const struct cluster_options *o, struct err *err)
{
    const struct {
        const char *name;
        dur_ns value;
    } CHECKS[] = {
        {"PeerTimeout", o->peer_timeout},
        {"PeersResolveTimeout", o->peers_resolve_timeout},
        {"GossipInterval", o->gossip_interval},
        {"PushPullInterval", o->pushpull_interval},
        {"TCPTimeout", o->tcp_timeout},
        {"ProbeTimeout", o->probe_timeout},
        {"ProbeInterval", o->probe_interval},
        {"ReconnectInterval", o->reconnect_interval},
        {"PeerReconnectTimeout", o->reconnect_timeout},
    };
    for (size_t i = 0; i < ARRAY_LEN(CHECKS); i++) {
        if (CHECKS[i].value <= 0)
            return err_set(err, ERR_INVALID, "%s must be positive when clustering is enabled",
                           CHECKS[i].name);
    }
    return true;
}

static bool refuse_label(str label, struct err *err)
{
    defer(buf_done) struct buf quoted = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&quoted, label);
    return err_set(err, ERR_INVALID, "create memberlist: could not use %.*s as a label: too long",
                   STR(buf_str(&quoted)));
}

bool options_take(struct cluster *c, const struct cluster_options *o, struct err *err)
{
    if (!check_durations(o, err))
        return false;
    if (o->label.n > CLUSTER_LABEL_BYTES_MAX)
        return refuse_label(o->label, err);
    if (o->peer_name.n > CLUSTER_NAME_BYTES_MAX)
        return err_set(err, ERR_INVALID, "peer name is too long: %zu > %d", o->peer_name.n,
                       CLUSTER_NAME_BYTES_MAX);
    c->options = *o;
    c->options.peers = NULL; // peers.c has its own copy
    c->options.tls = NULL;   // only for the start
    c->options.encryption_key_file = arena_str(&c->mem, o->encryption_key_file);
    c->options.label = arena_str(&c->mem, o->label);
    c->options.peer_name =
        o->peer_name.n ? arena_str(&c->mem, o->peer_name) : new_ulid(c->env, &c->mem);
    struct cluster_interface *own =
        arena_array(&c->mem, struct cluster_interface, o->interface_count);
    for (size_t i = 0; i < o->interface_count; i++)
        own[i] = o->interfaces[i];
    c->options.interfaces = own;
    return true;
}

static void warn_unparsable(const struct cluster *c, const char *which, str host)
{
    defer(buf_done) struct buf text = {0};
    buf_printf(&text, "couldn't deduce an advertise address: failed to parse %s addr '%.*s'", which,
               STR(host));
    log_write(&c->log, LOG_WARN, LOG_WHERE, buf_str(&text), LOG_ATTRS());
}

// The address to listen on. A host that is no IP listens everywhere, as upstream does.
bool options_bind(struct cluster *c, str *ret_host, struct addr *ret, struct err *err)
{
    uint16_t port;
    if (!hostport_split(c->options.bind_addr, ret_host, &port, err)) {
        if (str_find_str(err_str(err), S(": invalid port")) == STR_NONE)
            err_wrap(err, "invalid listen address");
        return false;
    }
    struct addr bind;
    if (!addr_parse_ip(*ret_host, &bind)) {
        bind = (struct addr){.ip_bytes = 4};
        if (ret_host->n > 0)
            warn_unparsable(c, "bind", *ret_host);
    }
    bind.port = port;
    *ret = addr_normal(bind);
    return true;
}

// An address that the flag gives; ip_bytes 0: none, but the port counts if there is one.
bool options_advertise(const struct cluster *c, struct addr *ret, struct err *err)
{
    str host;
    uint16_t port;
    *ret = (struct addr){0};
    if (c->options.advertise_addr.n == 0)
        return true;
    if (!hostport_split(c->options.advertise_addr, &host, &port, err)) {
        if (str_find_str(err_str(err), S(": invalid port")) == STR_NONE)
            err_wrap(err, "invalid advertise address");
        return false;
    }
    struct addr a = {0};
    if (host.n && !addr_parse_ip(host, &a)) {
        warn_unparsable(c, "advertise", host);
        return err_set(err, ERR_INVALID,
                       "create memberlist: failed to get final advertise address: failed to parse "
                       "advertise address \"%.*s\"",
                       STR(host));
    }
    a.port = port;
    *ret = host.n ? addr_normal(a) : a;
    return true;
}

// For a node that listens everywhere. Upstream refuses to start only for 0.0.0.0 itself; for others
// it goes on with an address that nobody can reach.
bool advertise_find(struct cluster *c, str bind_host, struct addr *ret, struct err *err)
{
    const struct cluster_options *o = &c->options;
    bool may_be_public = o->allow_insecure_public_advertise;
    if (advertise_discover(o->interfaces, o->interface_count, false, ret) ||
        (may_be_public && advertise_discover(o->interfaces, o->interface_count, true, ret))) {
        defer(buf_done) struct buf ip = {0};
        buf_put_ip(&ip, ret);
        log_info(&c->log, "setting advertise address explicitly", LOG_STR("addr", buf_str(&ip)));
        return true;
    }
    log_warn(&c->log, "couldn't deduce an advertise address",
             LOG_C("err", may_be_public
                              ? "no private/public IP found, explicit advertise addr not provided"
                              : "no private IP found, explicit advertise addr not provided"));
    if (str_eq(bind_host, S("0.0.0.0")))
        return err_set(err, ERR_NOT_FOUND,
                       "no private IP address found, and explicit IP not provided");
    *ret = (struct addr){.ip_bytes = 4};
    return true;
}

void advertise_warn(struct cluster *c, const struct addr *advertise)
{
    if (!peers_have_unlike(c) || (!addr_is_unspecified(advertise) && !addr_is_loopback(advertise)))
        return;
    defer(buf_done) struct buf addr = {0};
    buf_put_ip(&addr, advertise);
    log_warn(&c->log, "this node advertises itself on an unroutable address",
             LOG_STR("addr", buf_str(&addr)));
    log_warn(&c->log, "this node will be unreachable in the cluster");
    log_warn(&c->log, "provide --cluster.advertise-address as a routable IP address or hostname");
}
