#!/bin/sh
# The first way: each test under `name-manager run`. Nothing to give back, and
# nothing stays lent however a test ends.
set -eu
cd "$(dirname "$0")"
echo "a stack is: $(./stack.sh kind)"

pids=
for test in $(cat tests/list); do
    name-manager run stack -- ./on-stack.sh '{name}' "$test" &
    pids="$pids $!"
done
failed=0
for pid in $pids; do wait "$pid" || failed=1; done
exit $failed
