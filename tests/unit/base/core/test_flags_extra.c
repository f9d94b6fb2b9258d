// SPDX-License-Identifier: Apache-2.0
#include "base/core/flags_extra.h"
#include "tests/support/check.h"

static struct flag_strs files;
static str color;
static bool help_long, completes, loud;

static const struct flag GLOBAL[] = {
    {.name = "help-long", .type = FLAG_BOOL, .to = &help_long, .is_hidden = true},
    {.name = "completion-bash", .type = FLAG_BOOL, .to = &completes, .is_hidden = true},
    {.name = "color",
     .type = FLAG_ENUM,
     .to = &color,
     .default_text = "red",
     .choices = "red, green",
     .help = "A color."},
};
static const struct flag LIST_FLAGS[] = {{.name = "loud",
                                          .type = FLAG_BOOL,
                                          .short_name = 'l',
                                          .to = &loud,
                                          .help = "'Loud', with a \\."}};
static const struct flags_arg LIST_ARGS[] = {
    {.name = "file", .to = &files, .is_repeated = true, .help = "A file."}};
static const struct flags_command SUBCOMMANDS[] = {
    {.name = "list",
     .is_default = true,
     .items = LIST_FLAGS,
     .count = 1,
     .args = LIST_ARGS,
     .arg_count = 1,
     .help = "List."},
    {.name = "drop", .help = "Drop."},
};
static const struct flags_command COMMANDS[] = {
    {.name = "box", .help = "Boxes.", .commands = SUBCOMMANDS, .command_count = 2},
    {.name = "secret", .is_hidden = true},
    {.name = "end", .help = "End."},
};
static const struct flags FLAGS = {.style = FLAGS_KINGPIN,
                                   .program = "prog",
                                   .about = ".About",
                                   .items = GLOBAL,
                                   .count = 3,
                                   .commands = COMMANDS,
                                   .command_count = 3};

static void a_line_is_completed_by_what_fits(void **state)
{
    (void)state;
    static const struct {
        const char *line, *want;
    } ROWS[] = {
        {"", "box\nend"},
        {"box", "list\ndrop"},
        {"box list", ""},
        {"box drop", ""},
        {"box file", ""},
        {"--color", "red\ngreen"},
        {"box --color", "red\ngreen"},
        {"box --color gr", "red\ngreen"},
        {"box --color red file", ""},
        {"box --loud", "list\ndrop"},
        {"box --", "--loud\n--color"},
        {"--", "--color"},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct arena mem = {0};
        struct err err = ERR_INIT;
        struct flags_chosen chosen;
        defer(buf_done) struct buf out = {0};
        char *argv[8] = {arena_c(&mem, S("prog")), arena_c(&mem, S("--completion-bash"))};
        int argc = 2;
        for (str rest = str_c(ROWS[i].line), word; rest.n;) {
            str_cut(rest, ' ', &word, &rest);
            argv[argc++] = arena_c(&mem, word);
        }
        if (flags_parse_command(&FLAGS, argc, argv, &mem, &chosen, &err))
            flags_complete(&FLAGS, &chosen, argc, argv, &out);
        else
            buf_put(&out, err_str(&err));
        check_str(buf_str(&out), str_c(ROWS[i].want));
        arena_done(&mem);
    }
}

static void the_long_help_has_all_flags(void **state)
{
    (void)state;
    defer(buf_done) struct buf out = {0};
    flags_help_long(&FLAGS, &out);
    check_str(buf_str(&out), S("usage: prog [<flags>] <command> [<args> ...]\n"
                               "\n"
                               ".About\n"
                               "\n"
                               "Flags:\n"
                               "  --color=red  A color.\n"
                               "\n"
                               "Commands:\n"
                               "box list* [<flags>] [<file>...]\n"
                               "    List.\n"
                               "\n"
                               "    -l, --[no-]loud  'Loud', with a \\.\n"
                               "\n"
                               "box drop\n"
                               "    Drop.\n"
                               "\n"
                               "end\n"
                               "    End.\n"
                               "\n"));
}

static void the_manual_page_is_safe_roff(void **state)
{
    (void)state;
    defer(buf_done) struct buf out = {0};
    flags_help_man(&FLAGS, "1.2", &out);
    check_str(buf_str(&out), S(".TH prog 1 \"1.2\"\n"
                               ".SH \"NAME\"\n"
                               "prog\n"
                               ".SH \"SYNOPSIS\"\n"
                               ".TP\n"
                               "\\fBprog [<flags>] <command> [<args> ...]\\fR\n"
                               ".SH \"DESCRIPTION\"\n"
                               "\\&.About\n"
                               ".SH \"OPTIONS\"\n"
                               ".TP\n"
                               "\\fB--color=red\\fR\n"
                               "A color.\n"
                               ".SH \"COMMANDS\"\n"
                               ".SS\n"
                               "\\fBbox list [<flags>] [<file>...]\\fR\n"
                               ".PP\n"
                               "List.\n"
                               ".TP\n"
                               "\\fB-l, --[no-]loud\\fR\n"
                               "\\&'Loud', with a \\e.\n"
                               ".SS\n"
                               "\\fBbox drop\\fR\n"
                               ".PP\n"
                               "Drop.\n"
                               ".SS\n"
                               "\\fBend\\fR\n"
                               ".PP\n"
                               "End.\n"));
}

static void scripts_name_the_program(void **state)
{
    (void)state;
    defer(buf_done) struct buf bash = {0}, zsh = {0};
    flags_script_bash(&FLAGS, &bash);
    flags_script_zsh(&FLAGS, &zsh);
    assert_true(str_ends(buf_str(&bash), S("complete -F _prog_complete -o default prog\n")));
    assert_true(str_starts(buf_str(&zsh), S("#compdef prog\n")));
}

static void asking_for_help_ends_the_parsing(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct flags_chosen chosen;
    char *argv[] = {(char *)"prog", (char *)"box", (char *)"--help-long", (char *)"--bogus"};
    assert_true(flags_parse_command(&FLAGS, 4, argv, &mem, &chosen, NULL));
    assert_true(chosen.wants_help && help_long);
    arena_done(&mem);
}

int test_flags_extra(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_completed_by_what_fits),
        cmocka_unit_test(the_long_help_has_all_flags),
        cmocka_unit_test(the_manual_page_is_safe_roff),
        cmocka_unit_test(scripts_name_the_program),
        cmocka_unit_test(asking_for_help_ends_the_parsing),
    };
    return run_group("flags extra", tests);
}
