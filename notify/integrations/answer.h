// SPDX-License-Identifier: Apache-2.0
// answer.h: texts out of a service's JSON answer, as strict about types as Go's decoder.
#pragma once
#include "base/text/json.h"

// A member that is a text. Absent or null: empty. False: it is something else.
bool answer_text(const json *object, str name, str *ret);
// A member that is a list of texts, joined.
bool answer_texts(const json *object, str name, str separator, struct arena *mem, str *ret);
