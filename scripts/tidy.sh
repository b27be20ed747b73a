#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/tidy.sh [FILE.cc...]: clang-tidy, with the checks of .clang-tidy, on these or all sources.
# It needs generated sources and one precompiled header, in build/lint, and nothing else built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh
source scripts/lib/sources.sh

scripts/build.sh lint
if (($# > 0)); then
  files=("$@")
else
  mapfile -t files < <(sources '*.cc')
fi
say "clang-tidy on ${#files[@]} files"
# Files that no target compiles have no flags to be read with.
for file in "${files[@]}"; do
  ! grep -qF "\"$PWD/$file\"" build/lint/compile_commands.json || printf '%s\0' "$file"
done | xargs -0 -n 4 -P "$(nproc)" clang-tidy-19 --quiet -p build/lint
