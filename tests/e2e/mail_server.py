# SPDX-License-Identifier: Apache-2.0
"""A mail server for tests: SMTP in the clear, with STARTTLS or with TLS from the first byte on."""

import base64
import contextlib
import email
import email.policy
import shutil
import socket
import ssl
import subprocess
import threading

from harness import wait_for

HAVE_OPENSSL = shutil.which("openssl") is not None


def openssl(world, *args):
    subprocess.run(["openssl", *args], cwd=world.folder, check=True, capture_output=True)


def make_certificate(world, name, sans):
    """<name>.crt, signed by an authority of its own, <name>-ca.crt; returns the server's context."""
    ca = name + "-ca"
    openssl(world, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca + ".key", "-out", ca + ".crt",
            "-subj", "/CN=" + ca, "-days", "2")
    openssl(world, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
            "-subj", "/CN=" + name)
    world.write(name + ".ext", f"subjectAltName={sans}\nextendedKeyUsage=serverAuth\n")
    openssl(world, "x509", "-req", "-in", name + ".csr", "-CA", ca + ".crt", "-CAkey", ca + ".key", "-CAcreateserial",
            "-days", "2", "-extfile", name + ".ext", "-out", name + ".crt")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{world.folder}/{name}.crt", f"{world.folder}/{name}.key")
    return context


class Mail:
    """One mail as it was taken."""

    def __init__(self, session, data):
        self.sender, self.recipients = session.sender, list(session.recipients)
        self.in_tls, self.user = session.in_tls, session.user
        self.message = email.message_from_bytes(data, policy=email.policy.default)
        self.subject = self.message["Subject"]

    def __repr__(self):
        return f"{self.subject!r} from {self.sender} to {self.recipients}"


class Session:
    """One connection, on a thread of its own."""

    def __init__(self, server, connection):
        self.server, self.connection = server, connection
        self.in_tls, self.user, self.sender, self.recipients = False, None, None, []

    def secure(self):
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.file = self.connection.makefile("rb")
        self.in_tls = True

    def say(self, text):
        self.connection.sendall(text.encode() + b"\r\n")

    def run(self):
        with contextlib.suppress(OSError):  # the other side went away, or did not like our certificate
            if self.server.implicit:
                self.secure()
            self.file = self.connection.makefile("rb")
            self.say("220 mail.test ESMTP")
            while self.obey(self.file.readline().rstrip(b"\r\n").decode()):
                pass
        self.connection.close()

    def offers(self):
        offers = ["8BITMIME"]
        if self.server.tls and not self.in_tls:
            offers.append("STARTTLS")
        elif self.server.password:
            offers.append("AUTH PLAIN LOGIN")
        return offers

    def obey(self, line):
        verb, _, argument = line.partition(" ")
        if verb == self.server.silent_at:
            self.server.hung += 1
            self.server.closing.wait()
            return False
        if verb in self.server.answers:
            self.say(self.server.answers[verb])
        elif verb == "EHLO":
            lines = ["mail.test", *self.offers()]
            for i, text in enumerate(lines):
                self.say(("250 " if i == len(lines) - 1 else "250-") + text)
        elif verb == "STARTTLS":
            self.say("220 go ahead")
            self.secure()
        elif verb == "AUTH":
            self.authenticate(argument)
        elif verb == "MAIL":
            self.sender, self.recipients = argument, []
            self.say("250 fine")
        elif verb == "RCPT":
            self.recipients.append(argument)
            self.say("250 fine")
        elif verb == "DATA":
            self.say("354 go on")
            self.take()
        elif verb == "QUIT":
            self.say("221 bye")
        return verb not in ("", "QUIT")

    def authenticate(self, argument):
        mechanism, _, initial = argument.partition(" ")
        _, user, password = base64.b64decode(initial).decode().split("\0")
        if mechanism == "PLAIN" and password == self.server.password:
            self.user = user
            self.say("235 welcome")
        else:
            self.say("535 Invalid username or password")

    def take(self):
        data = b""
        for line in iter(self.file.readline, b".\r\n"):
            if not line:
                return  # it was cut off: nothing is taken
            data += line[line.startswith(b".."):]
        mail = Mail(self, data)
        with self.server.lock:
            self.server.mails.append(mail)
        self.say("250 queued")


class MailServer:
    """`tls`: the context for STARTTLS, or with `implicit` for everything. `silent_at`: a command that is never
    answered; `answers`: {command: refusal}. Both may change while it runs."""

    def __init__(self, tls=None, implicit=False, password=None):
        self.tls, self.implicit, self.password = tls, implicit, password
        self.silent_at, self.answers, self.hung = None, {}, 0
        self.mails, self.connections = [], 0
        self.lock, self.closing = threading.Lock(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=Session(self, connection).run, daemon=True).start()

    def find(self, subject):
        with self.lock:
            return [m for m in self.mails if m.subject == subject]

    def wait(self, subject, **options):
        wait_for(f"a mail {subject!r}, have {self.mails}", lambda: self.find(subject), **options)
        return self.find(subject)[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
