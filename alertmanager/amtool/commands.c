// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/amtool/commands.h"

#define ABOUT                                                                                      \
    "Shows and changes what an Alertmanager knows: its alerts, silences and configuration.\n\n"    \
    "Defaults for flags are read from $HOME/.config/amtool/config.yml and "                        \
    "/etc/amtool/config.yml, one \"name: value\" per line, for instance alertmanager.url, "        \
    "author, "                                                                                     \
    "require-comment, output, date.format or http.config.file."
#define GROUPS_HELP                                                                                \
    "Each argument is one matcher: name=value, name!=value, name=~regex or name!~regex. A first "  \
    "argument that is none of these is the value of alertname."
#define RFC3339_HELP " As RFC 3339, for instance 2006-01-02T15:04:05-07:00."

#define F(name_, type_, member, default_, help_, ...)                                              \
    {                                                                                              \
        .name = (name_), .type = (type_), .to = &t->member, .default_text = (default_),            \
        .help = (help_), __VA_ARGS__                                                               \
    }

static const struct flag *copy_flags(const struct flag *items, size_t count, struct arena *mem)
{
    struct flag *copy = arena_array(mem, struct flag, count);
    memcpy(copy, items, count * sizeof(*items));
    return copy;
}

// A command's flags, as the initialiser of items and count.
#define FLAGS(...)                                                                                 \
    .items = copy_flags((const struct flag[]){__VA_ARGS__},                                        \
                        ARRAY_LEN(((const struct flag[]){__VA_ARGS__})), mem),                     \
    .count = ARRAY_LEN(((const struct flag[]){__VA_ARGS__}))

static const struct flags_arg *make_arg(struct amtool *t, const char *name, const char *help,
                                        bool is_repeated, struct arena *mem)
{
    struct flags_arg *arg = arena_new(mem, struct flags_arg);
    *arg =
        (struct flags_arg){.name = name, .help = help, .to = &t->args, .is_repeated = is_repeated};
    return arg;
}

#define ARGS(name_, help_)    .args = make_arg(t, (name_), (help_), true, mem), .arg_count = 1
#define ONE_ARG(name_, help_) .args = make_arg(t, (name_), (help_), false, mem), .arg_count = 1

static const struct flags_command *copy_commands(const struct flags_command *items, size_t count,
                                                 struct arena *mem)
{
    struct flags_command *copy = arena_array(mem, struct flags_command, count);
    memcpy(copy, items, count * sizeof(*items));
    return copy;
}

#define COMMANDS(list)                                                                             \
    .commands = copy_commands((list), ARRAY_LEN(list), mem), .command_count = ARRAY_LEN(list)

// ---- the commands ------------------------------------------------------------------------------

static bool parse_url(const struct flag *flag, str value, struct arena *mem, struct err *err)
{
    struct amtool *t = flag->to;
    t->has_url = true;
    return url_parse(arena_str(mem, value), mem, &t->url, err);
}

static struct flags_command alert_command(struct amtool *t, struct arena *mem)
{
    const struct flags_command list[] = {
        {.name = "query",
         .help = "Show alerts; without a flag for a state, the active ones. " GROUPS_HELP,
         .is_default = true,
         FLAGS(
             F("inhibited", FLAG_BOOL, alerts.inhibited, NULL, "Show inhibited alerts.",
               .short_name = 'i'),
             F("silenced", FLAG_BOOL, alerts.silenced, NULL, "Show silenced alerts.",
               .short_name = 's'),
             F("active", FLAG_BOOL, alerts.active, NULL, "Show active alerts.", .short_name = 'a'),
             F("unprocessed", FLAG_BOOL, alerts.unprocessed, NULL, "Show unprocessed alerts.",
               .short_name = 'u'),
             F("receiver", FLAG_STR, alerts.receiver, NULL,
               "Show alerts for receivers that match this regular expression.", .short_name = 'r')),
         ARGS("matcher-groups", "Matchers that alerts must meet.")},
        {.name = "add",
         .help = "Post an alert. Each argument is one label: name=value. A first argument that is "
                 "none is the value of alertname.",
         FLAGS(
             F("generator-url", FLAG_STR, alert.generator_url, NULL, "Where the alert comes from."),
             F("start", FLAG_STR, alert.start, NULL, "When the alert began." RFC3339_HELP),
             F("end", FLAG_STR, alert.end, NULL, "When the alert is over." RFC3339_HELP),
             F("annotation", FLAG_STRS, alert.annotations, NULL,
               "An annotation: name=value. Repeatable.")),
         ARGS("labels", "Labels of the alert.")},
    };
    return (struct flags_command){.name = "alert", .help = "Show or post alerts.", COMMANDS(list)};
}

