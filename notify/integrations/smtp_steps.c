// SPDX-License-Identifier: Apache-2.0
// The dialogue with an SMTP server: what each reply leads to.
#include "notify/integrations/smtp_int.h"

#define AUTH_ROUNDS_MAX 8 // challenges of one authentication; LOGIN needs two

static void fail_with_reply(struct smtp *c, const struct smtp_reply *reply)
{
    smtp_reply_error(reply, &c->err);
    smtp_fail(c);
}

// ---- commands -----------------------------------------------------------------------------------

// Enters a state by sending a command, whose answer will be the next input.
static void say(struct smtp *c, enum smtp_state state, const char *command, str argument,
                const char *behind)
{
    c->state = state;
    if (str_find(argument, '\r') != STR_NONE || str_find(argument, '\n') != STR_NONE) {
        err_set(&c->err, ERR_INVALID, "smtp: A line must not contain CR or LF");
        smtp_fail(c);
        return;
    }
    if (!c->stream) { // it ended behind the last reply
        err_set(&c->err, ERR_NETWORK, "EOF");
        smtp_fail(c);
        return;
    }
    defer(buf_wipe) struct buf line = {0};
    buf_reserve(&line, argument.n + 256); // a secret is copied once
    buf_put(&line, str_c(command));
    buf_put(&line, argument);
    buf_put(&line, str_c(behind));
    buf_put(&line, S("\r\n"));
    env_stream_write(c->opt.env, c->stream, buf_str(&line));
}

void smtp_say_hello(struct smtp *c, enum smtp_state state)
{
    str name = c->opt.hello.n ? c->opt.hello : S("localhost");
    say(c, state, state == SMTP_HELO ? "HELO " : "EHLO ", name, "");
}

// The keyword is compared as it is, and of two lines the last counts, as upstream has it.
static bool offers(const struct smtp *c, str keyword, str *ret_params)
{
    bool is_offered = false;
    str line, rest = buf_str(&c->extensions);
    bool has_more = str_cut(rest, '\n', &line, &rest); // without the first, a greeting
    while (has_more) {
        str key, params;
        has_more = str_cut(rest, '\n', &line, &rest);
        str_cut(line, ' ', &key, &params);
        if (!str_eq(key, keyword))
            continue;
        is_offered = true;
        if (ret_params)
            *ret_params = params;
    }
    return is_offered;
}

// ---- the mail -----------------------------------------------------------------------------------

void buf_put_smtp_data(struct buf *out, str message)
{
    char before = '\n';
    for (size_t i = 0; i < message.n; i++) {
        char c = message.p[i];
        if (before == '\n' && c == '.')
            buf_put_c(out, '.');
        if (c == '\n' && before != '\r')
            buf_put_c(out, '\r');
        buf_put_c(out, c);
        before = c;
    }
    if (before == '\r')
        buf_put_c(out, '\n');
    else if (before != '\n' || message.n == 0)
        buf_put(out, S("\r\n"));
    buf_put(out, S(".\r\n"));
}

static void say_next_recipient(struct smtp *c)
{
    if (c->rcpt < c->mail.to_count)
        say(c, SMTP_RCPT, "RCPT TO:<", c->mail.to[c->rcpt++], ">");
    else
        say(c, SMTP_DATA, "DATA", S(""), "");
}

static void send_message(struct smtp *c)
{
    defer(buf_done) struct buf data = {0};
    buf_put_smtp_data(&data, c->mail.message);
    assert(!data.is_full); // a message has SMTP_MESSAGE_BYTES_MAX bytes at most
    c->state = SMTP_BODY;
    if (c->stream) // else its end, which is being told, fails this step
        env_stream_write(c->opt.env, c->stream, buf_str(&data));
}

static void begin_mail(struct smtp *c)
{
    static const char *const BEHIND[2][2] = {{">", "> SMTPUTF8"},
                                             {"> BODY=8BITMIME", "> BODY=8BITMIME SMTPUTF8"}};
    c->state = SMTP_MAIL;
    if (!c->opt.compose(c->opt.owner, &c->mail, &c->err)) {
        smtp_fail_plainly(c, false);
    } else if (c->hello_err.code != ERR_NONE) {
        c->err = c->hello_err;
        smtp_fail(c);
    } else {
        bool is_8bit = offers(c, S("8BITMIME"), NULL), is_utf8 = offers(c, S("SMTPUTF8"), NULL);
        say(c, SMTP_MAIL, "MAIL FROM:<", c->mail.from, BEHIND[is_8bit][is_utf8]);
    }
}

// ---- authentication -----------------------------------------------------------------------------

// Nobody but the server may hear a PLAIN password.
static bool is_safe(const struct smtp *c)
{
    str host = c->opt.host;
    return c->is_encrypted || str_eq(host, S("localhost")) || str_eq(host, S("127.0.0.1")) ||
           str_eq(host, S("::1"));
}

static void authenticate(struct smtp *c)
{
    str mechanisms;
    defer(buf_wipe) struct buf line = {0};
    if (!offers(c, S("AUTH"), &mechanisms)) {
        begin_mail(c);
        return;
    }
    if (!smtp_auth_choose(mechanisms, &c->opt.login, &c->auth, &c->err)) {
        err_wrap(&c->err, "find auth mechanism");
        smtp_fail_plainly(c, true);
        return;
    }
    if (c->auth.mechanism == SMTP_NO_AUTH) {
        begin_mail(c);
        return;
    }
    c->state = SMTP_AUTH;
    if (smtp_auth_begin(&c->auth, is_safe(c), &line, &c->err))
        say(c, SMTP_AUTH, "", buf_str(&line), "");
    else
        smtp_fail(c);
}

