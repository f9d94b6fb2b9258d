// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_smtp.h"

#include "base/core/alloc.h"
#include "base/model/tlsconf.h"
#include "base/text/digest.h"
#include "base/text/encode.h"

enum listening { TO_COMMANDS, TO_LOGIN_NAME, TO_LOGIN_PASSWORD, TO_CRAM, TO_MESSAGE };

struct stream {
    struct list link;
    struct fake_smtp *smtp;
    struct stream_events events;
    void *owner;
    struct timer timer;
    bool is_refused, is_silent;
    bool is_open, is_shaking;
    struct buf to_client, from_client;
    enum listening listening;
    bool ends, breaks; // when all is said
};

struct dns_query {
    struct fake_smtp *smtp;
    struct timer timer;
    dns_fn *fn;
    void *owner;
    char *name;
};

struct tls {
    struct fake_smtp *smtp;
    char *name;
};

static struct fake_smtp *smtp_of(struct env *env)
{
    return container_of(env->ops, struct fake_smtp, ops);
}

static bool is_named(const char *name, const char *command)
{
    return name && strcmp(name, command) == 0;
}

// ---- what the server says -----------------------------------------------------------------------

static void wake(struct stream *s)
{
    if (s->is_shaking || s->to_client.n || s->ends || s->breaks)
        env_timer_after(s->smtp->env, &s->timer, 0);
}

static const char *refusal_of(const struct fake_smtp *f, const char *command)
{
    for (size_t i = 0; i < ARRAY_LEN(f->refusals); i++) {
        if (is_named(f->refusals[i].command, command))
            return f->refusals[i].reply;
    }
    return NULL;
}

static void answer(struct stream *s, const char *command, const char *reply)
{
    const struct fake_smtp *f = s->smtp;
    const char *refusal = refusal_of(f, command);
    if (is_named(f->silent_at, command))
        return;
    if (is_named(f->breaks_at, command)) {
        s->breaks = true;
    } else {
        buf_put(&s->to_client, str_c(refusal ? refusal : reply));
        s->ends = is_named(f->closes_at, command);
        if (!s->ends || !f->closes_in_line)
            buf_put(&s->to_client, S("\r\n"));
    }
    wake(s);
}

static void answer_ehlo(struct stream *s)
{
    defer(buf_done) struct buf reply = {0};
    str extension, rest = str_c(s->smtp->extensions);
    bool has_more = rest.n > 0;
    buf_printf(&reply, "250%cmail.test", has_more ? '-' : ' ');
    while (has_more) {
        has_more = str_cut(rest, '\n', &extension, &rest);
        buf_printf(&reply, "\r\n250%c%.*s", has_more ? '-' : ' ', STR(extension));
    }
    buf_put_c(&reply, '\0');
    answer(s, "EHLO", reply.p);
}

// ---- authentication -----------------------------------------------------------------------------

static str decoded(struct fake_smtp *f, str base64)
{
    struct buf out = {.mem = &f->mem};
    return base64_decode(base64, &out) ? buf_str(&out) : S("?");
}

static void challenge(struct stream *s, str text, enum listening next)
{
    defer(buf_done) struct buf reply = {0};
    buf_put(&reply, S("334 "));
    buf_put_base64(&reply, text);
    buf_put_c(&reply, '\0');
    s->listening = next;
    answer(s, "AUTH", reply.p);
}

static void judge(struct stream *s, bool is_right)
{
    if (!refusal_of(s->smtp, "AUTH"))
        s->listening = TO_COMMANDS;
    answer(s, "AUTH", is_right ? "235 welcome" : "535 Invalid username or password");
}

