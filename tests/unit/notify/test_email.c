// SPDX-License-Identifier: Apache-2.0
// Mails: what is in them, and what keeps them from being sent.
#include "notify/integrations/email.h"

#include "base/model/tlsconf.h"
#include "tests/support/fake_smtp.h"
#include "tests/unit/notify/attempt_rig.h"

struct desk {
    struct attempt_rig r;
    struct fake_smtp smtp;
    struct tlsconf tls;
    struct email_conf conf;
    struct yaml_str_pair headers[8];
};

static int32_t west(struct env *e, time_ns t)
{
    (void)e, (void)t;
    return -(3 * 3600 + 30 * 60);
}

static void desk_init(struct desk *d)
{
    *d = (struct desk){.tls = {0}};
    d->headers[0] = (struct yaml_str_pair){S("From"), S("am@example.com")};
    d->headers[1] = (struct yaml_str_pair){S("Subject"), S("{{ len .Alerts }} {{ .Status }}")};
    d->headers[2] = (struct yaml_str_pair){S("To"), S("{{ .GroupLabels.x }}a@example.com")};
    d->conf = (struct email_conf){
        .to = S("a@example.com, \"B, C\" <b@example.com>"),
        .from = S("AM <am@example.com>"),
        .hello = S("am.test"),
        .smarthost = {S("mail.test"), S("25")},
        .headers = {d->headers, 3},
        .text = S("{{ range .Alerts }}{{ .Labels.alertname }}{{ end }}"),
        .tls = &d->tls,
    };
    attempt_rig_init(&d->r, &EMAIL_OPS, &d->conf);
    d->r.ops.utc_offset_s = west;
    d->r.context.hostname = S("host.test");
    fake_smtp_init(&d->smtp, &d->r.fake.env);
}

static void desk_start(struct desk *d)
{
    attempt_rig_start(&d->r);
    for (int i = 0; i < 1000 && !d->r.is_done; i++)
        fake_env_advance(&d->r.fake, DUR_MS(1));
}

static void desk_done(struct desk *d)
{
    fake_smtp_done(&d->smtp);
    attempt_rig_done(&d->r);
}

static str line_with(struct desk *d, const char *name)
{
    str line, rest = buf_str(&d->smtp.message);
    while (rest.n) {
        size_t end = str_find_str(rest, S("\r\n"));
        line = str_slice(rest, 0, end);
        rest = str_skip(rest, line.n + 2);
        if (str_starts(line, str_c(name)))
            return str_skip(line, strlen(name));
    }
    return S("");
}

static void a_mail_has_its_layout(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.conf.html = S("<b>{{ .Status }}</b>");
    desk_start(&d);
    check_delivered(&d.r);
    check_str(buf_str(&d.smtp.commands),
              S("EHLO am.test\nMAIL FROM:<am@example.com>\nRCPT TO:<a@example.com>\n"
                "RCPT TO:<b@example.com>\nDATA\nQUIT\n"));
    str boundary = line_with(&d, "Content-Type: multipart/alternative;  boundary=");
    str id = line_with(&d, "Message-Id: ");
    assert_int_equal(boundary.n, 60);
    assert_true(str_starts(id, S("<17675712000")) && str_ends(id, S("@host.test>")));
    defer(buf_done) struct buf want = {0};
    buf_printf(&want,
               "From: am@example.com\r\nTo: a@example.com\r\nSubject: 1 firing\r\n"
               "Message-Id: %.*s\r\nDate: Sun, 04 Jan 2026 20:30:00 -0330\r\n"
               "Content-Type: multipart/alternative;  boundary=%.*s\r\nMIME-Version: 1.0\r\n\r\n"
               "--%.*s\r\nContent-Transfer-Encoding: quoted-printable\r\n"
               "Content-Type: text/plain; charset=UTF-8\r\n\r\na\r\n"
               "--%.*s\r\nContent-Transfer-Encoding: quoted-printable\r\n"
               "Content-Type: text/html; charset=UTF-8\r\n\r\n<b>firing</b>\r\n--%.*s--\r\n",
               STR(id), STR(boundary), STR(boundary), STR(boundary), STR(boundary));
    check_str(buf_str(&d.smtp.message), buf_str(&want));
    desk_done(&d);
}

static void headers_are_sorted_and_stay_one_line_each(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.headers[3] = (struct yaml_str_pair){S("A-First"), S("{{ \"x\\r\\nBcc: evil@x\" }}")};
    d.headers[4] = (struct yaml_str_pair){S("Message-Id"), S("<own>")};
    d.headers[5] = (struct yaml_str_pair){S("X-Last"), S("Gr\xc3\xbc\xc3\x9f"
                                                         "e")};
    d.conf.headers.count = 6;
    desk_start(&d);
    check_delivered(&d.r);
    assert_true(str_starts(buf_str(&d.smtp.message),
                           S("From: am@example.com\r\nTo: a@example.com\r\nSubject: 1 firing\r\n"
                             "A-First: =?utf-8?q?x=0D=0ABcc:_evil@x?=\r\nMessage-Id: <own>\r\n"
                             "X-Last: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: ")));
    desk_done(&d);
}

static void threads_are_named_by_group_and_day(void **state)
{
    (void)state;
    for (int daily = 0; daily < 2; daily++) {
        struct desk d;
        desk_init(&d);
        d.conf.threading.is_enabled = true;
        d.conf.threading.by_date = daily ? S("daily") : S("none");
        desk_start(&d);
        check_delivered(&d.r);
        str want = daily ? S("<alert-cc9772a1ec901d26-2026-01-04@alertmanager>")
                         : S("<alert-cc9772a1ec901d26-@alertmanager>");
        check_str(line_with(&d, "References: "), want);
        check_str(line_with(&d, "In-Reply-To: "), want);
        desk_done(&d);
    }
}

