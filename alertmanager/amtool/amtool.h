// SPDX-License-Identifier: Apache-2.0
// amtool.h: what the commands of amtool share.
//
// main.c reads the command line, with defaults from amtool's configuration file, and runs one
// command. A command leaves its result in `out`, which goes to stdout, and returns whether it went
// well; its error goes to stderr behind "amtool: error: ", and the process ends with 1.
// Only main.c knows the process: its streams, its environment, the kinds of files.
#pragma once
#include "alertmanager/options.h"
#include "base/core/arena.h"
#include "base/core/err.h"
#include "base/core/flags.h"
#include "base/text/yaml_bind.h"

struct env;
struct tpldata;
struct tplfuncs_context;

struct amtool {
    struct env *env;
    struct arena mem; // lives as long as the process
    struct buf out;
    const char *tz;            // the variable TZ; NULL: not set
    bool is_stdin_interactive; // a terminal or another device: nothing to read from

    // Global flags.
    bool help, version, verbose, version_check;
    str date_format, url, output, http_config_file, enable_feature;
    dur_ns timeout;
    struct am_features features;

    // template render
    struct flag_strs globs;
    str template_text, template_type, template_data;

    // check-config
    struct flag_strs files;
};

typedef bool amtool_command_fn(struct amtool *t, struct err *err);

amtool_command_fn cmd_check_config, cmd_template_render;

// main.c: false if there is no such file, or a folder in its place. Errors: kingpin's texts.
bool amtool_file_exists(struct amtool *t, str path, struct err *err);

// ---- template_data.c ---------------------------------------------------------------------------

#define TEMPLATE_DATA_BYTES_MAX ((size_t)64 << 20)

// The data of a template from JSON, with keys in any case. What it borrows lives in mem.
// Errors: ERR_SYNTAX, ERR_INVALID, worded as Go's decoder does.
bool template_data_parse(str text, struct arena *mem, struct tpldata *ret, struct err *err);

// The data that stands in where none is given: one firing and one resolved alert.
void template_data_sample(const struct tplfuncs_context *clock, struct arena *mem,
                          struct tpldata *ret);

// ---- config_file.c -----------------------------------------------------------------------------

struct amtool_defaults {
    struct yaml_str_pair *items;
    size_t count;
};

// Reads amtool's own configuration files; `home` may be NULL. Files that are not there are passed
// over. Errors: "could not load config file: …".
bool amtool_defaults_load(struct env *env, const char *home, struct arena *mem,
                          struct amtool_defaults *ret, struct err *err);
bool amtool_default_find(void *defaults, const struct flag *flag, str *ret); // flags.default_find
