#!/bin/sh
# Installs what a Debian or Ubuntu machine lacks to build (and see the demo), to
# test, fuzz, analyze, measure or package trailpost. Says what it installs; silent
# if all is there.
#
# usage: setup.sh build|test|fuzz|analyze|bench|deb|rpm|heavy|reach|systemd
#
# From the environment: ARCH, the architecture of the package that `deb` is to
# build; this machine's if it is not set.
set -u
cd "$(dirname "$0")/.." || exit 1

# Each function says whether what it is named after works here, so that no
# package is asked for that came in some other way.
has_libraries()
{
	printf '%s\n' '#include <curl/curl.h>' '#include <ev.h>' \
		'#include <yajl/yajl_parse.h>' '#include <zlib.h>' \
		'#include <openssl/evp.h>' '#include <expat.h>' \
		'#include <microhttpd.h>' \
		'int main(void) { return 0; }' |
		cc -x c -o /dev/null - -lcurl -lev -lyajl -lz -lcrypto \
			-lexpat -lmicrohttpd -lm 2>/dev/null
}

has_isal()
{
	pkg-config --exists libisal 2>/dev/null
}

has_cmocka()
{
	printf '%s\n' '#include <stdarg.h>' '#include <stddef.h>' \
		'#include <setjmp.h>' '#include <stdint.h>' \
		'#include <cmocka.h>' 'int main(void) { return 0; }' |
		cc -x c -o /dev/null - -lcmocka 2>/dev/null
}

has_sanitizers()
{
	echo 'int main(void) { return 0; }' |
		cc -x c -fsanitize=address,undefined -o /dev/null - 2>/dev/null
}

has_fuzzer()
{
	clang=$(command -v clang-14 || command -v clang) &&
		printf '%s\n' '#include <stddef.h>' '#include <stdint.h>' \
			'int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)' \
			'{ return p == NULL && n > 0; }' |
		"$clang" -x c -fsanitize=fuzzer,address,undefined \
			-o /dev/null - 2>/dev/null
}

has_python()
{
	/usr/bin/python3 -c "import $1" 2>/dev/null
}

has()
{
	command -v "$1" >/dev/null
}

has_pivot_root()
{
	has pivot_root || [ -x /sbin/pivot_root ]
}

has_package()
{
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
		grep -qx installed
}

exists()
{
	apt-cache show "$1" >/dev/null 2>&1
}

compile_packages()
{
	has cc && has make || echo gcc make libc6-dev
	has_libraries || echo libcurl4-openssl-dev libev-dev libyajl-dev \
		zlib1g-dev libssl-dev libexpat1-dev libmicrohttpd-dev
	has pkg-config || echo pkg-config
	has_isal || ! exists libisal-dev ||
		echo libisal-dev # an old Ubuntu, say: zlib does it all
}

build_packages()
{
	compile_packages
	[ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
	[ -x /usr/bin/python3 ] || echo python3
}

test_packages()
{
	build_packages
	has_cmocka || echo libcmocka-dev
	{ ! has cc || has_sanitizers; } || echo libc6-dev gcc
	has_python pytest || echo python3-pytest
	has_python xdist || echo python3-pytest-xdist
	has_python yaml || echo python3-yaml
	has_python boto3 || echo python3-boto3
	has_python venv && has_python ensurepip || echo python3-venv
	has clang-format-14 || has clang-format || echo clang-format
	has shellcheck || echo shellcheck
	has npm || echo npm
	has faketime || echo faketime
	has tinyproxy || echo tinyproxy-bin
	has mandoc || echo mandoc
	has zsh || echo zsh
	has fish || echo fish
	has curl || echo curl # the guide's own commands take it
	has ss || echo iproute2
}

fuzz_packages()
{
	build_packages
	has_fuzzer || {
		echo clang
		# Where the runtime is a package of its own.
		runtime=$(apt-cache depends clang 2>/dev/null | sed -n \
			's/.*Depends: clang-\([0-9]*\)$/libclang-rt-\1-dev/p')
		! exists "$runtime" || echo "$runtime"
	}
}

analyze_packages()
{
	test_packages
	has clang-tidy-14 || has clang-tidy || echo clang-tidy
	has cppcheck || echo cppcheck
	has valgrind || echo valgrind libc6-dbg
}

bench_packages()
{
	build_packages
	has nginx || echo nginx-light
	has npm || echo npm
	has taskset || echo util-linux
}

# dpkg-buildpackage goes by packages, whatever else is there.
deb_packages()
{
	host=${ARCH:-$(dpkg --print-architecture 2>/dev/null)}
	essential=build-essential of=
	if [ -n "$host" ] && [ "$host" != "$(dpkg --print-architecture)" ]; then
		essential="build-essential crossbuild-essential-$host" of=:$host
	fi
	for name in $essential dpkg-dev debhelper $(sed -n \
		'/^Build-Depends:/,/^[^ ]/s/^ \(lib[a-z0-9.+-]*\|pkg-config\|zlib1g-dev\).*/\1/p' \
		etc/debian/control | sed "s/\$/$of/"); do
		has_package "$name" || echo "$name"
	done
}

rpm_packages()
{
	compile_packages
	has rpmbuild || echo rpm
}

reach_packages()
{
	[ -x /usr/bin/python3 ] || echo python3
	has_python pytest || echo python3-pytest
	has debootstrap || echo debootstrap
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
		echo debian-archive-keyring
	has git || echo git
	has unshare || echo util-linux
	has_pivot_root || echo util-linux-extra
}

heavy_packages()
{
	build_packages
	has_python pytest || echo python3-pytest
	has_python yaml || echo python3-yaml
	has_python venv && has_python ensurepip || echo python3-venv
	has buildah || echo buildah
	has podman || echo podman
	has crun || echo crun
	has runc || echo runc
	has debootstrap || echo debootstrap
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
		echo debian-archive-keyring
	has lintian || echo lintian
	# Where it is a package and no snap, which does not run in a container.
	has chromedriver || ! exists chromium-driver ||
		echo chromium chromium-driver
}

# Not systemd itself, which is not put on a machine without it.
systemd_packages()
{
	build_packages
	[ -x /lib/systemd/systemd ] || return 0
	has_python pytest || echo python3-pytest
	has unshare || echo util-linux
	has_pivot_root || echo util-linux-extra # since util-linux 2.42
	has ip || echo iproute2
}

case ${1:-} in
build | test | fuzz | analyze | bench | deb | rpm | heavy | reach | systemd) ;;
*)
	sed -n 's/^# usage: /usage: /p' "$0" >&2
	exit 2
	;;
esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT
sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo

# run COMMAND...: shown only if it fails
run()
{
	$sudo "$@" >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		exit 1
	}
}

# install PACKAGE...
install()
{
	if ! has apt-get; then
		echo "setup: please install (Debian's names): $*" >&2
		exit 1
	fi
	if [ -n "$sudo" ] && ! has sudo; then
		echo "setup: as root: apt-get install $*" >&2
		exit 1
	fi
	echo "setup: installing $*"
	run apt-get -q update
	run env DEBIAN_FRONTEND=noninteractive apt-get -qy install \
		--no-install-recommends "$@"
}

# A machine that has no lists of packages cannot tell which there are.
if has apt-get && ! exists make && { [ -z "$sudo" ] || has sudo; }; then
	run apt-get -q update
fi
packages=$("${1}_packages" | tr '\n' ' ')
# shellcheck disable=SC2086
[ -z "$packages" ] || install $packages
