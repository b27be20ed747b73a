#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/compose_secrets.sh [DIR]: the secrets that docker-compose.yml mounts, made once at random.
#
# The directory is its owner's alone. The files are for all, because each is mounted by itself into
# containers whose users do not exist here. The database's password is in its volume, too: with new
# secrets, remove it (docker compose down --volumes).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/process.sh

dir=${1:-.weir/secrets}
[[ ! -e $dir/weir_secret ]] || exit 0
umask 022
mkdir -p -- "$dir"
chmod 700 -- "$dir"
password=$(random_password)
printf '%s' "$password" >"$dir/postgres_password"
printf 'postgres://weir:%s@postgres:5432/weir' "$password" >"$dir/database_url"
printf 'redis://redis:6379/0' >"$dir/redis_url"
printf '%s' "$(random_password)" >"$dir/weir_secret" # the last: it says that all are there
