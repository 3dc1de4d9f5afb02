#!/bin/sh
# Runs every fuzz target for FUZZ_SECONDS (default 60), one after the other, on its seeds, the mails of tests/mail and, where
# they are at hand, the suites from outside. What is found new is kept under BUILD/fuzz, a finding stops the run and names its file.
#
#   tests/fuzz/run.sh BUILD [TARGET…]
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=$1
shift
[ $# -gt 0 ] || set -- mail dsn date reply
suites=${USHER_SUITES:-$here/../../../shared/suites}
for target in "$@"; do
    kept=$build/corpus/$target
    mkdir -p "$kept"
    set -- "$kept" "$here/seeds/$target"
    [ "$target" = date ] || set -- "$@" "$here/../mail"
    [ "$target" = date ] || [ ! -d "$suites/mail" ] || set -- "$@" "$suites/mail"
    cp "$build/fuzz" "$build/fuzz_$target"
    echo "fuzz: $target, ${FUZZ_SECONDS:-60} s"
    "$build/fuzz_$target" -max_total_time="${FUZZ_SECONDS:-60}" -max_len=16384 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$build/finding-$target-" -print_final_stats=1 -verbosity=0 "$@" 2>"$build/$target.log" || {
        tail -n 30 "$build/$target.log" >&2
        echo "fuzz: $target found something: $build/finding-$target-*" >&2
        exit 1
    }
    grep -E 'stat::(number_of_executed_units|average_exec_per_sec)' "$build/$target.log" || true
done
