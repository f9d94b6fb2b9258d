#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the tests counted, printed when ctest ends: seeds, notifications, cases, differences.
# Runs in the build folder, before ctest has closed its log.
log=Testing/Temporary/LastTest.log.tmp
[ -r "$log" ] || log=Testing/Temporary/LastTest.log
[ -r "$log" ] || exit 0
grep -E '^[^ ].*([0-9] (of [0-9]+ )?seeds|[0-9] cases|groups, (firing|resolved):|differences|were (everywhere|alive)|was (dead|gone)|longest turn)' "$log" |
    sed 's|^/[^ ]*/||' | sort -u
exit 0
