// SPDX-License-Identifier: Apache-2.0
// A client's section in a file.
#include "vmalert/client_auth.h"

static const struct yaml_field AUTHORIZATION_FIELDS[] = {
    YAML_FIELD(struct client_authorization, type, "type", YAML_T_STR),
    YAML_FIELD(struct client_authorization, credentials, "credentials", YAML_T_SECRET),
    YAML_FIELD(struct client_authorization, credentials_file, "credentials_file", YAML_T_STR),
    {0},
};
static const struct yaml_struct AUTHORIZATION_YAML = {.type_name = "promauth.Authorization",
                                                      .bytes = sizeof(struct client_authorization),
                                                      .fields = AUTHORIZATION_FIELDS};

static const struct yaml_field BASIC_AUTH_FIELDS[] = {
    YAML_FIELD(struct client_basic_auth, username, "username", YAML_T_STR),
    YAML_FIELD(struct client_basic_auth, username_file, "username_file", YAML_T_STR),
    YAML_FIELD(struct client_basic_auth, password, "password", YAML_T_SECRET),
    YAML_FIELD(struct client_basic_auth, password_file, "password_file", YAML_T_STR),
    {0},
};
static const struct yaml_struct BASIC_AUTH_YAML = {.type_name = "promauth.BasicAuthConfig",
                                                   .bytes = sizeof(struct client_basic_auth),
                                                   .fields = BASIC_AUTH_FIELDS};

static const struct yaml_field TLS_FIELDS[] = {
    YAML_FIELD(struct client_tls, ca, "ca", YAML_T_STR),
    YAML_FIELD(struct client_tls, ca_file, "ca_file", YAML_T_STR),
    YAML_FIELD(struct client_tls, cert, "cert", YAML_T_STR),
    YAML_FIELD(struct client_tls, cert_file, "cert_file", YAML_T_STR),
    YAML_FIELD(struct client_tls, key, "key", YAML_T_SECRET),
    YAML_FIELD(struct client_tls, key_file, "key_file", YAML_T_STR),
    YAML_FIELD(struct client_tls, server_name, "server_name", YAML_T_STR),
    YAML_FIELD(struct client_tls, insecure_skip_verify, "insecure_skip_verify", YAML_T_BOOL),
    YAML_FIELD(struct client_tls, min_version, "min_version", YAML_T_STR),
    {0},
};
const struct yaml_struct CLIENT_TLS_YAML = {
    .type_name = "promauth.TLSConfig", .bytes = sizeof(struct client_tls), .fields = TLS_FIELDS};

static const struct yaml_field OAUTH2_FIELDS[] = {
    YAML_FIELD(struct client_oauth2, client_id, "client_id", YAML_T_STR),
    YAML_FIELD(struct client_oauth2, client_secret, "client_secret", YAML_T_SECRET),
    YAML_FIELD(struct client_oauth2, client_secret_file, "client_secret_file", YAML_T_STR),
    YAML_FIELD(struct client_oauth2, scopes, "scopes", YAML_T_STRS),
    YAML_FIELD(struct client_oauth2, token_url, "token_url", YAML_T_STR),
    YAML_FIELD(struct client_oauth2, endpoint_params, "endpoint_params", YAML_T_STR_MAP),
    YAML_FIELD(struct client_oauth2, tls, "tls_config", YAML_T_PTR, .sub = &CLIENT_TLS_YAML),
    YAML_FIELD(struct client_oauth2, headers, "headers", YAML_T_STRS),
    YAML_FIELD(struct client_oauth2, proxy_url, "proxy_url", YAML_T_STR),
    {0},
};
const struct yaml_struct CLIENT_OAUTH2_YAML = {.type_name = "promauth.OAuth2Config",
                                               .bytes = sizeof(struct client_oauth2),
                                               .fields = OAUTH2_FIELDS};

static const struct yaml_field CLIENT_AUTH_FIELDS[] = {
    YAML_FIELD(struct client_auth, authorization, "authorization", YAML_T_PTR,
               .sub = &AUTHORIZATION_YAML),
    YAML_FIELD(struct client_auth, basic_auth, "basic_auth", YAML_T_PTR, .sub = &BASIC_AUTH_YAML),
    YAML_FIELD(struct client_auth, bearer_token, "bearer_token", YAML_T_SECRET),
    YAML_FIELD(struct client_auth, bearer_token_file, "bearer_token_file", YAML_T_STR),
    YAML_FIELD(struct client_auth, oauth2, "oauth2", YAML_T_PTR, .sub = &CLIENT_OAUTH2_YAML),
    YAML_FIELD(struct client_auth, tls, "tls_config", YAML_T_PTR, .sub = &CLIENT_TLS_YAML),
    YAML_FIELD(struct client_auth, headers, "headers", YAML_T_STRS),
    {0},
};
const struct yaml_struct CLIENT_AUTH_YAML = {.type_name = "promauth.HTTPClientConfig",
                                             .bytes = sizeof(struct client_auth),
                                             .fields = CLIENT_AUTH_FIELDS};
