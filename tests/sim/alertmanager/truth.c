// SPDX-License-Identifier: Apache-2.0
// What really happens: which subject fires when.
#include "tests/sim/alertmanager/lab.h"

#define FIRST_START DUR_SECONDS(25) // the cluster has settled

// Changes fall between the seconds at which senders look, so no two of them see different states at
// what is one moment.
static mono_ns between_seconds(mono_ns at)
{
    return at - at % DUR_SECONDS(1) + DUR_MS(500);
}

static dur_ns draw_length(struct lab *lab)
{
    dur_ns bound = lab->plan.bound;
    if (sim_chance(lab->world, 25)) // seen by each sender, but too short to be told for sure
        return lab->plan.send_interval + DUR_SECONDS(1) +
               (dur_ns)sim_random_below(lab->world, (uint64_t)bound / 2);
    return bound + DUR_SECONDS(10) + (dur_ns)sim_random_below(lab->world, DUR_MINUTES(1));
}

static void draw_subject(struct lab *lab, struct subject *s, size_t i)
{
    s->group = sim_random_below(lab->world, lab->plan.group_count);
    snprintf(s->alertname, sizeof(s->alertname), "Group%zu", s->group);
    snprintf(s->instance, sizeof(s->instance), "subject%zu", i);
    s->episode_count = 1 + sim_random_below(lab->world, 2);
    mono_ns at = FIRST_START;
    if (sim_chance(lab->world, 60)) // not together with the others of its group
        at += (dur_ns)sim_random_below(lab->world, DUR_MINUTES(3));
    for (size_t e = 0; e < s->episode_count; e++) {
        s->episodes[e].start = between_seconds(at);
        s->episodes[e].end = between_seconds(at + draw_length(lab));
        at = s->episodes[e].end + draw_length(lab);
        lab->plan.end = MAX(lab->plan.end, s->episodes[e].end);
    }
}

void truth_draw(struct lab *lab)
{
    lab->subject_count = 1 + sim_random_below(lab->world, SUBJECTS_MAX);
    for (size_t i = 0; i < lab->subject_count; i++)
        draw_subject(lab, &lab->subjects[i], i);
}

struct subject *truth_find(struct lab *lab, str instance)
{
    for (size_t i = 0; i < lab->subject_count; i++) {
        if (str_eq(instance, str_c(lab->subjects[i].instance)))
            return &lab->subjects[i];
    }
    return NULL;
}

const struct episode *truth_at(const struct subject *s, mono_ns now)
{
    const struct episode *newest = NULL;
    for (size_t i = 0; i < s->episode_count && s->episodes[i].start <= now; i++)
        newest = &s->episodes[i];
    return newest;
}

time_ns truth_wall(const struct lab *lab, mono_ns at)
{
    return sim_true_time(lab->world) - sim_now(lab->world) + at;
}
