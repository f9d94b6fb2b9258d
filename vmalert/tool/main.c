// SPDX-License-Identifier: Apache-2.0
// vmalert-tool: says what it is; it has no commands.
#define BANNED_ALLOW_IMPURE
#include "base/core/str.h"

#define TOOL_VERSION "vmalert-tool-tocsin-0.1.0-compatible-with-v1.150.0"

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
                           "   help, h  Shows a list of commands or help for one command\n"
                           "\n"
                           "GLOBAL OPTIONS:\n"
                           "   --help, -h     show help\n"
                           "   --version, -v  print the version\n";

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
    if (is_one_of(arg, help, ARRAY_LEN(help))) {
        fputs(HELP, stdout);
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
