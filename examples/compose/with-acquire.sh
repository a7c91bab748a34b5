#!/bin/sh
# The second way: `acquire` and `release`, where there is no one command to wrap.
# Whatever is not released is when this script ends.
set -eu
cd "$(dirname "$0")"
export NAME_MANAGER_POOL_STACK_MAX=2
echo "a stack is: $(./stack.sh kind)"

one() {
    stack=$(name-manager acquire stack) || return
    code=0
    ./on-stack.sh "$stack" "$1" || code=$?
    name-manager release stack "$stack"
    return $code
}

pids=
for test in $(cat tests/list); do
    one "$test" &
    pids="$pids $!"
done
failed=0
for pid in $pids; do wait "$pid" || failed=1; done
for stack in $(name-manager acquire stack --all); do
    ./stack.sh down "$stack"
    name-manager release stack "$stack"
done
exit $failed
