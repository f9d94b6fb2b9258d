// SPDX-License-Identifier: Apache-2.0
// The dialogue with a mail server, in every order and with every kind of end.
#include "notify/integrations/smtp.h"

#include "notify/integrations/smtp_reply.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"
#include "tests/support/fake_smtp.h"

#define TIMEOUT DUR_SECONDS(30)

struct desk {
    struct fake_env fake;
    struct fake_smtp smtp;
    struct tlsconf tls;
    struct smtp_options opt;
    struct smtp *client; // NULL: not begun, or over
    str password, secret, to[2];
    struct smtp_mail mail;
    const char *compose_error, *secret_error;
    int composed, done;
    bool is_delivered, may_retry;
    struct err err;
};

static bool give_secret(void *owner, enum smtp_secret which, str *ret, struct err *err)
{
    struct desk *d = owner;
    *ret = which == SMTP_PASSWORD ? d->password : d->secret;
    return !d->secret_error || err_set(err, ERR_IO, "%s", d->secret_error);
}

static bool compose(void *owner, struct smtp_mail *ret, struct err *err)
{
    struct desk *d = owner;
    d->composed++;
    *ret = d->mail;
    return !d->compose_error || err_set(err, ERR_INVALID, "%s", d->compose_error);
}

static void on_done(void *owner, const struct smtp_result *result)
{
    struct desk *d = owner;
    d->done++;
    d->client = NULL;
    d->is_delivered = result->is_delivered;
    d->may_retry = result->may_retry;
    d->err = *result->err;
}

static void desk_init(struct desk *d)
{
    *d = (struct desk){.err = ERR_INIT};
    fake_env_init(&d->fake);
    fake_smtp_init(&d->smtp, &d->fake.env);
    d->smtp.password = "pw";
    d->to[0] = S("a@example.com");
    d->to[1] = S("b@example.com");
    d->mail = (struct smtp_mail){S("am@example.com"), d->to, 2, S("Subject: x\r\n\r\nbody\r\n")};
    d->opt = (struct smtp_options){
        .env = &d->fake.env,
        .host = S("mail.test"),
        .port = S("25"),
        .hello = S("am.test"),
        .tls = &d->tls,
        .login = {.secret = give_secret, .owner = d},
        .timeout = TIMEOUT,
        .compose = compose,
        .on_done = on_done,
        .owner = d,
    };
}

static void desk_start(struct desk *d)
{
    d->client = smtp_start(&d->opt);
    assert_int_equal(d->done, 0);
}

static void desk_pass(struct desk *d, dur_ns time)
{
    for (mono_ns until = d->fake.mono + time; d->fake.mono < until && !d->done;)
        fake_env_advance(&d->fake, DUR_MS(1));
}

static void desk_run(struct desk *d)
{
    desk_start(d);
    desk_pass(d, DUR_SECONDS(5));
    assert_int_equal(d->done, 1);
}

static void desk_done(struct desk *d)
{
    if (d->client)
        smtp_cancel(d->client);
    assert_int_equal(timer_queue_next(&d->fake.timers), MONO_NEVER);
    fake_smtp_done(&d->smtp);
    fake_env_done(&d->fake);
}

static void check_delivered(struct desk *d, const char *commands)
{
    check_err(&d->err, "");
    assert_true(d->is_delivered);
    assert_int_equal(d->smtp.messages, 1);
    check_str(buf_str(&d->smtp.commands), str_c(commands));
}

static void check_failed(struct desk *d, const char *why, bool may_retry)
{
    check_str(err_str(&d->err), str_c(why));
    assert_false(d->is_delivered);
    assert_int_equal(d->may_retry, may_retry);
}

#define ENVELOPE                                                                                   \
    "MAIL FROM:<am@example.com>\nRCPT TO:<a@example.com>\nRCPT TO:<b@example.com>\nDATA\n"

// ---- delivery ----------------------------------------------------------------------------------

static void a_mail_is_handed_over_in_pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t piece = 0; piece < 12; piece++) {
        struct desk d;
        desk_init(&d);
        d.smtp.piece_bytes = piece;
        d.smtp.extensions = "SIZE 1000\nHELP";
        desk_run(&d);
        check_delivered(&d, "EHLO am.test\n" ENVELOPE "QUIT\n");
        check_str(buf_str(&d.smtp.message), S("Subject: x\r\n\r\nbody\r\n"));
        assert_int_equal(d.smtp.dialled.port, 25);
        desk_done(&d);
    }
}

