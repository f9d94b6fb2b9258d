// SPDX-License-Identifier: Apache-2.0
// web_api.h: vmalert's JSON API; inside vmalert/web*.c only.
#pragma once
#include "base/text/url.h"
#include "vmalert/app.h"

// The answer, with the headers that each of ours carries.
void web_reply(struct vmalert *v, struct http_exchange *x, struct http_reply *r);
void web_reply_text(struct vmalert *v, struct http_exchange *x, int status, str body);
void web_reply_json(struct vmalert *v, struct http_exchange *x, str body);
void web_reply_error(struct vmalert *v, struct http_exchange *x, int status, str text);
void web_reply_unauthorized(struct vmalert *v, struct http_exchange *x); // wants a password

// Parameters come from the query and from a form in the body; the form's are the first.
void web_read_params(const struct http_exchange *x, struct url_params *ret); // in x->mem

void web_api_rules(struct vmalert *v, struct http_exchange *x);
void web_api_alerts(struct vmalert *v, struct http_exchange *x);
void web_api_rule(struct vmalert *v, struct http_exchange *x);
void web_api_alert(struct vmalert *v, struct http_exchange *x);
void web_api_group(struct vmalert *v, struct http_exchange *x);
void web_api_notifiers(struct vmalert *v, struct http_exchange *x);

// web_pages.c: the pages for people, and the scripts and styles beside them. False: there is none
// at this path (below -http.pathPrefix); nothing has been answered.
bool web_serve_page(struct vmalert *v, struct http_exchange *x, str path);
void web_serve_favicon(struct vmalert *v, struct http_exchange *x);
