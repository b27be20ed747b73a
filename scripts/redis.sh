#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One private Redis server on a free port of 127.0.0.1, with all it has in DIR. It keeps nothing on
# disk: Weir's Redis is a cache.
#
#   scripts/redis.sh start DIR         starts it, unless it runs, and prints assignments
#   scripts/redis.sh env DIR           prints those of a running server: WEIR_REDIS_URL, WEIR_REDIS_PID
#   scripts/redis.sh freeze|thaw DIR   SIGSTOP and SIGCONT
#   scripts/redis.sh stop DIR          a later start brings it back on the same port, empty
#   scripts/redis.sh remove DIR        stops it and removes DIR
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib/say.sh"
source "$here/lib/process.sh"

verb=${1:-} dir=${2:-}
[[ -n $verb && -n $dir ]] || die "usage: scripts/redis.sh start|env|freeze|thaw|stop|remove DIR"
dir=$(realpath -m -- "$dir")
log=$dir/log
command -v redis-server >/dev/null || die "Redis is not installed" "Run scripts/install_packages.sh"

running_pid() { recorded_process "$dir/pid"; }

print_env() {
  local pid
  pid=$(running_pid) || die "no Redis runs in $dir"
  echo "WEIR_REDIS_URL=redis://:$(<"$dir/password")@127.0.0.1:$(<"$dir/port")/0"
  echo "WEIR_REDIS_PID=$pid"
}

answers_ping() {
  [[ $(REDISCLI_AUTH=$(<"$dir/password") redis-cli -h 127.0.0.1 -p "$1" ping 2>/dev/null) == PONG ]]
}

is_settled() { is_gone "$2" || answers_ping "$1"; }

# launch PORT: starts the server there; fails if it does not come to answer.
launch() {
  local pid as_user=()
  [[ $(id -u) != 0 ]] || as_user=(setpriv --reuid=redis --regid=redis --init-groups --)
  # In a session of its own, so that a ctrl-C is for the script that will stop it; the configuration
  # comes through a pipe, so that no password is on a command line.
  setsid "${as_user[@]}" redis-server - >>"$log" 2>&1 < <(
    echo "bind 127.0.0.1"
    echo "port $1"
    echo "requirepass $(<"$dir/password")"
    echo "dir /"
    echo 'save ""'
    echo "appendonly no"
    echo "maxmemory 256mb"
    echo "maxmemory-policy allkeys-lru"
  ) &
  pid=$!
  record_process "$dir/pid" "$pid" 2>/dev/null || true
  wait_until 20 is_settled "$1" "$pid" || end_process "$pid" 1
  ! is_gone "$pid"
}

launch_on_free_port() {
  local port
  for _ in {1..20}; do
    : >"$log"
    port=$(random_port)
    if launch "$port"; then
      echo "$port" >"$dir/port"
      return
    fi
    grep -q 'Address already in use' "$log" || break
  done
  cat "$log" >&2
  die "Redis did not start"
}

start() {
  mkdir -p -- "$dir"
  [[ -s $dir/password ]] || (umask 077 && random_password >"$dir/password")
  if [[ ! -s $dir/port ]]; then
    end_server # a leftover of an interrupted start
    launch_on_free_port
  elif ! running_pid >/dev/null; then
    wait_until 20 launch "$(<"$dir/port")" || {
      tail -n 20 "$log" >&2
      die "Redis did not start again on port $(<"$dir/port")"
    }
  fi
  print_env
}

signal() {
  local pid
  pid=$(running_pid) || die "no Redis runs in $dir"
  kill "-$1" "$pid"
}

end_server() {
  local pid
  pid=$(running_pid) || return 0
  end_process "$pid" 10
}

case $verb in
  start) start ;;
  env) print_env ;;
  freeze) signal STOP ;;
  thaw) signal CONT ;;
  stop) end_server ;;
  remove)
    end_server
    rm -rf -- "$dir"
    ;;
  *) die "scripts/redis.sh does not know '$verb'" ;;
esac
