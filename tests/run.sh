#!/bin/sh
# Runs test suites. All output is kept in $BUILD/log; what failed or was
# skipped is shown. Ends with one line: N passed, N failed, N skipped.
#
# usage: run.sh [SUITE]...
#
# Suites: lint, unit, oracle, oom, integration, soak, systemd, heavy, fuzz,
# analyze, memcheck, reach, coverage (after others, of a build for it).
#
# From the environment: BUILD, PYTHON, TRAILPOST (the program), CLANG_FORMAT.
# CI: a component that is missing although it could be had is a failure.
# EMULATOR: what runs the unit tests of another architecture.
# LEAVE_OUT: names of unit tests that are not run.
# INTEGRATION_JOBS: how many integration tests run side by side; 0: one by one.
# RESULTS: a file that gets a line "SUITE PASSED FAILED SKIPPED" for each suite,
# so that several runs can be added up with `run.sh total`.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}" "${PYTHON:=/usr/bin/python3}" "${TRAILPOST:=$BUILD/trailpost}"
: "${CLANG_FORMAT:=clang-format}"
export EMULATOR="${EMULATOR:-}"
log=$BUILD/log
mkdir -p "$log"
counts=$log/counts.$$
suite=
: >"$counts"
trap 'rm -f "$counts"' EXIT

# count PASSED FAILED SKIPPED
count()
{
	echo "$suite $1 $2 $3" >>"$counts"
}

# sum_up [FILE]
sum_up()
{
	awk '{ p += $2; f += $3; s += $4 }
	END {
		printf "%d passed, %d failed, %d skipped\n", p, f, s
		exit f > 0 || p == 0
	}' "$@"
}

# program LOG COMMAND...: one test program within its time; its exit status
program()
{
	out=$1
	shift
	timeout -k 5 "${TEST_TIMEOUT:-120}" "$@" >"$out" 2>&1 </dev/null
}

show()
{
	echo "---- $1"
	grep -v -E "^\[ (RUN|      OK)" "$2"
}

