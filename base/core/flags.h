// SPDX-License-Identifier: Apache-2.0
// flags.h: command lines by table, in two spellings.
//
// FLAGS_KINGPIN: --name=value, --name value, --no-name for switches, -h; alertmanager, amtool.
// FLAGS_GO: -name=value, --name=value, -name value (not for switches); vmalert, vmalert-tool.
// Errors, help and defaults read as upstream's.
//
// A switch named "help" ends the parsing as soon as it has been seen: nothing behind it, and no
// missing flag, is an error any more. So do kingpin's help-long, help-man, completion-script-bash
// and completion-script-zsh, and Go's -h. What to print is the program's business; see also
// flags_extra.h.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"
#include "base/core/time.h"

enum flags_style { FLAGS_KINGPIN, FLAGS_GO };

enum flag_type {
    FLAG_STR,    // str
    FLAG_STRS,   // struct flag_strs: repeatable; Go style also splits at commas outside quotes,
                 // brackets
    FLAG_BOOL,   // bool
    FLAG_INT,    // int64_t
    FLAG_UINT,   // uint64_t
    FLAG_FLOAT,  // double
    FLAG_DUR,    // dur_ns: the grammar is the style's
    FLAG_BYTES,  // int64_t: KB, MB, KiB … and plain numbers
    FLAG_ENUM,   // str, one of `choices` ("a, b, c")
    FLAG_CUSTOM, // parse() does it
    // Go style: arrays like FLAG_STRS. default_text is what an empty item stands for.
    FLAG_BOOLS, // struct flag_bools; takes its value only behind '='
    FLAG_INTS,  // struct flag_i64s
    FLAG_DURS,  // struct flag_i64s, in ns
    FLAG_SIZES, // struct flag_i64s, in bytes, as FLAG_BYTES
};

struct flag_strs {
    str *items;
    size_t count;
};

struct flag_bools {
    bool *items;
    size_t count;
};

struct flag_i64s {
    int64_t *items;
    str *texts; // as given, in canonical spelling
    size_t count;
    int64_t item_default;
};

// The value for the index-th URL or address: that item; else, of exactly one item, that; else the
// default: "", false, item_default.
str flag_strs_at(const struct flag_strs *list, size_t index);
bool flag_bools_at(const struct flag_bools *list, size_t index);
int64_t flag_i64s_at(const struct flag_i64s *list, size_t index);

struct flag {
    const char *name; // without dashes
    enum flag_type type;
    char short_name; // kingpin: -h; 0: none
    bool is_hidden, is_required, is_secret;
    void *to;
    const char *default_text; // parsed like a value; NULL: none, `to` keeps what it holds
    const char *help;
    const char *choices;     // FLAG_ENUM
    const char *placeholder; // for help; NULL: by type
    bool *is_set;            // was it on the command line (or in the environment); may be NULL
    bool (*parse)(const struct flag *, str value, struct arena *mem, struct err *err);
    void (*print)(const struct flag *, struct buf *out); // FLAG_CUSTOM: the value it has now
};

// A positional argument of a command.
struct flags_arg {
    const char *name;
    const char *help;
    struct flag_strs *to;
    bool is_required;
    bool is_repeated; // takes all that follow; only the last argument may
};

// A command of a tree (kingpin). Its flags stand beside the program's; its arguments come after its
// subcommands.
struct flags_command {
    const char *name;
    const char *help;
    const struct flag *items;
    size_t count;
    const struct flags_arg *args;
    size_t arg_count;
    const struct flags_command *commands;
    size_t command_count;
    bool is_default; // chosen where its name is left out
    bool is_hidden;
};

#define FLAGS_COMMAND_DEPTH_MAX 4
#define FLAGS_ARGS_MAX          100000 // arguments, those from @files included
#define FLAGS_FILE_BYTES_MAX    ((size_t)1 << 20)
#define FLAGS_ENV_ROUNDS_MAX    32 // nested %{NAME}

struct flags {
    enum flags_style style;
    const char *program;
    const char *about;
    const struct flag *items;
    size_t count;
    // The environment, for Go style: %{NAME} in arguments, and with -envflag.enable a variable for
    // every flag that was not given (its name behind -envflag.prefix, '.' as '_'). NULL: none.
    const char *(*env_find)(void *owner, const char *name);
    void *env_owner; // handed to all three functions
    // The lines of @file as arguments (kingpin). NULL: '@' means nothing.
    bool (*file_read)(void *owner, str path, struct arena *mem, str *ret, struct err *err);
    // A default from elsewhere (amtool's configuration file), before default_text. NULL: none.
    bool (*default_find)(void *owner, const struct flag *flag, str *ret);
    const struct flags_command *commands; // kingpin
    size_t command_count;
};

// Which command was chosen: path[0 … depth), outermost first.
struct flags_chosen {
    const struct flags_command *path[FLAGS_COMMAND_DEPTH_MAX];
    size_t depth;
    size_t named_depth; // path[named_depth … depth) are defaults, whose names were left out
    bool wants_help;    // "help" was seen: print it, do nothing else
};

// Fills what the table points at; values live in mem or point into argv. Positional arguments go to
// ret_args (NULL: refused, "unexpected foo"). Errors: ERR_SYNTAX with upstream's text; ERR_INVALID
// for what Go style reports without usage: arguments left over, a bad value in the environment.
bool flags_parse(const struct flags *f, int argc, char *const *argv, struct arena *mem,
                 struct flag_strs *ret_args, struct err *err);
// The same for a tree of commands. Without a command in the end, depth is 0 (or the last one has
// subcommands): upstream prints usage then.
bool flags_parse_command(const struct flags *f, int argc, char *const *argv, struct arena *mem,
                         struct flags_chosen *ret, struct err *err);

void flags_help(const struct flags *f, struct buf *out); // --help
void flags_help_command(const struct flags *f, const struct flags_chosen *chosen, struct buf *out);

// The value a flag has now, as text; secrets as <secret>. For /flags, logs, the status page.
void flag_value_text(const struct flag *flag, struct buf *out);

// Puts environment values in place of %{NAME}, also within those values; an unknown name stays.
void flags_expand_env(const struct flags *f, str text, struct buf *out);
