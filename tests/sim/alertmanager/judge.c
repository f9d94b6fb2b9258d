// SPDX-License-Identifier: Apache-2.0
// Compares what was told with what was true; the rules are in lab.h.
#define BANNED_ALLOW_IMPURE // it ends the test process
#include "tests/sim/alertmanager/lab.h"

#define CHECK_EVERY DUR_SECONDS(1) // of the rule "told": nothing changes faster

void judge_fail(struct lab *lab, const char *fmt, ...)
{
    va_list args;
    struct buf text = {0};
    char line[512];
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    buf_printf(&text, "%s world, at %.3f s: %s", scenario_names[lab->plan.scenario],
               dur_to_seconds(sim_now(lab->world)), line);
    sim_note(lab->world, "FAILED: %.*s", STR(buf_str(&text)));
    fprintf(stderr, "FAILED: %.*s\n", STR(buf_str(&text)));
    exit(1);
}

// ---- one message -------------------------------------------------------------------------------

static bool is_news(const struct statement *st)
{
    const struct subject *s = st->subject;
    if (!st->is_resolved)
        return s->view != VIEW_FIRING;
    return s->view != VIEW_RESOLVED || s->told != st->episode;
}

static void check_true(struct lab *lab, const struct statement *st)
{
    mono_ns now = sim_now(lab->world), horizon = now - lab->plan.lag;
    const struct subject *s = st->subject;
    const struct episode *e = st->episode, *then = truth_at(s, horizon);
    if (st->is_resolved && e->end > now)
        judge_fail(lab, "told the end of %s, which fires", s->instance);
    if (st->is_resolved && then && then->start > e->start && then->end > now)
        judge_fail(lab, "told the end of %s, which fires again since %.1f s", s->instance,
                   dur_to_seconds(now - then->start));
    if (!st->is_resolved && e->start > now)
        judge_fail(lab, "told that %s fires before it did", s->instance);
    if (!st->is_resolved && e->end < horizon)
        judge_fail(lab, "told that %s fires; that was over %.1f s ago", s->instance,
                   dur_to_seconds(now - e->end));
}

static void note_message(struct lab *lab, size_t peer, const struct statement *items, size_t count,
                         const char *what)
{
    struct buf text = {0};
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, " %s#%d=%s", items[i].subject->instance,
                   (int)(items[i].episode - items[i].subject->episodes),
                   items[i].is_resolved ? "resolved" : "firing");
    sim_note(lab->world, "told by am-%zu (%s) %s:%.*s", peer, what, items[0].subject->alertname,
             STR(buf_str(&text)));
    buf_done(&text);
}

static void judge_duplicate(struct lab *lab, struct topic *t, size_t peer)
{
    mono_ns now = sim_now(lab->world);
    bool is_forgiven = now >= lab->duplicates_from && now <= lab->duplicates_until;
    lab->duplicates++;
    t->duplicates++;
    t->duplicates_in_row++;
    if (lab->plan.scenario == LONE)
        is_forgiven = t->is_forgotten;
    if (t->duplicates_in_row >= lab->plan.peer_count && lab->plan.scenario != LONE)
        judge_fail(lab, "am-%zu told again what each peer may have told", peer);
    if (!is_forgiven)
        judge_fail(lab, "am-%zu told again what was told %.3f s ago", peer,
                   dur_to_seconds(now - t->told_at));
}

void judge_message(struct lab *lab, size_t peer, const struct statement *items, size_t count)
{
    mono_ns now = sim_now(lab->world);
    if (count == 0)
        judge_fail(lab, "an empty message");
    struct topic *t = &lab->topics[items[0].subject->group];
    bool has_news = false;
    for (size_t i = 0; i < count; i++) {
        if (&lab->topics[items[i].subject->group] != t)
            judge_fail(lab, "a message with alerts of two groups");
        has_news |= is_news(&items[i]);
    }
    bool is_repeat = !has_news && t->messages > 0 && now - t->told_at >= lab->plan.repeat_interval;
    note_message(lab, peer, items, count, has_news ? "news" : is_repeat ? "repeat" : "duplicate");
    for (size_t i = 0; i < count; i++)
        check_true(lab, &items[i]);
    if (lab->quiet_from && now >= lab->quiet_from)
        judge_fail(lab, "am-%zu told something after all was over", peer);
    if (has_news || is_repeat)
        t->duplicates_in_row = 0;
    else
        judge_duplicate(lab, t, peer);

    for (size_t i = 0; i < count; i++) {
        items[i].subject->view = items[i].is_resolved ? VIEW_RESOLVED : VIEW_FIRING;
        items[i].subject->told = items[i].episode;
    }
    t->messages++;
    t->told_at = now;
    t->is_forgotten = false;
    lab->messages++;
}

// ---- as time passes ----------------------------------------------------------------------------

static void check_told(struct lab *lab, const struct subject *s, mono_ns now)
{
    const struct episode *e = truth_at(s, now);
    if (!e)
        return;
    bool is_firing = now < e->end;
    mono_ns since = is_firing ? e->start : e->end;
    if (now - since > lab->plan.bound && is_firing != (s->view == VIEW_FIRING))
        judge_fail(lab, "%s is %s for %.1f s, and nobody was told", s->instance,
                   is_firing ? "firing" : "over", dur_to_seconds(now - since));
}

void judge_time(struct lab *lab)
{
    mono_ns now = sim_now(lab->world);
    if (now < lab->next_check)
        return;
    lab->next_check = now + CHECK_EVERY;
    for (size_t i = 0; i < lab->subject_count; i++)
        check_told(lab, &lab->subjects[i], now);
}
