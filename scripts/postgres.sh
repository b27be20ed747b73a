#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One private Postgres server on a free port of 127.0.0.1, with all it has in DIR.
#
#   scripts/postgres.sh start DIR [--durable]   starts it, unless it runs, and prints assignments;
#                                               without --durable a crash may lose data (fsync off)
#   scripts/postgres.sh start DIR --standby-of=DIR
#                                               the same as a hot standby of the server that runs there
#   scripts/postgres.sh env DIR                 prints the assignments of a running server:
#                                               WEIR_DATABASE_URL, WEIR_POSTGRES_PID
#   scripts/postgres.sh freeze|thaw DIR         SIGSTOP and SIGCONT to all its processes
#   scripts/postgres.sh stop DIR                a later start brings back the same data and port
#   scripts/postgres.sh remove DIR              stops it and removes DIR
#
# Postgres refuses to run as root, so root runs it as the user that Debian's package creates.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib/say.sh"
source "$here/lib/process.sh"

verb=${1:-} dir=${2:-} option=${3:-}
[[ -n $verb && -n $dir ]] || die "usage: scripts/postgres.sh start|env|freeze|thaw|stop|remove DIR"
primary=''
[[ $option != --standby-of=* ]] || primary=$(realpath -- "${option#*=}")
dir=$(realpath -m -- "$dir")
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[[ -x $bin/initdb ]] || die "Postgres is not installed" "Run scripts/install_packages.sh"

# The server's user must be able to enter its directory, which under /root it cannot: then `home` is
# a link to a directory in /var/tmp.
home=$dir/home data=$dir/home/data log=$dir/home/log

as_owner() {
  if [[ $(id -u) == 0 ]]; then
    (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
  else
    (cd / && exec "$@")
  fi
}

# owner_path PATH: PATH as the server's user can reach it, past the link that only root can read.
owner_path() { echo "$(readlink -f "$home")${1#"$home"}"; }

pg_ctl() { as_owner "$bin/pg_ctl" --pgdata="$(owner_path "$data")" --silent "$@"; }

# A container's root may not look at the processes of others.
running_pid() {
  local pid
  [[ -s $data/postmaster.pid ]] && read -r pid <"$data/postmaster.pid" &&
    [[ $(as_owner readlink "/proc/$pid/cwd" 2>/dev/null) == "$(owner_path "$data")" ]] && echo "$pid"
}

print_env() {
  local pid
  pid=$(running_pid) || die "no Postgres runs in $dir"
  echo "WEIR_DATABASE_URL=postgres://weir:$(<"$dir/password")@127.0.0.1:$(<"$dir/port")/weir"
  echo "WEIR_POSTGRES_PID=$pid"
}

create_home() {
  mkdir -p -- "$dir"
  if as_owner test -x "$dir" && as_owner test -r "$dir"; then
    mkdir -- "$home"
  else
    ln -s -- "$(mktemp -d /var/tmp/weir-postgres.XXXXXX)" "$home"
  fi
  [[ $(id -u) != 0 ]] || chown postgres:postgres -- "$home/"
  chmod 700 -- "$home/"
}

create_cluster() {
  local password
  remove_home # of an attempt that was interrupted
  create_home
  password=$(random_password)
  (umask 077 && echo "$password" >"$dir/password" && echo "$password" >"$home/password")
  [[ $(id -u) != 0 ]] || chown postgres:postgres -- "$home/password"
  as_owner "$bin/initdb" --pgdata="$(owner_path "$data")" --username=weir --encoding=UTF8 \
    --locale=C.UTF-8 --auth=scram-sha-256 --pwfile="$(owner_path "$home/password")" \
    --no-sync --no-instructions >/dev/null || die "initdb failed"
  rm -- "$home/password"
}

# A copy of the primary that follows it from then on.
create_standby() {
  remove_home # of an attempt that was interrupted
  create_home
  (umask 077 && cp -- "$primary/password" "$dir/password")
  PGPASSWORD=$(<"$dir/password") as_owner "$bin/pg_basebackup" --pgdata="$(owner_path "$data")" \
    --host=127.0.0.1 --port="$(<"$primary/port")" --username=weir --write-recovery-conf \
    --checkpoint=fast --no-sync || die "pg_basebackup failed"
}

# launch PORT: starts the server there; fails if something else has the port.
launch() {
  local options="-p $1 -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c timezone=UTC"
  # What the benchmarks read fits; memory is taken only when it is used.
  options+=" -c shared_buffers=512MB"
  if [[ $option != --durable ]]; then
    options+=" -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
  fi
  # --wait polls the server's own report of being ready for connections.
  pg_ctl start --wait --timeout=60 --log="$(owner_path "$log")" --options="$options" >/dev/null 2>&1
}

launch_on_free_port() {
  local port lines
  for _ in {1..20}; do
    port=$(random_port)
    lines=$(wc -l 2>/dev/null <"$log" || echo 0)
    if launch "$port"; then
      echo "$port" >"$dir/port.new"
      return
    fi
    tail -n "+$((lines + 1))" "$log" | grep -q 'Address already in use' || break
  done
  cat "$log" >&2 || true
  die "Postgres did not start"
}

start() {
  if [[ -s $dir/port ]]; then
    # Until what is left of a killed server lets go of its data.
    running_pid >/dev/null || wait_until 20 launch "$(<"$dir/port")" || {
      tail -n 20 "$log" >&2
      die "Postgres did not start again on port $(<"$dir/port")"
    }
  else
    end_server # a leftover of an interrupted start
    if [[ -n $primary ]]; then create_standby; else create_cluster; fi
    launch_on_free_port
    [[ -n $primary ]] ||
      PGPASSWORD=$(<"$dir/password") "$bin/psql" --quiet --no-psqlrc --host=127.0.0.1 \
        --port="$(<"$dir/port.new")" --username=weir --dbname=postgres --command='CREATE DATABASE weir'
    # The last step: what has a port is complete.
    mv -- "$dir/port.new" "$dir/port"
  fi
  print_env
}

signal_all() {
  local pid
  pid=$(running_pid) || die "no Postgres runs in $dir"
  # The first of them first: it is the one that would start others.
  kill "-$1" "$pid"
  # shellcheck disable=SC2046
  kill "-$1" $(children_of "$pid") 2>/dev/null || true
}

end_server() {
  running_pid >/dev/null || return 0
  signal_all CONT
  pg_ctl stop --mode=fast --timeout=20 >/dev/null 2>&1 ||
    pg_ctl stop --mode=immediate --timeout=10 >/dev/null || die "Postgres in $dir did not stop"
}

remove_home() {
  [[ ! -L $home ]] || rm -rf -- "$(readlink -f "$home")"
  rm -rf -- "$home"
}

case $verb in
  start) start ;;
  env) print_env ;;
  freeze) signal_all STOP ;;
  thaw) signal_all CONT ;;
  stop) end_server ;;
  remove)
    end_server
    remove_home
    rm -rf -- "$dir"
    ;;
  *) die "scripts/postgres.sh does not know '$verb'" ;;
esac
