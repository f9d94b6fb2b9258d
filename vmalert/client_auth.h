// SPDX-License-Identifier: Apache-2.0
// client_auth.h: how vmalert identifies itself to the servers it talks to, as flags and files say
// it, and what that means to the HTTP client (base/model/httpconf.h).
//
// One set of rules for datasource, remote read, remote write, notifiers, discovery.
// spec: vmalert flags §11.
#pragma once
#include "base/env.h"
#include "base/model/httpconf.h"
#include "base/text/yaml_bind.h"

#define CLIENT_CA_BYTES_MAX ((size_t)4 << 20)

struct client_basic_auth {
    str username, username_file, password, password_file;
};

struct client_authorization {
    str type; // empty: Bearer
    str credentials, credentials_file;
};

struct client_tls {
    str ca, ca_file, cert, cert_file, key, key_file, server_name;
    bool insecure_skip_verify;
    str min_version; // "TLS12", in any case; empty: the default
};

struct client_oauth2 {
    str client_id, client_secret, client_secret_file, token_url;
    struct str_list scopes;
    struct yaml_str_map endpoint_params;
    struct client_tls *tls; // NULL: none
    str proxy_url;
    struct str_list headers; // "name: value"
};

struct client_auth {
    struct client_authorization *authorization; // NULL: none; so are the next three
    struct client_basic_auth *basic_auth;
    struct client_oauth2 *oauth2;
    struct client_tls *tls;
    str bearer_token, bearer_token_file;
    struct str_list headers; // "name: value"
};

// Table of a client's section in a file: authorization, basic_auth, bearer_token,
// bearer_token_file, oauth2, tls_config, headers. Others may inline it.
extern const struct yaml_struct CLIENT_AUTH_YAML, CLIENT_OAUTH2_YAML, CLIENT_TLS_YAML;

// Checks and translates. Texts are borrowed. Proxies are the environment's. Files of certificate
// authorities are not read yet: see client_auth_read_ca. Errors: upstream's texts.
bool client_auth_build(const struct client_auth *a, struct arena *mem, struct httpconf *ret,
                       struct err *err);
bool client_oauth2_build(const struct client_oauth2 *o, struct arena *mem,
                         struct httpconf_oauth2 *ret, struct err *err);

// Puts the content of the file in the place of its name: authorities are read once, at the start.
bool client_auth_read_ca(struct env *env, struct httpconf *conf, struct arena *mem,
                         struct err *err);

// Lines "name: value", names in canonical form. Errors: "cannot parse headers: missing ':' in
// header "x"; expecting "key: value" format".
bool client_headers_parse(const struct str_list *lines, struct arena *mem, struct http_header **ret,
                          size_t *ret_count, struct err *err);
// The same from a flag: "name:value^^name2:value2".
bool client_headers_parse_flag(str text, struct arena *mem, struct http_header **ret,
                               size_t *ret_count, struct err *err);

// Puts a header into a list that has room for it, in the place of one with the same name.
void headers_set(struct http_header *list, size_t *count, str name, str value);
void headers_drop(struct http_header *list, size_t *count, str name);
