// SPDX-License-Identifier: Apache-2.0
// payload.h: configured YAML values whose texts are templates, as JSON (spec: receivers §1.8).
//
// A rendered text that reads as a YAML value other than a string becomes that value: "{{ len
// .Alerts }}" gives a number, "[1, 2]" a list.
#pragma once
#include "base/text/yaml.h"
#include "notify/notify_data.h"

#define PAYLOAD_DEPTH_MAX 64

bool payload_put_json(const struct integration *integration, const struct notify_message *m,
                      const struct tpldata *data, const struct yaml_node *value, struct buf *out,
                      struct err *err);
