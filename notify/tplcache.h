// SPDX-License-Identifier: Apache-2.0
// tplcache.h: the templated texts of a configuration, each compiled at its first use and kept.
//
// Keyed by the text: receivers that are configured alike share one. A text that does not parse is
// kept too, with its error. Texts come from the configuration and from files it names, so there are
// few; what is beyond the limits is compiled at each use and still works.
// Thread: core. Lives as long as the configuration; the set must outlive it.
#pragma once
#include "base/text/gotpl.h"

#define TPLCACHE_TEXTS_MAX 16384
#define TPLCACHE_BYTES_MAX ((size_t)32 << 20) // of the texts together

struct tplcache;

struct tplcache *tplcache_new(const struct tpl_set *base);
void tplcache_free(struct tplcache *c); // NULL is fine

// tpl_render over that set.
bool tplcache_render(struct tplcache *c, str text, const struct tpl_run *run, struct buf *out,
                     struct err *err);

size_t tplcache_count(const struct tplcache *c); // texts that are kept
