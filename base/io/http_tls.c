// SPDX-License-Identifier: Apache-2.0
// Certificates: what is trusted, what is shown, and what it means when they do not fit. The texts
// are those of Go's crypto/tls and crypto/x509.
#include "base/core/alloc.h"
#include "base/io/http_auth.h"

// OpenSSL's verdicts (x509_vfy.h), as curl hands them on.
enum {
    VERIFY_OK = 0,
    VERIFY_NOT_ASKED = 1, // curl's: the chain was fine, the name was not
    VERIFY_NO_ISSUER = 2,
    VERIFY_NOT_YET_VALID = 9,
    VERIFY_EXPIRED = 10,
    VERIFY_SELF_SIGNED = 18,
    VERIFY_SELF_SIGNED_IN_CHAIN = 19,
    VERIFY_NO_LOCAL_ISSUER = 20,
    VERIFY_LEAF = 21,
    VERIFY_PURPOSE = 26,
    VERIFY_HOSTNAME = 62,
    VERIFY_IP = 64,
};

// ---- what is loaded ----------------------------------------------------------------------------

enum { FILE_CA, FILE_CERT, FILE_KEY };

static bool load(struct http_call *call, size_t which, const struct httpconf_secret *s)
{
    static const char *const WORDS[] = {"unable to read CA cert",
                                        "unable to read specified client cert",
                                        "unable to read specified client key"};
    static const char *const WORDS_VM[] = {"cannot load root CAs: cannot read `ca_file`",
                                           "cannot load TLS certificate: cannot read `cert_file`",
                                           "cannot load TLS certificate: cannot read `key_file`"};
    if (s->file.n == 0)
        return true;
    struct http_file *file = http_file_get(&http_client_auth(call->client)->files, s->file);
    call->tls_files[which] = file;
    if (file->err.code == ERR_NONE)
        return true;
    call->err = file->err;
    if (call->conf->dialect == HTTPCONF_VM)
        return err_wrap(&call->err, "%s", WORDS_VM[which]);
    err_wrap(&call->err, "unable to read file %.*s", STR(s->file));
    return err_wrap(&call->err, "%s", WORDS[which]);
}

bool http_tls_load(struct http_call *call)
{
    const struct httpconf_tls *tls = &call->conf->tls;
    if (tls->min_version && tls->max_version && tls->max_version < tls->min_version)
        return err_set(&call->err, ERR_INVALID,
                       "tls_config.max_version must be greater than or equal to "
                       "tls_config.min_version if both are specified");
    return load(call, FILE_CA, &tls->ca) && load(call, FILE_CERT, &tls->cert) &&
           load(call, FILE_KEY, &tls->key);
}

// ---- what curl is told -------------------------------------------------------------------------

static str material(const struct http_call *call, size_t which, const struct httpconf_secret *s)
{
    return call->tls_files[which] ? buf_str(&call->tls_files[which]->content) : s->text;
}

// curl compares blobs by their bytes when it looks for a connection to reuse: a rotated certificate
// gets a connection of its own.
static void set_blob(CURL *easy, CURLoption option, CURLoption proxy_option, str pem)
{
    if (pem.n == 0)
        return;
    struct curl_blob blob = {(void *)(uintptr_t)pem.p, pem.n, CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, option, &blob);
    curl_easy_setopt(easy, proxy_option, &blob);
}

static void set_versions(CURL *easy, const struct httpconf_tls *tls)
{
    static const long MIN_VERSIONS[] = {CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_TLSv1_0,
                                        CURL_SSLVERSION_TLSv1_1, CURL_SSLVERSION_TLSv1_2,
                                        CURL_SSLVERSION_TLSv1_3};
    static const long MAX_VERSIONS[] = {CURL_SSLVERSION_MAX_DEFAULT, CURL_SSLVERSION_MAX_TLSv1_0,
                                        CURL_SSLVERSION_MAX_TLSv1_1, CURL_SSLVERSION_MAX_TLSv1_2,
                                        CURL_SSLVERSION_MAX_TLSv1_3};
    long versions = MIN_VERSIONS[tls->min_version] | MAX_VERSIONS[tls->max_version];
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, versions);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, versions);
    // OpenSSL's default security level has no cipher left for the old versions.
    if (tls->min_version == HTTPCONF_TLS10 || tls->min_version == HTTPCONF_TLS11)
        curl_easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0");
}

