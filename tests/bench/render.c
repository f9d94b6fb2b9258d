// SPDX-License-Identifier: Apache-2.0
// How long templates take: Alertmanager's defaults with 1, 10 and 100 alerts, and vmalert's
// annotations per series, compiled before as the programs do it. Counts the allocations from the
// heap while executing, which must be none: `bench_render --check` exits with 1 otherwise.
//
//   bench_render            the table, for the release preset
//   bench_render --check    few rounds, for any preset
#define BANNED_ALLOW_IMPURE
#include <time.h>

#include "base/core/alloc.h"
#include "notify/tpldata.h"
#include "notify/tpldefaults.h"
#include "notify/tplfuncs.h"
#include "rules/tplfuncs.h"

// ---- counting allocations ----------------------------------------------------------------------

static size_t allocations;

#ifdef BENCH_SANITIZED // by CMake: a sanitizer has its own malloc, and hooks
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

static void note_malloc(const volatile void *p, size_t bytes)
{
    (void)p;
    (void)bytes;
    allocations++;
}

static void note_free(const volatile void *p)
{
    (void)p;
}

static void count_allocations(void)
{
    __sanitizer_install_malloc_and_free_hooks(note_malloc, note_free);
}
#else
// In front of libc's: also what libraries allocate is seen.
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *p, size_t bytes);
void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void *realloc(void *p, size_t bytes);

void *malloc(size_t bytes)
{
    allocations++;
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    allocations++;
    return __libc_calloc(count, bytes);
}

void *realloc(void *p, size_t bytes)
{
    allocations++;
    return __libc_realloc(p, bytes);
}

static void count_allocations(void)
{
}
#endif

// ---- data --------------------------------------------------------------------------------------

#define L(name, value)                                                                             \
    {                                                                                              \
        {(name), sizeof(name) - 1},                                                                \
        {                                                                                          \
            (value), sizeof(value) - 1                                                             \
        }                                                                                          \
    }

static const struct label GROUP[] = {L("alertname", "HighRequestLatency"), L("cluster", "eu-1")};
static const struct label NOTES[] = {
    L("description", "99th percentile of request latency is 1.52s on api-server, more than 1s"),
    L("runbook_url", "https://runbooks.example.com/latency?service=api&env=prod"),
    L("summary", "High request latency on <api-server>")};

static void make_data(struct tpldata *d, size_t alert_count, struct arena *mem)
{
    struct tpldata_alert *alerts = arena_array(mem, struct tpldata_alert, alert_count);
    for (size_t i = 0; i < alert_count; i++) {
        const struct label labels[] = {L("alertname", "HighRequestLatency"),
                                       L("cluster", "eu-1"),
                                       {S("instance"), arena_printf(mem, "10.0.%zu.7:9100", i)},
                                       L("job", "api-server"),
                                       L("severity", "critical"),
                                       L("team", "platform")};
        struct label *kept = arena_array(mem, struct label, ARRAY_LEN(labels));
        memcpy(kept, labels, sizeof(labels));
        alerts[i] = (struct tpldata_alert){
            .status = i % 4 == 3 ? S("resolved") : S("firing"),
            .labels = {kept, ARRAY_LEN(labels)},
            .annotations = {NOTES, ARRAY_LEN(NOTES)},
            .starts_at = gotime_utc(1700000000, 0),
            .ends_at = gotime_zero(),
            .generator_url = S("http://prometheus:9090/graph?g0.expr=latency+%3E+1&g0.tab=1"),
            .fingerprint = S("0123456789abcdef"),
        };
    }
    *d = (struct tpldata){
        .receiver = S("team-platform"),
        .alerts = alerts,
        .alert_count = alert_count,
        .notification_reason = S("first notification"),
        .group_labels = {GROUP, ARRAY_LEN(GROUP)},
        .external_url = S("https://alertmanager.example.com"),
        .are_route_labels_rendered = true,
    };
    tpldata_summarize(d, mem);
}

// ---- measuring ---------------------------------------------------------------------------------

struct measured {
    double us;          // of the processor, for one execution
    double allocations; // from the heap, for one execution
    size_t bytes;       // of output
};

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void execute(const struct tpl_set *text, struct tpl_run *run, struct buf *out)
{
    struct err err = ERR_INIT;
    arena_clear(run->mem);
    buf_clear(out);
    if (!tpl_execute(text, S(""), run, out, &err))
        panic("%.*s", STR(err_str(&err)));
}

#define WARM_UP 20 // executions until the arena's block and the buffer are large enough

