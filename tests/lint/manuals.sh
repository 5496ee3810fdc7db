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

# written FORMAT FILE FIRST LAST: what is between these lines of it
written()
{
	"$trailpost" --print-options="$1" |
		sed -e "/^$3\$/,/^$4\$/{//!d" -e '}' \
			-e "/^$3\$/r /dev/stdin" "$2" |
		diff -u "$2" - || fail "run: make conf"
}

written markdown docs/configuration.md '<!-- options -->' \
	'<!-- end of options -->'
written mdoc docs/man/trailpost.conf.5 '\.\\" options' \
	'\.\\" end of options'
for shell in bash zsh fish; do
	"$trailpost" --print-completion=$shell |
		diff -u etc/completion/trailpost.$shell - || fail "run: make conf"
done
exit $status
