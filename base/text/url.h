// SPDX-License-Identifier: Apache-2.0
// url.h: URLs as Go's net/url sees them: parse, print, escape, join; query strings.
#pragma once
#include "base/core/arena.h"
#include "base/core/buf.h"
#include "base/core/err.h"

#define URL_BYTES_MAX ((size_t)64 << 10)

struct url {
    str scheme;         // lower case
    str user, password; // decoded
    bool has_user, has_password;
    str host;     // host or host:port, IPv6 in brackets; as written
    str path;     // decoded
    str raw_path; // as written where that differs from the default encoding, else empty
    str raw_query;
    bool force_query; // a '?' with nothing behind it
    str fragment;     // decoded
    str raw_fragment; // like raw_path
    str opaque;
    bool omit_host; // scheme:/path, without //
};

// Slices point into `text` or mem. Errors: ERR_SYNTAX with Go's text (`parse "x": missing protocol
// scheme`).
bool url_parse(str text, struct arena *mem, struct url *ret, struct err *err);
void buf_put_url(struct buf *b, const struct url *u);          // Go's URL.String
void buf_put_url_redacted(struct buf *b, const struct url *u); // the password as xxxxx
str url_hostname(const struct url *u);                         // without port and brackets
str url_port(const struct url *u);                             // digits, or empty

void buf_put_path_escaped(struct buf *b, str s);  // Go's url.PathEscape
void buf_put_query_escaped(struct buf *b, str s); // Go's url.QueryEscape: space is +
bool url_path_unescape(str s, struct buf *out);   // false: a bad %-sequence
bool url_query_unescape(str s, struct buf *out);

// ---- query parameters ---------------------------------------------------------------------------

struct url_param {
    str name, value; // decoded, in mem
};

struct url_params {
    struct url_param *items; // in the order written
    size_t count;
};

#define URL_PARAMS_MAX 4096

// Go's url.ParseQuery: pieces with a bad escape or a ';' are left out.
void url_params_parse(str raw_query, struct arena *mem, struct url_params *ret);
str url_param_first(const struct url_params *p, str name, bool *ret_has); // ret_has may be NULL
str url_param_last(const struct url_params *p, str name, bool *ret_has);
// Go's Values.Encode: sorted by name, values of one name in their order.
void buf_put_params(struct buf *b, const struct url_params *p);
