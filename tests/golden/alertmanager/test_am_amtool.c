// SPDX-License-Identifier: Apache-2.0
// amtool's commands in a world of memory, with a server of canned answers.
#include "tests/support/cases.h"
#include "tests/unit/alertmanager/amtool_world.h"

#define FOLDER "/case"

struct answers {
    const cJSON *own, *canned;
};

static str replace(struct arena *mem, str text, str from, str to)
{
    struct buf out = {.mem = mem};
    for (size_t at; (at = str_find_str(text, from)) != STR_NONE;) {
        buf_put(&out, str_slice(text, 0, at));
        buf_put(&out, to);
        text = str_skip(text, at + from.n);
    }
    buf_put(&out, text);
    return arena_str(mem, buf_str(&out));
}

static str place(struct arena *mem, str text)
{
    text = replace(mem, text, S("${dir}"), S(FOLDER));
    text = replace(mem, text, S("${url}"), S("http://" TOOL_SERVER));
    return replace(mem, text, S("${authurl}"), S("http://us%20er:p%40ss@" TOOL_SERVER));
}

static void add_files(struct tool_world *w, const cJSON *files, const char *folder)
{
    for (const cJSON *v = files ? files->child : NULL; v; v = v->next)
        fake_file_set(&w->fake, arena_printf(&w->mem, "%s/%s", folder, v->string).p,
                      place(&w->mem, case_text(v, &w->mem)));
}

static const cJSON *find_answer(const cJSON *list, const struct tool_request *r, struct arena *mem)
{
    for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
        if (str_eq(case_get_text(v, "method", mem), r->method) &&
            str_ends(r->path, case_get_text(v, "path", mem)))
            return v;
    }
    return NULL;
}

static void give_answer(struct tool_world *w, const struct tool_request *r,
                        struct http_response *response)
{
    const struct answers *answers = w->data;
    const cJSON *found = find_answer(answers->own, r, &w->mem);
    if (!found)
        found = find_answer(answers->canned, r, &w->mem);
    if (!found)
        return;
    response->status = (int)case_get_i64(found, "status");
    response->body = case_get_text(found, "body", &w->mem);
}

// ---- comparing ---------------------------------------------------------------------------------

static bool is_match(const cJSON *want, const cJSON *got) // recursion: as deep as the case
{
    if (!got)
        return false;
    if (cJSON_IsString(want) && strcmp(want->valuestring, "${any}") == 0)
        return true;
    if (!cJSON_IsObject(want) && !cJSON_IsArray(want))
        return cJSON_Compare(want, got, true);
    if ((want->type & 0xff) != (got->type & 0xff) ||
        cJSON_GetArraySize(want) != cJSON_GetArraySize(got))
        return false;
    const cJSON *other = got->child;
    for (const cJSON *v = want->child; v; v = v->next) {
        if (cJSON_IsObject(want))
            other = cJSON_GetObjectItemCaseSensitive(got, v->string);
        if (!is_match(v, other))
            return false;
        if (cJSON_IsArray(want))
            other = other->next;
    }
    return true;
}

static bool is_json(const cJSON *want, str text)
{
    cJSON *got = cJSON_ParseWithLength(text.p, text.n);
    bool ok = is_match(want, got);
    cJSON_Delete(got);
    return ok;
}

static int compare_params(const void *a, const void *b)
{
    const struct url_param *x = a, *y = b;
    int order = str_cmp(x->name, y->name);
    return order ? order : str_cmp(x->value, y->value);
}

static bool has_query(const struct tool_request *r, const cJSON *want, struct arena *mem)
{
    if (r->query.count)
        qsort(r->query.items, r->query.count, sizeof(*r->query.items), compare_params);
    size_t i = 0;
    for (const cJSON *v = want->child; v; v = v->next, i++) {
        if (i >= r->query.count || !str_eq(r->query.items[i].name, case_text(v->child, mem)) ||
            !str_eq(r->query.items[i].value, case_text(v->child->next, mem)))
            return false;
    }
    return i == r->query.count;
}

