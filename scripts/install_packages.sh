#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that Weir is built from. Does nothing, quickly, when they are there.
#
#   scripts/install_packages.sh [SET...]     sets: build test sanitizers lint bench debian13 (build test)
#
# Packages come from wherever this machine's apt is configured to get them. No service is started
# or left enabled, and no database cluster is created: Weir runs private servers of its own.
# WEIR_SKIP_PACKAGES=1 skips all this, for machines whose packages are looked after otherwise.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh

# The same names on Debian 12 and 13, but for one: what differs between the two are the versions.
# Asio's coroutines want more than the Boost that Debian 12 has by default.
boost=libboost-dev
! grep -qs '^VERSION_ID="12"' /etc/os-release || boost=libboost1.81-dev
declare -A sets=(
  [build]="g++ make cmake ninja-build ccache pkg-config lld
    libgrpc++-dev libgrpc-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libabsl-dev
    libssl-dev libc-ares-dev libre2-dev zlib1g-dev libgoogle-perftools-dev
    libpqxx-dev libpq-dev libhiredis-dev libargon2-dev prometheus-cpp-dev libcli11-dev
    nlohmann-json3-dev postgresql postgresql-client redis-server redis-tools util-linux"
  [test]="libgtest-dev libgmock-dev python3 python3-grpcio python3-protobuf python3-yaml prometheus
    python3-opentelemetry-proto chromium-headless-shell pgbouncer"
  [sanitizers]="clang-19 libclang-rt-19-dev llvm-19 lld-19"
  [lint]="clang-19 clang-format-19 clang-tidy-19 shellcheck git"
  [bench]="libbenchmark-dev libnghttp2-dev $boost python3 python3-grpcio"
  [debian13]="debootstrap"
)

[[ ${WEIR_SKIP_PACKAGES:-0} == 1 ]] && exit 0
(($# > 0)) || set -- build test

wanted=()
for name in "$@"; do
  [[ -v sets[$name] ]] || die "no package set is called '$name'" "sets: ${!sets[*]}"
  # Word splitting is the point: a set is a list of names.
  # shellcheck disable=SC2206
  wanted+=(${sets[$name]})
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  die "packages can only be installed on Debian 12 or 13, and this machine has no apt" \
    "Either work in a container:  docker run -it -v \"\$PWD:/weir\" -w /weir debian:12 bash -c 'apt-get update && apt-get install -y make && make test'" \
    "or install the equivalents of these by hand and set WEIR_SKIP_PACKAGES=1:" "${wanted[*]}"
fi

is_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# One query for all, for this runs before every build.
declare -A installed=()
while read -r package status; do
  [[ $status != installed ]] || installed[$package]=1
done < <(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null)
missing=()
for package in "${wanted[@]}"; do
  [[ -v installed[$package] ]] || missing+=("$package")
done
((${#missing[@]} > 0)) || exit 0

if [[ $(id -u) != 0 ]]; then
  command -v sudo >/dev/null || die "these packages are missing: ${missing[*]}" \
    "Install them as root, or install sudo and run this again."
  say "installing ${#missing[@]} packages with sudo: ${missing[*]}"
  exec sudo -- "$PWD/scripts/install_packages.sh" "$@"
fi

say "installing ${#missing[@]} packages: ${missing[*]}"

# Files put in the way of the packages' own set-up, for as long as it runs.
guards=()
remove_guards() { ((${#guards[@]} == 0)) || rm -f -- "${guards[@]}"; }
trap remove_guards EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# invoke-rc.d asks this program before it starts a service; 101 forbids it.
if [[ ! -e /usr/sbin/policy-rc.d ]]; then
  guards+=(/usr/sbin/policy-rc.d)
  install -m 755 /dev/stdin /usr/sbin/policy-rc.d <<<$'#!/bin/sh\nexit 101'
fi
if ! is_installed postgresql; then
  guards+=(/etc/postgresql-common/createcluster.d/zz-weir.conf)
  install -D -m 644 /dev/stdin /etc/postgresql-common/createcluster.d/zz-weir.conf \
    <<<'create_main_cluster = false'
fi
new_services=()
for service in redis-server pgbouncer prometheus; do
  is_installed "$service" || new_services+=("$service")
done

export DEBIAN_FRONTEND=noninteractive
apt_options=(-q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
apt-get "${apt_options[@]}" update ||
  die "apt-get update failed" "Check this machine's apt sources and its network, then run this again."
# Debian 12 has OpenTelemetry's messages, which the tests' collector speaks, in its backports alone:
# they are asked for from where this machine has the rest from.
opentelemetry=python3-opentelemetry-proto
if [[ " ${missing[*]} " == *" $opentelemetry "* ]] && ! apt-cache show $opentelemetry >/dev/null 2>&1; then
  # apt's own placeholders.
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Codename: bookworm' |
    sed -n '1s/ .*//p')
  if [[ -n $mirror ]]; then
    guards+=(/etc/apt/sources.list.d/weir-backports.sources) # stays only if it is of use
    install -m 644 /dev/stdin /etc/apt/sources.list.d/weir-backports.sources <<SOURCES
Types: deb
URIs: $mirror
Suites: bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
    apt-get "${apt_options[@]}" update || die "apt-get update failed for bookworm-backports"
    unset 'guards[-1]'
  fi
fi
apt-get "${apt_options[@]}" install --yes --no-install-recommends "${missing[@]}" || die \
  "apt-get could not install: ${missing[*]}" \
  "Weir is built from Debian 12 (bookworm, with its updates and security suites) or Debian 13 (trixie)." \
  "Are these in this machine's apt sources?"

# A service that was not there before must not appear at the next boot.
if command -v systemctl >/dev/null; then
  for service in "${new_services[@]}"; do
    systemctl --quiet disable "$service" 2>/dev/null || true
  done
fi
