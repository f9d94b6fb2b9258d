// SPDX-License-Identifier: Apache-2.0
// amtool: reads the command line and runs a command.
#define BANNED_ALLOW_IMPURE
#include <sys/stat.h>

#include "alertmanager/amtool/amtool.h"
#include "alertmanager/app.h"
#include "base/io/env_uv.h"

#define ARGS_FILE_BYTES_MAX ((size_t)1 << 20)

// ---- the table ---------------------------------------------------------------------------------

#define CHECK_HELP                                                                                 \
    "Check configuration files the way the server reads them, and that the templates in them and " \
    "in the files they name can be parsed. Without a file, standard input is checked."
#define RENDER_HELP                                                                                \
    "Render a template text in place of a receiver's field, for trying out template files."

struct command_tables {
    struct flag global[10];
    struct flag render[4];
    struct flags_arg check_args[1];
    struct flags_command template_commands[1];
    struct flags_command commands[2];
};

static void fill_global(struct amtool *t, struct flag *items)
{
    const struct flag table[] = {
#define F(name_, type_, member, default_, help_, ...)                                              \
    {.name = (name_),                                                                              \
     .type = (type_),                                                                              \
     .to = &t->member,                                                                             \
     .default_text = (default_),                                                                   \
     .help = (help_),                                                                              \
     __VA_ARGS__}
        F("help", FLAG_BOOL, help, NULL, "Show help.", .short_name = 'h'),
        F("date.format", FLAG_STR, date_format, "2006-01-02 15:04:05 MST",
          "How times are printed, as a Go time layout."),
        F("verbose", FLAG_BOOL, verbose, "false", "Say more about what is done.",
          .short_name = 'v'),
        F("alertmanager.url", FLAG_STR, url, NULL, "The Alertmanager to talk to."),
        F("output", FLAG_ENUM, output, "simple", "How results are printed.", .short_name = 'o',
          .choices = "simple, extended, json"),
        F("timeout", FLAG_DUR, timeout, "30s", "The longest that a command may take."),
        F("http.config.file", FLAG_STR, http_config_file, NULL,
          "File with the settings of the HTTP client."),
        F("version-check", FLAG_BOOL, version_check, "true",
          "Compare versions with the Alertmanager that is talked to."),
        F("enable-feature", FLAG_STR, enable_feature, "",
          "Comma separated features, as the server has them: classic-mode, utf8-strict-mode."),
        F("version", FLAG_BOOL, version, NULL, "Show the version."),
    };
    memcpy(items, table, sizeof(table));
}

static void fill_render(struct amtool *t, struct flag *items)
{
    const struct flag table[] = {
        F("template.glob", FLAG_STRS, globs, NULL, "Pattern of template files. Repeatable.",
          .is_required = true),
        F("template.text", FLAG_STR, template_text, NULL, "The text to render.",
          .is_required = true),
        F("template.type", FLAG_ENUM, template_type, "text",
          "The engine: html escapes values for where they stand.", .choices = "html, text"),
        F("template.data", FLAG_STR, template_data, NULL,
          "JSON file with the data, as webhooks get it. Default: a sample of two alerts."),
#undef F
    };
    memcpy(items, table, sizeof(table));
}

static struct flags fill_tables(struct amtool *t, struct command_tables *c)
{
    fill_global(t, c->global);
    fill_render(t, c->render);
    c->check_args[0] = (struct flags_arg){
        .name = "check-files", .help = "Files to check.", .to = &t->files, .is_repeated = true};
    c->template_commands[0] = (struct flags_command){
        .name = "render", .help = RENDER_HELP, .items = c->render, .count = ARRAY_LEN(c->render)};
    c->commands[0] = (struct flags_command){
        .name = "check-config", .help = CHECK_HELP, .args = c->check_args, .arg_count = 1};
    c->commands[1] = (struct flags_command){.name = "template",
                                            .help = "Work with notification templates.",
                                            .commands = c->template_commands,
                                            .command_count = 1};
    return (struct flags){
        .style = FLAGS_KINGPIN,
        .program = "amtool",
        .about = "Looks into Alertmanager's configuration and templates.",
        .items = c->global,
        .count = ARRAY_LEN(c->global),
        .commands = c->commands,
        .command_count = ARRAY_LEN(c->commands),
    };
}

