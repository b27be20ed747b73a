#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/images.sh: the base images that Weir's own stand on, where no image registry is reachable:
# debian:trixie-slim, postgres:17 and redis:8, from Debian's packages, under the official names. One
# that is there already, pulled or made, is left alone.
#
# Their packages come from the mirror that this machine's apt uses. Postgres and Redis understand as
# much of the official images' interface as docker-compose.yml uses.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh
source scripts/lib/debian.sh

docker version >/dev/null || die "no Docker engine answers" "Start one (dockerd), then run this again."

# Here, or to be had.
has_image() { docker image inspect "$1" >/dev/null 2>&1 || docker pull --quiet "$1" >/dev/null 2>&1; }

make_debian() {
  [[ $(id -u) == 0 ]] || die "a Debian root can only be made by root" "Run this as root."
  scripts/install_packages.sh debian13
  local root
  root=$(mktemp -d /var/tmp/weir-image.XXXXXX)
  # shellcheck disable=SC2064 # this very directory
  trap "rm -rf --one-file-system -- '$root'" EXIT
  make_debian_root "$root" ca-certificates
  # What makes it slim: no documentation, in what is there and in what will be installed.
  printf 'path-exclude /usr/share/%s/*\n' doc man info locale >"$root/etc/dpkg/dpkg.cfg.d/slim"
  rm -rf -- "$root"/usr/share/{doc,man,info,locale}/* "$root"/var/lib/apt/lists/* \
    "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/log/*.log
  tar --create --directory "$root" --exclude './dev/*' --exclude './proc/*' --exclude './sys/*' . |
    docker import --change 'CMD ["bash"]' - debian:trixie-slim >/dev/null
}

has_image debian:trixie-slim || { say "making debian:trixie-slim" && make_debian; }
for image in postgres:17 redis:8; do
  has_image "$image" && continue
  say "making $image"
  docker build --quiet --tag "$image" --file "deploy/docker/base/${image%:*}.Dockerfile" \
    deploy/docker/base >/dev/null
done
