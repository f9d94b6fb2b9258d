# SPDX-License-Identifier: Apache-2.0
"""Real processes on loopback for end-to-end tests, the demo and the benchmark.

Everything a World starts lives in its temporary folder and its process table, and both are gone
when the World is closed: on success, on failure, on Ctrl-C and on SIGTERM. Children also die with
the process that started them (setpriv --pdeathsig), so that even kill -9 leaves nothing behind.

Nothing here sleeps for luck: wait_for() polls a condition until a deadline and says what it waited
for when that passes. Start processes from the main thread only: the kernel ties the death signal to
the thread that forked.

Environment: TOCSIN_BIN is the folder of our programs. UPSTREAM_ALERTMANAGER is the upstream program
that stands beside them (otherwise the packaged one of Debian), which makes every interop test one
with that version: UPSTREAM_ALERTMANAGER=~/alertmanager-0.34/alertmanager ctest --preset dev -L interop
"""

import contextlib
import http.client
import http.server
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

PACKAGED = "/usr/bin"
ALERTMANAGER_PACKAGED = os.environ.get("UPSTREAM_ALERTMANAGER") or PACKAGED + "/prometheus-alertmanager"
VMALERT_PACKAGED = PACKAGED + "/vmalert"
VICTORIA_METRICS = PACKAGED + "/victoria-metrics"

START_SECONDS = 30  # an instrumented program on a busy machine
STOP_SECONDS = 20
LOG_TAIL_BYTES = 4000

# What sanitizers and our own panic print: never acceptable, whatever the exit code is.
CRASH = re.compile(r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|runtime error:|Assertion .* failed|^panic: ",
                   re.MULTILINE)


def seed_of_the_run():
    """What random tests begin with: another one each night, else always the same, so that what fails
    is the change and not the dice."""
    return random.getrandbits(32) if os.environ.get("TOCSIN_NIGHTLY") == "1" else 1


class Failure(AssertionError):
    """What went wrong, in a sentence for people."""


# ---- waiting -----------------------------------------------------------------------------------

def wait_for(what, condition, seconds=START_SECONDS, every=0.05, alive=()):
    """Returns the first true value of condition(); OSErrors count as "not yet".

    Fails as soon as one of the processes `alive` has ended.
    """
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = None
        except (OSError, http.client.HTTPException) as error:
            last = error
        for process in alive:
            process.check_alive()
        if time.monotonic() >= deadline:
            raise Failure(f"waited {seconds:g} s for {what}" + (f": {last}" if last else ""))
        time.sleep(every)