static void on_auth(struct stream *s, str arguments)
{
    struct fake_smtp *f = s->smtp;
    str mechanism, initial;
    str_cut(arguments, ' ', &mechanism, &initial);
    f->auth_mechanism = arena_str(&f->mem, mechanism);
    if (str_eq(mechanism, S("PLAIN"))) {
        str name, password;
        f->auth_initial = decoded(f, initial);
        str_cut_last(f->auth_initial, '\0', &name, &password);
        judge(s, str_eq(password, str_c(f->password)));
    } else if (str_eq(mechanism, S("LOGIN"))) {
        challenge(s, S("Username:"), TO_LOGIN_NAME);
    } else {
        challenge(s, str_c(f->challenge), TO_CRAM);
    }
}

static void on_cram(struct stream *s)
{
    struct fake_smtp *f = s->smtp;
    uint8_t digest[MD5_BYTES];
    defer(buf_done) struct buf want = {0};
    str name, response;
    str_cut(f->auth_response, ' ', &name, &response);
    hmac_md5(str_c(f->password), str_c(f->challenge), digest);
    buf_put_hex(&want, str_from(digest, sizeof(digest)));
    judge(s, str_eq(response, buf_str(&want)));
}

static void on_auth_line(struct stream *s, str line)
{
    struct fake_smtp *f = s->smtp;
    if (str_eq(line, S("*"))) {
        f->is_auth_aborted = true;
        s->listening = TO_COMMANDS;
        answer(s, "*", "501 aborted");
    } else if (s->listening == TO_LOGIN_NAME) {
        f->auth_username = decoded(f, line);
        challenge(s, S("Password:"), TO_LOGIN_PASSWORD);
    } else if (s->listening == TO_LOGIN_PASSWORD) {
        f->auth_password = decoded(f, line);
        judge(s, str_eq(f->auth_password, str_c(f->password)));
    } else {
        f->auth_response = decoded(f, line);
        on_cram(s);
    }
}

// ---- what it hears ------------------------------------------------------------------------------

static void on_message_line(struct stream *s, str line)
{
    struct fake_smtp *f = s->smtp;
    if (str_eq(line, S("."))) {
        s->listening = TO_COMMANDS;
        f->messages++;
        answer(s, "BODY", "250 2.0.0 queued");
        return;
    }
    buf_put(&f->message, str_skip(line, str_starts(line, S("."))));
    buf_put(&f->message, S("\r\n"));
}

static void on_starttls(struct stream *s)
{
    struct fake_smtp *f = s->smtp;
    answer(s, "STARTTLS", "220 go ahead");
    buf_put(&s->to_client, str_c(f->more_in_plain));
}

static void on_command(struct stream *s, str line)
{
    struct fake_smtp *f = s->smtp;
    str verb, arguments;
    str_cut(line, ' ', &verb, &arguments);
    if (str_eq(verb, S("AUTH"))) {
        on_auth(s, arguments);
        return;
    }
    if (str_eq(line, S("*"))) {
        f->is_auth_aborted = true;
        return;
    }
    buf_put(&f->commands, line);
    buf_put_c(&f->commands, '\n');
    char command[16];
    snprintf(command, sizeof(command), "%.*s", STR(verb));
    if (str_eq(verb, S("EHLO"))) {
        answer_ehlo(s);
    } else if (str_eq(verb, S("STARTTLS"))) {
        on_starttls(s);
    } else if (str_eq(verb, S("DATA"))) {
        if (!refusal_of(f, command)) {
            s->listening = TO_MESSAGE;
            buf_clear(&f->message);
        }
        answer(s, command, "354 go on");
    } else if (str_eq(verb, S("QUIT"))) {
        answer(s, command, "221 bye");
    } else {
        answer(s, command, "250 fine");
    }
}

static void hear(struct stream *s)
{
    for (;;) {
        str all = buf_str(&s->from_client);
        size_t end = str_find_str(all, S("\r\n"));
        if (end == STR_NONE)
            return;
        str line = arena_str(&s->smtp->mem, str_slice(all, 0, end));
        buf_remove_front(&s->from_client, end + 2);
        if (s->listening == TO_MESSAGE)
            on_message_line(s, line);
        else if (s->listening == TO_COMMANDS)
            on_command(s, line);
        else
            on_auth_line(s, line);
    }
}

// ---- streams ------------------------------------------------------------------------------------

