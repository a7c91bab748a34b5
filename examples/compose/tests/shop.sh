# Sourced by each test: how to talk to the shop, which is empty when a test begins.
# All tests use the same item, so two of them on one stack would ruin each other.
set -eu

ask() { curl -sS -X "$1" "$URL/$2" ${3+-d "$3"}; }
status() { curl -sS -o /dev/null -w '%{http_code}\n' -X "$1" "$URL/$2" ${3+-d "$3"}; }
expect() {
    [ "$1" = "$2" ] || {
        echo "$0: expected $1, found $2" >&2
        exit 1
    }
}
