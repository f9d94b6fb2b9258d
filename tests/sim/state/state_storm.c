// SPDX-License-Identifier: Apache-2.0
// One alertmanager's states under kill -9, loss of power, full and failing disks, and a clock that
// jumps: whatever was said to be durable is there after every start.
#include "alertmanager/nflog.h"
#include "alertmanager/silence.h"
#include "base/core/alloc.h"
#include "tests/sim/seeds.h"
#include "tests/support/check.h"

enum { KEYS = 6, SILENCES_MAX = 400, STEPS = 400 };

struct storm {
    struct sim_world *world;
    struct sim_node *node;
    struct nflog *log;
    struct silences *silences;
    struct arena mem; // of the writes under way
    uint64_t next_number;
    uint64_t durable[KEYS]; // the newest number said to be durable
    struct {
        char id[SILENCE_ID_BYTES];
        time_ns updated_at; // said to be durable; TIME_MIN: not yet
    } made[SILENCES_MAX];
    size_t made_count;
    unsigned closed;
    bool is_disk_bad;
    bool was_disk_bad; // since the last start that found no damage
    mono_ns bad_until; // what began on a bad disk may still fail
};

struct write { // waits for its callback
    struct storm *storm;
    size_t which;
    uint64_t number;
    time_ns updated_at;
};

static struct write *write_new(struct storm *s, size_t which)
{
    struct write *w = arena_new(&s->mem, struct write);
    *w = (struct write){.storm = s, .which = which, .number = s->next_number++};
    return w;
}

// ---- life of the program -----------------------------------------------------------------------

// Torn tails are no damage. An append that a bad disk took in part is, once others stand behind it.
static void check_report(const struct storm *s, const struct journal_report *report)
{
    if (!s->was_disk_bad)
        assert_int_equal(report->damage.code, ERR_NONE);
    assert_int_equal(report->bad_records, 0);
}

static void check_everything_durable_is_there(struct storm *s)
{
    for (size_t i = 0; i < KEYS; i++) {
        char key = (char)('a' + i);
        struct nflog_receiver r = {S("r"), S("webhook"), 0};
        const struct nflog_entry *e = nflog_find(s->log, str_from(&key, 1), &r);
        if (s->durable[i] == 0)
            continue;
        assert_non_null(e);
        assert_in_range(nflog_entry_firing(e)[0], s->durable[i], s->next_number);
    }
    for (size_t i = 0; i < s->made_count; i++) {
        const struct silence *silence =
            silences_find(s->silences, str_from(s->made[i].id, SILENCE_ID_BYTES));
        if (s->made[i].updated_at == TIME_MIN)
            continue;
        assert_non_null(silence);
        assert_true(silence->updated_at >= s->made[i].updated_at);
    }
}

static void start(struct storm *s)
{
    struct env *env = sim_node_env(s->node);
    struct journal_report report;
    bool is_damaged = false; // until a fold has ended
    struct err err = ERR_INIT;
    struct nflog_options log = {.path = S("/data/nflog"), .retention = DUR_HOURS(10000)};
    s->log = nflog_new(env, &log, &report, &err);
    check_err(&err, "");
    check_report(s, &report);
    is_damaged |= report.is_journal_damaged;
    struct silences_options silences = {.path = S("/data/silences"), .retention = DUR_HOURS(10000)};
    s->silences = silences_new(env, &silences, &report, &err);
    check_err(&err, "");
    check_report(s, &report);
    is_damaged |= report.is_journal_damaged;
    check_everything_durable_is_there(s);
    s->was_disk_bad = is_damaged;
}

static void set_disk(struct storm *s, const struct sim_disk_options *options)
{
    if (s->is_disk_bad && !options)
        s->bad_until = sim_now(s->world) + DUR_MINUTES(1);
    s->is_disk_bad = options != NULL;
    s->was_disk_bad |= s->is_disk_bad;
    sim_disk_set(s->node, options);
}

static void check_error_has_a_cause(const struct storm *s)
{
    assert_true(s->is_disk_bad || sim_now(s->world) <= s->bad_until);
}

static void stop(struct storm *s)
{
    nflog_free(s->log);
    silences_free(s->silences);
    arena_clear(&s->mem);
    set_disk(s, NULL); // somebody made room
    sim_node_restart(s->node);
    start(s);
}

static void on_closed(void *owner, const struct err *err)
{
    struct storm *s = owner;
    s->closed++;
    if (err->code != ERR_NONE)
        check_error_has_a_cause(s);
}

static bool is_closed(void *ctx)
{
    return ((struct storm *)ctx)->closed == 2;
}

static void close_cleanly(struct storm *s)
{
    s->closed = 0;
    nflog_close(s->log, on_closed, s);
    silences_close(s->silences, on_closed, s);
    assert_true(sim_run_until(s->world, is_closed, s, DUR_MINUTES(5)));
    stop(s);
}

// ---- writes -------------------------------------------------------------------------------------

