// SPDX-License-Identifier: Apache-2.0
// payload.h: configured YAML values whose texts are templates, as JSON (spec: receivers §1.8).
//
// A rendered text that reads as a YAML value other than a string becomes that value: "{{ len
// .Alerts }}" gives a number, "[1, 2]" a list. Names of objects are sorted, as Go's encoder has
// them; of two that are rendered alike the last one counts.
// Errors: a template's own text; ERR_LIMIT (nesting); ERR_INVALID (a number that JSON has not).
#pragma once
#include "base/text/json_writer.h"
#include "base/text/yaml.h"
#include "notify/notify_data.h"

#define PAYLOAD_DEPTH_MAX 64

bool payload_put_json(const struct integration *integration, const struct notify_message *m,
                      const struct tpldata *data, const struct yaml_node *value, struct buf *out,
                      struct err *err);

struct payload_member {
    str name, json;
};

struct payload_members {
    struct payload_member *items; // sorted by name
    size_t count;
};

// The members of a mapping whose own keys are names and no templates. NULL: none. In m->mem.
bool payload_expand(const struct integration *integration, const struct notify_message *m,
                    const struct tpldata *data, const struct yaml_node *mapping,
                    struct payload_members *ret, struct err *err);
// As one object.
void payload_put_members(struct json_writer *w, const struct payload_members *members);
