// SPDX-License-Identifier: Apache-2.0
#include "base/core/alloc.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"
#include "vmalert/replay.h"

#define INTERVAL DUR_MINUTES(1)

struct query {
    struct list node;
    time_ns start;
    query_done_fn *on_done;
    void *owner;
};

struct world {
    struct fake_env fake;
    struct label_store labels;
    struct rules_counters counters;
    struct rules_shared shared;
    struct tpl_set *templates;
    struct rule_conf rules[2];
    struct group_conf group;
    struct rule_files files;
    struct replay_options opt;
    struct list waiting;
    struct buf out;
    size_t asked, open, open_max, pushed, failures; // failures: of the next queries
    const char *failure;
    bool push_fails, is_busy, is_over;
    uint64_t samples;
    struct err err;
};

static struct query *start(void *owner, const struct query_request *r, query_done_fn *on_done,
                           void *done_owner)
{
    struct world *w = owner;
    struct query *q = mem_new(struct query);
    assert_true(r->is_range && r->step == INTERVAL);
    *q = (struct query){.start = r->start, .on_done = on_done, .owner = done_owner};
    list_insert_before(&w->waiting, &q->node);
    w->asked++;
    w->open++;
    w->open_max = MAX(w->open_max, w->open);
    return q;
}

static void cancel(struct query *q)
{
    list_remove(&q->node);
    mem_free(q);
}

// One series with one sample at the beginning of the piece.
static void answer(struct world *w, struct query *q)
{
    struct arena mem = {0};
    struct err err = ERR_INIT;
    struct sample sample = {1, q->start / DUR_MS(1)};
    struct label label = {S("job"), S("a")};
    struct series series = {&label, 1, &sample, 1};
    struct query_result result = {.series = &series, .count = 1};
    struct query_outcome outcome = {.result = &result, .mem = &mem};
    if (w->failures) {
        w->failures--;
        outcome.result = NULL;
        err_set(&err, ERR_INVALID, "%s", w->failure);
    }
    list_remove(&q->node);
    w->open--;
    q->on_done(q->owner, &outcome, &err);
    mem_free(q);
    arena_done(&mem);
}

static bool push(void *owner, const struct series *series, size_t count, struct err *err)
{
    (void)series;
    struct world *w = owner;
    if (w->push_fails)
        return err_set(err, ERR_LIMIT, "queue is full");
    w->pushed += count;
    return true;
}

static bool is_busy(void *owner)
{
    return ((const struct world *)owner)->is_busy;
}

static void print(void *owner, str text)
{
    struct world *w = owner;
    buf_put(&w->out, text);
}

static void on_done(void *owner, uint64_t samples, const struct err *err)
{
    struct world *w = owner;
    w->is_over = true;
    w->samples = samples;
    w->err = *err;
}

static void world_init(struct world *w)
{
    *w = (struct world){
        .rules = {{.is_recording = true, .name = S("r"), .expr = S("x"), .id = 7},
                  {.name = S("a"), .expr = S("y"), .for_ns = DUR_MINUTES(5), .id = 8}},
        .group = {.name = S("g"), .interval = INTERVAL, .concurrency = 1, .rule_count = 2},
        .files = {.refs = 1, .group_count = 1},
        .opt = {.max_datapoints = 20,
                .rules_delay = DUR_SECONDS(1),
                .retry_attempts = 3,
                .rule_concurrency = 2,
                .push = push,
                .is_busy = is_busy,
                .print = print},
        .failure = "connection refused",
    };
    fake_env_init(&w->fake);
    list_init(&w->waiting);
    label_store_init(&w->labels, 1);
    w->templates = rule_template_set_new();
    w->shared = (struct rules_shared){.env = &w->fake.env,
                                      .labels = &w->labels,
                                      .templates = {.base = w->templates, .env = &w->fake.env},
                                      .update_entries_limit = 1,
                                      .counters = &w->counters};
    w->group.rules = w->rules;
    w->files.groups = &w->group;
    w->opt.datasource = (struct datasource){w, start, cancel};
    w->opt.owner = w;
    assert_true(
        replay_read_range(&w->opt, S("2021-05-11T07:21:43Z"), S("2021-05-11T07:51:43Z"), 0, NULL));
}

static void world_done(struct world *w)
{
    tpl_set_free(w->templates);
    label_store_done(&w->labels);
    buf_done(&w->out);
    fake_env_done(&w->fake);
}

// Runs until it ends, or for `limit` of time.
static void run(struct world *w, dur_ns limit)
{
    struct replay *r = replay_start(&w->shared, &w->files, &w->opt, on_done, w);
    for (dur_ns t = 0; !w->is_over && t < limit; t += DUR_MS(100)) {
        fake_env_advance(&w->fake, DUR_MS(100));
        while (!list_is_empty(&w->waiting))
            answer(w, container_of(w->waiting.next, struct query, node));
    }
    replay_free(r);
}

