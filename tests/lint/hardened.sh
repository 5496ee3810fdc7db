#!/bin/sh
# The flags that are only given where the compiler takes them were given: what
# guards jumps is noted in each object, on the architectures that have it. On
# AArch64 that is a note or, since binutils 2.45, an attribute.
#
# usage: hardened.sh OBJECT
set -u
notes=$(readelf -hnAW "$1") || exit 1
notes=$(echo "$notes" | tr -s '\t ' ' ')
case $notes in
*Machine:*X86-64*) wanted='IBT, SHSTK' ;;
*Machine:*AArch64*) wanted='BTI, PAC' ;;
*) exit 0 ;;
esac
case $notes in
*"feature: $wanted"*) ;;
*Machine:*AArch64*"Feature_BTI: 1 "*"Feature_PAC: 1 "*) ;;
*)
	echo "$1 was built without $wanted"
	exit 1
	;;
esac
