// SPDX-License-Identifier: Apache-2.0
#include "base/model/tlsconf.h"

// ---- readers -------------------------------------------------------------------------------

static bool bind_version(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text;
    if (!yaml_to_str(node, &text))
        return yaml_problem_type(b, node, "string");
    return httpconf_parse_tls_version(text, to) ||
           yaml_fail(b, "unknown TLS version: %.*s", STR(text));
}

const struct tls_suite TLS_SUITES[TLS_SUITE_COUNT] = {
    {"TLS_AES_128_GCM_SHA256", 0x1301},
    {"TLS_AES_256_GCM_SHA384", 0x1302},
    {"TLS_CHACHA20_POLY1305_SHA256", 0x1303},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0xc009},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", 0xc00a},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0xc013},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", 0xc014},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02b},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xc02c},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xc02f},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xc030},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca8},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca9},
};

static const char *const CURVES[] = {"CurveP256", "CurveP384", "CurveP521", "X25519"};

static bool is_one_of(str name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(name, str_c(names[i])))
            return true;
    }
    return false;
}

static bool is_suite(str name)
{
    for (size_t i = 0; i < TLS_SUITE_COUNT; i++) {
        if (str_eq(name, str_c(TLS_SUITES[i].name)))
            return true;
    }
    return false;
}

static bool check_server_names(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct tlsconf *t = to;
    for (size_t i = 0; i < t->cipher_suites.count; i++) {
        str name = t->cipher_suites.items[i];
        if (!is_suite(name))
            return yaml_fail(b, "unknown cipher: %.*s", STR(name));
    }
    for (size_t i = 0; i < t->curves.count; i++) {
        str name = t->curves.items[i];
        if (!is_one_of(name, CURVES, ARRAY_LEN(CURVES)))
            return yaml_fail(b, "unknown curve: %.*s", STR(name));
    }
    return true;
}

static unsigned given(const struct httpconf_secret *s, str ref)
{
    return (s->text.n > 0) + (s->file.n > 0) + (ref.n > 0);
}

static bool check_client(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct tlsconf *t = to;
    unsigned certs = given(&t->cert, t->cert_ref);
    unsigned keys = given(&t->key, t->key_ref);
    if (given(&t->ca, t->ca_ref) > 1)
        return yaml_fail(b, "at most one of ca, ca_file & ca_ref must be configured");
    if (certs > 1)
        return yaml_fail(b, "at most one of cert, cert_file & cert_ref must be configured");
    if (keys > 1)
        return yaml_fail(b, "at most one of key and key_file must be configured");
    if (certs && !keys)
        return yaml_fail(b, "exactly one of key or key_file must be configured when a client "
                            "certificate is configured");
    if (keys && !certs)
        return yaml_fail(b, "exactly one of cert or cert_file must be configured when a client "
                            "key is configured");
    if (t->ca_ref.n || t->cert_ref.n || t->key_ref.n)
        return yaml_fail(b, "cannot use secret ref without manager");
    return true;
}

// ---- tables --------------------------------------------------------------------------------

#define VERSION .bind = bind_version, .go_type = "string"

static const struct yaml_field SERVER_FIELDS[] = {
    YAML_FIELD(struct tlsconf, cert.text, "cert", YAML_T_STR),
    YAML_FIELD(struct tlsconf, cert.file, "cert_file", YAML_T_STR),
    YAML_FIELD(struct tlsconf, key.text, "key", YAML_T_SECRET),
    YAML_FIELD(struct tlsconf, key.file, "key_file", YAML_T_STR),
    YAML_FIELD(struct tlsconf, ca.text, "client_ca", YAML_T_STR),
    YAML_FIELD(struct tlsconf, ca.file, "client_ca_file", YAML_T_STR),
    YAML_FIELD(struct tlsconf, client_auth_type, "client_auth_type", YAML_T_STR),
    YAML_FIELD(struct tlsconf, client_sans, "client_allowed_sans", YAML_T_STRS),
    YAML_FIELD(struct tlsconf, cipher_suites, "cipher_suites", YAML_T_STRS),
    YAML_FIELD(struct tlsconf, curves, "curve_preferences", YAML_T_STRS),
    YAML_FIELD(struct tlsconf, min_version, "min_version", YAML_T_CUSTOM, VERSION),
    YAML_FIELD(struct tlsconf, max_version, "max_version", YAML_T_CUSTOM, VERSION),
    YAML_FIELD(struct tlsconf, prefer_server_ciphers, "prefer_server_cipher_suites", YAML_T_BOOL),
    {0},
};

const struct yaml_struct TLS_SERVER_YAML = {.type_name = "web.TLSConfig",
                                            .bytes = sizeof(struct tlsconf),
                                            .fields = SERVER_FIELDS,
                                            .check = check_server_names};

