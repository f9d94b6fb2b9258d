// SPDX-License-Identifier: Apache-2.0
// sd.h: discovery of notifiers: static lists, DNS, Consul. Each section of the file has a table
// here and gives label sets, of which notifier_target.h makes URLs.
//
// DNS and Consul are asked over the env, side by side and for ever, at their intervals. After the
// first round, and whenever something may have changed, they call back; targets are then asked for.
// What was found stays while a server does not answer. spec: vmalert notifier §5, §7, §8.
#pragma once
#include "base/model/relabel.h"
#include "vmalert/client_auth.h"

#define SD_TARGETS_MAX        ((size_t)10000)    // of one name or service; the rest is left out
#define SD_RESPONSE_BYTES_MAX ((size_t)16 << 20) // of Consul

// Label sets as discovered: __address__ and __meta_….
struct sd_targets {
    struct arena mem;
    struct label_list *items;
    size_t count, cap;
};

struct label_list *sd_targets_add(struct sd_targets *t);
void sd_targets_clear(struct sd_targets *t);
void sd_targets_done(struct sd_targets *t);
// host:port with brackets around an IPv6 address.
str sd_join_port(str host, int64_t port, struct arena *mem);

struct sd_alert_relabel { // of an item of a section
    struct yaml_list confs;
    struct relabel *compiled;
};

// Counted over the process' life (upstream's vm_promscrape_discovery_…).
struct sd_stats {
    uint64_t requests, retries;
    uint64_t watchers_created, watchers_stopped;
};

typedef void sd_round_fn(void *owner);

// ---- static_configs (sd_static.c) --------------------------------------------------------------

struct static_sd_conf {
    struct str_list targets;
    struct client_auth auth; // what is absent is inherited
    struct sd_alert_relabel relabel;
};

extern const struct yaml_struct STATIC_SD_YAML; // struct static_sd_conf

// ---- dns_sd_configs (sd_dns.c) -----------------------------------------------------------------

#define SD_DNS_TIMEOUT DUR_SECONDS(10) // of the look-ups of one round

struct dns_sd_conf {
    struct str_list names;
    str type; // empty: SRV
    int64_t port;
    bool has_port;
    struct sd_alert_relabel relabel;
    enum dns_kind kind; // dns_sd_check()
};

extern const struct yaml_struct DNS_SD_YAML; // struct dns_sd_conf

// Sets kind. Errors: upstream's.
bool dns_sd_check(struct dns_sd_conf *c, struct err *err);

struct sd_dns;
// confs: of struct dns_sd_conf, checked, borrowed.
struct sd_dns *sd_dns_new(struct env *env, const struct yaml_list *confs, dur_ns interval,
                          sd_round_fn *on_round, void *owner);
void sd_dns_free(struct sd_dns *d);           // NULL is fine
bool sd_dns_is_ready(const struct sd_dns *d); // each name has been looked up
void sd_dns_targets(const struct sd_dns *d, size_t conf_index, struct sd_targets *out);

// ---- consul_sd_configs (sd_consul*.c) ----------------------------------------------------------

struct consul_sd_conf {
    str server, scheme, token, username, password;
    bool has_token;
    struct client_auth auth;
    struct client_auth proxy_auth; // of the proxy, where proxy_url names one
    str proxy_url;
    bool follow_redirects, has_follow_redirects;
    str datacenter, namespace, partition, tag_separator, filter;
    bool has_tag_separator;
    struct str_list services, tags;
    struct yaml_str_map node_meta;
    bool allow_stale, has_allow_stale;
    struct sd_alert_relabel relabel;

    // consul_sd_prepare()
    str url;        // without a path
    str shown;      // without its password
    str names_args; // "?dc=…" is put in front: the datacenter may have to be asked for
    str nodes_args;
    struct httpconf conf;
    struct http_header *headers;
    size_t header_count;
};

extern const struct yaml_struct CONSUL_SD_YAML; // struct consul_sd_conf

struct sd_environment { // for CONSUL_HTTP_TOKEN and the like
    struct env *env;
    const char *(*find)(void *owner, const char *name); // NULL: none
    void *owner;
};

// Checks, and prepares the client. dir: what relative files are relative to. Errors: upstream's.
bool consul_sd_prepare(struct consul_sd_conf *c, const struct sd_environment *from, str dir,
                       struct arena *mem, struct err *err);

struct sd_consul_options {
    dur_ns interval;
    dur_ns wait; // of long polls; at most 1 s: the default
    struct sd_stats *stats;
};

struct sd_consul;
// confs: of struct consul_sd_conf, prepared, borrowed.
struct sd_consul *sd_consul_new(struct env *env, const struct yaml_list *confs,
                                const struct sd_consul_options *opt, sd_round_fn *on_round,
                                void *owner);
void sd_consul_free(struct sd_consul *sd); // NULL is fine
bool sd_consul_is_ready(const struct sd_consul *sd);
void sd_consul_targets(const struct sd_consul *sd, size_t conf_index, struct sd_targets *out);

// Nodes of a service, as /v1/health/service tells them. Errors: ERR_SYNTAX.
bool consul_nodes_parse(str body, str service, str tag_separator, struct sd_targets *out,
                        struct err *err);
// Names of the services that are wanted, from /v1/catalog/services; sorted, in mem.
bool consul_names_parse(str body, const struct consul_sd_conf *c, struct arena *mem,
                        struct str_list *ret, struct err *err);
