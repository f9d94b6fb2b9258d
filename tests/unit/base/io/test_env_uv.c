// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "tests/unit/base/io/loop.h"

// ---- timers --------------------------------------------------------------------------------

struct shot {
    struct timer timer;
    struct shots *shots;
    int id;
};

struct shots {
    struct shot shot[8];
    int order[16];
    int count;
    struct loop *loop;
    bool is_inside;
};

static void on_shot(void *owner)
{
    struct shot *s = owner;
    assert_false(s->shots->is_inside);
    s->shots->order[s->shots->count++] = s->id;
    if (s->id == 0) { // set from inside: comes in a later turn, never at once
        s->shots->is_inside = true;
        env_timer_after(s->shots->loop->env, &s->shots->shot[5].timer, 0);
        s->shots->is_inside = false;
    }
}

static void timers_fire_in_order_of_deadline_then_of_setting(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct shots shots = {.loop = &l};
    for (int i = 0; i < 8; i++) {
        shots.shot[i].shots = &shots;
        shots.shot[i].id = i;
        timer_init(&shots.shot[i].timer, on_shot, &shots.shot[i]);
    }
    mono_ns now = env_mono(l.env);
    env_timer_set(l.env, &shots.shot[4].timer, now + DUR_MS(20));
    env_timer_set(l.env, &shots.shot[3].timer, now + DUR_MS(5));
    env_timer_set(l.env, &shots.shot[2].timer, now + DUR_MS(5));
    env_timer_set(l.env, &shots.shot[0].timer, now);
    env_timer_set(l.env, &shots.shot[1].timer, now);
    env_timer_set(l.env, &shots.shot[6].timer, now + DUR_MS(1));
    env_timer_cancel(l.env, &shots.shot[6].timer);
    env_timer_cancel(l.env, &shots.shot[7].timer); // not set
    assert_int_equal(shots.count, 0);
    loop_wait(&l, &shots.count, 6);
    const int want[] = {0, 1, 5, 3, 2, 4};
    assert_memory_equal(shots.order, want, sizeof(want));
    assert_true(env_mono(l.env) >= now + DUR_MS(20));
    loop_done(&l);
}

// ---- clock, chance -------------------------------------------------------------------------

static void clocks_and_randomness_are_plausible(void **state)
{
    (void)state;
    struct loop l, other;
    loop_init(&l);
    loop_init(&other);
    assert_true(env_now(l.env) > DUR_DAYS(365) * 50);
    mono_ns before = env_mono(l.env);
    assert_true(env_mono(l.env) >= before);
    assert_true(env_random(l.env) != env_random(l.env));
    assert_true(env_random(l.env) != env_random(other.env)); // each has its own seed

    setenv("TZ", "UTC-3", 1); // three hours east
    tzset();
    assert_int_equal(env_utc_offset_s(l.env, DUR_DAYS(1)), 3 * 3600);
    assert_int_equal(env_utc_offset_s(l.env, -1), 3 * 3600);
    unsetenv("TZ");
    tzset();
    loop_done(&other);
    loop_done(&l);
}

// ---- signals -------------------------------------------------------------------------------

struct signals {
    int count;
    int last;
};

static void on_signal(void *owner, int signum)
{
    struct signals *s = owner;
    s->count++;
    s->last = signum;
}

static void signals_reach_their_handlers(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct signals hup = {0}, also = {0}, usr = {0};
    env_uv_on_signal(l.env, SIGHUP, on_signal, &hup);
    env_uv_on_signal(l.env, SIGHUP, on_signal, &also);
    env_uv_on_signal(l.env, SIGUSR1, on_signal, &usr);
    kill(getpid(), SIGHUP);
    loop_wait(&l, &also.count, 1);
    assert_int_equal(hup.count, 1);
    assert_int_equal(hup.last, SIGHUP);
    assert_int_equal(usr.count, 0);
    kill(getpid(), SIGUSR1);
    loop_wait(&l, &usr.count, 1);
    loop_done(&l);
}

