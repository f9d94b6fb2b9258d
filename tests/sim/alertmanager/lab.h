// SPDX-License-Identifier: Apache-2.0
// lab.h: three alertmanagers, the rule evaluators that feed them and the receiver they tell, in one
// simulated world; and the judge who compares what the receiver was told with what was true.
//
// The truth is a script drawn from the seed: subjects (alerts) in groups, each with episodes during
// which it fires. Senders post what is true to every peer, again and again, as rule evaluators do.
// The receiver's view of a subject is what the last message that named it said.
//
// What the judge demands, after every event:
//   told       A state of a subject that has lasted `bound` is what the receiver's view shows (a
//              subject never named counts as resolved). So each alert is told at least once, and
//              its end, too.
//   true       A message shows no state that was over for longer than `lag`, and no end that has
//   not
//              come.
//   once       A message that names only states which the view shows already is a duplicate, unless
//              repeat_interval has passed since the group's message before it. Healthy and lossy
//              worlds have none; elsewhere they are counted and bounded by the scenario.
//              A lone alertmanager may repeat after kill -9 what its log on the disk does not have,
//              and nothing else.
//   quiet      Once all is over and told, nothing is sent any more.
//
// world.c: machines and programs. truth.c: the script. sender.c, receiver.c: its two ends. judge.c:
// the rules above. crash.c: where kill -9 strikes. scenario.c: the kinds of world. main.c: seeds,
// sums.
#pragma once
#include <stdatomic.h>

#include "alertmanager/app.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"

#define PEERS_MAX    3
#define SENDERS_MAX  2
#define SUBJECTS_MAX 10
#define GROUPS_MAX   4
#define EPISODES_MAX 4

enum scenario {
    HEALTHY,   // nothing goes wrong; the receiver may be slow
    LOSSY,     // 20 % of the datagrams between peers are lost
    PARTITION, // one, healed after some minutes
    CRASH,     // kill -9 at one step of one notification, restart later
    LONE,      // the same with one alertmanager that has no cluster
    FAILING,   // the receiver refuses everything for a while
    ROLLING,   // each peer is stopped and started again, one after another
    SCENARIO_COUNT
};

enum crash_step {   // of a notification
    CRASH_BEFORE,   // around the moment when the group's timer fires
    CRASH_SENT,     // the request has arrived at the receiver
    CRASH_ANSWERED, // the answer is on its way, or has just arrived
    CRASH_LOGGED,   // the log has the entry: before or after it is on the disk, before or after
                    // gossip
    CRASH_HEARD,    // another peer has merged the entry
    CRASH_STEP_COUNT
};

// Sums over all seeds, in memory shared by the runner's children.
struct totals {
    atomic_ullong seeds[SCENARIO_COUNT], messages[SCENARIO_COUNT], duplicates[SCENARIO_COUNT];
    atomic_ullong kills[CRASH_STEP_COUNT][PEERS_MAX + 1]; // by victim, see struct crash
};

// ---- the truth ---------------------------------------------------------------------------------

struct episode {
    mono_ns start, end;
};

enum view { VIEW_NONE, VIEW_FIRING, VIEW_RESOLVED };

struct subject {
    char alertname[32], instance[32]; // its labels; groups are by alertname
    size_t group;
    struct episode episodes[EPISODES_MAX];
    size_t episode_count;

    enum view view; // what the receiver was told last
    const struct episode *told;
};

struct topic { // a group as the receiver sees it
    mono_ns told_at;
    uint64_t messages, duplicates;
    uint64_t duplicates_in_row; // since the last message with news
    bool is_forgotten;          // the last message is in nobody's log
};

// ---- who takes part ----------------------------------------------------------------------------

struct lab;

struct peer {
    struct lab *lab;
    struct sim_node *machine;
    struct am *am; // NULL: it is down
    struct arena mem;
    char name[32], listen[48], web[48];
    uint64_t starts;
    bool is_stopped; // am_stop has ended
};

