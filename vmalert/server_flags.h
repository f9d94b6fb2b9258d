// SPDX-License-Identifier: Apache-2.0
// server_flags.h: the flags of vmalert's own HTTP servers: where they listen, over what, who is let
// in (spec: vmalert flags §5.4, §9).
#pragma once
#include "base/core/flags.h"
#include "base/model/tlsconf.h"

#define SERVER_FLAGS_LISTEN ":8880" // where -httpListenAddr is not given

struct server_flags {
    struct flag_strs http_listen_addr;
    struct flag_bools use_proxy_protocol, tls, mtls; // one item per address; so the next four
    struct flag_strs tls_cert_file, tls_key_file, tls_min_version, mtls_ca_file;
    struct flag_strs tls_cipher_suites; // for all addresses
    struct flag_strs tls_autocert_hosts;
    str tls_autocert_email, tls_autocert_cache_dir;
    bool enable_tcp6;

    str path_prefix;
    dur_ns conn_timeout, idle_conn_timeout, max_graceful_shutdown_duration, shutdown_delay;
    bool disable_cors, disable_keep_alive, disable_response_compression;
    str header_csp, header_frame_options, header_hsts;
    bool header_disable_server_hostname;

    str auth_username, auth_password; // the second and the keys: as password.h reads them
    str flags_auth_key, metrics_auth_key, pprof_auth_key, reload_auth_key;
};

// How many there are, for the array that server_flags_put fills.
size_t server_flags_count(void);
void server_flags_put(struct flag *to, struct server_flags *f);

// The addresses: that of the flag, or the default.
size_t server_flags_address_count(const struct server_flags *f);
str server_flags_address(const struct server_flags *f, size_t index);

// What this program cannot do. Errors: ERR_UNSUPPORTED.
bool server_flags_check(const struct server_flags *f, struct err *err);

// TLS of the server at this address; false, without an error, if it has none. Texts are borrowed
// or in mem. The certificate is not read yet. Errors: ERR_INVALID.
bool server_flags_has_tls(const struct server_flags *f, size_t index);
bool server_flags_tls(const struct server_flags *f, size_t index, struct arena *mem,
                      struct tlsconf *ret, struct err *err);
// "cannot load TLS cert from -tlsCertFile=…: " in front of what is wrong.
bool server_flags_wrap_tls(const struct server_flags *f, size_t index, struct err *err);
