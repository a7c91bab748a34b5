#!/bin/sh
# on-stack.sh NAME TEST: runs one end-to-end test on this stack.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
URL=$("$here/stack.sh" url "$1")
export URL
if "$here/tests/$2"; then echo "ok      $2 on $1"; else echo "FAILED  $2 on $1"; exit 1; fi
