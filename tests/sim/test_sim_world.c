// SPDX-License-Identifier: Apache-2.0
// Time, timers, jobs, clocks, crashes, freezes, determinism.
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"

#include "base/core/alloc.h"

static struct sim_world *world_new(uint64_t seed)
{
    return sim_world_new(&(struct sim_options){.seed = seed});
}

// ---- timers --------------------------------------------------------------------------------

struct recorder {
    struct env *env;
    struct timer timers[4];
    int order[8];
    int count;
    mono_ns at[8];
};

#define ON_TIMER(i)                                                                                \
    static void on_timer_##i(void *owner)                                                          \
    {                                                                                              \
        struct recorder *r = owner;                                                                \
        r->at[r->count] = env_mono(r->env);                                                        \
        r->order[r->count++] = (i);                                                                \
    }
ON_TIMER(0)
ON_TIMER(1)
ON_TIMER(2)

static void timers_fire_by_deadline_then_by_start(void **state)
{
    (void)state;
    struct sim_world *w = world_new(1);
    struct recorder r = {.env = sim_node_env(sim_node_new(w, "a", "10.0.0.1"))};
    timer_init(&r.timers[0], on_timer_0, &r);
    timer_init(&r.timers[1], on_timer_1, &r);
    timer_init(&r.timers[2], on_timer_2, &r);
    env_timer_after(r.env, &r.timers[0], DUR_MS(20));
    env_timer_after(r.env, &r.timers[1], DUR_MS(10));
    env_timer_after(r.env, &r.timers[2], DUR_MS(10));
    assert_int_equal(r.count, 0);
    sim_run(w, DUR_MS(9));
    assert_int_equal(r.count, 0);
    sim_run(w, DUR_MS(1));
    assert_int_equal(r.count, 2);
    sim_run(w, DUR_MS(100));
    const int want[] = {1, 2, 0};
    assert_memory_equal(r.order, want, sizeof(want));
    assert_int_equal(r.at[2], DUR_MS(20));
    assert_int_equal(sim_now(w), DUR_MS(110));
    sim_world_free(w);
}

static void a_timer_can_be_moved_and_cancelled(void **state)
{
    (void)state;
    struct sim_world *w = world_new(1);
    struct recorder r = {.env = sim_node_env(sim_node_new(w, "a", "10.0.0.1"))};
    timer_init(&r.timers[0], on_timer_0, &r);
    timer_init(&r.timers[1], on_timer_1, &r);
    env_timer_after(r.env, &r.timers[0], DUR_MS(10));
    env_timer_after(r.env, &r.timers[1], DUR_MS(20));
    env_timer_after(r.env, &r.timers[0], DUR_MS(30));
    env_timer_cancel(r.env, &r.timers[1]);
    env_timer_cancel(r.env, &r.timers[1]);
    assert_false(timer_is_set(&r.timers[1]));
    sim_run(w, DUR_SECONDS(1));
    assert_int_equal(r.count, 1);
    assert_int_equal(r.at[0], DUR_MS(30));
    // A deadline in the past fires, but not inside the call.
    env_timer_set(r.env, &r.timers[1], 5);
    assert_int_equal(r.count, 1);
    sim_run(w, 0);
    assert_int_equal(r.count, 2);
    sim_world_free(w);
}

static void clocks_drift_and_jump(void **state)
{
    (void)state;
    struct sim_world *w = world_new(1);
    struct sim_node *node = sim_node_new(w, "a", "10.0.0.1");
    struct recorder r = {.env = sim_node_env(node)};
    sim_clock_drift(node, 500); // fast by 500 ppm
    timer_init(&r.timers[0], on_timer_0, &r);
    env_timer_set(r.env, &r.timers[0], DUR_SECONDS(1000));
    sim_run(w, DUR_MS(999499));
    assert_int_equal(r.count, 0);
    sim_run(w, DUR_MS(2));
    assert_int_equal(r.count, 1);
    assert_in_range(r.at[0], DUR_SECONDS(1000), DUR_SECONDS(1000) + 10);
    assert_int_equal(env_now(r.env) - sim_true_time(w), env_mono(r.env) - sim_now(w));
    mono_ns before = env_mono(r.env);
    sim_clock_jump(node, -DUR_HOURS(1));
    assert_int_equal(env_mono(r.env), before);
    assert_true(env_now(r.env) < sim_true_time(w) - DUR_MINUTES(59));
    sim_node_utc_offset(node, 3600);
    assert_int_equal(env_utc_offset_s(r.env, 0), 3600);
    sim_world_free(w);
}

