// SPDX-License-Identifier: Apache-2.0
#define BANNED_ALLOW_IMPURE // a test runner: real time, environment, processes
#include "tests/sim/seeds.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILURES_MAX 5
#define JOBS_MAX     64
#define SECONDS_MAX  120

// One per child, in shared memory: what the parent must know about a dead one.
struct slot {
    pid_t pid;
    uint64_t seed; // being run
    uint64_t done; // seeds that passed
};

struct options {
    uint64_t first, count, jobs;
    bool is_single;
};

static const char *log_level;

const char *seeds_log_level(void)
{
    return log_level ? log_level : getenv("SIM_LOG");
}

// ---- the child -----------------------------------------------------------------------------

static bool is_inside; // a scenario is running

static void dump_world(void)
{
    if (is_inside && sim_world_last())          // NOLINT(bugprone-signal-handler)
        sim_dump_log(sim_world_last(), stderr); // NOLINT(bugprone-signal-handler)
    is_inside = false;
}

// Not async-signal-safe, but the process is lost anyway, and the log is worth the try.
// NOLINTBEGIN(bugprone-signal-handler)
static void on_signal(int signal_number)
{
    signal(signal_number, SIG_DFL);
    fprintf(stderr, "signal %d\n", signal_number);
    dump_world();
    raise(signal_number);
}
// NOLINTEND(bugprone-signal-handler)

static void run_seed(const struct seeds *s, uint64_t seed)
{
    is_inside = true;
    alarm(s->seconds_max ? s->seconds_max : SECONDS_MAX);
    s->run(seed, s->ctx);
    alarm(0);
    is_inside = false;
}

static void watch_for_death(void)
{
    atexit(dump_world);
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
}

// Every jobs-th seed from `from` on.
NORETURN static void child(const struct seeds *s, struct slot *slot, uint64_t from, uint64_t end,
                           uint64_t step)
{
    watch_for_death();
    for (uint64_t seed = from; seed < end; seed += step) {
        slot->seed = seed;
        run_seed(s, seed);
        slot->done++;
    }
    exit(0);
}

// ---- the parent ----------------------------------------------------------------------------

static void start_child(const struct seeds *s, const struct options *opt, struct slot *slot,
                        uint64_t from)
{
    fflush(NULL);
    slot->seed = from;
    pid_t pid = fork();
    if (pid == 0)
        child(s, slot, from, opt->first + opt->count, opt->jobs);
    if (pid < 0) {
        perror("fork");
        exit(1);
    }
    slot->pid = pid; // shared memory: written by the parent alone
}

static void report_failure(const char *program, const struct slot *slot, int status)
{
    if (WIFSIGNALED(status))
        fprintf(stderr, "seed %llu FAILED: signal %d\n", (unsigned long long)slot->seed,
                WTERMSIG(status));
    else
        fprintf(stderr, "seed %llu FAILED: exit status %d\n", (unsigned long long)slot->seed,
                WEXITSTATUS(status));
    fprintf(stderr, "replay: SIM_LOG=debug %s --seed %llu\n", program,
            (unsigned long long)slot->seed);
}

static struct slot *find_slot(struct slot *slots, uint64_t count, pid_t pid)
{
    for (uint64_t i = 0; i < count; i++) {
        if (slots[i].pid == pid)
            return &slots[i];
    }
    return NULL;
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run_all(const char *program, const struct seeds *s, const struct options *opt)
{
    size_t bytes = sizeof(struct slot) * JOBS_MAX;
    struct slot *slots =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (slots == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    double start = seconds_now();
    uint64_t failures = 0, passed = 0;
    for (uint64_t i = 0; i < opt->jobs && i < opt->count; i++)
        start_child(s, opt, &slots[i], opt->first + i);
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, 0)) > 0 || (pid < 0 && errno == EINTR);) {
        struct slot *slot = pid > 0 ? find_slot(slots, opt->jobs, pid) : NULL;
        if (!slot)
            continue;
        slot->pid = 0;
        if (status == 0)
            continue;
        report_failure(program, slot, status);
        uint64_t next = slot->seed + opt->jobs;
        if (++failures < FAILURES_MAX && next < opt->first + opt->count)
            start_child(s, opt, slot, next);
    }
    for (uint64_t i = 0; i < opt->jobs; i++)
        passed += slots[i].done;
    printf("%s: %llu of %llu seeds passed, %llu failed, %.1f s\n", program,
           (unsigned long long)passed, (unsigned long long)opt->count, (unsigned long long)failures,
           seconds_now() - start);
    munmap(slots, bytes);
    return failures || passed != opt->count;
}

static bool parse_number(const char *text, uint64_t *ret)
{
    return text && str_to_u64(str_c(text), ret);
}

static bool parse_options(int argc, char **argv, struct options *opt)
{
    for (int i = 1; i < argc; i += 2) {
        str name = str_c(argv[i]);
        const char *value = argv[i + 1]; // NULL behind the last
        bool is_fine = false;
        if (str_eq(name, S("--log"))) {
            log_level = value;
            is_fine = value != NULL;
        } else if (str_eq(name, S("--seed"))) {
            is_fine = opt->is_single = parse_number(value, &opt->first);
        } else if (str_eq(name, S("--seeds"))) {
            is_fine = parse_number(value, &opt->count);
        } else if (str_eq(name, S("--first"))) {
            is_fine = parse_number(value, &opt->first);
        } else if (str_eq(name, S("--jobs"))) {
            is_fine = parse_number(value, &opt->jobs) && opt->jobs > 0 && opt->jobs <= JOBS_MAX;
        }
        if (!is_fine) {
            fprintf(stderr, "%s: bad option %s\n", argv[0], argv[i]);
            return false;
        }
    }
    return true;
}

int seeds_main(int argc, char **argv, const struct seeds *s)
{
    struct options opt = {.first = 1, .count = s->count, .jobs = 2};
    if (!parse_options(argc, argv, &opt))
        return 2;
    if (!opt.is_single)
        return run_all(argv[0], s, &opt);
    watch_for_death();
    run_seed(s, opt.first);
    if (seeds_log_level() && sim_world_last())
        sim_dump_log(sim_world_last(), stderr);
    return 0;
}