# unit_count NAME STATUS: counts what a test program said
unit_count()
{
	# cmocka's own account; a program that died gave none.
	# shellcheck disable=SC2046
	set -- "$1" "$2" $(awk '
		/^\[  PASSED  \] [0-9]+ test/ { p += $4 }
		/^\[  FAILED  \] [0-9]+ test/ { f += $4 }
		/^\[  SKIPPED \] [0-9]+ test/ { s += $4 }
		END { print p + 0, f + 0, s + 0 }' "$log/$1.log")
	if [ "$2" -ne 0 ]; then
		[ "$4" -gt 0 ] || set -- "$1" "$2" "$3" 1 "$5"
		show "$1 (exit status $2)" "$log/$1.log"
	fi
	count "$3" "$4" "$5"
}

# As many at a time as there are processors; each leaves its output and status.
run_unit()
{
	set --
	for test in tests/unit/*/test_*.c; do
		plain=$(basename "$test" .c)
		# Some run with the other codec, too.
		for name in "$plain" "$plain-zlib"; do
			rm -f "$log/$name.status"
			case " ${LEAVE_OUT:-} " in *" $plain "*) continue ;; esac
			[ ! -x "$BUILD/${test%/*}/$name" ] ||
				set -- "$@" "${test%/*}/$name"
		done
	done
	[ $# -gt 0 ] || {
		echo "no unit tests in $BUILD"
		count 0 1 0
		return
	}
	printf '%s\n' "$@" | BUILD=$BUILD LOG=$log \
		LIMIT=${TEST_TIMEOUT:-300} xargs -P "$(nproc)" -I NAME sh -c '
		name=$(basename NAME)
		timeout -k 5 "$LIMIT" $EMULATOR "$BUILD/NAME" \
			>"$LOG/$name.log" 2>&1 </dev/null
		echo $? >"$LOG/$name.status"'
	for test; do
		name=$(basename "$test")
		unit_count "$name" "$(cat "$log/$name.status" || echo 1)"
	done
}

# check NAME COMMAND...: one check of lint or analysis
check()
{
	name=$1
	shift
	if program "$log/$suite-$name.log" "$@"; then
		count 1 0 0
	else
		show "$suite: $name" "$log/$suite-$name.log"
		count 0 1 0
	fi
}

# Other versions of clang-format would have it otherwise.
check_format()
{
	if "$CLANG_FORMAT" --version 2>/dev/null | grep -q 'version 14\.'; then
		# shellcheck disable=SC2046
		check format "$CLANG_FORMAT" --dry-run -Werror $(find src \
			include tests -name '*.[ch]')
	else
		echo "SKIPPED lint: format: there is no clang-format 14"
		count 0 0 1
	fi
}

run_lint()
{
	check_format
	check layers "$PYTHON" tests/lint/layers.py
	check circles "$PYTHON" tests/lint/circles.py "$BUILD"
	check source "$PYTHON" tests/lint/source.py
	# shellcheck disable=SC2046
	check shell shellcheck -S warning .ci/run $(find tests etc systemd \
		-name "*.sh" 2>/dev/null)
	check conf sh -c "'$TRAILPOST' --print-default-config |
		diff - etc/trailpost.conf || { echo 'run: make conf'; exit 1; }"
	check metrics sh -c "'$TRAILPOST' --print-metrics | diff - \
		docs/metrics.md || { echo 'run: make metrics-doc'; exit 1; }"
	check hardened sh tests/lint/hardened.sh "$BUILD/src/commands/main.o"
	check manuals sh tests/lint/manuals.sh "$TRAILPOST" docs/man/*
}

# count_line LOG STATUS: adds up "N passed, N failed, …" of the last line that
# has it
count_line()
{
	# shellcheck disable=SC2046
	set -- "$1" "$2" $(grep -E '[0-9]+ (passed|failed|skipped|error)' "$1" |
		tail -n 1 | tr -c '0-9a-z\n' ' ' | awk '{
			for (i = 2; i <= NF; i++) {
				if ($i == "passed") p += $(i - 1)
				if ($i ~ /^(failed|errors?)$/) f += $(i - 1)
				if ($i == "skipped") s += $(i - 1)
			}
		}
		END { print p + 0, f + 0, s + 0 }')
	if [ "$2" -ne 0 ]; then
		show "$suite (exit status $2)" "$1"
		[ "${4:-0}" -gt 0 ] || set -- "$1" "$2" "${3:-0}" 1 "${5:-0}"
	fi
	count "${3:-0}" "${4:-0}" "${5:-0}"
}

run_oracle()
{
	program "$log/oracle.log" "$PYTHON" tests/oracle/sign_oracle.py \
		"$BUILD/tests/oracle/sign_driver"
	count_line "$log/oracle.log" $?
	program "$log/endpoints.log" "$PYTHON" tests/oracle/endpoint_oracle.py \
		"$BUILD/tests/oracle/endpoint_driver"
	count_line "$log/endpoints.log" $?
	program "$log/events.log" "$PYTHON" tests/oracle/events_oracle.py \
		"$BUILD/tests/oracle/events_driver"
	count_line "$log/events.log" $?
	program "$log/mutants.log" "$PYTHON" tests/oracle/mutants.py "$BUILD"
	count_line "$log/mutants.log" $?
}

# answers NAME: whether the source of a component's package answers at all
answers()
{
	rm -rf "$log/answers"
	case $1 in
	moto | botocore) /usr/bin/python3 -m venv "$log/answers" &&
		"$log/answers/bin/pip" download --quiet --no-deps \
			-d "$log/answers" "$1" ;;
	guide) /usr/bin/python3 -m venv "$log/answers" &&
		"$log/answers/bin/pip" download --quiet --no-deps \
			-d "$log/answers" 'cfn-lint>=1.20,<2' ;;
	fauxqs) npm view fauxqs@1.9.2 version ;;
	swift) apt-cache show swift-proxy ;;
	promtool) apt-cache show prometheus ;;
	buildah | podman | runc | debootstrap | lintian | chromium)
		apt-cache show "$1"
		;;
	mirror) apt-get -q update -o APT::Update::Error-Mode=any ;;
	esac >"$log/answers.log" 2>&1
}

# What was skipped for want of a component that can be had is no skip in CI.
fail_needless_skips()
{
	for name in $(sed -n 's/^SKIPPED.* WITHOUT \([A-Z]*\):.*/\1/p' "$1" |
		tr '[:upper:]' '[:lower:]' | sort -u); do
		if answers "$name"; then
			echo "$suite: $name can be had, so its tests must run"
			count 0 1 0
		fi
	done
}

