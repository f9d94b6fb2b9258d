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
    prometheus-alertmanager victoria-metrics
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
    echo "installing: ${missing[*]}"
    local log
    log=$(mktemp)
    local policy=/usr/sbin/policy-rc.d made_policy=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod +x "$policy"
        made_policy=1
    fi
    local ok=1
    { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 || ok=0
    [ "$made_policy" = 0 ] || as_root rm -f "$policy"
    if [ "$ok" = 0 ]; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "apt-get could not install: ${missing[*]}"
    fi
    rm -f "$log"
}

# build_preset <preset> [target…]
build_preset() {
    local preset=$1
    shift
    local log=build/$preset.log
    mkdir -p build
    cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; fail "cannot configure preset $preset"; }
    local targets=()
    [ $# -eq 0 ] || targets=(--target "$@")
    cmake --build --preset "$preset" "${targets[@]}" >"$log" 2>&1 ||
        { tail -n 60 "$log" >&2; fail "cannot build preset $preset (whole output: $log)"; }
    if grep -q 'warning:' "$log"; then
        grep 'warning:' "$log" >&2
        fail "the compiler warned"
    fi
    tail -n 1 "$log"
}
