#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make up: a server with a Postgres and a Redis of its own, running in the background until make
# down. Everything it has is in .weir/; what a client needs to know is in .weir/env. WEIR_ADDRESS and
# WEIR_ADMIN_ADDRESS say where to listen; all other WEIR_ variables reach the server too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh
source scripts/lib/process.sh
source scripts/lib/server.sh

scripts/install_packages.sh
scripts/build.sh release weir-server weir_cli

# free_address WANTED: WANTED, or any free port when it is taken.
free_address() {
  local host=${1%:*} port=${1##*:}
  if (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null; then
    say "$1 is taken: another port will do"
    echo "$host:0"
  else
    echo "$1"
  fi
}

is_up=0
give_up() {
  ((is_up)) && return
  [[ -z ${server_pid:-} ]] || end_process "$server_pid" 20
  scripts/down.sh
}

start() {
  local assignments
  trap give_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  say "starting Postgres and Redis"
  assignments=$(scripts/stack.sh start .weir --durable)
  set -o allexport
  eval "$assignments"
  WEIR_ADDRESS=$(free_address "${WEIR_ADDRESS:-127.0.0.1:50051}")
  WEIR_ADMIN_ADDRESS=$(free_address "${WEIR_ADMIN_ADDRESS:-127.0.0.1:8081}")
  set +o allexport
  say "starting the server"
  # In a session of its own: it outlives this terminal.
  start_server .weir/server.log setsid build/release/weir-server
  record_process .weir/server.pid "$server_pid"
  (
    umask 077
    {
      echo "WEIR_ADDRESS=$server_address"
      echo "WEIR_ADMIN_ADDRESS=$server_admin_address"
      echo "WEIR_DATABASE_URL=$WEIR_DATABASE_URL"
      echo "WEIR_REDIS_URL=$WEIR_REDIS_URL"
    } >.weir/env
  )
  build/release/weir --address "$server_address" health >/dev/null
  is_up=1
}

if recorded_process .weir/server.pid >/dev/null; then
  say "it is up already"
else
  start
fi

# shellcheck source=/dev/null
source .weir/env
cat <<EOF_HELP
Weir serves gRPC on $WEIR_ADDRESS and its probes on http://$WEIR_ADMIN_ADDRESS.

  set -a; . .weir/env; set +a        # so that the commands below find it
  build/release/weir health
  build/release/weir users create --name "Ada Lovelace" --email ada@example.com
  build/release/weir users list
  psql "\$WEIR_DATABASE_URL"          # its database
  tail -f .weir/server.log           # what it says
  make down                          # ends it; the data stays until make clean
EOF_HELP