# pytest_into LOG CACHE ARGUMENT...
pytest_into()
{
	into=$1
	cache=$2
	shift 2
	mkdir -p "$cache"
	program "$into" env TRAILPOST="$TRAILPOST" "$PYTHON" -m pytest -q \
		-rsfE --durations=25 -o cache_dir="$(readlink -f "$cache")" "$@"
}

# failures LOG: how many tests of a run of pytest failed
failures()
{
	grep -cE '^(FAILED|ERROR) ' "$1"
}

# once_more LOG CACHE FOLDER: whether the few that failed beside others, because
# the machine was too busy or for a fault that is rare, pass by themselves. They
# are told, with what they said first.
once_more()
{
	few=$(failures "$1")
	[ "$few" -gt 0 ] && [ "$few" -le 3 ] || return 1
	# Of a group, its name is in the name of the test.
	sed -i -E 's/@[A-Za-z0-9_-]+"/"/' "$2/v/cache/lastfailed" || return 1
	TEST_TIMEOUT=400 pytest_into "$1.again" "$2" --last-failed \
		--last-failed-no-failures none "$3" || return 1
	show "$suite: failed first, passed by itself" "$1"
	sed -n 's/^\(FAILED\|ERROR\) /SECOND TRY: /p' "$1"
	tail -n 1 "$1" | awk -v n="$few" '{
		for (i = 2; i <= NF; i++) {
			if ($i ~ /^passed/) p = $(i - 1)
			if ($i ~ /^skipped/) s = $(i - 1)
		}
		printf "%d passed, %d skipped\n", p + n, s
	}' >>"$1"
}

# run_pytest NAME ARGUMENT... FOLDER: a run of pytest, its figures shown and its
# tests counted. TRIES=2: see once_more.
run_pytest()
{
	name=$1
	shift
	rm -rf "$log/$name.cache"
	pytest_into "$log/$name.log" "$log/$name.cache" "$@"
	status=$?
	for folder; do :; done
	if [ $status -eq 1 ] && [ "${TRIES:-1}" -eq 2 ] &&
		once_more "$log/$name.log" "$log/$name.cache" "$folder"; then
		status=0
	fi
	[ $status -ne 0 ] ||
		grep -E '^(SKIPPED|figure:|faked:)' "$log/$name.log"
	count_line "$log/$name.log" $status
	[ -z "${CI:-}" ] || fail_needless_skips "$log/$name.log"
}

# The peers are installed once; without one its tests are skipped, and say so.
# Most tests wait most of the time, so there are more at once than processors.
# Those that measure time come afterwards, one by one.
run_integration()
{
	sh tests/peers/install.sh || :
	at_once=${INTEGRATION_JOBS:-6}
	set -- -n "$at_once" --dist loadgroup
	if [ "$at_once" -eq 0 ]; then
		set --
	elif ! "$PYTHON" -c 'import xdist' 2>/dev/null; then
		echo "integration: one by one, for want of pytest-xdist"
		set --
	fi
	TRIES=2
	TEST_TIMEOUT=${INTEGRATION_TIMEOUT:-1800} run_pytest integration \
		-m 'not alone' "$@" tests/integration
	TEST_TIMEOUT=600 run_pytest integration-alone -m alone \
		tests/integration
	TRIES=1
}