static void stream_free(struct stream *s)
{
    env_timer_cancel(s->smtp->env, &s->timer);
    list_remove(&s->link);
    buf_done(&s->to_client);
    buf_done(&s->from_client);
    mem_free(s);
}

static void end_stream(struct stream *s, enum err_code code, const char *why)
{
    struct err err = ERR_INIT;
    struct stream_events events = s->events;
    void *owner = s->owner;
    if (code != ERR_NONE)
        err_set(&err, code, "%s", why);
    stream_free(s);
    events.on_close(owner, &err);
}

static void on_opened(struct stream *s)
{
    s->is_open = true;
    s->is_shaking = false;
    answer(s, "GREETING", "220 mail.test ESMTP");
    s->events.on_open(s->owner);
}

static void on_shaken(struct stream *s)
{
    struct fake_smtp *f = s->smtp;
    if (s->to_client.n || f->tls_refusal) {
        end_stream(s, ERR_NETWORK, f->tls_refusal ? f->tls_refusal : "tls: an unexpected packet");
        return;
    }
    f->handshakes++;
    if (!s->is_open) {
        on_opened(s);
        return;
    }
    s->is_shaking = false;
    s->events.on_open(s->owner);
}

static void on_stream_timer(void *owner)
{
    struct stream *s = owner;
    struct fake_smtp *f = s->smtp;
    if (s->is_refused) {
        end_stream(s, ERR_NETWORK, "dial tcp: connect: connection refused");
    } else if (s->is_shaking) {
        on_shaken(s);
    } else if (!s->is_open) {
        on_opened(s);
    } else if (s->to_client.n) {
        size_t n = f->piece_bytes ? MIN(f->piece_bytes, s->to_client.n) : s->to_client.n;
        str piece = arena_str(&f->mem, str_slice(buf_str(&s->to_client), 0, n));
        buf_remove_front(&s->to_client, n);
        wake(s);
        s->events.on_data(s->owner, piece);
    } else if (s->breaks) {
        end_stream(s, ERR_NETWORK, "read tcp: read: connection reset by peer");
    } else if (s->ends) {
        end_stream(s, ERR_NONE, "");
    }
}

static struct stream *dial(struct env *env, const struct addr *to, bool is_tls,
                           const struct stream_events *events, void *owner)
{
    struct fake_smtp *f = smtp_of(env);
    struct stream *s = mem_new(struct stream);
    s->smtp = f;
    s->events = *events;
    s->owner = owner;
    s->is_refused = f->connections < f->refused_connections;
    s->is_silent = f->connections < f->silent_connections;
    s->is_shaking = is_tls;
    timer_init(&s->timer, on_stream_timer, s);
    list_append(&f->streams, &s->link);
    f->connections++;
    f->dialled = *to;
    f->is_tls_dialled |= is_tls;
    f->is_open_dialled |= !is_tls;
    if (!s->is_silent)
        env_timer_after(env, &s->timer, DUR_MS(1));
    return s;
}

static struct stream *smtp_dial(struct env *env, const struct addr *to,
                                const struct stream_events *events, void *owner)
{
    return dial(env, to, false, events, owner);
}

static struct stream *smtp_dial_tls(struct env *env, const struct addr *to, struct tls *tls,
                                    str head, const struct stream_events *events, void *owner)
{
    assert(head.n == 0);
    smtp_of(env)->tls_name = arena_str(&smtp_of(env)->mem, str_c(tls->name));
    return dial(env, to, true, events, owner);
}

static void smtp_starttls(struct stream *s, struct tls *tls)
{
    assert(s->is_open && !s->is_shaking);
    s->smtp->tls_name = arena_str(&s->smtp->mem, str_c(tls->name));
    s->is_shaking = true;
    wake(s);
}

static void smtp_stream_events(struct stream *s, const struct stream_events *events, void *owner)
{
    s->events = *events;
    s->owner = owner;
}

