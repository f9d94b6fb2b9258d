// SPDX-License-Identifier: Apache-2.0
#include "base/core/flags.h"

#include "tests/support/check.h"

#define ARGS(...)                                                                                  \
    (char *const[]){"program", __VA_ARGS__}, (int)ARRAY_LEN(((char *const[]){"", __VA_ARGS__}))

// ---- kingpin -------------------------------------------------------------------------------

struct server {
    str file, level;
    struct flag_strs listen, peers;
    dur_ns retention;
    int64_t limit;
    double ratio;
    bool systemd, help, version, is_file_set;
};

static struct server server;

static const struct flag SERVER_FLAGS[] = {
    {.name = "help",
     .type = FLAG_BOOL,
     .to = &server.help,
     .short_name = 'h',
     .help = "Show help."},
    {.name = "config.file",
     .type = FLAG_STR,
     .to = &server.file,
     .default_text = "a.yml",
     .is_set = &server.is_file_set,
     .help = "Configuration file name."},
    {.name = "data.retention",
     .type = FLAG_DUR,
     .to = &server.retention,
     .default_text = "120h",
     .help = "How long to keep data for."},
    {.name = "limit", .type = FLAG_INT, .to = &server.limit, .default_text = "0", .help = "Most."},
    {.name = "ratio", .type = FLAG_FLOAT, .to = &server.ratio, .default_text = "0.9", .help = "R."},
    {.name = "web.systemd-socket",
     .type = FLAG_BOOL,
     .to = &server.systemd,
     .help = "Use systemd socket activation listeners instead of port listeners (Linux only)."},
    {.name = "web.listen-address",
     .type = FLAG_STRS,
     .to = &server.listen,
     .default_text = ":9093",
     .help = "Addresses on which to expose metrics and web interface. Repeatable for multiple "
             "addresses."},
    {.name = "cluster.peer",
     .type = FLAG_STRS,
     .to = &server.peers,
     .help = "Initial peers (may be repeated)."},
    {.name = "log.level",
     .type = FLAG_ENUM,
     .to = &server.level,
     .default_text = "info",
     .choices = "debug, info, warn, error",
     .help = "Level."},
    {.name = "completion", .type = FLAG_BOOL, .to = &server.version, .is_hidden = true, .help = ""},
    {.name = "version",
     .type = FLAG_BOOL,
     .to = &server.version,
     .help = "Show application version."},
};

static const struct flags SERVER = {.style = FLAGS_KINGPIN,
                                    .program = "server",
                                    .items = SERVER_FLAGS,
                                    .count = ARRAY_LEN(SERVER_FLAGS)};

static struct arena mem;

static bool parse_server(char *const *argv, int argc, struct err *err)
{
    arena_clear(&mem);
    server = (struct server){0};
    return flags_parse(&SERVER, argc, argv, &mem, NULL, err);
}

static void kingpin_reads_values_in_both_spellings(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_true(parse_server(ARGS("--config.file=x=y", "--data.retention", "2d12h", "--limit=16.9",
                                  "--web.systemd-socket", "--cluster.peer=a", "--cluster.peer",
                                  "b,c", "--ratio=.5", "--log.level=warn"),
                             &err));
    check_str(server.file, S("x=y"));
    assert_true(server.is_file_set);
    assert_int_equal(server.retention, DUR_HOURS(60));
    assert_int_equal(server.limit, 16);
    assert_true(server.systemd && server.ratio == .5);
    assert_int_equal(server.peers.count, 2);
    check_str(server.peers.items[1], S("b,c"));
    check_str(server.level, S("warn"));
    assert_int_equal(server.listen.count, 1);
    check_str(server.listen.items[0], S(":9093"));
}

static void kingpin_fills_in_defaults(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    server.is_file_set = true;
    assert_true(parse_server(ARGS("--no-web.systemd-socket", "--web.listen-address=:1"), &err));
    check_str(server.file, S("a.yml"));
    assert_false(server.is_file_set || server.systemd);
    assert_int_equal(server.retention, DUR_HOURS(120));
    assert_int_equal(server.listen.count, 1); // a value replaces the default
    check_str(server.listen.items[0], S(":1"));
    assert_int_equal(server.peers.count, 0);
}

