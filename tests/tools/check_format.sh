#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Is every source file as clang-format would write it?
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t files < <(find base gossip rules notify alertmanager vmalert tests \
    \( -name '*.c' -o -name '*.h' -o -name '*.cc' \) -print 2>/dev/null | sort)
[ ${#files[@]} -gt 0 ] || { echo "no source files found"; exit 1; }
clang-format-14 --dry-run -Werror "${files[@]}"
echo "format: ${#files[@]} files are clean"
