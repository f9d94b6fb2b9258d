// SPDX-License-Identifier: Apache-2.0
// Headers in http_config: http_headers, proxy_connect_header.
#include "alertmanager/config_int.h"

#define OMIT .is_omitted_when_empty = true

// ---- proxy_connect_header ----------------------------------------------------------------------

static int compare_proxy_headers(const void *a, const void *b)
{
    return str_cmp(((const struct proxy_header *)a)->name, ((const struct proxy_header *)b)->name);
}

static bool bind_str_list(struct yaml_binder *b, const struct yaml_node *node, struct str_list *to)
{
    if (node->kind == YAML_NULL)
        return true;
    if (node->kind != YAML_SEQUENCE)
        return yaml_problem_type(b, node, "[]config.Secret");
    to->items = arena_array(b->mem, str, node->count);
    to->count = node->count;
    yaml_each (i, node)
        if (!yaml_to_str(node->items[i], &to->items[i]))
            yaml_problem_type(b, node->items[i], "config.plain");
    return true;
}

bool bind_proxy_headers(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct proxy_headers *headers = to;
    if (node->kind != YAML_MAPPING)
        return yaml_problem_type(b, node, "config.ProxyHeader");
    headers->items = arena_array(b->mem, struct proxy_header, node->count);
    headers->count = node->count;
    yaml_each (i, node) {
        const struct yaml_member *m = &node->members[i];
        if (!yaml_to_str(m->key, &headers->items[i].name))
            return yaml_problem_type(b, m->key, "string");
        if (m->is_repeated)
            yaml_problem(b, m->value, "key %.*s already set in map",
                         STR(quoted(b->mem, m->key->text)));
        bind_str_list(b, m->value, &headers->items[i].values);
    }
    qsort(headers->items, headers->count, sizeof(*headers->items), compare_proxy_headers);
    return true;
}

static void put_secrets(struct yaml_printer *p, const struct str_list *list)
{
    yaml_put_seq_begin(p, list->count);
    for (size_t i = 0; i < list->count; i++)
        yaml_put_secret(p, list->items[i]);
    yaml_put_seq_end(p);
}

void print_proxy_headers(struct yaml_printer *p, const void *from)
{
    const struct proxy_headers *headers = from;
    yaml_put_map_begin(p, headers->count);
    for (size_t i = 0; i < headers->count; i++) {
        yaml_put_str(p, headers->items[i].name);
        put_secrets(p, &headers->items[i].values);
    }
    yaml_put_map_end(p);
}

// ---- http_headers ------------------------------------------------------------------------------

static void print_secrets(struct yaml_printer *p, const void *from)
{
    put_secrets(p, from);
}

static bool bind_secrets(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    return bind_str_list(b, node, to);
}

static bool is_empty_list(const void *from)
{
    return ((const struct str_list *)from)->count == 0;
}

static const struct yaml_field HEADER_FIELDS[] = {
    YAML_FIELD(struct header_conf, values, "values", YAML_T_STRS, OMIT),
    YAML_FIELD(struct header_conf, secrets, "secrets", YAML_T_CUSTOM, .bind = bind_secrets,
               .print = print_secrets, .is_empty = is_empty_list, OMIT),
    YAML_FIELD(struct header_conf, files, "files", YAML_T_STRS, OMIT),
    {0},
};
static const struct yaml_struct HEADER_YAML = {
    .type_name = "config.Header", .bytes = sizeof(struct header_conf), .fields = HEADER_FIELDS};

static int compare_headers(const void *a, const void *b)
{
    return str_cmp(((const struct header_conf *)a)->name, ((const struct header_conf *)b)->name);
}

// Go's textproto.CanonicalMIMEHeaderKey for names of letters, digits and '-'.
static str canonical_header(struct arena *mem, str name)
{
    str copy = arena_str(mem, name);
    char *p = (char *)copy.p;
    bool is_start = true;
    for (size_t i = 0; i < copy.n; i++) {
        if (is_start && p[i] >= 'a' && p[i] <= 'z')
            p[i] = (char)(p[i] - 'a' + 'A');
        else if (!is_start && p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] - 'A' + 'a');
        is_start = p[i] == '-';
    }
    return copy;
}

static bool is_reserved(str canonical)
{
    static const char *const reserved[] = {
        "Authorization",
        "Host",
        "Content-Encoding",
        "Content-Length",
        "Content-Type",
        "User-Agent",
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Www-Authenticate",
        "Accept-Encoding",
        "X-Prometheus-Remote-Write-Version",
        "X-Prometheus-Remote-Read-Version",
        "X-Prometheus-Scrape-Timeout-Seconds",
        "X-Amz-Date",
        "X-Amz-Security-Token",
        "X-Amz-Content-Sha256",
    };
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
        if (str_eq(canonical, str_c(reserved[i])))
            return true;
    }
    return false;
}

bool bind_headers(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct headers_conf *headers = to;
    if (node->kind != YAML_MAPPING)
        return yaml_problem_type(b, node, "config.plain");
    headers->items = arena_array(b->mem, struct header_conf, node->count);
    headers->count = node->count;
    yaml_each (i, node) {
        const struct yaml_member *m = &node->members[i];
        struct header_conf *h = &headers->items[i];
        str name;
        if (!yaml_to_str(m->key, &name))
            return yaml_problem_type(b, m->key, "string");
        if (m->is_repeated)
            yaml_problem(b, m->value, "key %.*s already set in map", STR(quoted(b->mem, name)));
        yaml_bind_struct(b, m->value, &HEADER_YAML, h);
        h->name = name;
    }
    qsort(headers->items, headers->count, sizeof(*headers->items), compare_headers);
    return true;
}

void print_headers(struct yaml_printer *p, const void *from)
{
    const struct headers_conf *headers = from;
    yaml_put_map_begin(p, headers->count);
    for (size_t i = 0; i < headers->count; i++) {
        yaml_put_str(p, headers->items[i].name);
        yaml_put_struct(p, &HEADER_YAML, &headers->items[i]);
    }
    yaml_put_map_end(p);
}

bool check_headers(struct yaml_binder *b, const struct headers_conf *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        str name = canonical_header(b->mem, headers->items[i].name);
        if (is_reserved(name))
            return yaml_fail(b, "setting header %.*s is not allowed", STR(quoted(b->mem, name)));
    }
    return true;
}
