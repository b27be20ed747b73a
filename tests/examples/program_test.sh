#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# program_test.sh PROGRAM FILE: the program prints what its file says below "// Output:".
set -euo pipefail

status=0
said=$("$1") || status=$?
((status == 0)) || said+=$'\n'"exit status $status"
diff <(sed '1,/^\/\/ Output:$/d; s,^// ,,' "$2") - <<<"$said"
