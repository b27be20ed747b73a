# SPDX-License-Identifier: Apache-2.0
"""GetDashboard: the service, the same handler without coalescing, and the floor, in turn."""

from runner import report, turns

PLAIN = "without coalescing"
POSTGRES = "service, from Postgres"
REDIS = "service, users from Redis"
FLOOR = "floor"


def summarize(rounds):
    medians = turns.medians(rounds)

    def ratio(name, of):
        return medians[name]["rps"] / medians[of]["rps"]

    return {"medians": medians,
            "of_plain": {name: ratio(name, PLAIN) for name in (POSTGRES, REDIS)},
            "of_floor": {name: ratio(name, FLOOR) for name in (POSTGRES, REDIS)},
            "targets": [
                report.target("dashboards from Postgres, RPC/s of those without coalescing",
                              ratio(POSTGRES, PLAIN), 2.5),
                report.target("dashboards, RPC/s of the floor's", ratio(REDIS, FLOOR), 0.5)]}


def print_result(result):
    turns.print_medians("dashboards", result["medians"])
    for what, key in (("those without coalescing", "of_plain"), ("the floor", "of_floor")):
        ratios = ", ".join(f"{name} {value:.2f}x" for name, value in result[key].items())
        print(f"RPC/s of {what}: {ratios}")
    print()