static void logged(void *owner, const struct err *err)
{
    struct write *w = owner;
    if (err->code == ERR_NONE)
        w->storm->durable[w->which] = MAX(w->storm->durable[w->which], w->number);
    else
        check_error_has_a_cause(w->storm);
}

static void write_log(struct storm *s)
{
    struct write *w = write_new(s, sim_random_below(s->world, KEYS));
    char key = (char)('a' + w->which);
    struct nflog_write entry = {
        .group_key = str_from(&key, 1),
        .receiver = {S("r"), S("webhook"), 0},
        .firing = &w->number,
        .firing_count = 1,
    };
    assert_non_null(nflog_record(s->log, &entry, logged, w, NULL));
}

static void silenced(void *owner, const struct err *err)
{
    struct write *w = owner;
    time_ns *known = &w->storm->made[w->which].updated_at;
    if (err->code == ERR_NONE)
        *known = MAX(*known, w->updated_at);
    else
        check_error_has_a_cause(w->storm);
}

static void write_silence(struct storm *s)
{
    if (s->made_count == SILENCES_MAX)
        return;
    struct write *w = write_new(s, s->made_count);
    struct silence_matcher m = {MATCH_EQ, S("a"), S("b")};
    struct silence_matcher_set set = {&m, 1};
    time_ns now = env_now(sim_node_env(s->node));
    struct silence_input in = {
        .sets = &set, .set_count = 1, .starts_at = now, .ends_at = now + DUR_HOURS(10)};
    const struct silence *silence = silences_set(s->silences, &in, silenced, w, NULL);
    assert_non_null(silence);
    memcpy(s->made[s->made_count].id, silence->id.p, SILENCE_ID_BYTES);
    s->made[s->made_count++].updated_at = TIME_MIN;
    w->updated_at = silence->updated_at;
}

static void expire_silence(struct storm *s)
{
    if (s->made_count == 0)
        return;
    struct write *w = write_new(s, sim_random_below(s->world, s->made_count));
    str id = str_from(s->made[w->which].id, SILENCE_ID_BYTES);
    if (silences_expire(s->silences, id, silenced, w, NULL))
        w->updated_at = silences_find(s->silences, id)->updated_at;
}

// ---- the storm ----------------------------------------------------------------------------------

static void weather(struct storm *s)
{
    static const struct sim_disk_options BAD[] = {
        {.bytes_max = 3000},
        {.write_error_percent = 50},
        {.is_read_only = true},
        {.latency_min = DUR_SECONDS(1), .latency_max = DUR_SECONDS(20)},
    };
    switch (sim_random_below(s->world, 6)) {
    case 0:
        sim_node_crash(s->node);
        stop(s);
        break;
    case 1:
        sim_node_power_loss(s->node);
        stop(s);
        break;
    case 2:
        close_cleanly(s);
        break;
    case 3:
        sim_clock_jump(s->node, (dur_ns)sim_random_below(s->world, DUR_HOURS(2)) - DUR_HOURS(1));
        break;
    case 4:
        set_disk(s, &BAD[sim_random_below(s->world, ARRAY_LEN(BAD))]);
        break;
    default:
        set_disk(s, NULL);
        sim_run(s->world, DUR_MINUTES(1)); // what failed before has been answered
        break;
    }
}

static void step(struct storm *s)
{
    uint64_t dice = sim_random_below(s->world, 100);
    if (dice < 50)
        write_log(s);
    else if (dice < 65)
        write_silence(s);
    else if (dice < 75)
        expire_silence(s);
    else if (dice < 80)
        nflog_maintain(s->log, NULL, NULL);
    else if (dice < 85)
        silences_maintain(s->silences, NULL, NULL);
    else if (dice < 92)
        weather(s);
    else
        sim_run(s->world, (dur_ns)sim_random_below(s->world, DUR_MS(20)));
}

static void storm(uint64_t seed, void *ctx)
{
    (void)ctx;
    struct storm s = {.next_number = 1};
    s.world = sim_world_new(&(struct sim_options){.seed = seed, .log_level = seeds_log_level()});
    s.node = sim_node_new(s.world, "0", "10.0.0.1");
    struct err err = ERR_INIT;
    assert_true(env_dir_make(sim_node_env(s.node), S("/data"), &err));
    start(&s);
    for (int i = 0; i < STEPS; i++)
        step(&s);
    // When the disk is well again every write succeeds.
    set_disk(&s, NULL);
    sim_run(s.world, DUR_MINUTES(1));
    for (int i = 0; i < 20; i++)
        write_log(&s);
    uint64_t last = s.next_number - 1;
    sim_run(s.world, DUR_MINUTES(1));
    uint64_t newest = 0;
    for (size_t i = 0; i < KEYS; i++)
        newest = MAX(newest, s.durable[i]);
    assert_int_equal(newest, last);
    close_cleanly(&s);
    sim_node_crash(s.node);
    nflog_free(s.log);
    silences_free(s.silences);
    arena_done(&s.mem);
    sim_world_free(s.world);
}

int main(int argc, char **argv)
{
    return seeds_main(argc, argv, &(struct seeds){.run = storm, .count = 100});
}
