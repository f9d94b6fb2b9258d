// SPDX-License-Identifier: Apache-2.0
#define BANNED_ALLOW_IMPURE
#include "base/io/process_metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/core/alloc.h"

#define PROC_FILE_BYTES_MAX 65536
#define UNLIMITED           18446744073709551615.0 // how client_golang shows RLIM_INFINITY

enum family_id {
    CPU_TOTAL,
    CPU_SYSTEM,
    CPU_USER,
    START_TIME,
    OPEN_FDS,
    MAX_FDS,
    VIRTUAL,
    VIRTUAL_MAX,
    VIRTUAL_PEAK,
    RESIDENT,
    RESIDENT_PEAK,
    RESIDENT_ANON,
    RESIDENT_FILE,
    RESIDENT_SHARED,
    NET_RECEIVED,
    NET_SENT,
    THREADS,
    FAULTS_MINOR,
    FAULTS_MAJOR,
    IO_READ_BYTES,
    IO_WRITTEN_BYTES,
    IO_READ_CALLS,
    IO_WRITE_CALLS,
    IO_STORAGE_READ,
    IO_STORAGE_WRITTEN,
    CPU_WAITING,
    CPU_STALLED,
    IO_WAITING,
    IO_STALLED,
    MEMORY_WAITING,
    MEMORY_STALLED,
    CPU_CORES,
    MEMORY_LIMIT,
    FAMILY_COUNT
};

enum { IN_GOLANG = 1, IN_VM = 2, IN_BOTH = 3 };

