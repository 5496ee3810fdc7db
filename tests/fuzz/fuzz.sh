#!/bin/sh
# Runs the fuzz targets that were built into $BUILD, two at a time, each for
# FUZZ_SECONDS. What they find is added to $BUILD/corpus, never to the sources;
# an input that crashes one is shown and kept in $BUILD/crash. Ends with one
# line: N passed, N failed.
#
# usage: fuzz.sh [NAME]...
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build/fuzz}" "${FUZZ_SECONDS:=30}" "${FUZZ_JOBS:=$(nproc)}"
export BUILD FUZZ_SECONDS
mkdir -p "$BUILD/crash" "$BUILD/log"

# one NAME: runs a target; a line for people, and its exit status
one()
{
	log=$BUILD/log/fuzz-$1.log
	mkdir -p "$BUILD/corpus/$1"
	timeout -k 5 $((FUZZ_SECONDS + 120)) "$BUILD/tests/fuzz/fuzz_$1" \
		-max_total_time="$FUZZ_SECONDS" -max_len=4096 -timeout=20 \
		-rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$BUILD/crash/$1-" \
		"$BUILD/corpus/$1" "tests/fuzz/corpus/$1" >"$log" 2>&1 </dev/null
	status=$?
	runs=$(awk '/number_of_executed_units/ { n = $2 } END { print n + 0 }' \
		"$log")
	edges=$(awk '$3 == "cov:" { n = $4 } END { print n + 0 }' "$log")
	# A target that was killed at once has tested nothing.
	if [ $status -eq 0 ] && [ "$runs" -gt 0 ]; then
		echo "fuzz $1: $runs executions, $edges edges"
		return 0
	fi
	echo "fuzz $1: FAILED (exit status $status)"
	grep -v -E '^#[0-9]+[[:space:]]' "$log" | tail -n 40
	return 1
}

if [ "${1:-}" = --one ]; then
	one "$2"
	exit
fi
if [ $# -eq 0 ]; then
	for path in tests/fuzz/fuzz_*.c; do
		name=${path#*/fuzz_}
		set -- "$@" "${name%.c}"
	done
fi
printf '%s\n' "$@" | xargs -P "$FUZZ_JOBS" -I NAME sh -c \
	'sh "$0" --one NAME >"$BUILD/log/one-NAME" 2>&1
	echo $? >"$BUILD/log/status-NAME"' "$0"
passed=0 failed=0
for name; do
	cat "$BUILD/log/one-$name"
	if [ "$(cat "$BUILD/log/status-$name")" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
