// SPDX-License-Identifier: Apache-2.0
// json.h: reads JSON with cJSON into an arena; typed getters with Go's leniency.
//
// The tree dies with the arena; nothing is freed one by one. Invalid UTF-8 and
// lone surrogates become U+FFFD; texts and keys may hold NUL bytes.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"
#include "base/core/time.h"

typedef struct cJSON json; // walk with ->child and ->next, never by index

#define JSON_DEPTH_MAX 100

// The first value of the text; what follows it is ignored if `rest_is_fine`, else refused.
// Errors: ERR_SYNTAX with the byte offset ("invalid character '}' at byte 12", "unexpected end of
// JSON input"), ERR_LIMIT (nesting).
json *json_parse(str text, bool rest_is_fine, struct arena *mem, struct err *err);
// The first value of *text, which then begins behind it: for values that stand in a row.
json *json_parse_next(str *text, struct arena *mem, struct err *err);

bool json_is_object(const json *v);
bool json_is_array(const json *v);
bool json_is_string(const json *v);
bool json_is_number(const json *v);
bool json_is_bool(const json *v);
bool json_is_null(const json *v); // NULL is null too

str json_str(const json *v); // a string's bytes; otherwise empty
str json_key(const json *v); // the name of an object's member
double json_number(const json *v);
bool json_bool(const json *v);
size_t json_count(const json *v); // members or items

const json *json_get(const json *object, str key); // exact; the last of equal keys, or NULL
const json *json_get_nocase(const json *object,
                            str key); // Go's decoder: exact first, then any case

#define json_each(var, container)                                                                  \
    for (const json *var = json_first(container); var; var = json_next(var))
const json *json_first(const json *container); // NULL for anything that is no container
const json *json_next(const json *v);
