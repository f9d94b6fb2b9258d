// SPDX-License-Identifier: Apache-2.0
// Certificates, keys and authorities: reading them, and reading them again when they change.
#include <sys/stat.h>

#include "base/core/alloc.h"
#include "base/io/files.h"
#include "base/io/io.h"
#include "base/io/tls.h"

struct tls_creds {
    uint32_t refs; // the side's, and one per session
    gnutls_certificate_credentials_t handle;

    // A client's own certificate, as tls_creds_pair() gives it; none: no chain.
    gnutls_pcert_st *chain;
    unsigned chain_count;
    gnutls_privkey_t key;
};

gnutls_certificate_credentials_t tls_creds_handle(struct tls_creds *c)
{
    return c->handle;
}

struct tls_creds *tls_creds_ref(struct tls_creds *c)
{
    c->refs++;
    return c;
}

void tls_creds_unref(struct tls_creds *c)
{
    if (!c || --c->refs)
        return;
    for (unsigned i = 0; i < c->chain_count; i++)
        gnutls_pcert_deinit(&c->chain[i]);
    mem_free(c->chain);
    if (c->key)
        gnutls_privkey_deinit(c->key);
    gnutls_certificate_free_credentials(c->handle);
    mem_free(c);
}

// ---- a client's certificate ----------------------------------------------------------------
// A client sends the one that it has, whatever the server has asked for: the server then says what
// it does not like. GnuTLS by itself would keep it back unless one of the named authorities has
// issued it and, for an RSA key, the server takes PKCS #1 signatures. Those of Go 1.26 take RSA-PSS
// only, which the same key makes; those of Go 1.19 take both.

void tls_creds_pair(const struct tls_creds *c, gnutls_pcert_st **ret_chain, unsigned *ret_count,
                    gnutls_privkey_t *ret_key)
{
    *ret_chain = c->chain;
    *ret_count = c->chain_count;
    *ret_key = c->key;
}

static int copy_chain(struct tls_creds *c)
{
    gnutls_x509_crt_t *list;
    unsigned count;
    int rc = gnutls_certificate_get_x509_crt(c->handle, 0, &list, &count);
    if (rc < 0)
        return rc;
    unsigned copied = count;
    c->chain = mem_array(gnutls_pcert_st, count);
    rc = gnutls_pcert_import_x509_list(c->chain, list, &copied, 0);
    if (rc >= 0)
        c->chain_count = copied;
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
    return rc;
}

static int copy_key(struct tls_creds *c)
{
    gnutls_x509_privkey_t key;
    int rc = gnutls_certificate_get_x509_key(c->handle, 0, &key);
    if (rc < 0)
        return rc;
    rc = gnutls_privkey_init(&c->key);
    if (rc >= 0)
        rc = gnutls_privkey_import_x509(c->key, key, GNUTLS_PRIVKEY_IMPORT_COPY);
    gnutls_x509_privkey_deinit(key);
    return rc;
}

// ---- reading -------------------------------------------------------------------------------

struct tls_stamp tls_stamp_of(str path)
{
    char name[4096];
    struct stat st;
    if (path.n == 0 || path.n >= sizeof(name))
        return (struct tls_stamp){0};
    memcpy(name, path.p, path.n);
    name[path.n] = '\0';
    if (stat(name, &st) != 0)
        return (struct tls_stamp){0};
    return (struct tls_stamp){
        .mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
        .ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec,
        .bytes = st.st_size,
        .inode = st.st_ino,
    };
}

// Looks at the files; have they changed since the last look?
static bool files_changed(struct tls *t)
{
    const str files[TLS_FILES] = {
        [TLS_CERT_FILE] = t->conf.cert.file,
        [TLS_KEY_FILE] = t->conf.key.file,
        [TLS_CA_FILE] = t->conf.ca.file,
    };
    bool is_changed = false;
    for (size_t i = 0; i < TLS_FILES; i++) {
        struct tls_stamp now = tls_stamp_of(files[i]);
        is_changed |= memcmp(&now, &t->stamps[i], sizeof(now)) != 0;
        t->stamps[i] = now;
    }
    return is_changed;
}

// The text behind a description, in a buffer of its own, since a key is wiped afterwards: room for
// the largest is made at once so that no copy stays behind.
static bool read_secret(struct tls *t, const struct httpconf_secret *s, struct buf *out,
                        struct err *err)
{
    if (s->file.n) {
        buf_reserve(out, TLS_FILE_BYTES_MAX);
        return files_read(t->env, s->file, TLS_FILE_BYTES_MAX, out, err);
    }
    buf_put(out, s->text);
    return true;
}