// The name in the certificate is not the host's: curl takes it from the URL, so the URL names the
// expected one, and the connection goes to the host all the same.
static void set_server_name(struct http_call *call, str name)
{
    CURLU *u = curl_url();
    char *url = NULL, *host = NULL, *port = NULL;
    bool is_ipv6 = str_find(name, ':') != STR_NONE;
    str expected =
        arena_printf(&call->mem, is_ipv6 ? "[%.*s]" : "%.*s", STR(name)); // as a URL has it
    if (u && curl_url_set(u, CURLUPART_URL, call->url, CURLU_PATH_AS_IS) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_set(u, CURLUPART_HOST, expected.p, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK) {
        bool has_port = curl_url_get(u, CURLUPART_PORT, &port, 0) == CURLUE_OK;
        curl_easy_setopt(call->easy, CURLOPT_URL, url);
        str to = arena_printf(&call->mem, "::%s:%u", host, call->port);
        http_list_add(&call->connect_list, to.p);
        curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, call->connect_list);
        if (!http_header_find(call->headers, call->header_count, S("Host")).n)
            call->host_line = arena_printf(&call->mem, "Host: %s%s%s", host, has_port ? ":" : "",
                                           has_port ? port : "")
                                  .p;
    }
    curl_free(url);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
}

void http_tls_setup(struct http_call *call)
{
    static const struct httpconf_tls DEFAULT = {0};
    CURL *easy = call->easy;
    const struct httpconf_tls *tls = call->conf ? &call->conf->tls : &DEFAULT;
    set_versions(easy, tls);
    curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L); // for the names in it, when they do not fit
    if (!call->conf)
        return;
    if (httpconf_is_given(&tls->ca)) { // instead of the system's
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL);
        set_blob(easy, CURLOPT_CAINFO_BLOB, CURLOPT_PROXY_CAINFO_BLOB,
                 material(call, FILE_CA, &tls->ca));
    }
    set_blob(easy, CURLOPT_SSLCERT_BLOB, CURLOPT_PROXY_SSLCERT_BLOB,
             material(call, FILE_CERT, &tls->cert));
    set_blob(easy, CURLOPT_SSLKEY_BLOB, CURLOPT_PROXY_SSLKEY_BLOB,
             material(call, FILE_KEY, &tls->key));
    curl_easy_setopt(easy, CURLOPT_KEYPASSWD, ""); // an encrypted key fails; nobody is asked
    curl_easy_setopt(easy, CURLOPT_PROXY_KEYPASSWD, "");
    if (tls->insecure_skip_verify) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
        curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, 0L);
    }
    if (tls->server_name.n && call->is_https)
        set_server_name(call, tls->server_name);
}

// ---- what went wrong ---------------------------------------------------------------------------

static str expected_name(const struct http_call *call)
{
    bool is_other = call->conf && call->conf->tls.server_name.n;
    return is_other ? call->conf->tls.server_name : call->hostname;
}

