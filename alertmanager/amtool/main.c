// SPDX-License-Identifier: Apache-2.0
// amtool: says what it is; it has no commands.
#define BANNED_ALLOW_IMPURE
#include "alertmanager/app.h"
#include "base/core/flags.h"

struct options {
    bool help, version;
};

static void print_version(void)
{
    printf("amtool, version %s (branch: %s, revision: %s)\n"
           "  build user:       %s\n"
           "  build date:       %s\n"
           "  go version:       %s\n"
           "  platform:         %s\n"
           "  tags:             %s\n",
           AM_VERSION, AM_BRANCH, AM_REVISION, AM_BUILD_USER, AM_BUILD_DATE, AM_TOOLCHAIN,
           AM_PLATFORM, "unknown");
}

static void print_help(const struct flags *flags)
{
    struct buf help = {0};
    flags_help(flags, &help);
    fwrite(help.p, 1, help.n, stdout);
    buf_done(&help);
}

int main(int argc, char **argv)
{
    struct options opt = {0};
    struct arena mem = {0};
    struct err err = ERR_INIT;
    const struct flag items[] = {
        {.name = "help", .short_name = 'h', .type = FLAG_BOOL, .to = &opt.help, .help = "Show help."},
        {.name = "version", .type = FLAG_BOOL, .to = &opt.version, .help = "Show the version."},
    };
    const struct flags flags = {
        .style = FLAGS_KINGPIN,
        .program = "amtool",
        .about = "Looks into an Alertmanager.",
        .items = items,
        .count = ARRAY_LEN(items),
    };
    bool ok = flags_parse(&flags, argc, argv, &mem, NULL, &err);
    if (!ok)
        fprintf(stderr, "amtool: error: %.*s\n", STR(err_str(&err)));
    else if (opt.version && !opt.help)
        print_version();
    else
        print_help(&flags);
    arena_done(&mem);
    return ok ? 0 : 1;
}