static void smtp_write(struct stream *s, str data)
{
    assert(s->is_open && !s->is_shaking);
    if (s->ends)
        return; // nobody hears it
    buf_put(&s->from_client, data);
    hear(s);
}

static size_t smtp_pending(const struct stream *s)
{
    (void)s;
    return 0;
}

static void smtp_close(struct stream *s)
{
    stream_free(s);
}

// ---- TLS and names ------------------------------------------------------------------------------

static struct tls *smtp_tls_new(struct env *env, const struct tlsconf *conf, struct err *err)
{
    if (str_eq(conf->ca.text, S("bad"))) {
        err_set(err, ERR_INVALID, "unable to use specified CA cert inline");
        return NULL;
    }
    struct tls *tls = mem_new(struct tls);
    tls->smtp = smtp_of(env);
    tls->smtp->tls_open++;
    tls->name = mem_dup(conf->server_name);
    return tls;
}

static void smtp_tls_free(struct tls *tls)
{
    tls->smtp->tls_open--;
    mem_free(tls->name);
    mem_free(tls);
}

static void query_free(struct dns_query *q)
{
    env_timer_cancel(q->smtp->env, &q->timer);
    q->smtp->lookups_open--;
    mem_free(q->name);
    mem_free(q);
}

static void on_query_timer(void *owner)
{
    struct dns_query *q = owner;
    struct fake_smtp *f = q->smtp;
    struct dns_record records[8] = {{.port = 0}};
    size_t count = 0;
    struct err err = ERR_INIT;
    str address, rest = str_c(f->addresses);
    if (addr_parse_ip(str_c(q->name), &records[0].addr))
        count = 1;
    while (count == 0 || rest.n) {
        str_cut(rest, ' ', &address, &rest);
        if (!addr_parse_ip(address, &records[count].addr) || ++count == ARRAY_LEN(records))
            break;
    }
    if (count == 0)
        err_set(&err, ERR_NOT_FOUND, "lookup %s: no such host", q->name);
    dns_fn *fn = q->fn;
    void *fn_owner = q->owner;
    query_free(q);
    fn(fn_owner, records, count, &err);
}

static struct dns_query *smtp_resolve(struct env *env, str name, enum dns_kind kind, dur_ns timeout,
                                      dns_fn *fn, void *owner)
{
    (void)kind, (void)timeout;
    struct dns_query *q = mem_new(struct dns_query);
    q->smtp = smtp_of(env);
    q->fn = fn;
    q->owner = owner;
    q->name = mem_dup(name);
    q->smtp->lookups_open++;
    timer_init(&q->timer, on_query_timer, q);
    env_timer_after(env, &q->timer, DUR_MS(1));
    return q;
}

static void smtp_resolve_cancel(struct dns_query *q)
{
    query_free(q);
}

// ---- life ---------------------------------------------------------------------------------------

void fake_smtp_init(struct fake_smtp *s, struct env *env)
{
    *s = (struct fake_smtp){.ops = *env->ops, .env = env, .before = env->ops};
    s->challenge = "<123.456@mail.test>";
    s->addresses = "10.0.0.25";
    s->ops.dial = smtp_dial;
    s->ops.dial_tls = smtp_dial_tls;
    s->ops.stream_starttls = smtp_starttls;
    s->ops.stream_events = smtp_stream_events;
    s->ops.stream_write = smtp_write;
    s->ops.stream_pending = smtp_pending;
    s->ops.stream_close = smtp_close;
    s->ops.tls_new = smtp_tls_new;
    s->ops.tls_free = smtp_tls_free;
    s->ops.resolve = smtp_resolve;
    s->ops.resolve_cancel = smtp_resolve_cancel;
    list_init(&s->streams);
    env->ops = &s->ops;
}

void fake_smtp_done(struct fake_smtp *s)
{
    assert(list_is_empty(&s->streams) && s->lookups_open == 0 && s->tls_open == 0);
    s->env->ops = s->before;
    buf_done(&s->commands);
    buf_done(&s->message);
    arena_done(&s->mem);
}
