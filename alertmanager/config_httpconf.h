// SPDX-License-Identifier: Apache-2.0
// config_httpconf.h: an http_config as the HTTP client wants it.
#pragma once
#include "alertmanager/config.h"
#include "base/model/httpconf.h"

// What `c` describes; NULL for NULL. Texts are borrowed from c, the rest lives in mem. What
// upstream refuses when it builds a client (references to a secret manager, versions of TLS that
// exclude each other) becomes the description's refusal.
const struct httpconf *config_httpconf(const struct http_conf *c, struct arena *mem);
struct httpconf_tls config_httpconf_tls(const struct tls_conf *t);
