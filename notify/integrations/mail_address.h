// SPDX-License-Identifier: Apache-2.0
// mail_address.h: lists of mail addresses as people write them (RFC 5322 §3.4 with the liberties of
// Go's net/mail, whose verdicts and error texts these are): "a@b", "Name <a@b>", comments, groups,
// encoded words, UTF-8.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"

#define MAIL_ADDRESSES_MAX 1000 // of one list

struct mail_address {
    str name;    // what is shown; may be empty
    str address; // "local@domain", without quotes around the local part
};

struct mail_addresses {
    struct mail_address *items;
    size_t count;
};

// Everything lives in mem. An empty group gives no address. Errors: ERR_SYNTAX "mail: no address",
// "mail: missing '@' or angle-addr" …; ERR_LIMIT.
bool mail_addresses_parse(str list, struct arena *mem, struct mail_addresses *ret, struct err *err);
