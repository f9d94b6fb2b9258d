// SPDX-License-Identifier: Apache-2.0
// Topic am-email: the dialogue with a mail server, and the mail.
#include "tests/golden/alertmanager/receiver_case.h"
#include "tests/support/fake_smtp.h"

struct email_case {
    struct receiver_case c;
    struct fake_smtp smtp;
};

// ---- the mail ----------------------------------------------------------------------------------

// Cuts at the first separator, which may have several bytes.
static bool cut(str s, str separator, str *ret_before, str *ret_after)
{
    size_t at = str_find_str(s, separator);
    *ret_before = str_slice(s, 0, at);
    *ret_after = at == STR_NONE ? S("") : str_skip(s, at + separator.n);
    return at != STR_NONE;
}

// All of them, each once, in any order; ${any} is any value.
static const char *check_headers(struct email_case *e, const cJSON *want, str block, str boundary)
{
    struct arena *mem = e->c.mem;
    int count = 0;
    for (str line, rest = block; rest.n; count++) {
        str name, value;
        cut(rest, S("\r\n"), &line, &rest);
        if (!cut(line, S(": "), &name, &value))
            return case_fail(mem, "no header: %.*s", STR(line));
        const cJSON *wanted = case_get(want, arena_c(mem, name));
        if (!wanted)
            return case_fail(mem, "an unexpected header: %.*s", STR(line));
        str pattern = case_text(wanted, mem);
        struct buf filled = {.mem = mem};
        str before, after;
        if (cut(pattern, S("${boundary}"), &before, &after)) {
            buf_printf(&filled, "%.*s%.*s%.*s", STR(before), STR(boundary), STR(after));
        } else if (cut(pattern, S("${date}"), &before, &after)) {
            struct civil day = civil_from_time(e->c.world.api.fake.now, 0);
            buf_printf(&filled, "%.*s%04d-%02d-%02d%.*s", STR(before), (int)day.year, day.month,
                       day.day, STR(after));
        } else {
            buf_put(&filled, pattern);
        }
        if (!str_eq(pattern, S("${any}")) && !str_eq(value, buf_str(&filled)))
            return case_fail(mem, "header %.*s, want %.*s", STR(line), STR(buf_str(&filled)));
    }
    return count == cJSON_GetArraySize(want) ? NULL
                                             : case_fail(mem, "%d headers, want %d:\n%.*s", count,
                                                         cJSON_GetArraySize(want), STR(block));
}

static str unquoted(struct email_case *e, str text)
{
    struct buf out = {.mem = e->c.mem};
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '=') {
            buf_put_c(&out, text.p[i]);
        } else if (str_starts(str_skip(text, i), S("=\r\n"))) {
            i += 2;
        } else {
            hex_decode(str_slice(text, i + 1, i + 3), &out);
            i += 2;
        }
    }
    return buf_str(&out);
}

static const char *check_part(struct email_case *e, const cJSON *want, const cJSON *quoted,
                              str part)
{
    struct arena *mem = e->c.mem;
    str headers, body;
    if (!cut(part, S("\r\n\r\n"), &headers, &body))
        return case_fail(mem, "a part without a body: %.*s", STR(part));
    const char *why = check_headers(e, case_get(want, "headers"), headers, S(""));
    if (why)
        return why;
    if (quoted && !str_eq(body, case_text(quoted, mem)))
        return case_fail(mem, "quoted %.*s, want %.*s", STR(body), STR(case_text(quoted, mem)));
    str text = unquoted(e, body), wanted = case_get_text(want, "text", mem);
    return str_eq(text, wanted) ? NULL
                                : case_fail(mem, "text\n%.*s, want\n%.*s", STR(text), STR(wanted));
}

static const char *check_body(struct email_case *e, const cJSON *mail, str body, str boundary)
{
    struct arena *mem = e->c.mem;
    const cJSON *want = case_get(mail, "parts")->child;
    const cJSON *quoted = case_get(mail, "quoted") ? case_get(mail, "quoted")->child : NULL;
    str delimiter = arena_printf(mem, "\r\n--%.*s", STR(boundary));
    struct buf all = {.mem = mem};
    buf_put(&all, S("\r\n"));
    buf_put(&all, body);
    str before, part, rest;
    if (!cut(buf_str(&all), delimiter, &before, &rest) || before.n)
        return case_fail(mem, "the body begins with no boundary: %.*s", STR(body));
    for (; want; want = want->next, quoted = quoted ? quoted->next : NULL) {
        if (!str_starts(rest, S("\r\n")) || !cut(str_skip(rest, 2), delimiter, &part, &rest))
            return "a part is missing";
        const char *why = check_part(e, want, quoted, part);
        if (why)
            return why;
    }
    return str_eq(rest, S("--\r\n")) ? NULL : case_fail(mem, "behind the parts: %.*s", STR(rest));
}

