// SPDX-License-Identifier: Apache-2.0
// client.h: requests to an Alertmanager's API, version 2.
//
// All of a command shares one deadline, --timeout. Several requests may be under way at once
// (client_start); most commands wait for one after the other (client_do). Answers live in the
// arena of their call.
//
// Errors read as upstream's generated client words them: "[GET /alerts][400] getAlertsBadRequest
// "bad matcher format: x"", and for a server that is not there "Get "http://…": dial tcp …".
#pragma once
#include "alertmanager/amtool/amtool.h"
#include "alertmanager/amtool/model.h"
#include "base/env.h"

enum client_op {
    CLIENT_GET_ALERTS,
    CLIENT_POST_ALERTS,
    CLIENT_GET_SILENCES,
    CLIENT_POST_SILENCES,
    CLIENT_GET_SILENCE,
    CLIENT_DELETE_SILENCE,
    CLIENT_GET_STATUS,
};

#define CLIENT_ANSWER_BYTES_MAX ((size_t)1 << 30) // a list of a million alerts

struct client {
    struct amtool *t;
    str base; // "http://localhost:9093/api/v2"
    const struct httpconf *conf;
    mono_ns deadline;
};

// Reads what describes the server, and with --version-check asks it for its version: a warning
// goes to the notes. Errors: ERR_INVALID, ERR_SYNTAX, ERR_NOT_FOUND …
bool client_open(struct client *c, struct amtool *t, struct err *err);

// One request and its answer. Zeroed but for the first part.
struct client_call {
    enum client_op op;
    str id; // of the silence, where the operation has one
    struct url_params query;
    str body;
    struct arena *mem;                     // keeps the answer
    void (*on_done)(struct client_call *); // NULL: client_do

    bool is_done;
    int status;        // 0: there was no answer
    const json *value; // of an answer with 200; NULL: it has none
    struct err err;    // ERR_NONE: it went well; ERR_NOT_FOUND with 404: the API says so
    struct client *client;
    str url;
};

void client_start(struct client *c, struct client_call *call);
bool client_do(struct client *c, struct client_call *call, struct err *err);
