// SPDX-License-Identifier: Apache-2.0
// field_check.h: compiles every templated text of a configuration, for `amtool check-config`.
//
// It walks the YAML, which knows where each text stands, along the tables of fields, whose marks
// say which of them are templates. The configuration must have been loaded without errors before.
#pragma once
#include "alertmanager/templates.h"

enum field_mark { // yaml_field.mark: every text in the field, keys of mappings too, is a template
    FIELD_IS_PLAIN,
    FIELD_TEMPLATE,
    FIELD_HTML_TEMPLATE,
};

struct field_problem {
    str field;             // "receivers[0].webhook_configs[1].payload.title"
    uint32_t line, column; // where its value begins in the file, from 1
    str error;             // the template's own, with the line inside of the text
};

typedef void field_problem_fn(void *owner, const struct field_problem *p);

// Returns the number of problems, which come in the file's order.
size_t field_check(str text, const struct templates *sets, field_problem_fn *on_problem,
                   void *owner);