static void says_what_it_does(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.group.limit = 3;
    w.group.concurrency = 2;
    run(&w, DUR_MINUTES(1));
    assert_true(w.is_over);
    check_str(err_str(&w.err), S(""));
    assert_int_equal(w.asked, 4);
    assert_int_equal(w.open_max, 2);
    assert_int_equal(w.samples, 2 + 4); // an alert's sample gives two
    assert_int_equal(w.pushed, 6);
    check_str(buf_str(&w.out),
              S("Replay mode:\n"
                "from: \t2021-05-11 07:21:43 +0000 UTC \n"
                "to: \t2021-05-11 07:51:43 +0000 UTC \n"
                "max data points per request: 20\n"
                "\n"
                "Group \"g\"\n"
                "interval: \t1m0s\n"
                "concurrency: \t 2\n"
                "requests to make per rule: \t2\n"
                "max range per request: \t20m0s\n"
                "\n"
                "Warning: `limit: 3` param has no effect during replay.\n"
                "\n"
                "Warning: group concurrency 2 will be ignored since `-replay.rulesDelay` is 1.000 "
                "seconds. Set -replay.rulesDelay=0 to enable concurrency for replay.\n"
                "> Rule \"r\" (ID: 7)\n"
                "> Rule \"a\" (ID: 8)\n"));
    world_done(&w);
}

static void failures(void **state)
{
    (void)state;
    static const struct {
        const char *failure, *error;
        size_t failures, asked;
        int64_t attempts;
        bool continues, push_fails;
    } ROWS[] = {
        {"connection refused", "", 2, 6, 3, false, false}, // tried again
        {"connection refused", "rule \"r\": connection refused", 9, 6, 3, false, false},
        {"unexpected response code 422 for x", "rule \"r\": unexpected response code 422 for x", 1,
         2, 3, false, false},
        {"unexpected response code 400 for x", "", 4, 4, 3, true, false}, // left out
        {"", "rule \"r\": remote write failure: queue is full", 0, 2, 3, false, true},
        {"", "", 0, 0, 0, false, false}, // no attempts: nothing is done
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct world w;
        world_init(&w);
        w.failure = ROWS[i].failure;
        w.failures = ROWS[i].failures;
        w.opt.retry_attempts = ROWS[i].attempts;
        w.opt.continues_with_errors = ROWS[i].continues;
        w.push_fails = ROWS[i].push_fails;
        run(&w, DUR_MINUTES(1));
        assert_true(w.is_over);
        check_str(err_str(&w.err), str_c(ROWS[i].error));
        assert_int_equal(w.asked, ROWS[i].asked);
        world_done(&w);
    }
}

static void waits_while_samples_are_on_their_way(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.is_busy = true;
    run(&w, DUR_SECONDS(10));
    assert_false(w.is_over);
    assert_int_equal(w.asked, 0);
    world_done(&w);
}

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        int64_t points;
        const char *error;
    } ROWS[] = {
        {"2021-05-11T07:21:43Z", "2021-05-11T07:21:43Z", 1,
         "replay.timeTo=2021-05-11 07:21:43 +0000 UTC must be bigger than "
         "replay.timeFrom=2021-05-11 07:21:43 +0000 UTC"},
        {"2021-05-11T07:21:43Z", "", 1, ""},
        {"2021-05-11T07:21:43.5+02:00", "2021-05-11T07:21:43-02:00", 1, ""},
        {"2021-05-11T07:21:43Z", "", 0, "replay.maxDatapointsPerQuery can't be lower than 1"},
        {"2021-05-11", "", 1,
         "failed to parse replay.timeFrom=\"2021-05-11\": parsing time \"2021-05-11\" as "
         "\"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\""},
        {"2021-05-11T07:21:43Z", "x", 1,
         "failed to parse replay.timeTo=\"x\": parsing time \"x\" as "
         "\"2006-01-02T15:04:05Z07:00\": cannot parse \"x\" as \"2006\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct replay_options opt = {.max_datapoints = ROWS[i].points};
        struct err err = ERR_INIT;
        replay_read_range(&opt, str_c(ROWS[i].from), str_c(ROWS[i].to),
                          DUR_SECONDS(INT64_C(1700000000)), &err);
        check_str(err_str(&err), str_c(ROWS[i].error));
    }
}

int test_replay(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_does),
        cmocka_unit_test(failures),
        cmocka_unit_test(waits_while_samples_are_on_their_way),
        cmocka_unit_test(ranges),
    };
    return run_group("replay", tests);
}
