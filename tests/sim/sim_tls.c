// SPDX-License-Identifier: Apache-2.0
// TLS without cryptography: two sides that both speak it compare what their certificates say, once,
// when the connection is made, or when both ends of it have asked for it. A certificate is the text
// "<authority>: <name> <name> …", what a side trusts is the authority's name, a key is any text.
// Versions, suites and curves count for nothing, records keep no boundaries, and an end without a
// goodbye is like any other.
#include "base/core/alloc.h"
#include "base/model/tlsconf.h"
#include "tests/sim/sim_tcp.h"

struct tls {
    struct sim_object obj;
    struct sim_node *node;
    uint32_t refs;
    struct arena mem;
    struct tlsconf conf;
};

struct tls *sim_tls_ref(struct tls *t)
{
    if (t)
        t->refs++;
    return t;
}

void sim_tls_unref(struct tls *t)
{
    if (!t || --t->refs)
        return;
    arena_done(&t->mem);
    mem_free(t);
}

// ---- life ----------------------------------------------------------------------------------

static void tls_object_crash(struct sim_object *o)
{
    (void)o; // nothing of it is outside of the process
}

static void tls_object_free(struct sim_object *o)
{
    sim_tls_unref(container_of(o, struct tls, obj));
}

static const struct sim_class TLS_CLASS = {"tls", tls_object_crash, tls_object_free};

// What the text or file says at this moment; not there: empty.
static str material(const struct tls *t, const struct httpconf_secret *s)
{
    if (!s->file.n)
        return str_trim(s->text);
    const struct sim_file *f = sim_file_find(&t->node->disk, s->file);
    return f ? str_trim(buf_str(&f->data)) : S("");
}

static bool is_loadable(const struct tls *t, const struct httpconf_secret *s, bool is_needed,
                        struct err *err)
{
    if (material(t, s).n || (!httpconf_is_given(s) && !is_needed))
        return true;
    return err_set(err, ERR_NOT_FOUND, "open %.*s: no such file or directory", STR(s->file));
}

static struct httpconf_secret copy(struct httpconf_secret s, struct arena *mem)
{
    return (struct httpconf_secret){arena_str(mem, s.text), arena_str(mem, s.file)};
}

struct tls *sim_tls_new(struct env *e, const struct tlsconf *conf, struct err *err)
{
    struct sim_proc *p = sim_proc(e);
    struct tls *t = mem_new(struct tls);
    t->refs = 1;
    t->node = p->node;
    t->conf = *conf;
    t->conf.cert = copy(conf->cert, &t->mem);
    t->conf.key = copy(conf->key, &t->mem);
    t->conf.ca = copy(conf->ca, &t->mem);
    t->conf.server_name = arena_str(&t->mem, conf->server_name);
    t->conf.client_sans.items = arena_array(&t->mem, str, conf->client_sans.count);
    for (size_t i = 0; i < conf->client_sans.count; i++)
        t->conf.client_sans.items[i] = arena_str(&t->mem, conf->client_sans.items[i]);
    if (p->is_dead || !is_loadable(t, &t->conf.cert, conf->is_server, err) ||
        !is_loadable(t, &t->conf.key, conf->is_server, err) ||
        !is_loadable(t, &t->conf.ca, false, err)) {
        if (p->is_dead)
            err_set(err, ERR_CANCELED, "the process is dead");
        sim_tls_unref(t);
        return NULL;
    }
    sim_object_init(&t->obj, p, &TLS_CLASS);
    return t;
}

void sim_tls_free(struct tls *t)
{
    if (t->obj.proc->is_dead)
        return; // goes with the process
    sim_object_done(&t->obj);
    sim_tls_unref(t);
}

// ---- the handshake -------------------------------------------------------------------------

static bool cert_has_name(str cert, str name)
{
    str authority, names, one;
    str_cut(cert, ':', &authority, &names);
    while (names.n) {
        str_cut(names, ' ', &one, &names);
        if (one.n && str_eq(one, name))
            return true;
    }
    return false;
}

static bool cert_is_from(str cert, str authority)
{
    str issuer, names;
    return authority.n && str_cut(cert, ':', &issuer, &names) && str_eq(issuer, authority);
}

