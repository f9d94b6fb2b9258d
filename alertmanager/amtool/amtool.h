// SPDX-License-Identifier: Apache-2.0
// amtool.h: what the commands of amtool share.
//
// main.c knows the process: its streams, its environment, its loop, the kinds of files. Everything
// else sees a struct amtool_world, so that a test can be the world. amtool.c reads the arguments,
// with defaults from amtool's configuration file, and runs one command.
//
// A command puts its result into `out`, which goes to stdout, and remarks into `notes`, which go to
// stderr; both are written when it ends, or earlier by amtool_flush. It returns whether it went
// well; its error goes to stderr behind "amtool: error: ", and the process ends with 1.
//
// Files: amtool.c, commands.[ch] (the tables), config_file.c, args.[ch] (arguments to matchers,
// labels, times), client.[ch] and client_open.c (requests), model.[ch] (the API's objects),
// output.[ch], table.[ch] and route_tree.[ch] (what is printed), and the commands: cmd_*.c.
#pragma once
#include "alertmanager/options.h"
#include "base/core/arena.h"
#include "base/core/err.h"
#include "base/core/flags.h"
#include "base/text/url.h"
#include "base/text/yaml_bind.h"

struct config;
struct env;
struct tpldata;
struct tplfuncs_context;

struct amtool_world {
    struct env *env;
    void (*wait)(struct env *); // runs the loop until wake is called from inside it
    void (*wake)(struct env *);
    // False: no such file, or a folder in its place. Errors: kingpin's texts.
    bool (*find_file)(void *owner, str path, struct err *err);
    void (*write)(void *owner, bool is_error, str text); // to stdout or stderr, at once
    void *owner;
    const char *user;          // the user's name; "": unknown
    const char *home, *tz;     // variables; NULL: not set
    bool is_stdin_interactive; // a terminal or another device: nothing to read from
};

// What `silence add` and `silence update` have in common.
struct silence_flags {
    str author, duration, start, end, comment;
    bool needs_comment, is_quiet;
    struct flag_strs annotations;
};

struct amtool {
    const struct amtool_world *world;
    struct env *env;  // the world's
    struct arena mem; // lives as long as the process
    struct buf out, notes;

    // Global flags.
    bool help, help_long, help_man, complete, script_bash, script_zsh;
    bool version, verbose, version_check;
    struct url url;
    bool has_url;
    str date_format, output, http_config_file, enable_feature;
    dur_ns timeout;
    struct am_features features;

    // Flags of commands.
    struct {
        struct flag_strs globs;
        str text, type, data;
    } render;
    struct {
        bool inhibited, silenced, active, unprocessed;
        str receiver;
    } alerts;
    struct {
        str generator_url, start, end;
        struct flag_strs annotations;
    } alert;
    struct {
        bool expired, is_quiet;
        str created_by, id;
        dur_ns within;
    } silences;
    struct silence_flags silence;
    struct {
        bool is_forced;
        int64_t workers;
    } import;
    struct {
        str config_file, expected;
        bool with_tree;
    } routes;
    struct flag_strs args; // of the command, whichever it is
};

// Runs one command line. False: *err is to be reported, then 1 is the exit code.
bool amtool_run(struct amtool *t, int argc, char *const *argv, struct err *err);
void amtool_done(struct amtool *t);
void amtool_flush(struct amtool *t); // writes what is in out and notes

typedef bool amtool_command_fn(struct amtool *t, struct err *err);
amtool_command_fn cmd_alert_add, cmd_alert_query, cmd_check_config, cmd_cluster_show,
    cmd_config_show, cmd_routes_show, cmd_routes_test, cmd_silence_add, cmd_silence_expire,
    cmd_silence_import, cmd_silence_query, cmd_silence_update, cmd_template_render;

// The matchers' grammar that --enable-feature chose.
enum matcher_mode amtool_matcher_mode(const struct amtool *t);

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
