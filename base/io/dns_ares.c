// SPDX-License-Identifier: Apache-2.0
// c-ares on the loop. A channel reads resolv.conf once, so a changed file means another channel;
// the old one answers what it was asked and goes.
#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <sys/stat.h>

#include "base/core/alloc.h"
#include "base/io/dns.h"
#include "base/io/files.h"

#define RESOLV_CONF       "/etc/resolv.conf"
#define CONF_BYTES_MAX    ((size_t)1 << 20)
#define TIMEOUT_S_DEFAULT 5 // per try, as libc and Go; c-ares doubles it with each try
#define TRIES_DEFAULT     2

struct channel {
    struct env_uv *env;
    ares_channel ares;
    // What c-ares waits for next; once retired and idle, the moment to die: never inside of one
    // of its own callbacks.
    struct timer timer;
    struct list link; // resolver.retired
    uint32_t outstanding;
    bool is_retired;
};

struct conf_stamp {
    uint64_t device, inode;
    int64_t bytes;
    time_ns changed;
};

struct resolver {
    struct env_uv *env;
    const char *conf_path;
    struct conf_stamp stamp;
    mono_ns checked;
    struct channel *channel;
    struct list retired; // struct channel
    char server[ADDR_TEXT_BYTES];
};

// One question's way through a channel.
struct ask {
    struct channel *channel;
    struct lookup *lookup;
};

// ---- channels ------------------------------------------------------------------------------

static void channel_wait(struct channel *c)
{
    if (c->is_retired && c->outstanding == 0) {
        timer_queue_set(&c->env->timers, &c->timer, (mono_ns)uv_hrtime());
        return;
    }
    struct timeval tv;
    if (!ares_timeout(c->ares, NULL, &tv)) {
        timer_queue_cancel(&c->env->timers, &c->timer);
        return;
    }
    dur_ns wait = DUR_SECONDS(tv.tv_sec) + DUR_US(tv.tv_usec);
    timer_queue_set(&c->env->timers, &c->timer, add_saturated((mono_ns)uv_hrtime(), wait));
}

static void channel_free(struct channel *c)
{
    if (!c)
        return;
    timer_queue_cancel(&c->env->timers, &c->timer);
    list_remove(&c->link);
    if (c->ares)
        ares_destroy(c->ares); // calls back for what is outstanding
    timer_queue_cancel(&c->env->timers, &c->timer);
    mem_free(c);
}

static void on_channel_timer(void *owner)
{
    struct channel *c = owner;
    if (c->is_retired && c->outstanding == 0) {
        channel_free(c);
        return;
    }
    ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    channel_wait(c);
}

static void on_channel_socket(void *owner, int fd, int events)
{
    struct channel *c = owner;
    bool is_broken = events & POLL_ERROR;
    ares_process_fd(c->ares, events & POLL_READ || is_broken ? fd : ARES_SOCKET_BAD,
                    events & POLL_WRITE || is_broken ? fd : ARES_SOCKET_BAD);
    channel_wait(c);
}

// c-ares calls this before it closes a socket (neither readable nor writable).
static void on_socket_state(void *owner, ares_socket_t fd, int is_readable, int is_writable)
{
    struct channel *c = owner;
    int events = (is_readable ? POLL_READ : 0) | (is_writable ? POLL_WRITE : 0);
    if (events)
        poll_set(c->env, fd, events, on_channel_socket, c);
    else
        poll_drop(c->env, fd);
}

// "options timeout:1 attempts:3": this c-ares knows them only by other names.
static void read_options(struct env_uv *e, const char *conf_path, struct ares_options *options)
{
    options->timeout = DUR_SECONDS(TIMEOUT_S_DEFAULT) / DUR_MS(1);
    options->tries = TRIES_DEFAULT;
    defer(buf_done) struct buf text = {0};
    if (!files_read(&e->env, str_c(conf_path), CONF_BYTES_MAX, &text, NULL))
        return;
    str line, word;
    for (str rest = buf_str(&text); rest.n;) {
        str_cut(rest, '\n', &line, &rest);
        str_cut(str_trim(line), ' ', &word, &line);
        if (!str_eq(word, S("options")))
            continue;
        while (line.n) {
            uint64_t number;
            str_cut(line, ' ', &word, &line);
            if (str_starts(word, S("timeout:")) && str_to_u64(str_skip(word, 8), &number))
                options->timeout = (int)CLAMP(number, 1, 30) * 1000; // libc's own maximum
            if (str_starts(word, S("attempts:")) && str_to_u64(str_skip(word, 9), &number))
                options->tries = (int)CLAMP(number, 1, 5);
        }
    }
}

