#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy over every C file of the compilation database given as $1.
set -euo pipefail
cd "$(dirname "$0")/../.."
database=$1
mapfile -t files < <(find base gossip rules notify alertmanager vmalert -name '*.c' | sort)
printf '%s\0' "${files[@]}" |
    xargs -0 -n 4 -P "$(nproc)" clang-tidy-14 -p "$database" --quiet 2>/dev/null
echo "tidy: ${#files[@]} files are clean"
