// SPDX-License-Identifier: Apache-2.0
// vmalert: reads flags, makes the real world, runs until a signal.
#define BANNED_ALLOW_IMPURE
#include <signal.h>
#include <unistd.h>

#include "base/core/alloc.h"
#include "base/io/env_uv.h"
#include "base/io/process_metrics.h"
#include "base/text/unicode.h"
#include "vmalert/app.h"

#define EXIT_FATAL 255
#define EXIT_FLAGS 2

struct program {
    struct env *env;
    struct vmalert *app;
};

const char VMALERT_VERSION[] = "vmalert-tocsin-0.1.0-compatible-with-v1.150.0";

static const char *find_env(void *owner, const char *name)
{
    (void)owner;
    return getenv(name);
}

static void fatal(const struct env *env, const struct err *err)
{
    log_printf(&env->log, LOG_ERROR, LOG_WHERE, "%.*s", STR(err_str(err)));
}

static void on_stopped(void *owner)
{
    struct program *p = owner;
    env_uv_stop(p->env);
}

static void on_signal(void *owner, int signum)
{
    struct program *p = owner;
    if (signum == SIGHUP) {
        vmalert_reload(p->app, true);
        return;
    }
    if (p->app->is_stopping)
        return;
    log_printf(&p->env->log, LOG_INFO, LOG_WHERE, "service received signal %s",
               signum == SIGINT ? "interrupt" : "terminated");
    vmalert_stop(p->app, on_stopped, p);
}

static bool set_up_log(const struct vmalert_options *o, struct log_sink *sink, struct err *err)
{
    static const struct {
        const char *name;
        enum log_level level;
    } LEVELS[] = {{"INFO", LOG_INFO},
                  {"WARN", LOG_WARN},
                  {"ERROR", LOG_ERROR},
                  {"FATAL", LOG_ERROR},
                  {"PANIC", LOG_ERROR}};
    size_t i = 0;
    while (i < ARRAY_LEN(LEVELS) && !str_eq(o->logger_level, str_c(LEVELS[i].name)))
        i++;
    if (i == ARRAY_LEN(LEVELS))
        return err_set(err, ERR_INVALID,
                       "FATAL: unsupported `-loggerLevel` value: \"%.*s\"; "
                       "supported values are: INFO, WARN, ERROR, FATAL, PANIC",
                       STR(o->logger_level));
    sink->level = LEVELS[i].level;
    if (str_eq(o->logger_format, S("json")))
        sink->format = LOG_VM_JSON;
    else if (str_eq(o->logger_format, S("default")))
        sink->format = LOG_VM_DEFAULT;
    else
        return err_set(err, ERR_INVALID,
                       "FATAL: unsupported `-loggerFormat` value: \"%.*s\"; "
                       "supported values are: default, json",
                       STR(o->logger_format));
    sink->no_timestamps = o->logger_disable_timestamps;
    return true;
}

static void log_flags(const struct env *env, const struct flags *flags)
{
    log_printf(&env->log, LOG_INFO, LOG_WHERE, "build version: %s", VMALERT_VERSION);
    log_printf(&env->log, LOG_INFO, LOG_WHERE, "command-line flags");
    for (size_t i = 0; i < flags->count; i++) {
        struct buf value = {0}, quoted = {0};
        if (!flags->items[i].is_set || !*flags->items[i].is_set)
            continue;
        flag_value_text(&flags->items[i], &value);
        buf_put_quoted(&quoted, buf_str(&value));
        log_printf(&env->log, LOG_INFO, LOG_WHERE, "  -%s=%.*s", flags->items[i].name,
                   STR(buf_str(&quoted)));
        buf_done(&value);
        buf_done(&quoted);
    }
}

static int run(struct program *p, const struct vmalert_options *opt)
{
    struct err err = ERR_INIT;
    if (opt->dry_run) {
        if (vmalert_check(p->env, opt, &err))
            return 0;
        fatal(p->env, &err);
        return EXIT_FATAL;
    }
    p->app = vmalert_new(p->env, opt, &err);
    if (!p->app) {
        fatal(p->env, &err);
        return EXIT_FATAL;
    }
    struct process_metrics *process = process_metrics_new(p->app->metrics, PROCESS_METRICS_VM);
    env_uv_on_signal(p->env, SIGHUP, on_signal, p);
    env_uv_on_signal(p->env, SIGTERM, on_signal, p);
    env_uv_on_signal(p->env, SIGINT, on_signal, p);
    env_uv_run(p->env);
    vmalert_free(p->app);
    process_metrics_free(process);
    log_printf(&p->env->log, LOG_INFO, LOG_WHERE, "successfully shut down");
    return 0;
}

// Shows help or the version, or complains. Returns the exit code, or -1 to go on.
static int read_flags(struct vmalert_options *opt, struct flags *flags, int argc, char **argv,
                      struct arena *mem)
{
    struct err err = ERR_INIT;
    for (int i = 1; i < argc; i++) {
        str a = str_c(argv[i]);
        if (str_eq(a, S("-h")) || str_eq(a, S("-help")) || str_eq(a, S("--help"))) {
            struct buf help = {0};
            flags_help(flags, &help);
            fwrite(help.p, 1, help.n, stdout);
            buf_done(&help);
            return 0;
        }
    }
    if (!flags_parse(flags, argc, argv, mem, NULL, &err)) {
        printf("%.*s\nRun \"%s -help\" in order to see the description for all the available "
               "flags\n",
               STR(err_str(&err)), argv[0]);
        return EXIT_FLAGS;
    }
    if (opt->version) {
        puts(VMALERT_VERSION);
        return 0;
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct arena mem = {0};
    char hostname[256] = "localhost";
    gethostname(hostname, sizeof(hostname) - 1);
    struct vmalert_options opt = {
        .hostname = str_c(hostname),
        .cpus = (uint32_t)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1),
        .mem = &mem,
        .env_find = find_env,
    };
    struct flags flags = vmalert_flags(&opt, &mem);
    opt.flags = &flags;
    int status = read_flags(&opt, &flags, argc, argv, &mem);
    struct program p = {0};
    struct err err = ERR_INIT;
    struct log_sink sink;
    if (status < 0) {
        p.env = env_uv_new(&(struct env_uv_options){0}, &err);
        if (!p.env) {
            fprintf(stderr, "%.*s\n", STR(err_str(&err)));
            status = EXIT_FATAL;
        }
    }
    if (status < 0) {
        env_uv_log_sink_init(&sink, p.env);
        if (set_up_log(&opt, &sink, &err)) {
            log_flags(p.env, &flags);
            status = run(&p, &opt);
        } else {
            fprintf(stderr, "panic: %.*s\n", STR(err_str(&err)));
            status = EXIT_FLAGS;
        }
    }
    env_uv_free(p.env);
    arena_done(&mem);
    return status;
}
