#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/bench.sh async [OPTION...]: measures the library beside Boost.Asio's coroutines, in one run.
# Options: bench/async.py --help.
#
# scripts/bench.sh batch [OPTION...]: submitted batches beside a plain COPY. Options: bench/batch.py
# --help.
#
# scripts/bench.sh abuse [OPTION...]: honest calls beside clients that mean harm, and memory. Options:
# bench/abuse.py --help.
#
# scripts/bench.sh [OPTION...]: builds the release and the benchmarks, and measures the service
# against the floor on a private Postgres and Redis. Options: bench/run.py --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ${1:-} == async ]]; then
  scripts/build.sh bench weir-async-bench
  exec bench/async.py --build build/release "${@:2}"
fi

if [[ ${1:-} == batch ]]; then
  scripts/build.sh bench weir-server weir
  exec scripts/with_stack.sh bench/batch.py --build build/release "${@:2}"
fi

if [[ ${1:-} == abuse ]]; then
  scripts/build.sh bench weir-server weir-abuse gload
  exec scripts/with_stack.sh bench/abuse.py --build build/release "${@:2}"
fi

# The preset builds into the directory of `make test`, whose objects are the same.
scripts/build.sh bench weir-server weir-plain weir-floor gload
exec scripts/with_stack.sh bench/run.py --build build/release "$@"
