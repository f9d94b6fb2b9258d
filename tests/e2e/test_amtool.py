#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""amtool as a shell sees it: output, errors, exit codes.

The commands are run against alertmanagers, ours and the packaged one, and their output is compared
with that of the packaged amtool (UPSTREAM_AMTOOL names another one) where versions agree. The cases
of am-amtool.json (CASES_DIR) are run against a server of canned answers."""
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse

from harness import CRASH, Failure, Process, World, wait_for

REFERENCE = os.environ.get("UPSTREAM_AMTOOL") or "/usr/bin/amtool"
CONFIG = "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'http://h/'}]}]\n"
ROUTES = """\
route:
  receiver: a
  routes:
  - {matchers: ['severity="page"'], receiver: b, continue: true}
  - {matchers: [team=~"x|y"], receiver: c, routes: [{match: {env: prod}, receiver: b}]}
receivers:
- name: a
- name: b
- {name: c, webhook_configs: [{url: 'http://127.0.0.1:9/', http_config: {basic_auth: {username: u, password: p}}}]}
"""
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Amtool:
    def __init__(self, folder):
        self.program = os.path.abspath(os.path.join(os.environ.get("TOCSIN_BIN", "build/dev/bin"), "amtool"))
        self.folder = folder
        self.checks = 0

    def run(self, *args, **more):
        environment = {"HOME": self.folder, "TZ": "UTC", **more.pop("env", {})}
        if "input" not in more:
            more.setdefault("stdin", subprocess.DEVNULL)
        run = subprocess.run([more.pop("program", self.program), *args], env=environment, cwd=self.folder, capture_output=True, timeout=60,
                             encoding="utf-8", **more)
        if CRASH.search(run.stderr):
            raise Failure("amtool %s crashed: %s" % (args, run.stderr))
        return run

    def expect(self, args, exit_code, stdout=None, error=None, **more):
        run = self.run(*args, **more)
        self.checks += 1
        want = None if error is None else "amtool: error: %s\n\n" % error
        if run.returncode != exit_code or (stdout is not None and run.stdout != stdout) or (
                want is not None and run.stderr != want):
            raise Failure("amtool %r: exit %d, stdout %r, stderr %r\n  wanted %d, %r, %r" % (
                args, run.returncode, run.stdout, run.stderr, exit_code, stdout, want))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path


def found(name, templates=0, rest=""):
    return ("Checking '%s'  SUCCESS\nFound:\n - global config\n - route\n - 0 inhibit rules\n - 1 receivers\n"
            " - %d templates\n%s\n" % (name, templates, rest))


def check_config(a):
    a.write("good.yml", CONFIG)
    a.write("bad.yml", CONFIG.replace("receiver: a", "receiver: b"))
    a.write("field.yml", CONFIG.replace("'http://h/'", "'http://h/', payload: {x: ['{{ nope }}']}"))
    a.write("files.yml", CONFIG + "templates: ['t/*.tmpl', 'none*']\n")
    a.write("t/a.tmpl", '{{ define "x" }}{{ end }}')
    bad = "Checking 'bad.yml'  FAILED: undefined receiver \"b\" used in route\n\n"
    broken = ("  FAILED: field.yml:2:74: receivers[0].webhook_configs[0].payload.x[0]: template: :1: "
              'function "nope" not defined\n')
    a.expect(["check-config", "good.yml"], 0, found("good.yml"), error=None)
    a.expect(["check-config", "good.yml", "bad.yml"], 1, found("good.yml") + bad, "failed to validate 1 file(s)")
    a.expect(["check-config", "field.yml"], 1, found("field.yml", 0, broken), "failed to validate 1 file(s)")
    a.expect(["check-config", "files.yml"], 0, found("files.yml", 2, "  SUCCESS\n"))
    a.write("t/b.tmpl", "{{ if }}")
    a.expect(["check-config", "files.yml"], 1,
             found("files.yml", 2, "  FAILED: template: b.tmpl:1: missing value for if\n"), "failed to validate 1 file(s)")
    a.expect(["check-config"], 0, found("/dev/stdin"), input=CONFIG)
    a.expect(["check-config"], 1, "", "Failed to read from standard input", stdin=subprocess.DEVNULL)
    a.expect(["check-config", "none.yml"], 1, "", "path 'none.yml' does not exist")
    a.expect(["check-config", "t"], 1, "", "'t' is a directory")


def template_render(a):
    a.write("x.tmpl", '{{ define "x" }}({{ .Status }}){{ end }}')
    a.write("data.json", '{"STATUS": "a&b", "alerts": [{"startsAt": "2024-01-02T03:04:05+02:00", "labels": {"k": "v"}}]}')
    render = ["template", "render", "--template.glob=*.tmpl"]
    text = "--template.text="
    data = "--template.data=data.json"
    a.expect(render + [text + '{{ template "x" . }}'], 0, "(alertstatus)")
    a.expect(render + [text + '{{ template "x" . }}', data], 0, "(a&b)")
    a.expect(render + [text + '{{ template "x" . }}', data, "--template.type=html"], 0, "(a&amp;b)")
    a.expect(render + [text + "{{ range .Alerts }}{{ .StartsAt }} {{ .Labels.k }}{{ end }}", data], 0,
             "2024-01-02 03:04:05 +0200 +0200 v")
    a.expect(render + [text + "{{ range .Alerts.Resolved }}{{ .Fingerprint }} {{ .Labels.foo }}{{ end }}"], 0,
             "fingerprint2 bar")
    a.expect(render + [text + '{{ template "slack.default.username" . }}'], 0, "Alertmanager")
    a.expect(render + [text + "{{ .Foo }}"], 1, "",
             'template: :1:3: executing "" at <.Foo>: can\'t evaluate field Foo in type template.Data')
    a.expect(render + [text + "x", "--template.data=none"], 1, "", "open none: no such file or directory")
    a.write("number.json", '{"status": 3}')
    a.expect(render + [text + "x", "--template.data=number.json"], 1, "",
             "json: cannot unmarshal number into Go struct field Data.status of type string")
    a.expect(["template", "render", "--template.glob=[", text + "x"], 1, "", "syntax error in pattern")
    a.expect(["template", "render"], 1, "", "required flag(s) '--template.glob', '--template.text' not provided")
    a.expect(render + [text + "x", "--template.type=pdf"], 1, "", "enum value must be one of html,text, got 'pdf'")
    a.expect(render + [text + '{{ now.Format "MST" }}'], 0, "CET", env={"TZ": "Etc/GMT-1"} if not os.path.exists(
        "/usr/share/zoneinfo/Africa/Algiers") else {"TZ": "Africa/Algiers"})


def command_line(a):
    a.expect(["bogus"], 1, "", 'expected command but got "bogus"')
    a.expect(["template"], 1, "", "must select a subcommand of 'template'")
    for args in [["--version"], ["--help"], ["template", "render", "--help"], ["help", "silence", "add"], []]:
        a.expect(args, 0)
    a.write(".config/amtool/config.yml", "template.type: html\ntemplate.glob: none\nunknown: 1\n")
    a.expect(["template", "render", "--template.text={{ .Status }} {{ `<` }}"], 0, "alertstatus &lt;")
    a.write(".config/amtool/config.yml", "output: foo\n")
    a.expect(["template", "render", "--template.text=x", "--template.glob=x"], 1, "",
             "enum value must be one of simple,extended,json, got 'foo'")
    a.write(".config/amtool/config.yml", "a: {b: c}\n")
    run = a.run("--help")
    if run.returncode != 1 or "could not load config file: yaml: " not in run.stderr:
        raise Failure("a nested configuration: %r" % run)
    os.remove(os.path.join(a.folder, ".config/amtool/config.yml"))


    run = a.run("--completion-bash", "silence", "")
    if run.stdout != "add\nexpire\nimport\nquery\nupdate":
        raise Failure("completion of silence: %r" % run)
    with open("/dev/full", "w", encoding="utf-8") as full:
        run = subprocess.run([a.program, "--version"], stdout=full, stderr=subprocess.PIPE, timeout=60, encoding="utf-8")
    if run.returncode != 1 or "No space left on device" not in run.stderr:
        raise Failure("a full disk: %r" % run)
    for flag in ["--help-long", "--help-man", "--completion-script-bash", "--completion-script-zsh"]:
        a.expect([flag], 0)


# ---- alertmanagers -----------------------------------------------------------------------------

class Tool:
    """One of the two amtools, and the server it talks to."""

    def __init__(self, a, program, address):
        self.a, self.program, self.address = a, program, address
        self.is_old = program != a.program and "version 0.2" in subprocess.run(
            [program, "--version"], capture_output=True, encoding="utf-8", timeout=60).stdout

    def run(self, *args, **more):
        self.a.checks += 1
        return self.a.run("--alertmanager.url=http://" + self.address, *args, program=self.program, **more)

    def ok(self, *args, **more):
        run = self.run(*args, **more)
        if run.returncode != 0:
            raise Failure("%s %r: %r" % (self.program, args, run))
        return run.stdout

    def silence(self, *args):
        printed = self.ok("silence", "add", "-a", "me", *args)
        if not UUID.fullmatch(printed.strip()):
            raise Failure("silence add printed %r" % printed)
        return printed.strip()


def in_order(stdout):
    """Ids, and the items of JSON lists, sorted: 0.25 lists silences in another order each time."""
    if stdout.startswith("[{"):
        return sorted(json.loads(stdout), key=json.dumps)
    return sorted(stdout.splitlines()) if UUID.match(stdout) else stdout


def same(tools, *args):
    """Runs a command that changes nothing by each tool; all must say the same."""
    runs = [t.run(*args) for t in tools]
    first = runs[0]
    for tool, run in zip(tools[1:], runs[1:]):
        if (run.returncode, in_order(run.stdout)) != (first.returncode, in_order(first.stdout)):
            raise Failure("%r: %d %r by %s, %d %r by %s" % (args, first.returncode, first.stdout, tools[0].program,
                                                            run.returncode, run.stdout, tool.program))
    return first


def read_alike(tools, silences, config):
    """Everything that can be read, by every tool. `config`: the routes' source, if not the server."""
    for output in ["simple", "extended", "json"]:
        if output != "json" or not any(t.is_old for t in tools):  # 0.25 does not know mutedBy
            same(tools, "-o", output, "alert")
        for args in [["silence"], ["silence", "--expired"], ["silence", "query", "alertname=Disk"], ["cluster"]]:
            same(tools, "-o", output, *args)
    same(tools, "-o", "json", "config")
    for args in [["alert", "query", "-s"], ["alert", "query", "-i", "-a"], ["alert", "query", "Disk"],
                 ["alert", "query", "severity=~p.*", "alertname!=Disk"], ["alert", "query", "-r", "b"],
                 ["--date.format=2006-01-02T15:04:05Z07:00", "alert"], ["silence", "-q"],
                 ["silence", "--within", "90m"], ["silence", "--created-by", "nobody"], ["silence", "--created-by=me"],
                 ["silence", "expire", "00000000-0000-4000-8000-000000000000"], ["silence", "update"],
                 ["silence", "add", "a=b"], ["silence", "add", "-c", "x", "b=c", "a=~("], ["alert", "query", "-r", "("],
                 ["alert", "add", "a=b", "c!=d"], ["config", "show"], ["config", "routes", "test", *config],
                 ["config", "routes", "test", *config, "severity=page", "team=x", "env=prod"],
                 ["config", "routes", "test", *config, "--tree", "severity=page", "team=x"],
                 ["config", "routes", "test", *config, "--verify.receivers=c", "team=y"],
                 ["config", "routes", "test", *config, "--verify.receivers=b", "team=y"]]:
        same(tools, *args)
    if not any(t.is_old for t in tools):  # which indents by other blanks
        same(tools, "config", "routes", *config)
    for silence in silences:
        if silence not in tools[0].ok("silence", "query", "-q"):
            raise Failure("silence %s is not listed" % silence)