// "DNS:a, DNS:b, IP Address:10.0.0.1" of the certificate shown; empty: there is none.
static str shown_names(const struct http_call *call)
{
    static const char PREFIX[] = "X509v3 Subject Alternative Name:";
    struct curl_certinfo *info = NULL;
    if (curl_easy_getinfo(call->easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
        info->num_of_certs < 1)
        return (str){0};
    for (const struct curl_slist *line = info->certinfo[0]; line; line = line->next) {
        if (str_starts(str_c(line->data), str_c(PREFIX)))
            return str_skip(str_c(line->data), sizeof(PREFIX) - 1);
    }
    return (str){0};
}

static size_t put_names(struct buf *b, str names, str kind)
{
    size_t count = 0;
    while (names.n) {
        str one, rest;
        str_cut(names, ',', &one, &rest);
        names = rest;
        one = str_trim(one);
        if (!str_starts(one, kind))
            continue;
        buf_put(b, count++ ? S(", ") : S(""));
        buf_put(b, str_skip(one, kind.n));
    }
    return count;
}

static void explain_name(struct http_call *call, const char *begin)
{
    struct addr ip;
    str wanted = expected_name(call);
    str names = shown_names(call);
    bool is_ip = addr_parse_ip(wanted, &ip);
    struct buf list = {.max = 1024};
    size_t count = put_names(&list, names, is_ip ? S("IP Address:") : S("DNS:"));
    if (count)
        err_set(&call->err, ERR_NETWORK, "%s certificate is valid for %.*s, not %.*s", begin,
                STR(buf_str(&list)), STR(wanted));
    else if (is_ip)
        err_set(&call->err, ERR_NETWORK,
                "%s cannot validate certificate for %.*s because it doesn't contain any IP SANs",
                begin, STR(wanted));
    else
        err_set(&call->err, ERR_NETWORK,
                "%s certificate is not valid for any names, but wanted to match %.*s", begin,
                STR(wanted));
    buf_done(&list);
}

static void explain_verdict(struct http_call *call)
{
    static const char BEGIN[] = "tls: failed to verify certificate: x509:";
    long verdict = 0;
    curl_easy_getinfo(call->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    if (verdict == VERIFY_OK)
        curl_easy_getinfo(call->easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &verdict);
    switch (verdict) {
    case VERIFY_NO_ISSUER:
    case VERIFY_SELF_SIGNED:
    case VERIFY_SELF_SIGNED_IN_CHAIN:
    case VERIFY_NO_LOCAL_ISSUER:
    case VERIFY_LEAF:
        err_set(&call->err, ERR_NETWORK, "%s certificate signed by unknown authority", BEGIN);
        return;
    case VERIFY_NOT_YET_VALID:
    case VERIFY_EXPIRED:
        err_set(&call->err, ERR_NETWORK, "%s certificate has expired or is not yet valid", BEGIN);
        return;
    case VERIFY_PURPOSE:
        err_set(&call->err, ERR_NETWORK, "%s certificate specifies an incompatible key usage",
                BEGIN);
        return;
    case VERIFY_OK:
    case VERIFY_NOT_ASKED:
    case VERIFY_HOSTNAME:
    case VERIFY_IP:
        explain_name(call, BEGIN);
        return;
    default:
        err_set(&call->err, ERR_NETWORK, "%s verification error %ld", BEGIN, verdict);
        return;
    }
}

// "file /etc/ca.pem", "inline"
static str source(struct http_call *call, const struct httpconf_secret *s)
{
    return s->file.n ? arena_printf(&call->mem, "file %.*s", STR(s->file)) : S("inline");
}

void http_tls_explain(struct http_call *call)
{
    const struct httpconf_tls *tls = call->conf ? &call->conf->tls : NULL;
    if (call->result == CURLE_SSL_CACERT_BADFILE && tls && httpconf_is_given(&tls->ca))
        err_set(&call->err, ERR_INVALID, "unable to use specified CA cert %.*s",
                STR(source(call, &tls->ca)));
    else if (call->result == CURLE_SSL_CACERT_BADFILE)
        err_set(&call->err, ERR_IO, "x509: cannot read the system's certificate authorities");
    else if (call->result == CURLE_SSL_CERTPROBLEM && tls)
        err_set(&call->err, ERR_INVALID,
                "unable to use specified client cert (%.*s) & key (%.*s): tls: they are not a "
                "certificate and its private key in PEM",
                STR(source(call, &tls->cert)), STR(source(call, &tls->key)));
    else
        explain_verdict(call);
}

// OpenSSL's "…::tlsv13 alert certificate required, errno 0" in curl's own words.
bool http_tls_explain_alert(struct http_call *call)
{
    static const struct {
        const char *openssl, *go;
    } ALERTS[] = {
        {"unknown ca", "unknown certificate authority"},
        {"protocol version", "protocol version not supported"},
        {"certificate expired", "expired certificate"},
        {"certificate revoked", "revoked certificate"},
        {"certificate unknown", "unknown certificate"},
        {"inappropriate fallback", "inappropriate fallback"},
    };
    str text = str_c(call->error_text);
    if (str_find_str(text, S("wrong version number")) != STR_NONE ||
        str_find_str(text, S("packet length too long")) != STR_NONE) {
        err_set(&call->err, ERR_NETWORK, "tls: first record does not look like a TLS handshake");
        return true;
    }
    size_t at = str_find_str(text, S(" alert "));
    if (str_find_str(text, S("SSL routines")) == STR_NONE || at == STR_NONE)
        return false;
    str alert, rest;
    str_cut(str_skip(text, at + strlen(" alert ")), ',', &alert, &rest);
    for (size_t i = 0; i < ARRAY_LEN(ALERTS); i++) {
        if (str_eq(alert, str_c(ALERTS[i].openssl)))
            alert = str_c(ALERTS[i].go);
    }
    err_set(&call->err, ERR_NETWORK, "remote error: tls: %.*s", STR(alert));
    return true;
}
