// SPDX-License-Identifier: Apache-2.0
// endpoint.h: the address of a request below a configured URL, which has been checked when it was
// read. Upstream has two ways, which differ in what they do to the path that is there already.
#pragma once
#include "base/core/arena.h"

// Go's u.Path += path: what is there stays as it is, without a slash in between; `path` is escaped
// where it has to be.
str endpoint_append(str base, str path, struct arena *mem);
// The same with a parameter added, instead of one of that name.
str endpoint_append_with(str base, str path, str name, str value, struct arena *mem);

str endpoint_with_slash(str base, struct arena *mem); // at the end of its path

// Go's u.JoinPath: empty, "." and ".." pieces of the base go, and one slash comes before `path`,
// which is escaped already and has no such pieces.
str endpoint_join(str base, str path, struct arena *mem);

// The base's path ends in this piece, whatever slashes follow it.
bool endpoint_ends_in(str base, str piece);
str endpoint_host(str base, struct arena *mem); // with its port
