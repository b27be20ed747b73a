# SPDX-License-Identifier: Apache-2.0
# Debian 13 roots, from the mirror that this machine's apt uses. Needs say.sh.
# shellcheck shell=bash

# apt_uri RELEASE: where this machine gets that release's packages from.
apt_uri() {
  # shellcheck disable=SC2016 # apt expands these
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
    awk -v release="$1" '$1 == release && $2 == "main" {print $3; exit}'
}

# make_debian_root DIR PACKAGE,PACKAGE...: a minimal Debian 13 in DIR, with its updates' sources. Its
# packages come the way this machine's come.
make_debian_root() {
  local root=$1 packages=$2 codename mirror security
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt_uri "$codename")
  security=$(apt_uri "$codename-security")
  [[ -n $mirror ]] || die "apt's own configuration names no mirror for $codename"
  debootstrap --variant=minbase --include="$packages" trixie "$root" "$mirror" >"$root.log" || {
    tail -n 20 "$root.log" >&2
    die "debootstrap failed"
  }
  rm -f -- "$root.log"
  {
    echo "deb $mirror trixie main"
    echo "deb $mirror trixie-updates main"
    [[ -z $security ]] || echo "deb $security trixie-security main"
  } >"$root/etc/apt/sources.list"
  apt-config dump | grep -iE '^(Acquire::.*proxy|Acquire::.*(CaInfo|Verify-))' \
    >"$root/etc/apt/apt.conf.d/90weir" || true
}
