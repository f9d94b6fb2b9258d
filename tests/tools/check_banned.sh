#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Where the switch that allows impure calls stands: only the real world, the programs' main and tests.
set -euo pipefail
cd "$(dirname "$0")/../.."
bad=$(grep -rln 'BANNED_ALLOW_IMPURE' base gossip rules notify alertmanager vmalert |
    grep -vE '^(base/core/banned\.h|base/io/[^/]+\.[ch]|(alertmanager|vmalert)/([a-z]+/)?main\.c)$' || true)
if [ -n "$bad" ]; then
    echo "BANNED_ALLOW_IMPURE outside base/io and main.c:"
    echo "$bad"
    exit 1
fi
echo "banned: impure calls are confined to base/io and the programs' main.c"
