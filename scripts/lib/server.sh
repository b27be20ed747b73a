# SPDX-License-Identifier: Apache-2.0
# Running weir-server in the background. Needs say.sh and process.sh.
# shellcheck shell=bash

# logged LOG EVENT FIELD: that field of the last such event in the server's log.
logged() { sed -n "s/.*\"event\":\"$2\".*\"$3\":\"\([^\"]*\)\".*/\1/p" "$1" | tail -n 1; }

is_serving_or_gone() { grep -q '"event":"serving"' "$2" || is_gone "$1"; }

# start_server LOG COMMAND...: starts it and waits until it serves. Its pid is in server_pid, where
# it listens in server_address and server_admin_address.
start_server() {
  local log=$1
  shift
  : >"$log"
  "$@" </dev/null >>"$log" 2>&1 &
  server_pid=$!
  wait_until 60 is_serving_or_gone "$server_pid" "$log" || kill -TERM "$server_pid"
  server_address=$(logged "$log" serving address)
  # shellcheck disable=SC2034 # for whoever calls this
  server_admin_address=$(logged "$log" serving admin_address)
  if [[ -z $server_address ]]; then
    cat "$log" >&2
    die "the server did not start"
  fi
}
