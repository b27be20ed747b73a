#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/build.sh PRESET [TARGET...]: configures and builds build/PRESET, all of it or TARGETs.
# WEIR_UNITY=1 compiles a dozen files at once: quicker from scratch, slower after a change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh

preset=${1:?usage: scripts/build.sh PRESET [TARGET...]}
targets=("${@:2}")
for tool in cmake ninja; do
  command -v "$tool" >/dev/null || die "$tool is missing" "Run scripts/install_packages.sh first."
done

mkdir -p build
log=build/configure-$preset.log
options=()
[[ -z ${WEIR_UNITY:-} ]] || options=(-DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=12)
if ! cmake --preset "$preset" "${options[@]}" >"$log" 2>&1; then
  cat "$log" >&2
  die "the preset $preset could not be configured" \
    "If a package is missing: scripts/install_packages.sh. If build/$preset is stale: rm -rf build/$preset"
fi
say "building $preset${targets[*]:+: ${targets[*]}}"
cmake --build --preset "$preset" ${targets:+--target "${targets[@]}"}
