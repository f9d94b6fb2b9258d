// SPDX-License-Identifier: Apache-2.0
// A rule evaluator as the alertmanagers see it: every send_interval it posts all that fires, and
// for 15 minutes what has ended, to every peer, each over its own connection.
#include "base/text/json_writer.h"
#include "tests/sim/alertmanager/lab.h"

#define RESOLVED_KEPT DUR_MINUTES(15)
#define POST_TIMEOUT  DUR_SECONDS(10)

static void put_str(struct json_writer *w, const char *key, const char *value)
{
    json_put_key(w, str_c(key));
    json_put_str(w, str_c(value));
}

static void put_time(struct json_writer *w, const char *key, time_ns t)
{
    struct buf text = {0};
    buf_put_time(&text, t, 0, 9);
    json_put_key(w, str_c(key));
    json_put_str(w, buf_str(&text));
    buf_done(&text);
}

static void put_subject(const struct lab *lab, const struct subject *s, struct json_writer *w)
{
    mono_ns now = sim_now(lab->world);
    const struct episode *e = truth_at(s, now);
    if (!e || e->end + RESOLVED_KEPT < now)
        return;
    mono_ns end = e->end <= now ? e->end : now + 4 * lab->plan.send_interval;
    json_object_begin(w);
    json_put_key(w, S("labels"));
    json_object_begin(w);
    put_str(w, "alertname", s->alertname);
    put_str(w, "instance", s->instance);
    json_object_end(w);
    json_put_key(w, S("annotations"));
    json_object_begin(w);
    put_str(w, "summary", "simulated");
    json_object_end(w);
    put_time(w, "startsAt", truth_wall(lab, e->start));
    put_time(w, "endsAt", truth_wall(lab, end));
    put_str(w, "generatorURL", "http://rules.example/alert");
    json_object_end(w);
}

static void path_post(struct path *p);

static void on_posted(void *owner, const struct http_response *response, const struct err *err)
{
    struct path *p = owner;
    struct lab *lab = p->sender->lab;
    p->call = NULL;
    if (response && response->status / 100 != 2)
        judge_fail(lab, "am-%zu refused alerts: %d %.*s", p->peer, response->status,
                   STR(response->body));
    if (!response)
        sim_note(lab->world, "post to am-%zu: %.*s", p->peer, STR(err_str(err)));
    if (p->is_due)
        path_post(p);
}

static void path_post(struct path *p)
{
    struct lab *lab = p->sender->lab;
    struct buf body = {0};
    struct json_writer w = {.out = &body};
    json_array_begin(&w);
    for (size_t i = 0; i < lab->subject_count; i++)
        put_subject(lab, &lab->subjects[i], &w);
    json_array_end(&w);
    p->is_due = false;
    if (body.n > strlen("[]")) {
        char url[64];
        snprintf(url, sizeof(url), "http://%s/api/v2/alerts", lab->peers[p->peer].web);
        const struct http_header type = {S("Content-Type"), S("application/json")};
        struct http_request request = {
            .method = S("POST"),
            .url = str_c(url),
            .headers = &type,
            .header_count = 1,
            .body = buf_str(&body),
            .timeout = POST_TIMEOUT,
        };
        p->call = env_http(sim_node_env(p->sender->machine), &request, on_posted, p);
    }
    buf_done(&body);
}

static void on_path_due(void *owner)
{
    struct path *p = owner;
    if (p->call)
        p->is_due = true;
    else
        path_post(p);
}

static void on_tick(void *owner)
{
    struct sender *s = owner;
    struct env *env = sim_node_env(s->machine);
    env_timer_after(env, &s->timer, s->lab->plan.send_interval);
    for (size_t i = 0; i < s->lab->plan.peer_count; i++)
        env_timer_after(env, &s->paths[i].timer, s->paths[i].offset);
}

void sender_start(struct lab *lab, size_t i)
{
    struct sender *s = &lab->senders[i];
    char name[32], ip[32];
    snprintf(name, sizeof(name), "rules-%zu", i);
    snprintf(ip, sizeof(ip), "10.0.1.%zu", i + 1);
    s->lab = lab;
    s->machine = sim_node_new(lab->world, name, ip);
    struct env *env = sim_node_env(s->machine);
    timer_init(&s->timer, on_tick, s);
    for (size_t p = 0; p < lab->plan.peer_count; p++) {
        s->paths[p] = (struct path){.sender = s, .peer = p};
        s->paths[p].offset = (dur_ns)sim_random_below(lab->world, DUR_MS(50));
        timer_init(&s->paths[p].timer, on_path_due, &s->paths[p]);
    }
    uint64_t seconds = (uint64_t)(lab->plan.send_interval / DUR_SECONDS(1));
    dur_ns first = DUR_SECONDS((int64_t)sim_random_below(lab->world, seconds));
    env_timer_after(env, &s->timer, first);
}

void sender_stop(struct sender *s)
{
    struct env *env = sim_node_env(s->machine);
    env_timer_cancel(env, &s->timer);
    for (size_t i = 0; i < s->lab->plan.peer_count; i++) {
        env_timer_cancel(env, &s->paths[i].timer);
        env_http_cancel(env, s->paths[i].call);
        s->paths[i].call = NULL;
    }
}
