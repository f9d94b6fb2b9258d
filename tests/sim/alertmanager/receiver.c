// SPDX-License-Identifier: Apache-2.0
// The webhook receiver: reads each message and hands it to the judge.
#include "base/text/json.h"
#include "tests/sim/alertmanager/lab.h"

static size_t peer_of(const struct lab *lab, const struct addr *from)
{
    for (size_t i = 0; i < lab->plan.peer_count; i++) {
        struct addr a = sim_node_addr(lab->peers[i].machine, from->port);
        if (addr_eq(&a, from))
            return i;
    }
    return PEERS_MAX;
}

static const struct episode *find_episode(struct lab *lab, const struct subject *s, str starts_at)
{
    struct zoned_time t;
    if (!time_parse_rfc3339(starts_at, &t))
        judge_fail(lab, "a message with startsAt \"%.*s\"", STR(starts_at));
    for (size_t i = 0; i < s->episode_count; i++) {
        if (truth_wall(lab, s->episodes[i].start) == t.t)
            return &s->episodes[i];
    }
    judge_fail(lab, "%s never began to fire at %.*s", s->instance, STR(starts_at));
}

static struct statement read_alert(struct lab *lab, const json *alert)
{
    str instance = json_str(json_get(json_get(alert, S("labels")), S("instance")));
    struct statement st = {.subject = truth_find(lab, instance)};
    if (!st.subject)
        judge_fail(lab, "a message about the unknown subject \"%.*s\"", STR(instance));
    st.episode = find_episode(lab, st.subject, json_str(json_get(alert, S("startsAt"))));
    st.is_resolved = str_eq(json_str(json_get(alert, S("status"))), S("resolved"));
    return st;
}

static void read_message(struct lab *lab, size_t peer, const struct http_exchange *x)
{
    struct arena mem = {0};
    struct err err = ERR_INIT;
    const json *message = json_parse(x->body, false, &mem, &err);
    if (!message)
        judge_fail(lab, "a message that is no JSON: %.*s", STR(err_str(&err)));
    struct statement items[SUBJECTS_MAX];
    size_t count = 0;
    json_each (alert, json_get(message, S("alerts"))) {
        if (count == SUBJECTS_MAX)
            judge_fail(lab, "a message with more alerts than there are");
        items[count++] = read_alert(lab, alert);
    }
    judge_message(lab, peer, items, count);
    arena_done(&mem);
}

static void on_request(void *owner, const struct http_exchange *x, struct sim_http_answer *answer)
{
    struct lab *lab = owner;
    size_t peer = peer_of(lab, &x->peer);
    if (lab->plan.answer_max)
        answer->delay = (dur_ns)sim_random_below(lab->world, (uint64_t)lab->plan.answer_max);
    if (sim_now(lab->world) < lab->failing_until) {
        answer->status = 500;
        lab->refused++;
        sim_note(lab->world, "refused a message from am-%zu", peer);
        return;
    }
    read_message(lab, peer, x);
    crash_on_request(lab, peer, answer->delay);
}

void receiver_start(struct lab *lab)
{
    lab->receiver =
        sim_http_service(lab->world, "receiver", "10.0.2.1", RECEIVER_PORT, on_request, lab);
}