static const char *check_message(struct email_case *e, const cJSON *mail)
{
    struct arena *mem = e->c.mem;
    str message = buf_str(&e->smtp.message), headers, body, before, boundary, after;
    if (!cut(message, S("\r\n\r\n"), &headers, &body))
        return case_fail(mem, "no empty line: %.*s", STR(message));
    cut(headers, S("boundary="), &before, &boundary);
    cut(boundary, S("\r\n"), &boundary, &after);
    const char *why = check_headers(e, case_get(mail, "headers"), headers, boundary);
    return why ? why : check_body(e, mail, body, boundary);
}

// ---- the dialogue ------------------------------------------------------------------------------

static const char *check_commands(struct email_case *e, const cJSON *want)
{
    struct buf wanted = {.mem = e->c.mem};
    str got = buf_str(&e->smtp.commands);
    for (const cJSON *line = want->child; line; line = line->next)
        buf_printf(&wanted, "%.*s\n", STR(case_text(line, e->c.mem)));
    return str_eq(got, buf_str(&wanted))
               ? NULL
               : case_fail(e->c.mem, "commands\n%.*swant\n%.*s", STR(got), STR(buf_str(&wanted)));
}

static const char *check_auth(struct email_case *e, const cJSON *want)
{
    struct arena *mem = e->c.mem;
    struct buf initial = {.mem = mem};
    for (size_t i = 0; i < e->smtp.auth_initial.n; i++)
        buf_put(&initial,
                e->smtp.auth_initial.p[i] ? str_slice(e->smtp.auth_initial, i, i + 1) : S("|"));
    const struct {
        const char *name;
        str got;
    } members[] = {
        {"mechanism", e->smtp.auth_mechanism}, {"initial", buf_str(&initial)},
        {"username", e->smtp.auth_username},   {"password", e->smtp.auth_password},
        {"response", e->smtp.auth_response},
    };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        str wanted = case_get_text(want, members[i].name, mem);
        if (!str_eq(members[i].got, wanted))
            return case_fail(mem, "%s %.*s, want %.*s", members[i].name, STR(members[i].got),
                             STR(wanted));
    }
    return NULL;
}

static const char *check_mail(struct email_case *e, const cJSON *mail)
{
    if (cJSON_IsNull(mail))
        return e->smtp.messages == 0 ? NULL : "there is a mail";
    if (e->smtp.messages != 1)
        return case_fail(e->c.mem, "%zu mails; %.*s", e->smtp.messages,
                         STR(buf_str(&e->c.world.errors)));
    const char *why = check_commands(e, case_get(mail, "commands"));
    if (!why)
        why = check_auth(e, case_get(mail, "auth"));
    return why ? why : check_message(e, mail);
}

// ---- cases -------------------------------------------------------------------------------------

static void script(struct email_case *e, const cJSON *v)
{
    struct arena *mem = e->c.mem;
    struct buf extensions = {.mem = mem};
    const cJSON *list = case_get(v, "extensions"), *refuse = case_get(v, "refuse");
    for (const cJSON *x = list ? list->child : NULL; x; x = x->next)
        buf_printf(&extensions, "%s%.*s", extensions.n ? "\n" : "", STR(case_text(x, mem)));
    e->smtp.extensions = arena_c(mem, buf_str(&extensions));
    e->smtp.password = arena_c(mem, case_get_text(v, "password", mem));
    size_t count = 0;
    for (const cJSON *r = refuse ? refuse->child : NULL; r; r = r->next)
        e->smtp.refusals[count++] =
            (struct fake_smtp_refusal){r->string, arena_c(mem, case_text(r, mem))};
}

static void forget(struct email_case *e)
{
    buf_clear(&e->smtp.commands);
    e->smtp.messages = 0;
}

