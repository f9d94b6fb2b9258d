// SPDX-License-Identifier: Apache-2.0
// datasource_http.h: queries over HTTP: Prometheus' API, Graphite's render, VictoriaLogs' stats.
//
// Implements rules/datasource.h over env_http. One request per query, everything in the URL, tried
// a second time at once when the connection turned out to be broken. spec: vmalert eval §3, §4.
#pragma once
#include "rules/datasource.h"

struct http_datasource;

struct http_datasource_options {
    str name;                // for errors: "datasource", "remoteRead"
    str url;                 // base URL, maybe with a query string
    bool show_url;           // passwords in errors and curl lines
    bool append_type_prefix; // /prometheus, /graphite in front of the API path
    bool no_path_append;     // the URL is complete
    bool no_step;            // no `step` on instant queries
    dur_ns query_step;       // `step` of instant queries; 0: the group's interval
    int64_t round_digits;    // 0: not sent
    bool no_cache;           // replay: nocache=1
    const struct http_header *headers;
    size_t header_count;
    const struct httpconf *conf;
};

// Texts are copied. Errors: a URL that cannot be parsed.
struct http_datasource *
http_datasource_new(struct env *env, const struct http_datasource_options *opt, struct err *err);
void http_datasource_free(struct http_datasource *d); // no query is under way
struct datasource http_datasource_interface(struct http_datasource *d);

// The request's URL, as its own step so that tests can look at it.
str http_datasource_url(const struct http_datasource *d, const struct query_request *request,
                        struct arena *mem);

// curl -X POST -H 'Name: value' 'URL' (§10); secrets hidden unless show.
void buf_put_curl(struct buf *b, str method, str url, const struct http_header *headers,
                  size_t count, bool show);
