// SPDX-License-Identifier: Apache-2.0
// vmalert-tool: unit tests of rules.
#define BANNED_ALLOW_IMPURE
#include <signal.h>
#include <unistd.h>

#include "base/io/env_uv.h"
#include "vmalert/logging.h"
#include "vmalert/rule_urls.h"
#include "vmalert/tool/unittest.h"

#define TOOL_VERSION "vmalert-tool-tocsin-0.1.0-compatible-with-v1.150.0"
#define EXIT_FATAL   255

static const char HELP[] = "NAME:\n"
                           "   vmalert-tool - VMAlert command-line tool\n"
                           "\n"
                           "USAGE:\n"
                           "   vmalert-tool [global options] [command [command options]]\n"
                           "\n"
                           "VERSION:\n"
                           "   " TOOL_VERSION "\n"
                           "\n"
                           "COMMANDS:\n"
                           "   unittest  Run unittest for alerting and recording rules.\n"
                           "   help, h   Shows a list of commands or help for one command\n"
                           "\n"
                           "GLOBAL OPTIONS:\n"
                           "   --help, -h     show help\n"
                           "   --version, -v  print the version\n";

static const char UNITTEST_HELP[] =
    "NAME:\n"
    "   vmalert-tool unittest - Run unittest for alerting and recording rules.\n"
    "\n"
    "USAGE:\n"
    "   vmalert-tool unittest [options]\n"
    "\n"
    "OPTIONS:\n"
    "   --files string [ --files string ]                    Files to run unittest with: paths,\n"
    "                                                        patterns, http(s) URLs.\n"
    "   --disableAlertgroupLabel                             The label alertgroup and the field\n"
    "                                                        groupname do not count.\n"
    "   --external.label string [ --external.label string ]  name=value, added to all alerts and\n"
    "                                                        recorded series.\n"
    "   --external.url string                                For templates.\n"
    "   --httpListenPort string                              Taken for compatibility: rules are\n"
    "                                                        evaluated without a server.\n"
    "   --loggerLevel string                                 INFO, WARN, ERROR, FATAL or PANIC\n"
    "                                                        (default: ERROR).\n"
    "   --help, -h                                           show help\n";

static volatile sig_atomic_t caught_signal; // the only way out of a signal handler

struct program {
    struct env *env;
    struct log_sink sink;
    struct logging logging;
    struct vmalert_options vmalert;
    struct unittest_options unittest;
    str http_port, logger_level;
    bool wants_help;
    struct arena mem;
};

static void on_signal(int signum)
{
    caught_signal = signum;
}

static bool is_cancelled(void *owner)
{
    (void)owner;
    return caught_signal != 0;
}

static void print(void *owner, str text)
{
    (void)owner;
    fwrite(text.p, 1, text.n, stdout);
    fflush(stdout);
}

static const char *find_env(void *owner, const char *name)
{
    (void)owner;
    return getenv(name);
}

static void on_fetched(void *owner)
{
    struct program *p = owner;
    env_uv_stop(p->env);
}

static struct rule_urls *fetch(void *owner, const struct flag_strs *sources)
{
    struct program *p = owner;
    struct rule_urls *urls = rule_urls_new(p->env, sources, on_fetched, p);
    if (urls)
        env_uv_run(p->env);
    return urls;
}

// As Go's own logger writes it.
static void complain(str text)
{
    time_t now = time(NULL);
    struct tm tm = {0};
    char stamp[32];
    localtime_r(&now, &tm);
    strftime(stamp, sizeof(stamp), "%Y/%m/%d %H:%M:%S", &tm);
    fflush(stdout);
    fprintf(stderr, "%s %.*s\n", stamp, STR(text));
}

static void complain_of_success(struct program *p, mono_ns began)
{
    struct buf took = {0};
    buf_put(&took, S("Total time: "));
    buf_put_dur_go(&took, env_mono(p->env) - began);
    complain(buf_str(&took));
    buf_done(&took);
}

static int run_unittest(struct program *p)
{
    struct err err = ERR_INIT;
    mono_ns began = env_mono(p->env);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    switch (unittest_run(p->env, &p->unittest, &err)) {
    case UNITTEST_PASSED:
        complain_of_success(p, began);
        return 0;
    case UNITTEST_CANCELLED:
        printf("received signal %s\n", caught_signal == SIGINT ? "interrupt" : "terminated");
        complain(S("unittest failed"));
        return 1;
    case UNITTEST_FAILED:
        complain(S("unittest failed"));
        return 1;
    case UNITTEST_BROKEN:
        break;
    }
    fflush(stdout);
    log_printf(&p->env->log, LOG_ERROR, LOG_WHERE, "%.*s", STR(err_str(&err)));
    return EXIT_FATAL;
}

