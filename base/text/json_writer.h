// SPDX-License-Identifier: Apache-2.0
// json_writer.h: JSON straight into a buffer: commas are kept track of, nothing is built first.
//
//   struct json_writer w = {.out = &body};
//   json_object_begin(&w); json_put_key(&w, S("name")); json_put_str(&w, name);
//   json_object_end(&w);
#pragma once
#include "base/core/buf.h"
#include "base/core/time.h"

enum json_escape {
    JSON_ESCAPE_HTML, // Go's default: < > & and U+2028/9 escaped too
    JSON_ESCAPE_GO,   // Go with SetEscapeHTML(false): U+2028/9 still escaped
    JSON_ESCAPE_VM,   // VictoriaMetrics: < and ' escaped, > and & not, invalid UTF-8 kept
};

struct json_writer {
    struct buf *out;
    enum json_escape escape;
    bool needs_comma;
};

void json_object_begin(struct json_writer *w);
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w);
void json_array_end(struct json_writer *w);
void json_put_key(struct json_writer *w, str key);
void json_put_str(struct json_writer *w, str s);
void json_put_bool(struct json_writer *w, bool b);
void json_put_i64(struct json_writer *w, int64_t x);
void json_put_u64(struct json_writer *w, uint64_t x);
void json_put_f64(struct json_writer *w, double x); // as Go's encoding/json; NaN and Inf: null
void json_put_null(struct json_writer *w);
void json_put_raw(struct json_writer *w, str text); // one value, ready made

// A member of an object whose value is a text; `given`: only if it is not empty.
void json_put_member(struct json_writer *w, const char *key, str value);
void json_put_member_given(struct json_writer *w, const char *key, str value);

// "…" with the quotes, without a writer.
void buf_put_json_str(struct buf *b, enum json_escape escape, str s);
