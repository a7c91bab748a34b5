#!/bin/sh
# Tries on this machine what PLATFORM.md promises, and says what to report. Needs Rust alone;
# with cargo-nextest it tries more. Nothing is installed, and nothing outside of this checkout
# is changed but for temporary directories. On Windows, in the shell that comes with git.
#
#     platform/try.sh            # all of it
#     platform/try.sh units life # only these
set -u
cd "$(dirname "$0")/.." || exit 1

said=target/platform
mkdir -p "$said" || exit 1
: >"$said/summary"
tell() { printf '%s\n' "$*" | tee -a "$said/summary"; }

wanted=" $* "
failed=0
try() {
    name=$1
    promise=$2
    shift 2
    case $wanted in
    "  " | *" $name "*) ;;
    *) return ;;
    esac
    printf '.. %s: %s\n' "$name" "$promise"
    began=$(date +%s)
    if "$@" </dev/null >"$said/$name" 2>&1; then
        found=holds
    else
        found=FAILS
        failed=1
    fi
    tell "$found  $name ($(($(date +%s) - began)) s): $promise"
    # Of `cargo test`: how many, and which of them failed.
    grep -E '^test result: |^test .* FAILED$|^error(\[|:)|^skipped: ' "$said/$name" |
        sort | uniq -c | head -40 >"$said/lines"
    sed 's/^/       /' "$said/lines" | tee -a "$said/summary"
}

tell "name-manager $(git rev-parse --short HEAD 2>/dev/null || echo 'of no commit'), $(date -u +%Y-%m-%dT%H:%MZ)"
tell "$(uname -srm)$(command -v sw_vers >/dev/null && printf ', macOS %s' "$(sw_vers -productVersion)"), $(rustc -V)"
nextest=$(cargo nextest --version 2>/dev/null) || nextest='no cargo-nextest'
tell "${nextest%%$'\n'*}"
tell "file system: $(df . | tail -1)"

try build 'everything builds' \
    cargo test --no-run -p nm-os -p nm-runtime -p nm-cli -p name-manager
try units 'the bell, the end of a holder, what is known of processes; and all other units' \
    cargo test -p nm-os -p nm-runtime --lib --no-fail-fast
try attribute 'never two at once; every use of the attribute' \
    cargo test --test attribute --no-fail-fast
try suites 'workspaces: one cargo test is one run, deadlines, deadlocks, scopes' \
    cargo test --test suites --no-fail-fast
try life 'hooks once each, the reaper, kills (what asks /proc fails where there is none)' \
    cargo test --test life --no-fail-fast
try bookshop 'the example: readers, writers, hooks' \
    cargo test --test bookshop --no-fail-fast
try examples 'the small examples' \
    sh -c 'for file in examples/*.rs; do cargo run -q --example "$(basename "$file" .rs)" || exit 1; done'
try cli 'the command line (on Windows: hold, acquire, release, keep-alive, run, hooks)' \
    cargo test -p nm-cli --no-fail-fast
try doctor 'locks exclude each other on this file system' \
    cargo run -q -p nm-cli --bin name-manager -- doctor
try runner 'hooks over a run, and after a killed runner; a storm of kills' \
    env STORM_SECONDS=60 cargo test --test runner --no-fail-fast
case $(uname -s) in
Linux)
    try conformance 'all that a backend promises, over killed processes' \
        cargo test --test conformance --test engine --no-fail-fast
    ;;
MINGW* | MSYS*)
    try conformance 'all that a backend promises, over killed processes' \
        cargo test --test conformance --test allocator --no-fail-fast
    ;;
esac

rm -f "$said/lines"
printf '\nPlease report what %s says, in an issue, even if all of it holds' "$said/summary"
[ "$failed" = 0 ] || printf ', and the files beside it of what fails'
printf '.\n'
exit "$failed"