static void kingpin_errors_read_as_upstreams(void **state)
{
    (void)state;
    static const struct {
        const char *args[3];
        const char *want;
    } cases[] = {
        {{"--nosuch"}, "unknown long flag '--nosuch'"},
        {{"--nosuch=1"}, "unknown long flag '--nosuch'"},
        {{"--no-config.file"}, "unknown long flag '--no-config.file'"},
        {{"-x"}, "unknown short flag '-x'"},
        {{"extra"}, "unexpected extra"},
        {{"--web.systemd-socket=true"}, "unexpected true"},
        {{"--config.file"}, "expected argument for flag '--config.file'"},
        {{"--config.file", "--limit"}, "expected argument for flag '--config.file'"},
        {{"--limit=1", "--limit=2"}, "flag 'limit' cannot be repeated"},
        {{"--limit=abc"}, "strconv.ParseFloat: parsing \"abc\": invalid syntax"},
        {{"--limit=0x10"}, "strconv.ParseFloat: parsing \"0x10\": invalid syntax"},
        {{"--limit=1e400"}, "strconv.ParseFloat: parsing \"1e400\": value out of range"},
        {{"--ratio=x"}, "strconv.ParseFloat: parsing \"x\": invalid syntax"},
        {{"--log.level=foo"}, "enum value must be one of debug,info,warn,error, got 'foo'"},
        {{"--limit=x", "--nosuch"}, "unknown long flag '--nosuch'"}, // tokens come first
        {{"--", "--limit=1"}, "unexpected --limit=1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *argv[4] = {"program"};
        int argc = 1;
        for (; argc < 4 && cases[i].args[argc - 1]; argc++)
            argv[argc] = (char *)cases[i].args[argc - 1];
        struct err err = ERR_INIT;
        assert_false(parse_server(argv, argc, &err));
        check_err(&err, cases[i].want);
        assert_int_equal(err.code, ERR_SYNTAX);
    }
}

static void help_ends_the_parsing(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_true(parse_server(ARGS("--limit=x", "-h", "--nosuch"), &err));
    assert_true(server.help);
    assert_int_equal(err.code, ERR_NONE);
    assert_false(parse_server(ARGS("--nosuch", "--help"), &err)); // not seen yet
    assert_true(parse_server(ARGS("--version"), &err));
    assert_true(server.version && !server.help);
}

static bool read_args_file(void *owner, str path, struct arena *to, str *ret, struct err *err)
{
    (void)owner, (void)to;
    if (!str_eq(path, S("args")))
        return err_set(err, ERR_NOT_FOUND, "open %.*s: no such file or directory", STR(path));
    *ret = S("# comment\n--limit=7\n\n--config.file\r\nfrom file\n");
    return true;
}

static void arguments_come_from_files(void **state)
{
    (void)state;
    struct flags f = SERVER;
    struct err err = ERR_INIT;
    f.file_read = read_args_file;
    char *good[] = {"program", "@args", "--ratio=1"};
    assert_true(flags_parse(&f, 3, good, &mem, NULL, &err));
    check_str(server.file, S("from file"));
    assert_true(server.limit == 7 && server.ratio == 1);
    char *bad[] = {"program", "@none"};
    assert_false(flags_parse(&f, 2, bad, &mem, NULL, &err));
    check_err(&err, "failed to open arguments file \"none\": open none: no such file or directory");
    char *after[] = {"program", "--", "@args"};
    struct flag_strs rest;
    assert_true(flags_parse(&f, 3, after, &mem, &rest, &err));
    assert_int_equal(rest.count, 1);
    check_str(rest.items[0], S("@args"));
}

static void kingpin_help_has_two_columns(void **state)
{
    (void)state;
    defer(buf_done) struct buf out = {0};
    flags_help(&SERVER, &out);
    check_str(buf_str(&out),
              S("usage: server [<flags>]\n\n"
                "Flags:\n"
                "  -h, --[no-]help                Show help.\n"
                "      --config.file=\"a.yml\"      Configuration file name.\n"
                "      --data.retention=120h      How long to keep data for.\n"
                "      --limit=0                  Most.\n"
                "      --ratio=0.9                R.\n"
                "      --[no-]web.systemd-socket  Use systemd socket activation listeners instead\n"
                "                                 of port listeners (Linux only).\n"
                "      --web.listen-address=:9093 ...  \n"
                "                                 Addresses on which to expose metrics and web\n"
                "                                 interface. Repeatable for multiple addresses.\n"
                "      --cluster.peer=CLUSTER.PEER ...  \n"
                "                                 Initial peers (may be repeated).\n"
                "      --log.level=info           Level.\n"
                "      --[no-]version             Show application version.\n\n"));
}

// ---- commands ------------------------------------------------------------------------------

static struct {
    str url, comment, output;
    bool quiet, all, help;
    struct flag_strs matchers, ids, topics;
} tool;

static const struct flag TOOL_FLAGS[] = {
    {.name = "help", .type = FLAG_BOOL, .to = &tool.help, .short_name = 'h', .help = "Help."},
    {.name = "url", .type = FLAG_STR, .to = &tool.url, .is_required = true, .help = "Server."},
    {.name = "output",
     .type = FLAG_ENUM,
     .to = &tool.output,
     .short_name = 'o',
     .choices = "simple, json",
     .default_text = "simple",
     .help = "Format."},
};
static const struct flag QUERY_FLAGS[] = {
    {.name = "quiet", .type = FLAG_BOOL, .to = &tool.quiet, .short_name = 'q', .help = "Ids."},
    {.name = "all", .type = FLAG_BOOL, .to = &tool.all, .short_name = 'a', .help = "All."},
};
static const struct flag ADD_FLAGS[] = {
    {.name = "comment", .type = FLAG_STR, .to = &tool.comment, .short_name = 'c', .help = "Why."},
};
static const struct flags_arg QUERY_ARGS[] = {
    {.name = "matcher", .to = &tool.matchers, .is_repeated = true, .help = "Matchers."}};
static const struct flags_arg EXPIRE_ARGS[] = {
    {.name = "id", .to = &tool.ids, .is_required = true, .help = "Silence."}};
static const struct flags_arg HELP_ARGS[] = {
    {.name = "command", .to = &tool.topics, .is_repeated = true, .help = "Command."}};
static const struct flags_command SILENCE[] = {
    {.name = "add",
     .help = "Adds.",
     .items = ADD_FLAGS,
     .count = ARRAY_LEN(ADD_FLAGS),
     .args = QUERY_ARGS,
     .arg_count = 1},
    {.name = "query",
     .help = "Lists.",
     .items = QUERY_FLAGS,
     .count = ARRAY_LEN(QUERY_FLAGS),
     .args = QUERY_ARGS,
     .arg_count = 1,
     .is_default = true},
    {.name = "expire", .help = "Expires.", .args = EXPIRE_ARGS, .arg_count = 1},
};
static const struct flags_command TEMPLATE[] = {{.name = "render", .help = "Renders."}};
static const struct flags_command COMMANDS[] = {
    {.name = "help", .help = "Show help.", .args = HELP_ARGS, .arg_count = 1},
    {.name = "silence",
     .help = "Silences.",
     .commands = SILENCE,
     .command_count = ARRAY_LEN(SILENCE)},
    {.name = "template", .help = "Templates.", .commands = TEMPLATE, .command_count = 1},
};

static bool default_of_output(void *owner, const struct flag *flag, str *ret)
{
    (void)owner;
    if (strcmp(flag->name, "output") != 0)
        return false;
    *ret = S("json");
    return true;
}

static struct flags tool_flags(void)
{
    return (struct flags){.style = FLAGS_KINGPIN,
                          .program = "tool",
                          .about = "About.",
                          .items = TOOL_FLAGS,
                          .count = ARRAY_LEN(TOOL_FLAGS),
                          .commands = COMMANDS,
                          .command_count = ARRAY_LEN(COMMANDS)};
}

static struct flags_chosen chosen;

static bool parse_tool(char *const *argv, int argc, struct err *err)
{
    arena_clear(&mem);
    memset(&tool, 0, sizeof(tool));
    struct flags f = tool_flags();
    return flags_parse_command(&f, argc, argv, &mem, &chosen, err);
}

static void commands_take_their_flags_and_arguments(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_true(parse_tool(
        ARGS("--url=u", "silence", "add", "-cwhy", "a=b", "--output", "json", "c=d"), &err));
    assert_int_equal(chosen.depth, 2);
    assert_string_equal(chosen.path[1]->name, "add");
    check_str(tool.comment, S("why"));
    check_str(tool.output, S("json"));
    assert_int_equal(tool.matchers.count, 2);

    // The default subcommand takes flags and arguments that are not its parent's.
    assert_true(parse_tool(ARGS("silence", "-qa", "x=y", "--url", "u"), &err));
    assert_string_equal(chosen.path[1]->name, "query");
    assert_true(tool.quiet && tool.all);
    check_str(tool.matchers.items[0], S("x=y"));
    assert_true(parse_tool(ARGS("--url=u", "silence"), &err));
    assert_int_equal(chosen.depth, 2);
}

static void commands_report_what_is_missing(void **state)
{
    (void)state;
    static const struct {
        const char *args[4];
        const char *want;
    } cases[] = {
        {{"silence"}, "required flag(s) '--url' not provided"},
        {{"--url=u", "silence", "expire"}, "required argument 'id' not provided"},
        {{"--url=u", "silence", "expire", "a"}, NULL},
        {{"--url=u", "template"}, "must select a subcommand of 'template'"},
        {{"--url=u", "nosuch"}, "expected command but got \"nosuch\""},
        {{"--url=u", "silence", "--nosuch"}, "unknown long flag '--nosuch'"},
        {{"--url=u", "template", "render", "x"}, "unexpected x"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *argv[5] = {"program"};
        int argc = 1;
        for (; argc < 5 && cases[i].args[argc - 1]; argc++)
            argv[argc] = (char *)cases[i].args[argc - 1];
        struct err err = ERR_INIT;
        assert_int_equal(parse_tool(argv, argc, &err), cases[i].want == NULL);
        if (cases[i].want)
            check_err(&err, cases[i].want);
    }
}

static void help_names_the_command(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_true(parse_tool(ARGS("silence", "--help"), &err));
    assert_true(chosen.wants_help && tool.help);
    assert_int_equal(chosen.depth, 1); // help takes no defaults
    assert_true(parse_tool(ARGS("help", "silence", "add"), &err));
    assert_true(chosen.wants_help);
    assert_int_equal(tool.topics.count, 2);

    defer(buf_done) struct buf out = {0};
    struct flags f = tool_flags();
    chosen = (struct flags_chosen){.path = {&COMMANDS[1]}, .depth = 1};
    flags_help_command(&f, &chosen, &out);
    check_str(buf_str(&out), S("usage: tool silence <command> [<args> ...]\n\n"
                               "Silences.\n\n"
                               "Flags:\n"
                               "  -h, --[no-]help      Help.\n"
                               "      --url=URL        Server.\n"
                               "  -o, --output=simple  Format.\n\n"
                               "Subcommands:\n"
                               "silence add [<flags>] [<matcher>...]\n    Adds.\n\n"
                               "silence query* [<flags>] [<matcher>...]\n    Lists.\n\n"
                               "silence expire <id>\n    Expires.\n\n"));
}

static void defaults_come_from_elsewhere(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct flags f = tool_flags();
    f.default_find = default_of_output;
    char *argv[] = {"tool", "--url=u", "silence"};
    assert_true(flags_parse_command(&f, 3, argv, &mem, &chosen, &err));
    check_str(tool.output, S("json"));
}

// ---- Go ------------------------------------------------------------------------------------

static struct {
    struct flag_strs rules, urls;
    struct flag_bools tls;
    struct flag_i64s timeouts, sizes;
    str url, prefix, key;
    dur_ns interval;
    int64_t count, bytes;
    double percent;
    bool dry_run, help, env, is_url_set;
} go;

static const struct flag GO_FLAGS[] = {
    {.name = "rule", .type = FLAG_STRS, .to = &go.rules, .help = "Path to the files with rules."},
    {.name = "notifier.url", .type = FLAG_STRS, .to = &go.urls, .help = "URLs."},
    {.name = "tls", .type = FLAG_BOOLS, .to = &go.tls, .help = "TLS."},
    {.name = "sendTimeout",
     .type = FLAG_DURS,
     .to = &go.timeouts,
     .default_text = "10s",
     .help = "Timeout."},
    {.name = "sizes", .type = FLAG_SIZES, .to = &go.sizes, .default_text = "0", .help = "Sizes."},
    {.name = "datasource.url",
     .type = FLAG_STR,
     .to = &go.url,
     .is_set = &go.is_url_set,
     .help = "Datasource."},
    {.name = "envflag.prefix", .type = FLAG_STR, .to = &go.prefix, .help = "Prefix."},
    {.name = "envflag.enable", .type = FLAG_BOOL, .to = &go.env, .help = "Environment."},
    {.name = "authKey", .type = FLAG_STR, .to = &go.key, .is_secret = true, .help = "Key."},
    {.name = "interval",
     .type = FLAG_DUR,
     .to = &go.interval,
     .default_text = "1m",
     .help = "How often to evaluate `rules`"},
    {.name = "count", .type = FLAG_INT, .to = &go.count, .default_text = "20", .help = "Count."},
    {.name = "bytes", .type = FLAG_BYTES, .to = &go.bytes, .default_text = "0", .help = "Size."},
    {.name = "percent",
     .type = FLAG_FLOAT,
     .to = &go.percent,
     .default_text = "60",
     .help = "Percent."},
    {.name = "dryRun", .type = FLAG_BOOL, .to = &go.dry_run, .help = "Check only."},
    {.name = "help", .type = FLAG_BOOL, .to = &go.help, .is_hidden = true, .help = ""},
};

static const char *const *environment; // name, value, …, NULL

static const char *find_env(void *owner, const char *name)
{
    (void)owner;
    for (const char *const *e = environment; e && *e; e += 2)
        if (strcmp(e[0], name) == 0)
            return e[1];
    return NULL;
}

static const struct flags GO = {.style = FLAGS_GO,
                                .program = "vm",
                                .about = "\nvm does things.\n",
                                .items = GO_FLAGS,
                                .count = ARRAY_LEN(GO_FLAGS),
                                .env_find = find_env};

static bool parse_go(char *const *argv, int argc, struct err *err)
{
    arena_clear(&mem);
    memset(&go, 0, sizeof(go));
    return flags_parse(&GO, argc, argv, &mem, NULL, err);
}

static void go_reads_values(void **state)
{
    (void)state;
    environment = NULL;
    struct err err = ERR_INIT;
    assert_true(parse_go(ARGS("-rule=a,b", "--rule", "c{x,y}", "-datasource.url", "-x", "-dryRun",
                              "-interval=1h30m", "-count=0b101", "-count", "7", "-bytes=1.5kib",
                              "-tls", "-tls=,false", "-sendTimeout=,5s", "-percent=1e1"),
                         &err));
    assert_int_equal(go.rules.count, 3);
    check_str(go.rules.items[2], S("c{x,y}"));
    check_str(go.url, S("-x"));
    assert_true(go.dry_run && go.is_url_set);
    assert_int_equal(go.interval, DUR_MINUTES(90));
    assert_int_equal(go.count, 7); // the last one wins
    assert_int_equal(go.bytes, 1536);
    assert_int_equal(go.tls.count, 3);
    assert_true(flag_bools_at(&go.tls, 0) && !flag_bools_at(&go.tls, 1));
    assert_int_equal(flag_i64s_at(&go.timeouts, 0), DUR_SECONDS(10));
    assert_int_equal(flag_i64s_at(&go.timeouts, 1), DUR_SECONDS(5));
    assert_int_equal(flag_i64s_at(&go.timeouts, 2), DUR_SECONDS(10)); // two items: no inheritance
    assert_true(go.percent == 10);
}

static void go_defaults_apply(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_true(parse_go(ARGS("-sizes=10Kb"), &err));
    assert_int_equal(go.interval, DUR_MINUTES(1));
    assert_int_equal(go.count, 20);
    assert_int_equal(go.timeouts.count, 0);
    assert_int_equal(flag_i64s_at(&go.timeouts, 3), DUR_SECONDS(10));
    assert_int_equal(flag_i64s_at(&go.sizes, 3), 10000); // one item serves every index
    assert_false(flag_bools_at(&go.tls, 0));
    check_str(flag_strs_at(&go.urls, 0), S(""));
}

static void go_errors_read_as_upstreams(void **state)
{
    (void)state;
    environment = NULL;
    static const struct {
        const char *args[3];
        enum err_code code;
        const char *want;
    } cases[] = {
        {{"-nosuch"}, ERR_SYNTAX, "flag provided but not defined: -nosuch"},
        {{"--nosuch=1"}, ERR_SYNTAX, "flag provided but not defined: -nosuch"},
        {{"---x"}, ERR_SYNTAX, "bad flag syntax: ---x"},
        {{"-=x"}, ERR_SYNTAX, "bad flag syntax: -=x"},
        {{"-count"}, ERR_SYNTAX, "flag needs an argument: -count"},
        {{"-count=x"}, ERR_SYNTAX, "invalid value \"x\" for flag -count: parse error"},
        {{"-count=9223372036854775808"},
         ERR_SYNTAX,
         "invalid value \"9223372036854775808\" for flag -count: value out of range"},
        {{"-interval=1d"}, ERR_SYNTAX, "invalid value \"1d\" for flag -interval: parse error"},
        {{"-interval=5"}, ERR_SYNTAX, "invalid value \"5\" for flag -interval: parse error"},
        {{"-dryRun=2"}, ERR_SYNTAX, "invalid boolean value \"2\" for -dryRun: parse error"},
        {{"-tls=x"},
         ERR_SYNTAX,
         "invalid value \"x\" for flag -tls: strconv.ParseBool: parsing \"x\": invalid syntax"},
        {{"-bytes=5foobar"},
         ERR_SYNTAX,
         "invalid value \"5foobar\" for flag -bytes: strconv.ParseFloat: parsing \"5foobar\": "
         "invalid syntax"},
        {{"-dryRun", "true", "b"},
         ERR_INVALID,
         "unprocessed command-line args left: [true b]; the most likely reason is missing `=` "
         "between boolean flag name and value; see "
         "https://pkg.go.dev/flag#hdr-Command_line_flag_syntax"},
        {{"-", "-x"},
         ERR_INVALID,
         "unprocessed command-line args left: [- -x]; the most likely reason is missing `=` "
         "between boolean flag name and value; see "
         "https://pkg.go.dev/flag#hdr-Command_line_flag_syntax"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *argv[4] = {"program"};
        int argc = 1;
        for (; argc < 4 && cases[i].args[argc - 1]; argc++)
            argv[argc] = (char *)cases[i].args[argc - 1];
        struct err err = ERR_INIT;
        assert_false(parse_go(argv, argc, &err));
        check_err(&err, cases[i].want);
        assert_int_equal(err.code, cases[i].code);
    }
    struct err err = ERR_INIT;
    assert_true(parse_go(ARGS("-h", "-nosuch"), &err));
    assert_true(go.help);
}

static void go_reads_the_environment(void **state)
{
    (void)state;
    static const char *const VARS[] = {"VM_datasource_url",
                                       "http://%{HOST}/",
                                       "HOST",
                                       "h%{PORT}",
                                       "PORT",
                                       ":1",
                                       "VM_count",
                                       "5",
                                       "VM_notifier_url",
                                       "a,b",
                                       "LOOP",
                                       "%{LOOP}",
                                       "EMPTY",
                                       "",
                                       "VM_authKey",
                                       "",
                                       NULL};
    environment = VARS;
    struct err err = ERR_INIT;
    assert_true(parse_go(ARGS("-envflag.enable", "-envflag.prefix=VM_", "-count=%{VM_count}0",
                              "%{EMPTY}", "-rule=%{NOSUCH}"),
                         &err));
    check_str(go.url, S("http://h:1/"));
    assert_true(go.is_url_set);
    assert_int_equal(go.count, 50); // the command line wins
    assert_int_equal(go.urls.count, 2);
    check_str(go.rules.items[0], S("%{NOSUCH}"));
    assert_int_equal(go.interval, DUR_MINUTES(1));

    assert_true(parse_go(ARGS("-envflag.prefix=VM_"), &err));
    check_str(go.url, S("")); // not enabled

    defer(buf_done) struct buf out = {0};
    flags_expand_env(&GO, S("a%{LOOP}b%{"), &out);
    check_str(buf_str(&out), S("a%{LOOP}b%{"));

    static const char *const BAD[] = {"count", "x", NULL};
    environment = BAD;
    assert_false(parse_go(ARGS("-envflag.enable"), &err));
    check_err(&err, "cannot set flag count to \"x\", which is read from env var \"count\": parse "
                    "error");
    assert_int_equal(err.code, ERR_INVALID);
    environment = NULL;
}

static void arrays_split_and_unquote(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want; // items joined with '|'
    } cases[] = {
        {"", ""},
        {"a,b", "a|b"},
        {"a,", "a|"},
        {",a", "|a"},
        {"'a,b',\"c,d\"", "a,b|c,d"},
        {"{a,[b,(c,d)]},e", "{a,[b,(c,d)]}|e"},
        {"{a,b", "{a|b"},
        {"a]b,c", "a]b|c"},
        {"\"\\x41\\u00e9\\n\"", "A\xc3\xa9\n"},
        {"\"\\q\\\"\"", "\\q\""},
        {"'it\\'s'", "it's"},
        {"'a\\\\b'", "a\\b"},
        {"{\"}\",x}", "{\"}\",x}"},
        {"\"a\\\",b\"", "a\",b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        defer(buf_done) struct buf arg = {0}, got = {0};
        buf_printf(&arg, "-rule=%s", cases[i].in);
        buf_put_c(&arg, '\0');
        assert_true(parse_go(ARGS(arg.p), &err));
        for (size_t k = 0; k < go.rules.count; k++) {
            buf_put(&got, k ? S("|") : S(""));
            buf_put(&got, go.rules.items[k]);
        }
        check_str(buf_str(&got), str_c(cases[i].want));
    }
}

static void values_print_as_they_were_given(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_true(parse_go(ARGS("-rule=a,'b,c',\"d\\n\"", "-sizes=10kb,1", "-sendTimeout=90s,",
                              "-authKey=x", "-tls=1,0", "-percent=1e6"),
                         &err));
    static const struct {
        size_t flag;
        const char *want;
    } cases[] = {{0, "a,\"b,c\",\"d\\n\""}, {4, "10KB,1"}, {3, "1m30s,10s"}, {8, "<secret>"},
                 {2, "true,false"},         {12, "1e+06"}, {9, "1m0s"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        defer(buf_done) struct buf out = {0};
        flag_value_text(&GO_FLAGS[cases[i].flag], &out);
        check_str(buf_str(&out), str_c(cases[i].want));
    }
}

static void go_help_is_sorted(void **state)
{
    (void)state;
    struct flags f = GO;
    f.items = &GO_FLAGS[9]; // interval, count, bytes, percent, dryRun, help
    f.count = 6;
    defer(buf_done) struct buf out = {0};
    flags_help(&f, &out);
    check_str(buf_str(&out),
              S("\nvm does things.\n\n"
                "  -bytes size\n    \tSize.\n    \tSupports the following optional suffixes for "
                "size values: KB, MB, GB, TB, KiB, MiB, GiB, TiB\n"
                "  -count int\n    \tCount. (default 20)\n"
                "  -dryRun\n    \tCheck only.\n"
                "  -interval rules\n    \tHow often to evaluate rules (default 1m0s)\n"
                "  -percent float\n    \tPercent. (default 60)\n"));
}

static int done(void **state)
{
    (void)state;
    arena_done(&mem);
    return 0;
}

int test_flags(void);
int test_flags(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kingpin_reads_values_in_both_spellings),
        cmocka_unit_test(kingpin_fills_in_defaults),
        cmocka_unit_test(kingpin_errors_read_as_upstreams),
        cmocka_unit_test(help_ends_the_parsing),
        cmocka_unit_test(arguments_come_from_files),
        cmocka_unit_test(kingpin_help_has_two_columns),
        cmocka_unit_test(commands_take_their_flags_and_arguments),
        cmocka_unit_test(commands_report_what_is_missing),
        cmocka_unit_test(help_names_the_command),
        cmocka_unit_test(defaults_come_from_elsewhere),
        cmocka_unit_test(go_reads_values),
        cmocka_unit_test(go_defaults_apply),
        cmocka_unit_test(go_errors_read_as_upstreams),
        cmocka_unit_test(go_reads_the_environment),
        cmocka_unit_test(arrays_split_and_unquote),
        cmocka_unit_test(values_print_as_they_were_given),
        cmocka_unit_test(go_help_is_sorted),
    };
    return _cmocka_run_group_tests("flags", tests, ARRAY_LEN(tests), NULL, done);
}
