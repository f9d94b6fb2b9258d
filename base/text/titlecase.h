// SPDX-License-Identifier: Apache-2.0
// titlecase.h: the two functions called `title` in templates.
#pragma once
#include "base/core/buf.h"

// Words by Unicode's word breaks: first letter in full title case, the others lowered; a final
// Greek sigma takes its final form. Alertmanager's.
void buf_put_title_words(struct buf *b, str s);

// Go's deprecated strings.Title: letters behind a separator get their title form, nothing is
// lowered. vmalert's.
void buf_put_title_letters(struct buf *b, str s);

// strings.ToUpper and ToLower: one character for one; invalid bytes become U+FFFD.
void buf_put_upper_unicode(struct buf *b, str s);
void buf_put_lower_unicode(struct buf *b, str s);
