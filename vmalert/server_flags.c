// SPDX-License-Identifier: Apache-2.0
#include "vmalert/server_flags.h"

#include "base/text/unicode.h"
#include "vmalert/net_flags.h"

// ---- the table ---------------------------------------------------------------------------------

#define F(name_, type_, member, default_, help_)                                                   \
    {                                                                                              \
        {.name = (name_), .type = (type_), .default_text = (default_), .help = (help_)},           \
            offsetof(struct server_flags, member)                                                  \
    }

static const struct server_flag {
    struct flag flag; // without `to`
    size_t offset;    // in struct server_flags
} FLAGS[] = {
    F("enableTCP6", FLAG_BOOL, enable_tcp6, "false",
      "Whether to listen on IPv6 addresses as well; by default only IPv4 is served"),
    F("flagsAuthKey", FLAG_STR, flags_auth_key, "",
      "Key that requests for /flags must give as 'authKey'; it stands instead of -httpAuth.*. May "
      "be file:///path or an http(s) URL"),
    F("http.connTimeout", FLAG_DUR, conn_timeout, "2m0s",
      "Connections are closed behind the first answer after this time, so that load is spread "
      "anew; 0: never"),
    F("http.disableCORS", FLAG_BOOL, disable_cors, "false",
      "Whether to leave out the headers that let pages of other origins read answers"),
    F("http.disableKeepAlive", FLAG_BOOL, disable_keep_alive, "false",
      "Whether to close connections behind each answer"),
    F("http.disableResponseCompression", FLAG_BOOL, disable_response_compression, "false",
      "Accepted for compatibility: answers are not compressed"),
    F("http.header.csp", FLAG_STR, header_csp, "", "Value of the Content-Security-Policy header"),
    F("http.header.disableServerHostname", FLAG_BOOL, header_disable_server_hostname, "false",
      "Whether to leave out the X-Server-Hostname header"),
    F("http.header.frameOptions", FLAG_STR, header_frame_options, "",
      "Value of the X-Frame-Options header"),
    F("http.header.hsts", FLAG_STR, header_hsts, "",
      "Value of the Strict-Transport-Security header"),
    F("http.idleConnTimeout", FLAG_DUR, idle_conn_timeout, "1m0s",
      "How long a connection may wait for its next request"),
    F("http.maxGracefulShutdownDuration", FLAG_DUR, max_graceful_shutdown_duration, "7s",
      "How long open requests may take when the process is asked to stop"),
    F("http.pathPrefix", FLAG_STR, path_prefix, "", "Prefix of all paths that are served"),
    F("http.shutdownDelay", FLAG_DUR, shutdown_delay, "0",
      "How long /health answers 'unhealthy' before the server stops"),
    F("httpAuth.password", FLAG_STR, auth_password, "",
      "Password of HTTP Basic authentication; see -httpAuth.username. May be file:///path or an "
      "http(s) URL"),
    F("httpAuth.username", FLAG_STR, auth_username, "",
      "User name of HTTP Basic authentication; empty: everybody is let in"),
    F("httpListenAddr", FLAG_STRS, http_listen_addr, NULL,
      "Addresses to serve HTTP on; default " SERVER_FLAGS_LISTEN),
    F("httpListenAddr.useProxyProtocol", FLAG_BOOLS, use_proxy_protocol, NULL,
      "Whether connections to the corresponding -httpListenAddr begin with the header of the PROXY "
      "protocol, version 2"),
    F("metricsAuthKey", FLAG_STR, metrics_auth_key, "",
      "Key that requests for /metrics must give as 'authKey'; it stands instead of -httpAuth.*. "
      "May be file:///path or an http(s) URL"),
    F("mtls", FLAG_BOOLS, mtls, NULL,
      "Whether clients of the corresponding -httpListenAddr must show a good certificate; needs "
      "-tls"),
    F("mtlsCAFile", FLAG_STRS, mtls_ca_file, NULL,
      "File with the authorities of clients' certificates at the corresponding -httpListenAddr; "
      "default: the system's"),
    F("pprofAuthKey", FLAG_STR, pprof_auth_key, "",
      "Key that requests for /debug/pprof/ must give as 'authKey'; it stands instead of "
      "-httpAuth.*. May be file:///path or an http(s) URL"),
    F("reloadAuthKey", FLAG_STR, reload_auth_key, "",
      "Key that requests for /-/reload must give as 'authKey'; it stands instead of -httpAuth.*. "
      "May be file:///path or an http(s) URL"),
    F("tls", FLAG_BOOLS, tls, NULL, "Whether to serve TLS at the corresponding -httpListenAddr"),
    F("tlsAutocertCacheDir", FLAG_STR, tls_autocert_cache_dir, "", "See -tlsAutocertHosts"),
    F("tlsAutocertEmail", FLAG_STR, tls_autocert_email, "", "See -tlsAutocertHosts"),
    F("tlsAutocertHosts", FLAG_STRS, tls_autocert_hosts, NULL,
      "Certificates are not fetched automatically: this is refused"),
    F("tlsCertFile", FLAG_STRS, tls_cert_file, NULL,
      "File with the certificate of the corresponding -httpListenAddr; read again when it changes"),
    F("tlsCipherSuites", FLAG_STRS, tls_cipher_suites, NULL,
      "Cipher suites of TLS up to 1.2, by name or number; default: all good ones"),
    F("tlsKeyFile", FLAG_STRS, tls_key_file, NULL,
      "File with the key of the corresponding -httpListenAddr; read again when it changes"),
    F("tlsMinVersion", FLAG_STRS, tls_min_version, NULL,
      "Least TLS version of the corresponding -httpListenAddr: TLS10, TLS11, TLS12 or TLS13; "
      "default TLS12"),
};