// ---- jobs ----------------------------------------------------------------------------------

struct job {
    int *ran, *done;
};

static void job_run(void *job)
{
    ++*((struct job *)job)->ran;
}

static void job_done(void *job)
{
    ++*((struct job *)job)->done;
    mem_free(job);
}

static void start_job(struct env *e, int *ran, int *done)
{
    struct job *job = mem_new(struct job);
    *job = (struct job){ran, done};
    env_work(e, job_run, job_done, job);
}

static void jobs_run_later(void **state)
{
    (void)state;
    struct sim_world *w = world_new(1);
    struct sim_node *node = sim_node_new(w, "a", "10.0.0.1");
    int ran = 0, done = 0;
    start_job(sim_node_env(node), &ran, &done);
    assert_int_equal(ran + done, 0);
    sim_run(w, DUR_SECONDS(1));
    assert_int_equal(ran, 1);
    assert_int_equal(done, 1);
    assert_int_equal(sim_node_open_count(node), 0);
    sim_world_free(w);
}

// ---- crash and restart ---------------------------------------------------------------------

static void a_dead_process_has_no_effect(void **state)
{
    (void)state;
    struct sim_world *w = world_new(1);
    struct sim_node *node = sim_node_new(w, "a", "10.0.0.1");
    struct recorder r = {.env = sim_node_env(node)};
    int ran = 0, done = 0;
    timer_init(&r.timers[0], on_timer_0, &r);
    timer_init(&r.timers[1], on_timer_1, &r);
    env_timer_after(r.env, &r.timers[0], DUR_MS(10));
    start_job(r.env, &ran, &done);
    assert_int_equal(sim_node_open_count(node), 2);
    sim_node_crash(node);
    assert_int_equal(done, 1); // its memory has no other owner
    assert_false(sim_node_is_alive(node));
    assert_false(timer_is_set(&r.timers[0]));
    env_timer_after(r.env, &r.timers[1], DUR_MS(10));
    assert_false(timer_is_set(&r.timers[1]));
    sim_run(w, DUR_SECONDS(1));
    assert_int_equal(r.count, 0);

    sim_node_restart(node);
    assert_true(sim_node_is_alive(node));
    r.env = sim_node_env(node);
    assert_int_equal(env_mono(r.env), DUR_SECONDS(1)); // the machine's clock went on
    env_timer_after(r.env, &r.timers[1], DUR_MS(10));
    sim_run(w, DUR_SECONDS(1));
    assert_int_equal(r.count, 1);
    sim_world_free(w);
}

static void a_new_process_has_new_dice(void **state)
{
    (void)state;
    uint64_t first[2], second[2], other;
    for (int i = 0; i < 2; i++) {
        struct sim_world *w = world_new(77);
        struct sim_node *a = sim_node_new(w, "a", "10.0.0.1");
        other = env_random(sim_node_env(sim_node_new(w, "b", "10.0.0.2")));
        first[i] = env_random(sim_node_env(a));
        sim_node_restart(a);
        second[i] = env_random(sim_node_env(a));
        assert_true(first[i] != second[i] && first[i] != other);
        sim_world_free(w);
    }
    assert_true(first[0] == first[1] && second[0] == second[1]);
}

// ---- frozen and slow -----------------------------------------------------------------------

static void a_frozen_node_catches_up(void **state)
{
    (void)state;
    struct sim_world *w = world_new(1);
    struct sim_node *node = sim_node_new(w, "a", "10.0.0.1");
    struct recorder r = {.env = sim_node_env(node)};
    timer_init(&r.timers[0], on_timer_0, &r);
    timer_init(&r.timers[1], on_timer_1, &r);
    env_timer_after(r.env, &r.timers[0], DUR_MS(10));
    env_timer_after(r.env, &r.timers[1], DUR_MS(20));
    sim_node_freeze(node);
    sim_run(w, DUR_SECONDS(5));
    assert_int_equal(r.count, 0);
    sim_node_thaw(node);
    sim_run(w, 0);
    assert_int_equal(r.count, 2);
    assert_int_equal(r.order[0], 0);
    assert_int_equal(r.at[0], DUR_SECONDS(5));
    sim_world_free(w);
}

