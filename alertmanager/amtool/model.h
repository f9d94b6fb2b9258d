// SPDX-License-Identifier: Apache-2.0
// model.h: the objects of the API as a client sees them: which members they have, of which kind,
// and how they are written back.
//
// An answer stays the JSON tree that it is. A table tells what is wrong with it, and prints it in
// the order and with the omissions of upstream's clients: members that are unknown are dropped,
// missing ones become null.
#pragma once
#include "base/text/gotime.h"
#include "base/text/json.h"
#include "base/text/json_writer.h"

enum model_kind {
    MODEL_STR,
    MODEL_TEXT, // a string that is left out when empty
    MODEL_BOOL,
    MODEL_OPT_BOOL, // left out when it is not there
    MODEL_TIME,
    MODEL_STRS,
    MODEL_LABELS,     // name to value, sorted by name
    MODEL_OPT_LABELS, // left out when empty
    MODEL_OBJECT,
    MODEL_LIST, // of objects
};

struct model_field {
    const char *name;
    enum model_kind kind;
    const struct model *sub; // OBJECT, LIST
};

struct model {
    const char *name;                 // in errors
    const struct model_field *fields; // ended by one without a name
};

extern const struct model MODEL_ALERT, MODEL_SILENCE, MODEL_NEW_SILENCE, MODEL_STATUS,
    MODEL_CLUSTER, MODEL_SILENCE_ID;

// Is it such an object, or null? Errors: ERR_INVALID, worded as Go's decoder does.
bool model_check(const struct model *m, const json *v, struct err *err);
bool model_check_list(const struct model *m, const json *v, struct err *err);

// A JSON parser's error in the words of Go's, which has no byte offsets, for a text that is read
// as a stream.
void model_word_error(struct err *err);

// A member that is written differently.
struct model_change {
    str name;
    str text; // one JSON value
};

void model_put(struct json_writer *w, const struct model *m, const json *v,
               const struct model_change *changes, size_t change_count);

struct gotime model_time(const json *v);                     // year 1 where there is none
void model_put_time(struct json_writer *w, struct gotime t); // to the millisecond
str model_time_text(struct gotime t, struct arena *mem);     // the same without quotes
