#!/bin/sh
# The second way: `acquire` and `release`, where there is no one command to wrap.
# Whatever is not released is when this script ends.
set -eu
cd "$(dirname "$0")"
echo "a stack is: $(./stack.sh kind)"

one() {
    stack=$(name-manager acquire stack) || return
    code=0
    ./on-stack.sh "$stack" "$1" || code=$?
    if [ $code = 0 ]; then dirty=; else dirty=--dirty; fi
    name-manager release $dirty stack "$stack"
    return $code
}

pids=
for test in $(cat tests/list); do
    one "$test" &
    pids="$pids $!"
done
failed=0
for pid in $pids; do wait "$pid" || failed=1; done
exit $failed
