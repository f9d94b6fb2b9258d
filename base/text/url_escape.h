// SPDX-License-Identifier: Apache-2.0
// url_escape.h: percent-encoding by part of the URL; private to the url files.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

enum url_part {
    URL_PART_HOST,
    URL_PART_ZONE,
    URL_PART_PATH,
    URL_PART_PATH_SEGMENT,
    URL_PART_USER,
    URL_PART_QUERY,
    URL_PART_FRAGMENT,
};

void buf_put_url_escaped(struct buf *b, str s, enum url_part part);

// Errors: `invalid URL escape "%zz"`, `invalid character " " in host name`.
bool url_unescape(str s, enum url_part part, struct buf *out, struct err *err);

// Could the text stand in that part as it is?
bool url_is_encoded(str s, enum url_part part);
