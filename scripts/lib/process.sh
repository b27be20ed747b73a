# SPDX-License-Identifier: Apache-2.0
# Processes that outlive the script that starts them: recording, recognising, signalling, awaiting.
# shellcheck shell=bash

# start_time PID: when the kernel started it, in ticks since boot; fails when there is no such process.
# With it a recorded pid is recognised even after the kernel has given the number to another process.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The second field is the program's name in parentheses and may contain anything: skip past it.
  read -r -a stat <<<"${stat##*) }"
  [[ ${stat[0]} != Z ]] && echo "${stat[19]}"
}

# record_process FILE PID
record_process() { echo "$2 $(start_time "$2")" >"$1"; }

# recorded_process FILE: the recorded pid, if that process still runs.
recorded_process() {
  local pid started
  [[ -s $1 ]] && read -r pid started <"$1" && [[ $(start_time "$pid") == "$started" ]] && echo "$pid"
}

# children_of PID: the pids of its direct children.
children_of() {
  local stat
  for stat in /proc/[0-9]*/stat; do
    awk -v parent="$1" '{pid = $1; sub(/^.*\) /, ""); if ($2 == parent) print pid}' "$stat" 2>/dev/null
  done || true
}

# wait_until SECONDS COMMAND...: polls COMMAND until it succeeds; fails at the deadline.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

is_gone() { ! start_time "$1" >/dev/null; }

# end_process PID SECONDS: SIGTERM, then SIGKILL once SECONDS have passed. Frozen ones are woken first.
end_process() {
  kill -CONT "$1" 2>/dev/null || return 0
  kill -TERM "$1" 2>/dev/null || return 0
  wait_until "$2" is_gone "$1" || kill -KILL "$1" 2>/dev/null || true
  wait_until 5 is_gone "$1"
}

# random_port: a port outside the range the kernel gives to outgoing connections. It may be taken:
# whoever binds it tries another when it is.
random_port() { echo $((20000 + (RANDOM << 15 | RANDOM) % 12000)); }

# random_password: 128 bits, safe in a URL.
random_password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
