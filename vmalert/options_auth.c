// SPDX-License-Identifier: Apache-2.0
#include "vmalert/options_auth.h"

#include "base/text/json.h"

// ---- the table ---------------------------------------------------------------------------------

#define SKIP_VERIFY "tlsInsecureSkipVerify"

static const struct client_flag {
    const char *name; // behind the prefix
    size_t offset;    // in struct client_flags
    bool is_secret;
    const char *help; // of what "requests to -<prefix>.url" are given
} FLAGS[] = {
#define F(name_, member, is_secret_, help_)                                                        \
    {                                                                                              \
        .name = (name_), .offset = offsetof(struct client_flags, member),                          \
        .is_secret = (is_secret_), .help = (help_)                                                 \
    }
    F("basicAuth.username", username, false, "User name of HTTP Basic authentication"),
    F("basicAuth.usernameFile", username_file, false,
      "File with the user name of HTTP Basic authentication; read again every second"),
    F("basicAuth.password", password, true, "Password of HTTP Basic authentication"),
    F("basicAuth.passwordFile", password_file, true,
      "File with the password of HTTP Basic authentication; read again every second"),
    F("bearerToken", bearer_token, true, "Bearer token"),
    F("bearerTokenFile", bearer_token_file, true,
      "File with the bearer token; read again every second"),
    F("oauth2.clientID", oauth2_client_id, false, "OAuth2 client ID"),
    F("oauth2.clientSecret", oauth2_client_secret, true, "OAuth2 client secret"),
    F("oauth2.clientSecretFile", oauth2_client_secret_file, true,
      "File with the OAuth2 client secret; read again every second"),
    F("oauth2.endpointParams", oauth2_endpoint_params, false,
      "Parameters of the OAuth2 token request, as a JSON object of strings"),
    F("oauth2.tokenUrl", oauth2_token_url, true, "URL of the OAuth2 token endpoint"),
    F("oauth2.scopes", oauth2_scopes, false, "OAuth2 scopes, separated by ';'"),
    F("tlsCAFile", tls_ca_file, false,
      "File with the certificate authorities to trust; default: the system's"),
    F("tlsCertFile", tls_cert_file, false, "File with the TLS client certificate"),
    F("tlsKeyFile", tls_key_file, true, "File with the key of the TLS client certificate"),
    F("tlsServerName", tls_server_name, false,
      "Name expected in the server's certificate; default: the host of the URL"),
#undef F
};
_Static_assert(ARRAY_LEN(FLAGS) == CLIENT_FLAG_COUNT - 1, "skip-verify is the last one");

static struct flag make_flag(const char *prefix, const char *name, enum flag_type type, void *to,
                             const char *default_text, const char *help, bool is_list,
                             struct arena *mem)
{
    return (struct flag){
        .name = arena_printf(mem, "%s.%s", prefix, name).p,
        .type = type,
        .to = to,
        .default_text = default_text,
        .help = arena_printf(mem, "%s, for requests to %s-%s.url", help,
                             is_list ? "the corresponding " : "", prefix)
                    .p,
    };
}

#define SKIP_VERIFY_HELP "Whether to trust any TLS certificate"

void client_flags_put(struct flag *to, const char *prefix, struct client_flags *values,
                      struct arena *mem)
{
    for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++) {
        to[i] = make_flag(prefix, FLAGS[i].name, FLAG_STR, (char *)values + FLAGS[i].offset, "",
                          FLAGS[i].help, false, mem);
        to[i].is_secret = FLAGS[i].is_secret;
    }
    to[ARRAY_LEN(FLAGS)] =
        make_flag(prefix, SKIP_VERIFY, FLAG_BOOL, &values->tls_insecure_skip_verify, "false",
                  SKIP_VERIFY_HELP, false, mem);
}

