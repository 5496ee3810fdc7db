#!/bin/sh
# Runs a command in a bare Debian: what debootstrap gives (minbase), make, and a
# copy of this tree at /trailpost, which is where the command begins. Nothing of
# the machine is changed.
#
# usage: root.sh RELEASE NAME COMMAND [ARGUMENT]...
#
# What the command leaves behind is there for the next one of the same NAME, until
# `root.sh RELEASE NAME --new`. Releases and their packages are kept in build/reach,
# or where REACH says, for a week.
#
# Prints what the command prints, ends with its status; with 77 and the reason
# where it cannot be done.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
: "${REACH:=$here/build/reach}"

cannot()
{
	echo "SKIPPED reach: $*"
	exit 77
}

# ---- within the namespaces ----

mounts()
{
	mount --make-rprivate / &&
		mount -t overlay overlay -o \
			"lowerdir=$base,upperdir=$work/upper,workdir=$work/work" \
			"$root" &&
		mount -t proc proc "$root/proc" &&
		mount --rbind /sys "$root/sys" &&
		mount --rbind /dev "$root/dev" &&
		mount -t tmpfs -o mode=1777 tmpfs "$root/tmp" &&
		mount --bind "$packages" "$root/var/cache/apt/archives"
}

if [ "${1:-}" = --inside ]; then
	set -e
	base=$2 work=$3 packages=$4
	shift 4
	root=$work/root
	mkdir -p "$root" "$work/upper" "$work/work"
	mounts || cannot "mounts are not allowed"
	cp /etc/resolv.conf /etc/hosts "$root/etc/"
	# Whom pip is told to trust on this machine, for rows that want to.
	[ -z "${PIP_CERT:-}" ] || cp "$PIP_CERT" "$root/etc/pip-cert"
	[ "${1:-}" != --new ] || exec tar -C "$root/trailpost" -x
	# Not by chroot alone: who is in one may make no namespace of users.
	mkdir -p "$root/.old"
	cd "$root"
	pivot_root . .old
	umount -l /.old
	rmdir /.old
	exec env -i HOME=/root LC_ALL=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		${CI:+CI="$CI"} sh -c 'cd /trailpost && exec "$@"' sh "$@"
fi

# ---- outside ----

# Whoever it belongs to.
checkout()
{
	git -c safe.directory='*' -C "$here" "$@"
}

# bootstrap: an unpacked release, not older than a week
bootstrap()
{
	[ -z "$(find "$base" -maxdepth 0 -mtime -7 2>/dev/null)" ] || return 0
	rm -rf "$base" "$base.new" "$packages"
	mkdir -p "$packages/partial"
	# What it mounts goes with it, however it ends.
	unshare -m debootstrap --variant=minbase "$release" "$base.new" \
		>"$REACH/$release.log" 2>&1 &&
		# A mirror may lag behind, or stumble.
		printf 'Acquire::%s;\n' 'Check-Valid-Until "false"' \
			'Retries "3"' >"$base.new/etc/apt/apt.conf.d/lag" &&
		chroot "$base.new" apt-get -qy install --no-install-recommends \
			make >>"$REACH/$release.log" 2>&1 &&
		mkdir "$base.new/trailpost" && touch "$base.new" &&
		mv "$base.new" "$base"
}

enter()
{
	unshare -m -p -f --kill-child=KILL sh "$0" --inside "$base" "$work" \
		"$packages" "$@"
}

# renew: the row's Debian as it was, and the tree as it is
renew()
{
	rm -rf "$work"
	cd "$here" && checkout ls-files -co --exclude-standard -z |
		tar --null --ignore-failed-read -T - -c | enter --new
}

# All of it is read before any of it runs, so that it may be edited meanwhile.
main()
{
	[ "$(id -u)" -eq 0 ] || cannot "it takes root"
	for tool in debootstrap unshare flock git; do
		command -v "$tool" >/dev/null || cannot "there is no $tool"
	done
	checkout rev-parse >/dev/null 2>&1 || cannot "$here is no clone"
	unshare -m -p -f true 2>/dev/null || cannot "namespaces are not allowed"
	mkdir -p "$packages/partial"
	(flock 9 && bootstrap) 9>"$REACH/lock" || {
		tail -n 5 "$REACH/$release.log"
		cannot "$release cannot be had"
	}
	if [ "$1" = --new ]; then
		renew
	else
		[ -d "$work" ] || renew || exit
		enter "$@" </dev/null
	fi
	exit
}

[ $# -ge 3 ] || {
	sed -n 's/^# usage: /usage: /p' "$0" >&2
	exit 2
}
release=$1 name=$2
shift 2
base=$REACH/$release work=$REACH/of-$name packages=$REACH/packages-$release
main "$@"
