// SPDX-License-Identifier: Apache-2.0
// web_json.h: alerts, rules and groups as the API shows them (spec: vmalert HTTP §3.3).
#pragma once
#include "base/text/json_writer.h"
#include "vmalert/web_api.h"
#include "vmalert/web_filter.h"

// One answer being made.
struct api {
    struct vmalert *v;
    struct http_exchange *x;
    struct url_params params;
    struct web_filter filter; // freed with the answer
    struct buf body;
    struct json_writer w;
};

// Each puts a whole member or object into a->w.
void api_put_id(struct json_writer *w, const char *key, uint64_t id); // as text: 64 bits
void api_put_alert(struct api *a, const struct group *g, const struct alerting_rule *r,
                   const struct alert *alert);
void api_put_rule(struct api *a, const struct group *g, const struct any_rule *any, str state,
                  bool with_alerts, bool with_updates);
void api_put_group_head(struct api *a, const struct group *g); // all but name, rules and states
