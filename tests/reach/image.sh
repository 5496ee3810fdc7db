#!/bin/sh
# Builds the image for arm64 by `make image`, on a machine of another kind: what runs
# in it meanwhile is emulated. The emulator is known in a namespace of this alone
# (Linux 6.7), so that nothing of the machine is changed. Ends with status 77 and the
# reason where that cannot be done.
#
# usage: image.sh FOLDER
set -eu
ARCH=arm64
# e_ident of 64 bits, little end first; an executable or a shared object; AArch64.
MAGIC='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
MASK='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'

cannot()
{
	echo "SKIPPED reach: $*"
	exit 77
}

# Debian as its images have it, under the names that the Dockerfile has for them.
make_base()
{
	for name in $(sed -n 's/^ARG [A-Z_]*BASE=//p' etc/container/Dockerfile); do
		from=$(buildah from scratch)
		buildah add -q "$from" "$folder/debian" / >/dev/null
		buildah config --arch $ARCH --os linux "$from"
		buildah commit -q "$from" "localhost/$name"
		buildah rm "$from" >/dev/null
	done
}

# in_image COMMAND...
in_image()
{
	buildah run --isolation chroot "$made" -- "$@"
}

label()
{
	buildah inspect --type image --format \
		"{{index .OCIv1.Config.Labels \"org.opencontainers.image.$1\"}}" \
		localhost/trailpost
}

inside()
{
	mount -t binfmt_misc none /proc/sys/fs/binfmt_misc 2>/dev/null &&
		printf ':arm64:M::%s:%s:%s:F' "$MAGIC" "$MASK" \
			"$(command -v qemu-aarch64-static)" \
			>/proc/sys/fs/binfmt_misc/register ||
		cannot "no emulator may be set up"
	# It may make no devices; it binds those that are there.
	[ ! -d "$folder/debian/debootstrap" ] ||
		container=lxc chroot "$folder/debian" \
			/debootstrap/debootstrap --second-stage
	awk -v top="$folder/debian/" 'index($2, top) == 1 { print $2 }' \
		/proc/mounts | sort -r | xargs -r umount
	rm -rf "$folder"/debian/dev/* "$folder"/debian/var/cache/apt/*
	printf '[storage]\ndriver="vfs"\ngraphroot="%s"\nrunroot="%s"\n' \
		"$folder/store" "$folder/run" >"$folder/storage.conf"
	# Limits that it may set: it may not raise what it has.
	printf '[containers]\ndefault_ulimits=["nofile=%s:%s","nproc=%s:%s"]\n' \
		1024 1024 4096 4096 >"$folder/containers.conf"
	export CONTAINERS_STORAGE_CONF="$folder/storage.conf"
	export CONTAINERS_CONF="$folder/containers.conf"
	export BUILDAH_ISOLATION=chroot
	make_base
	make image ARCH=$ARCH DOCKER=buildah
	made=$(buildah from --arch $ARCH localhost/trailpost)
	[ "$(in_image uname -m)" = aarch64 ]
	in_image /usr/bin/trailpost --version
	buildah inspect --type image --format '{{.OCIv1.Architecture}}' \
		localhost/trailpost | grep -x $ARCH
	for what in source version licenses; do
		label $what | grep .
	done
}

folder=$1
if [ "${2:-}" = --inside ]; then
	# shellcheck disable=SC2034
	read -r begin
	inside
	exit
fi
mkdir -p "$folder"
rm -f "$folder/begin"
mkfifo "$folder/begin"
[ -d "$folder/debian" ] ||
	debootstrap --foreign --arch=$ARCH --variant=minbase trixie \
		"$folder/debian"
unshare -U -m -p -f --mount-proc --kill-child=KILL sh "$0" "$folder" --inside \
	<"$folder/begin" &
exec 3>"$folder/begin"
ours=$(readlink /proc/self/ns/user)
until theirs=$(readlink /proc/$!/ns/user) && [ "$theirs" != "$ours" ]; do
	sleep 0.1
done
# All users, since files of several of them are made.
for kind in uid gid; do
	echo "0 0 4294967295" >/proc/$!/${kind}_map
done
echo >&3
exec 3>&-
wait $!