static bool client_is_content(const struct tls *client, const struct tls *server,
                              const struct addr *to)
{
    defer(buf_done) struct buf ip = {0};
    buf_put_ip(&ip, to);
    str name = client->conf.server_name.n ? client->conf.server_name : buf_str(&ip);
    str cert = material(server, &server->conf.cert);
    return client->conf.insecure_skip_verify ||
           (cert_is_from(cert, material(client, &client->conf.ca)) && cert_has_name(cert, name));
}

static bool server_is_content(const struct tls *server, const struct tls *client)
{
    const struct tlsconf *c = &server->conf;
    str cert = material(client, &client->conf.cert);
    if (c->client_auth == TLS_NO_CLIENT_CERT || c->client_auth == TLS_REQUEST_CLIENT_CERT)
        return true;
    if (!cert.n)
        return c->client_auth == TLS_VERIFY_IF_GIVEN;
    if (c->client_auth != TLS_REQUIRE_ANY_CERT && !cert_is_from(cert, material(server, &c->ca)))
        return false;
    for (size_t i = 0; i < c->client_sans.count; i++) {
        if (cert_has_name(cert, c->client_sans.items[i]))
            return true;
    }
    return c->client_sans.count == 0;
}

bool sim_tls_agree(const struct tls *client, const struct tls *server, const struct addr *to)
{
    if (!client || !server)
        return !client && !server;
    return client_is_content(client, server, to) && server_is_content(server, client);
}

// ---- streams -------------------------------------------------------------------------------

struct listener *sim_listen_tls(struct env *e, const struct addr *bind, struct tls *tls,
                                accept_fn *on_accept, void *owner, struct addr *ret_bound,
                                struct err *err)
{
    struct listener *l = sim_listen(e, bind, on_accept, owner, ret_bound, err);
    if (l)
        l->tls = sim_tls_ref(tls);
    return l;
}

struct stream *sim_dial_tls(struct env *e, const struct addr *to, struct tls *tls, str head,
                            const struct stream_events *events, void *owner)
{
    struct stream *s = sim_dial(e, to, events, owner);
    sim_stream_write(s, head); // waits until it is open
    s->conn->tls = sim_tls_ref(tls);
    return s;
}

// ---- upgrades of plain streams ------------------------------------------------------------------

#define UPGRADE_TIMEOUT DUR_SECONDS(10)
#define UPGRADE_RETRY   DUR_MS(200) // while the link is cut

void sim_stream_starttls(struct stream *s, struct tls *tls)
{
    struct conn *c = s->conn;
    if (s->obj.proc->is_dead)
        return;
    SIM_CHECK(s->is_held && s->was_open && !s->upgrade && !c->tls, "TLS on no open plain stream");
    s->upgrade = sim_tls_ref(tls);
    if (s->why)
        return; // its on_close is on the way
    dur_ns trip = sim_link_latency(s->node, s->peer->node);
    sim_event_after(&c->handshake, s->peer->upgrade ? 2 * trip : UPGRADE_TIMEOUT);
    if (s->in.n)
        sim_event_ready(&s->readable); // which breaks it
}

static void upgrade_break(struct conn *c, int why)
{
    for (int i = 0; i < 2; i++) {
        if (c->end[i].upgrade && c->end[i].state == END_OPEN)
            tcp_break(&c->end[i], why);
        else
            tcp_send_reset(&c->end[i]);
    }
}

void sim_tls_upgrade(struct conn *c)
{
    struct stream *near = &c->end[0], *far = &c->end[1];
    tcp_pin(c);
    if (!near->upgrade || !far->upgrade || near->state != END_OPEN || far->state != END_OPEN) {
        upgrade_break(c, ETIMEDOUT);
    } else if (sim_link_is_cut(near->node, far->node) || sim_link_is_cut(far->node, near->node)) {
        if (++c->tries * UPGRADE_RETRY < UPGRADE_TIMEOUT)
            sim_event_after(&c->handshake, UPGRADE_RETRY);
        else
            upgrade_break(c, ETIMEDOUT);
    } else if (!sim_tls_agree(near->upgrade, far->upgrade, &c->target)) {
        upgrade_break(c, EPROTO);
    } else {
        c->tls = sim_tls_ref(near->upgrade);
        for (int i = 0; i < 2; i++) {
            sim_tls_unref(take(&c->end[i].upgrade));
            c->end[i].open_pending = true;
            sim_event_ready(&c->end[i].readable);
        }
    }
    tcp_unpin(c);
}
