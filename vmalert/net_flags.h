// SPDX-License-Identifier: Apache-2.0
// net_flags.h: addresses, URLs and TLS settings as values of flags (spec: vmalert flags §9).
#pragma once
#include "base/core/flags.h"
#include "base/model/tlsconf.h"

// "host:port", "[::1]:80", ":80", as Go splits them. Errors: ERR_INVALID `address x: missing port
// in address`, "… too many colons in address" and the like; ERR_NOT_FOUND for the first of these,
// so that a default port can be put in its place.
bool net_split_host_port(str addr, str *ret_host, str *ret_port, struct err *err);

// The address with a port: its own, or the default. Errors: those of above, and paths and schemes.
bool net_normalize_addr(str addr, uint16_t default_port, struct arena *mem, str *ret,
                        struct err *err);

bool net_is_lone_port(str s); // ":80": 0 to 65535
bool net_is_ipv4_addr(str s); // "1.2.3.4:80"
bool net_is_ipv6_addr(str s); // "[::1]:80"

// Errors: "url cannot be empty", `failed to parse url "x": parse "x": …`.
bool net_check_url(str url, struct err *err);

// "TLS12" in any case; empty: the default. Errors: `unsupported TLS version "x"`.
bool net_parse_tls_version(str text, enum httpconf_tls_version *ret, struct err *err);

// Names in any case, or numbers ("0xc02f"), as names in mem. Errors: "unsupported TLS cipher suite
// name: x".
bool net_parse_cipher_suites(const struct flag_strs *names, struct arena *mem, struct str_list *ret,
                             struct err *err);