def holds(what, condition, seconds, every=0.1, seen=lambda: ""):
    """Fails as soon as condition() is false within the given time: for "and nothing more comes"."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise Failure(f"did not hold: {what} {seen()}")
        time.sleep(every)


# ---- ports -------------------------------------------------------------------------------------

_reservations = []


def free_port():
    """A port that is free for TCP and UDP and that no other harness hands out meanwhile.

    It lies below the kernel's ephemeral range, so that no outgoing connection takes it between this
    call and the bind of the program it is for. An abstract Unix socket is the reservation among
    harnesses that run at the same time; it vanishes with this process.
    """
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        low = int(f.read().split()[0])
    first, last = (10000, low - 1) if low > 12000 else (10000, 32767)
    for _ in range(1000):
        port = random.randint(first, last)
        reservation = socket.socket(socket.AF_UNIX)
        try:
            reservation.bind(f"\0tocsin-test-port-{port}")
            with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
        except OSError:
            reservation.close()
            continue
        _reservations.append(reservation)
        return port
    raise Failure("found no free port")


# ---- HTTP --------------------------------------------------------------------------------------

class Reply:
    def __init__(self, status, body, headers):
        self.status, self.body, self.headers = status, body, headers

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)


def request(method, address, path, body=None, headers=None, timeout=20):
    """One HTTP exchange. A body that is not bytes or str is sent as JSON."""
    headers = dict(headers or {})
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        return Reply(reply.status, reply.read(), reply.headers)
    finally:
        connection.close()


def metrics(address):
    """/metrics as {'name{label="value"}': number}."""
    found = {}
    for line in request("GET", address, "/metrics").text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


def metric_sum(address, name, **labels):
    """The sum of all series of this name that have the given labels."""
    total = 0
    for series, value in metrics(address).items():
        if series.partition("{")[0] == name and all(f'{k}="{v}"' in series for k, v in labels.items()):
            total += value
    return total


# ---- processes ---------------------------------------------------------------------------------

class Process:
    """A program with its log file. `ours`: must survive everything and exit with 0 on SIGTERM."""

    def __init__(self, world, name, argv, ours):
        self.world, self.name, self.argv, self.ours = world, name, argv, ours
        self.log_path = os.path.join(world.folder, name + ".log")
        self.popen = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.argv], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=self.world.folder, start_new_session=True)
        self.world.running.append(self)
        return self

    @property
    def pid(self):
        return self.popen.pid

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def log_tail(self):
        return f"---- last lines of {self.name} ----\n{self.log()[-LOG_TAIL_BYTES:]}\n"

    def check_alive(self):
        if self.popen.poll() is not None:
            raise Failure(f"{self.name} ended with code {self.popen.returncode}\n{self.log_tail()}")
        self.check_sound()

    def check_sound(self):
        if self.ours and CRASH.search(self.log()):
            raise Failure(f"{self.name} crashed\n{self.log_tail()}")

    def _forget(self):
        if self in self.world.running:
            self.world.running.remove(self)

    def kill(self, signum=signal.SIGKILL):
        """Ends the process at once, like a power cut (the kernel's buffers survive)."""
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(signum)
        self.popen.wait()
        self._forget()
        self.check_sound()

    def stop(self):
        """Asks the process to end and requires that it does so soon and in order."""
        self.terminate()
        self.wait_stopped()

    def terminate(self):
        """The first half of stop(), for watching how others see the end."""
        self.check_alive()
        self.popen.terminate()

    def wait_stopped(self):
        try:
            code = self.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"{self.name} did not stop {STOP_SECONDS} s after SIGTERM\n{self.log_tail()}")
        self._forget()
        self.check_sound()
        if self.ours and code != 0:
            raise Failure(f"{self.name} ended with code {code} on SIGTERM\n{self.log_tail()}")

    def wait_exit(self, seconds=START_SECONDS):
        """For processes that are expected to give up. Returns the exit code."""
        try:
            code = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} is still running after {seconds} s\n{self.log_tail()}")
        self._forget()
        self.check_sound()
        return code

    def memory_kb(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return int(re.search(r"^VmRSS:\s+(\d+)", f.read(), re.MULTILINE).group(1))

    def cpu_seconds(self):
        """User and system time of all threads so far."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Alertmanager(Process):
    """One peer, ours or the packaged one (whose name in the cluster cannot be chosen)."""

    def __init__(self, world, name, config, peers=(), packaged=False, cluster=True, flags=(), prefix=""):
        self.address = f"127.0.0.1:{free_port()}"
        self.prefix = prefix  # of all paths: "/am"
        self.gossip_port = free_port()
        self.gossip = f"127.0.0.1:{self.gossip_port}"
        self.packaged = packaged
        self.data = os.path.join(world.folder, name + ".data")
        self.config_path = world.write(name + ".yml", config)
        argv = [ALERTMANAGER_PACKAGED if packaged else world.program("alertmanager"),
                f"--config.file={self.config_path}", f"--storage.path={self.data}",
                f"--web.listen-address={self.address}", f"--web.external-url=http://{self.address}{prefix}",
                f"--cluster.listen-address={self.gossip if cluster else ''}"]
        if cluster and not packaged:
            argv.append(f"--cluster.peer-name={name}")
        super().__init__(world, name, argv + list(flags), ours=not packaged)
        self.introduce(peers)

    def introduce(self, peers):
        """Tells it of peers that did not exist when it was made; before its start."""
        self.argv += [f"--cluster.peer={p.gossip}" for p in peers]

    def start(self):
        super().start()
        wait_for(f"{self.name} to serve HTTP", lambda: self.get("/-/ready").status == 200, alive=[self])
        return self

    def get(self, path, **options):
        return request("GET", self.address, self.prefix + path, **options)

    def post_alerts(self, alerts, **options):
        reply = request("POST", self.address, self.prefix + "/api/v2/alerts", alerts, **options)
        if reply.status != 200:
            raise Failure(f"{self.name} answered {reply.status} to alerts: {reply.text}")

    def alerts(self, query=""):
        return self.get("/api/v2/alerts" + query).json()

    def status(self):
        return self.get("/api/v2/status").json()

    def members(self):
        """Who it says is alive, itself included: sorted (name, gossip address)."""
        return sorted((p["name"], p["address"]) for p in self.status()["cluster"]["peers"])

    def peer_names(self):
        return [p["name"] for p in self.status()["cluster"]["peers"]]

    def is_settled(self, members):
        cluster = self.status()["cluster"]
        return cluster["status"] == "ready" and len(cluster["peers"]) == members

    def metric(self, name, **labels):
        return metric_sum(self.address, name, **labels)


class Vmalert(Process):
    def __init__(self, world, name, rules, datasource, notifiers, flags=(), program=None, prefix=""):
        self.address = f"127.0.0.1:{free_port()}"
        self.prefix = prefix  # of all paths: "/ops"
        self.rules_path = world.write(name + ".rules.yml", rules)
        argv = [program or world.program("vmalert"), f"-rule={self.rules_path}",
                f"-datasource.url=http://{datasource}", f"-httpListenAddr={self.address}"]
        argv += [f"-notifier.url=http://{n}" for n in notifiers]
        if prefix:
            argv.append(f"-http.pathPrefix={prefix}")
        super().__init__(world, name, argv + list(flags), ours=program is None)

    def start(self):
        super().start()
        wait_for(f"{self.name} to serve HTTP", lambda: self.get("/health").status == 200, alive=[self])
        return self

    def get(self, path, **options):
        return request("GET", self.address, self.prefix + path, **options)

    def metric(self, name, **labels):
        return metric_sum(self.address, name, **labels)


class VictoriaMetrics(Process):
    """The real datasource.

    Queries see a sample of a known series about a second after it was written, the first sample of
    a new series up to ten seconds later.
    """

    def __init__(self, world, name="victoria-metrics"):
        self.address = f"127.0.0.1:{free_port()}"
        super().__init__(world, name, [
            VICTORIA_METRICS, f"-httpListenAddr={self.address}", "-retentionPeriod=1d",
            f"-storageDataPath={os.path.join(world.folder, name)}", "-search.latencyOffset=0s",
            "-loggerLevel=WARN"], ours=False)

    def start(self):
        super().start()
        wait_for(f"{self.name} to serve HTTP", lambda: request("GET", self.address, "/health").status == 200,
                 alive=[self])
        return self

    def write(self, *samples):
        """Samples in text exposition format, such as 'disk_used{host="a"} 0.5', with the time of now."""
        reply = request("POST", self.address, "/api/v1/import/prometheus", "\n".join(samples) + "\n")
        if reply.status not in (200, 204):
            raise Failure(f"{self.name} refused a sample: {reply.status} {reply.text}")

    def query(self, expr):
        """The result of an instant query: [{"metric": …, "value": [time, text]}, …]."""
        path = "/api/v1/query?" + urllib.parse.urlencode({"query": expr})
        return request("GET", self.address, path).json()["data"]["result"]

    def wait_series(self, expr, count):
        wait_for(f"{count} series of {expr} in {self.name}", lambda: len(self.query(expr)) >= count, alive=[self])


# ---- the receiver ------------------------------------------------------------------------------

class Message:
    """One webhook request as it arrived. `status` is the group's: firing while any alert is."""

    def __init__(self, path, body):
        self.at, self.path, self.body = time.time(), path, body
        self.peer = path.rpartition("/")[2]
        self.status = body.get("status")
        self.names = sorted(a["labels"].get("alertname", "") for a in body.get("alerts", []))
        self.group_key = body.get("groupKey")

    def __repr__(self):
        return f"{self.status} {','.join(self.names)} from {self.peer}"


class Sink:
    """A webhook receiver that keeps every message. The last part of a path says who sent it.

    `answers` maps a path to a status code, or to "never" for a receiver that accepts the request
    and then keeps silent. Only messages answered with 200 are in `messages`; all are in `attempts`.
    `on_message` is called before the answer is sent, `on_answered` after it.
    """

    def __init__(self, on_message=None, on_answered=None):
        self.messages, self.attempts, self.answers = [], [], {}
        self.lock, self.closing = threading.Lock(), threading.Event()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                message = Message(self.path, json.loads(body))
                answer = sink.answers.get(self.path, 200)
                with sink.lock:
                    sink.attempts.append(message)
                    if answer == 200:
                        sink.messages.append(message)
                if answer == "never":
                    sink.closing.wait()
                    self.close_connection = True
                    return
                if answer == 200 and on_message:
                    on_message(message)
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if answer == 200 and on_answered:
                    on_answered(message)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 256

            def handle_error(self, *_):
                pass  # a sender that was killed in the middle of a request

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def url(self, peer):
        return f"http://{self.address}/hook/{peer}"

    def find(self, status=None, name=None, peer=None):
        with self.lock:
            return [m for m in self.messages
                    if (status is None or m.status == status) and (name is None or name in m.names)
                    and (peer is None or m.peer == peer)]

    def wait(self, count, seconds=START_SECONDS, alive=(), **which):
        what = f"{count} message(s) with {which}, have {self.messages}"
        wait_for(what, lambda: len(self.find(**which)) >= count, seconds, alive=alive)
        return self.find(**which)

    def tried(self, path):
        with self.lock:
            return [m for m in self.attempts if m.path == path]

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


# ---- the world ---------------------------------------------------------------------------------

class World:
    """The temporary folder and everything that runs for one test. Use it with `with`."""

    def __init__(self, programs=None, keep=False):
        self.programs = os.path.abspath(programs or os.environ.get("TOCSIN_BIN", ""))
        self.folder = tempfile.mkdtemp(prefix="tocsin-")
        self.running, self.sinks, self.keep = [], [], keep

    def __enter__(self):
        return self

    def __exit__(self, _kind, error, _trace):
        if isinstance(error, Exception):  # not for Ctrl-C and SIGTERM
            for process in list(self.running):
                sys.stderr.write(process.log_tail())
        self.close()
        return False

    def program(self, name):
        path = os.path.join(self.programs, name)
        if not os.access(path, os.X_OK):
            raise Failure(f"{path} is not there: set TOCSIN_BIN to the folder of the built programs")
        return path

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def sink(self, **options):
        sink = Sink(**options)
        self.sinks.append(sink)
        return sink

    def alertmanager(self, *args, **options):
        return Alertmanager(self, *args, **options)

    def vmalert(self, *args, **options):
        return Vmalert(self, *args, **options)

    def victoria_metrics(self):
        return VictoriaMetrics(self)

    def run(self, name, argv, seconds=START_SECONDS):
        """Runs a program of ours that is expected to end. Returns (exit code, its output)."""
        process = Process(self, name, argv, ours=True).start()
        return process.wait_exit(seconds), process.log()

    def stop_all(self):
        """An orderly end of everything; fails if one of ours does not end well."""
        for process in list(reversed(self.running)):
            process.stop()

    def close(self):
        for process in list(reversed(self.running)):
            with contextlib.suppress(Failure):
                process.kill()
        for sink in self.sinks:
            sink.close()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def exit_on_sigterm():
    """Makes SIGTERM and SIGHUP unwind `with` blocks, as Ctrl-C does."""
    def stop(signum, _):
        sys.exit(128 + signum)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)


# ---- texts -------------------------------------------------------------------------------------

def am_config(url, group_by="alertname", group_wait="1s", group_interval="3s", repeat_interval="4h", more=""):
    """An alertmanager configuration with one webhook receiver."""
    return f"""\
global: {{resolve_timeout: 5m}}
route:
  receiver: team
  group_by: [{group_by}]
  group_wait: {group_wait}
  group_interval: {group_interval}
  repeat_interval: {repeat_interval}
receivers:
- name: team
  webhook_configs:
  - url: {url}
{more}"""


def rfc3339(seconds_from_now=0.0):
    at = time.time() + seconds_from_now
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + ".%03dZ" % (at % 1 * 1000)


def alert(name, ends_in=None, starts_in=-1.0, **labels):
    """A postable alert; ends_in in seconds, negative: it is over."""
    made = {"labels": {"alertname": name, **labels}, "startsAt": rfc3339(starts_in)}
    if ends_in is not None:
        made["endsAt"] = rfc3339(ends_in)
    return made