// The mail server fails with no reason but "other".
static const char *check_failure(struct email_case *e, const cJSON *fails,
                                 const struct notify_counters *before)
{
    cJSON *all = cJSON_Duplicate(fails, true);
    cJSON_AddStringToObject(all, "reason", "other");
    const char *why = receiver_case_check_failure(&e->c, all, before);
    cJSON_Delete(all);
    return why;
}

static const char *run_step(struct email_case *e, const cJSON *step)
{
    const struct notify_counters *n = receiver_world_counters(&e->c.world);
    struct notify_counters before = *n;
    const cJSON *fails = case_get(step, "fails");
    forget(e);
    const char *why = receiver_case_post(&e->c, case_get(step, "alerts"));
    if (why)
        return why;
    if (fails)
        return receiver_case_await_failure(&e->c, &before) ? check_failure(e, fails, &before)
                                                           : "no attempt fails";
    receiver_world_pass(&e->c.world, STEP_TIME);
    return check_mail(e, case_get(step, "mail"));
}

// `host`: what ${smtp} stands for.
static bool start(struct email_case *e, const cJSON *v, str config, str host, struct arena *mem,
                  const char **ret_why)
{
    struct buf filled = {.mem = mem};
    str before;
    while (cut(config, S("${smtp}"), &before, &config)) {
        buf_put(&filled, before);
        buf_put(&filled, host);
    }
    buf_put(&filled, before);
    *ret_why = receiver_case_start(&e->c, buf_str(&filled), case_get(v, "files"),
                                   receiver_case_answer, &e->c, mem);
    if (*ret_why)
        return false;
    fake_smtp_init(&e->smtp, &e->c.world.api.fake.env);
    script(e, v);
    return true;
}

static void stop(struct email_case *e)
{
    receiver_world_stop(&e->c.world);
    fake_smtp_done(&e->smtp);
}

#define IMPLICIT_CONFIG                                                                            \
    "route: {receiver: team, group_wait: 1s}\n"                                                    \
    "receivers:\n- name: team\n  email_configs:\n"                                                 \
    "  - {to: a@example.com, from: b@example.com, smarthost: '${smtp}', require_tls: false%s}\n"

// {port, force_implicit_tls?, used}: is TLS spoken from the first byte on?
static const char *run_implicit(const cJSON *v, const cJSON *implicit, struct arena *mem)
{
    struct email_case e = {.c = {.answers = NULL}};
    const char *why;
    const cJSON *force = case_get(implicit, "force_implicit_tls");
    str choice = S("");
    if (cJSON_IsBool(force))
        choice = cJSON_IsTrue(force) ? S(", force_implicit_tls: true")
                                     : S(", force_implicit_tls: false");
    str config = arena_printf(mem, IMPLICIT_CONFIG, choice.p);
    str host = arena_printf(mem, "mail.test:%.*s", STR(case_get_text(implicit, "port", mem)));
    if (!start(&e, v, config, host, mem, &why))
        return why;
    api_world_ask(&e.c.world.api, "POST", "/api/v2/alerts", "[{\"labels\":{\"alertname\":\"a\"}}]");
    receiver_world_pass(&e.c.world, STEP_TIME);
    bool is_used = case_get_bool(implicit, "used");
    if (e.smtp.messages != 1 || e.smtp.is_tls_dialled != is_used ||
        e.smtp.is_open_dialled == is_used)
        why = case_fail(mem, "%zu mails, TLS: %d, want %d", e.smtp.messages, e.smtp.is_tls_dialled,
                        is_used);
    stop(&e);
    return why;
}

static const char *run_case(const cJSON *v, struct arena *mem)
{
    struct email_case e = {.c = {.answers = NULL}};
    const char *why;
    const cJSON *implicit = case_get(v, "implicit_tls");
    if (implicit)
        return run_implicit(v, implicit, mem);
    if (!start(&e, v, case_get_text(v, "config", mem), S("127.0.0.1:2525"), mem, &why))
        return why;
    int number = 1;
    for (const cJSON *s = case_get(v, "steps")->child; s && !why; s = s->next, number++) {
        if (number == 2)
            e.c.t1 = receiver_case_time(&e.c);
        why = run_step(&e, s);
        if (why)
            why = case_fail(mem, "step %d: %s", number, why);
    }
    stop(&e);
    return why;
}

static void all_cases_hold(void **state)
{
    (void)state;
    case_file_run("am-email", run_case);
}

int test_am_email(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases_hold)};
    return run_group("am-email", tests);
}