static void extensions_are_used_where_they_are_offered(void **state)
{
    (void)state;
    static const struct {
        const char *extensions, *behind;
    } CASES[] = {
        {"8BITMIME", " BODY=8BITMIME"},
        {"SMTPUTF8", " SMTPUTF8"},
        {"SMTPUTF8\n8BITMIME", " BODY=8BITMIME SMTPUTF8"},
        {"8bitmime\nSMTPUTF8X", ""}, // compared as they are
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct desk d;
        char want[256];
        desk_init(&d);
        d.smtp.extensions = CASES[i].extensions;
        d.mail.to_count = 0; // a group without members
        snprintf(want, sizeof(want), "EHLO am.test\nMAIL FROM:<am@example.com>%s\nDATA\nQUIT\n",
                 CASES[i].behind);
        desk_run(&d);
        check_delivered(&d, want);
        desk_done(&d);
    }
}

static void helo_follows_a_refused_ehlo(void **state)
{
    (void)state;
    static const char *const REPLIES[] = {"502 what?", "nonsense", "abc-x"};
    for (size_t i = 0; i < ARRAY_LEN(REPLIES); i++) {
        struct desk d;
        desk_init(&d);
        d.smtp.refusals[0] = (struct fake_smtp_refusal){"EHLO", REPLIES[i]};
        desk_run(&d);
        check_delivered(&d, "EHLO am.test\nHELO am.test\n" ENVELOPE "QUIT\n");
        desk_done(&d);
    }
}

static void dots_and_line_ends_are_made_fit_for_data(void **state)
{
    (void)state;
    static const struct {
        const char *message, *data;
    } CASES[] = {
        {"", "\r\n.\r\n"},
        {"a", "a\r\n.\r\n"},
        {"a\n.b\r\n..\n", "a\r\n..b\r\n...\r\n.\r\n"},
        {".", "..\r\n.\r\n"},
        {"a\r", "a\r\n.\r\n"},
        {"a\r.b", "a\r.b\r\n.\r\n"},
        {"\n\n", "\r\n\r\n.\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        defer(buf_done) struct buf out = {0};
        buf_put_smtp_data(&out, str_c(CASES[i].message));
        check_str(buf_str(&out), str_c(CASES[i].data));
    }
}

// The server has the message: how it takes the goodbye is nobody's business.
static void a_taken_message_counts_whatever_follows(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct desk d;
        desk_init(&d);
        d.smtp.silent_at = i == 0 ? "QUIT" : NULL;
        d.smtp.closes_at = i >= 1 ? "BODY" : NULL;
        d.smtp.closes_in_line = i == 2;
        desk_run(&d);
        check_err(&d.err, "");
        assert_true(d.is_delivered);
        desk_done(&d);
    }
}

// ---- refusals ----------------------------------------------------------------------------------