def change(tool, day):
    """Every command that changes something; returns the silences that remain. `day`: each time
    another one, because silences that end together are listed in any order."""
    tool.ok("alert", "add", "Disk", "severity=page", "--annotation=summary=full <soon>",
            "--start=2026-01-02T10:00:00+02:00", "--generator-url=http://prom/graph")
    tool.ok("alert", "add", "alertname=Load", "severity=ticket", "team=x", "--end=2100-01-02T00:00:00Z")
    first = tool.silence("-d", "2h", "-c", "planned work", "alertname=Disk", "severity=~p.*")
    other = tool.silence("--start=2100-01-01T00:00:00+02:00", "--end=2100-02-%02dT00:00:00Z" % day, "-c", "x y", "foo",
                         "env!=prod")
    gone = tool.silence("-c", "gone", "a=b")
    tool.ok("silence", "expire", gone)
    table = tool.ok("-o", "extended", "silence", "update", "-d", "1h", "-c", "longer", first)
    if not re.search(re.escape(first) + r"  \{alertname=\"Disk\",severity=~\"p\.\*\"\} .*  me  +longer", table):
        raise Failure("silence update printed %r" % table)
    saved = tool.ok("-o", "json", "silence")
    listed = {silence["id"] for silence in json.loads(saved)}
    imported = tool.ok("silence", "import", "--force", input=saved).split()
    if len(set(imported)) != len(listed) or set(imported) & listed or not {first, other} <= listed:
        raise Failure("silence import --force printed %r for %r" % (imported, listed))
    kept = tool.ok("silence", "import", "-w", "1", input=saved).split()
    if set(kept) != listed:
        raise Failure("silence import printed %r instead of %r" % (kept, listed))
    for silence in imported:
        tool.ok("silence", "expire", silence)
    wait_for("the alert to be silenced", lambda: "Disk" in tool.ok("alert", "query", "-s"))
    return [first, other]


