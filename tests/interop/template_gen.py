# SPDX-License-Identifier: Apache-2.0
"""Random notification templates and data, from a seed, for comparing two implementations.

Most templates are well typed, so that they run through; some are then damaged, so that errors are
compared as well. Left out is what is known to differ between Alertmanager 0.25 (Go 1.19) and 0.34
(Go 1.26); each such place says so.
"""
import random
import re

NAMES = ["alertname", "job", "instance", "severity", "team", "zone", "a", "B", "x_1", "größe"]
WORDS = ["HighLoad", "disk full", "web1:9100", "critical", "warning", "", " ", "a,b;c", "x=y", "0",
         "héllo wörld", "日本", "😀", "it's", 'say "hi"', "back\\slash", "<b>bold</b>", "a&b",
         "1 < 2 > 0", "tab\there", "line\nbreak", "http://h/p?q=1&r=é#f", "javascript:alert(1)",
         "50%", "%41", "{{ .X }}", "$1", "Ω≈ç√", "\u200b", "\u2028", "</script>", "null", "-17", "3.5"]
URLS = ["http://prom/graph?g0.expr=up%7B%7D&g0.tab=1", "https://h:9090/a b?c='d'", "", "/rel", "//h/x",
        "mailto:a@b", "javascript:1", "data:text/html,x", "http://h/\u00e9"]
TIMES = ["2024-02-29T12:34:56Z", "2023-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00Z",
         "2024-07-01T02:03:04.5+02:00", "1969-12-31T23:00:00-08:00", "2026-11-25T00:00:00.000000001Z"]
LAYOUTS = ["2006-01-02 15:04:05", "Mon Jan _2 15:04:05 2006", "02/01/06 03:04PM", "15:04:05.000",
           "2006-01-02T15:04:05.999999999Z07:00", "Monday, January 2", "002 .00 -0700", "x"]
PATTERNS = ["a", "[a-z]+", "(\\\\w+)@?", "^h", "o*", "(?i)HIGH", "é", "(a)(b)?", "[^x]", "$", "("]
REPLACEMENTS = ["", "X", "<$1>", "${1}y", "$0$0", "$$", "$9"]


