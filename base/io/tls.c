// SPDX-License-Identifier: Apache-2.0
// Descriptions of one side: copies, and GnuTLS' words for versions, suites and curves.
#include "base/io/tls.h"

#include "base/core/alloc.h"

static struct httpconf_secret copy_secret(struct httpconf_secret s, struct arena *mem)
{
    return (struct httpconf_secret){.text = arena_str(mem, s.text), .file = arena_str(mem, s.file)};
}

static struct str_list copy_list(struct str_list list, struct arena *mem)
{
    struct str_list copy = {arena_array(mem, str, list.count), list.count};
    for (size_t i = 0; i < list.count; i++)
        copy.items[i] = arena_str(mem, list.items[i]);
    return copy;
}

static void copy_conf(struct tls *t, const struct tlsconf *conf)
{
    t->conf = *conf;
    t->conf.cert = copy_secret(conf->cert, &t->mem);
    t->conf.key = copy_secret(conf->key, &t->mem);
    t->conf.ca = copy_secret(conf->ca, &t->mem);
    t->conf.client_sans = copy_list(conf->client_sans, &t->mem);
    t->conf.cipher_suites = copy_list(conf->cipher_suites, &t->mem);
    t->conf.curves = copy_list(conf->curves, &t->mem);
    t->conf.server_name = arena_str(&t->mem, conf->server_name);
}

// ---- priority strings ----------------------------------------------------------------------

static void put_versions(struct buf *out, const struct tlsconf *c)
{
    static const char *const NAMES[] = {"", "1.0", "1.1", "1.2", "1.3"};
    unsigned min = c->min_version ? c->min_version : HTTPCONF_TLS12;
    unsigned max = c->max_version ? c->max_version : HTTPCONF_TLS13;
    buf_put(out, S(":-VERS-ALL"));
    for (unsigned v = max; v >= min; v--) // a server may take the first that it knows
        buf_printf(out, ":+VERS-TLS%s", NAMES[v]);
}

// The parts of a suite of TLS 1.2. All combinations of parts become possible; the session refuses
// those that are not listed.
static void put_suite(struct buf *out, str name)
{
    static const struct {
        const char *word, *priority;
    } WORDS[] = {
        {"_ECDHE_RSA_", ":+ECDHE-RSA"},
        {"_ECDHE_ECDSA_", ":+ECDHE-ECDSA"},
        {"_AES_128_GCM_", ":+AES-128-GCM:+AEAD"},
        {"_AES_256_GCM_", ":+AES-256-GCM:+AEAD"},
        {"_CHACHA20_POLY1305_", ":+CHACHA20-POLY1305:+AEAD"},
        {"_AES_128_CBC_SHA", ":+AES-128-CBC:+SHA1"},
        {"_AES_256_CBC_SHA", ":+AES-256-CBC:+SHA1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (str_find_str(name, str_c(WORDS[i].word)) != STR_NONE)
            buf_put(out, str_c(WORDS[i].priority));
    }
}

static void put_suites(struct buf *out, const struct tlsconf *c)
{
    bool are_any = false;
    for (size_t i = 0; i < c->cipher_suites.count; i++)
        are_any |= str_find_str(c->cipher_suites.items[i], S("_WITH_")) != STR_NONE;
    if (!are_any)
        return; // those of TLS 1.3 cannot be chosen
    buf_put(out, S(":-KX-ALL:-CIPHER-ALL:-MAC-ALL"));
    for (size_t i = 0; i < c->cipher_suites.count; i++)
        put_suite(out, c->cipher_suites.items[i]);
    buf_put(out, S(":+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:+AEAD")); // TLS 1.3
}

static void put_curves(struct buf *out, const struct tlsconf *c)
{
    static const struct {
        const char *name, *priority;
    } CURVES[] = {
        {"X25519", "GROUP-X25519"},
        {"CurveP256", "GROUP-SECP256R1"},
        {"CurveP384", "GROUP-SECP384R1"},
        {"CurveP521", "GROUP-SECP521R1"},
    };
    if (c->curves.count)
        buf_put(out, S(":-GROUP-ALL"));
    for (size_t i = 0; i < c->curves.count; i++) {
        for (size_t k = 0; k < ARRAY_LEN(CURVES); k++) {
            if (str_eq(c->curves.items[i], str_c(CURVES[k].name)))
                buf_printf(out, ":+%s", CURVES[k].priority);
        }
    }
}

static bool make_priority(struct tls *t, struct err *err)
{
    defer(buf_done) struct buf text = {0};
    buf_put(&text, S("NORMAL"));
    put_versions(&text, &t->conf);
    put_suites(&text, &t->conf);
    put_curves(&text, &t->conf);
    if (t->conf.prefer_server_ciphers)
        buf_put(&text, S(":%SERVER_PRECEDENCE"));
    buf_put_c(&text, '\0');
    int rc = gnutls_priority_init(&t->priority, text.p, NULL);
    return rc == 0 ||
           err_set(err, ERR_INVALID, "no TLS version and cipher suite is left to speak: %s",
                   gnutls_strerror(rc));
}

// ---- life ----------------------------------------------------------------------------------

struct tls *tls_new(struct env *env, const struct tlsconf *conf, struct err *err)
{
    struct tls *t = mem_new(struct tls);
    t->env = env;
    t->refs = 1;
    copy_conf(t, conf);
    if (make_priority(t, err) && tls_creds_load(t, err))
        return t;
    tls_free(t);
    return NULL;
}

void tls_free(struct tls *t)
{
    if (!t || --t->refs)
        return;
    tls_creds_unref(t->creds);
    if (t->priority)
        gnutls_priority_deinit(t->priority);
    arena_done(&t->mem);
    mem_free(t);
}
