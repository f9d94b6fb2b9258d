// SPDX-License-Identifier: Apache-2.0
// schema_time.h: times as the schema of the API accepts them, for those who serve it and those who
// read its answers: RFC 3339 and its looser relatives; empty: 1970.
#pragma once
#include "base/text/gotime.h"

// Unlike time_ns they reach to year 9999. Of a zone only the offset is kept. Errors: Go's texts.
bool schema_time_parse(str text, struct gotime *ret, struct err *err);
