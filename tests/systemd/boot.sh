#!/bin/sh
# Boots a real systemd, in namespaces of its own and over a copy-on-write view
# of this machine's files, with trailpost installed there; runs a command in it
# as a service and turns it off. Nothing of the machine is changed.
#
# usage: boot.sh COMMAND [ARGUMENT]...
#
# Prints what the command prints, ends with its status; with 77 and the reason
# where it cannot be done. It needs root, systemd, cgroups (version 2, also
# beside version 1), overlayfs, and to be allowed namespaces.
#
# From the environment: BUILD, and BOOT_SECONDS, after which it ends anyway.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
: "${BUILD:=build}" "${BOOT_SECONDS:=180}"
self=$here/tests/systemd/boot.sh

cannot()
{
	echo "SKIPPED systemd: $*"
	exit 77
}

# ---- within the namespaces: a root with its own kernel file systems ----

if [ "${1:-}" = --inside ]; then
	root=$2
	set -e
	mount --make-rprivate /
	mount -t proc proc "$root/proc"
	mount -t sysfs -o ro sysfs "$root/sys" || mount --rbind /sys "$root/sys"
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	for dir in run tmp dev; do
		mount -t tmpfs -o mode=755 tmpfs "$root/$dir"
	done
	chmod 1777 "$root/tmp"
	for node in null zero full random urandom tty; do
		: >"$root/dev/$node"
		mount --bind "/dev/$node" "$root/dev/$node"
	done
	mkdir "$root/dev/pts" "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
	mount -t tmpfs tmpfs "$root/dev/shm"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	# The tree may lie on a file system of its own, or in /tmp.
	mkdir -p "$root$here"
	mount --bind "$here" "$root$here"
	hostname machine
	mkdir "$root/.old"
	cd "$root"
	pivot_root . .old
	umount -l /.old
	mount --make-rshared /
	exec env -i container=test PATH="$PATH" /lib/systemd/systemd --system \
		--unit=machine.target --log-target=console \
		--log-level="${BOOT_LOG:-warning}" --show-status=no
fi

# ---- outside ----

[ "$(id -u)" -eq 0 ] || cannot "it takes root"
[ -x /lib/systemd/systemd ] || cannot "there is no systemd here"
for tool in unshare findmnt ip pivot_root; do
	command -v "$tool" >/dev/null || cannot "there is no $tool"
done
unshare -m -p -f -n -u -i -C true 2>/dev/null ||
	cannot "namespaces are not allowed"
groups=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
[ -n "$groups" ] || cannot "there are no cgroups of version 2"

work=$(mktemp -d) group=$groups/trailpost-test.$$ machine=
clean_up()
{
	if [ -n "$machine" ]; then
		kill "$machine" 2>/dev/null
		wait "$machine" 2>/dev/null
	fi
	umount -l "$work/root" 2>/dev/null
	umount -l "$work" 2>/dev/null
	rmdir "$work"
	# What was killed leaves them a little later.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
		[ -e "$group" ] || break
		sleep 0.1
	done
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

mkdir "$group" 2>/dev/null || cannot "no cgroup can be made in $groups"
mount -t tmpfs tmpfs "$work" 2>/dev/null || cannot "nothing can be mounted"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o \
	"lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$work/root" \
	2>/dev/null || cannot "there is no overlayfs"
root=$work/root units=$root/etc/systemd/system

make -C "$here" -s BUILD="$BUILD" QUIET=1 DESTDIR="$root" PREFIX=/usr/local \
	install >"$work/install" 2>&1 || {
	cat "$work/install"
	exit 1
}
# Nothing of the machine's own services, and nothing that looks for hardware.
rm -rf "$units" && mkdir "$units"
for unit in systemd-udevd systemd-timesyncd systemd-resolved systemd-logind \
	systemd-networkd systemd-remount-fs systemd-tmpfiles-setup; do
	ln -s /dev/null "$units/$unit.service"
done
: >"$root/etc/fstab"
rm -f "$root/etc/machine-id" "$root/etc/resolv.conf"
: >"$root/etc/machine-id"
: >"$root/etc/resolv.conf"

cat >"$units/machine.target" <<EOF
[Unit]
Requires=systemd-journald.service
Wants=command.service
AllowIsolate=yes
EOF
{
	echo '#!/bin/sh'
	echo "cd '$here' || exit 1"
	echo 'exec \'
	for word; do
		printf "	'%s' \\\\\n" "$word"
	done
	echo
} >"$root/command.sh"
cat >"$units/command.service" <<EOF
[Unit]
DefaultDependencies=no
After=systemd-journald.socket
[Service]
Type=oneshot
Environment=MACHINE=yes PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
ExecStart=/bin/sh /command.sh
StandardOutput=append:/output
StandardError=inherit
ExecStopPost=/bin/sh -c 'echo \$EXIT_STATUS >/status; \
	systemctl --force --force poweroff >/dev/null 2>&1'
EOF

(
	echo 0 >"$group/cgroup.procs" &&
		exec timeout -k 1 "$BOOT_SECONDS" unshare -m -p -f -n -u -i -C \
			--kill-child=KILL sh "$self" --inside "$root"
) >"$work/console" 2>&1 </dev/null &
machine=$!
wait $machine
machine=
[ ! -e "$root/output" ] || cat "$root/output"
if [ ! -s "$root/status" ]; then
	tail -n 40 "$work/console"
	echo "boot: it did not come to its end"
	exit 1
fi
exit "$(cat "$root/status")"
