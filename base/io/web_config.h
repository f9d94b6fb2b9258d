// SPDX-License-Identifier: Apache-2.0
// web_config.h: the door of an HTTP server: what a web configuration file says about TLS, users,
// headers and rate (base/model/webconf.h), or TLS alone.
//
// The file is looked at before each request and each TLS connection, and read again when it has
// changed. One that is no good answers every request with 500 until it is mended; the TLS settings
// in force stay. Passwords are compared on a worker, one at a time; verdicts are remembered under a
// keyed hash, so that no password stays in memory. Who is unknown costs as much time as who is.
#pragma once
#include <gnutls/gnutls.h>

#include "base/io/io.h"
#include "base/model/webconf.h"

#define WEB_VERDICTS_MAX     100  // remembered
#define WEB_LOGINS_MAX       1024 // waiting for their verdict; then 503
#define WEB_SECRET_BYTES_MAX 1024 // of name and password; bcrypt looks at 72 bytes of the latter

struct exchange;
struct web_door;

// NULL: the file is bad.
struct web_door *web_door_new(struct env *env, const struct web_config *config, struct err *err);
// Requests that wait for their verdict are answered: they must be orphans by then.
void web_door_free(struct web_door *d);
bool web_door_has_tls(const struct web_door *d);

// A request has come in full: hands it to let_in, or answers it, now or later.
void web_door_enter(struct web_door *d, struct exchange *x, void (*let_in)(struct exchange *x));

// A TLS connection begins: the session gets our certificate and demands. What it returns must live
// until the session is gone, and is then given back. NULL: nothing can be shown, close it.
struct web_tls *web_door_greet(struct web_door *d, gnutls_session_t session,
                               const struct addr *peer);
void web_door_part(struct web_tls *t); // NULL is fine; the session may still have one last look