#undef F

size_t server_flags_count(void)
{
    return ARRAY_LEN(FLAGS);
}

void server_flags_put(struct flag *to, struct server_flags *f)
{
    for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++) {
        to[i] = FLAGS[i].flag;
        to[i].to = (char *)f + FLAGS[i].offset;
    }
}

size_t server_flags_address_count(const struct server_flags *f)
{
    return MAX(f->http_listen_addr.count, 1);
}

str server_flags_address(const struct server_flags *f, size_t index)
{
    return f->http_listen_addr.count ? f->http_listen_addr.items[index] : S(SERVER_FLAGS_LISTEN);
}

// ---- checks ------------------------------------------------------------------------------------

bool server_flags_check(const struct server_flags *f, struct err *err)
{
    if (f->tls_autocert_hosts.count || f->tls_autocert_email.n || f->tls_autocert_cache_dir.n)
        return err_set(err, ERR_UNSUPPORTED,
                       "-tlsAutocertHosts, -tlsAutocertEmail and -tlsAutocertCacheDir are not "
                       "supported; get certificates in another way and name them by -tlsCertFile "
                       "and -tlsKeyFile");
    for (size_t i = 0; i < server_flags_address_count(f); i++) {
        if (flag_bools_at(&f->mtls, i) && !flag_bools_at(&f->tls, i))
            return err_set(err, ERR_INVALID, "-mtls needs -tls for -httpListenAddr=%.*s",
                           STR(server_flags_address(f, i)));
    }
    return true;
}

// ---- TLS ---------------------------------------------------------------------------------------

bool server_flags_has_tls(const struct server_flags *f, size_t index)
{
    return flag_bools_at(&f->tls, index);
}

static bool need_file(str path, struct err *err)
{
    return path.n > 0 ||
           err_set(err, ERR_NOT_FOUND, "open : no such file or directory"); // as Go's for ""
}

bool server_flags_tls(const struct server_flags *f, size_t index, struct arena *mem,
                      struct tlsconf *ret, struct err *err)
{
    struct tlsconf conf = {
        .is_server = true,
        .cert.file = flag_strs_at(&f->tls_cert_file, index),
        .key.file = flag_strs_at(&f->tls_key_file, index),
        .prefer_server_ciphers = true,
    };
    if (flag_bools_at(&f->mtls, index)) {
        conf.client_auth = TLS_REQUIRE_AND_VERIFY;
        conf.ca.file = flag_strs_at(&f->mtls_ca_file, index);
    }
    if (!need_file(conf.cert.file, err) || !need_file(conf.key.file, err) ||
        !net_parse_cipher_suites(&f->tls_cipher_suites, mem, &conf.cipher_suites, err) ||
        !net_parse_tls_version(flag_strs_at(&f->tls_min_version, index), &conf.min_version, err))
        return false;
    *ret = conf;
    return true;
}

bool server_flags_wrap_tls(const struct server_flags *f, size_t index, struct err *err)
{
    defer(buf_done) struct buf text = {.max = ERR_TEXT_BYTES};
    buf_put(&text, S("cannot load TLS cert from -tlsCertFile="));
    buf_put_quoted(&text, flag_strs_at(&f->tls_cert_file, index));
    buf_put(&text, S(", -tlsKeyFile="));
    buf_put_quoted(&text, flag_strs_at(&f->tls_key_file, index));
    buf_put(&text, S(", -tlsMinVersion="));
    buf_put_quoted(&text, flag_strs_at(&f->tls_min_version, index));
    buf_put(&text, S(", -tlsCipherSuites=["));
    for (size_t i = 0; i < f->tls_cipher_suites.count; i++) {
        buf_put(&text, i ? S(" ") : S(""));
        buf_put_quoted(&text, f->tls_cipher_suites.items[i]);
    }
    buf_put_c(&text, ']');
    return err_wrap(err, "%.*s", STR(buf_str(&text)));
}