static void each_refusal_names_its_step(void **state)
{
    (void)state;
    static const struct {
        const char *command, *reply, *why;
    } CASES[] = {
        {"GREETING", "554 no", "create SMTP client: 554 no"},
        {"GREETING", "22", "create SMTP client: short response: \"22\""},
        {"GREETING", "2x0 hi", "create SMTP client: invalid response code: \"2x0 hi\""},
        {"GREETING", "099 hi", "create SMTP client: invalid response code: \"099 hi\""},
        {"MAIL", "550 5.7.1 no\t", "send MAIL command: 550 5.7.1 no\t"},
        {"MAIL", "251 nearly", "send MAIL command: 251 nearly"},
        {"RCPT", "450-one\r\n450 two", "send RCPT command: 450 one\ntwo"},
        {"DATA", "250 no", "send DATA command: 250 no"},
        {"BODY", "501 5.5.4 Rejected!", "delivery failure: 501 5.5.4 Rejected!"},
        {"BODY", "354 more", "delivery failure: 354 more"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct desk d;
        desk_init(&d);
        d.smtp.refusals[0] = (struct fake_smtp_refusal){CASES[i].command, CASES[i].reply};
        desk_run(&d);
        check_failed(&d, CASES[i].why, true);
        bool is_greeted = strcmp(CASES[i].command, "GREETING") != 0;
        assert_int_equal(str_ends(buf_str(&d.smtp.commands), S("QUIT\n")), is_greeted);
        desk_done(&d);
    }
}

static void both_hellos_refused_end_it(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.smtp.refusals[0] = (struct fake_smtp_refusal){"EHLO", "501 bad"};
    d.smtp.refusals[1] = (struct fake_smtp_refusal){"HELO", "501 bad hello"};
    desk_run(&d);
    check_failed(&d, "send EHLO command: 501 bad hello", true);
    desk_done(&d);

    desk_init(&d); // a name that nobody chose is only missed where it is needed
    d.smtp.refusals[0] = (struct fake_smtp_refusal){"EHLO", "501 bad"};
    d.smtp.refusals[1] = (struct fake_smtp_refusal){"HELO", "501 bad hello"};
    d.opt.hello = S("");
    desk_run(&d);
    check_failed(&d, "send MAIL command: 501 bad hello", true);
    assert_true(str_starts(buf_str(&d.smtp.commands), S("EHLO localhost\nHELO localhost\n")));
    desk_done(&d);
}

static void a_name_of_two_lines_is_never_sent(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.opt.hello = S("am\r\nMAIL FROM:<x>");
    desk_run(&d);
    check_failed(&d, "send EHLO command: smtp: A line must not contain CR or LF", true);
    check_str(buf_str(&d.smtp.commands), S("QUIT\n"));
    desk_done(&d);
}

static void a_mail_that_cannot_be_made_is_given_up(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.compose_error = "execute 'to' template: x";
    desk_run(&d);
    check_failed(&d, "execute 'to' template: x", false);
    check_str(buf_str(&d.smtp.commands), S("EHLO am.test\nQUIT\n"));
    desk_done(&d);
}

static void long_replies_are_cut_off(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    static char line[SMTP_LINE_BYTES_MAX + 100];
    memset(line, 'x', sizeof(line) - 1);
    line[0] = line[1] = '2';
    line[2] = '0';
    line[3] = ' ';
    d.smtp.refusals[0] = (struct fake_smtp_refusal){"GREETING", line};
    desk_run(&d);
    check_failed(&d, "create SMTP client: a line of the reply has more than 4096 bytes", true);
    desk_done(&d);

    defer(buf_done) struct buf reply = {0};
    while (reply.n < 2 * SMTP_REPLY_BYTES_MAX)
        buf_printf(&reply, "220-%.100s\r\n", line);
    buf_put(&reply, S("220 end"));
    buf_put_c(&reply, '\0');
    desk_init(&d);
    d.smtp.refusals[0] = (struct fake_smtp_refusal){"GREETING", reply.p};
    d.smtp.piece_bytes = 1000;
    desk_run(&d);
    check_failed(&d, "create SMTP client: the reply has more than 65536 bytes", true);
    desk_done(&d);
}

static void replies_are_read_as_textproto_does(void **state)
{
    (void)state;
    struct smtp_reader r = {0};
    struct smtp_reply reply;
    struct err err = ERR_INIT;
    str data = S("250-a\n250-b\r\n251 other\r\nplain\r\n250 \r\n354 go\r\n25");
    assert_int_equal(smtp_read(&r, &data, &reply, &err), SMTP_READ_REPLY);
    assert_int_equal(reply.code, 250);
    check_str(reply.text, S("a\nb\n251 other\nplain\n"));
    assert_int_equal(smtp_read(&r, &data, &reply, &err), SMTP_READ_REPLY);
    assert_int_equal(reply.code, 354);
    assert_int_equal(smtp_read(&r, &data, &reply, &err), SMTP_READ_MORE);
    data = S("0 bye");
    assert_int_equal(smtp_read(&r, &data, &reply, &err), SMTP_READ_MORE);
    assert_int_equal(smtp_read_end(&r, &reply, &err), SMTP_READ_REPLY);
    check_str(reply.text, S("bye"));
    smtp_reader_done(&r);
}

// ---- TLS ---------------------------------------------------------------------------------------

static void starttls_comes_before_anything_else(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.opt.requires_tls = true;
    d.smtp.extensions = "STARTTLS\nSMTPUTF8";
    desk_run(&d);
    check_delivered(&d, "EHLO am.test\nSTARTTLS\nEHLO am.test\nMAIL FROM:<am@example.com> "
                        "SMTPUTF8\nRCPT TO:<a@example.com>\nRCPT TO:<b@example.com>\nDATA\nQUIT\n");
    assert_int_equal(d.smtp.handshakes, 1);
    check_str(d.smtp.tls_name, S("mail.test"));
    assert_false(d.smtp.is_tls_dialled);
    desk_done(&d);

    desk_init(&d); // not wished for, not used
    d.smtp.extensions = "STARTTLS";
    desk_run(&d);
    check_delivered(&d, "EHLO am.test\n" ENVELOPE "QUIT\n");
    desk_done(&d);
}

static void without_starttls_nothing_is_sent(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.opt.requires_tls = true;
    d.smtp.extensions = "starttls\nAUTH PLAIN";
    desk_run(&d);
    check_failed(&d,
                 "'require_tls' is true (default) but \"mail.test:25\" does not advertise the "
                 "STARTTLS extension",
                 true);
    assert_int_equal(d.composed, 0);
    desk_done(&d);

    desk_init(&d);
    d.opt.requires_tls = true;
    d.opt.host = S("fd00::1");
    desk_run(&d);
    check_failed(&d,
                 "'require_tls' is true (default) but \"[fd00::1]:25\" does not advertise the "
                 "STARTTLS extension",
                 true);
    desk_done(&d);
}

static void tls_that_fails_ends_it(void **state)
{
    (void)state;
    static const struct {
        struct fake_smtp_refusal refusal;
        const char *tls_refusal, *breaks_at, *why;
    } CASES[] = {
        {{"STARTTLS", "454 later"}, NULL, NULL, "send STARTTLS command: 454 later"},
        {{NULL, NULL}, "tls: bad name", NULL, "send STARTTLS command: tls: bad name"},
        {{NULL, NULL},
         NULL,
         "STARTTLS",
         "send STARTTLS command: read tcp: read: connection reset by peer"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct desk d;
        desk_init(&d);
        d.opt.requires_tls = true;
        d.smtp.extensions = "STARTTLS";
        d.smtp.refusals[0] = CASES[i].refusal;
        d.smtp.tls_refusal = CASES[i].tls_refusal;
        d.smtp.breaks_at = CASES[i].breaks_at;
        desk_run(&d);
        check_failed(&d, CASES[i].why, true);
        assert_int_equal(d.composed, 0);
        desk_done(&d);
    }
}

// An attacker in the line adds offers of its own to the answer (RFC 3207 §6).
static void words_in_plain_behind_starttls_are_thrown_away(void **state)
{
    (void)state;
    for (size_t piece = 0; piece < 2; piece++) {
        struct desk d;
        desk_init(&d);
        d.opt.requires_tls = true;
        d.smtp.extensions = "STARTTLS";
        d.smtp.more_in_plain = "250-evil\r\n250 AUTH PLAIN\r\n";
        d.smtp.piece_bytes = piece ? 16 : 0; // the rest comes when the handshake is on
        d.opt.login.username = S("user");
        d.password = S("pw");
        desk_run(&d);
        if (piece)
            check_failed(&d, "send STARTTLS command: tls: an unexpected packet", true);
        else
            check_err(&d.err, "");
        assert_int_equal(d.smtp.auth_mechanism.n, 0);
        desk_done(&d);
    }
}

static void implicit_tls_needs_no_starttls(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.opt.requires_tls = d.opt.is_implicit_tls = true;
    d.opt.port = S("smtps");
    d.tls.server_name = S("other.test");
    desk_run(&d);
    check_delivered(&d, "EHLO am.test\n" ENVELOPE "QUIT\n");
    assert_true(d.smtp.is_tls_dialled);
    assert_int_equal(d.smtp.dialled.port, 465);
    check_str(d.smtp.tls_name, S("other.test"));
    desk_done(&d);

    desk_init(&d);
    d.opt.is_implicit_tls = true;
    d.smtp.tls_refusal = "tls: bad name";
    desk_run(&d);
    check_failed(&d, "establish TLS connection to server: tls: bad name", true);
    desk_done(&d);
}

static void bad_tls_settings_are_given_up(void **state)
{
    (void)state;
    static const struct {
        struct tlsconf tls;
        const char *why;
    } CASES[] = {
        {{.ca.text = {"bad", 3}}, "unable to use specified CA cert inline"},
        {{.ca_ref = {"x", 1}}, "unable to use CA cert: cannot use secret ref without manager"},
        {{.min_version = HTTPCONF_TLS13, .max_version = HTTPCONF_TLS12},
         "tls_config.max_version must be greater than or equal to tls_config.min_version if both "
         "are specified"},
    };
    for (size_t i = 0; i < 2 * ARRAY_LEN(CASES); i++) {
        struct desk d;
        char want[256];
        desk_init(&d);
        d.opt.requires_tls = true;
        d.opt.is_implicit_tls = i % 2;
        d.smtp.extensions = "STARTTLS";
        d.tls = CASES[i / 2].tls;
        desk_run(&d);
        snprintf(want, sizeof(want), "parse TLS configuration: %s", CASES[i / 2].why);
        check_failed(&d, want, false);
        desk_done(&d);
    }
}

// ---- authentication ----------------------------------------------------------------------------

static void start_authenticated(struct desk *d, const char *offer)
{
    desk_init(d);
    d->opt.host = S("localhost");
    d->smtp.extensions = offer;
    d->opt.login.username = S("user");
    d->opt.login.identity = S("ident");
    d->password = d->secret = S("pw");
}

static void each_mechanism_shows_the_user(void **state)
{
    (void)state;
    struct desk d;
    start_authenticated(&d, "AUTH PLAIN LOGIN");
    desk_run(&d);
    check_delivered(&d, "EHLO am.test\n" ENVELOPE "QUIT\n");
    check_str(d.smtp.auth_initial, ((str){"ident\0user\0pw", 13}));
    desk_done(&d);

    start_authenticated(&d, "AUTH LOGIN PLAIN");
    desk_run(&d);
    assert_true(d.is_delivered);
    check_str(d.smtp.auth_username, S("user"));
    check_str(d.smtp.auth_password, S("pw"));
    desk_done(&d);

    start_authenticated(&d, "AUTH CRAM-MD5");
    desk_run(&d);
    assert_true(d.is_delivered);
    check_str(d.smtp.auth_response, S("user 69de936bdf8782252af2d4fb94136bca"));
    desk_done(&d);
}

static void the_servers_order_decides_among_usable_ones(void **state)
{
    (void)state;
    static const struct {
        const char *offer, *password, *secret, *mechanism;
    } CASES[] = {
        {"AUTH CRAM-MD5 LOGIN PLAIN", "pw", "", "LOGIN"},
        {"AUTH XOAUTH2 PLAIN CRAM-MD5", "pw", "pw", "PLAIN"},
        {"AUTH PLAIN LOGIN CRAM-MD5", "", "pw", "CRAM-MD5"},
        {"AUTH LOGIN\nAUTH PLAIN", "pw", "", "PLAIN"}, // the last line counts
        {"AUTH=LOGIN PLAIN", "pw", "", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct desk d;
        start_authenticated(&d, CASES[i].offer);
        d.password = str_c(CASES[i].password);
        d.secret = str_c(CASES[i].secret);
        desk_run(&d);
        check_err(&d.err, "");
        check_str(d.smtp.auth_mechanism, str_c(CASES[i].mechanism));
        desk_done(&d);
    }
}

static void what_keeps_from_authenticating_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *offer, *host, *password, *secret_error;
        struct fake_smtp_refusal refusal;
        const char *why;
    } CASES[] = {
        {"AUTH CRAM-MD5 PLAIN X",
         "localhost",
         "",
         NULL,
         {NULL, NULL},
         "find auth mechanism: missing secret for CRAM-MD5 auth mechanism\nmissing password for "
         "PLAIN auth mechanism\nunknown auth mechanism: X"},
        {"AUTH",
         "localhost",
         "pw",
         NULL,
         {NULL, NULL},
         "find auth mechanism: unknown auth mechanism: "},
        {"AUTH LOGIN",
         "localhost",
         "",
         "could not read x",
         {NULL, NULL},
         "find auth mechanism: could not read x"},
        {"AUTH PLAIN",
         "mail.test",
         "pw",
         NULL,
         {NULL, NULL},
         "*smtp.plainAuth auth: unencrypted connection"},
        {"AUTH PLAIN",
         "127.0.0.1",
         "wrong",
         NULL,
         {NULL, NULL},
         "*smtp.plainAuth auth: 535 Invalid username or password"},
        {"AUTH LOGIN",
         "mail.test",
         "wrong",
         NULL,
         {NULL, NULL},
         "*email.loginAuth auth: 535 Invalid username or password"},
        {"AUTH PLAIN",
         "::1",
         "pw",
         NULL,
         {"AUTH", "334 eA=="},
         "*smtp.plainAuth auth: unexpected server challenge"},
        {"AUTH LOGIN",
         "::1",
         "pw",
         NULL,
         {"AUTH", "334 eA=="},
         "*email.loginAuth auth: unexpected server challenge"},
        {"AUTH LOGIN",
         "::1",
         "pw",
         NULL,
         {"AUTH", "334 VXNlcm5hbWU6"}, // for ever
         "*email.loginAuth auth: more than 8 challenges"},
        {"AUTH LOGIN",
         "::1",
         "pw",
         NULL,
         {"AUTH", "334 !"},
         "*email.loginAuth auth: illegal base64 data in the server's challenge"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct desk d;
        start_authenticated(&d, CASES[i].offer);
        d.opt.host = str_c(CASES[i].host);
        d.password = str_c(CASES[i].password);
        d.secret = S("");
        d.secret_error = CASES[i].secret_error;
        d.smtp.refusals[0] = CASES[i].refusal;
        desk_run(&d);
        check_failed(&d, CASES[i].why, true);
        assert_int_equal(d.composed, 0);
        if (strstr(CASES[i].why, "535"))
            assert_true(d.smtp.is_auth_aborted);
        assert_true(str_ends(buf_str(&d.smtp.commands), S("QUIT\n")) || CASES[i].refusal.command);
        desk_done(&d);
    }
}

static void without_a_user_nobody_is_shown(void **state)
{
    (void)state;
    struct desk d;
    start_authenticated(&d, "AUTH PLAIN");
    d.opt.login.username = S("");
    desk_run(&d);
    check_delivered(&d, "EHLO am.test\n" ENVELOPE "QUIT\n");
    check_str(d.smtp.auth_mechanism, S(""));
    desk_done(&d);
}

// ---- connections -------------------------------------------------------------------------------

static void each_address_of_a_name_is_tried(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.smtp.addresses = "10.0.0.1 fd00::2 10.0.0.3";
    d.smtp.refused_connections = 2;
    desk_run(&d);
    assert_true(d.is_delivered);
    assert_int_equal(d.smtp.connections, 3);
    assert_int_equal(d.smtp.dialled.ip[3], 3);
    desk_done(&d);

    desk_init(&d);
    d.smtp.addresses = "10.0.0.1 10.0.0.2";
    d.smtp.refused_connections = 2;
    desk_run(&d);
    check_failed(&d, "establish connection to server: dial tcp: connect: connection refused", true);
    assert_int_equal(d.smtp.connections, 2);
    desk_done(&d);
}

static void a_silent_address_leaves_time_for_the_next(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.smtp.addresses = "10.0.0.1 10.0.0.2 10.0.0.3";
    d.smtp.silent_connections = 2;
    desk_start(&d);
    desk_pass(&d, TIMEOUT / 3);
    assert_int_equal(d.smtp.connections, 1);
    desk_pass(&d, DUR_SECONDS(21));
    assert_true(d.is_delivered);
    assert_int_equal(d.smtp.connections, 3);
    desk_done(&d);
}

static void hosts_that_cannot_be_found_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *host, *port, *why;
    } CASES[] = {
        {"nowhere", "25", "dial tcp: lookup nowhere: no such host"},
        {"10.0.0.1", "nosuch", "dial tcp: lookup tcp/nosuch: unknown port"},
        {"10.0.0.1", "65536", "dial tcp: address 65536: invalid port"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct desk d;
        char want[256];
        desk_init(&d);
        d.smtp.addresses = "";
        d.opt.host = str_c(CASES[i].host);
        d.opt.port = str_c(CASES[i].port);
        desk_run(&d);
        snprintf(want, sizeof(want), "establish connection to server: %s", CASES[i].why);
        check_failed(&d, want, true);
        desk_done(&d);
    }
}

static void connections_that_break_name_the_step(void **state)
{
    (void)state;
    static const struct {
        const char *breaks_at, *closes_at, *why;
    } CASES[] = {
        {"GREETING", NULL, "create SMTP client: read tcp: read: connection reset by peer"},
        {"BODY", NULL, "delivery failure: read tcp: read: connection reset by peer"},
        {NULL, "EHLO", "send MAIL command: EOF"},
        {NULL, "DATA", "delivery failure: EOF"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct desk d;
        desk_init(&d);
        d.smtp.breaks_at = CASES[i].breaks_at;
        d.smtp.closes_at = CASES[i].closes_at;
        desk_run(&d);
        check_failed(&d, CASES[i].why, true);
        desk_done(&d);
    }
}

// ---- time --------------------------------------------------------------------------------------

static const char *const STEPS[] = {"GREETING", "EHLO", "STARTTLS", "AUTH",
                                    "MAIL",     "RCPT", "DATA",     "BODY"};

static void start_silent(struct desk *d, const char *silent_at)
{
    start_authenticated(d, "STARTTLS\nAUTH LOGIN");
    d->opt.requires_tls = true;
    d->smtp.silent_at = silent_at;
    desk_start(d);
}

static void the_deadline_ends_a_silent_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(STEPS); i++) {
        struct desk d;
        start_silent(&d, STEPS[i]);
        desk_pass(&d, TIMEOUT - DUR_MS(1));
        assert_int_equal(d.done, 0);
        desk_pass(&d, DUR_MS(2));
        assert_int_equal(d.done, 1);
        assert_int_equal(d.err.code, ERR_TIMEOUT);
        assert_true(str_ends(err_str(&d.err), S(": context deadline exceeded")));
        assert_true(d.may_retry);
        desk_done(&d);
    }
}

