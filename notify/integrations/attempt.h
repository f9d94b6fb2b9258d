// SPDX-License-Identifier: Apache-2.0
// attempt.h: one delivery attempt of an integration that speaks HTTP: a request, or several in a
// row.
//
// An integration gives begin() (integration_ops) and what follows each answer. Each of these ends
// in exactly one of: attempt_send (another request), attempt_succeed, attempt_fail, attempt_judge.
// After it the attempt belongs to this file again: nothing of it may be touched.
//
// Errors stick: a->err keeps the first one, and what is rendered or read after it is empty, so that
// an integration makes its whole message and looks once:
//
//   static void webex_begin(struct notify_attempt *a)
//   {
//       const struct webex_conf *c = a->integration->conf;
//       struct json_writer w = attempt_json(a);
//       ...
//       if (attempt_failed(a))
//           attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
//       else
//           attempt_send(a, &(struct attempt_request){.url = url, .body = attempt_body(a)},
//           answer);
//   }
#pragma once
#include "base/text/json_writer.h"
#include "notify/integrations/integrations.h"
#include "notify/notify_data.h"
#include "notify/retrier.h"

#define ATTEMPT_FILE_BYTES_MAX     ((size_t)64 << 10) // of a secret or URL that a file holds
#define ATTEMPT_RESPONSE_BYTES_MAX ((size_t)1 << 20)  // of an answer

struct notify_attempt;

// `response` lives until the function returns; its body may be copied to a->mem.
typedef void attempt_answer_fn(struct notify_attempt *a, const struct http_response *response);
typedef void attempt_fn(struct notify_attempt *a);

struct notify_attempt {
    const struct integration *integration;
    struct notify_message message;
    struct arena *mem;          // the message's: lives as long as the attempt
    const struct tpldata *data; // of all alerts of the message
    struct err err;             // the first failure
    struct buf body;            // what attempt_json and the integration put here; in mem
    void *state;                // the integration's own between its requests; in mem

    // For the next attempt (struct notify_memo); kept when it is delivered.
    const struct notify_memo *memos;
    size_t memo_count;

    // This file's own.
    notify_done_fn *on_done;
    void *owner;
    struct http_call *call;
    attempt_answer_fn *on_answer;
    attempt_fn *on_silence, *on_waited;
    struct attempt_timeout {
        const char *name; // "webhook"; NULL: an error does not speak of it
        dur_ns after;     // 0: none that ends before the flush's deadline
    } timeout;
    str method, url, prefix;
    bool is_url_shown;
    dur_ns retry_after; // as the last answer wished
    bool is_begun;      // begin() has returned
    struct timer timer; // of an end inside of it, or of attempt_wait
    struct notify_result result;
};

// ---- integration_ops.start and .cancel ---------------------------------------------------------

struct notify_attempt *attempt_start(const struct integration *integration,
                                     const struct notify_message *m, notify_done_fn *on_done,
                                     void *owner);
void attempt_cancel(struct notify_attempt *a);

// ---- making a message --------------------------------------------------------------------------

static inline bool attempt_failed(const struct notify_attempt *a)
{
    return a->err.code != ERR_NONE;
}

// Renders a configured text. Empty after a failure. The result lives in a->mem.
str attempt_render(struct notify_attempt *a, str text);
str attempt_render_html(struct notify_attempt *a, str text);

// A value or, where `file` is given, the trimmed content of that file. The error of reading is
// wrapped in `usage`: "read url_file: open x: no such file or directory"; NULL: it stands alone.
str attempt_secret(struct notify_attempt *a, str value, str file, const char *usage);

// A text cut for the service; a cut is logged ("Truncated <what>").
str attempt_truncate(struct notify_attempt *a, str text, size_t runes_max, const char *what);

str attempt_group_hash(struct notify_attempt *a); // hex SHA-256 of the group key

static inline bool attempt_is_resolved(const struct notify_attempt *a) // all alerts are over
{
    return str_eq(a->data->status, S("resolved"));
}

// Puts JSON into the empty a->body; attempt_body ends it with the newline of Go's encoder.
struct json_writer attempt_json(struct notify_attempt *a);
str attempt_body(struct notify_attempt *a);

// ---- sending -----------------------------------------------------------------------------------

struct attempt_request {
    str method; // empty: POST
    str url;
    str content_type; // empty: application/json; sent with bodies and POST
    const struct http_header *headers;
    size_t header_count;
    str body;
    struct attempt_timeout timeout; // as configured; it does not prolong the flush's deadline
    const struct httpconf *http;    // NULL: the integration's
    str user_agent;                 // empty: the context's
    bool is_url_shown;              // in errors, without a password; otherwise "<redacted>"
    str prefix;                     // put in front of the error where there is no answer
    attempt_fn *on_silence;         // instead of failing then; a->err says why
};

// Where there is no answer the attempt fails and is tried again: `Post "<redacted>": <cause>`.
void attempt_send(struct notify_attempt *a, const struct attempt_request *r,
                  attempt_answer_fn *on_answer);
// Goes on after a pause, with no request under way.
void attempt_wait(struct notify_attempt *a, dur_ns delay, attempt_fn *on_waited);

// ---- ending ------------------------------------------------------------------------------------

enum attempt_verdict { FAIL_FOR_GOOD, FAIL_AND_RETRY };

void attempt_succeed(struct notify_attempt *a);
// With a->err, which has been set.
void attempt_fail(struct notify_attempt *a, enum attempt_verdict verdict, enum notify_failure why);
// Looks at the status (retrier.h). The error's text is wrapped in `prefix` ("channel \"x\"") unless
// that is empty.
void attempt_judge(struct notify_attempt *a, const struct retrier *r,
                   const struct http_response *response, str prefix);
// attempt_judge with nothing but 5xx tried again and the whole answer as details.
void attempt_judge_plain(struct notify_attempt *a, const struct http_response *response);
