#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks who includes whom: every #include "…" must be written from the root and be allowed by the
table of docs/architecture.md. Prints each violation and the number of files read."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# layer -> layers it may include, itself always included
ALLOWED = {
    "base/core": [],
    "base/env": ["base/core"],
    "base/text": ["base/core"],
    "base/model": ["base/core", "base/text"],
    "base/io": ["base/core", "base/env", "base/text", "base/model"],
    "gossip": ["base/core", "base/env", "base/text", "base/model"],
    "rules": ["base/core", "base/env", "base/text", "base/model"],
    "notify": ["base/core", "base/env", "base/text", "base/model"],
    "alertmanager": ["base/core", "base/env", "base/text", "base/model", "gossip", "notify"],
    "vmalert": ["base/core", "base/env", "base/text", "base/model", "rules"],
}
# Files of the programs that may stand on the real world.
MAY_USE_IO = re.compile(r"^(alertmanager|vmalert)/(main|[a-z]+/main)\.c$")
# Third-party headers that only one layer may see.
ONLY_IN = {
    "base/io": ["uv.h", "curl/", "microhttpd.h", "ares.h", "gnutls/"],
    "base/text": ["cjson/", "yaml.h", "re2/", "zstd.h", "snappy-c.h", "unistr.h", "unictype.h", "unicase.h"],
}
# Single files that may see a header of another layer's: AES-GCM where libsodium has none.
MAY_USE = {("base/text/aead.c", "gnutls/"), ("base/text/digest.c", "gnutls/")}


def layer_of(path):
    if path.startswith("base/"):
        rest = path[5:]
        return "base/" + rest.split("/")[0] if "/" in rest else "base/env"
    return path.split("/")[0]


def check_file(path):
    text = path.read_text(errors="replace")
    name = str(path.relative_to(ROOT))
    layer = layer_of(name)
    bad = []
    for number, line in enumerate(text.splitlines(), 1):
        ours = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        theirs = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
        if theirs:
            for owner, prefixes in ONLY_IN.items():
                if layer == owner or any((name, p) in MAY_USE for p in prefixes):
                    continue
                if any(theirs[1].startswith(p) for p in prefixes):
                    bad.append((number, f"<{theirs[1]}> belongs to {owner}"))
            continue
        if not ours:
            continue
        target = ours[1]
        if target.endswith(".pb-c.h"):
            continue
        if not (ROOT / target).exists():
            bad.append((number, f'"{target}" is not written from the root'))
            continue
        to = layer_of(target)
        if to == layer or to in ALLOWED[layer]:
            continue
        if to == "base/io" and MAY_USE_IO.match(name):
            continue
        bad.append((number, f"{layer} may not include {to} ({target})"))
    return [f"{name}:{number}: {why}" for number, why in bad]


def main():
    files = [
        p
        for folder in ["base", "gossip", "rules", "notify", "alertmanager", "vmalert"]
        for p in sorted((ROOT / folder).rglob("*"))
        if p.suffix in (".c", ".h", ".cc")
    ]
    if not files:
        sys.exit("no source files found")
    bad = [line for p in files for line in check_file(p)]
    print("\n".join(bad))
    print(f"layers: {len(files)} files read, {len(bad)} violations")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