static void it_can_be_cancelled_at_any_moment(void **state)
{
    (void)state;
    for (int steps = 0; steps < 60; steps++) {
        struct desk d;
        start_silent(&d, NULL);
        d.smtp.piece_bytes = 5;
        for (int i = 0; i < steps && !d.done; i++) {
            if (!fake_env_step(&d.fake))
                d.fake.mono += DUR_MS(1);
        }
        desk_done(&d);
    }
}

int test_smtp(void);
int test_smtp(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_is_handed_over_in_pieces_of_any_size),
        cmocka_unit_test(extensions_are_used_where_they_are_offered),
        cmocka_unit_test(helo_follows_a_refused_ehlo),
        cmocka_unit_test(dots_and_line_ends_are_made_fit_for_data),
        cmocka_unit_test(a_taken_message_counts_whatever_follows),
        cmocka_unit_test(each_refusal_names_its_step),
        cmocka_unit_test(both_hellos_refused_end_it),
        cmocka_unit_test(a_name_of_two_lines_is_never_sent),
        cmocka_unit_test(a_mail_that_cannot_be_made_is_given_up),
        cmocka_unit_test(long_replies_are_cut_off),
        cmocka_unit_test(replies_are_read_as_textproto_does),
        cmocka_unit_test(starttls_comes_before_anything_else),
        cmocka_unit_test(without_starttls_nothing_is_sent),
        cmocka_unit_test(tls_that_fails_ends_it),
        cmocka_unit_test(words_in_plain_behind_starttls_are_thrown_away),
        cmocka_unit_test(implicit_tls_needs_no_starttls),
        cmocka_unit_test(bad_tls_settings_are_given_up),
        cmocka_unit_test(each_mechanism_shows_the_user),
        cmocka_unit_test(the_servers_order_decides_among_usable_ones),
        cmocka_unit_test(what_keeps_from_authenticating_is_told),
        cmocka_unit_test(without_a_user_nobody_is_shown),
        cmocka_unit_test(each_address_of_a_name_is_tried),
        cmocka_unit_test(a_silent_address_leaves_time_for_the_next),
        cmocka_unit_test(hosts_that_cannot_be_found_are_told),
        cmocka_unit_test(connections_that_break_name_the_step),
        cmocka_unit_test(the_deadline_ends_a_silent_server),
        cmocka_unit_test(it_can_be_cancelled_at_any_moment),
    };
    return run_group("smtp", tests);
}
