#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The built-in templates beside the packaged ones: every named template that both versions know
renders to the same bytes, in both engines, for data of many shapes.

The packaged amtool has no templates built in; it reads the files of its package.
"""
import concurrent.futures
import json
import os
import random
import re
import shutil
import sys
import tempfile

from template_gen import Gen
from test_template_diff import THEIRS, render

FOLDER = "/usr/share/prometheus/alertmanager"
FILES = [FOLDER + "/default.tmpl", FOLDER + "/email.tmpl"]
GENERATED = 20

# Rendered with a list of alerts as dot, all others with the data.
OF_ALERTS = {"__text_alert_list", "pagerduty.default.instances"}

# Where 0.34 prints something else: its e-mail names the schema by https, and its licence is a
# comment of the template, no longer one of HTML (which the HTML engine drops).
LICENCE = re.compile(r"<!--\nStyle and HTML derived.*?-->\n", re.DOTALL)


def as_newer(name, text):
    if name != "email.default.html":
        return text
    return LICENCE.sub("\n", text).replace('"http://schema.org/', '"https://schema.org/')


def first_difference(ours, theirs):
    if ours is None or theirs is None:
        return "ours is missing" if ours is None else "theirs is missing"
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
    return "at %d\n  ours:   %r\n  theirs: %r" % (at, ours[max(at - 40, 0):at + 60], theirs[max(at - 40, 0):at + 60])


def alert(status="firing", labels=None, annotations=None, url="http://prom/graph?g0.expr=up&g0.tab=1", **more):
    return {"status": status, "labels": labels or {}, "annotations": annotations or {}, "generatorURL": url,
            "startsAt": "2024-02-29T12:34:56Z", "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "0123456789abcdef", **more}


def data(alerts, status="firing", group=None, common=None, notes=None, receiver="team-X", url="http://am.example.com"):
    return {"receiver": receiver, "status": status, "alerts": alerts, "groupLabels": group or {},
            "commonLabels": common or {}, "commonAnnotations": notes or {}, "externalURL": url}


def hand_made():
    high = {"alertname": "HighLoad", "job": "node", "instance": "web1:9100", "severity": "critical"}
    notes = {"summary": "load is high", "runbook": "http://rb/1?a=b&c=d"}
    odd = {"alertname": 'quo"te\'s', "a": "<b>&amp;</b>", "z": "back\\slash\ttab\nline", "größe": "東京 😀"}
    return [
        {},
        data([], "resolved"),
        data([], "firing", {"alertname": "X"}, {"alertname": "X", "a": "b"}),
        data([alert()]),
        data([alert(labels=high, annotations=notes)], group={"alertname": "HighLoad"}, common=high, notes=notes),
        data([alert("resolved", high, notes)], "resolved", {"alertname": "HighLoad"}, high, notes),
        data([alert(labels=high), alert("resolved", high)], group={"alertname": "HighLoad"}, common=high),
        data([alert(labels={**high, "instance": "web%d" % i}, annotations=notes) for i in range(25)], group={"job": "node"},
             common={"job": "node", "alertname": "HighLoad", "severity": "critical"}, notes=notes),
        data([alert("firing" if i % 3 else "resolved", {**high, "n": str(i)}) for i in range(100)], group=high, common=high),
        data([alert(labels=odd, annotations=odd, url="http://h/p?q='\"<>&")], group=odd, common={**odd, "b": "c"}, notes=odd),
        data([alert(labels={"<script>": "alert(1)"}, annotations={"x": "</textarea><!--"})], common={"<i>": "</i>"}),
        data([alert(url="javascript:alert(1)")], url="javascript:alert(2)", receiver="javascript:3"),
        data([alert(url="")], url="", receiver=""),
        data([alert(url="http://ünïcode.example/ä?ö=ü#ß")], url="https://h:9093/päth/", receiver="empfänger 1"),
        data([alert(labels=high)], receiver="a\\.b\\+c", common=high),
        data([alert(labels=high)], receiver="x&y=z#1 %41", url="http://h/a b%20c"),
        data([alert("odd", high)], "odd", common=high),
        data([alert(annotations={"a": "", "b": " ", "c": "\n"})], notes={"a": "", "b": " ", "c": "\n"}),
        {"alerts": [None, alert(labels=high)]},
        {"status": "firing", "alerts": [{"status": "firing"}, {"labels": {"a": "b"}}]},
        {"receiver": "only"},
        {"commonLabels": {"alertname": "A", "b": "C"}, "groupLabels": {"b": "C"}},
    ]


def names_of(files):
    text = "".join(open(f, encoding="utf-8").read() for f in files)
    return re.findall(r'{{\s*define "([^"]+)"', text)


def sections(out):
    """Output by template name."""
    parts = re.split(r"\n=====(\S+)=====\n", out.decode(errors="surrogateescape"))
    return dict(zip(parts[1::2], parts[2::2]))


def main():
    if not os.path.exists(THEIRS) or not all(map(os.path.exists, FILES)):
        print("skipped: no packaged amtool with its templates")
        return 0
    ours = os.path.join(os.environ.get("TOCSIN_BIN", "build/dev/bin"), "amtool")
    names = names_of(FILES)
    rng = random.Random(1)
    sets = hand_made() + [Gen(rng, True).data() for _ in range(GENERATED)]
    home = tempfile.mkdtemp(prefix="template-defaults-")
    failures = []

    text = "".join('\n=====%s=====\n{{ template "%s" %s }}' % (n, n, ".Alerts" if n in OF_ALERTS else ".") for n in names)

    def compare(job):
        number, is_html = job
        path = os.path.join(home, "%d-%d.json" % (number, is_html))
        with open(path, "w") as f:
            json.dump(sets[number], f)
        (our_out, our_error), (their_out, their_error) = (
            render(ours, text, is_html, path, home), render(THEIRS, text, is_html, path, home, FOLDER + "/*.tmpl"))
        if our_out == their_out and our_out is not None:
            return
        if our_out is None or their_out is None:
            failures.append("data set %d: ours: %s, theirs: %s" % (number, our_error, their_error))
            return
        our_parts, their_parts = sections(our_out), sections(their_out)
        for name in names:
            our_part, their_part = our_parts.get(name), as_newer(name, their_parts[name])
            if our_part != their_part:
                failures.append("%s, %s, data %s\n  %s" % (
                    name, "html" if is_html else "text", json.dumps(sets[number])[:1000], first_difference(our_part, their_part)))

    jobs = [(n, html) for n in range(len(sets)) for html in (False, True)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        list(pool.map(compare, jobs))
    shutil.rmtree(home)
    for failure in failures[:5]:
        print("DIFFERENT:", failure)
    print("%d templates, %d data sets, both engines: %d differences" % (len(names), len(sets), len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
