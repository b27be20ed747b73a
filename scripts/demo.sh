#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make demo: Weir from nothing to its drain report, in one command that cleans up after itself.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh

scripts/install_packages.sh
scripts/build.sh release weir-server weir_cli
say "starting a private Postgres and Redis"
scripts/with_stack.sh scripts/demo_calls.sh build/release
say "Everything has ended and is cleaned up. Next: make up, and README.md."