def servers(a):
    have_reference = os.access(REFERENCE, os.X_OK)
    if not have_reference:
        print("skipped: %s is not there to compare with" % REFERENCE)
    with World(os.path.dirname(a.program)) as world:
        for name, packaged in [("ours", False), ("packaged", True)]:
            if packaged and not have_reference:
                continue
            am = world.alertmanager(name, ROUTES, packaged=packaged, flags=["--cluster.settle-timeout=1s"]).start()
            wait_for("the cluster to settle", lambda am=am: am.status()["cluster"]["status"] == "ready")
            tools = [Tool(a, program, am.address) for program in [a.program] + [REFERENCE] * have_reference]
            silences = [s for day, tool in enumerate(tools, 1) for s in change(tool, day)]
            # 0.25 cannot read the configuration that 0.34 prints.
            is_apart = not packaged and any(tool.is_old for tool in tools)
            read_alike(tools, silences, ["--config.file=" + am.config_path] if is_apart else [])
            run = tools[0].run("cluster")
            if bool(run.stderr) != ("0.34." not in am.status()["versionInfo"]["version"]):
                raise Failure("version check: %r" % run)
            tree = tools[0].ok("config", "routes")
            if "    ├── {severity=\"page\"}  continue: true  receiver: b\n" not in tree:
                raise Failure("routes: %r" % tree)
        world.stop_all()


