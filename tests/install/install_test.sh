#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# install_test.sh BUILD COMPILER: installs the library into a prefix of its own, and builds and runs
# a project that knows nothing but that prefix.
set -euo pipefail
build=$1 compiler=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cmake --install "$build" --component weir_async --prefix "$work/prefix" >/dev/null

consumer() {
  cmake -S "$here/consumer" -B "$work/$1" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_PREFIX_PATH="$work/prefix" "${@:2}" >/dev/null
  cmake --build "$work/$1"
  output=$("$work/$1/consumer")
  [[ $output == "3 answers" ]] || { echo "the consumer said: $output"; exit 1; }
}
consumer with-the-cmake-package-of-abseil
consumer with-pkg-config -DCMAKE_DISABLE_FIND_PACKAGE_absl=ON
