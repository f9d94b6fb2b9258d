// SPDX-License-Identifier: Apache-2.0
// amtool check-config: loads configurations as the server would, and compiles what is templated in
// them. The server itself takes a field whose template is broken; every notification by it fails.
#define BANNED_ALLOW_IMPURE
#include <sys/stat.h>

#include "alertmanager/amtool/amtool.h"
#include "alertmanager/app.h"
#include "alertmanager/field_check.h"

struct check {
    struct amtool *amtool;
    const struct templates *builtin;
    str path;
    size_t failed;
};

static void on_problem(void *owner, const struct field_problem *p)
{
    const struct check *c = owner;
    printf("  FAILED: %.*s:%u:%u: %.*s: %.*s\n", STR(c->path), p->line, p->column, STR(p->field),
           STR(p->error));
}

static void check_templates(struct check *c, const struct config *config, str text)
{
    struct err err = ERR_INIT;
    struct templates sets;
    if (!templates_load(&sets, c->builtin, c->amtool->env, &config->templates, &err)) {
        printf("  FAILED: %.*s\n", STR(err_str(&err)));
        c->failed++;
        return;
    }
    if (field_check(text, &sets, on_problem, c) > 0)
        c->failed++;
    else if (config->templates.count > 0)
        printf("  SUCCESS\n");
    templates_done(&sets);
}

static void check_file(struct check *c)
{
    struct err err = ERR_INIT;
    defer(buf_done) struct buf text = {0};
    struct am_options options = {.features = c->amtool->features};
    struct config_options load = {.env = c->amtool->env, .matchers = am_matcher_mode(&options)};
    printf("Checking '%.*s'", STR(c->path));
    struct config *config = config_load_file(c->path, &load, &text, &err);
    if (!config) {
        printf("  FAILED: %.*s\n\n", STR(err_str(&err)));
        c->failed++;
        return;
    }
    printf("  SUCCESS\n"
           "Found:\n"
           " - global config\n"
           " - route\n"
           " - %zu inhibit rules\n"
           " - %zu receivers\n"
           " - %zu templates\n",
           config->rule_count, config->receiver_count, config->templates.count);
    check_templates(c, config, buf_str(&text));
    printf("\n");
    config_unref(config);
}

static bool files_exist(const struct flag_strs *files, struct arena *mem, struct err *err)
{
    for (size_t i = 0; i < files->count; i++) {
        struct stat st;
        if (stat(arena_c(mem, files->items[i]), &st) != 0)
            return err_set(err, ERR_NOT_FOUND, "path '%.*s' does not exist", STR(files->items[i]));
        if (S_ISDIR(st.st_mode))
            return err_set(err, ERR_INVALID, "'%.*s' is a directory", STR(files->items[i]));
    }
    return true;
}

bool cmd_check_config(struct amtool *t, struct err *err)
{
    str standard_input = S("/dev/stdin");
    struct flag_strs files = t->files;
    struct stat st;
    if (files.count == 0) {
        if (fstat(0, &st) != 0 || S_ISCHR(st.st_mode))
            return err_set(err, ERR_INVALID, "Failed to read from standard input");
        files = (struct flag_strs){&standard_input, 1};
    }
    if (!files_exist(&files, &t->mem, err))
        return false;
    struct templates builtin;
    struct check c = {.amtool = t, .builtin = &builtin};
    templates_init_builtin(&builtin);
    for (size_t i = 0; i < files.count; i++) {
        c.path = files.items[i];
        check_file(&c);
    }
    templates_done(&builtin);
    return c.failed == 0 ||
           err_set(err, ERR_INVALID, "failed to validate %zu file(s)", c.failed);
}
