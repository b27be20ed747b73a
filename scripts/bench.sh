#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/bench.sh [OPTION...]: builds the release and the benchmarks, and measures the service
# against the floor on a private Postgres and Redis. Options: bench/run.py --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The preset builds into the directory of `make test`, whose objects are the same.
scripts/build.sh bench weir-server weir-floor gload
exec scripts/with_stack.sh bench/run.py --build build/release "$@"
