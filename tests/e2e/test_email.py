# SPDX-License-Identifier: Apache-2.0
"""Mails to a real server: in the clear, with STARTTLS, with TLS from the first byte on, with a password, and to one
that goes silent."""

import unittest

from harness import World, alert, holds, wait_for
from mail_server import HAVE_OPENSSL, MailServer, make_certificate

CONFIG = """\
route:
  receiver: team
  group_by: [alertname]
  group_wait: 200ms
  group_interval: 2s
  repeat_interval: 4h
receivers:
- name: team
  email_configs:
  - to: Team <team@example.com>, boss@example.com
    from: am@example.com
    smarthost: {smarthost}
    hello: am.test
    text: '{{{{ range .Alerts }}}}{{{{ .Labels.alertname }}}} – Grüße{{{{ end }}}}'
    headers: {{Subject: '{{{{ .CommonLabels.alertname }}}} {{{{ .Status }}}}'}}
{more}
"""


class Email(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())

    def start(self, more, **server):
        self.mail = self.enterContext(MailServer(**server))
        more = "\n".join("    " + line for line in more)
        self.am = self.world.alertmanager("am", CONFIG.format(smarthost=self.mail.address, more=more),
                                          cluster=False).start()

    def send(self, name):
        self.am.post_alerts([alert(name)])

    def delivered(self, name, **options):
        return self.mail.wait(name + " firing", alive=[self.am], **options)

    def failing(self, why):
        wait_for(why, lambda: why in self.am.log(), alive=[self.am])

    def test_in_the_clear(self):
        self.start(["require_tls: false"])
        self.send("Plain")
        mail = self.delivered("Plain")
        self.assertEqual(mail.sender, "FROM:<am@example.com> BODY=8BITMIME")
        self.assertEqual(mail.recipients, ["TO:<team@example.com>", "TO:<boss@example.com>"])
        self.assertEqual(mail.message["To"], "Team <team@example.com>, boss@example.com")
        text, html = mail.message.iter_parts()
        self.assertEqual(text.get_content().rstrip(), "Plain – Grüße")
        self.assertEqual(html.get_content_type(), "text/html")
        self.assertIn("Plain", html.get_content())
        self.assertFalse(mail.in_tls)
        holds("it comes once", lambda: len(self.mail.mails) == 1, 3)
        self.am.stop()

    def test_refused_for_now_and_taken_later(self):
        self.start(["require_tls: false"])
        self.mail.answers["RCPT"] = "450 4.2.1 greylisted"
        self.send("Greylisted")
        self.failing("send RCPT command: 450 4.2.1 greylisted")
        self.mail.answers.clear()
        self.delivered("Greylisted")
        self.am.stop()

    def test_silence_is_ended_by_the_deadline_and_the_next_flush_delivers(self):
        self.start(["require_tls: false"])
        self.mail.silent_at = "DATA"
        self.send("Silent")
        wait_for("the server to hang", lambda: self.mail.hung, alive=[self.am])
        self.mail.silent_at = None
        self.failing("notify retry canceled after 1 attempts: context deadline exceeded")
        self.delivered("Silent")
        holds("it comes once", lambda: len(self.mail.mails) == 1, 3)
        self.am.stop()

    def test_stops_in_time_while_the_server_is_silent(self):
        self.start(["require_tls: false"])
        self.mail.silent_at = "EHLO"
        self.send("Hangs")
        wait_for("the server to hang", lambda: self.mail.hung, alive=[self.am])
        self.am.stop()

    @unittest.skipUnless(HAVE_OPENSSL, "needs openssl")
    def test_starttls_with_a_password(self):
        tls = make_certificate(self.world, "mail", "IP:127.0.0.1")
        self.world.write("pw", "secret\n")
        # Relative names begin at the working directory.
        self.start(["tls_config: {ca_file: mail-ca.crt}", "auth_username: am", "auth_password_file: pw"],
                   tls=tls, password="secret")
        self.send("Secure")
        mail = self.delivered("Secure")
        self.assertTrue(mail.in_tls)
        self.assertEqual(mail.user, "am")
        self.am.stop()

    @unittest.skipUnless(HAVE_OPENSSL, "needs openssl")
    def test_a_certificate_for_somebody_else_is_refused(self):
        tls = make_certificate(self.world, "mail", "DNS:other.example")
        self.start(["tls_config: {ca_file: mail-ca.crt}"], tls=tls)
        self.send("Impostor")
        self.failing("send STARTTLS command: tls: failed to verify certificate: x509: certificate is not valid for "
                     "127.0.0.1")
        self.assertEqual(self.mail.mails, [])
        self.am.stop()

    @unittest.skipUnless(HAVE_OPENSSL, "needs openssl")
    def test_tls_from_the_first_byte_on(self):
        tls = make_certificate(self.world, "mail", "DNS:mail.example")
        self.start(["force_implicit_tls: true",
                    "tls_config: {ca_file: mail-ca.crt, server_name: mail.example}"], tls=tls, implicit=True)
        self.send("Implicit")
        self.assertTrue(self.delivered("Implicit").in_tls)
        self.am.stop()

    def test_no_tls_no_mail(self):
        self.start([])
        self.send("Open")
        self.failing("does not advertise the STARTTLS extension")
        self.assertEqual(self.mail.mails, [])
        self.am.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
