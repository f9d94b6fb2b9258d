// SPDX-License-Identifier: Apache-2.0
// config_int.h: shared by the files that load a configuration.
#pragma once
#include "alertmanager/config.h"
#include "base/text/yaml_print.h"

struct owned_matchers {
    struct matchers matchers;
    struct owned_matchers *next;
};

// The user pointer of the binder. Begins with an interval_loader, as timeinterval.h wants it.
struct config_loader {
    struct interval_loader intervals;
    struct config *config;
    struct matcher_parser parser;
    enum name_mode names;
    struct arena *mem; // the configuration's
};

static inline struct config_loader *loader_of(const struct yaml_binder *b)
{
    return b->user;
}

// The configuration frees their regular expressions.
void config_own_matchers(struct config_loader *l, struct matchers m);

bool yaml_fail_err(struct yaml_binder *b, const struct err *err); // with its text; always false
// The text quoted as Go's %q does, in mem.
str quoted(struct arena *mem, str s);

uint64_t config_name_hash(str name); // of receivers_by_name and intervals_by_name

// "at most one of A & B must be configured" if both are given. False, and err is set, then.
bool check_at_most_one(struct yaml_binder *b, str one, str other, const char *names);

// Makes a relative path begin at dir; an empty path stays empty.
str path_join(str dir, str path, struct arena *mem);
void tls_conf_join_dir(struct tls_conf *t, str dir, struct arena *mem); // its files; NULL is fine

// ---- config_global.c
extern const struct yaml_struct CONFIG_GLOBAL_YAML;
struct config_global *config_global_default(struct arena *mem);
bool config_global_check(struct yaml_binder *b, const struct config_global *g);
#define YAML_HOST_PORT                                                                             \
    .bind = bind_host_port, .print = print_host_port, .is_empty = host_port_is_unset
yaml_bind_fn bind_host_port;
void print_host_port(struct yaml_printer *p, const void *from);
bool host_port_is_unset(const void *from);
#define YAML_OPT_BOOL .bind = bind_opt_bool, .print = print_opt_bool, .is_empty = opt_bool_is_unset
yaml_bind_fn bind_opt_bool;
void print_opt_bool(struct yaml_printer *p, const void *from);
bool opt_bool_is_unset(const void *from);

// ---- config_headers.c
#define YAML_HEADERS .bind = bind_headers, .print = print_headers
yaml_bind_fn bind_headers;
void print_headers(struct yaml_printer *p, const void *from);
bool check_headers(struct yaml_binder *b, const struct headers_conf *headers); // none is reserved
#define YAML_PROXY_HEADERS .bind = bind_proxy_headers, .print = print_proxy_headers
yaml_bind_fn bind_proxy_headers;
void print_proxy_headers(struct yaml_printer *p, const void *from);

// ---- config_route.c
bool config_routes_check(struct yaml_binder *b, struct config *c); // and indexes the intervals
// The rules' matchers, and their equal labels sorted and unique.
void config_rules_compile(struct config_loader *l);

// ---- config_receivers.c
extern const struct yaml_struct CONFIG_RECEIVER_YAML;
bool config_receivers_check(struct yaml_binder *b, struct config *c);
void config_receivers_compile(struct config *c);
void config_receivers_join_dir(struct config *c, str dir);

// ---- config_outputs.c
extern const struct yaml_struct CONFIG_TRACING_YAML, CONFIG_RECORDER_YAML;
void config_outputs_join_dir(struct config *c, str dir);
