// SPDX-License-Identifier: Apache-2.0
// Replay: which pieces of the range are asked, and how many samples come of it.
#include "base/core/alloc.h"
#include "tests/golden/vmalert/rig.h"
#include "vmalert/replay.h"

struct query {
    struct list node;
    struct world *world;
    const cJSON *answer; // NULL: it was not to be asked
    query_done_fn *on_done;
    void *owner;
};

struct world {
    struct fake_env fake;
    const cJSON *ranges;
    struct list waiting;
    struct arena *mem;
    size_t rows, asked;
    str unexpected; // a query that was not to be asked
    bool is_over;
    uint64_t samples;
    struct err err;
};

static str clock_of(time_ns t, struct arena *mem)
{
    struct civil c = civil_from_time(t, 0);
    return arena_printf(mem, "%02d:%02d:%02d", c.hour, c.minute, c.second);
}

static struct query *start(void *owner, const struct query_request *r, query_done_fn *on_done,
                           void *done_owner)
{
    struct world *w = owner;
    struct query *q = mem_new(struct query);
    str piece = arena_printf(w->mem, "%.*s+%.*s", STR(clock_of(r->start, w->mem)),
                             STR(clock_of(r->end, w->mem)));
    const cJSON *of_expr = case_get(w->ranges, arena_c(w->mem, r->expr));
    *q = (struct query){.world = w, .on_done = on_done, .owner = done_owner};
    q->answer = of_expr ? case_get(of_expr, piece.p) : NULL;
    if (!q->answer)
        w->unexpected = arena_printf(w->mem, "%.*s %.*s", STR(r->expr), STR(piece));
    w->asked++;
    list_insert_before(&w->waiting, &q->node);
    return q;
}

static void cancel(struct query *q)
{
    list_remove(&q->node);
    mem_free(q);
}

static void answer(struct world *w, struct query *q)
{
    struct arena mem = {0};
    struct query_result result = rig_result(q->answer, &mem);
    struct query_outcome outcome = {.result = &result, .mem = &mem};
    (void)w;
    list_remove(&q->node);
    q->on_done(q->owner, &outcome, NULL);
    arena_done(&mem);
    mem_free(q);
}

static bool push(void *owner, const struct series *series, size_t count, struct err *err)
{
    (void)err;
    (void)series;
    struct world *w = owner;
    w->rows += count;
    return true;
}

static void print(void *owner, str text)
{
    (void)owner;
    (void)text;
}

static void on_done(void *owner, uint64_t samples, const struct err *err)
{
    struct world *w = owner;
    w->is_over = true;
    w->samples = samples;
    w->err = *err;
}

static const struct rule_conf *rules_of(const cJSON *list, struct arena *mem, size_t *ret_count)
{
    size_t count = 0;
    struct rule_conf *rules =
        arena_array(mem, struct rule_conf, (size_t)cJSON_GetArraySize(list) + 1);
    for (const cJSON *r = list ? list->child : NULL; r; r = r->next) {
        bool is_recording = case_get(r, "record") != NULL;
        rules[count++] = (struct rule_conf){
            .is_recording = is_recording,
            .name = case_get_text(r, is_recording ? "record" : "alert", mem),
            .expr = case_get_text(r, "expr", mem),
            .for_ns = case_get_i64(r, "for_ns"),
        };
    }
    *ret_count = count;
    return rules;
}

static struct rule_files *files_of(const cJSON *groups, struct arena *mem)
{
    struct rule_files *files = mem_new(struct rule_files);
    files->refs = 1;
    files->groups = arena_array(mem, struct group_conf, (size_t)cJSON_GetArraySize(groups) + 1);
    for (const cJSON *g = groups->child; g; g = g->next) {
        struct group_conf *to = &files->groups[files->group_count++];
        to->interval = case_get_i64(g, "interval_ns");
        to->concurrency = (uint32_t)MAX(case_get_i64(g, "concurrency"), 1);
        to->rules = rules_of(case_get(g, "rules"), mem, &to->rule_count);
    }
    return files;
}

#define STEPS_MAX 1000000

static void drive(struct world *w)
{
    for (size_t i = 0; !w->is_over && i < STEPS_MAX; i++) {
        fake_env_advance(&w->fake, DUR_MS(1));
        while (!list_is_empty(&w->waiting))
            answer(w, container_of(w->waiting.next, struct query, node));
    }
}

static size_t count_pieces(const cJSON *ranges)
{
    size_t count = 0;
    for (const cJSON *e = ranges ? ranges->child : NULL; e; e = e->next)
        count += (size_t)cJSON_GetArraySize(e);
    return count;
}

static const char *check(const struct world *w, const cJSON *c)
{
    if (!w->is_over)
        return case_fail(w->mem, "it does not end after %zu queries", w->asked);
    if (w->err.code != ERR_NONE)
        return case_fail(w->mem, "failed: %.*s", STR(err_str(&w->err)));
    if (w->unexpected.n)
        return case_fail(w->mem, "asked %.*s", STR(w->unexpected));
    if (w->asked != count_pieces(w->ranges))
        return case_fail(w->mem, "%zu queries", w->asked);
    return w->samples == (uint64_t)case_get_i64(c, "total")
               ? NULL
               : case_fail(w->mem, "%llu samples", (unsigned long long)w->samples);
}

static const char *run(const cJSON *c, struct arena *mem)
{
    struct world w = {.mem = mem, .ranges = case_get(c, "ranges")};
    struct label_store labels;
    struct rules_counters counters = {0};
    struct tpl_set *templates = rule_template_set_new();
    struct rule_files *files = files_of(case_get(c, "groups"), mem);
    struct replay_options opt = {
        .max_datapoints = case_get_i64(c, "max_datapoints"),
        .rules_delay = case_get_i64(c, "rules_delay_ns"),
        .retry_attempts = 1,
        .rule_concurrency = case_get_i64(c, "rule_concurrency"),
        .continues_with_errors = case_get_bool(c, "continue_on_error"),
        .datasource = {&w, start, cancel},
        .push = push,
        .print = print,
        .owner = &w,
    };
    fake_env_init(&w.fake);
    list_init(&w.waiting);
    label_store_init(&labels, 1);
    struct rules_shared shared = {.env = &w.fake.env,
                                  .labels = &labels,
                                  .templates = {.base = templates, .env = &w.fake.env},
                                  .update_entries_limit = 1,
                                  .counters = &counters};
    const char *why = "the range is refused";
    if (replay_read_range(&opt, case_get_text(c, "from", mem), case_get_text(c, "to", mem),
                          w.fake.now, NULL)) {
        struct replay *r = replay_start(&shared, files, &opt, on_done, &w);
        drive(&w);
        replay_free(r);
        why = check(&w, c);
    }
    rule_files_unref(files);
    tpl_set_free(templates);
    label_store_done(&labels);
    fake_env_done(&w.fake);
    return why;
}

static void replay(void **state)
{
    (void)state;
    case_file_run("vm-replay", run);
}

int test_vm_replay(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(replay)};
    return run_group("vm-replay", tests);
}
