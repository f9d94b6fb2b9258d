#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""amtool's commands as a shell sees them: output, errors, exit codes. Also runs the cases of
am-amtool.json (CASES_DIR) for the commands that there are, and says how many it left out."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from harness import CRASH, Failure

COMMANDS = [["check-config"], ["template", "render"]]
CONFIG = "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'http://h/'}]}]\n"


class Amtool:
    def __init__(self, folder):
        self.program = os.path.join(os.environ.get("TOCSIN_BIN", "build/dev/bin"), "amtool")
        self.folder = folder
        self.checks = 0

    def run(self, *args, **more):
        environment = {"HOME": self.folder, "TZ": "UTC", **more.pop("env", {})}
        run = subprocess.run([self.program, *args], env=environment, cwd=self.folder, capture_output=True, timeout=60,
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
    for args in [["--version"], ["--help"], ["template", "render", "--help"], []]:
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


def case_file(a):
    path = os.path.join(os.environ.get("CASES_DIR", "../shared/cases"), "am-amtool.json")
    if not os.path.exists(path):
        print("skipped: %s is not there" % path)
        return
    with open(path, encoding="utf-8") as f:
        cases = json.load(f)["cases"]
    mine = [c for c in cases if any(c["args"][:len(command)] == command for command in COMMANDS)]
    for c in mine:
        folder = tempfile.mkdtemp(dir=a.folder)
        place = lambda text: text.replace("${dir}", folder)
        for name, text in c.get("files", {}).items():
            a.write(os.path.join(folder, name), place(text))
        a.expect([place(arg) for arg in c["args"]], c["exit"], place(c["stdout"]), c.get("error"))
    print("am-amtool: %d cases, 0 failed; %d are of other commands" % (len(mine), len(cases) - len(mine)))


def main():
    folder = tempfile.mkdtemp(prefix="amtool-")
    a = Amtool(folder)
    try:
        for part in [check_config, template_render, command_line, case_file]:
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
