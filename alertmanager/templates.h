// SPDX-License-Identifier: Apache-2.0
// templates.h: the named templates of a configuration, in both engines.
//
// The built-in ones are parsed once per process; a configuration's files come in front of them in
// clones, so that a reload parses nothing but those files.
#pragma once
#include "base/core/err.h"
#include "base/text/yaml_bind.h"

struct env;
struct tpl_set;

struct templates {
    struct tpl_set *text, *html;
};

void templates_init_builtin(struct templates *t);

// Parses the files that match the patterns, in order. `builtin` must outlive *ret; a failure leaves
// *ret empty. Errors: of patterns and files, and the templates' own ("template: a.tmpl:1: …").
bool templates_load(struct templates *ret, const struct templates *builtin, struct env *env,
                    const struct str_list *patterns, struct err *err);

void templates_done(struct templates *t);
