// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/smtp.h"

#include "base/core/alloc.h"
#include "notify/integrations/smtp_int.h"

// ---- ends ---------------------------------------------------------------------------------------
// Each event enters through one function, which calls turn_over() at its end: nothing below needs
// to think of a client that is gone.

static void release(struct smtp *c)
{
    struct env *env = c->opt.env;
    env_timer_cancel(env, &c->timer);
    connecting_cancel(&c->connecting);
    env_stream_close(env, c->stream);
    env_tls_free(env, c->tls);
    smtp_reader_done(&c->reader);
    buf_done(&c->extensions);
    mem_free(c);
}

void smtp_cancel(struct smtp *c)
{
    release(c);
}

static void turn_over(struct smtp *c)
{
    if (c->state != SMTP_OVER)
        return;
    struct err err = c->err;
    struct smtp_result result = {c->is_delivered, c->may_retry, &err};
    void (*on_done)(void *, const struct smtp_result *) = c->opt.on_done;
    void *owner = c->opt.owner;
    release(c);
    on_done(owner, &result);
}

// A server that can be spoken to is told goodbye; its answer would change nothing.
static void say_quit(struct smtp *c)
{
    bool may_speak =
        c->state != SMTP_CONNECTING && c->state != SMTP_GREETING && c->state != SMTP_HANDSHAKE;
    if (c->stream && may_speak)
        env_stream_write(c->opt.env, c->stream, S("QUIT\r\n"));
}

void smtp_fail_plainly(struct smtp *c, bool may_retry)
{
    say_quit(c);
    c->may_retry = may_retry;
    c->state = SMTP_OVER;
}

// What upstream calls the step that failed.
static const char *step_name(const struct smtp *c)
{
    switch (c->state) {
    case SMTP_CONNECTING:
        return c->opt.is_implicit_tls ? "establish TLS connection to server"
                                      : "establish connection to server";
    case SMTP_GREETING:
        return "create SMTP client";
    case SMTP_EHLO:
    case SMTP_HELO:
        return "send EHLO command";
    case SMTP_STARTTLS:
    case SMTP_HANDSHAKE:
    case SMTP_EHLO_IN_TLS:
        return "send STARTTLS command";
    case SMTP_AUTH:
        return "auth";
    case SMTP_MAIL:
        return "send MAIL command";
    case SMTP_RCPT:
        return "send RCPT command";
    case SMTP_DATA:
        return "send DATA command";
    case SMTP_BODY:
    case SMTP_OVER:
        break;
    }
    return "delivery failure";
}

void smtp_fail(struct smtp *c)
{
    if (c->state == SMTP_AUTH)
        err_wrap(&c->err, "%s auth", smtp_auth_type(c->auth.mechanism));
    else
        err_wrap(&c->err, "%s", step_name(c));
    smtp_fail_plainly(c, true);
}

void smtp_succeed(struct smtp *c)
{
    say_quit(c);
    c->is_delivered = true;
    c->state = SMTP_OVER;
}

// ---- input --------------------------------------------------------------------------------------

// EHLO that is answered with nonsense is refused, too: HELO follows.
static void on_nonsense(struct smtp *c)
{
    if (c->state == SMTP_EHLO && c->stream && c->err.code == ERR_SYNTAX) {
        err_clear(&c->err);
        smtp_reader_clear(&c->reader);
        smtp_say_hello(c, SMTP_HELO);
    } else {
        smtp_fail(c);
    }
}

static void read_replies(struct smtp *c, str data)
{
    struct smtp_reply reply;
    while (c->state != SMTP_OVER && c->state != SMTP_HANDSHAKE) {
        enum smtp_read got = smtp_read(&c->reader, &data, &reply, &c->err);
        if (got == SMTP_READ_MORE)
            return;
        if (got == SMTP_READ_REPLY)
            smtp_on_reply(c, &reply, &data);
        else
            on_nonsense(c);
    }
}

static void on_data(void *owner, str data)
{
    struct smtp *c = owner;
    read_replies(c, data);
    turn_over(c);
}

static void on_open(void *owner) // the handshake of STARTTLS is done
{
    struct smtp *c = owner;
    c->is_encrypted = true;
    smtp_say_hello(c, SMTP_EHLO_IN_TLS);
    turn_over(c);
}

static void on_close(void *owner, const struct err *why)
{
    struct smtp *c = owner;
    struct smtp_reply reply;
    str nothing = S("");
    c->stream = NULL;
    if (why->code == ERR_NONE && smtp_read_end(&c->reader, &reply, &c->err) == SMTP_READ_REPLY)
        smtp_on_reply(c, &reply, &nothing);
    if (c->state != SMTP_OVER) {
        c->err = *why;
        if (why->code == ERR_NONE)
            err_set(&c->err, ERR_NETWORK, "EOF");
        smtp_fail(c);
    }
    turn_over(c);
}

static const struct stream_events EVENTS = {on_open, on_data, on_close};

static void on_connected(void *owner, struct stream *stream)
{
    struct smtp *c = owner;
    c->stream = stream;
    c->state = SMTP_GREETING;
    c->is_encrypted = c->opt.is_implicit_tls;
    env_stream_events(c->opt.env, stream, &EVENTS, c);
}

static void on_not_connected(void *owner, const struct err *why)
{
    struct smtp *c = owner;
    c->err = *why;
    smtp_fail(c);
    turn_over(c);
}

static void on_timer(void *owner)
{
    struct smtp *c = owner;
    if (c->state != SMTP_OVER) { // else it has failed in the start
        err_set(&c->err, ERR_TIMEOUT, "context deadline exceeded");
        env_stream_close(c->opt.env, take(&c->stream)); // it is not waiting for a command
        smtp_fail(c);
    }
    turn_over(c);
}

// ---- life ---------------------------------------------------------------------------------------

struct smtp *smtp_start(const struct smtp_options *opt)
{
    struct smtp *c = mem_new(struct smtp);
    c->opt = *opt;
    err_clear(&c->err);
    err_clear(&c->hello_err);
    timer_init(&c->timer, on_timer, c);
    c->connecting = (struct connecting){.env = opt->env};
    timer_init(&c->connecting.timer, NULL, NULL);
    if (opt->is_implicit_tls && !smtp_make_tls(c)) {
        smtp_fail_plainly(c, false);
        env_timer_after(opt->env, &c->timer, 0);
        return c;
    }
    c->connecting.tls = c->tls;
    c->connecting.give_up_at = add_saturated(env_mono(opt->env), opt->timeout);
    c->connecting.on_open = on_connected;
    c->connecting.on_fail = on_not_connected;
    c->connecting.owner = c;
    env_timer_set(opt->env, &c->timer, c->connecting.give_up_at);
    connecting_start(&c->connecting, opt->host, opt->port);
    return c;
}
