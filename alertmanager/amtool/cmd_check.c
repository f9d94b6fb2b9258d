// SPDX-License-Identifier: Apache-2.0
// amtool check-config: loads configurations as the server would, and compiles what is templated in
// them. The server itself takes a field whose template is broken; every notification by it fails.
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
    buf_printf(&c->amtool->out, "  FAILED: %.*s:%u:%u: %.*s: %.*s\n", STR(c->path), p->line,
               p->column, STR(p->field), STR(p->error));
}

static void check_templates(struct check *c, const struct config *config, str text)
{
    struct err err = ERR_INIT;
    struct buf *out = &c->amtool->out;
    struct templates sets;
    if (!templates_load(&sets, c->builtin, c->amtool->env, &config->templates, &err)) {
        buf_printf(out, "  FAILED: %.*s\n", STR(err_str(&err)));
        c->failed++;
        return;
    }
    if (field_check(text, &sets, on_problem, c) > 0)
        c->failed++;
    else if (config->templates.count > 0)
        buf_put(out, S("  SUCCESS\n"));
    templates_done(&sets);
}

static void check_file(struct check *c)
{
    struct err err = ERR_INIT;
    struct buf *out = &c->amtool->out;
    defer(buf_done) struct buf text = {0};
    struct config_options load = {.env = c->amtool->env,
                                  .matchers = amtool_matcher_mode(c->amtool)};
    buf_printf(out, "Checking '%.*s'", STR(c->path));
    struct config *config = config_load_file(c->path, &load, &text, &err);
    if (!config) {
        buf_printf(out, "  FAILED: %.*s\n\n", STR(err_str(&err)));
        c->failed++;
        return;
    }
    buf_printf(out,
               "  SUCCESS\n"
               "Found:\n"
               " - global config\n"
               " - route\n"
               " - %zu inhibit rules\n"
               " - %zu receivers\n"
               " - %zu templates\n",
               config->rule_count, config->receiver_count, config->templates.count);
    check_templates(c, config, buf_str(&text));
    buf_put_c(out, '\n');
    config_unref(config);
}

bool cmd_check_config(struct amtool *t, struct err *err)
{
    str standard_input = S("/dev/stdin");
    struct flag_strs files = t->args;
    if (files.count == 0) {
        if (t->world->is_stdin_interactive)
            return err_set(err, ERR_INVALID, "Failed to read from standard input");
        files = (struct flag_strs){&standard_input, 1};
    }
    struct templates builtin;
    struct check c = {.amtool = t, .builtin = &builtin};
    templates_init_builtin(&builtin);
    for (size_t i = 0; i < files.count; i++) {
        c.path = files.items[i];
        check_file(&c);
    }
    templates_done(&builtin);
    return c.failed == 0 || err_set(err, ERR_INVALID, "failed to validate %zu file(s)", c.failed);
}
