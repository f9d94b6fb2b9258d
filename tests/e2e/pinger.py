# SPDX-License-Identifier: Apache-2.0
"""A stranger who pings members of a cluster and measures how soon they acknowledge.

The messages are memberlist's (docs/wire/gossip.md): a ping without a source is acknowledged to where
it came from, and one without a name by whoever gets it.
"""

import ctypes
import os
import select
import socket
import struct
import threading
import time

from harness import Failure

PING_SECONDS = 0.02
PATIENCE_SECONDS = 10  # for what is still unanswered at the end
PING = b"\x00\x82\xa4Node\xa0\xa5SeqNo\xce"  # behind it a uint32
ACK = b"\x02\x82\xa7Payload\xa0\xa5SeqNo"  # behind it an integer as short as possible


def ping(number):
    return PING + struct.pack(">I", number)


def ack_number(packet):
    """The number in an ack, alone or with news behind it; None: it is something else."""
    _, ack, rest = packet.partition(ACK)
    if not ack or not rest:
        return None
    if rest[0] < 0x80:
        return rest[0]
    size = {0xcc: 1, 0xcd: 2, 0xce: 4}[rest[0]]
    return int.from_bytes(rest[1:1 + size], "big")


class Plain:
    @staticmethod
    def seal(message):
        return message

    @staticmethod
    def open(packet):
        return packet


class Sealed:
    """Packets under a shared key: 01 nonce[12] ciphertext tag[16], AES-GCM, by the library ours uses.

    For one thread.
    """

    def __init__(self, key):
        self.lib = ctypes.CDLL("libgnutls.so.30")
        self.handle = ctypes.c_void_p()
        kind = self.lib.gnutls_cipher_get_id(b"AES-%d-GCM" % (8 * len(key)))
        self.check(self.lib.gnutls_aead_cipher_init(ctypes.byref(self.handle), kind, self.datum(key)))

    @staticmethod
    def datum(data):
        class Datum(ctypes.Structure):
            _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_uint)]
        return ctypes.byref(Datum(data, len(data)))

    @staticmethod
    def check(code):
        if code:
            raise Failure(f"GnuTLS: error {code}")

    def run(self, function, nonce, data, room):
        out, size = ctypes.create_string_buffer(room), ctypes.c_size_t(room)
        self.check(function(self.handle, nonce, ctypes.c_size_t(12), None, ctypes.c_size_t(0), ctypes.c_size_t(16),
                            data, ctypes.c_size_t(len(data)), out, ctypes.byref(size)))
        return out.raw[:size.value]

    def seal(self, message):
        nonce = os.urandom(12)
        return b"\x01" + nonce + self.run(self.lib.gnutls_aead_cipher_encrypt, nonce, message, len(message) + 16)

    def open(self, packet):
        return self.run(self.lib.gnutls_aead_cipher_decrypt, packet[1:13], packet[13:], len(packet))


class Pinger:
    """Pings a port every PING_SECONDS inside its `with` block; at the end it waits for missing acks.

    Of a program that has not started yet only what it is sent after its first ack counts.
    """

    def __init__(self, port, make_cipher=Plain):
        self.port, self.cipher = port, make_cipher()
        self.open = {}  # number: when it was sent
        self.round_trips = []
        self.error = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stopping.set()
        self.thread.join()
        if self.error and not kind:
            raise Failure(f"the pinger failed: {self.error}")

    def slowest(self):
        """In seconds. Fails if a ping was never acknowledged, or none was sent."""
        if self.open or not self.round_trips:
            raise Failure(f"{len(self.open)} pings without an ack, {len(self.round_trips)} with one")
        return max(self.round_trips)

    def _run(self):
        try:
            with socket.socket(type=socket.SOCK_DGRAM) as udp:
                udp.bind(("127.0.0.1", 0))
                self._ping(udp)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def _ping(self, udp):
        number, due = 0, time.monotonic()
        while not self.stopping.is_set():
            now = time.monotonic()
            if now >= due:
                number, due = number + 1, max(due + PING_SECONDS, now)
                packet = self.cipher.seal(ping(number))
                self.open[number] = time.monotonic()
                udp.sendto(packet, ("127.0.0.1", self.port))
            self._take_acks(udp, due)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.open and time.monotonic() < deadline:
            self._take_acks(udp, deadline)

    def _take_acks(self, udp, until):
        if not select.select([udp], [], [], max(0, until - time.monotonic()))[0]:
            return
        packet = udp.recv(2048)
        now = time.monotonic()
        number = ack_number(self.cipher.open(packet))
        if number is not None and not self.round_trips:
            self.open = {n: at for n, at in self.open.items() if n >= number}
        sent = self.open.pop(number, None)
        if sent is not None:
            self.round_trips.append(now - sent)
