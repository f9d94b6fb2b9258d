// SPDX-License-Identifier: Apache-2.0
// api.h: the HTTP API, version 2 (spec: Alertmanager HTTP §4–§8).
//
// Files: api.c (operations, answers), api_media.c (media types of a request), api_decode.c and
// api_values.c (bodies: Go's JSON rules and texts), api_query.c (parameters), api_json.c (objects),
// api_post.c (alerts in), api_alerts.c and api_groups.c (alerts out), api_silences.c, api_status.c.
//
// Nothing is kept per alert. Lists hold references to what they show and are made in pieces, as the
// client takes them. Large bodies are decoded by a worker and stored slice by slice.
#pragma once
#include "alertmanager/web.h"
#include "base/text/json.h"
#include "base/text/json_writer.h"
#include "base/text/regex.h"
#include "base/text/url.h"

#define API_WORKER_BODY_BYTES ((size_t)128 << 10) // a longer body is decoded by a worker
#define API_PUT_SLICE         1024                // alerts stored per loop turn
#define API_LIST_SLICE        1024                // alerts looked at per loop turn
#define API_SORT_SLICE        8192                // groups moved per loop turn while sorting
#define API_PIECE_BYTES       ((size_t)128 << 10) // of a list's answer, about
#define API_ERRORS_BYTES_MAX  ((size_t)64 << 10)  // of the joined messages about invalid alerts
#define API_MATCHERS_MAX      1000                // in the parameters of one request

struct api_counts {
    uint64_t received_firing, received_resolved;
    uint64_t invalid;
};

struct api {
    struct am *am;
    time_ns created_at;
    struct list requests; // of web.h
    size_t get_slots, gets_open;
    uint64_t gets_refused;
    struct api_counts counts;
    struct log log; // component=api version=v2
};

// ---- answers (api.c) ---------------------------------------------------------------------------

void api_serve(struct web_request *r); // a path below /api/v2/

void api_reply_json(struct web_request *r, int status, str body); // the line end included
// A JSON array that is made in pieces, as the client takes them. The first one is made at once: a
// short list is answered whole. Part of its owner, zeroed but for the first three.
struct api_list {
    // Puts items until the text is `full` bytes long. False: that was all.
    bool (*put)(void *owner, struct json_writer *w, size_t full);
    void (*free)(void *owner); // when the answer was taken, or the client is gone
    void *owner;
    struct buf first; // piece; freed before the owner is
    bool is_begun, needs_comma;
};
void api_reply_list(struct web_request *r, struct api_list *l);
void api_reply_empty(struct web_request *r, int status);
void api_reply_text(struct web_request *r, int status, str text); // as a JSON string
// {"code":…,"message":…}; codes above 599 go out as 422.
void api_reply_code(struct web_request *r, int code, str message);

// Content-Type and Accept (api_media.c). False: answered with what is wrong.
bool api_check_media(struct web_request *r);

// ---- bodies (api_decode.c) ---------------------------------------------------------------------

struct api_problem {
    int code; // 0: none
    str message;
};

struct api_drafts {
    struct alert_draft *items;
    size_t count;
};

// Pure functions over the body: they may run on a worker. What they return lives in mem and in the
// body. False: *ret_problem says why.
bool api_decode_alerts(str body, struct arena *mem, struct api_drafts *ret,
                       struct api_problem *ret_problem);
bool api_decode_silence(str body, struct arena *mem, struct silence_input *ret,
                        struct api_problem *ret_problem);

// api_values.c. strfmt's date-times: RFC 3339 and its looser relatives. The empty text is 1970.
// Errors: Go's.
bool api_parse_time(str text, struct zoned_time *ret, struct err *err);
bool api_uri_is_valid(str text); // an absolute URI or an absolute path

// ---- parameters (api_query.c) ------------------------------------------------------------------

struct api_query {
    struct arena mem; // holds all of it
    struct url_params params;
    struct matchers filter, receiver_matchers;
    struct regex *receiver; // NULL: any
    bool active, silenced, inhibited, muted;
};

// Reads what lists of alerts and groups have in common. False: answered with the error.
bool api_query_read(struct web_request *r, struct api_query *q);
void api_query_done(struct api_query *q);
// Does it let everything pass?
bool api_query_is_plain(const struct api_query *q);

bool api_param_bool(const struct url_params *p, str name, bool fallback);
// All values of a parameter as matchers. The error is the parser's.
bool api_param_matchers(struct am *am, const struct url_params *p, str name, struct arena *mem,
                        struct matchers *ret, struct err *err);

bool api_query_has_receiver(const struct api_query *q, const struct config_receiver *receiver);
bool api_query_has_labels(const struct api_query *q, const struct labels *labels);
bool api_receiver_matches(const struct matchers *m, const struct config_receiver *receiver);

// ---- objects (api_json.c) ----------------------------------------------------------------------

// What an alert is held back by, at this moment. Borrowed until the next question.
struct api_alert_status {
    struct silence_ids silenced_by;
    const struct alert *inhibited_by; // NULL: by none
    const str *muted_by;              // names of intervals, of the group it is shown in
    size_t muted_by_count;
};

void api_alert_status(struct am *am, const struct alert *a, time_ns now,
                      struct api_alert_status *ret);
// Does the query want alerts of that status?
bool api_query_has_status(const struct api_query *q, const struct api_alert_status *s);

void json_put_api_alert(struct json_writer *w, struct am *am, const struct alert *a,
                        const struct config_receiver *const *receivers, size_t receiver_count,
                        const struct api_alert_status *status);
void json_put_labels(struct json_writer *w, const struct labels *l);
void json_put_time(struct json_writer *w, time_ns t, int32_t offset_s);
void json_put_silence(struct json_writer *w, const struct silence *s, time_ns now);
void json_put_str_map(struct json_writer *w, const struct yaml_str_map *map);

// ---- operations --------------------------------------------------------------------------------

void api_get_alerts(struct web_request *r, str id);
void api_post_alerts(struct web_request *r, str id);
void api_get_groups(struct web_request *r, str id);
void api_get_status(struct web_request *r, str id);
void api_get_receivers(struct web_request *r, str id);
void api_get_silences(struct web_request *r, str id);
void api_post_silences(struct web_request *r, str id);
void api_get_silence(struct web_request *r, str id);
void api_delete_silence(struct web_request *r, str id);
