#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ours beside the packaged programs: same machine, same minutes, same inputs. See tests/bench/run.

Every repetition starts fresh processes and measures ours and theirs in turn; the table shows
medians and the spread. CPU is user and system time of all threads of the server (/proc/PID/stat),
memory is VmRSS. Work is counted at the server or at the stub, not where it is offered.
"""

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import time

import harness
from harness import VMALERT_PACKAGED, World, wait_for

DISTINCT = 10_000
PER_REQUEST = 64
ROUNDS = 30
MANY = 100_000
ROUNDS_MANY = 4  # senders repeat what fires: memory is of the steady state, not of the first arrival
LISTINGS = 3
GROUPS, RULES_PER_GROUP, SERIES = 10, 100, 10
INTERVAL_SECONDS = 5
EVALUATIONS = 4
STARTS = 10

# A receiver without integrations: what is measured is accepting, grouping and listing.
CONFIG = """\
route: {receiver: nobody, group_by: [alertname], group_wait: 30s, group_interval: 5m, repeat_interval: 4h}
receivers: [{name: nobody}]
"""

IDLE_RULES = """\
groups:
- name: idle
  interval: 1h
  rules: [{alert: Idle, expr: idle > 0}]
"""


class Results:
    """name -> side -> values; sides are "ours" and "theirs"."""

    def __init__(self):
        self.rows, self.values = [], {}

    def row(self, name, unit, goal=None, below=None):
        """goal: least ratio theirs/ours; below: the most that ours may be."""
        self.rows.append((name, unit, goal, below))
        self.values[name] = {"ours": [], "theirs": []}

    def add(self, name, side, value):
        self.values[name][side].append(value)
        print(f"  {name}: {side} {value:.4g}", flush=True)

    def print(self):
        """The table, as Markdown. Returns whether every goal is reached."""
        all_reached = True
        print("\n| measured | ours | packaged | ratio | goal |\n| --- | ---: | ---: | ---: | --- |")
        for name, unit, goal, below in self.rows:
            ours, theirs = (self.values[name][s] for s in ("ours", "theirs"))
            if not ours:
                continue
            ratio = statistics.median(theirs) / statistics.median(ours)
            reached = (goal is None or ratio >= goal) and (below is None or statistics.median(ours) < below)
            all_reached = all_reached and reached
            wanted = "" if goal is None else f"≥ {goal:g}×"
            wanted = wanted if below is None else f"< {below:g} {unit}"
            print(f"| {name}, {unit} | {self.text(ours)} | {self.text(theirs)} | {ratio:.1f}× | "
                  f"{wanted}{'' if reached else ' **missed**'} |")
        return all_reached

    @staticmethod
    def text(values):
        middle = statistics.median(values)
        spread = (max(values) - min(values)) / 2 / middle * 100 if middle else 0
        digits = 0 if middle >= 100 else 1 if middle >= 10 else 2
        return f"{middle:.{digits}f} ± {spread:.0f} %"


class Bench:
    def __init__(self, programs, repetitions):
        self.programs, self.repetitions, self.results = programs, repetitions, Results()

    def tool(self, name, *arguments):
        done = subprocess.run([os.path.join(self.programs, "bench_" + name), *map(str, arguments)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise harness.Failure(f"bench_{name} failed: {done.stderr}")
        return done.stdout

    def alertmanager(self, world, side):
        return world.alertmanager(side, CONFIG, cluster=False, packaged=side == "theirs", flags=["--log.level=error"])

    def vmalert(self, world, side, rules, address):
        return world.vmalert(side, rules, address, [address], flags=["-loggerLevel=ERROR"],
                             program=VMALERT_PACKAGED if side == "theirs" else None)

    def each(self, what, measure):
        """Calls measure(world, side) for both sides in turn, as often as asked for."""
        for repetition in range(self.repetitions):
            print(f"{what}, repetition {repetition + 1} of {self.repetitions}", flush=True)
            for side in ("ours", "theirs"):
                with World(self.programs) as world:
                    measure(world, side)

    # ---- alertmanager ------------------------------------------------------------------------

    def post(self, am, alerts, rounds, connections=4):
        """Returns the seconds of CPU per alert that the server says it has received."""
        before, cpu = am.metric("alertmanager_alerts_received_total"), am.cpu_seconds()
        self.tool("load", "post", am.address, "--alerts", alerts, "--per-request", PER_REQUEST, "--rounds", rounds,
                  "--connections", connections)
        cpu = am.cpu_seconds() - cpu
        received = am.metric("alertmanager_alerts_received_total") - before
        if received != alerts * rounds:
            raise harness.Failure(f"{am.name} received {received} of {alerts * rounds} alerts")
        return cpu / received

    def measure_ingest(self, world, side):
        am = self.alertmanager(world, side).start()
        self.results.add(NEW, side, self.post(am, DISTINCT, 1) * 1e6)
        self.results.add(INGEST, side, self.post(am, DISTINCT, ROUNDS) * 1e6)

    def measure_many(self, world, side):
        am = self.alertmanager(world, side).start()
        self.post(am, MANY, ROUNDS_MANY)
        self.results.add(MEMORY, side, am.memory_kb() / 1024)
        cpu = am.cpu_seconds()
        listings = self.tool("load", "get", am.address, "--rounds", LISTINGS).splitlines()
        self.results.add(LISTING, side, statistics.median(float(line.split()[2]) for line in listings))
        self.results.add(LISTING_CPU, side, (am.cpu_seconds() - cpu) / LISTINGS)
        self.results.add(MEMORY_AFTER, side, am.memory_kb() / 1024)
        found = len(re.findall(rb'"fingerprint"', am.get("/api/v2/alerts", timeout=60).body))
        if found != MANY:
            raise harness.Failure(f"{am.name} lists {found} of {MANY} alerts")

    # ---- vmalert -----------------------------------------------------------------------------

    def rules(self, has_annotations=True):
        annotations = ("    annotations:\n"
                       "      summary: '{{ $labels.instance }} of {{ $labels.job }} has {{ $value | humanize }}'\n"
                       "      description: 'job {{ $labels.job }} on {{ $labels.instance }}'\n")
        text = "groups:\n"
        for g in range(GROUPS):
            text += f"- name: group{g}\n  interval: {INTERVAL_SECONDS}s\n  rules:\n"
            for r in range(RULES_PER_GROUP):
                text += (f"  - alert: HighRate{g}x{r}\n    expr: rate(requests{{rule=\"{g}x{r}\"}}[5m]) > 10\n"
                         "    labels: {severity: page}\n")
                if has_annotations:
                    text += annotations
        return text

    def stub_count(self, stub):
        """Queries answered so far."""
        before = len(stub.log().splitlines())
        stub.popen.send_signal(10)  # SIGUSR1
        line = wait_for("the stub's count", lambda: stub.log().splitlines()[before:])[0]
        return int(line.split()[1])

    def measure_evaluation(self, world, side):
        v = self.evaluate(world, side, self.rules(), EVALUATION)
        self.results.add(MEMORY_RULES, side, v.memory_kb() / 1024)

    def measure_bare_evaluation(self, world, side):
        self.evaluate(world, side, self.rules(has_annotations=False), BARE)

    def evaluate(self, world, side, rules, row):
        stub = harness.Process(world, "stub", [os.path.join(self.programs, "bench_stub"), "--series", str(SERIES)],
                               ours=True).start()
        address = wait_for("the stub's address", lambda: stub.log().strip(), alive=[stub])
        v = self.vmalert(world, side, rules, address).start()
        per_round = GROUPS * RULES_PER_GROUP
        # The first rounds create the alerts; what is measured is the steady state.
        wait_for("the first evaluations", lambda: self.stub_count(stub) >= 2 * per_round, seconds=120, every=0.2,
                 alive=[v])
        queries, cpu = self.stub_count(stub), v.cpu_seconds()
        wait_for("evaluations", lambda: self.stub_count(stub) >= queries + EVALUATIONS * per_round, seconds=240,
                 every=0.5, alive=[v])
        cpu, queries = v.cpu_seconds() - cpu, self.stub_count(stub) - queries
        self.results.add(row, side, cpu / (queries * SERIES) * 1e6)
        return v

    # ---- both --------------------------------------------------------------------------------

    def start_milliseconds(self, process):
        path = "/-/ready" if isinstance(process, harness.Alertmanager) else "/health"
        began = time.monotonic()
        harness.Process.start(process)
        wait_for("the start", lambda: process.get(path).status == 200, every=0.0005, alive=[process])
        return (time.monotonic() - began) * 1e3

    def measure_start(self, name, memory, make):
        for i in range(STARTS):
            for side in ("ours", "theirs"):
                with World(self.programs) as world:
                    process = make(world, side)
                    self.results.add(name, side, self.start_milliseconds(process))
                    if i < self.repetitions:
                        deadline = time.monotonic() + 2  # the time in which a runtime may settle
                        while time.monotonic() < deadline:
                            process.check_alive()
                            time.sleep(0.1)
                        self.results.add(memory, side, process.memory_kb() / 1024)

    def run_alertmanager(self):
        self.each("alerts accepted", self.measure_ingest)
        self.each(f"{MANY} active alerts", self.measure_many)
        self.measure_start(AM_START, AM_IDLE, self.alertmanager)

    def run_vmalert(self):
        self.each("rule evaluation", self.measure_evaluation)
        self.each("rule evaluation without annotations", self.measure_bare_evaluation)
        for side in ("ours", "theirs"):
            for full, bare in zip(self.results.values[EVALUATION][side], self.results.values[BARE][side]):
                self.results.add(RENDERING, side, full - bare)
        self.measure_start(VM_START, VM_IDLE, lambda w, s: self.vmalert(w, s, IDLE_RULES, "127.0.0.1:9"))


INGEST = "alertmanager: CPU per alert accepted (10,000 distinct re-posted, 64 per request)"
NEW = "alertmanager: CPU per alert accepted for the first time"
MEMORY = "alertmanager: memory with 100,000 active alerts"
LISTING = "alertmanager: GET /api/v2/alerts with 100,000"
LISTING_CPU = "alertmanager: CPU of such a listing"
MEMORY_AFTER = "alertmanager: memory after listing them 3 times"
AM_START = "alertmanager: start to ready"
AM_IDLE = "alertmanager: memory idle"
EVALUATION = "vmalert: CPU per series evaluated (1,000 rules × 10 series, 2 annotations, sent)"
BARE = "vmalert: the same without annotations"
RENDERING = "vmalert: the difference, rendering and sending two annotations"
MEMORY_RULES = "vmalert: memory with these 10,000 active alerts"
VM_START = "vmalert: start to healthy"
VM_IDLE = "vmalert: memory idle"


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        found = re.search(r"model name\s*: (.*)", f.read())
    return found.group(1) if found else "unknown CPU"


def package(name):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}", name], stdout=subprocess.PIPE, text=True)
    return done.stdout or name


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, help="folder of the programs of a release build")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--only", choices=["alertmanager", "vmalert"])
    options = parser.parse_args()
    harness.exit_on_sigterm()
    load = os.getloadavg()[0]
    bench = Bench(os.path.abspath(options.bin), options.repetitions)
    r = bench.results
    r.row(INGEST, "µs", goal=8)
    r.row(NEW, "µs")
    r.row(MEMORY, "MiB", goal=6)
    r.row(LISTING, "s", below=0.5)
    r.row(LISTING_CPU, "s")
    r.row(MEMORY_AFTER, "MiB")
    r.row(AM_START, "ms")
    r.row(AM_IDLE, "MiB")
    r.row(EVALUATION, "µs", goal=20)
    r.row(BARE, "µs")
    r.row(RENDERING, "µs")
    r.row(MEMORY_RULES, "MiB")
    r.row(VM_START, "ms")
    r.row(VM_IDLE, "MiB")
    try:
        if options.only != "vmalert":
            bench.run_alertmanager()
        if options.only != "alertmanager":
            bench.run_vmalert()
    except harness.Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    print(f"\n{os.cpu_count()} CPUs, {cpu_model()}, Linux {platform.release()}; "
          f"{package('prometheus-alertmanager')}; {package('victoria-metrics')} (vmalert); "
          f"{options.repetitions} repetitions, median ± half of the range")
    if load > os.cpu_count() / 4:
        print(f"Other programs kept the machine busy (load {load:.1f} before the start): seconds and milliseconds "
              "are too high, and ratios of CPU less exact.")
    return 0 if r.print() else 1


if __name__ == "__main__":
    sys.exit(main())