static struct flags_command silence_add_command(struct amtool *t, struct arena *mem)
{
    const char *user = t->world->user;
    return (struct flags_command){
        .name = "add",
        .help = "Add a silence. " GROUPS_HELP,
        FLAGS(F("author", FLAG_STR, silence.author, user, "Who is silencing.", .short_name = 'a'),
              F("require-comment", FLAG_BOOL, silence.needs_comment, "true",
                "Refuse a silence without a comment.", .is_hidden = true),
              F("duration", FLAG_STR, silence.duration, "1h", "How long, from the start on.",
                .short_name = 'd'),
              F("start", FLAG_STR, silence.start, NULL, "When to start; now." RFC3339_HELP),
              F("end", FLAG_STR, silence.end, NULL,
                "When to end; goes before the duration." RFC3339_HELP),
              F("comment", FLAG_STR, silence.comment, NULL, "Why.", .short_name = 'c'),
              F("annotation", FLAG_STRS, silence.annotations, NULL,
                "An annotation: name=value. Repeatable.")),
        ARGS("matcher-groups", "Matchers of the alerts to silence.")};
}

static struct flags_command silence_query_command(struct amtool *t, struct arena *mem)
{
    return (struct flags_command){
        .name = "query",
        .help = "Show silences that have not ended. " GROUPS_HELP,
        .is_default = true,
        FLAGS(
            F("expired", FLAG_BOOL, silences.expired, NULL, "Show those that have ended instead."),
            F("quiet", FLAG_BOOL, silences.is_quiet, NULL, "Print nothing but their ids.",
              .short_name = 'q'),
            F("created-by", FLAG_STR, silences.created_by, NULL, "Only those by this author."),
            F("id", FLAG_STR, silences.id, NULL, "Only the one with this id."),
            F("within", FLAG_DUR, silences.within, NULL,
              "Only those that end, or have ended, within this time.")),
        ARGS("matcher-groups", "Matchers that silences must hold.")};
}

static struct flags_command silence_update_command(struct amtool *t, struct arena *mem)
{
    return (struct flags_command){
        .name = "update",
        .help = "Change silences.",
        FLAGS(F("quiet", FLAG_BOOL, silence.is_quiet, NULL, "Print nothing but their ids.",
                .short_name = 'q'),
              F("duration", FLAG_STR, silence.duration, NULL, "How long, from the start on.",
                .short_name = 'd'),
              F("start", FLAG_STR, silence.start, NULL, "When to start." RFC3339_HELP),
              F("end", FLAG_STR, silence.end, NULL,
                "When to end; goes before the duration." RFC3339_HELP),
              F("comment", FLAG_STR, silence.comment, NULL, "Why.", .short_name = 'c')),
        ARGS("update-ids", "Ids of the silences.")};
}

static struct flags_command silence_command(struct amtool *t, struct arena *mem)
{
    const struct flags_command list[] = {
        silence_add_command(t, mem),
        {.name = "expire",
         .help = "End silences now.",
         ARGS("silence-ids", "Ids of the silences.")},
        {.name = "import",
         .help = "Add silences from JSON, as `amtool silence query -o json` prints it. Those that "
                 "the server does not know by their ids are created.",
         FLAGS(F("force", FLAG_BOOL, import.is_forced, NULL,
                 "Create all of them, whatever their ids.", .short_name = 'f'),
               F("worker", FLAG_INT, import.workers, "8", "How many requests are made at once.",
                 .short_name = 'w')),
         ONE_ARG("input-file", "File with the silences; standard input.")},
        silence_query_command(t, mem),
        silence_update_command(t, mem),
    };
    return (struct flags_command){
        .name = "silence", .help = "Show, add, change or end silences.", COMMANDS(list)};
}

static struct flags_command config_command(struct amtool *t, struct arena *mem)
{
    const struct flags_command routes[] = {
        {.name = "show", .help = "Draw the routing tree.", .is_default = true},
        {.name = "test",
         .help = "Show which receivers an alert with these labels goes to, in the order of the "
                 "tree.",
         FLAGS(F("verify.receivers", FLAG_STR, routes.expected, NULL,
                 "Fail unless these are the receivers, comma separated."),
               F("tree", FLAG_BOOL, routes.with_tree, NULL, "Draw the routes that match.")),
         ARGS("labels", "Labels of the alert: name=value.")},
    };
    const struct flags_command list[] = {
        {.name = "show",
         .help = "Show the configuration that is in force; with -o extended also when the server "
                 "was started and its version.",
         .is_default = true},
        {.name = "routes",
         .help = "Look into the routing tree of a file or of the server.",
         FLAGS(F("config.file", FLAG_STR, routes.config_file, NULL,
                 "Configuration file; goes before the server.")),
         COMMANDS(routes)},
    };
    return (struct flags_command){
        .name = "config", .help = "Show the configuration.", COMMANDS(list)};
}

static struct flags_command cluster_command(struct arena *mem)
{
    const struct flags_command list[] = {
        {.name = "show", .help = "Show the cluster and its peers.", .is_default = true}};
    return (struct flags_command){
        .name = "cluster", .help = "Show the cluster and its peers.", COMMANDS(list)};
}

