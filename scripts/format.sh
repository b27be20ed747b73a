#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/format.sh fix|check: the C++ sources in the format of .clang-format. One version of
# clang-format decides, for each formats a little differently.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh
source scripts/lib/sources.sh

command -v clang-format-19 >/dev/null ||
  die "clang-format-19 is missing" "Run scripts/install_packages.sh lint"
mapfile -t files < <(sources '*.h' '*.cc')

case ${1:-} in
  fix) clang-format-19 -i "${files[@]}" ;;
  check)
    clang-format-19 --dry-run --Werror --ferror-limit=3 "${files[@]}" ||
      die "some files are not in format" "Run: make fmt"
    ;;
  *) die "usage: scripts/format.sh fix|check" ;;
esac
