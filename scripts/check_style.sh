#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The house rules that no compiler knows. Prints each breach as file:line: rule.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/sources.sh

breaches=0

# forbid RULE PATTERN FILE...: no line of the files matches the extended regular expression.
forbid() {
  local rule=$1 pattern=$2 line
  shift 2
  (($# > 0)) || return 0
  while IFS= read -r line; do
    echo "$(cut -d: -f1-2 <<<"$line"): $rule"
    breaches=$((breaches + 1))
  done < <(grep -HnE "$pattern" "$@" || true)
}

mapfile -t cpp < <(sources '*.h' '*.cc')
mapfile -t headers < <(sources '*.h')
mapfile -t tests < <(sources '*_test.cc')

for file in "${cpp[@]}"; do
  head -n 1 "$file" | grep -qF '// SPDX-License-Identifier: Apache-2.0' ||
    { echo "$file:1: the first line names the licence"; breaches=$((breaches + 1)); }
done
for file in "${headers[@]}"; do
  grep -q '^#pragma once$' "$file" ||
    { echo "$file:1: a header has #pragma once"; breaches=$((breaches + 1)); }
done

forbid "includes are from the repository's root" '#include "\.\.?/' "${cpp[@]}"
forbid "no using-directives in headers" '^ *using namespace ([^s]|s[^t])' "${headers[@]}"
forbid "tests wait for what they mean, not for time to pass" \
  '(this_thread::sleep_|\b(usleep|nanosleep|SleepFor) *\()' "${tests[@]}"

((breaches == 0))
