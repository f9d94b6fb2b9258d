// SPDX-License-Identifier: Apache-2.0
// flags.h: command lines by table, in two spellings.
//
// FLAGS_KINGPIN: --name=value, --name value, --no-name for switches, -h; alertmanager, amtool.
// FLAGS_GO: -name=value, --name=value, -name value (not for switches); vmalert, vmalert-tool.
// Errors, help and defaults read as upstream's.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"
#include "base/core/time.h"

enum flags_style { FLAGS_KINGPIN, FLAGS_GO };

enum flag_type {
    FLAG_STR,    // str
    FLAG_STRS,   // struct flag_strs: repeatable; Go style also splits at commas outside quotes, brackets
    FLAG_BOOL,   // bool
    FLAG_INT,    // int64_t
    FLAG_UINT,   // uint64_t
    FLAG_FLOAT,  // double
    FLAG_DUR,    // dur_ns: the grammar is the style's
    FLAG_BYTES,  // int64_t: KB, MB, KiB … and plain numbers
    FLAG_ENUM,   // str, one of `choices` ("a, b, c")
    FLAG_CUSTOM, // parse() does it
};

struct flag_strs {
    str *items;
    size_t count;
};

struct flag {
    const char *name; // without dashes
    enum flag_type type;
    void *to;
    const char *default_text; // parsed like a value; NULL: none
    const char *help;
    const char *choices;      // FLAG_ENUM
    const char *placeholder;  // for help; NULL: by type
    char short_name;          // kingpin: -h; 0: none
    bool is_hidden, is_required, is_secret;
    bool *is_set;             // was it on the command line (or in the environment); may be NULL
    bool (*parse)(const struct flag *, str value, struct arena *mem, struct err *err);
};

struct flags {
    enum flags_style style;
    const char *program;
    const char *about;
    const struct flag *items;
    size_t count;
    // Go style with -envflag.enable: NAME_WITH_UNDERSCORES, found through this; NULL: no environment.
    const char *(*env_find)(void *owner, const char *name);
    void *env_owner;
};

// Fills what the table points at; values live in mem. Positional arguments go to ret_args (NULL: refused,
// "unexpected foo"). Errors: ERR_SYNTAX with upstream's text.
bool flags_parse(const struct flags *f, int argc, char *const *argv, struct arena *mem,
                 struct flag_strs *ret_args, struct err *err);
void flags_help(const struct flags *f, struct buf *out); // --help
// The value a flag has now, as text; secrets as <secret>. For /flags, logs, the status page.
void flag_value_text(const struct flag *flag, struct buf *out);