# Loads with something wrong in them. They mostly wait, too.
run_soak()
{
	set -- -n "${SOAK_JOBS:-12}"
	if ! "$PYTHON" -c 'import xdist' 2>/dev/null; then
		echo "soak: one by one, for want of pytest-xdist"
		set --
	fi
	TRIES=2
	TEST_TIMEOUT=${SOAK_TIMEOUT:-2400} run_pytest soak -rsfEP "$@" tests/soak
	TRIES=1
}

run_oom()
{
	for path in tests/oom/oom_*.c; do
		name=$(basename "$path" .c)
		TEST_TIMEOUT=300 program "$log/$name.log" \
			"$BUILD/tests/oom/$name"
		count_line "$log/$name.log" $?
	done
}

# The files of the units here, and what they do in a machine that is booted.
run_systemd()
{
	run_pytest units tests/systemd/test_units.py
	TEST_TIMEOUT=300 program "$log/systemd.log" env BUILD="$BUILD" \
		sh tests/systemd/boot.sh "$PYTHON" -m pytest -q -rs \
		-p no:cacheprovider tests/systemd/test_running.py \
		tests/systemd/test_guide.py
	status=$?
	if [ $status -eq 77 ]; then
		grep '^SKIPPED' "$log/systemd.log"
		count 0 0 1
	else
		count_line "$log/systemd.log" $status
	fi
}

# Each of its tests says which tool it lacks, if so.
run_heavy()
{
	TRIES=2
	TEST_TIMEOUT=${HEAVY_TIMEOUT:-1800} run_pytest heavy -rsfEP tests/heavy
	TRIES=1
}

run_fuzz()
{
	TEST_TIMEOUT=$((FUZZ_SECONDS * 20 + 600)) program "$log/fuzz.log" \
		env BUILD="$BUILD" sh tests/fuzz/fuzz.sh
	status=$?
	[ $status -ne 0 ] || grep '^fuzz ' "$log/fuzz.log"
	count_line "$log/fuzz.log" $status
}

run_analyze()
{
	TEST_TIMEOUT=900
	for tool in gcc tidy cppcheck; do
		check "$tool" sh tests/lint/analyze.sh "$tool"
	done
	unset TEST_TIMEOUT
}

run_memcheck()
{
	TEST_TIMEOUT=300 program "$log/memcheck.log" env BUILD="$BUILD" \
		"$PYTHON" tests/memcheck/memcheck.py
	count_line "$log/memcheck.log" $?
}

# Its table and its times are what it is for.
run_reach()
{
	run_pytest judge tests/reach/test_judge.py
	# shellcheck disable=SC2086
	"$PYTHON" tests/reach/reach.py ${REACH_ARGS:-} >"$log/reach.log" 2>&1
	status=$?
	[ $status -ne 0 ] || cat "$log/reach.log"
	count_line "$log/reach.log" $status
}

run_coverage()
{
	program "$log/coverage.log" "$PYTHON" tests/lint/coverage.py \
		--build "$BUILD" --min "${COVERAGE_MIN:-90}"
	status=$?
	tail -n 2 "$log/coverage.log" | head -n 1
	count_line "$log/coverage.log" $status
}

# All of it is read before any of it runs, so that it may be edited meanwhile.
main()
{
	for suite; do
		case $suite in
		lint | unit | oracle | oom | integration | soak | systemd | \
			heavy | fuzz | analyze | memcheck | reach | coverage)
			"run_$suite"
			;;
		total)
			sum_up "$RESULTS"
			exit
			;;
		*)
			echo "run.sh: no such suite: $suite" >&2
			exit 2
			;;
		esac
		[ $# -eq 1 ] || printf '%-12s %s\n' "$suite" \
			"$(grep "^$suite " "$counts" | sum_up)"
	done
	[ -z "${RESULTS:-}" ] || cat "$counts" >>"$RESULTS"
	sum_up "$counts"
	exit
}

main "$@"