static const struct {
    const char *name, *help;
    enum metric_kind kind;
    int sets;
} FAMILIES[FAMILY_COUNT] = {
    [CPU_TOTAL] = {"process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                   METRIC_COUNTER, IN_BOTH},
    [CPU_SYSTEM] = {"process_cpu_seconds_system_total", "", METRIC_COUNTER, IN_VM},
    [CPU_USER] = {"process_cpu_seconds_user_total", "", METRIC_COUNTER, IN_VM},
    [START_TIME] = {"process_start_time_seconds",
                    "Start time of the process since unix epoch in seconds.", METRIC_GAUGE,
                    IN_BOTH},
    [OPEN_FDS] = {"process_open_fds", "Number of open file descriptors.", METRIC_GAUGE, IN_BOTH},
    [MAX_FDS] = {"process_max_fds", "Maximum number of open file descriptors.", METRIC_GAUGE,
                 IN_BOTH},
    [VIRTUAL] = {"process_virtual_memory_bytes", "Virtual memory size in bytes.", METRIC_GAUGE,
                 IN_BOTH},
    [VIRTUAL_MAX] = {"process_virtual_memory_max_bytes",
                     "Maximum amount of virtual memory available in bytes.", METRIC_GAUGE, IN_BOTH},
    [VIRTUAL_PEAK] = {"process_virtual_memory_peak_bytes", "", METRIC_GAUGE, IN_VM},
    [RESIDENT] = {"process_resident_memory_bytes", "Resident memory size in bytes.", METRIC_GAUGE,
                  IN_BOTH},
    [RESIDENT_PEAK] = {"process_resident_memory_peak_bytes", "", METRIC_GAUGE, IN_VM},
    [RESIDENT_ANON] = {"process_resident_memory_anon_bytes", "", METRIC_GAUGE, IN_VM},
    [RESIDENT_FILE] = {"process_resident_memory_file_bytes", "", METRIC_GAUGE, IN_VM},
    [RESIDENT_SHARED] = {"process_resident_memory_shared_bytes", "", METRIC_GAUGE, IN_VM},
    [NET_RECEIVED] = {"process_network_receive_bytes_total",
                      "Number of bytes received by the process over the network.", METRIC_COUNTER,
                      IN_GOLANG},
    [NET_SENT] = {"process_network_transmit_bytes_total",
                  "Number of bytes sent by the process over the network.", METRIC_COUNTER,
                  IN_GOLANG},
    [THREADS] = {"process_num_threads", "", METRIC_GAUGE, IN_VM},
    [FAULTS_MINOR] = {"process_minor_pagefaults_total", "", METRIC_COUNTER, IN_VM},
    [FAULTS_MAJOR] = {"process_major_pagefaults_total", "", METRIC_COUNTER, IN_VM},
    [IO_READ_BYTES] = {"process_io_read_bytes_total", "", METRIC_COUNTER, IN_VM},
    [IO_WRITTEN_BYTES] = {"process_io_written_bytes_total", "", METRIC_COUNTER, IN_VM},
    [IO_READ_CALLS] = {"process_io_read_syscalls_total", "", METRIC_COUNTER, IN_VM},
    [IO_WRITE_CALLS] = {"process_io_write_syscalls_total", "", METRIC_COUNTER, IN_VM},
    [IO_STORAGE_READ] = {"process_io_storage_read_bytes_total", "", METRIC_COUNTER, IN_VM},
    [IO_STORAGE_WRITTEN] = {"process_io_storage_written_bytes_total", "", METRIC_COUNTER, IN_VM},
    [CPU_WAITING] = {"process_pressure_cpu_waiting_seconds_total", "", METRIC_COUNTER, IN_VM},
    [CPU_STALLED] = {"process_pressure_cpu_stalled_seconds_total", "", METRIC_COUNTER, IN_VM},
    [IO_WAITING] = {"process_pressure_io_waiting_seconds_total", "", METRIC_COUNTER, IN_VM},
    [IO_STALLED] = {"process_pressure_io_stalled_seconds_total", "", METRIC_COUNTER, IN_VM},
    [MEMORY_WAITING] = {"process_pressure_memory_waiting_seconds_total", "", METRIC_COUNTER, IN_VM},
    [MEMORY_STALLED] = {"process_pressure_memory_stalled_seconds_total", "", METRIC_COUNTER, IN_VM},
    [CPU_CORES] = {"process_cpu_cores_available", "", METRIC_GAUGE, IN_VM},
    [MEMORY_LIMIT] = {"process_memory_limit_bytes", "", METRIC_GAUGE, IN_VM},
};

struct process_metrics {
    struct metric_family *families[FAMILY_COUNT]; // NULL: not in this set
    double ticks_per_second, page_bytes;
    double boot_time_s; // Unix time; 0: unknown
    struct buf text;    // the file being read
    char *cgroup;       // "/sys/fs/cgroup/…" without a slash at its end, or NULL
};

static void put(struct process_metrics *p, enum family_id id, double value)
{
    if (p->families[id])
        metric_set(metric_get(p->families[id], NULL), value);
}

// ---- small files ---------------------------------------------------------------------------

static bool read_file(struct process_metrics *p, const char *path, str *ret)
{
    buf_clear(&p->text);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n;
    while (p->text.n < PROC_FILE_BYTES_MAX) {
        char *room = buf_reserve(&p->text, 4096);
        n = read(fd, room, 4096);
        if (n <= 0)
            break;
        p->text.n += (size_t)n;
    }
    close(fd);
    *ret = buf_str(&p->text);
    return true;
}

// The number behind `key` and white space at the start of a line; lines "VmRSS:   1234 kB".
static bool line_number(str text, const char *key, double *ret)
{
    while (text.n) {
        str line;
        str_cut(text, '\n', &line, &text);
        if (!str_starts(line, str_c(key)))
            continue;
        str value, unit;
        str_cut(str_trim(str_skip(line, strlen(key))), ' ', &value, &unit);
        return str_to_f64(value, ret);
    }
    return false;
}

static void put_line_number(struct process_metrics *p, str text, const char *key, double factor,
                            enum family_id id)
{
    double x;
    if (line_number(text, key, &x))
        put(p, id, x * factor);
}

// ---- sources -------------------------------------------------------------------------------

// proc(5): fields of /proc/self/stat behind the name in brackets, counted from 3.
static void collect_stat(struct process_metrics *p)
{
    enum { FIRST = 3, MINOR = 10, MAJOR = 12, USER = 14, SYSTEM = 15, THREAD_COUNT = 20 };
    enum { STARTED = 22, VSIZE = 23, RSS = 24, LAST = RSS };
    str text;
    if (!read_file(p, "/proc/self/stat", &text))
        return;
    double fields[LAST + 1] = {0};
    str rest = str_skip(text, str_find_last(text, ')') + 2), field;
    for (int i = FIRST; i <= LAST && rest.n; i++) {
        str_cut(rest, ' ', &field, &rest);
        str_to_f64(field, &fields[i]);
    }
    double tick_s = 1 / p->ticks_per_second;
    put(p, CPU_USER, fields[USER] * tick_s);
    put(p, CPU_SYSTEM, fields[SYSTEM] * tick_s);
    put(p, CPU_TOTAL, (fields[USER] + fields[SYSTEM]) * tick_s);
    put(p, THREADS, fields[THREAD_COUNT]);
    put(p, FAULTS_MINOR, fields[MINOR]);
    put(p, FAULTS_MAJOR, fields[MAJOR]);
    put(p, VIRTUAL, fields[VSIZE]);
    put(p, RESIDENT, fields[RSS] * p->page_bytes);
    if (p->boot_time_s > 0)
        put(p, START_TIME, p->boot_time_s + fields[STARTED] * tick_s);
}

static void collect_status(struct process_metrics *p)
{
    str text;
    if (!read_file(p, "/proc/self/status", &text))
        return;
    put_line_number(p, text, "VmPeak:", 1024, VIRTUAL_PEAK);
    put_line_number(p, text, "VmHWM:", 1024, RESIDENT_PEAK);
    put_line_number(p, text, "RssAnon:", 1024, RESIDENT_ANON);
    put_line_number(p, text, "RssFile:", 1024, RESIDENT_FILE);
    put_line_number(p, text, "RssShmem:", 1024, RESIDENT_SHARED);
}

static void collect_io(struct process_metrics *p)
{
    str text;
    if (!read_file(p, "/proc/self/io", &text))
        return;
    put_line_number(p, text, "rchar:", 1, IO_READ_BYTES);
    put_line_number(p, text, "wchar:", 1, IO_WRITTEN_BYTES);
    put_line_number(p, text, "syscr:", 1, IO_READ_CALLS);
    put_line_number(p, text, "syscw:", 1, IO_WRITE_CALLS);
    put_line_number(p, text, "read_bytes:", 1, IO_STORAGE_READ);
    put_line_number(p, text, "write_bytes:", 1, IO_STORAGE_WRITTEN);
}

static void collect_limits(struct process_metrics *p)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        put(p, MAX_FDS, (double)limit.rlim_cur);
    if (getrlimit(RLIMIT_AS, &limit) == 0)
        put(p, VIRTUAL_MAX, limit.rlim_cur == RLIM_INFINITY ? UNLIMITED : (double)limit.rlim_cur);
}

