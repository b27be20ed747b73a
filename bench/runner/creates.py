# SPDX-License-Identifier: Apache-2.0
"""CreateUser on a Postgres that waits for its disk: calls that share transactions, and one
transaction for each call, on the same pool."""

from runner import report, turns

GROUPED = "service"
ALONE = "one transaction a call"


def summarize(rounds):
    rows = turns.medians(rounds)
    return {"medians": rows,
            "targets": [report.target("CreateUser, RPC/s of one transaction for each call",
                                      rows[GROUPED]["rps"] / rows[ALONE]["rps"], 2)]}


def print_result(result):
    turns.print_medians("creates", result["medians"])
