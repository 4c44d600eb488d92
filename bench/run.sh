#!/bin/sh
# make bench: measures hooklatch against its rivals. Options: bench/run.sh --help
# HOOKLATCH names the binary (default: ./hooklatch of the folder it is called in).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=${1:-}
case $program in *.mjs) shift ;; *) program=run.mjs ;; esac

need() {
    command -v "$1" >/dev/null 2>&1 || { echo "bench: $1 is not installed (apt-get install $2)" >&2; exit 1; }
}
need node nodejs
need cc gcc

if [ ! -e "$here/peer/node_modules/.package-lock.json" ] ||
    [ "$here/peer/package-lock.json" -nt "$here/peer/node_modules/.package-lock.json" ]; then
    if (cd "$here/peer" && npm ci --no-audit --no-fund >&2); then
        touch "$here/peer/node_modules/.package-lock.json"
    else
        [ "$program" = schema.mjs ] || exit 1
    fi
fi
# Validators are measured alone: no load, no servers. One that cannot be had is left out.
[ "$program" != verify.mjs ] || exec node "$here/verify.mjs" "$@"
[ "$program" != schema.mjs ] || exec node "$here/schema.mjs" "$@"

need wrk wrk
need pkg-config pkg-config
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
for tool in stepsink pacer spawn; do
    # shellcheck disable=SC2046
    cc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra "$here/$tool.c" -o "$tools/$tool" $(pkg-config --cflags --libs libevent)
done
BENCH_TOOLS=$tools node "$here/$program" "$@"