static struct measured measure(const struct tpl_set *text, struct tpl_run *run, double min_us)
{
    struct arena mem = {0};
    struct buf out = {0};
    run->mem = &mem;
    for (int i = 0; i < WARM_UP; i++)
        execute(text, run, &out);
    size_t allocations_before = allocations, rounds = 0;
    double before = cpu_us(), took;
    do {
        for (int i = 0; i < 10; i++)
            execute(text, run, &out);
        rounds += 10;
        took = cpu_us() - before;
    } while (took < min_us);
    struct measured m = {took / (double)rounds,
                         (double)(allocations - allocations_before) / (double)rounds, out.n};
    buf_done(&out);
    arena_done(&mem);
    return m;
}

static struct tpl_set *compile(const struct tpl_set *base, str prefix, const char *text)
{
    struct err err = ERR_INIT;
    defer(buf_done) struct buf whole = {0};
    buf_put(&whole, prefix);
    buf_put(&whole, str_c(text));
    struct tpl_set *set = tpl_compile(base, buf_str(&whole), &err);
    if (!set)
        panic("%s: %.*s", text, STR(err_str(&err)));
    return set;
}

static bool report(const char *name, size_t count, struct measured m)
{
    printf("%-28s %6zu %10.2f %10zu %12.1f\n", name, count, m.us, m.bytes, m.allocations);
    return m.allocations == 0;
}

static bool measure_defaults(double min_us)
{
    static const struct {
        const char *name;
        bool is_html;
    } TEXTS[] = {
        {"slack.default.title", false},     {"slack.default.text", false},
        {"discord.default.message", false}, {"email.default.subject", false},
        {"email.default.html", true},
    };
    static const size_t COUNTS[] = {1, 10, 100};
    struct err err = ERR_INIT;
    struct tpl_set *bases[] = {tplfuncs_set_new(false), tplfuncs_set_new(true)};
    if (!tpldefaults_parse(bases[0], &err) || !tpldefaults_parse(bases[1], &err))
        panic("%.*s", STR(err_str(&err)));
    bool is_good = true;
    for (size_t t = 0; t < ARRAY_LEN(TEXTS); t++) {
        char text[100];
        snprintf(text, sizeof(text), "{{ template \"%s\" . }}", TEXTS[t].name);
        struct tpl_set *set = compile(bases[TEXTS[t].is_html], S(""), text);
        for (size_t c = 0; c < ARRAY_LEN(COUNTS); c++) {
            struct arena mem = {0};
            struct tpldata d;
            struct tplfuncs_context context = {.now = DUR_SECONDS(1700000600)};
            make_data(&d, COUNTS[c], &mem);
            struct tpl_run run = {.data = tpldata_value(&d), .context = &context};
            is_good = report(TEXTS[t].name, COUNTS[c], measure(set, &run, min_us)) && is_good;
            arena_done(&mem);
        }
        tpl_set_free(set);
    }
    tpl_set_free(bases[0]);
    tpl_set_free(bases[1]);
    return is_good;
}

static bool measure_annotations(double min_us)
{
    static const char TEXT[] = "{{ $labels.instance }} of job {{ $labels.job }} has been at "
                               "{{ $value | humanizePercentage }} for {{ $for }} (limit "
                               "{{ printf \"%.2f\" 0.9 }}), see {{ $externalURL }}";
    static const struct label LABELS[] = {L("__name__", "node_load"), L("instance", "web1:9100"),
                                          L("job", "node"), L("zone", "eu-1")};
    struct rule_tpl_data d = {.type = S("prometheus"),
                              .value = 0.9371,
                              .expr = S("node_load > 0.9"),
                              .interval = DUR_SECONDS(30),
                              .for_ns = DUR_MINUTES(5),
                              .active_at = gotime_utc(1700000000, 0),
                              .labels = LABELS,
                              .label_count = ARRAY_LEN(LABELS),
                              .external_url = S("https://vmalert.example.com")};
    struct rule_tpl_context context = {.now = DUR_SECONDS(1700000600)};
    struct tpl_run run = {.data = rule_tpl_data_value(&d), .context = &context};
    struct tpl_set *base = rule_tpl_set_new();
    struct tpl_set *set = compile(base, RULE_TPL_PREFIX, TEXT);
    bool is_good = report("vmalert annotation", 1, measure(set, &run, min_us));
    tpl_set_free(set);
    tpl_set_free(base);
    return is_good;
}

int main(int argc, char **argv)
{
    bool is_check = argc > 1 && strcmp(argv[1], "--check") == 0;
    double min_us = is_check ? 0 : 300000;
    count_allocations();
    printf("%-28s %6s %10s %10s %12s\n", "template", "alerts", "cpu us", "bytes", "allocations");
    bool is_good = measure_defaults(min_us);
    is_good = measure_annotations(min_us) && is_good;
    if (allocations == 0) // building the sets took some
        panic("allocations are not counted");
    return is_check && !is_good ? 1 : 0;
}
