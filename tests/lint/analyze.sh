#!/bin/sh
# One static analyser over all of src; its findings, and an exit status.
#
# usage: analyze.sh gcc|tidy|cppcheck        from the environment: BUILD
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build}"
jobs=$(nproc)
tool=${1:-}
set -- -D_GNU_SOURCE '-DTRAILPOST_VERSION="0"' -Iinclude -Isrc

case $tool in
gcc)
	gcc --version | head -n 1
	make --no-print-directory -k -j"$jobs" QUIET=1 CC=gcc VARIANT=analyzer \
		BUILD="$BUILD/analyzer" analyzer-objects
	;;
tidy)
	tidy=$(command -v clang-tidy-14 || command -v clang-tidy)
	"$tidy" --version | grep version
	# Of delivery.c it cannot know that next_up names no time without an
	# item.
	status=0
	printf '%s\n' src/*/*.c | grep -v '^src/sink/delivery.c$' |
		xargs -P "$jobs" -I FILE "$tidy" --quiet FILE -- \
			-std=c11 "$@" || status=1
	"$tidy" --quiet --checks=-clang-analyzer-core.NullDereference \
		src/sink/delivery.c -- -std=c11 "$@" || status=1
	exit $status
	;;
cppcheck)
	cppcheck --version
	# It does not look for the system's headers; of this one it must know
	# the macros.
	queue=$(echo '#include <sys/queue.h>' | cc -M -x c - | tr ' ' '\n' |
		grep 'sys/queue.h$')
	cppcheck --quiet -j "$jobs" --std=c11 --error-exitcode=1 \
		--enable=warning,performance,portability --inline-suppr \
		--suppressions-list=tests/lint/cppcheck.txt \
		--include="$queue" "$@" src
	;;
*)
	echo "usage: analyze.sh gcc|tidy|cppcheck" >&2
	exit 2
	;;
esac
