# SPDX-License-Identifier: Apache-2.0
# What the scripts say to people: progress and errors on stderr, so that stdout stays for results.
# shellcheck shell=bash

if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
  say_bold=$'\e[1m' say_red=$'\e[31m' say_off=$'\e[0m'
else
  say_bold='' say_red='' say_off=''
fi

# say MESSAGE...: one line of progress.
say() { printf '%s==>%s %s\n' "$say_bold" "$say_off" "$*" >&2; }

# die MESSAGE [HINT...]: what went wrong on the first line, what to do about it on the next ones.
die() {
  printf '%serror:%s %s\n' "$say_red" "$say_off" "$1" >&2
  shift
  (($# == 0)) || printf '       %s\n' "$@" >&2
  exit 1
}
