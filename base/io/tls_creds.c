// SPDX-License-Identifier: Apache-2.0
// Certificates, keys and authorities: reading them, and reading them again when they change.
#include <sys/stat.h>

#include "base/core/alloc.h"
#include "base/io/files.h"
#include "base/io/tls.h"

struct tls_creds {
    uint32_t refs; // the side's, and one per session
    gnutls_certificate_credentials_t handle;
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
    gnutls_certificate_free_credentials(c->handle);
    mem_free(c);
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

static bool load_pair(struct tls *t, gnutls_certificate_credentials_t to, struct err *err)
{
    defer(buf_done) struct buf cert = {0};
    defer(buf_wipe) struct buf key = {0};
    if (!httpconf_is_given(&t->conf.cert))
        return true;
    if (!read_secret(t, &t->conf.cert, &cert, err) || !read_secret(t, &t->conf.key, &key, err))
        return err_wrap(err, "failed to load X509KeyPair");
    gnutls_datum_t cert_datum = datum_of(&cert), key_datum = datum_of(&key);
    int rc = gnutls_certificate_set_x509_key_mem2(to, &cert_datum, &key_datum, GNUTLS_X509_FMT_PEM,
                                                  NULL, 0);
    return rc >= 0 ||
           err_set(err, ERR_INVALID, "failed to load X509KeyPair: tls: %s", gnutls_strerror(rc));
}

static bool load_authorities(struct tls *t, gnutls_certificate_credentials_t to, struct err *err)
{
    defer(buf_done) struct buf ca = {0};
    if (httpconf_is_given(&t->conf.ca)) {
        if (!read_secret(t, &t->conf.ca, &ca, err))
            return err_wrap(err, "unable to load specified CA cert %.*s", STR(t->conf.ca.file));
        gnutls_datum_t datum = datum_of(&ca);
        return gnutls_certificate_set_x509_trust_mem(to, &datum, GNUTLS_X509_FMT_PEM) > 0 ||
               err_set(err, ERR_INVALID, "unable to use specified CA cert %.*s",
                       STR(t->conf.ca.file.n ? t->conf.ca.file : S("<inline>")));
    }
    bool needs_system = t->conf.is_server ? t->conf.client_auth >= TLS_VERIFY_IF_GIVEN
                                          : !t->conf.insecure_skip_verify;
    if (needs_system)
        gnutls_certificate_set_x509_system_trust(to); // none installed: nothing is trusted
    return true;
}

bool tls_creds_load(struct tls *t, struct err *err)
{
    files_changed(t); // before reading: a change meanwhile is seen next time
    struct tls_creds *c = mem_new(struct tls_creds);
    c->refs = 1;
    if (gnutls_certificate_allocate_credentials(&c->handle) != 0)
        panic("out of memory for TLS credentials");
    if (!load_pair(t, c->handle, err) || !load_authorities(t, c->handle, err)) {
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
