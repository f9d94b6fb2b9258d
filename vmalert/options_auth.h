// SPDX-License-Identifier: Apache-2.0
// options_auth.h: the flags that say how vmalert identifies itself to one kind of server. The same
// set stands behind -datasource, -remoteRead, -remoteWrite and, one item per URL, -notifier.
#pragma once
#include "base/core/flags.h"
#include "vmalert/client_auth.h"

#define CLIENT_FLAG_COUNT 17

struct client_flags {
    str username, username_file, password, password_file;
    str bearer_token, bearer_token_file;
    str oauth2_client_id, oauth2_client_secret, oauth2_client_secret_file;
    str oauth2_endpoint_params, oauth2_token_url, oauth2_scopes;
    str tls_ca_file, tls_cert_file, tls_key_file, tls_server_name;
    bool tls_insecure_skip_verify;
};

struct client_flag_lists {
    struct flag_strs texts[CLIENT_FLAG_COUNT - 1]; // in the order of client_flags
    struct flag_bools tls_insecure_skip_verify;
};

// Writes CLIENT_FLAG_COUNT flags named <prefix>.basicAuth.username … to `to`.
void client_flags_put(struct flag *to, const char *prefix, struct client_flags *values,
                      struct arena *mem);
void client_flag_lists_put(struct flag *to, const char *prefix, struct client_flag_lists *values,
                           struct arena *mem);
struct client_flags client_flags_at(const struct client_flag_lists *lists, size_t index);

// The description they give. Errors: "failed to configure auth: …", "failed to configure TLS: …".
bool client_flags_build(struct env *env, const struct client_flags *f, const char *prefix,
                        struct arena *mem, const struct httpconf **ret, struct err *err);