static void a_slow_node_handles_one_event_at_a_time(void **state)
{
    (void)state;
    struct sim_world *w = world_new(1);
    struct sim_node *node = sim_node_new(w, "a", "10.0.0.1");
    struct recorder r = {.env = sim_node_env(node)};
    sim_node_slow(node, DUR_MS(100));
    timer_init(&r.timers[0], on_timer_0, &r);
    timer_init(&r.timers[1], on_timer_1, &r);
    timer_init(&r.timers[2], on_timer_2, &r);
    for (int i = 0; i < 3; i++)
        env_timer_after(r.env, &r.timers[i], DUR_MS(10));
    sim_run(w, DUR_SECONDS(1));
    assert_int_equal(r.count, 3);
    assert_int_equal(r.at[0], DUR_MS(10));
    assert_int_equal(r.at[1], DUR_MS(110));
    assert_int_equal(r.at[2], DUR_MS(210));
    sim_world_free(w);
}

// ---- the script, the hook, the log ---------------------------------------------------------

static void count_up(void *ctx)
{
    ++*(int *)ctx;
}

static bool is_two(void *ctx)
{
    return *(int *)ctx == 2;
}

static void on_event(struct sim_world *w, void *ctx)
{
    assert_true(sim_event_count(w) > 0);
    ++*(int *)ctx;
}

static void the_script_runs_in_time(void **state)
{
    (void)state;
    struct sim_world *w = world_new(1);
    int steps = 0, events = 0;
    sim_on_event(w, on_event, &events);
    sim_at(w, DUR_SECONDS(1), count_up, &steps);
    sim_at(w, DUR_SECONDS(2), count_up, &steps);
    sim_at(w, DUR_SECONDS(3), count_up, &steps);
    assert_true(sim_run_until(w, is_two, &steps, DUR_MINUTES(1)));
    assert_int_equal(sim_now(w), DUR_SECONDS(2));
    assert_true(sim_step(w));
    assert_false(sim_step(w));
    assert_int_equal(events, 3);
    assert_false(sim_run_until(w, is_two, &steps, DUR_MINUTES(1)));
    assert_int_equal(sim_now(w), DUR_SECONDS(63));
    sim_at(w, DUR_SECONDS(1), count_up, &steps); // freed with the world
    sim_world_free(w);
}

static void the_log_has_time_and_node(void **state)
{
    (void)state;
    struct sim_world *w = sim_world_new(&(struct sim_options){.seed = 5, .log_level = "info"});
    struct env *e = sim_node_env(sim_node_new(w, "n1", "10.0.0.1"));
    sim_run(w, DUR_MS(1500));
    log_info(&e->log, "hello", LOG_INT("x", 1));
    log_debug(&e->log, "too much");
    char text[1024] = "";
    FILE *f = fmemopen(text, sizeof(text), "w");
    sim_dump_log(w, f);
    fclose(f);
    assert_non_null(strstr(text, "1.500000 n1   time=2026-01-05T00:00:01.500Z level=INFO"));
    assert_non_null(strstr(text, "msg=hello x=1\n"));
    assert_null(strstr(text, "too much"));
    assert_ptr_equal(sim_world_last(), w);
    sim_world_free(w);
    assert_null(sim_world_last());
}

int test_sim_world(void);
int test_sim_world(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_by_deadline_then_by_start),
        cmocka_unit_test(a_timer_can_be_moved_and_cancelled),
        cmocka_unit_test(clocks_drift_and_jump),
        cmocka_unit_test(jobs_run_later),
        cmocka_unit_test(a_dead_process_has_no_effect),
        cmocka_unit_test(a_new_process_has_new_dice),
        cmocka_unit_test(a_frozen_node_catches_up),
        cmocka_unit_test(a_slow_node_handles_one_event_at_a_time),
        cmocka_unit_test(the_script_runs_in_time),
        cmocka_unit_test(the_log_has_time_and_node),
    };
    return run_group("sim_world", tests);
}
