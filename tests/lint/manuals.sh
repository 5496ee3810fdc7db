#!/bin/sh
# The manual pages are sound mdoc, and what is written from the table of options
# is up to date in docs.
#
# usage: manuals.sh TRAILPOST PAGE...
set -u
trailpost=$1
shift
status=0

fail()
{
	echo "$1"
	status=1
}

command -v mandoc >/dev/null || fail "there is no mandoc"
for page; do
	# The two refer to each other and are not installed here.
	found=$(mandoc -T lint "$page" |
		grep -v 'referenced manual not found: Xr trailpost')
	[ -z "$found" ] || fail "$found"
done

# Each option and each word of the command line has its place.
for key in $("$trailpost" --print-default-config |
	sed -n 's/^#\([a-z0-9_]*\) =.*/\1/p'); do
	grep -q "^\.It Cm $key\$" "$@" || fail "no manual has $key"
	grep -q "^### $key\$" docs/configuration.md ||
		fail "docs/configuration.md does not have $key"
done
for word in $("$trailpost" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p'); do
	grep -q -- "\\\\-$word" "$@" || fail "no manual has --$word"
done

"$trailpost" --print-options=markdown |
	sed -e '/^<!-- options -->$/,/^<!-- end of options -->$/{//!d' -e '}' \
		-e '/^<!-- options -->$/r /dev/stdin' docs/configuration.md |
	diff -u docs/configuration.md - || fail "run: make conf"
exit $status
