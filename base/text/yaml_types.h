// SPDX-License-Identifier: Apache-2.0
// yaml_types.h: readers and printers of the value types that several configurations share, for
// YAML_T_CUSTOM fields. A value that does not parse stops the binding with the parser's own text,
// as Go's UnmarshalYAML does.
//
//   YAML_FIELD(struct route, group_wait, "group_wait", YAML_T_CUSTOM, YAML_DUR_PROMETHEUS)
#pragma once
#include "base/core/time.h"
#include "base/text/yaml_bind.h"

// dur_ns in Prometheus' configuration grammar: "1h30m". Printed even when 0 ("0s") unless omitted.
yaml_bind_fn yaml_bind_dur_prometheus;
void yaml_print_dur_prometheus(struct yaml_printer *p, const void *from);
#define YAML_DUR_PROMETHEUS .bind = yaml_bind_dur_prometheus, .print = yaml_print_dur_prometheus

// dur_ns as a Go time.Duration: "1m30s", or an integer of nanoseconds.
yaml_bind_fn yaml_bind_dur_go;
void yaml_print_dur_go(struct yaml_printer *p, const void *from);
#define YAML_DUR_GO .bind = yaml_bind_dur_go, .print = yaml_print_dur_go

// dur_ns as rule files of vmalert write it: "1.5h", "30" (seconds), "-5m".
yaml_bind_fn yaml_bind_dur_vm;
#define YAML_DUR_VM .bind = yaml_bind_dur_vm, .print = yaml_print_dur_go

// An http or https URL with a host.
struct yaml_url {
    str text;    // in canonical form; empty for a secret one read back from its placeholder
    bool is_set; // was given
};

yaml_bind_fn yaml_bind_url;
yaml_bind_fn yaml_bind_url_any_scheme; // proxy_url: only the syntax counts
yaml_bind_fn yaml_bind_secret_url;     // "<secret>" is an empty URL: a printed config reads back
void yaml_print_url(struct yaml_printer *p, const void *from);
void yaml_print_url_redacted(struct yaml_printer *p, const void *from); // the password as xxxxx
void yaml_print_secret_url(struct yaml_printer *p, const void *from);
bool yaml_url_is_empty(const void *from);
#define YAML_URL .bind = yaml_bind_url, .print = yaml_print_url, .is_empty = yaml_url_is_empty
#define YAML_URL_ANY_SCHEME                                                                        \
    .bind = yaml_bind_url_any_scheme, .print = yaml_print_url_redacted,                            \
    .is_empty = yaml_url_is_empty
#define YAML_SECRET_URL                                                                            \
    .bind = yaml_bind_secret_url, .print = yaml_print_secret_url, .is_empty = yaml_url_is_empty

// Checks the text of a URL as the readers above do. Errors: ERR_SYNTAX, ERR_INVALID.
bool yaml_url_check(str text, bool any_scheme, struct arena *mem, str *ret_canonical,
                    struct err *err);

// "host:port", the host without brackets; both empty: unset.
struct host_port {
    str host, port;
};

struct opt_bool {
    bool value, is_set;
};

// str: an expression that must compile as ^(?:text)$; the text is kept as written.
yaml_bind_fn yaml_bind_regex;
void yaml_print_text(struct yaml_printer *p, const void *from);
bool yaml_text_is_empty(const void *from);
#define YAML_REGEX .bind = yaml_bind_regex, .print = yaml_print_text, .is_empty = yaml_text_is_empty