def secured(a):
    """TLS and a password, by --http.config.file and by the URL."""
    if not shutil.which("openssl"):
        print("skipped: there is no openssl")
        return
    with World(os.path.dirname(a.program)) as world:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.pem",
                        "-subj", "/CN=am", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"],
                       cwd=world.folder, check=True, capture_output=True)
        users = "basic_auth_users: {me: '$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW'}\n"  # secret
        web = world.write("web.yml", "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n" + users)
        am = world.alertmanager("tls", CONFIG, cluster=False, flags=["--web.config.file=" + web])
        Process.start(am)
        trusted = world.write("http.yml", "tls_config: {ca_file: c.pem}\nbasic_auth: {username: me, password: secret}\n")
        anonymous = world.write("anonymous.yml", "tls_config: {ca_file: c.pem}\n")
        url = "--alertmanager.url=https://" + am.address
        wait_for("TLS to be served", lambda: a.run(url, "--http.config.file=" + trusted, "cluster").returncode == 0,
                 alive=[am])
        a.expect([url, "--http.config.file=" + trusted, "alert"], 0, "Alertname  Starts At  Summary  State  \n")
        a.expect([url, "--http.config.file=" + anonymous, "alert"], 1, "",
                 "[GET /alerts] getAlerts (status 401): {}")
        run = a.run("--alertmanager.url=https://me:secret@" + am.address, "alert")
        if run.returncode != 1 or "certificate" not in run.stderr or "secret" in run.stderr:
            raise Failure("an unknown authority: %r" % run)
        world.stop_all()