// vmalert's own flags, none of them given.
static bool read_defaults(struct program *p, struct err *err)
{
    char *argv[] = {(char[]){"vmalert"}, NULL};
    p->vmalert = (struct vmalert_options){
        .hostname = S("localhost"), .cpus = 1, .mem = &p->mem, .env_find = find_env};
    struct flags flags = vmalert_flags(&p->vmalert, &p->mem);
    if (!flags_parse(&flags, 1, argv, &p->mem, NULL, err))
        return false;
    p->vmalert.logger_level = p->logger_level;
    p->unittest.vmalert = &p->vmalert;
    p->unittest.print = print;
    p->unittest.is_cancelled = is_cancelled;
    p->unittest.fetch = fetch;
    p->unittest.owner = p;
    return true;
}

static bool read_flags(struct program *p, int argc, char **argv, struct err *err)
{
    const struct flag items[] = {
        {.name = "disableAlertgroupLabel",
         .type = FLAG_BOOL,
         .to = &p->unittest.disable_alertgroup_label},
        {.name = "external.label", .type = FLAG_STRS, .to = &p->unittest.external_labels},
        {.name = "external.url", .type = FLAG_STR, .to = &p->unittest.external_url},
        {.name = "files", .type = FLAG_STRS, .to = &p->unittest.files},
        {.name = "h", .type = FLAG_BOOL, .to = &p->wants_help},
        {.name = "help", .type = FLAG_BOOL, .to = &p->wants_help},
        {.name = "httpListenPort", .type = FLAG_STR, .to = &p->http_port},
        {.name = "loggerLevel", .type = FLAG_STR, .to = &p->logger_level, .default_text = "ERROR"},
    };
    struct flags flags = {
        .style = FLAGS_GO, .program = "vmalert-tool", .items = items, .count = ARRAY_LEN(items)};
    return flags_parse(&flags, argc, argv, &p->mem, NULL, err);
}

static int start_unittest(struct program *p, struct err *err)
{
    p->env = env_uv_new(&(struct env_uv_options){0}, err);
    if (!p->env || !read_defaults(p, err))
        return EXIT_FATAL;
    env_uv_log_sink_init(&p->sink, p->env);
    if (!logging_init(&p->logging, p->env, &p->sink, &p->vmalert, err))
        return EXIT_FATAL;
    return run_unittest(p);
}

static int unittest_main(int argc, char **argv)
{
    struct program p = {0};
    struct err err = ERR_INIT;
    int status = 1;
    if (!read_flags(&p, argc, argv, &err)) {
        printf("Incorrect Usage: %.*s\n\n%s", STR(err_str(&err)), UNITTEST_HELP);
    } else if (p.wants_help) {
        fputs(UNITTEST_HELP, stdout);
        status = 0;
    } else if (!p.unittest.files.count) {
        fputs(UNITTEST_HELP, stdout);
        fputs("Required flag \"files\" not set\n", stderr);
    } else {
        status = start_unittest(&p, &err);
        if (status == EXIT_FATAL && err.code != ERR_NONE)
            fprintf(stderr, "%.*s\n", STR(err_str(&err)));
    }
    env_uv_free(p.env);
    logging_done(&p.logging);
    arena_done(&p.mem);
    return status;
}

static bool is_one_of(str arg, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(arg, str_c(names[i])))
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    static const char *const help[] = {"help", "h", "-h", "-help", "--help"};
    static const char *const version[] = {"-v", "-version", "--version"};
    str arg = str_c(argc > 1 ? argv[1] : "help");
    if (str_eq(arg, S("unittest")))
        return unittest_main(argc - 1, argv + 1);
    if (is_one_of(arg, help, ARRAY_LEN(help))) {
        bool is_of_unittest = argc > 2 && str_eq(str_c(argv[2]), S("unittest"));
        fputs(is_of_unittest ? UNITTEST_HELP : HELP, stdout);
        return 0;
    }
    if (is_one_of(arg, version, ARRAY_LEN(version))) {
        puts("vmalert-tool version " TOOL_VERSION);
        return 0;
    }
    if (arg.n && arg.p[0] == '-')
        fprintf(stderr, "Incorrect Usage: flag provided but not defined: %.*s\n\n%s",
                STR(str_skip(arg, arg.n > 1 && arg.p[1] == '-' ? 1 : 0)), HELP);
    else
        fprintf(stderr, "No help topic for '%.*s'\n", STR(arg));
    return 1;
}
