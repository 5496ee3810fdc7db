#!/bin/sh
# A package as 0.1.0 had it, made of one of now: units in /lib, a lower version.
#
# usage: older.sh PACKAGE OLDER
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
dpkg-deb -R "$1" "$folder/tree"
cd "$folder/tree"
if [ -d usr/lib/systemd ]; then
	mkdir lib
	mv usr/lib/systemd lib/
	rmdir usr/lib 2>/dev/null || :
	sed -i 's| usr/lib/systemd/| lib/systemd/|' DEBIAN/md5sums
fi
sed -i 's/^Version: .*/&~older/' DEBIAN/control
cd "$OLDPWD"
dpkg-deb --root-owner-group -b "$folder/tree" "$2"
