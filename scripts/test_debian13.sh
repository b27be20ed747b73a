#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make test-debian13: `make test`, or whatever command is given, in a fresh Debian 13 root.
#
#   scripts/test_debian13.sh [COMMAND...]
#
# The root is made by debootstrap from the mirror that this machine's apt uses, and removed at the
# end. WEIR_DEBIAN13_ROOT=DIR makes it there, keeps it and uses it again.
# Everything runs in mount and process namespaces of its own: whatever happens, neither mounts nor
# processes are left.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh
source scripts/lib/debian.sh

(($# > 0)) || set -- make test
if [[ $(id -u) != 0 ]]; then
  command -v sudo >/dev/null || die "a Debian root can only be made by root" "Run this as root."
  exec sudo --preserve-env=WEIR_DEBIAN13_ROOT -- "$PWD/scripts/test_debian13.sh" "$@"
fi

scripts/install_packages.sh debian13

if [[ -n ${WEIR_DEBIAN13_ROOT:-} ]]; then
  root=$(realpath -m -- "$WEIR_DEBIAN13_ROOT")
else
  root=$(mktemp -d /var/tmp/weir-debian13.XXXXXX)
  trap 'rm -rf --one-file-system -- "$root"' EXIT
fi
trap 'exit 130' INT
trap 'exit 143' TERM HUP

create_root() {
  local work=$root/new
  say "making a Debian 13 root in $root"
  rm -rf --one-file-system -- "$work"
  mkdir -p -- "$work"
  make_debian_root "$work" ca-certificates,make
  mv -- "$work" "$root/root"
}

[[ -d $root/root ]] || create_root
cp -L /etc/resolv.conf /etc/hosts "$root/root/etc/"

say "copying the tree"
mkdir -p -- "$root/root/weir"
find "$root/root/weir" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf -- {} +
tar --exclude=./build --exclude=./.weir --exclude=./.git --create . |
  tar --extract --no-same-owner --directory="$root/root/weir"

say "in Debian 13: $*"
# shellcheck disable=SC2016 # expanded in there
unshare --mount --pid --fork --kill-child -- bash -euc '
  root=$1
  shift
  mount --make-rprivate /
  mount --types proc proc "$root/proc"
  mount --rbind /dev "$root/dev" # with its pseudo-terminals
  mount --types tmpfs tmpfs "$root/dev/shm"
  exec chroot "$root" /usr/bin/env --ignore-environment --chdir=/weir HOME=/root TERM=dumb \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
' bash "$root/root" "$@"
