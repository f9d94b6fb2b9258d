// SPDX-License-Identifier: Apache-2.0
// assets.h: the files of a web interface, which are part of the program.
//
// base/text/embed.cmake turns a folder into an array of these, compressed when the program is
// built. Files are served below assets/<version>/, so that browsers may keep them for ever: another
// content has another address.
#pragma once
#include "base/core/str.h"

struct asset {
    const char *path; // "assets/0123456789ab/main.js", "index.html"; NULL ends an array
    const char *content_type;
    str raw;
    str gzip; // empty: not compressed
};

const struct asset *asset_find(const struct asset *assets, str path); // or NULL

// May an answer come in this coding ("gzip"), by the request's Accept-Encoding? Names are compared
// exactly, the last mention counts, a weight of 0 refuses, "*" stands for what is not mentioned.
bool accept_encoding_allows(str header, str coding);