static uint16_t dns_port(const struct env_uv *e)
{
    return e->options.dns_port ? e->options.dns_port : 53;
}

static struct channel *channel_new(struct env_uv *e, const char *conf_path)
{
    struct channel *c = mem_new(struct channel);
    c->env = e;
    timer_init(&c->timer, on_channel_timer, c);
    struct ares_options options = {
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = c,
        .resolvconf_path = (char *)(uintptr_t)conf_path,
        .udp_port = dns_port(e),
        .tcp_port = dns_port(e),
    };
    read_options(e, conf_path, &options);
    int rc = ares_init_options(&c->ares, &options,
                               ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF | ARES_OPT_UDP_PORT |
                                   ARES_OPT_TCP_PORT | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (rc != ARES_SUCCESS)
        c->ares = NULL;
    return c;
}

// ---- resolv.conf ---------------------------------------------------------------------------

static struct conf_stamp conf_stamp(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return (struct conf_stamp){0};
    return (struct conf_stamp){st.st_dev, st.st_ino, st.st_size,
                               DUR_SECONDS(st.st_mtim.tv_sec) + st.st_mtim.tv_nsec};
}

static bool stamps_equal(const struct conf_stamp *a, const struct conf_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
           a->changed == b->changed;
}

static void note_server(struct resolver *r)
{
    r->server[0] = '\0';
    struct ares_addr_port_node *servers = NULL;
    if (!r->channel->ares || ares_get_servers_ports(r->channel->ares, &servers) != ARES_SUCCESS)
        return;
    if (servers) {
        struct addr a = {.ip_bytes = servers->family == AF_INET ? 4 : 16, .port = dns_port(r->env)};
        memcpy(a.ip, &servers->addr, a.ip_bytes);
        addr_text(&a, r->server);
    }
    ares_free_data(servers);
}

static void resolver_refresh(struct resolver *r)
{
    mono_ns now = (mono_ns)uv_hrtime();
    if (r->channel && now - r->checked < DNS_CONF_CHECK)
        return;
    r->checked = now;
    struct conf_stamp stamp = conf_stamp(r->conf_path);
    if (r->channel && r->channel->ares && stamps_equal(&stamp, &r->stamp))
        return;
    r->stamp = stamp;
    if (r->channel) {
        r->channel->is_retired = true;
        list_append(&r->retired, &r->channel->link);
        channel_wait(r->channel);
    }
    r->channel = channel_new(r->env, r->conf_path);
    note_server(r);
}

const char *resolver_server(const struct resolver *r)
{
    return r->server;
}

struct resolver *resolver_new(struct env_uv *e)
{
    struct resolver *r = mem_new(struct resolver);
    r->env = e;
    r->conf_path = e->options.resolv_conf ? e->options.resolv_conf : RESOLV_CONF;
    list_init(&r->retired);
    return r;
}

void resolver_free(struct resolver *r)
{
    while (!list_is_empty(&r->retired))
        channel_free(list_item(r->retired.next, struct channel, link));
    channel_free(take(&r->channel));
    mem_free(r);
}

// ---- answers -------------------------------------------------------------------------------

static void explain(struct lookup *l, int status)
{
    switch (status) {
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
        lookup_failed(l, ERR_NOT_FOUND, "no such host", true);
        return;
    case ARES_ETIMEOUT:
        lookup_failed(l, ERR_TIMEOUT, "i/o timeout", false);
        return;
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
        lookup_failed(l, ERR_NETWORK, "server misbehaving", false);
        return;
    case ARES_ECONNREFUSED:
        lookup_failed(l, ERR_NETWORK, "read: connection refused", false);
        return;
    case ARES_EDESTRUCTION:
    case ARES_ECANCELLED:
        lookup_failed(l, ERR_CANCELED, "canceled", true);
        return;
    default:
        lookup_failed(l, ERR_NETWORK, ares_strerror(status), false);
        return;
    }
}

static struct lookup *ask_end(struct ask *ask)
{
    struct lookup *l = ask->lookup;
    ask->channel->outstanding--;
    channel_wait(ask->channel);
    mem_free(ask);
    return l;
}

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
    (void)timeouts;
    struct lookup *l = ask_end(arg);
    if (status != ARES_SUCCESS && status != ARES_ENODATA) {
        explain(l, status);
        return;
    }
    size_t count = 0;
    dur_ns ttl = DNS_TTL_MAX;
    for (const struct ares_addrinfo_node *n = result ? result->nodes : NULL; n; n = n->ai_next)
        count++;
    for (const struct ares_addrinfo_node *n = result ? result->nodes : NULL; n; n = n->ai_next) {
        struct dns_record *r = lookup_add(l, count);
        if (r && !addr_from_os(n->ai_addr, &r->addr))
            l->count--;
        else if (r)
            r->addr.port = 0;
        ttl = MIN(ttl, DUR_SECONDS(n->ai_ttl)); // 0 for the hosts file
    }
    ares_freeaddrinfo(result);
    lookup_answered(l, count ? ttl : DNS_TTL_UNKNOWN);
}