static const char *compare_request(const struct tool_request *r, const cJSON *want,
                                   struct arena *mem)
{
    const cJSON *query = case_get(want, "query"), *body = case_get(want, "json");
    if (!str_eq(r->method, case_get_text(want, "method", mem)) ||
        !str_eq(r->path, case_get_text(want, "path", mem)))
        return case_fail(mem, "asked for %.*s %.*s", STR(r->method), STR(r->path));
    if (query && !has_query(r, query, mem))
        return case_fail(mem, "%.*s: another query", STR(r->path));
    if (body && !is_json(body, r->body))
        return case_fail(mem, "body %.*s", STR(r->body));
    if (case_get(want, "authorization") &&
        !str_eq(r->authorization, case_get_text(want, "authorization", mem)))
        return case_fail(mem, "authorization %.*s", STR(r->authorization));
    return NULL;
}

static const char *compare(struct tool_world *w, const cJSON *c, bool ok, struct arena *mem)
{
    const cJSON *want = case_get(c, "requests"), *parsed = case_get(c, "stdout_json");
    str out = buf_str(&w->out), err = buf_str(&w->err);
    if (ok != (case_get_i64(c, "exit") == 0))
        return case_fail(mem, "%s: %.*s", ok ? "succeeded" : "failed", STR(err));
    if (parsed && !is_json(parsed, out))
        return case_fail(mem, "printed %.*s", STR(out));
    if (case_get(c, "stdout") && !str_eq(out, place(mem, case_get_text(c, "stdout", mem))))
        return case_fail(mem, "printed:\n%.*s", STR(out));
    if (str_find_str(err, case_get_text(c, "error", mem)) == STR_NONE)
        return case_fail(mem, "error %.*s", STR(err));
    size_t i = 0;
    for (const cJSON *v = want ? want->child : NULL; v; v = v->next, i++) {
        const char *why = i < w->request_count ? compare_request(&w->requests[i], v, mem)
                                               : "a request is missing";
        if (why)
            return why;
    }
    return i == w->request_count ? NULL : "too many requests";
}

// ---- running -----------------------------------------------------------------------------------

static bool run_case(struct tool_world *w, const cJSON *c)
{
    const cJSON *args = case_get(c, "args");
    char **argv = arena_array(&w->mem, char *, (size_t)cJSON_GetArraySize(args) + 3);
    int argc = 0;
    argv[argc++] = arena_c(&w->mem, S("amtool"));
    argv[argc++] = arena_c(&w->mem, S("--no-version-check"));
    if (!case_get_bool(c, "no_url"))
        argv[argc++] = arena_c(&w->mem, S("--alertmanager.url=http://" TOOL_SERVER));
    for (const cJSON *v = args->child; v; v = v->next)
        argv[argc++] = arena_c(&w->mem, place(&w->mem, case_text(v, &w->mem)));
    return tool_run(w, argc, argv);
}

static const cJSON *canned_answers;

static const char *run(const cJSON *c, struct arena *mem)
{
    struct tool_world w;
    struct answers answers = {case_get(c, "answers"), canned_answers};
    tool_world_init(&w);
    w.answer = give_answer;
    w.data = &answers;
    add_files(&w, case_get(c, "files"), FOLDER);
    add_files(&w, case_get(c, "home"), TOOL_HOME);
    fake_file_set(&w.fake, "/dev/stdin", case_get_text(c, "stdin", &w.mem));
    bool ok = run_case(&w, c);
    const char *why = compare(&w, c, ok, mem);
    tool_world_done(&w);
    return why;
}

static void am_amtool(void **state)
{
    (void)state;
    struct case_file f = case_file_open("am-amtool");
    canned_answers = f.root ? case_get(f.root, "canned") : NULL;
    if (f.root)
        case_file_run("am-amtool", run);
    case_file_close(&f);
}

int test_am_amtool(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_amtool)};
    return run_group("am-amtool", tests);
}
