// SPDX-License-Identifier: Apache-2.0
// web_auth.h: who may ask vmalert's HTTP server for what; inside vmalert/web*.c only
// (spec: vmalert flags §9.6).
#pragma once
#include "vmalert/app.h"

// May this request have what `access` protects? False: it has been answered with 401.
bool web_admit(struct vmalert *v, struct http_exchange *x, enum web_access access);
