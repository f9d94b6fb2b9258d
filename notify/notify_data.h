// SPDX-License-Identifier: Apache-2.0
// notify_data.h: the notification data of a message, as templates and JSON bodies show it.
#pragma once
#include "notify/notify.h"
#include "notify/tpldata.h"

// Built from the first `alert_count` alerts of the message, in its arena; borrowed from the
// message.
struct tpldata *notify_data(const struct integration *integration, const struct notify_message *m,
                            size_t alert_count);

// Renders one configured text. Empty text: empty. The result lives in m->mem.
// Errors: the template's own text.
bool notify_render(const struct integration *integration, const struct notify_message *m,
                   const struct tpldata *data, str text, str *ret, struct err *err);
// The same with the HTML engine.
bool notify_render_html(const struct integration *integration, const struct notify_message *m,
                        const struct tpldata *data, str text, str *ret, struct err *err);
