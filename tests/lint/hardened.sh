#!/bin/sh
# The flags that are only given where the compiler takes them were given: what
# guards jumps is noted in each object, on the architectures that have it.
#
# usage: hardened.sh OBJECT
set -u
notes=$(readelf -hnW "$1") || exit 1
case $notes in
*Machine:*X86-64*) wanted='IBT, SHSTK' ;;
*Machine:*AArch64*) wanted='BTI, PAC' ;;
*) exit 0 ;;
esac
case $notes in
*"feature: $wanted"*) ;;
*)
	echo "$1 was built without $wanted"
	exit 1
	;;
esac