void client_flag_lists_put(struct flag *to, const char *prefix, struct client_flag_lists *values,
                           struct arena *mem)
{
    for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++) {
        to[i] = make_flag(prefix, FLAGS[i].name, FLAG_STRS, &values->texts[i], NULL, FLAGS[i].help,
                          true, mem);
        to[i].is_secret = FLAGS[i].is_secret;
    }
    to[ARRAY_LEN(FLAGS)] =
        make_flag(prefix, SKIP_VERIFY, FLAG_BOOLS, &values->tls_insecure_skip_verify, NULL,
                  SKIP_VERIFY_HELP, true, mem);
}

struct client_flags client_flags_at(const struct client_flag_lists *lists, size_t index)
{
    struct client_flags f = {0};
    for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++)
        *(str *)(void *)((char *)&f + FLAGS[i].offset) = flag_strs_at(&lists->texts[i], index);
    f.tls_insecure_skip_verify = flag_bools_at(&lists->tls_insecure_skip_verify, index);
    return f;
}

// ---- what they mean ----------------------------------------------------------------------------

// A JSON object of strings.
static bool parse_params(str text, const char *prefix, struct arena *mem, struct yaml_str_map *ret,
                         struct err *err)
{
    if (text.n == 0)
        return true;
    const json *object = json_parse(text, false, mem, err);
    if (object && !json_is_object(object) && !json_is_null(object)) {
        err_set(err, ERR_SYNTAX, "json: cannot unmarshal the value into a map of strings");
        object = NULL;
    }
    if (object) {
        ret->items = arena_array(mem, struct yaml_str_pair, json_count(object));
        json_each (v, object) {
            if (!json_is_string(v)) {
                err_set(err, ERR_SYNTAX, "json: the value of \"%.*s\" is not a string",
                        STR(json_key(v)));
                object = NULL;
                break;
            }
            ret->items[ret->count++] = (struct yaml_str_pair){json_key(v), json_str(v)};
        }
    }
    if (!object)
        return err_wrap(err, "cannot parse JSON for -%s.oauth2.endpointParams=%.*s", prefix,
                        STR(text));
    yaml_str_map_sort(ret);
    return true;
}

// An empty text is one empty scope, and is sent as such.
static struct str_list split_scopes(str text, struct arena *mem)
{
    struct str_list list = {.items = arena_array(mem, str, text.n + 1)};
    for (bool more = true; more;) {
        str one, rest;
        more = str_cut(text, ';', &one, &rest);
        list.items[list.count++] = one;
        text = rest;
    }
    return list;
}

bool client_flags_build(struct env *env, const struct client_flags *f, const char *prefix,
                        struct arena *mem, const struct httpconf **ret, struct err *err)
{
    struct client_basic_auth basic = {f->username, f->username_file, f->password, f->password_file};
    struct client_oauth2 oauth2 = {.client_id = f->oauth2_client_id,
                                   .client_secret = f->oauth2_client_secret,
                                   .client_secret_file = f->oauth2_client_secret_file,
                                   .token_url = f->oauth2_token_url,
                                   .scopes = split_scopes(f->oauth2_scopes, mem)};
    struct client_tls tls = {.ca_file = f->tls_ca_file,
                             .cert_file = f->tls_cert_file,
                             .key_file = f->tls_key_file,
                             .server_name = f->tls_server_name,
                             .insecure_skip_verify = f->tls_insecure_skip_verify};
    struct client_auth auth = {
        .bearer_token = f->bearer_token, .bearer_token_file = f->bearer_token_file, .tls = &tls};
    if (basic.username.n || basic.username_file.n || basic.password.n || basic.password_file.n)
        auth.basic_auth = &basic;
    if (oauth2.client_secret.n || oauth2.client_secret_file.n)
        auth.oauth2 = &oauth2; // an ID alone means nothing
    struct httpconf *conf = arena_new(mem, struct httpconf);
    if (!parse_params(f->oauth2_endpoint_params, prefix, mem, &oauth2.endpoint_params, err) ||
        !client_auth_build(&auth, mem, conf, err))
        return err_wrap(err, "failed to configure auth");
    if (!client_auth_read_ca(env, conf, mem, err))
        return err_wrap(err, "failed to configure TLS");
    *ret = conf;
    return true;
}
