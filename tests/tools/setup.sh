# SPDX-License-Identifier: Apache-2.0
# Shared by ./check and ./demo: which packages are needed, and how a preset is built.

BUILD_PACKAGES=(
    cmake ninja-build gcc g++ pkg-config protobuf-c-compiler protobuf-compiler
    libuv1-dev libmicrohttpd-dev libcurl4-openssl-dev libc-ares-dev libcjson-dev libyaml-dev
    libsodium-dev libgnutls28-dev libre2-dev libprotobuf-c-dev libsnappy-dev libzstd-dev
    libcrypt-dev libunistring-dev libcmocka-dev
)
TEST_PACKAGES=(
    clang-14 clang-tidy-14 clang-format-14 libclang-rt-14-dev python3 python3-yaml curl procps
    prometheus-alertmanager victoria-metrics chromium dnsmasq-base
)
DEMO_PACKAGES=(python3 curl procps victoria-metrics)

step() {
    printf '\n== %s\n' "$*"
}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        command -v sudo >/dev/null || fail "need root or sudo to install packages: $*"
        sudo "$@"
    fi
}

# Installs those of the named Debian packages that are missing. Services that packages would start
# stay off: the tests and the demo start their own processes.
install_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        echo "all ${#} packages are installed"
        return
    fi
    command -v apt-get >/dev/null || fail "not a Debian system: install by hand: ${missing[*]}"
    echo "installing: ${missing[*]}"
    (apt_install "${missing[@]}") || fail "apt-get could not install: ${missing[*]}"
}

# In a subshell: what it sets up is undone when it ends, also by Ctrl-C.
apt_install() {
    local log policy=/usr/sbin/policy-rc.d undo
    log=$(mktemp)
    undo="rm -f $log"
    if [ ! -e "$policy" ]; then
        undo="$undo; as_root rm -f $policy"
        trap "$undo" EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod +x "$policy"
    fi
    trap "$undo" EXIT
    as_root apt-get -o Acquire::Retries=3 update >"$log" 2>&1 &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 \
            -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" >>"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; exit 1; }
}

# run_logged <log> <command…>: the command's output goes to the log, its last line to the terminal
# as progress (every half minute where there is no terminal). It runs in a process group of its own,
# which Ctrl-C and SIGTERM end as a whole.
run_logged() {
    local log=$1 status=0 began=$SECONDS shown=$SECONDS job
    shift
    setsid "$@" >"$log" 2>&1 </dev/null &
    job=$!
    trap "kill -TERM -- -$job 2>/dev/null; wait $job; exit 130" INT TERM HUP
    while kill -0 "$job" 2>/dev/null; do
        sleep 0.5
        if [ -t 1 ]; then
            printf '\r\033[K%.*s' "$((${COLUMNS:-80} - 1))" "$(tail -n 1 "$log")"
        elif [ $((SECONDS - shown)) -ge 30 ]; then
            shown=$SECONDS
            printf '%4d s  %.90s\n' "$((SECONDS - began))" "$(tail -n 1 "$log")"
        fi
    done
    wait "$job" || status=$?
    trap - INT TERM HUP
    [ ! -t 1 ] || printf '\r\033[K'
    return "$status"
}

# build_preset <preset> [target…]
build_preset() {
    local preset=$1
    shift
    local log=build/$preset.log began=$SECONDS
    mkdir -p build
    run_logged "$log" cmake --preset "$preset" ||
        { cat "$log" >&2; fail "cannot configure preset $preset"; }
    local targets=()
    [ $# -eq 0 ] || targets=(--target "$@")
    run_logged "$log" cmake --build --preset "$preset" "${targets[@]}" ||
        { tail -n 60 "$log" >&2; fail "cannot build preset $preset (whole output: $log)"; }
    if grep -q 'warning:' "$log"; then
        grep 'warning:' "$log" >&2
        fail "the compiler warned"
    fi
    echo "built in $((SECONDS - began)) s"
}
