// SPDX-License-Identifier: Apache-2.0
// The kinds of world, and what is forgiven in each.
#include "tests/sim/alertmanager/lab.h"

const char *const scenario_names[SCENARIO_COUNT] = {"healthy", "lossy",   "partition", "crash",
                                                    "lone",    "failing", "rolling"};

// Twenty seeds in a row hold each kind that often.
static const enum scenario SCHEDULE[20] = {
    HEALTHY, LOSSY, CRASH, LONE,  LOSSY,   CRASH, PARTITION, CRASH, HEALTHY, FAILING,
    LOSSY,   CRASH, LONE,  LOSSY, ROLLING, CRASH, PARTITION, LONE,  HEALTHY, LOSSY,
};

#define LOSS_PERCENT 20
#define SLACK        DUR_SECONDS(5)

static dur_ns draw_seconds(struct lab *lab, int64_t min, int64_t max)
{
    return DUR_SECONDS(min + (int64_t)sim_random_below(lab->world, (uint64_t)(max - min + 1)));
}

// How long it may take until a state is told: it is posted, waits for the group's flush, and where
// peers may be away for those behind them, and for restarts.
static dur_ns told_bound(const struct plan *p)
{
    dur_ns bound = p->send_interval + MAX(p->group_wait, p->group_interval) + p->group_interval +
                   2 * p->answer_max + SLACK;
    switch (p->scenario) {
    case HEALTHY:
        return bound;
    case LOSSY: // lost segments of a stream come again after a while
        return bound + DUR_SECONDS(10);
    case PARTITION:
    case FAILING:
        return bound + 2 * p->peer_timeout + DUR_SECONDS(90);
    case CRASH:
    case LONE:
    case ROLLING: // a restart, its settling, and time for senders to speak
        return bound + p->down_max + 2 * p->peer_timeout + DUR_MINUTES(1);
    case SCENARIO_COUNT:
        break;
    }
    return 0;
}

// "Once" needs group intervals that are longer than the last peer waits: else the first one's next
// flush, and the turn of one that saw the news a moment earlier, come at the same time.
static dur_ns draw_group_interval(struct lab *lab)
{
    const struct plan *p = &lab->plan;
    return (dur_ns)(p->peer_count - 1) * p->peer_timeout + draw_seconds(lab, 10, 60);
}

void plan_draw(struct lab *lab, uint64_t seed)
{
    struct plan *p = &lab->plan;
    p->scenario = SCHEDULE[seed % ARRAY_LEN(SCHEDULE)];
    p->peer_count = p->scenario == LONE ? 1 : PEERS_MAX;
    p->sender_count = 1 + sim_random_below(lab->world, SENDERS_MAX);
    p->group_count = 1 + sim_random_below(lab->world, GROUPS_MAX);
    p->group_wait = draw_seconds(lab, 0, 10);
    p->peer_timeout = draw_seconds(lab, 2, 4) * 5;
    p->group_interval = draw_group_interval(lab);
    p->repeat_interval = 3 * p->group_interval + draw_seconds(lab, 60, 300);
    p->send_interval = draw_seconds(lab, 15, 60);
    p->answer_max = sim_chance(lab->world, 50) ? DUR_SECONDS(1) : 0;
    p->has_fixed_names = sim_chance(lab->world, 50);
    p->has_dns_name = sim_chance(lab->world, 50);
    p->down_max = DUR_SECONDS(60);
    if (p->scenario == LONE && sim_chance(lab->world, 40)) // longer than any promise of a sender
        p->down_max = DUR_MINUTES(6);
    p->bound = told_bound(p);
    p->lag = p->send_interval + 2 * p->answer_max + SLACK;
    lab->duplicates_until = -1;
}

// ---- scenarios ---------------------------------------------------------------------------------

static void run_until(struct lab *lab, mono_ns at)
{
    sim_run(lab->world, MAX(at - sim_now(lab->world), 0));
}

// Everything is over: the last ends are told, then there is silence.
static void end_in_silence(struct lab *lab)
{
    run_until(lab, lab->plan.end + lab->plan.bound + DUR_SECONDS(1));
    lab->quiet_from = sim_now(lab->world);
    sim_run(lab->world, 2 * lab->plan.group_interval + 2 * lab->plan.peer_timeout);
}

static mono_ns draw_moment(struct lab *lab)
{
    return DUR_SECONDS(20) +
           (dur_ns)sim_random_below(lab->world, (uint64_t)(lab->plan.end - DUR_SECONDS(20)));
}

static void lose_datagrams(struct lab *lab)
{
    const struct sim_link_options loss = {.loss_percent = LOSS_PERCENT};
    for (size_t i = 0; i < lab->plan.peer_count; i++) {
        for (size_t j = 0; j < lab->plan.peer_count; j++) {
            if (i != j)
                sim_link_set(lab->peers[i].machine, lab->peers[j].machine, &loss);
        }
    }
}

static void run_partition(struct lab *lab)
{
    static const char *const sides[] = {"am-0 | am-1 am-2", "am-1 | am-0 am-2", "am-2 | am-0 am-1",
                                        "am-0 | am-1 | am-2"};
    run_until(lab, draw_moment(lab));
    const char *side = sides[sim_random_below(lab->world, ARRAY_LEN(sides))];
    sim_note(lab->world, "partition %s", side);
    sim_partition(lab->world, side);
    lab->duplicates_from = sim_now(lab->world);
    lab->duplicates_until = INT64_MAX;
    sim_run(lab->world, draw_seconds(lab, 10, 240));
    sim_note(lab->world, "healed");
    sim_heal(lab->world);
    // They find each other again, exchange their logs, and what was under way comes to its end.
    lab->duplicates_until = sim_now(lab->world) + DUR_SECONDS(30) + lab->plan.answer_max;
}

static void run_failing(struct lab *lab)
{
    run_until(lab, draw_moment(lab));
    lab->failing_until = sim_now(lab->world) + draw_seconds(lab, 1, 60);
    lab->duplicates_from = lab->failing_until;
    // Peers that wait between two attempts find the log's news before the next.
    lab->duplicates_until = lab->failing_until + DUR_SECONDS(120);
}

static void run_rolling(struct lab *lab)
{
    run_until(lab, draw_moment(lab));
    lab->duplicates_from = sim_now(lab->world);
    lab->duplicates_until = INT64_MAX;
    for (size_t i = 0; i < lab->plan.peer_count; i++) {
        struct peer *p = &lab->peers[i];
        sim_note(lab->world, "stop am-%zu", i);
        peer_stop(p);
        sim_run(lab->world, draw_seconds(lab, 1, 20));
        sim_node_restart(p->machine);
        peer_start(p);
        sim_run(lab->world, draw_seconds(lab, 20, 40));
    }
}

static void run_crash(struct lab *lab)
{
    crash_arm(lab);
    lab->crash.forgiven = lab->crash.down + 2 * lab->plan.peer_timeout + DUR_SECONDS(60);
}

void scenario_run(struct lab *lab)
{
    switch (lab->plan.scenario) {
    case HEALTHY:
        break;
    case LOSSY:
        lose_datagrams(lab);
        break;
    case PARTITION:
        run_partition(lab);
        break;
    case CRASH:
    case LONE:
        run_crash(lab);
        break;
    case FAILING:
        run_failing(lab);
        break;
    case ROLLING:
        run_rolling(lab);
        break;
    case SCENARIO_COUNT:
        break;
    }
    end_in_silence(lab);
}
