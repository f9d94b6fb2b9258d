// SPDX-License-Identifier: Apache-2.0
// vmalert: reads flags, makes the real world, runs until a signal.
#define BANNED_ALLOW_IMPURE
#include <signal.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/core/alloc.h"
#include "base/io/env_uv.h"
#include "base/io/process_metrics.h"
#include "base/text/unicode.h"
#include "vmalert/app.h"
#include "vmalert/logging.h"

#define EXIT_FATAL 255
#define EXIT_FLAGS 2
#define EXIT_PLAIN 1

struct program {
    struct env *env;
    struct vmalert *app;
    struct log_sink sink;
    struct logging logging;
    struct err replay_err; // of replay mode, when it is over
};

static const char *find_env(void *owner, const char *name)
{
    (void)owner;
    return getenv(name);
}

static void fatal(const struct env *env, const struct err *err)
{
    log_printf(&env->log, LOG_ERROR, LOG_WHERE, "%.*s", STR(err_str(err)));
}

// For what is wrong before there is a log: as Go's own logger writes it.
static int complain(const struct err *err)
{
    time_t now = time(NULL);
    struct tm tm = {0};
    char text[32];
    localtime_r(&now, &tm);
    strftime(text, sizeof(text), "%Y/%m/%d %H:%M:%S", &tm);
    fprintf(stderr, "%s %.*s\n", text, STR(err_str(err)));
    return EXIT_PLAIN;
}

static void on_urls(void *owner)
{
    struct program *p = owner;
    env_uv_stop(p->env);
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

static void write_stdout(void *owner, enum log_level level, str line)
{
    (void)owner;
    (void)level;
    fwrite(line.p, 1, line.n, stdout);
    fflush(stdout);
}

static bool set_up_log(struct program *p, const struct vmalert_options *o, struct err *err)
{
    env_uv_log_sink_init(&p->sink, p->env);
    if (str_eq(o->logger_output, S("stdout")))
        p->sink.write = write_stdout;
    else if (!str_eq(o->logger_output, S("stderr")))
        return err_set(err, ERR_INVALID,
                       "FATAL: unsupported `loggerOutput` value: \"%.*s\"; supported values are: "
                       "stderr, stdout",
                       STR(o->logger_output));
    return logging_init(&p->logging, p->env, &p->sink, o, err);
}

static void log_flags(const struct env *env, const struct vmalert_options *opt)
{
    const struct flags *flags = opt->flags;
    log_printf(&env->log, LOG_INFO, LOG_WHERE, "build version: %s", VMALERT_VERSION);
    log_printf(&env->log, LOG_INFO, LOG_WHERE, "command-line flags");
    for (size_t i = 0; i < flags->count; i++) {
        struct buf value = {0}, quoted = {0};
        if (!flags->items[i].is_set || !*flags->items[i].is_set)
            continue;
        buf_put_flag_value(&value, &flags->items[i], opt);
        buf_put_quoted(&quoted, buf_str(&value));
        log_printf(&env->log, LOG_INFO, LOG_WHERE, "  -%s=%.*s", flags->items[i].name,
                   STR(buf_str(&quoted)));
        buf_done(&value);
        buf_done(&quoted);
    }
    ignored_flags_warn(flags, &env->log);
}

// Reads the rules, those of web servers first, and starts; or only checks them.
static bool start(struct program *p, struct vmalert_options *opt, struct err *err)
{
    struct rule_urls *urls = rule_urls_new(p->env, &opt->rule, on_urls, p);
    if (urls)
        env_uv_run(p->env);
    opt->rule_urls = urls;
    bool ok = opt->dry_run && vmalert_check(p->env, opt, err);
    if (!opt->dry_run) {
        p->app = opt->replay_from.n ? vmalert_new_for_replay(p->env, opt, err)
                                    : vmalert_new(p->env, opt, err);
        ok = p->app != NULL;
    }
    opt->rule_urls = NULL;
    rule_urls_free(urls);
    return ok;
}

static void print(void *owner, str text)
{
    (void)owner;
    fwrite(text.p, 1, text.n, stdout);
    fflush(stdout);
}

static void on_replayed(void *owner, const struct err *err)
{
    struct program *p = owner;
    p->replay_err = *err;
    env_uv_stop(p->env);
}

static int run_replay(struct program *p)
{
    if (vmalert_replay(p->app, print, on_replayed, p, &p->replay_err))
        env_uv_run(p->env);
    vmalert_free(p->app);
    if (p->replay_err.code == ERR_NONE)
        return 0;
    fatal(p->env, &p->replay_err);
    return EXIT_FATAL;
}

static int run(struct program *p, struct vmalert_options *opt)
{
    struct err err = ERR_INIT;
    if (!start(p, opt, &err)) {
        fatal(p->env, &err);
        return EXIT_FATAL;
    }
    if (opt->dry_run)
        return 0;
    if (opt->replay_from.n)
        return run_replay(p);
    logging_expose(&p->logging, p->app->metrics);
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
        if (err.code == ERR_INVALID)
            return complain(&err);
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
    struct utsname os = {0};
    gethostname(hostname, sizeof(hostname) - 1);
    uname(&os);
    struct vmalert_options opt = {
        .hostname = str_c(hostname),
        .cpus = (uint32_t)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1),
        .os_release = str_c(os.release),
        .memory_bytes =
            (uint64_t)MAX(sysconf(_SC_PHYS_PAGES), 0) * (uint64_t)MAX(sysconf(_SC_PAGESIZE), 0),
        .mem = &mem,
        .env_find = find_env,
    };
    struct flags flags = vmalert_flags(&opt, &mem);
    opt.flags = &flags;
    int status = read_flags(&opt, &flags, argc, argv, &mem);
    struct program p = {0};
    struct err err = ERR_INIT;
    if (status < 0) {
        p.env = env_uv_new(&(struct env_uv_options){0}, &err);
        if (!p.env) {
            fprintf(stderr, "%.*s\n", STR(err_str(&err)));
            status = EXIT_FATAL;
        }
    }
    if (status < 0) {
        if (set_up_log(&p, &opt, &err)) {
            log_flags(p.env, &opt);
            status = run(&p, &opt);
        } else if (err.code == ERR_INVALID) {
            fprintf(stderr, "panic: %.*s\n", STR(err_str(&err)));
            status = EXIT_FLAGS;
        } else {
            status = complain(&err);
        }
    }
    env_uv_free(p.env);
    logging_done(&p.logging);
    arena_done(&mem);
    return status;
}
