#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A private Postgres and a private Redis in DIR/postgres and DIR/redis.
#
#   scripts/stack.sh start DIR [--durable]   starts both and prints their assignments
#   scripts/stack.sh stop DIR                keeps the data
#   scripts/stack.sh remove DIR              also ends and removes all others that are in DIR, which
#                                            is where tests put the servers they stop and freeze
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib/say.sh"

verb=${1:-} dir=${2:-}
[[ -n $verb && -n $dir ]] || die "usage: scripts/stack.sh start|stop|remove DIR"

case $verb in
  start)
    "$here/postgres.sh" start "$dir/postgres" "${@:3}"
    "$here/redis.sh" start "$dir/redis"
    ;;
  stop)
    [[ ! -d $dir/redis ]] || "$here/redis.sh" stop "$dir/redis"
    [[ ! -d $dir/postgres ]] || "$here/postgres.sh" stop "$dir/postgres"
    ;;
  remove)
    for server in "$dir"/*/; do
      if [[ -e $server/home || -L $server/home ]]; then
        "$here/postgres.sh" remove "$server"
      elif [[ -e $server/password ]]; then
        "$here/redis.sh" remove "$server"
      fi
    done
    rm -rf -- "$dir"
    ;;
  *) die "scripts/stack.sh does not know '$verb'" ;;
esac