static str target_text(struct lookup *l, const char *host)
{
    return arena_str(&l->mem, str_trim_right(str_c(host), '.'));
}

static int take_srv(struct lookup *l, const unsigned char *message, int bytes)
{
    struct ares_srv_reply *list = NULL;
    int status = ares_parse_srv_reply(message, bytes, &list);
    for (const struct ares_srv_reply *s = list; s; s = s->next) {
        struct dns_record *r = lookup_add(l, DNS_RECORDS_MAX);
        if (r)
            *r = (struct dns_record){.target = target_text(l, s->host),
                                     .port = s->port,
                                     .priority = s->priority,
                                     .weight = s->weight};
    }
    ares_free_data(list);
    return status;
}

static int take_mx(struct lookup *l, const unsigned char *message, int bytes)
{
    struct ares_mx_reply *list = NULL;
    int status = ares_parse_mx_reply(message, bytes, &list);
    for (const struct ares_mx_reply *m = list; m; m = m->next) {
        struct dns_record *r = lookup_add(l, DNS_RECORDS_MAX);
        if (r)
            *r = (struct dns_record){.target = target_text(l, m->host), .priority = m->priority};
    }
    ares_free_data(list);
    return status;
}

static void on_message(void *arg, int status, int timeouts, unsigned char *message, int bytes)
{
    (void)timeouts;
    struct lookup *l = ask_end(arg);
    if (status == ARES_SUCCESS)
        status = l->kind == DNS_SRV ? take_srv(l, message, bytes) : take_mx(l, message, bytes);
    if (status == ARES_SUCCESS || status == ARES_ENODATA)
        lookup_answered(l, 0);
    else
        explain(l, status);
}

void resolver_ask(struct resolver *r, struct lookup *l)
{
    resolver_refresh(r);
    struct channel *c = r->channel;
    if (!c->ares) {
        lookup_failed(l, ERR_IO, "no resolver", false);
        return;
    }
    struct ask *ask = mem_new(struct ask);
    *ask = (struct ask){c, l};
    c->outstanding++;
    struct ares_addrinfo_hints hints = {.ai_socktype = SOCK_STREAM};
    switch (l->kind) {
    case DNS_ADDR:
    case DNS_A:
    case DNS_AAAA:
        hints.ai_family = l->kind == DNS_A ? AF_INET : l->kind == DNS_AAAA ? AF_INET6 : AF_UNSPEC;
        ares_getaddrinfo(c->ares, l->name, NULL, &hints, on_addresses, ask);
        break;
    case DNS_SRV:
        ares_search(c->ares, l->name, ns_c_in, ns_t_srv, on_message, ask);
        break;
    case DNS_MX:
        ares_search(c->ares, l->name, ns_c_in, ns_t_mx, on_message, ask);
        break;
    }
    channel_wait(c);
}
