// SPDX-License-Identifier: Apache-2.0
#include "base/model/webconf.h"

struct http_section {
    bool http2;
    struct yaml_str_map headers;
};

struct web_file {
    struct tlsconf tls;
    struct http_section http;
    struct yaml_str_map users;
    struct web_rate_limit rate_limit;
};

// ---- readers -------------------------------------------------------------------------------

static bool bind_interval(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text;
    int64_t ns;
    if (yaml_to_i64(node, &ns)) {
        *(dur_ns *)to = ns; // a bare number counts nanoseconds, as in Go
        return true;
    }
    return (yaml_to_str(node, &text) && dur_parse_go(text, to, NULL)) ||
           yaml_problem_type(b, node, "time.Duration");
}

static const char *const FRAME_OPTIONS[] = {"deny", "sameorigin", NULL};
static const char *const TYPE_OPTIONS[] = {"nosniff", NULL};

static const struct {
    const char *name;
    const char *const *values; // NULL: any
} HEADERS[] = {
    {"Strict-Transport-Security", NULL}, {"X-Content-Type-Options", TYPE_OPTIONS},
    {"X-Frame-Options", FRAME_OPTIONS},  {"X-XSS-Protection", NULL},
    {"Content-Security-Policy", NULL},
};

static bool check_value(const char *const *values, const struct yaml_str_pair *h, struct err *err)
{
    defer(buf_done) struct buf list = {0};
    for (size_t i = 0; values && values[i]; i++) {
        if (str_eq(h->value, str_c(values[i])))
            return true;
        buf_printf(&list, "%s%s", i ? " " : "", values[i]);
    }
    return !values || h->value.n == 0 ||
           err_set(err, ERR_INVALID,
                   "invalid value for %.*s. Expected one of: [%.*s], but got: \"%.*s\"",
                   STR(h->key), STR(buf_str(&list)), STR(h->value));
}

static bool check_header(const struct yaml_str_pair *h, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(HEADERS); i++) {
        if (str_eq(h->key, str_c(HEADERS[i].name)))
            return check_value(HEADERS[i].values, h, err);
    }
    return err_set(err, ERR_INVALID, "HTTP header \"%.*s\" can not be configured", STR(h->key));
}

bool webconf_is_bcrypt(str h)
{
    if (h.n != 60 || !str_starts(h, S("$2")) || !strchr("abxy", h.p[2]) || h.p[3] != '$' ||
        !char_is_digit(h.p[4]) || !char_is_digit(h.p[5]) || h.p[6] != '$')
        return false;
    int cost = (h.p[4] - '0') * 10 + h.p[5] - '0';
    if (cost < 4 || cost > 31)
        return false;
    for (size_t i = 7; i < h.n; i++) {
        char c = h.p[i];
        if (!char_is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '.' &&
            c != '/')
            return false;
    }
    return true;
}

// ---- tables --------------------------------------------------------------------------------

static const struct yaml_field HTTP_FIELDS[] = {
    YAML_FIELD(struct http_section, http2, "http2", YAML_T_BOOL),
    YAML_FIELD(struct http_section, headers, "headers", YAML_T_STR_MAP),
    {0},
};

static const struct yaml_struct HTTP_YAML = {
    .type_name = "web.HTTPConfig", .bytes = sizeof(struct http_section), .fields = HTTP_FIELDS};

static const struct yaml_field RATE_FIELDS[] = {
    YAML_FIELD(struct web_rate_limit, interval, "interval", YAML_T_CUSTOM, .bind = bind_interval,
               .go_type = "time.Duration"),
    YAML_FIELD(struct web_rate_limit, burst, "burst", YAML_T_INT),
    {0},
};

static const struct yaml_struct RATE_YAML = {.type_name = "web.RateLimiterConfig",
                                             .bytes = sizeof(struct web_rate_limit),
                                             .fields = RATE_FIELDS};

static const struct yaml_field FILE_FIELDS[] = {
    YAML_FIELD(struct web_file, tls, "tls_server_config", YAML_T_STRUCT, .sub = &TLS_SERVER_YAML),
    YAML_FIELD(struct web_file, http, "http_server_config", YAML_T_STRUCT, .sub = &HTTP_YAML),
    YAML_FIELD(struct web_file, users, "basic_auth_users", YAML_T_STR_MAP),
    YAML_FIELD(struct web_file, rate_limit, "rate_limit", YAML_T_STRUCT, .sub = &RATE_YAML),
    {0},
};

static const struct yaml_struct FILE_YAML = {
    .type_name = "web.Config", .bytes = sizeof(struct web_file), .fields = FILE_FIELDS};

// ---- the file ------------------------------------------------------------------------------

static bool check_file(const struct web_file *file, struct err *err)
{
    for (size_t i = 0; i < file->http.headers.count; i++) {
        if (!check_header(&file->http.headers.items[i], err))
            return false;
    }
    for (size_t i = 0; i < file->users.count; i++) {
        const struct yaml_str_pair *user = &file->users.items[i];
        if (!webconf_is_bcrypt(user->value))
            return err_set(err, ERR_INVALID, "the password of user \"%.*s\" is not a bcrypt hash",
                           STR(user->key));
    }
    return true;
}

static bool wants_tls(const struct tlsconf *t)
{
    return httpconf_is_given(&t->cert) || httpconf_is_given(&t->key) || httpconf_is_given(&t->ca) ||
           t->client_auth_type.n;
}

bool webconf_parse(str text, str dir, struct arena *mem, struct webconf *ret, struct err *err)
{
    struct yaml_options options = {0};
    struct yaml_binder binder = {.mem = mem};
    struct web_file file = {.tls.prefer_server_ciphers = true, .http.http2 = true};
    struct yaml_node *doc;
    if (!yaml_parse(text, &options, mem, &doc, err) ||
        !yaml_bind(&binder, doc, &FILE_YAML, &file, err) || !check_file(&file, err))
        return false;
    file.tls.is_server = true;
    tlsconf_join_dir(&file.tls, dir, mem);
    bool has_tls = wants_tls(&file.tls);
    if (has_tls && !tlsconf_check_server(&file.tls, err))
        return false;
    *ret = (struct webconf){.has_tls = has_tls,
                            .tls = file.tls,
                            .http2 = file.http.http2,
                            .headers = file.http.headers,
                            .users = file.users,
                            .rate_limit = file.rate_limit};
    return true;
}
