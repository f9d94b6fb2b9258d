// SPDX-License-Identifier: Apache-2.0
// alertmanager: reads flags, makes the real world, runs until a signal.
#define BANNED_ALLOW_IMPURE
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "alertmanager/app.h"
#include "base/io/env_uv.h"
#include "base/io/interfaces.h"
#include "base/io/process_metrics.h"
#include "notify/integrations/aws_environment.h"

#define FLAGS_FILE_MAX ((size_t)1 << 20)

struct program {
    struct env *env;
    struct am *am;
    struct histogram *turns; // NULL until there is an app
};

// ---- command line ------------------------------------------------------------------------------

static bool read_args_file(void *owner, str path, struct arena *mem, str *ret, struct err *err)
{
    (void)owner;
    FILE *file = fopen(arena_c(mem, path), "re");
    if (!file)
        return err_set(err, ERR_IO, "open %.*s: no such file or directory", STR(path));
    char *text = arena_alloc_raw(mem, FLAGS_FILE_MAX);
    size_t n = fread(text, 1, FLAGS_FILE_MAX, file);
    bool ok = !ferror(file) && n < FLAGS_FILE_MAX;
    fclose(file);
    *ret = str_from(text, n);
    return ok || err_set(err, ERR_LIMIT, "%.*s: cannot be read or is too long", STR(path));
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void print_version(void)
{
    fputs("alertmanager" AM_VERSION_TEXT, stdout);
}

// Shows help or the version, or complains. Returns the exit code, or -1 to go on.
static int read_flags(struct am_options *opt, int argc, char **argv, struct arena *mem)
{
    struct err err = ERR_INIT;
    struct flags flags = am_flags(opt, mem);
    flags.file_read = read_args_file;
    if (!flags_parse(&flags, argc, argv, mem, NULL, &err)) {
        fprintf(stderr, "%s: error: %.*s, try --help\n", base_name(argv[0]), STR(err_str(&err)));
        return 1;
    }
    if (opt->help) {
        struct buf help = {0};
        flags_help(&flags, &help);
        fwrite(help.p, 1, help.n, stdout);
        buf_done(&help);
        return 0;
    }
    if (opt->version) {
        print_version();
        return 0;
    }
    return -1;
}

// ---- this machine ------------------------------------------------------------------------------

static const char *find_variable(const char *name)
{
    return getenv(name);
}

static void read_interfaces(struct am_options *opt, struct arena *mem)
{
    size_t count;
    const struct interface_addr *found = interfaces_read(mem, &count);
    struct cluster_interface *to = arena_array(mem, struct cluster_interface, count + 1);
    for (size_t i = 0; i < count; i++)
        to[i] = (struct cluster_interface){
            .addr = found[i].addr,
            .prefix_bits = found[i].prefix_bits,
            .is_up = found[i].is_up,
            .has_default_route = found[i].has_default_route,
        };
    opt->interfaces = to;
    opt->interface_count = count;
}

static size_t usable_cpus(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

// ---- running -----------------------------------------------------------------------------------

static void on_stopped(void *owner)
{
    struct program *p = owner;
    env_uv_stop(p->env);
}

static void on_signal(void *owner, int signum)
{
    struct program *p = owner;
    if (signum == SIGHUP)
        am_reload(p->am, NULL); // it is logged and counted
    else if (!p->am->is_stopping)
        am_stop(p->am, on_stopped, p);
}

static void on_turn(void *owner, dur_ns busy)
{
    struct program *p = owner;
    if (p->turns)
        histogram_observe(p->turns, dur_to_seconds(busy));
}

static void run(struct program *p, const struct am_options *opt)
{
    static const double bounds[] = {.0001, .00025, .0005, .001, .0025, .005, .01,
                                    .025,  .05,    .1,    .25,  .5,    1};
    struct err err = ERR_INIT;
    p->am = am_new(p->env, opt, &err);
    if (!p->am) {
        log_error(&p->env->log, "alertmanager exited with error", LOG_ERR(&err));
        exit(1); // what is under way on the disk ends with the process
    }
    struct metrics *registry = am_metrics_registry(p->am);
    struct process_metrics *process = process_metrics_new(registry, PROCESS_METRICS_CLIENT_GOLANG);
    p->turns = metrics_histogram(registry, "tocsin_loop_turn_seconds",
                                 "Time the event loop was busy in one turn, in seconds.", bounds,
                                 ARRAY_LEN(bounds));
    env_uv_on_signal(p->env, SIGHUP, on_signal, p);
    env_uv_on_signal(p->env, SIGTERM, on_signal, p);
    env_uv_on_signal(p->env, SIGINT, on_signal, p);
    env_uv_run(p->env);
    p->turns = NULL;
    am_free(p->am);
    process_metrics_free(process);
    log_info(&p->env->log, "Received shutdown signal, exiting gracefully...");
}

int main(int argc, char **argv)
{
    struct arena mem = {0};
    struct err err = ERR_INIT;
    struct log_sink sink;
    struct program p = {0};
    char hostname[256] = "localhost";
    gethostname(hostname, sizeof(hostname) - 1);
    struct aws_environment aws;
    aws_environment_read(&aws, find_variable);
    struct am_options opt = {
        .hostname = str_c(hostname), .tz = getenv("TZ"), .cpus = usable_cpus(), .aws = &aws};
    int status = read_flags(&opt, argc, argv, &mem);
    if (status >= 0) {
        arena_done(&mem);
        return status;
    }
    read_interfaces(&opt, &mem);
    p.env = env_uv_new(&(struct env_uv_options){.on_turn = on_turn, .owner = &p}, &err);
    if (!p.env) {
        fprintf(stderr, "alertmanager: %.*s\n", STR(err_str(&err)));
        arena_done(&mem);
        return 1;
    }
    env_uv_log_sink_init(&sink, p.env);
    sink.format = str_eq(opt.log_format, S("json")) ? LOG_JSON : LOG_LOGFMT;
    log_level_parse(opt.log_level, &sink.level);
    opt.sink = &sink;
    struct am_features features; // an error has a message of its own
    if (!am_features_parse(opt.enable_feature, &features, &err)) {
        log_error(&p.env->log, "error parsing the feature flag list", LOG_ERR(&err));
        exit(1);
    }
    run(&p, &opt);
    env_uv_free(p.env);
    arena_done(&mem);
    return 0;
}