struct path { // from a sender to one peer
    struct sender *sender;
    size_t peer;
    dur_ns offset; // of the sender's tick
    struct timer timer;
    struct http_call *call;
    bool is_due; // a tick came during a call
};

struct sender {
    struct lab *lab;
    struct sim_node *machine;
    struct timer timer;
    struct path paths[PEERS_MAX];
};

struct plan { // drawn from the seed
    enum scenario scenario;
    size_t peer_count, sender_count, group_count;
    dur_ns group_wait, group_interval, repeat_interval;
    dur_ns peer_timeout;
    dur_ns send_interval;
    dur_ns answer_max; // the receiver answers within
    dur_ns down_max;   // after a crash
    bool has_fixed_names, has_dns_name;
    dur_ns bound, lag; // see above
    mono_ns end;       // the last episode's
};

struct crash {
    enum crash_step step;
    uint64_t occasion; // strikes when the step happens for the n-th time
    size_t victim;     // counted from the peer that does the step; PEERS_MAX: all
    uint64_t events;   // later
    dur_ns down;
    dur_ns forgiven; // duplicates so long after the strike
    bool is_armed, is_fuse_lit;
    size_t actor;
    uint64_t fuse; // events left
    uint64_t count;
    mono_ns struck_at; // 0: not yet
    uint64_t written[PEERS_MAX], merged[PEERS_MAX], groups[PEERS_MAX];
};

struct lab {
    struct sim_world *world;
    struct totals *totals;
    struct plan plan;
    struct peer peers[PEERS_MAX];
    struct sender senders[SENDERS_MAX];
    struct sim_node *receiver;
    struct subject subjects[SUBJECTS_MAX];
    size_t subject_count;
    struct topic topics[GROUPS_MAX];
    struct crash crash;

    mono_ns failing_until; // the receiver answers 500
    mono_ns next_check;
    mono_ns quiet_from;                        // 0: not yet
    mono_ns duplicates_from, duplicates_until; // when they are forgiven
    uint64_t messages, duplicates, refused;
};

// ---- truth.c -----------------------------------------------------------------------------------

void truth_draw(struct lab *lab); // needs the plan; sets plan.end
struct subject *truth_find(struct lab *lab, str instance);
// The newest episode that has begun, or NULL.
const struct episode *truth_at(const struct subject *s, mono_ns now);
time_ns truth_wall(const struct lab *lab, mono_ns at);

// ---- sender.c, receiver.c ----------------------------------------------------------------------

void sender_start(struct lab *lab, size_t i);
void sender_stop(struct sender *s);
void receiver_start(struct lab *lab);
#define RECEIVER_PORT 8080

// ---- judge.c -----------------------------------------------------------------------------------

struct statement { // of a message about one alert
    struct subject *subject;
    const struct episode *episode;
    bool is_resolved;
};

void judge_message(struct lab *lab, size_t peer, const struct statement *items, size_t count);
void judge_time(struct lab *lab); // after every event
// The scenario has failed: why, then the end of the process.
NORETURN void judge_fail(struct lab *lab, const char *fmt, ...) PRINTF(2, 3);

// ---- crash.c -----------------------------------------------------------------------------------

void crash_arm(struct lab *lab);
void crash_survey(struct lab *lab, struct peer *restarted); // what is in its log?
void crash_on_event(struct lab *lab);
void crash_on_request(struct lab *lab, size_t peer, dur_ns answer_delay);

// ---- world.c -----------------------------------------------------------------------------------

struct lab *lab_new(uint64_t seed, struct totals *totals);
void lab_free(struct lab *lab);
void peer_start(struct peer *p);
void peer_kill(struct peer *p); // kill -9
void peer_stop(struct peer *p); // gracefully; runs the world until it has ended
void peer_restart_after(struct peer *p, dur_ns down);

// ---- scenario.c --------------------------------------------------------------------------------

void plan_draw(struct lab *lab, uint64_t seed);
void scenario_run(struct lab *lab);
extern const char *const scenario_names[SCENARIO_COUNT];
