// SPDX-License-Identifier: Apache-2.0
// aws_call.h: single requests of an attempt to Amazon Web Services and what is near them.
//
// Each is tried up to three times, as AWS' SDKs do, with random pauses in between that do not pass
// the flush's deadline: where there is no answer, at 500, 502, 503 and 504, and where AWS says that
// it is asked too often.
#pragma once
#include "notify/integrations/attempt.h"
#include "notify/integrations/sigv4.h"

struct aws_call {
    const char *operation;             // "SNS: Publish", for errors
    str method;                        // empty: POST
    str url;                           // its path is not empty
    const struct http_header *headers; // of calls that are not signed
    size_t header_count;
    str body;                     // a form
    const char *service;          // that it is signed for, as a POST; NULL: it is not
    const struct httpconf *http;  // how it is reached
    dur_ns timeout;               // of one try; 0: the flush's deadline alone
    bool is_tried_once;           // what is wrong stays wrong
    attempt_answer_fn *on_answer; // of the last try, whatever its status
};

struct aws_caller { // the state of an attempt that makes calls begins with one
    str region;
    struct sigv4_credentials credentials;

    // Its own.
    struct aws_call call; // under way
    unsigned try_count;
};

// Where there is no answer the attempt fails and is tried again.
void aws_call(struct notify_attempt *a, const struct aws_call *call);

// Ends the attempt with what AWS says in an answer other than 2xx: "unexpected status code 403:
// <its message>", judged by the status. What is no error of AWS' own is tried again.
void aws_call_refused(struct notify_attempt *a, const struct http_response *response);
