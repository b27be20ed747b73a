#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/with_stack.sh COMMAND...: runs COMMAND with a private Postgres and Redis, and returns its
# exit status. They are gone afterwards, whatever happens; if COMMAND failed, their logs are kept.
#
# COMMAND finds WEIR_DATABASE_URL and WEIR_REDIS_URL in its environment, and in WEIR_STACK_DIR a
# directory where it may start servers of its own (scripts/postgres.sh start "$WEIR_STACK_DIR/mine"):
# they end with the others, even if COMMAND crashes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib/say.sh"
source "$here/lib/process.sh"

(($# > 0)) || die "usage: scripts/with_stack.sh COMMAND..."

WEIR_STACK_DIR=$(mktemp -d "${TMPDIR:-/tmp}/weir-stack.XXXXXX")
export WEIR_STACK_DIR
command=''

has_command_ended() { ! kill -0 -- "-$command" 2>/dev/null; }

clean_up() {
  local status=$?
  trap '' INT TERM HUP # nothing interrupts the cleaning up
  trap - EXIT
  if [[ -n $command ]] && kill -TERM -- "-$command" 2>/dev/null; then
    wait_until 10 has_command_ended || kill -KILL -- "-$command" 2>/dev/null || true
  fi
  if ((status != 0)); then
    keep_logs
  fi
  "$here/stack.sh" remove "$WEIR_STACK_DIR" || say "could not remove $WEIR_STACK_DIR"
  exit "$status"
}

keep_logs() {
  local logs=$here/../build/stack-logs server
  mkdir -p "$logs"
  for server in "$WEIR_STACK_DIR"/*/; do
    cp -f "$server/home/log" "$logs/$(basename "$server").log" 2>/dev/null ||
      cp -f "$server/log" "$logs/$(basename "$server").log" 2>/dev/null || true
  done
  say "the servers' logs are in $(realpath "$logs")"
}

trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

chmod 755 "$WEIR_STACK_DIR"
assignments=$("$here/stack.sh" start "$WEIR_STACK_DIR")
set -o allexport
eval "$assignments"
set +o allexport

# In the background, for a shell that waits for a foreground command does not act on signals; and in
# a process group of its own, so that all of it can be ended.
set -m
"$@" &
command=$!
set +m
wait "$command"