// ---- workers -------------------------------------------------------------------------------

struct work {
    pthread_t core;
    bool ran_elsewhere;
    bool ended_on_core;
    uint64_t sum;
    int *done;
};

static void work_run(void *job)
{
    struct work *w = job;
    w->ran_elsewhere = !pthread_equal(pthread_self(), w->core);
    for (uint64_t i = 0; i < 1000; i++)
        w->sum += i;
}

static void work_done(void *job)
{
    struct work *w = job;
    w->ended_on_core = pthread_equal(pthread_self(), w->core);
    ++*w->done;
}

static void jobs_run_on_workers_and_end_on_the_core_thread(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct work work[32];
    int done = 0;
    for (size_t i = 0; i < ARRAY_LEN(work); i++) {
        work[i] = (struct work){.core = pthread_self(), .done = &done};
        env_work(l.env, work_run, work_done, &work[i]);
    }
    assert_int_equal(done, 0);
    loop_wait(&l, &done, ARRAY_LEN(work));
    for (size_t i = 0; i < ARRAY_LEN(work); i++) {
        assert_true(work[i].ran_elsewhere);
        assert_true(work[i].ended_on_core);
        assert_int_equal(work[i].sum, 499500);
    }
    loop_done(&l);
}

static void freeing_waits_for_jobs(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    int done = 0;
    struct work work = {.core = pthread_self(), .done = &done};
    env_work(l.env, work_run, work_done, &work);
    loop_done(&l);
    assert_int_equal(done, 1);
}

// ---- turns, log ----------------------------------------------------------------------------

struct turns {
    int count;
    dur_ns busy_max;
};

static void on_turn(void *owner, dur_ns busy)
{
    struct turns *t = owner;
    t->count++;
    t->busy_max = MAX(t->busy_max, busy);
}

static void burn(void *owner)
{
    struct env *env = owner;
    for (mono_ns end = env_mono(env) + DUR_MS(30); env_mono(env) < end;)
        ;
}

static void busy_turns_are_reported_and_waiting_is_not(void **state)
{
    (void)state;
    struct turns turns = {0};
    struct loop l;
    loop_init_with(&l, &(struct env_uv_options){.on_turn = on_turn, .owner = &turns});
    struct timer timer;
    timer_init(&timer, burn, l.env);
    env_timer_after(l.env, &timer, DUR_MS(1));
    loop_run_for(&l, DUR_MS(500));
    assert_true(turns.count >= 2);
    assert_true(turns.busy_max >= DUR_MS(30));
    assert_true(turns.busy_max < DUR_MS(400)); // the half second was spent waiting
    loop_done(&l);
}

static void log_lines_go_to_stderr_at_once(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct log_sink sink;
    env_uv_log_sink_init(&sink, l.env);
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    int saved = dup(STDERR_FILENO);
    dup2(pipe_fds[1], STDERR_FILENO);
    log_info(&l.env->log, "hello there", LOG_INT("n", 7));
    log_debug(&l.env->log, "not written");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipe_fds[1]);
    char line[512] = "";
    ssize_t n = read(pipe_fds[0], line, sizeof(line) - 1);
    close(pipe_fds[0]);
    assert_true(n > 0);
    assert_true(str_starts(str_c(line), S("time=20")));
    assert_true(str_ends(str_c(line), S(" msg=\"hello there\" n=7\n")));
    loop_done(&l);
}

int test_env_uv(void);
int test_env_uv(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_of_deadline_then_of_setting),
        cmocka_unit_test(clocks_and_randomness_are_plausible),
        cmocka_unit_test(signals_reach_their_handlers),
        cmocka_unit_test(jobs_run_on_workers_and_end_on_the_core_thread),
        cmocka_unit_test(freeing_waits_for_jobs),
        cmocka_unit_test(busy_turns_are_reported_and_waiting_is_not),
        cmocka_unit_test(log_lines_go_to_stderr_at_once),
    };
    return run_group("base/io/env_uv", tests);
}
