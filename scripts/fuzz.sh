#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/fuzz.sh [NAME...]: builds the fuzzers and runs each, or those that are named, for FUZZ_SECONDS (60).
# What they learn is kept in build/fuzz/corpus; an input that fails in build/fuzz/findings.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh

scripts/install_packages.sh build sanitizers
scripts/build.sh fuzz
names=("$@")
if ((${#names[@]} == 0)); then
  for program in build/fuzz/tests/fuzz/*_fuzzer; do
    names+=("$(basename "$program" _fuzzer)")
  done
fi

mkdir -p build/fuzz/findings
failed=()
for name in "${names[@]}"; do
  corpus=build/fuzz/corpus/$name log=build/fuzz/$name.log
  mkdir -p "$corpus"
  say "fuzzing $name for ${FUZZ_SECONDS:-60} s"
  if "build/fuzz/tests/fuzz/${name}_fuzzer" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=5 \
    -rss_limit_mb=1024 -max_len=16384 -print_final_stats=1 "-artifact_prefix=build/fuzz/findings/$name-" \
    "$corpus" "tests/fuzz/seeds/$name" >"$log" 2>&1; then
    sed -n 's/^stat::number_of_executed_units: */    inputs: /p' "$log" >&2
  else
    tail -n 60 "$log" >&2
    failed+=("$name")
  fi
done
((${#failed[@]} == 0)) || die "found something: ${failed[*]}" \
  "The input is in build/fuzz/findings. Make it a test, and a file in tests/fuzz/seeds."
