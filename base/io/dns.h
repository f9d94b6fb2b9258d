// SPDX-License-Identifier: Apache-2.0
// dns.h: names to addresses and service records, by c-ares.
//
// Equal questions share one lookup. Addresses are remembered for their TTL (cut to
// [DNS_TTL_MIN, DNS_TTL_MAX]), an unknown name for DNS_TTL_UNKNOWN; SRV and MX records are not
// remembered. /etc/hosts and the search domains of resolv.conf count as they do in libc. A changed
// resolv.conf is noticed within DNS_CONF_CHECK, as in Go. Where c-ares finds no answer for
// another reason than an unknown name, libc is asked on a worker as a last resort: it knows mDNS
// and the modules of nsswitch.conf.
#pragma once
#include "base/io/io.h"

#define DNS_TTL_MIN         DUR_SECONDS(1)
#define DNS_TTL_MAX         DUR_MINUTES(5)
#define DNS_TTL_UNKNOWN     DUR_SECONDS(1)
#define DNS_TTL_LIBC        DUR_SECONDS(5) // libc does not tell
#define DNS_CONF_CHECK      DUR_SECONDS(5)
#define DNS_OUTSTANDING_MAX 128  // questions on the network; ares_timeout is linear in them
#define DNS_LIBC_MAX        2    // questions to libc; each blocks a worker
#define DNS_LOOKUPS_MAX     4096 // remembered and waiting ones
#define DNS_NAME_BYTES_MAX  254
#define DNS_RECORDS_MAX     1024 // per answer; more are dropped

struct dns *dns_new(struct env_uv *e);
void dns_free(struct dns *dns);          // queries are dropped without callbacks
bool dns_is_busy(const struct dns *dns); // libc is at work: it cannot be freed yet

struct dns_query *dns_resolve(struct env *env, str name, enum dns_kind kind, dur_ns timeout,
                              dns_fn *fn, void *owner);
void dns_cancel(struct dns_query *query);

// ---- between dns.c and dns_ares.c ----------------------------------------------------------

// One question and, later, its answer. Lives while a query, the table or c-ares refers to it.
struct lookup {
    struct dns *dns;
    char *name;
    enum dns_kind kind;
    uint64_t hash;
    uint32_t refs;
    bool is_done;
    bool is_in_table;
    bool is_on_network;  // counts towards DNS_OUTSTANDING_MAX
    struct list link;    // dns.waiting: not yet on the network
    struct list queries; // struct dns_query
    uv_getaddrinfo_t libc_request;
    struct arena mem;
    struct dns_record *records; // in mem
    size_t count;
    enum err_code code;
    char text[384];
    mono_ns expires;
};

// Asks the network; lookup_answered or lookup_failed follows, perhaps before it returns.
struct resolver;
struct resolver *resolver_new(struct env_uv *e);
void resolver_free(struct resolver *r);
void resolver_ask(struct resolver *r, struct lookup *l);
// "10.0.0.2:53", the first server; empty: unknown. Valid until the next resolver_ call.
const char *resolver_server(const struct resolver *r);

struct dns_record *lookup_add(struct lookup *l, size_t count_max); // NULL: enough records
void lookup_answered(struct lookup *l, dur_ns ttl);
// is_final: there is no point in asking libc as well.
void lookup_failed(struct lookup *l, enum err_code code, const char *why, bool is_final);
