#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `docker compose up` shows of Weir: each kind of call, through both replicas. Can be run again.
set -euo pipefail

show() {
  printf '\n$ weir %s\n' "$*"
  weir "$@"
}

# The id of a user created under this address, which no run before this one used.
create() {
  weir users create --name "$1" --email "$2.$RANDOM$RANDOM$RANDOM@example.com" --json |
    sed -n 's/.*"id": *"\{0,1\}\([0-9]*\).*/\1/p'
}

show health
ada=$(create 'Ada Lovelace' ada)

show users get "$ada"
show users update "$ada" --name 'Ada King, Countess of Lovelace'
show posts create "$ada" --title 'On the Analytical Engine' --body 'It weaves algebraic patterns.'
show subscriptions create "$ada" gold
show dashboard "$ada"
{
  echo 'name,email'
  for number in {1..100}; do echo "User $number,user.$number.$RANDOM$RANDOM@example.com"; done
} | show batch submit - --watch
show load --rate 1000 --duration 3s --ids "$ada" --no-retries
printf '\nAll of it worked.\n'
