# Sourced by each test: a shop that is empty, and how to talk to it. Every test
# empties the shop first, so two tests on one stack would ruin each other.
set -eu

ask() { curl -sS -X "$1" "$URL/$2" ${3+-d "$3"}; }
status() { curl -sS -o /dev/null -w '%{http_code}\n' -X "$1" "$URL/$2" ${3+-d "$3"}; }
expect() {
    [ "$1" = "$2" ] || {
        echo "$0: expected $1, found $2" >&2
        exit 1
    }
}

ask DELETE "" >/dev/null
