#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make down: ends what make up started. The server drains first; the data stays in .weir/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh
source scripts/lib/process.sh

[[ -d .weir ]] || exit 0
trap '' INT HUP # half down is worse than either
if pid=$(recorded_process .weir/server.pid); then
  say "draining the server"
  end_process "$pid" 90 # more than WEIR_GRACE_PERIOD
  tail -n 1 .weir/server.log >&2
fi
rm -f .weir/server.pid .weir/env
scripts/stack.sh stop .weir
say "it is down"