static amtool_command_fn *find_command(const struct flags_chosen *chosen)
{
    static const struct {
        const char *name;
        amtool_command_fn *run;
    } COMMANDS[] = {
        {"check-config", cmd_check_config},
        {"render", cmd_template_render},
    };
    for (size_t i = 0; chosen->depth && i < ARRAY_LEN(COMMANDS); i++) {
        if (strcmp(COMMANDS[i].name, chosen->path[chosen->depth - 1]->name) == 0)
            return COMMANDS[i].run;
    }
    return NULL; // no command, or one that needs another
}

// ---- running -----------------------------------------------------------------------------------

struct program {
    struct amtool tool;
    struct amtool_defaults defaults;
};

static bool read_args_file(void *owner, str path, struct arena *mem, str *ret, struct err *err)
{
    struct program *p = owner;
    struct buf text = {.mem = mem};
    if (!env_file_read(p->tool.env, path, ARGS_FILE_BYTES_MAX, &text, err))
        return false;
    *ret = buf_str(&text);
    return true;
}

static bool find_default(void *owner, const struct flag *flag, str *ret)
{
    struct program *p = owner;
    return amtool_default_find(&p->defaults, flag, ret);
}

bool amtool_file_exists(struct amtool *t, str path, struct err *err)
{
    struct stat st;
    if (stat(arena_c(&t->mem, path), &st) != 0)
        return err_set(err, ERR_NOT_FOUND, "path '%.*s' does not exist", STR(path));
    return !S_ISDIR(st.st_mode) || err_set(err, ERR_INVALID, "'%.*s' is a directory", STR(path));
}

static void put_version(struct buf *out)
{
    buf_put(out, S("amtool" AM_VERSION_TEXT));
}

static bool run(struct program *p, int argc, char **argv, struct err *err)
{
    struct amtool *t = &p->tool;
    struct command_tables tables;
    struct flags_chosen chosen;
    struct flags flags = fill_tables(t, &tables);
    flags.file_read = read_args_file;
    flags.default_find = find_default;
    flags.env_owner = p;
    if (!amtool_defaults_load(t->env, getenv("HOME"), &t->mem, &p->defaults, err) ||
        !flags_parse_command(&flags, argc, argv, &t->mem, &chosen, err))
        return false;
    amtool_command_fn *command = find_command(&chosen);
    if (t->version && !chosen.wants_help) {
        put_version(&t->out);
        return true;
    }
    if (chosen.wants_help || !command) {
        flags_help_command(&flags, &chosen, &t->out);
        return true;
    }
    return am_features_parse(t->enable_feature, &t->features, err) && command(t, err);
}

int main(int argc, char **argv)
{
    struct program p = {0};
    struct err err = ERR_INIT;
    struct stat st;
    p.tool.tz = getenv("TZ");
    p.tool.is_stdin_interactive = fstat(0, &st) != 0 || S_ISCHR(st.st_mode);
    p.tool.env = env_uv_new(&(struct env_uv_options){0}, &err);
    bool ok = p.tool.env && run(&p, argc, argv, &err);
    if (p.tool.out.n)
        fwrite(p.tool.out.p, 1, p.tool.out.n, stdout);
    fflush(stdout);
    if (!ok) // upstream's errors end in an empty line
        fprintf(stderr, "amtool: error: %.*s\n\n", STR(err_str(&err)));
    env_uv_free(p.tool.env);
    buf_done(&p.tool.out);
    arena_done(&p.tool.mem);
    return ok ? 0 : 1;
}
