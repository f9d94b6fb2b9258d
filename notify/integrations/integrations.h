// SPDX-License-Identifier: Apache-2.0
// integrations.h: what the services that a receiver can speak to have in common.
//
// One header and source per service: webhook.[ch] and so on. A configuration is bound and checked
// by alertmanager/receivers/ and lives in the configuration's arena. Templated texts are rendered
// with the notification's data at each attempt.
#pragma once
#include "notify/notify.h"

struct http_conf;
struct httpconf;
struct yaml_node;

// Every integration's configuration begins with one.
struct integration_conf {
    bool send_resolved;
    struct http_conf *written_http; // the file's, or the global one; alertmanager's business
    const struct httpconf *http;    // what that means; NULL: defaults
};
