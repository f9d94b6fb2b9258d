// SPDX-License-Identifier: Apache-2.0
// Topic am-api: sequences of requests to a fresh server.
#include "tests/golden/alertmanager/api_case.h"

static void ask(struct api_case *c, const cJSON *step)
{
    struct http_header headers[8];
    size_t count = 0;
    const cJSON *given = case_get(step, "headers");
    for (const cJSON *h = given ? given->child : NULL; h && count < ARRAY_LEN(headers); h = h->next)
        headers[count++] = (struct http_header){str_c(h->string), case_text(h, c->mem)};
    const char *path = api_case_fill(c, case_get_text(step, "path", c->mem));
    const char *method = arena_c(c->mem, case_get_text(step, "method", c->mem));
    api_world_ask_with(&c->world, method, path, api_case_body(c, case_get(step, "body")), headers,
                       count);
}

static void save(struct api_case *c, const cJSON *step, const json *answer)
{
    const cJSON *wanted = case_get(step, "save");
    for (const cJSON *s = wanted ? wanted->child : NULL; s; s = s->next) {
        assert_true(c->saved_count < SAVED_MAX);
        c->saved[c->saved_count].name = str_c(s->string);
        c->saved[c->saved_count++].value = json_str(json_get(answer, case_text(s, c->mem)));
    }
}

static const char *run_step(struct api_case *c, const cJSON *step)
{
    const cJSON *pattern = case_get(step, "json"), *text = case_get(step, "text");
    struct api_world *w = &c->world;
    if (case_get(step, "sleep")) {
        fake_env_advance(&w->fake, (dur_ns)(case_get_f64(step, "sleep") * 1e9));
        return NULL;
    }
    fake_env_advance(&w->fake, DUR_MS(1)); // no two requests at the same instant
    ask(c, step);
    str body = buf_str(&w->body);
    if (w->status != case_get_i64(step, "status"))
        return case_fail(c->mem, "status %d, want %d: %.*s", w->status,
                         (int)case_get_i64(step, "status"), STR(body));
    const json *answer = json_parse(body, false, c->mem, NULL);
    if (pattern && (!answer || !api_case_matches(c, pattern, answer)))
        return case_fail(c->mem, "got %.*s, want %s", STR(body), cJSON_PrintUnformatted(pattern));
    if (text && str_find_str(body, case_text(text, c->mem)) == STR_NONE)
        return case_fail(c->mem, "got %.*s, want text %.*s", STR(body),
                         STR(case_text(text, c->mem)));
    save(c, step, answer);
    return NULL;
}

static const char *run_case(const cJSON *v, struct arena *mem)
{
    struct api_case c;
    const char *why = NULL;
    int number = 1;
    api_case_start(&c, v, mem);
    for (const cJSON *s = case_get(v, "steps")->child; s && !why; s = s->next, number++) {
        why = run_step(&c, s);
        if (why)
            why = case_fail(mem, "step %d: %s", number, why);
    }
    api_world_stop(&c.world);
    return why;
}

static void all_cases_hold(void **state)
{
    (void)state;
    case_file_run("am-api", run_case);
}

int test_am_api(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases_hold)};
    return run_group("am-api", tests);
}
