// SPDX-License-Identifier: Apache-2.0
// Worlds in processes of their own, a few at a time.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "tests/sim/lab/lab.h"

#define JOBS_MAX 64

struct sample {
    uint32_t metric;
    double value;
};

struct sink {
    FILE *to;
};

void sink_put(struct sink *sink, unsigned metric, double value)
{
    assert(metric < METRICS_MAX);
    struct sample s = {.metric = metric, .value = value};
    if (fwrite(&s, sizeof(s), 1, sink->to) != 1)
        panic("cannot hand over a result");
}

static void series_add(struct series *s, double value)
{
    if (s->count == s->cap) {
        s->cap = MAX(64, s->cap * 2);
        s->values = mem_resize(s->values, s->cap, sizeof(double));
    }
    s->values[s->count++] = value;
}

struct job {
    pid_t pid; // 0: none
    int fd;
    struct row *row;
    struct buf in; // samples, the last one perhaps incomplete
};

static uint64_t world_seed(uint64_t seed, const struct row *row, unsigned world)
{
    // Neither the other rows nor their order matter, so that a part of a table can be run alone.
    uint64_t h = hash_seeded(seed, str_c(row->experiment->name));
    h = hash_mix(h, row->size);
    h = hash_mix(h, (uint64_t)(row->loss_percent * 100 + row->impairment_percent));
    h = hash_mix(h, (uint64_t)row->impairment << 32 | row->impaired);
    h = hash_mix(h, (uint64_t)(row->busy + row->idle));
    h = hash_mix(h, (uint64_t)(row->rate * 100));
    return hash_mix(h, world);
}

static void job_start(struct job *j, struct row *row, unsigned world, uint64_t seed)
{
    int ends[2];
    fflush(stdout);
    if (pipe(ends) != 0)
        panic("pipe failed");
    pid_t pid = fork();
    if (pid < 0)
        panic("fork failed");
    if (pid == 0) {
        close(ends[0]);
        struct sink sink = {.to = fdopen(ends[1], "wb")};
        row->seed = world_seed(seed, row, world);
        row->experiment->run(row, &sink);
        bool is_told = sink.to && fclose(sink.to) == 0;
        _exit(is_told ? 0 : 1);
    }
    close(ends[1]);
    *j = (struct job){.pid = pid, .fd = ends[0], .row = row};
}

static bool job_finish(struct job *j)
{
    int status = 0;
    close(j->fd);
    waitpid(j->pid, &status, 0);
    struct sample s;
    for (size_t at = 0; at + sizeof(s) <= j->in.n; at += sizeof(s)) {
        memcpy(&s, j->in.p + at, sizeof(s));
        series_add(&j->row->results[s.metric], s.value);
    }
    bool is_good = WIFEXITED(status) && WEXITSTATUS(status) == 0 && j->in.n % sizeof(s) == 0;
    buf_done(&j->in);
    j->pid = 0;
    return is_good;
}

// Waits for one job to end. False: it did not end well.
static bool jobs_wait(struct job *jobs, unsigned count)
{
    for (;;) {
        struct pollfd fds[JOBS_MAX];
        for (unsigned i = 0; i < count; i++)
            fds[i] = (struct pollfd){.fd = jobs[i].pid ? jobs[i].fd : -1, .events = POLLIN};
        if (poll(fds, count, -1) < 0)
            continue;
        for (unsigned i = 0; i < count; i++) {
            char bytes[65536];
            if (!fds[i].revents)
                continue;
            ssize_t n = read(jobs[i].fd, bytes, sizeof(bytes));
            if (n <= 0)
                return job_finish(&jobs[i]);
            buf_put(&jobs[i].in, str_from(bytes, (size_t)n));
        }
    }
}

static unsigned jobs_running(const struct job *jobs, unsigned count)
{
    unsigned running = 0;
    for (unsigned i = 0; i < count; i++)
        running += jobs[i].pid != 0;
    return running;
}

static struct job *jobs_free_one(struct job *jobs)
{
    while (jobs->pid)
        jobs++;
    return jobs;
}

bool lab_run(struct plan *plan, uint64_t seed, unsigned count, bool is_verbose)
{
    struct job jobs[JOBS_MAX] = {0};
    bool is_good = true;
    count = CLAMP(count, 1, JOBS_MAX);
    for (size_t i = 0; i < plan->count; i++) {
        struct row *row = &plan->rows[i];
        if (is_verbose)
            fprintf(stderr, "\r%zu of %zu: %s, %zu members        ", i + 1, plan->count,
                    row->experiment->name, row->size);
        for (unsigned world = 0; world < row->worlds; world++) {
            if (jobs_running(jobs, count) == count)
                is_good &= jobs_wait(jobs, count);
            job_start(jobs_free_one(jobs), row, world, seed);
        }
    }
    while (jobs_running(jobs, count) > 0)
        is_good &= jobs_wait(jobs, count);
    if (is_verbose)
        fprintf(stderr, "\r%60s\r", "");
    return is_good;
}