static struct flags_command template_command(struct amtool *t, struct arena *mem)
{
    const struct flags_command list[] = {
        {.name = "render",
         .help = "Render a template text in place of a receiver's field, for trying out template "
                 "files.",
         FLAGS(F("template.glob", FLAG_STRS, render.globs, NULL,
                 "Pattern of template files. Repeatable.", .is_required = true),
               F("template.text", FLAG_STR, render.text, NULL, "The text to render.",
                 .is_required = true),
               F("template.type", FLAG_ENUM, render.type, "text",
                 "The engine: html escapes values for where they stand.", .choices = "html, text"),
               F("template.data", FLAG_STR, render.data, NULL,
                 "JSON file with the data, as webhooks get it. Default: a sample of two "
                 "alerts."))}};
    return (struct flags_command){
        .name = "template", .help = "Work with notification templates.", COMMANDS(list)};
}

// ---- the whole ---------------------------------------------------------------------------------

static const struct flag *global_flags(struct amtool *t, struct arena *mem, size_t *ret_count)
{
    const struct flag items[] = {
        F("help", FLAG_BOOL, help, NULL, "Show help; see also --help-long and --help-man.",
          .short_name = 'h'),
        F("help-long", FLAG_BOOL, help_long, NULL, "Show help for all commands.",
          .is_hidden = true),
        F("help-man", FLAG_BOOL, help_man, NULL, "Make a manual page.", .is_hidden = true),
        F("completion-bash", FLAG_BOOL, complete, NULL, "Print how the line may go on.",
          .is_hidden = true),
        F("completion-script-bash", FLAG_BOOL, script_bash, NULL, "Print a script for bash.",
          .is_hidden = true),
        F("completion-script-zsh", FLAG_BOOL, script_zsh, NULL, "Print a script for zsh.",
          .is_hidden = true),
        F("date.format", FLAG_STR, date_format, "2006-01-02 15:04:05 MST",
          "How times are printed, as a Go time layout."),
        F("verbose", FLAG_BOOL, verbose, "false", "Say more about what is done.",
          .short_name = 'v'),
        {.name = "alertmanager.url",
         .type = FLAG_CUSTOM,
         .to = t,
         .parse = parse_url,
         .help = "The Alertmanager to talk to."},
        F("output", FLAG_ENUM, output, "simple", "How results are printed.", .short_name = 'o',
          .choices = "simple, extended, json"),
        F("timeout", FLAG_DUR, timeout, "30s", "The longest that a command may take."),
        F("http.config.file", FLAG_STR, http_config_file, NULL,
          "File with the settings of the HTTP client.", .placeholder = "<filename>"),
        F("version-check", FLAG_BOOL, version_check, "true",
          "Compare versions with the Alertmanager that is talked to."),
        F("enable-feature", FLAG_STR, enable_feature, "",
          "Comma separated features, as the server has them: classic-mode, utf8-strict-mode."),
        F("version", FLAG_BOOL, version, NULL, "Show the version."),
    };
    *ret_count = ARRAY_LEN(items);
    return copy_flags(items, ARRAY_LEN(items), mem);
}

struct flags amtool_flags(struct amtool *t, struct arena *mem)
{
    const struct flags_command list[] = {
        {.name = "help", .help = "Show help.", ARGS("command", "Show help for this command.")},
        alert_command(t, mem),
        silence_command(t, mem),
        {.name = "check-config",
         .help = "Check configuration files the way the server reads them, and that the templates "
                 "in them and in the files they name can be parsed. Without a file, standard input "
                 "is checked.",
         ARGS("check-files", "Files to check.")},
        cluster_command(mem),
        config_command(t, mem),
        template_command(t, mem),
    };
    struct flags flags = {
        .style = FLAGS_KINGPIN, .program = "amtool", .about = ABOUT, COMMANDS(list)};
    flags.items = global_flags(t, mem, &flags.count);
    return flags;
}

struct amtool_command amtool_command_find(const struct flags_chosen *chosen)
{
    static const struct {
        const char *first, *last; // of the path
        size_t depth;
        struct amtool_command command;
    } TABLE[] = {
        {"alert", "query", 2, {cmd_alert_query, true}},
        {"alert", "add", 2, {cmd_alert_add, true}},
        {"silence", "add", 2, {cmd_silence_add, true}},
        {"silence", "expire", 2, {cmd_silence_expire, true}},
        {"silence", "import", 2, {cmd_silence_import, true}},
        {"silence", "query", 2, {cmd_silence_query, true}},
        {"silence", "update", 2, {cmd_silence_update, true}},
        {"check-config", "check-config", 1, {cmd_check_config, false}},
        {"cluster", "show", 2, {cmd_cluster_show, true}},
        {"config", "show", 2, {cmd_config_show, true}},
        {"config", "show", 3, {cmd_routes_show, false}},
        {"config", "test", 3, {cmd_routes_test, false}},
        {"template", "render", 2, {cmd_template_render, false}},
    };
    for (size_t i = 0; chosen->depth && i < ARRAY_LEN(TABLE); i++) {
        if (TABLE[i].depth == chosen->depth && strcmp(TABLE[i].first, chosen->path[0]->name) == 0 &&
            strcmp(TABLE[i].last, chosen->path[chosen->depth - 1]->name) == 0)
            return TABLE[i].command;
    }
    return (struct amtool_command){NULL, false};
}
