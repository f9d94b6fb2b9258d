// SPDX-License-Identifier: Apache-2.0
// aws_xml.h: single texts out of the small XML documents that AWS' query protocol answers with.
//
// Lenient: it looks for start tags and does not check that the document is well-formed.
#pragma once
#include "base/core/arena.h"

// The text of the first element of that name, without what its namespace may be called, up to the
// next tag: entities decoded, trimmed. False: there is none. Lives in `document` or mem.
bool aws_xml_text(str document, str name, struct arena *mem, str *ret);