static void auth_failed(struct smtp *c)
{
    if (c->stream)
        env_stream_write(c->opt.env, c->stream, S("*\r\n"));
    smtp_fail(c);
}

static void on_auth_reply(struct smtp *c, const struct smtp_reply *reply)
{
    defer(buf_wipe) struct buf line = {0};
    if (reply->code == 235) {
        begin_mail(c);
    } else if (reply->code != 334) {
        smtp_reply_error(reply, &c->err);
        auth_failed(c);
    } else if (c->auth_rounds++ >= AUTH_ROUNDS_MAX) {
        err_set(&c->err, ERR_LIMIT, "more than %d challenges", AUTH_ROUNDS_MAX);
        auth_failed(c);
    } else if (smtp_auth_answer(&c->auth, reply->text, &line, &c->err)) {
        say(c, SMTP_AUTH, "", buf_str(&line), "");
    } else {
        auth_failed(c);
    }
}

// ---- greetings and TLS --------------------------------------------------------------------------

bool smtp_make_tls(struct smtp *c)
{
    struct tlsconf conf = *c->opt.tls;
    if (conf.server_name.n == 0)
        conf.server_name = c->opt.host;
    if (tlsconf_check_client(&conf, &c->err))
        c->tls = env_tls_new(c->opt.env, &conf, &c->err);
    return c->tls || err_wrap(&c->err, "parse TLS configuration");
}

static void on_hello_over(struct smtp *c)
{
    if (!c->opt.requires_tls || c->is_encrypted) {
        authenticate(c);
    } else if (!offers(c, S("STARTTLS"), NULL)) {
        bool has_colon = str_find(c->opt.host, ':') != STR_NONE;
        err_set(&c->err, ERR_INVALID,
                has_colon ? "'require_tls' is true (default) but \"[%.*s]:%.*s\" does not "
                            "advertise the STARTTLS extension"
                          : "'require_tls' is true (default) but \"%.*s:%.*s\" does not "
                            "advertise the STARTTLS extension",
                STR(c->opt.host), STR(c->opt.port));
        smtp_fail_plainly(c, true);
    } else if (!smtp_make_tls(c)) {
        smtp_fail_plainly(c, false);
    } else {
        say(c, SMTP_STARTTLS, "STARTTLS", S(""), "");
    }
}

static void on_hello_reply(struct smtp *c, const struct smtp_reply *reply)
{
    if (reply->code == 250) {
        if (c->state == SMTP_EHLO)
            buf_put(&c->extensions, reply->text);
        on_hello_over(c);
    } else if (c->state == SMTP_EHLO) {
        smtp_say_hello(c, SMTP_HELO);
    } else if (c->opt.hello.n) {
        fail_with_reply(c, reply);
    } else {
        smtp_reply_error(reply, &c->hello_err);
        on_hello_over(c);
    }
}

// Whatever came in plain behind the reply is not the server's word (RFC 3207 §6).
static void start_tls(struct smtp *c, str *data)
{
    *data = S("");
    smtp_reader_clear(&c->reader);
    c->state = SMTP_HANDSHAKE;
    if (c->stream)
        env_stream_starttls(c->opt.env, c->stream, c->tls);
}

static void on_hello_in_tls(struct smtp *c, const struct smtp_reply *reply)
{
    if (reply->code != 250) {
        fail_with_reply(c, reply);
        return;
    }
    buf_clear(&c->extensions); // what was offered in plain may be anybody's offer
    buf_put(&c->extensions, reply->text);
    authenticate(c);
}

// ---- replies ------------------------------------------------------------------------------------

static bool is_wanted(const struct smtp *c, unsigned code)
{
    switch (c->state) {
    case SMTP_GREETING:
    case SMTP_STARTTLS:
        return code == 220;
    case SMTP_MAIL:
    case SMTP_BODY:
        return code == 250;
    case SMTP_RCPT:
        return code / 10 == 25;
    case SMTP_DATA:
        return code == 354;
    case SMTP_CONNECTING:
    case SMTP_EHLO:
    case SMTP_HELO:
    case SMTP_HANDSHAKE:
    case SMTP_EHLO_IN_TLS:
    case SMTP_AUTH:
    case SMTP_OVER:
        break;
    }
    return true; // looked at more closely
}

void smtp_on_reply(struct smtp *c, const struct smtp_reply *reply, str *data)
{
    if (!is_wanted(c, reply->code)) {
        fail_with_reply(c, reply);
        return;
    }
    switch (c->state) {
    case SMTP_GREETING:
        smtp_say_hello(c, SMTP_EHLO);
        return;
    case SMTP_EHLO:
    case SMTP_HELO:
        on_hello_reply(c, reply);
        return;
    case SMTP_STARTTLS:
        start_tls(c, data);
        return;
    case SMTP_EHLO_IN_TLS:
        on_hello_in_tls(c, reply);
        return;
    case SMTP_AUTH:
        on_auth_reply(c, reply);
        return;
    case SMTP_MAIL:
    case SMTP_RCPT:
        say_next_recipient(c);
        return;
    case SMTP_DATA:
        send_message(c);
        return;
    case SMTP_BODY:
        smtp_succeed(c);
        return;
    case SMTP_CONNECTING:
    case SMTP_HANDSHAKE:
    case SMTP_OVER:
        return; // nothing is read then
    }
}
