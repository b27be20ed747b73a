#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/dev_certificates.sh DIR [NAME...]: a certificate authority for development and certificates by
# it, for a server (DNS name weir, 127.0.0.1) and for a client of each NAME (client), whose identity is
# spiffe://weir.dev/NAME. Run again it renews them with the same authority.
#
# They are valid for 30 days. Each file is renamed into its place, so none is ever half there.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib/say.sh"

(($# > 0)) || die "usage: scripts/dev_certificates.sh DIR [NAME...]"
dir=$1
shift
(($# > 0)) || set -- client
umask 077
mkdir -p -- "$dir"
work=$(mktemp -d "$dir/.new.XXXXXX")
trap 'rm -rf -- "$work"' EXIT

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

if [[ ! -s $dir/ca.pem ]]; then
  new_key "$dir/ca.key"
  openssl req -x509 -new -key "$dir/ca.key" -subj '/CN=Weir development authority' -days 365 \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -out "$dir/ca.pem"
fi

# certificate NAME SUBJECT_ALTERNATIVE_NAMES
certificate() {
  new_key "$work/$1.key"
  openssl req -new -key "$work/$1.key" -subj "/CN=$1" -out "$work/request"
  openssl x509 -req -in "$work/request" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -days 30 \
    -set_serial "0x$(openssl rand -hex 8)" -out "$work/$1.pem" 2>/dev/null -extfile <(
      echo "subjectAltName=$2"
      echo 'basicConstraints=CA:FALSE'
      echo 'keyUsage=critical,digitalSignature'
      echo 'extendedKeyUsage=serverAuth,clientAuth'
    )
  mv -- "$work/$1.key" "$work/$1.pem" "$dir/"
}

cluster=DNS:weir.weir,DNS:weir.weir.svc,DNS:weir.weir.svc.cluster.local
certificate server "DNS:weir,$cluster,DNS:localhost,IP:127.0.0.1,URI:spiffe://weir.dev/server"
for name in "$@"; do
  certificate "$name" "URI:spiffe://weir.dev/$name"
done
