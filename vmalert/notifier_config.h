// SPDX-License-Identifier: Apache-2.0
// notifier_config.h: the file of -notifier.config: where the Alertmanagers are, how they are
// reached, what alerts look like there (spec: vmalert notifier §4, §6).
#pragma once
#include "vmalert/notifier_target.h"
#include "vmalert/sd.h"

#define NOTIFIER_CONFIG_BYTES_MAX ((size_t)4 << 20)

// How targets of one section are asked.
struct notifier_client {
    struct httpconf conf;
    struct http_header *headers;
    size_t header_count;
};

// Immutable once prepared; kept by reference, because requests under way use it.
struct notifier_config {
    uint32_t refs;
    struct arena mem;
    uint64_t sum;  // of the text: equal texts, equal configurations
    bool is_empty; // the file says nothing at all
    str scheme, path_prefix, checksum;
    dur_ns timeout;
    struct yaml_list static_sd, dns_sd, consul_sd; // structs of sd.h
    struct client_auth auth;
    bool follow_redirects; // accepted, without effect
    struct yaml_list relabel_confs, alert_relabel_confs;
    struct relabel *relabel, *alert_relabel; // of targets; of all alerts
    // notifier_config_prepare()
    struct notifier_client client;          // of discovered targets
    struct notifier_client *static_clients; // one for each item of static_sd
};

// A new reference. Errors: "yaml: unmarshal errors: …", "unknown fields in a, b", "failed to parse
// relabeling config: error when parsing `relabel_config` #1: …".
struct notifier_config *notifier_config_parse(str text, struct err *err);
struct notifier_config *notifier_config_ref(struct notifier_config *c);
void notifier_config_unref(struct notifier_config *c); // NULL is fine

// Reads the file, parses and prepares it. Errors also: "error reading config file: …", and what is
// wrong with sections of discovery.
struct notifier_config *notifier_config_load(const struct sd_environment *from, str path,
                                             struct err *err);
// Checks what needs more than the text, and prepares clients. dir: of the file.
bool notifier_config_prepare(struct notifier_config *c, const struct sd_environment *from, str dir,
                             struct err *err);

struct notifier_target_rules notifier_config_rules(const struct notifier_config *c);
