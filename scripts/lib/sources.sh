# SPDX-License-Identifier: Apache-2.0
# Which files are ours, for the scripts that look at all of them.
# shellcheck shell=bash

source_folders=(async telemetry rpc server client tests bench examples)

# sources PATTERN...: the files of the source folders with these names, sorted.
sources() {
  local folders=() folder patterns=() pattern
  for folder in "${source_folders[@]}"; do
    [[ ! -d $folder ]] || folders+=("$folder")
  done
  for pattern in "$@"; do
    patterns+=(-o -name "$pattern")
  done
  find "${folders[@]}" -type f \( "${patterns[@]:1}" \) | sort
}