class Gen:
    def __init__(self, rng, is_html, has_alerts=True):
        self.r = rng
        self.is_html = is_html
        self.has_alerts = has_alerts
        self.vars = []  # (name, type), innermost last
        self.var_count = 0
        self.dot = "data"
        self.in_range = 0
        self.defines = []
        self.fuel = rng.randint(3, 25)

    def pick(self, items):
        return self.r.choice(items)

    def chance(self, percent):
        return self.r.randrange(100) < percent

    # ---- data ------------------------------------------------------------------------------

    def kv(self):
        return {self.pick(NAMES): self.pick(WORDS) for _ in range(self.r.randint(0, 5))}

    def data(self):
        alerts = []
        for _ in range(self.pick([0, 1, 1, 2, 2, 3, 7])):
            alerts.append({"status": self.pick(["firing", "firing", "resolved", "odd", ""]),
                           "labels": self.kv(), "annotations": self.kv(),
                           "startsAt": self.pick(TIMES), "endsAt": self.pick(TIMES),
                           "generatorURL": self.pick(URLS), "fingerprint": "%016x" % self.r.getrandbits(64)})
        data = {"receiver": self.pick(["team", "a.b", "x y", "ü"]), "status": self.pick(["firing", "resolved"]),
                "alerts": alerts, "groupLabels": self.kv(), "commonLabels": self.kv(),
                "commonAnnotations": self.kv(), "externalURL": self.pick(URLS)}
        for key in list(data):
            if self.chance(3):
                del data[key]
        if self.chance(10) and data.get("alerts"):
            alert = self.pick(data["alerts"])
            alert.pop(self.pick(list(alert)))
        return data

    # ---- literals --------------------------------------------------------------------------

    def literal_str(self):
        text = self.pick(WORDS)
        if self.chance(15) and "`" not in text:
            return "`" + text + "`"
        out = '"'
        for c in text:
            if c in '"\\':
                out += "\\" + c
            elif c == "\n":
                out += "\\n"
            elif c == "\t":
                out += "\\t"
            elif ord(c) > 127 and ord(c) < 0x10000 and self.chance(20):
                out += "\\u%04x" % ord(c)
            else:
                out += c
        return out + '"'

    def literal_int(self):
        return self.pick(["0", "1", "2", "3", "-1", "7", "42", "100", "0x1F", "0b101", "0o17", "1_000", "'a'"])

    def literal_float(self):
        return self.pick(["0.0", "1.5", "-2.25", "1e3", "1e-7", "3.14159", "1e21", "0x1p-2", "100.0"])

    # ---- expressions by type -----------------------------------------------------------------

    def call(self, text):
        return "(" + text + ")"

    def from_vars(self, kind):
        names = [n for n, k in self.vars if k == kind]
        return self.pick(names) if names and self.chance(50) else None

    def expr(self, kind, depth=0):
        found = self.from_vars(kind)
        if found:
            return found
        return getattr(self, "expr_" + kind)(depth + 1)

    def expr_str(self, d):
        simple = [self.literal_str, self.literal_str, lambda: "$.Status", lambda: "$.Receiver",
                  lambda: "$.ExternalURL", lambda: self.kv_base() + "." + self.pick(NAMES),
                  lambda: self.call("index " + self.kv_base() + " " + self.literal_str())]
        if self.dot == "alert":
            simple += [lambda: "." + self.pick(["Status", "GeneratorURL", "Fingerprint"])] * 3
        if self.dot == "pair":
            simple += [lambda: "." + self.pick(["Name", "Value"])] * 6
        if self.dot == "str":
            simple += [lambda: "."] * 4
        if d > 3 or self.chance(55):
            return self.pick(simple)()
        e = lambda k: self.expr(k, d)
        return self.pick([
            lambda: self.call("toUpper " + e("str")),
            lambda: self.call(e("str") + " | toLower"),
            # title: 0.25 has strings.Title, 0.34 cases.Title: the same for one lower-case word.
            lambda: self.call('title "' + self.pick(["word", "hello", "a"]) + '"'),
            lambda: self.call("join " + self.literal_str() + " " + e("strs")),
            lambda: self.call(e("strs") + " | join " + self.literal_str()),
            lambda: self.call('reReplaceAll "%s" "%s" %s' % (self.pick(PATTERNS[:-1]), self.pick(REPLACEMENTS), e("str"))),
            lambda: self.call("printf " + self.format_and_args(d)),
            lambda: self.call("print " + " ".join(self.expr(self.pick(["str", "int", "bool", "float"]), d) for _ in range(self.r.randint(1, 4)))),
            lambda: self.call("println " + e("str")),
            lambda: self.call(self.pick(["html", "urlquery", "js"]) + " " + e("str")),
            lambda: self.call(e("time") + ".Format " + '"' + self.pick(LAYOUTS) + '"') if self.has_time() else self.literal_str(),
            lambda: self.call("slice " + e("str") + " " + self.pick(["0"] * 6 + ["0 0"] * 3 + ["0 1", "1"])),
            lambda: self.call("slice (print \"abc\" " + e("str") + ") " + self.pick(["1", "1 2", "2 3", "3"])),
            lambda: self.call("or " + e("str") + " " + e("str")),
            lambda: self.call("and " + e("str") + " " + e("str")),
            lambda: self.call("index (stringSlice " + e("str") + " " + e("str") + ") " + self.pick(["0", "1"] * 10 + ["2"])),
        ])()

    def format_and_args(self, d):
        parts, args = "", []
        for _ in range(self.r.randint(1, 3)):
            kind, verbs = self.pick([
                ("str", ["%s", "%q", "%v", "%10s", "%-8s|", "%.3s", "%x", "% x", "%X", "%+q", "%5.1q", "%T"]),
                ("int", ["%d", "%5d", "%-5d|", "%05d", "%+d", "%x", "%#x", "%o", "%b", "%c", "%q", "%U", "%v", "%s", "%e"]),
                ("float", ["%f", "%.2f", "%8.3f", "%e", "%g", "%G", "%v", "%+.1e", "%08.2f", "%d", "%x"]),
                ("bool", ["%t", "%v", "%s", "%5t"]),
                ("strs", ["%v", "%s", "%q", "%d"]),  # not %T: 0.34 has Strings where 0.25 has []string
            ])
            parts += self.pick(["", " ", "-", "%%", "é"]) + self.pick(verbs)
            if self.chance(4):  # a missing operand; the last, or a list may fall to a %T
                break
            args.append(self.expr(kind, d + 1))
        return '"' + parts + '"' + "".join(" " + a for a in args)

    def expr_int(self, d):
        if d > 3 or self.chance(50):
            return self.literal_int()
        return self.pick([
            lambda: self.call("len " + self.expr(self.pick(["str", "strs", "alerts", "pairs"]), d)),
            lambda: self.call("len " + self.kv_base()),
            lambda: self.expr("time", d) + "." + self.pick(["Year", "Day", "Hour", "YearDay", "Nanosecond"]) if self.has_time() else "5",
        ])()

    def expr_float(self, d):
        return self.literal_float()

    def expr_bool(self, d):
        e = lambda k: self.expr(k, d)
        if d > 3:
            return self.pick(["true", "false"])
        kind = self.pick(["str", "int", "float"])
        return self.pick([
            lambda: self.pick(["true", "false"]),
            lambda: self.call(self.pick(["eq", "ne", "lt", "le", "gt", "ge"]) + " " + e(kind) + " " + e(kind)),
            lambda: self.call("eq " + e("str") + " " + e("str") + " " + e("str")),
            lambda: self.call("not " + e(self.pick(["str", "int", "bool", "strs"]))),
            lambda: self.call(self.pick(["and", "or"]) + " " + e("bool") + " " + e("bool")),
            lambda: self.call('match "%s" %s' % (self.pick(PATTERNS[:-1]), e("str"))),
            lambda: e("time") + ".IsZero" if self.has_time() else "true",
        ])()

    def expr_strs(self, d):
        if d > 3:
            return self.call("stringSlice " + self.literal_str())
        return self.pick([
            lambda: self.call("stringSlice" + "".join(" " + self.expr("str", d) for _ in range(self.r.randint(0, 3)))),
            lambda: self.kv_base() + ".Names",
            lambda: self.kv_base() + ".Values",
            lambda: self.kv_base() + ".SortedPairs." + self.pick(["Names", "Values"]),
            lambda: self.call("(" + self.kv_base() + ".Remove " + self.expr("strs", d) + ").Values"),
        ])()

    def kv_base(self):
        bases = ["$.GroupLabels", "$.CommonLabels", "$.CommonAnnotations"]
        if self.dot == "alert":
            bases += [".Labels", ".Annotations"] * 2
        found = self.from_vars("kv")
        return found or self.pick(bases)

    def expr_kv(self, d):
        if self.chance(30):
            return self.call(self.kv_base() + ".Remove " + self.expr("strs", d))
        return self.kv_base()

    def expr_pairs(self, d):
        return self.kv_base() + ".SortedPairs"

    def expr_alerts(self, d):
        return self.pick(["$.Alerts", "$.Alerts.Firing", "$.Alerts.Resolved"])

    def has_time(self):
        return self.has_alerts or self.dot == "alert" or self.chance(1)

    def expr_time(self, d):
        if self.dot == "alert":
            base = "." + self.pick(["StartsAt", "EndsAt"])
            return self.pick([base, base, base + ".UTC"])
        return "(index $.Alerts 0)." + self.pick(["StartsAt", "EndsAt", "StartsAt.UTC"])

    # ---- text ------------------------------------------------------------------------------

    def action(self, pipeline):
        left = self.pick(["{{ ", "{{", "{{- "] if self.chance(30) else ["{{ "])
        right = self.pick([" }}", "}}", " -}}"] if self.chance(30) else [" }}"])
        return left + pipeline + right

    def printable(self):
        # Not KV, Pairs and Data themselves: 0.34 gave the first two a String method, and the last
        # more fields.
        kind = self.pick(["str"] * 6 + ["int", "float", "bool", "strs"] + ["time"] * self.has_time())
        text = self.expr(kind)
        if kind == "str" and self.chance(20):
            text += self.pick([" | toUpper", " | html", " | urlquery", ' | printf "%q"', " | print", " | len"])
        return text

    def piece(self):
        if self.fuel <= 0:
            return self.action(self.printable())
        self.fuel -= 1
        return self.pick([self.text, self.text, self.show, self.show, self.show, self.if_, self.with_, self.range_,
                          self.declare, self.comment, self.template, self.leave] + [self.html] * (6 if self.is_html else 0))()

    def show(self):
        return self.action(self.printable())

    def text(self):
        return self.pick(["plain ", "\n", "  \n\t", "é", "}} ", "a-b", "{ ", "1\n2\n", "."])

    def comment(self):
        return self.pick(["{{/* c */}}", "{{- /* c\n }} */ -}}", "{{/**/}}"])

    def declare(self):
        kind = self.pick(["str", "int", "bool", "strs", "kv", "alerts", "float"])
        known = [n for n, k in self.vars if k == kind]
        if known and self.chance(40):
            return self.action(self.pick(known) + " = " + self.expr(kind))
        value = self.expr(kind)
        self.var_count += 1
        name = "$v%d" % self.var_count
        self.vars.append((name, kind))
        return self.action(name + " := " + value)

    def body(self, dot=None):
        outer_dot, count = self.dot, len(self.vars)
        if dot:
            self.dot = dot
        text = "".join(self.piece() for _ in range(self.r.randint(1, 3)))
        self.dot = outer_dot
        del self.vars[count:]
        return text

    def if_(self):
        out = self.action("if " + self.expr(self.pick(["bool", "bool", "str", "strs", "int"]))) + self.body()
        while self.chance(20):
            out += self.action("else if " + self.expr("bool")) + self.body()
        if self.chance(50):
            out += self.action("else") + self.body()
        return out + self.action("end")

    def with_(self):
        # No "else with": Go 1.23.
        kind = self.pick(["str", "str", "alert"])
        if kind == "alert":
            return "{{ range $.Alerts }}" + self.body("alert") + "{{ end }}"
        count = len(self.vars)
        out = "with " + self.expr("str")
        if self.chance(30):
            self.var_count += 1
            name = "$v%d" % self.var_count
            out = "with " + name + " := " + self.expr("str")
            self.vars.append((name, "str"))
        out = self.action(out) + self.body("str")
        if self.chance(40):
            out += self.action("else") + self.body()
        del self.vars[count:]
        return out + self.action("end")

    def range_(self):
        # Not over integers: Go 1.22.
        over, dot = self.pick([("alerts", "alert"), ("alerts", "alert"), ("pairs", "pair"), ("strs", "str"), ("kv", "str")])
        count = len(self.vars)
        value = self.expr(over)
        form = self.r.randrange(4)
        if form == 0:
            self.var_count += 2
            index, item = "$v%d" % (self.var_count - 1), "$v%d" % self.var_count
            self.vars.append((index, "str" if over == "kv" else "int"))
            if dot == "str":
                self.vars.append((item, "str"))
            head = "range %s, %s := %s" % (index, item, value)
        else:
            head = "range " + value
        self.in_range += 1
        out = self.action(head) + self.body(dot)
        self.in_range -= 1
        del self.vars[count:]  # in the else part they are what is ranged over: perhaps a KV
        if self.chance(30):
            outer, self.in_range = self.in_range, 0
            out += self.action("else") + self.body()
            self.in_range = outer
        return out + self.action("end")

    def leave(self):
        if not self.in_range:
            return self.text()
        return self.action("if " + self.expr("bool")) + "{{ %s }}" % self.pick(["break", "continue"]) + "{{ end }}"

    def template(self):
        name = "t%d_%d" % (self.r.getrandbits(30), len(self.defines))
        outer = (self.dot, self.vars, self.in_range)
        self.dot, self.vars, self.in_range = "data", [], 0
        body = self.body()
        self.dot, self.vars, self.in_range = outer
        self.defines.append('{{ define "%s" }}%s{{ end }}' % (name, body))
        return '{{ template "%s" $ }}' % name

    # ---- HTML ------------------------------------------------------------------------------

    def html(self):
        v = lambda: "{{ " + self.expr("str") + " }}"
        # Not: an empty value in an attribute without quotes (since Go 1.20.4 a placeholder), < and >
        # in CSS values (since 1.20.4 refused: plain words only), JavaScript template literals
        # (1.21), content of <meta> (1.25).
        word = lambda: '{{ "%s" }}' % self.pick(["red", "10px", "a-b", "x y", "expression", "1.5em"])
        return self.pick([
            lambda: "<p>" + self.body() + "</p>",
            lambda: '<a href="%s">%s</a>' % (v(), v()),
            lambda: "<a href='/p?q=%s&r=%s'>x</a>" % (v(), v()),
            lambda: '<a href="http://h/%s/%s#%s">x</a>' % (v(), v(), v()),
            lambda: "<p title={{ print 1 %s }} id='%s'>x</p>" % (self.expr("str"), v()),
            lambda: '<p title="%s">%s</p>' % (self.show_flat(), v()),
            lambda: "<div onclick=\"f(%s, '%s')\">x</div>" % (v(), v()),
            lambda: "<script>var a = %s, b = \"%s\";</script>" % (self.js_value(), v()),
            lambda: "<style>p { color: %s; width: %s }</style>" % (word(), word()),
            lambda: '<p style="color: %s">x</p>' % word(),
            lambda: "<textarea>%s</textarea><title>%s</title>" % (v(), v()),
            lambda: "<!-- %s -->" % self.pick(["note", "{{ $.Status }}", "<b>"]),
            lambda: '<img src="%s" alt="%s">' % (v(), v()),
            lambda: '<input value="%s" {{ if %s }}checked{{ end }}>' % (v(), self.expr("bool")),
            lambda: "{{ if %s }}<b>{{ else }}<i>{{ end }}" % self.expr("bool"),
            lambda: "{{ safeHtml %s }}" % self.expr("str"),
            lambda: '<p title="{{ safeHtml %s }}">x</p>' % self.expr("str"),
        ])()

    def show_flat(self):
        return "{{ %s }}" % self.printable()

    def js_value(self):
        return "{{ %s }}" % self.expr(self.pick(["str", "int", "float", "bool", "strs"]))

    # ---- whole texts -------------------------------------------------------------------------

    def template_text(self):
        # HTML never empty: upstream then shows what stands between its built-in templates, of which
        # the packaged program has none.
        text = "-" if self.is_html else ""
        text += "".join(self.piece() for _ in range(self.r.randint(1, 4)))
        return "".join(self.defines), text

    def can_damage(self, text):
        # A </script> inside of a string ends the element in Go 1.19, not in 1.21.
        # And a verb that goes missing makes printf name the type of a list: see format_and_args.
        return text and "<script" not in text and not re.search(r"printf [^}]*\.(Names|Values)", text)

    def damage(self, text):
        """Puts a few tokens in, or in place of others."""
        # Angle brackets in a CSS value pass in Go up to 1.19.8, which the packaged one is built with.
        angles = [] if "color:" in text else ["<", ">"]
        for _ in range(self.r.randint(1, 3)):
            at = self.r.randrange(len(text) + 1)
            bit = self.pick(["", "{{", "}}", " ", "|", "(", ")", ".", "$", '"', "end", "else", "nil", "1", ".X", "'", "-", "{{ end }}",
                             "{{ else }}", "{{ break }}", "{{ template \"none\" }}", "\\", "`", ":=", "=", ",", *angles])
            text = text[:at] + bit + text[at + self.r.randrange(4):]
        return text + "-" if self.is_html else text  # never empty: see template_text
