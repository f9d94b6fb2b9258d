// SPDX-License-Identifier: Apache-2.0
// template.h: annotations and labels of rules as templates: compiled once, expanded per series.
//
// The template function `query` needs an answer from the datasource, but templates run to their end
// at once. So an expansion that meets an unanswered query notes it and fails as "pending"; the
// caller fetches the answers into the same rule_queries and expands again.
#pragma once
#include "base/core/arena.h"
#include "base/text/gotpl.h"
#include "base/text/yaml_bind.h"
#include "rules/datasource.h"

#define RULE_QUERIES_MAX      1000 // different `query` texts in one evaluation of one rule
#define RULE_QUERY_ROUNDS_MAX 16   // queries whose text depends on other queries' answers

// ---- queries asked by templates ----------------------------------------------------------------

struct rule_query {
    str expr;
    bool is_done;
    const struct query_result *result; // NULL: error
    str error;
};

struct rule_queries {
    struct rule_query *items; // in mem
    size_t count, cap, pending_count;
    struct arena *mem;   // lives as long as the evaluation
    const char *refusal; // instead of asking: the text of an error; NULL: ask
};

// ---- compiled texts ----------------------------------------------------------------------------

struct rule_text {
    str name;            // of the label or annotation
    str text;            // used as it is when there is no template in it
    struct tpl_set *set; // compiled, or NULL
    str compile_error;   // its result then
};

struct rule_texts {
    struct rule_text *items;
    size_t count;
};

// What is the same for all rules of a process. Borrowed by everything that holds it.
struct rule_template_env {
    const struct tpl_set *base; // -rule.templates and the functions
    struct env *env;
    const struct label *external_labels; // sorted
    size_t external_label_count;
    str external_url;      // raw value of the flag, for $externalURL
    str external_url_full; // with the host name where the flag is not set, for externalURL
    str external_path;     // its path, for pathPrefix
};

bool rule_text_is_template(str text); // has {{ and }}

// An empty set with vmalert's functions, to parse -rule.templates into.
struct tpl_set *rule_template_set_new(void);

// Parse only. Errors: "template: :1: function "x" not defined".
bool rule_template_check(const struct tpl_set *base, str text, struct err *err);

// Compiles all of `texts`; memory from the heap.
struct rule_texts rule_texts_compile(const struct rule_template_env *te,
                                     const struct yaml_str_map *texts);
void rule_texts_done(struct rule_texts *t);

// ---- expansion ---------------------------------------------------------------------------------

struct rule_template_data {
    double value;
    str type;
    const struct label *labels; // sorted
    size_t label_count;
    str expr;
    dur_ns interval;
    uint64_t alert_id, group_id;
    time_ns active_at;    // TIME_UNSET: the zero time
    int32_t utc_offset_s; // of active_at's text
    dur_ns for_ns;
    bool is_partial;
};

enum rule_expand {
    RULE_EXPAND_OK,
    RULE_EXPAND_FAILED,  // *ret is the error's text; err says which template and why
    RULE_EXPAND_PENDING, // queries has what to ask
};

// *ret lives in mem.
enum rule_expand rule_text_expand(const struct rule_template_env *te, const struct rule_text *text,
                                  const struct rule_template_data *data,
                                  struct rule_queries *queries, struct arena *mem, str *ret,
                                  struct err *err);
