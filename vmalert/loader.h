// SPDX-License-Identifier: Apache-2.0
// loader.h: rule files from the disk and from web servers, template files from the disk.
#pragma once
#include "base/text/gotpl.h"
#include "rules/rule_file.h"
#include "vmalert/options.h"

struct env;
struct rule_urls;

#define LOADER_FILES_MAX 100000

// All files of -rule, parsed and checked. is_quiet: no info lines (the periodic check). urls: what
// those among them gave that are URLs; NULL: there are none.
// Errors: "failed to read from the config: …", "failed to parse [a b]: errors(N): …".
struct rule_files *load_rules(struct env *env, const struct vmalert_options *opt,
                              const struct tpl_set *templates, bool is_quiet,
                              const struct rule_urls *urls, struct err *err);

// One value of -rule: a pattern of files, "fs://" in front or not, or an http(s) URL.
struct rule_source {
    str text;    // as given
    str pattern; // of files
    bool is_url; // the text is one
};

// Errors: "error while parsing path "": path cannot be empty", "… unsupported scheme "s3"".
bool rule_source_parse(str source, struct rule_source *ret, struct err *err);
// Local FS{MatchPattern: "/rules/*.yml"}, URL {Path: "http://host/rules.yml"}
void buf_put_rule_source(struct buf *b, const struct rule_source *source);

// The functions and all files of -rule.templates; ret_sum changes with any of their texts.
struct tpl_set *load_templates(struct env *env, const struct vmalert_options *opt,
                               uint64_t *ret_sum, struct err *err);