static const struct yaml_field CLIENT_FIELDS[] = {
    YAML_FIELD(struct tlsconf, ca.text, "ca", YAML_T_STR),
    YAML_FIELD(struct tlsconf, cert.text, "cert", YAML_T_STR),
    YAML_FIELD(struct tlsconf, key.text, "key", YAML_T_SECRET),
    YAML_FIELD(struct tlsconf, ca.file, "ca_file", YAML_T_STR),
    YAML_FIELD(struct tlsconf, cert.file, "cert_file", YAML_T_STR),
    YAML_FIELD(struct tlsconf, key.file, "key_file", YAML_T_STR),
    YAML_FIELD(struct tlsconf, ca_ref, "ca_ref", YAML_T_STR),
    YAML_FIELD(struct tlsconf, cert_ref, "cert_ref", YAML_T_STR),
    YAML_FIELD(struct tlsconf, key_ref, "key_ref", YAML_T_STR),
    YAML_FIELD(struct tlsconf, server_name, "server_name", YAML_T_STR),
    YAML_FIELD(struct tlsconf, insecure_skip_verify, "insecure_skip_verify", YAML_T_BOOL),
    YAML_FIELD(struct tlsconf, min_version, "min_version", YAML_T_CUSTOM, VERSION),
    YAML_FIELD(struct tlsconf, max_version, "max_version", YAML_T_CUSTOM, VERSION),
    {0},
};

const struct yaml_struct TLS_CLIENT_YAML = {.type_name = "config.plain",
                                            .bytes = sizeof(struct tlsconf),
                                            .fields = CLIENT_FIELDS,
                                            .check = check_client};

// ---- checks --------------------------------------------------------------------------------

// The policy that the file names, if it does.
static bool resolve_client_auth(struct tlsconf *t, struct err *err)
{
    static const struct {
        const char *name;
        enum tls_client_auth value;
    } NAMES[] = {
        {"NoClientCert", TLS_NO_CLIENT_CERT},
        {"RequestClientCert", TLS_REQUEST_CLIENT_CERT},
        {"RequireAnyClientCert", TLS_REQUIRE_ANY_CERT},
        {"RequireClientCert", TLS_REQUIRE_ANY_CERT},
        {"VerifyClientCertIfGiven", TLS_VERIFY_IF_GIVEN},
        {"RequireAndVerifyClientCert", TLS_REQUIRE_AND_VERIFY},
    };
    if (t->client_auth_type.n == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        if (!str_eq(t->client_auth_type, str_c(NAMES[i].name)))
            continue;
        t->client_auth = NAMES[i].value;
        return true;
    }
    return err_set(err, ERR_INVALID, "invalid ClientAuth: %.*s", STR(t->client_auth_type));
}

bool tlsconf_check_server(struct tlsconf *t, struct err *err)
{
    if (!httpconf_is_given(&t->cert) && !httpconf_is_given(&t->key) && !httpconf_is_given(&t->ca) &&
        t->client_auth_type.n == 0)
        return err_set(err, ERR_INVALID, "TLS config is not present");
    if (!httpconf_is_given(&t->cert))
        return err_set(err, ERR_INVALID, "missing one of cert or cert_file");
    if (!httpconf_is_given(&t->key))
        return err_set(err, ERR_INVALID, "missing one of key or key_file");
    if (!resolve_client_auth(t, err))
        return false;
    if (httpconf_is_given(&t->ca) && t->client_auth == TLS_NO_CLIENT_CERT)
        return err_set(err, ERR_INVALID,
                       "client CA's have been configured without a Client Auth Policy");
    if (t->client_sans.count && t->client_auth != TLS_REQUIRE_ANY_CERT &&
        t->client_auth != TLS_REQUIRE_AND_VERIFY)
        return err_set(err, ERR_INVALID,
                       "client_allowed_sans has been configured without requiring client "
                       "certificates");
    return true;
}

bool tlsconf_check_client(const struct tlsconf *t, struct err *err)
{
    const struct {
        str ref;
        const char *what;
    } refs[] = {{t->ca_ref, "CA cert"}, {t->cert_ref, "client cert"}, {t->key_ref, "client key"}};
    if (t->min_version && t->max_version && t->max_version < t->min_version)
        return err_set(err, ERR_INVALID,
                       "tls_config.max_version must be greater than or equal to "
                       "tls_config.min_version if both are specified");
    for (size_t i = 0; i < ARRAY_LEN(refs); i++) {
        if (refs[i].ref.n)
            return err_set(err, ERR_INVALID,
                           "unable to use %s: cannot use secret ref without manager", refs[i].what);
    }
    return true;
}

static str join_dir(str dir, str path, struct arena *mem)
{
    if (path.n == 0 || path.p[0] == '/' || dir.n == 0)
        return path;
    return arena_printf(mem, "%.*s/%.*s", STR(dir), STR(path));
}

void tlsconf_join_dir(struct tlsconf *t, str dir, struct arena *mem)
{
    t->cert.file = join_dir(dir, t->cert.file, mem);
    t->key.file = join_dir(dir, t->key.file, mem);
    t->ca.file = join_dir(dir, t->ca.file, mem);
}

bool tlsconf_name_matches(str san, str name)
{
    if (name.n && name.p[name.n - 1] == '.')
        name.n--; // an absolute name
    if (san.n > 2 && san.p[0] == '*' && san.p[1] == '.') {
        size_t dot = str_find(name, '.');
        if (dot == STR_NONE || dot == 0)
            return false;
        name = str_skip(name, dot);
        san = str_skip(san, 1);
    }
    return name.n > 0 && str_eq_nocase(san, name);
}
