#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that `make lint` checks. All checks run, even after one has failed.
# `scripts/lint.sh quick` leaves clang-tidy out, which alone takes longer than seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh

failed=()
check() {
  say "$1"
  "${@:2}" || failed+=("$1")
}

check "format" scripts/format.sh check
check "shell scripts" shellcheck scripts/*.sh scripts/lib/*.sh .ci/run
check "documents" scripts/docs.py check
check "house rules" scripts/check_style.sh
check "traps of g++ 12's coroutines" scripts/check_coroutines.py
[[ ${1:-} == quick ]] || check "names and mistakes" scripts/tidy.sh

((${#failed[@]} == 0)) || die "failed: $(printf '%s; ' "${failed[@]}")"
say "nothing to complain about"
