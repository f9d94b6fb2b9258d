// SPDX-License-Identifier: Apache-2.0
// One run of amtool: reads the command line and does what it says.
#include "alertmanager/amtool/amtool.h"

#include "alertmanager/amtool/commands.h"
#include "alertmanager/app.h"
#include "base/core/flags_extra.h"
#include "base/env.h"

struct run {
    struct amtool *t;
    struct amtool_defaults defaults;
};

enum matcher_mode amtool_matcher_mode(const struct amtool *t)
{
    return am_matcher_mode(&(struct am_options){.features = t->features});
}

void amtool_flush(struct amtool *t)
{
    if (t->out.n)
        t->world->write(t->world->owner, false, buf_str(&t->out));
    if (t->notes.n)
        t->world->write(t->world->owner, true, buf_str(&t->notes));
    buf_clear(&t->out);
    buf_clear(&t->notes);
}

void amtool_done(struct amtool *t)
{
    buf_done(&t->out);
    buf_done(&t->notes);
    arena_done(&t->mem);
}

// ---- the command line --------------------------------------------------------------------------

static bool read_args_file(void *owner, str path, struct arena *mem, str *ret, struct err *err)
{
    struct run *r = owner;
    struct buf text = {.mem = mem};
    if (!env_file_read(r->t->env, path, FLAGS_FILE_BYTES_MAX, &text, err))
        return false;
    *ret = buf_str(&text);
    return true;
}

static bool find_default(void *owner, const struct flag *flag, str *ret)
{
    struct run *r = owner;
    return amtool_default_find(&r->defaults, flag, ret);
}

// Upstream looks for files that flags and arguments name before it runs anything.
static bool check_files(struct amtool *t, const struct amtool_command *command, struct err *err)
{
    bool has_files = command->run == cmd_check_config || command->run == cmd_silence_import;
    const str named[] = {t->http_config_file, t->routes.config_file};
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        if (named[i].n && !t->world->find_file(t->world->owner, named[i], err))
            return false;
    }
    for (size_t i = 0; has_files && i < t->args.count; i++) {
        if (!t->world->find_file(t->world->owner, t->args.items[i], err))
            return false;
    }
    return true;
}

// `amtool help silence add`: the command that help is wanted for.
static bool choose_topic(const struct flags *f, const struct flag_strs *names,
                         struct flags_chosen *chosen, struct err *err)
{
    const struct flags_command *list = f->commands;
    size_t count = f->command_count;
    chosen->depth = 0;
    for (size_t i = 0; i < names->count; i++) {
        size_t k = 0;
        while (k < count && !str_eq(names->items[i], str_c(list[k].name)))
            k++;
        if (k == count)
            return err_set(err, ERR_SYNTAX, "expected command but got \"%.*s\"",
                           STR(names->items[i]));
        chosen->path[chosen->depth++] = &list[k];
        count = list[k].command_count;
        list = list[k].commands;
    }
    return true;
}

// What is asked about the program itself. False: nothing was.
static bool describe(struct amtool *t, const struct flags *flags, const struct flags_chosen *chosen,
                     int argc, char *const *argv)
{
    if (t->complete)
        flags_complete(flags, chosen, argc, argv, &t->out);
    else if (t->script_bash)
        flags_script_bash(flags, &t->out);
    else if (t->script_zsh)
        flags_script_zsh(flags, &t->out);
    else if (t->help_man)
        flags_help_man(flags, AM_VERSION, &t->out);
    else if (t->help_long)
        flags_help_long(flags, &t->out);
    else if (chosen->wants_help)
        flags_help_command(flags, chosen, &t->out);
    else if (t->version)
        buf_put(&t->out, S("amtool" AM_VERSION_TEXT));
    else
        return false;
    return true;
}

bool amtool_run(struct amtool *t, int argc, char *const *argv, struct err *err)
{
    struct run r = {.t = t};
    struct flags_chosen chosen;
    struct flags flags = amtool_flags(t, &t->mem);
    flags.file_read = read_args_file;
    flags.default_find = find_default;
    flags.env_owner = &r;
    if (!amtool_defaults_load(t->env, t->world->home, &t->mem, &r.defaults, err) ||
        !flags_parse_command(&flags, argc, argv, &t->mem, &chosen, err))
        return false;
    if (chosen.depth && strcmp(chosen.path[0]->name, "help") == 0 &&
        !choose_topic(&flags, &t->args, &chosen, err))
        return false;
    if (describe(t, &flags, &chosen, argc, argv))
        return true;
    struct amtool_command command = amtool_command_find(&chosen);
    if (!command.run) {
        flags_help_command(&flags, &chosen, &t->out);
        return true;
    }
    if (t->verbose && t->env->log.sink)
        t->env->log.sink->level = LOG_DEBUG;
    if (command.needs_url && !t->has_url)
        return err_set(err, ERR_INVALID, "required flag --alertmanager.url not provided");
    return check_files(t, &command, err) &&
           (am_features_parse(t->enable_feature, &t->features, err) ||
            err_wrap(err, "error parsing the feature flag list")) &&
           command.run(t, err);
}
