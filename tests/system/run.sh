#!/bin/sh
# Runs the system tests against a real binary: HOOKLATCH names it (default: ./hooklatch of the folder it is called in).
#   tests/system/run.sh [--short] [test files or node:test options]
# --short: for slow builds (sanitizers): fewer crashes, more patience.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
HOOKLATCH=$(realpath "${HOOKLATCH:-hooklatch}")
export HOOKLATCH
[ -x "$HOOKLATCH" ] || { echo "system tests: $HOOKLATCH is not there: build it, or name it in HOOKLATCH" >&2; exit 1; }

# Debian's own node is too old for the vendors' packages: a newer one comes with them.
installed=$here/node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ "$here/package-lock.json" -nt "$installed" ]; then
    (cd "$here" && npm ci --no-audit --no-fund >&2)
    touch "$installed"
fi
node=$here/node_modules/.bin/node
"$node" --version >/dev/null 2>&1 || node=node

if [ "${1:-}" = --short ]; then
    shift
    export HOOKLATCH_CRASH_CYCLES="${HOOKLATCH_CRASH_CYCLES:-3}" HOOKLATCH_TEST_PATIENCE="${HOOKLATCH_TEST_PATIENCE:-4}"
fi

named=false
for argument; do
    case $argument in *.mjs) named=true ;; esac
done
$named || set -- "$@" "$here"/*.test.mjs
# A file that hangs is a failure with a name, long before whoever waits for all of them gives up.
exec "$node" --test --test-timeout=$((300000 * ${HOOKLATCH_TEST_PATIENCE:-1})) --test-reporter=spec "$@"
