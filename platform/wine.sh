#!/usr/bin/env bash
# Tries under Wine what is written for Windows, and says how long each part took. Needs Wine,
# the compiler of MinGW (on Debian the packages wine64 and gcc-mingw-w64-x86-64-win32), and
# Rust's target x86_64-pc-windows-gnu, which it adds.
#
#     platform/wine.sh        # all of it
#     platform/wine.sh runner # only this
set -euo pipefail
cd "$(dirname "$0")/.."

target=x86_64-pc-windows-gnu
# Debian's is not on the PATH.
for wine in /usr/lib/wine/wine64 wine64 wine none; do
    command -v "$wine" >/dev/null && break
done
if [ "$wine" = none ] || ! command -v x86_64-w64-mingw32-gcc >/dev/null; then
    echo 'skipped: there is no Wine here, or no compiler of MinGW; install wine64 and gcc-mingw-w64-x86-64-win32'
    [ "${CI-}" != true ]
    exit
fi
rustup target add "$target"

# A Windows of its own, without a screen. Backtraces take seconds each there.
export WINEPREFIX=$PWD/target/wine WINEDEBUG=-all DISPLAY='' RUST_BACKTRACE=0
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$wine
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
export STORM_SECONDS=${STORM_SECONDS-120}

wanted=" $* "
part() {
    local name=$1 began=$SECONDS
    shift
    case $wanted in
    '  ' | *" $name "*) ;;
    *) return 0 ;;
    esac
    printf '\n-- under Wine: %s\n' "$name"
    "$@" </dev/null
    printf -- '-- %s took %s s\n' "$name" "$((SECONDS - began))"
}

prefix() {
    # Neither .NET nor a browser.
    WINEDLLOVERRIDES='mscoree,mshtml=' "$wine" wineboot -u
    # Rust's programs want random numbers from a library that Wine 8 lacks.
    cat >target/prng.c <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n) { return SystemFunction036(p, (ULONG)n); }
C
    local libraries=$WINEPREFIX/drive_c/windows/system32
    [ -e "$libraries/bcryptprimitives.dll" ] ||
        x86_64-w64-mingw32-gcc -shared -o "$libraries/bcryptprimitives.dll" target/prng.c -ladvapi32
}

tests() {
    cargo test --target "$target" "$@"
}

# Both by hand: stories have bounds of time that a busy machine misses there, and write to one file
# from several threads, of which Wine makes one line. A thousand threads take two minutes more.
conformance() {
    tests --test conformance -- --skip crowd:: --skip giving_up_several_names
}
crowd() {
    tests --test conformance -- crowd:: giving_up_several_names
}

command_line() {
    local name
    name=$("$wine" "target/$target/debug/name-manager.exe" --version)
    case $name in
    'name-manager '*) ;;
    *) echo "expected a version, found: $name"; return 1 ;;
    esac
    NAME_MANAGER_DIR=$(mktemp -d) "$wine" "target/$target/debug/name-manager.exe" doctor
    tests --package nm-cli --test anywhere
}

mkdir -p target
[ -e "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" ] || prefix
part build cargo build --target "$target" --package nm-cli --bin name-manager
part units tests --package nm-os --package nm-runtime --lib --all-features
part attribute tests --test attribute --test allocator
case $wanted in *' conformance '*) part conformance conformance ;; esac
case $wanted in *' crowd '*) part crowd crowd ;; esac
# Hooks over a run, a killed runner, and a storm of kills.
part runner tests --test runner
part command-line command_line
