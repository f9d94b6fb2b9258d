// SPDX-License-Identifier: Apache-2.0
// rule_file.h: groups of rules as files describe them: parsed, validated, identified.
//
// A set of files becomes one immutable, counted rule_files in one arena. Every problem of every
// file is collected and reported with file, group and rule; nothing is taken over then.
// Texts, IDs and defaults: upstream's (spec: vmalert rules). Files may also be read for the tests
// of vmalert-tool and for -dryRun, so nothing here knows where the bytes come from.
#pragma once
#include "base/text/url.h"
#include "base/text/yaml_bind.h"
#include "rules/datasource.h"

#define RULE_FILE_BYTES_MAX ((size_t)64 << 20)

struct rule_conf {
    bool is_recording;
    str name; // of the alert or the record
    str expr;
    struct yaml_str_map labels, annotations; // sorted by name
    dur_ns for_ns, keep_firing_for_ns;
    bool debug;
    bool has_update_entries_limit;
    int64_t update_entries_limit;
    uint64_t id;
};

struct group_conf {
    str file, name;
    enum rule_type type;
    dur_ns interval; // after defaults
    bool has_eval_offset, has_eval_delay, has_eval_alignment, has_limit;
    dur_ns eval_offset, eval_delay;
    bool eval_alignment; // true unless the file says otherwise
    int64_t limit;
    uint32_t concurrency; // at least 1
    struct yaml_str_map labels;
    struct url_params params;
    struct http_header *headers, *notifier_headers;
    size_t header_count, notifier_header_count;
    bool debug;
    const struct rule_conf *rules;
    size_t rule_count;
    uint64_t id;       // of file, name, type, interval and offset: survives a change of rules
    uint64_t checksum; // of everything that matters
};

struct rule_files {
    struct arena mem;
    uint32_t refs;
    struct group_conf *groups; // sorted by file, then in the order of the file
    size_t group_count;
};

struct rule_file_text {
    str name, text; // environment placeholders already replaced
};

struct rule_file_options {
    enum rule_type default_type;
    dur_ns default_interval;
    int64_t default_limit;
    // Checks, or NULL: not wanted. Texts as in the table of the spec: the caller of these adds
    // nothing, rule_files_parse adds group, file and rule.
    bool (*check_expr)(void *owner, enum rule_type, str expr, struct err *err);
    bool (*check_template)(void *owner, str text, struct err *err);
    void *owner;
};

// Borrows the texts only while it runs. Errors: "errors(2): \ninvalid group "G" in file "F": …".
struct rule_files *rule_files_parse(const struct rule_file_text *files, size_t count,
                                    const struct rule_file_options *opt, struct err *err);
struct rule_files *rule_files_ref(struct rule_files *f);
void rule_files_unref(struct rule_files *f); // NULL is fine
DEFER_PTR(struct rule_files, rule_files_unref)

// FNV-1a 64 identities (spec: vmalert rules §5).
uint64_t rule_id(bool is_recording, str name, str expr, const struct yaml_str_map *labels);
uint64_t group_id(str file, str name, enum rule_type type, dur_ns interval,
                  const dur_ns *eval_offset); // NULL: not set

// alerting rule "x"; expr: "up"; labels: a=1, b=2
void buf_put_rule(struct buf *b, const struct rule_conf *r);
