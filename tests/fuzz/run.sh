#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs fuzz targets, each over its seeds and then on new inputs for some seconds.
#
#   tests/fuzz/run.sh <folder of the programs> [target…]      all targets if none is named
#   FUZZ_SECONDS=600 tests/fuzz/run.sh build/fuzz/bin fuzz_gotpl
#
# Seconds per target: FUZZ_SECONDS, else 60 with TOCSIN_NIGHTLY=1, else 3. The search begins with
# FUZZ_SEED, else anywhere with TOCSIN_NIGHTLY=1, else with seed 1: what fails then is the change, not
# the dice. What is found on the way is kept in <folder>/../fuzz/<target> and built upon by the next
# run; an input that fails is put there as crash-…, timeout-… or oom-…: its regression test is a copy
# in tests/fuzz/corpus/.
# Prints one line per target with the number of inputs tried. Exit code 1: something was found.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
[ $# -ge 1 ] || { sed -n '3,14s/^# \{0,1\}//p' "$0" >&2; exit 2; }
bin=$(readlink -f "$1")
shift
seconds=${FUZZ_SECONDS:-$([ "${TOCSIN_NIGHTLY:-0}" = 1 ] && echo 60 || echo 3)}
seed=${FUZZ_SEED:-$([ "${TOCSIN_NIGHTLY:-0}" = 1 ] && echo 0 || echo 1)} # 0: libFuzzer chooses
[ $# -gt 0 ] || set -- $(cd "$bin" && ls | grep '^fuzz_')

failed=0
for target in "$@"; do
    name=${target#fuzz_}
    found=$bin/../fuzz/$target
    mkdir -p "$found/corpus"
    arguments=(-seed="$seed" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1
        -artifact_prefix="$found/" "$found/corpus")
    [ ! -d "$here/corpus/$name" ] || arguments+=("$here/corpus/$name")
    [ ! -f "$here/$name.dict" ] || arguments+=(-dict="$here/$name.dict")
    if "$bin/$target" "${arguments[@]}" >"$found/log" 2>&1; then
        count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$found/log")
        echo "$target: $count inputs, nothing found"
    else
        failed=1
        echo "$target: FAILED"
        grep -v '^#' "$found/log" | tail -n 60
    fi
done
exit $failed