static gnutls_datum_t datum_of(const struct buf *b)
{
    return (gnutls_datum_t){.data = (unsigned char *)b->p, .size = (unsigned)b->n};
}

static bool load_pair(struct tls *t, struct tls_creds *to, struct err *err)
{
    defer(buf_done) struct buf cert = {0};
    defer(buf_wipe) struct buf key = {0};
    if (!httpconf_is_given(&t->conf.cert))
        return true;
    bool is_server = t->conf.is_server;
    if (!read_secret(t, &t->conf.cert, &cert, err))
        return err_wrap(err, "%s (%.*s)",
                        is_server ? "failed to read cert_file"
                                  : "unable to read specified client cert",
                        STR(t->conf.cert.file));
    if (!read_secret(t, &t->conf.key, &key, err))
        return err_wrap(err, "%s (%.*s)",
                        is_server ? "failed to read key_file"
                                  : "unable to read specified client key",
                        STR(t->conf.key.file));
    gnutls_datum_t cert_datum = datum_of(&cert), key_datum = datum_of(&key);
    int rc = gnutls_certificate_set_x509_key_mem2(to->handle, &cert_datum, &key_datum,
                                                  GNUTLS_X509_FMT_PEM, NULL, 0);
    if (rc >= 0 && !t->conf.is_server)
        rc = copy_chain(to);
    if (rc >= 0 && !t->conf.is_server)
        rc = copy_key(to);
    return rc >= 0 ||
           err_set(err, ERR_INVALID, "failed to load X509KeyPair: tls: %s", gnutls_strerror(rc));
}

static bool load_authorities(struct tls *t, gnutls_certificate_credentials_t to, struct err *err)
{
    defer(buf_done) struct buf ca = {0};
    if (httpconf_is_given(&t->conf.ca)) {
        if (!read_secret(t, &t->conf.ca, &ca, err)) {
            if (!t->conf.is_server)
                err_wrap(err, "unable to read CA cert: unable to read file %.*s",
                         STR(t->conf.ca.file));
            return false;
        }
        gnutls_datum_t datum = datum_of(&ca);
        return gnutls_certificate_set_x509_trust_mem(to, &datum, GNUTLS_X509_FMT_PEM) > 0 ||
               err_set(err, ERR_INVALID, "unable to use specified CA cert %s%.*s",
                       t->conf.ca.file.n ? "file " : "inline", STR(t->conf.ca.file));
    }
    bool needs_system = t->conf.is_server ? t->conf.client_auth >= TLS_VERIFY_IF_GIVEN
                                          : !t->conf.insecure_skip_verify;
    if (needs_system)
        gnutls_certificate_set_x509_system_trust(to); // none installed: nothing is trusted
    return true;
}

static struct tls_creds *creds_new(void)
{
    struct tls_creds *c = mem_new(struct tls_creds);
    c->refs = 1;
    if (gnutls_certificate_allocate_credentials(&c->handle) != 0)
        panic("out of memory for TLS credentials");
    return c;
}

// What clients share who show nothing and trust the system's authorities (one and a half hundred,
// 15 ms to read): read once, as Go does.
static struct tls_creds *system_creds(struct env *env)
{
    struct env_uv *e = env_uv_of(env);
    if (!e->system_creds) {
        e->system_creds = creds_new();
        gnutls_certificate_set_x509_system_trust(e->system_creds->handle);
    }
    return tls_creds_ref(e->system_creds);
}

static bool needs_nothing_of_its_own(const struct tlsconf *c)
{
    return !c->is_server && !c->insecure_skip_verify && !httpconf_is_given(&c->ca) &&
           !httpconf_is_given(&c->cert);
}

bool tls_creds_load(struct tls *t, struct err *err)
{
    if (needs_nothing_of_its_own(&t->conf)) {
        t->creds = system_creds(t->env);
        return true;
    }
    files_changed(t); // before reading: a change meanwhile is seen next time
    struct tls_creds *c = creds_new();
    if (!load_pair(t, c, err) || !load_authorities(t, c->handle, err)) {
        tls_creds_unref(c);
        return false;
    }
    tls_creds_unref(t->creds);
    t->creds = c;
    return true;
}

struct tls_creds *tls_creds_current(struct tls *t)
{
    struct err err = ERR_INIT;
    if (files_changed(t) && !tls_creds_load(t, &err))
        log_warn(&t->env->log, "Cannot read changed TLS files, keeping the certificate in force",
                 LOG_ERR(&err));
    return t->creds;
}
