#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/demo_calls.sh BUILD_DIRECTORY: what make demo shows, on the Postgres and Redis of
# scripts/with_stack.sh. Every command's exit status is checked: it is a test, too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh
source scripts/lib/process.sh
source scripts/lib/server.sh

: "${WEIR_STACK_DIR:?scripts/with_stack.sh sets this}"
build=$(realpath "$1")
PATH=$build:$PATH
password=$WEIR_STACK_DIR/ada.password
wrong_password=$WEIR_STACK_DIR/wrong.password
echo 'correct horse battery staple' >"$password"
echo 'Tr0ub4dor&3' >"$wrong_password"

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' off=$'\e[0m'
else
  bold='' off=''
fi

chapter() { printf '\n%s# %s%s\n' "$bold" "$*" "$off"; }

# shown COMMAND...: as one would type it, without the path of this demo's temporary files.
shown() {
  local word line=''
  for word in "${@/#"$WEIR_STACK_DIR/"/}"; do
    [[ $word =~ ^[A-Za-z0-9_@:,./=+-]+$ ]] || word="'$word'"
    line+=" $word"
  done
  printf '\n%s$%s%s\n' "$bold" "$line" "$off"
}

# show STATUS COMMAND...: runs it and insists on how it ends.
show() {
  local expected=$1 status=0
  shift
  shown "$@"
  "$@" 2>&1 || status=$?
  ((expected == 0)) || printf '(exit status %d)\n' "$status"
  ((status == expected)) || die "$* ended with $status and not with $expected"
}

serve() {
  start_server "$WEIR_STACK_DIR/server-$1.log" weir-server --address 127.0.0.1:0 \
    --admin-address 127.0.0.1:0
  say "server $1 serves on $server_address"
}

# terminate NUMBER PID: SIGTERM, and the last line of the server's log, which is its drain report.
terminate() {
  local status=0
  shown kill -TERM "$2"
  kill -TERM "$2"
  wait "$2" || status=$?
  printf '\nThe drain report of server %d, which ended with exit status %d:\n\n' "$1" "$status"
  tail -n 1 "$WEIR_STACK_DIR/server-$1.log" | tr -d '{}"' | tr ',' '\n' |
    awk -F: '{name = $1; sub(/^[^:]*:/, ""); printf "  %-18s %s\n", name, $0}'
  ((status == 0)) || die "server $1 cut something"
}

serve 1
first_pid=$server_pid
export WEIR_ADDRESS=$server_address

chapter "Users are created, read, changed and found"
show 0 weir health
show 0 weir users create --name 'Ada Lovelace' --email ada@example.com --password-file "$password"
show 0 weir users create --name 'Grace Hopper' --email grace@example.com
show 0 weir users create --name 'Alan Turing' --email alan@example.com
show 0 weir users get 1
show 0 weir users update 1 --name 'Ada King, Countess of Lovelace'
show 0 weir users list
show 0 weir users batch-get 3 1
show 0 weir users verify ada@example.com --password-file "$password"
show 0 weir users delete 3
show 0 weir users get 1 --json

chapter "A user has posts and subscriptions, and a dashboard that reads all of it at once"
show 0 weir posts create 1 --title 'On the Analytical Engine' --body 'It weaves algebraic patterns.'
show 0 weir posts create 1 --title 'Note G'
show 0 weir posts list 1
show 0 weir subscriptions create 1 gold
show 0 weir subscriptions create 1 newsletter
show 0 weir subscriptions cancel 2
show 0 weir subscriptions list 1
show 0 weir dashboard 1
show 0 weir posts delete 1
show 0 weir dashboard 1 --posts 1 --json

chapter "Changes can be watched: of all users, and of one user's dashboard"
shown weir users watch --max-events 3
weir users watch --max-events 3 >"$WEIR_STACK_DIR/events" 2>"$WEIR_STACK_DIR/events.err" &
watch_pid=$!
is_watching() { grep -qs watching "$WEIR_STACK_DIR/events.err"; } # -s: it may not be there yet
wait_until 10 is_watching || die "the watch did not begin: $(<"$WEIR_STACK_DIR/events.err")"
show 0 weir users create --name 'Alan Turing' --email turing@example.com
show 0 weir users update 2 --name 'Rear Admiral Grace Hopper'
show 0 weir users delete 4
wait "$watch_pid" || die "the watch failed: $(<"$WEIR_STACK_DIR/events.err")"
printf '\nWhat the watch saw:\n\n'
sed 's/^/  /' "$WEIR_STACK_DIR/events"
show 0 weir dashboard 2 --watch --max-events 1

chapter "What cannot be done is refused with a reason, and an exit status for scripts"
show 7 weir users verify ada@example.com --password-file "$wrong_password"
show 6 weir users create --name 'Another Ada' --email ada@example.com
show 4 weir users create --name 'Nobody' --email 'not an address'
show 3 weir users get 3
show 3 weir dashboard 3
show 4 weir posts create 1 --title ' '

chapter "Many at once: over a stream, or handed in to be done whatever happens"
items=$WEIR_STACK_DIR/items.csv
printf '%s\n' 'item_id,name,email' 'first,Edsger Dijkstra,edsger@example.com' \
  'second,Barbara Liskov,barbara@example.com' 'third,Ada Again,ada@example.com' >"$items"
show 1 weir batch process "$items"
{
  echo 'name,email'
  for number in {1..2000}; do echo "User $number,user.$number@example.com"; done
} >"$items"
show 0 weir batch submit "$items" --request-id import-1 --watch
show 0 weir batch submit "$items" --request-id import-1
show 0 weir batch results batches/1 --page-size 3

chapter "One of two servers is told to end while a client sends 1,000 calls a second to both"
serve 2
load=(weir load --rate 1000 --duration 4s --ids 1-2 --no-retries
  --address "$WEIR_ADDRESS,$server_address")
shown "${load[@]}"
"${load[@]}" >"$WEIR_STACK_DIR/load" 2>&1 &
load_pid=$!
sleep 1.5 # of the load's four seconds
terminate 1 "$first_pid"
wait "$load_pid" || die "calls failed: $(<"$WEIR_STACK_DIR/load")"
printf '\nWhat the client saw:\n\n'
sed 's/^/  /' "$WEIR_STACK_DIR/load"

chapter "And so ends the other"
terminate 2 "$server_pid"