static void a_mail_may_have_no_part(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.conf.text = S("");
    desk_start(&d);
    check_delivered(&d.r);
    str boundary = line_with(&d, "Content-Type: multipart/alternative;  boundary=");
    defer(buf_done) struct buf want = {0};
    buf_printf(&want, "MIME-Version: 1.0\r\n\r\n\r\n--%.*s--\r\n", STR(boundary));
    assert_true(str_ends(buf_str(&d.smtp.message), buf_str(&want)));
    desk_done(&d);
}

static void what_cannot_be_rendered_is_not_begun(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *subject, *text, *html, *why;
    } CASES[] = {
        {"{{ .X }}", "a@b", "s", "t", "h", "execute 'from' template: "},
        {"a@b", "{{ .X }}", "s", "t", "h", "execute 'to' template: "},
        {"a@b", "a@b", "{{ .X }}", "t", "h", "execute \"Subject\" header template: "},
        {"a@b", "a@b", "s", "{{ .X }}", "h", "execute text template: "},
        {"a@b", "a@b", "s", "t", "{{ .X }}", "execute html template: "},
        {"a@b, c@d", "x", "{{ .X }}", "t", "h", "must be exactly one 'from' address (got: 2)"},
        {"x:;", "x", "s", "t", "h", "must be exactly one 'from' address (got: 0)"},
        {"x", "x", "s", "t", "h", "parse 'from' addresses: mail: missing '@' or angle-addr"},
        {"a@b", "x", "{{ .X }}", "t", "h", "parse 'to' addresses: mail: missing '@' or angle-addr"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct desk d;
        desk_init(&d);
        d.conf.from = str_c(CASES[i].from);
        d.conf.to = str_c(CASES[i].to);
        d.headers[1].value = str_c(CASES[i].subject);
        d.conf.text = str_c(CASES[i].text);
        d.conf.html = str_c(CASES[i].html);
        desk_start(&d);
        str why = err_str(&d.r.result.err);
        assert_true(d.r.is_done && !d.r.result.may_retry);
        check_str(str_slice(why, 0, strlen(CASES[i].why)), str_c(CASES[i].why));
        check_str(buf_str(&d.smtp.commands), S("EHLO am.test\nQUIT\n"));
        desk_done(&d);
    }
}

static void secrets_come_from_files_where_there_is_one(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d);
    d.smtp.extensions = "AUTH LOGIN";
    d.smtp.password = "pw";
    d.conf.auth_username = S("user");
    d.conf.auth_password = S("not this");
    d.conf.auth_password_file = S("/pw");
    fake_file_set(&d.r.fake, "/pw", S(" pw\r\n"));
    desk_start(&d);
    check_delivered(&d.r);
    fake_file_remove(&d.r.fake, "/pw");
    desk_start(&d);
    check_failed(&d.r,
                 "find auth mechanism: could not read /pw: open /pw: no such file or directory",
                 true, FAILURE_OTHER);
    desk_done(&d);

    desk_init(&d); // of CRAM-MD5 nothing is trimmed
    d.smtp.extensions = "AUTH CRAM-MD5";
    d.smtp.password = "s\n";
    d.conf.auth_username = S("user");
    d.conf.auth_secret_file = S("/s");
    fake_file_set(&d.r.fake, "/s", S("s\n"));
    desk_start(&d);
    check_delivered(&d.r);
    desk_done(&d);
}

static void tls_is_implied_by_the_port_unless_told(void **state)
{
    (void)state;
    static const struct {
        const char *port;
        struct opt_bool force;
        bool is_used;
    } CASES[] = {
        {"465", {0}, true},          {"587", {0}, false},
        {"smtps", {0}, false},       {"465", {false, true}, false},
        {"587", {true, true}, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct desk d;
        desk_init(&d);
        d.conf.smarthost.port = str_c(CASES[i].port);
        d.conf.force_implicit_tls = CASES[i].force;
        d.conf.require_tls.value = CASES[i].is_used; // STARTTLS is not offered, and not missed
        desk_start(&d);
        check_delivered(&d.r);
        assert_int_equal(d.smtp.is_tls_dialled, CASES[i].is_used);
        desk_done(&d);
    }
}

static void an_attempt_can_be_cancelled_at_any_moment(void **state)
{
    (void)state;
    for (int ms = 0; ms < 12; ms++) {
        struct desk d;
        desk_init(&d);
        d.smtp.silent_at = "BODY";
        attempt_rig_start(&d.r);
        for (int i = 0; i < ms; i++)
            fake_env_advance(&d.r.fake, DUR_MS(1));
        attempt_rig_cancel(&d.r);
        fake_env_advance(&d.r.fake, DUR_HOURS(1));
        desk_done(&d);
    }
}

int test_email(void);
int test_email(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_has_its_layout),
        cmocka_unit_test(headers_are_sorted_and_stay_one_line_each),
        cmocka_unit_test(threads_are_named_by_group_and_day),
        cmocka_unit_test(a_mail_may_have_no_part),
        cmocka_unit_test(what_cannot_be_rendered_is_not_begun),
        cmocka_unit_test(secrets_come_from_files_where_there_is_one),
        cmocka_unit_test(tls_is_implied_by_the_port_unless_told),
        cmocka_unit_test(an_attempt_can_be_cancelled_at_any_moment),
    };
    return run_group("email", tests);
}
