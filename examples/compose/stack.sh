#!/bin/sh
# A stack by its name: `stack.sh up NAME` starts it unless it runs, and prints its
# address; `stack.sh down NAME..`; `stack.sh kind` says what a stack is here.
#
# Where Docker answers, a stack is a compose project. Elsewhere it is the same
# server, started here. Only who holds the name may call this: nothing in it is
# safe against two who bring up one stack at once, and nothing needs to be.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
stacks=${STACKS_DIR:-$here/.stacks}

has_engine() {
    docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1
}

compose() {
    docker compose --file "$here/compose.yaml" --project-name "$@"
}

up_stand_in() {
    dir=$stacks/$1
    mkdir -p "$dir"
    if ! curl -fs "$(cat "$dir/url" 2>/dev/null)/orders" >/dev/null 2>&1; then
        rm -f "$dir/ready"
        mkfifo "$dir/ready"
        python3 "$here/server.py" "$dir/shop.db" >"$dir/ready" 2>"$dir/log" </dev/null &
        echo $! >"$dir/pid"
        read -r port <"$dir/ready" # the server prints it when it answers
        echo "http://localhost:$port" >"$dir/url"
    fi
    cat "$dir/url"
}

down_stand_in() {
    dir=$stacks/$1
    if [ -f "$dir/pid" ]; then
        kill "$(cat "$dir/pid")" 2>/dev/null || true
        rm -r "$dir"
    fi
}

command=$1
shift
case $command in
kind)
    if has_engine; then echo "docker compose"; else echo "stand-in (no container engine answers)"; fi
    ;;
up)
    if has_engine; then
        compose "$1" up --detach --wait >&2
        echo "http://$(compose "$1" port shop 8000)"
    else
        up_stand_in "$1"
    fi
    ;;
down)
    for name; do
        if has_engine; then compose "$name" down --volumes >&2; else down_stand_in "$name"; fi
    done
    ;;
*)
    echo "stack.sh: unknown command $command; expected up, down or kind" >&2
    exit 2
    ;;
esac