static void collect_fds(struct process_metrics *p)
{
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return;
    double count = -1; // the directory's own
    for (struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    put(p, OPEN_FDS, count);
}

// The columns InOctets and OutOctets of the IpExt lines: names in the first, numbers in the second.
static void collect_network(struct process_metrics *p)
{
    str text, names = S(""), numbers = S("");
    if (!read_file(p, "/proc/self/net/netstat", &text))
        return;
    while (text.n) {
        str line;
        str_cut(text, '\n', &line, &text);
        if (!str_starts(line, S("IpExt:")))
            continue;
        if (names.n)
            numbers = line;
        else
            names = line;
    }
    while (names.n && numbers.n) {
        str name, number;
        double x;
        str_cut(names, ' ', &name, &names);
        str_cut(numbers, ' ', &number, &numbers);
        if (str_eq(name, S("InOctets")) && str_to_f64(number, &x))
            put(p, NET_RECEIVED, x);
        if (str_eq(name, S("OutOctets")) && str_to_f64(number, &x))
            put(p, NET_SENT, x);
    }
}

// "some avg10=0.00 … total=12345" in microseconds: some tasks waited, or all were stalled.
static void put_pressure(struct process_metrics *p, str text, const char *kind, enum family_id id)
{
    while (text.n) {
        str line, before, total;
        double us;
        str_cut(text, '\n', &line, &text);
        if (str_starts(line, str_c(kind)) && str_cut_last(line, '=', &before, &total) &&
            str_to_f64(total, &us))
            put(p, id, us / 1e6);
    }
}

static void collect_pressure(struct process_metrics *p, const char *file, enum family_id waiting,
                             enum family_id stalled)
{
    char path[512];
    str text;
    if (!p->cgroup || !p->families[waiting])
        return;
    snprintf(path, sizeof(path), "%s/%s", p->cgroup, file);
    if (!read_file(p, path, &text))
        return;
    put_pressure(p, text, "some ", waiting);
    put_pressure(p, text, "full ", stalled);
}

// "max 100000" or "<quota> <period>"
static double cores_by_quota(struct process_metrics *p, double cores)
{
    char path[512];
    str text, quota, period;
    double q, t;
    if (!p->cgroup)
        return cores;
    snprintf(path, sizeof(path), "%s/cpu.max", p->cgroup);
    if (read_file(p, path, &text) && str_cut(str_trim(text), ' ', &quota, &period) &&
        str_to_f64(quota, &q) && str_to_f64(period, &t) && t > 0)
        return MIN(cores, q / t);
    return cores;
}

static double memory_limit(struct process_metrics *p)
{
    char path[512];
    str text;
    double x, all = (double)sysconf(_SC_PHYS_PAGES) * p->page_bytes;
    if (!p->cgroup)
        return all;
    snprintf(path, sizeof(path), "%s/memory.max", p->cgroup);
    if (read_file(p, path, &text) && str_to_f64(str_trim(text), &x))
        return MIN(all, x);
    return all;
}

static void collect(void *owner)
{
    struct process_metrics *p = owner;
    collect_stat(p);
    collect_limits(p);
    collect_fds(p);
    if (p->families[NET_RECEIVED])
        collect_network(p);
    if (!p->families[THREADS])
        return;
    collect_status(p);
    collect_io(p);
    collect_pressure(p, "cpu.pressure", CPU_WAITING, CPU_STALLED);
    collect_pressure(p, "io.pressure", IO_WAITING, IO_STALLED);
    collect_pressure(p, "memory.pressure", MEMORY_WAITING, MEMORY_STALLED);
    put(p, CPU_CORES, cores_by_quota(p, (double)sysconf(_SC_NPROCESSORS_ONLN)));
    put(p, MEMORY_LIMIT, memory_limit(p));
}

// ---- start ---------------------------------------------------------------------------------

// cgroup v2: the line "0::/path".
static char *find_cgroup(struct process_metrics *p)
{
    str text;
    if (!read_file(p, "/proc/self/cgroup", &text))
        return NULL;
    while (text.n) {
        str line;
        str_cut(text, '\n', &line, &text);
        if (!str_starts(line, S("0::/")))
            continue;
        defer(buf_done) struct buf path = {0};
        buf_put(&path, S("/sys/fs/cgroup"));
        buf_put(&path, str_trim_right(str_skip(line, 3), '/'));
        return mem_dup(buf_str(&path));
    }
    return NULL;
}

struct process_metrics *process_metrics_new(struct metrics *m, enum process_metrics_set set)
{
    struct process_metrics *p = mem_new(struct process_metrics);
    int wanted = set == PROCESS_METRICS_VM ? IN_VM : IN_GOLANG;
    for (int i = 0; i < FAMILY_COUNT; i++)
        if (FAMILIES[i].sets & wanted)
            p->families[i] = metrics_family(m, FAMILIES[i].kind, FAMILIES[i].name, FAMILIES[i].help,
                                            "", NULL, 0);
    p->ticks_per_second = (double)sysconf(_SC_CLK_TCK);
    p->page_bytes = (double)sysconf(_SC_PAGESIZE);
    str text;
    if (read_file(p, "/proc/stat", &text))
        line_number(text, "btime ", &p->boot_time_s);
    p->cgroup = find_cgroup(p);
    metrics_on_collect(m, collect, p);
    return p;
}

void process_metrics_free(struct process_metrics *p)
{
    if (!p)
        return;
    buf_done(&p->text);
    mem_free(p->cgroup);
    mem_free(p);
}