# ---- cases -------------------------------------------------------------------------------------

class Canned:
    """A server that answers from lists and keeps what it was asked."""

    def __init__(self):
        self.answers, self.requests = [], []
        canned = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path, _, query = self.path.partition("?")
                canned.requests.append({
                    "method": self.command, "path": urllib.parse.unquote(path), "body": body,
                    "query": sorted(map(list, urllib.parse.parse_qsl(query, keep_blank_values=True))),
                    "authorization": self.headers.get("Authorization")})
                found = [r for r in canned.answers if r["method"] == self.command and path.endswith(r["path"])]
                answer = found[0]["body"].encode() if found else b""
                self.send_response(found[0]["status"] if found else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_DELETE = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def is_match(want, got):
    if want == "${any}":
        return True
    if isinstance(want, dict):
        return isinstance(got, dict) and want.keys() == got.keys() and all(is_match(want[k], got[k]) for k in want)
    if isinstance(want, list):
        return isinstance(got, list) and len(want) == len(got) and all(map(is_match, want, got))
    return want == got


def is_asked(want, got):
    return all(is_match(want[key], json.loads(got["body"]) if key == "json" else got[key]) for key in want)


def run_case(a, canned, case, always):
    folder, home = tempfile.mkdtemp(dir=a.folder), tempfile.mkdtemp(dir=a.folder)

    def place(text):
        return (text.replace("${dir}", folder).replace("${url}", "http://" + canned.address)
                .replace("${authurl}", "http://us%20er:p%40ss@" + canned.address))

    for where, files in [(folder, case.get("files", {})), (home, case.get("home", {}))]:
        for name, text in files.items():
            a.write(os.path.join(where, name), place(text))
    canned.answers, canned.requests = case.get("answers", []) + always, []
    args = [] if case.get("no_url") else ["--alertmanager.url=http://" + canned.address]
    run = a.run("--no-version-check", *args, *map(place, case["args"]), input=case.get("stdin", ""), env={"HOME": home})
    a.checks += 1
    return (run.returncode == case["exit"] and ("stdout" not in case or run.stdout == place(case["stdout"])) and
            ("stdout_json" not in case or is_match(case["stdout_json"], json.loads(run.stdout))) and
            case.get("error", "") in run.stderr and len(canned.requests) == len(case["requests"]) and
            all(map(is_asked, case["requests"], canned.requests))), run


def case_file(a):
    path = os.path.join(os.environ.get("CASES_DIR", "../shared/cases"), "am-amtool.json")
    if not os.path.exists(path):
        print("skipped: %s is not there" % path)
        return
    with open(path, encoding="utf-8") as f:
        file = json.load(f)
    canned, failed = Canned(), 0
    for case in file["cases"]:
        ok, run = run_case(a, canned, case, file["canned"])
        if not ok:
            failed += 1
            print("%s: %r, asked %r" % (case["id"], run, canned.requests))
    canned.close()
    print("am-amtool: %d cases, %d failed" % (len(file["cases"]), failed))
    if failed:
        raise Failure("%d cases of am-amtool failed" % failed)


def main():
    folder = tempfile.mkdtemp(prefix="amtool-")
    a = Amtool(folder)
    try:
        for part in [check_config, template_render, command_line, servers, secured, case_file]:
            part(a)
    except Failure as failure:
        print("FAILED:", failure)
        return 1
    finally:
        shutil.rmtree(folder)
    print("%d runs of amtool as expected" % a.checks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
