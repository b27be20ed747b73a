#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/test.sh PRESET [CTEST_OPTION...]: builds PRESET and runs its tests on a private Postgres
# and Redis. Results: build/PRESET/junit.xml, and build/PRESET/junit/ case by case.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh

preset=${1:?usage: scripts/test.sh PRESET [CTEST_OPTION...]}
shift
packages=(build test)
[[ $preset != asan && $preset != tsan ]] || packages+=(sanitizers)
scripts/install_packages.sh "${packages[@]}"
scripts/build.sh "$preset"
say "testing build/$preset"
scripts/with_stack.sh ctest --preset "$preset" "$@"
