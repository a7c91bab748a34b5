#!/bin/sh
# A stack by its name, as the hooks of name-manager.toml want it:
#
#     stack.sh up NAME       makes a new one, whatever is left of another, and waits for it
#     stack.sh reset NAME    empties it; a new one, if the last test on it went wrong
#     stack.sh down NAME     removes it
#     stack.sh url NAME      prints its address
#     stack.sh kind          says what a stack is here
#
# Where an engine answers, a stack is a compose project. Elsewhere it is the same
# server, started here. Nothing in this file is safe against two who bring up one
# stack at once, and nothing needs to be: name-manager calls it for one at a time.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
stacks=${STACKS_DIR:-$here/.stacks}

if ! docker info >/dev/null 2>&1; then
    engine=none
elif docker compose version >/dev/null 2>&1; then
    engine='docker compose'
elif command -v docker-compose >/dev/null; then
    engine='docker-compose'
else
    engine=none
fi

compose() {
    # Two words, perhaps.
    $engine --file "$here/compose.yaml" --project-name "$@"
}

url() {
    if [ "$engine" = none ]; then
        cat "$stacks/$1/url"
    else
        echo "http://$(compose "$1" port shop 8000)"
    fi
}

# Older versions have no `up --wait`.
wait_for_engine() {
    shop=$(compose "$1" ps --quiet shop)
    until [ "$(docker inspect --format '{{.State.Health.Status}}' "$shop")" = healthy ]; do
        if [ "$(docker inspect --format '{{.State.Running}}' "$shop")" != true ]; then
            compose "$1" logs
            exit 1
        fi
        sleep 0.1
    done
}

start_here() {
    dir=$stacks/$1
    mkdir -p "$dir"
    mkfifo "$dir/ready"
    python3 "$here/server.py" "$dir/shop.db" >"$dir/ready" 2>"$dir/log" </dev/null &
    echo $! >"$dir/pid"
    read -r port <"$dir/ready" # the server prints it when it answers
    echo "http://localhost:$port" >"$dir/url"
}

down() {
    if [ "$engine" != none ]; then
        compose "$1" down --volumes --remove-orphans
    elif [ -d "$stacks/$1" ]; then
        kill "$(cat "$stacks/$1/pid")" || true
        rm -r "$stacks/$1"
    fi
}

up() {
    down "$1"
    if [ "$engine" = none ]; then
        start_here "$1"
    else
        compose "$1" up --detach
        wait_for_engine "$1"
    fi
}

case ${1-} in
kind)
    if [ "$engine" = none ]; then echo "stand-in (no container engine answers)"; else echo "$engine"; fi
    ;;
reset)
    if [ "$NAME_MANAGER_RESET" = dirty ]; then
        up "$2"
    else
        curl -fsS -X DELETE "$(url "$2")/"
    fi
    ;;
up | down | url) "$1" "$2" ;;
*)
    echo "stack.sh: unknown command ${1-}; expected up, reset, down, url or kind" >&2
    exit 2
    ;;
esac
