// SPDX-License-Identifier: Apache-2.0
// web_api.h: vmalert's JSON API; inside vmalert/web*.c only.
#pragma once
#include "vmalert/app.h"

void web_reply_text(struct vmalert *v, struct http_exchange *x, int status, str body);
void web_reply_json(struct vmalert *v, struct http_exchange *x, str body);
void web_reply_error(struct vmalert *v, struct http_exchange *x, int status, str text);

void web_api_rules(struct vmalert *v, struct http_exchange *x);
void web_api_alerts(struct vmalert *v, struct http_exchange *x);
void web_api_rule(struct vmalert *v, struct http_exchange *x);
void web_api_alert(struct vmalert *v, struct http_exchange *x);
void web_api_group(struct vmalert *v, struct http_exchange *x);
void web_api_notifiers(struct vmalert *v, struct http_exchange *x);
