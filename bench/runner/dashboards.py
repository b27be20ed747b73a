# SPDX-License-Identifier: Apache-2.0
"""GetDashboard: the service, the same handler without coalescing, and the floor, in turn."""

import statistics

from runner import report

PLAIN = "without coalescing"
POSTGRES = "service, from Postgres"
REDIS = "service, users from Redis"
FLOOR = "floor"
COLUMNS = (("rps", "RPC/s"), ("cpu_us", "CPU µs/RPC"), ("p50_us", "p50 µs"), ("p99_us", "p99 µs"))


def measure(arguments, running, generator):
    """{name: [one object a round]}"""
    found = {name: [] for name in running}
    for round_number in range(1, arguments.rounds + 1):
        for name, server in running.items():
            report.progress(f"dashboards, round {round_number} of {arguments.rounds}: {name}")
            found[name].append(generator.measure(
                server, arguments.conns, arguments.streams, workload="dashboard"))
    return found


def summarize(rounds):
    medians = {name: {key: statistics.median(each[key] for each in found) for key, _ in COLUMNS}
               for name, found in rounds.items()}

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
    report.print_head("dashboards", COLUMNS)
    for name, row in result["medians"].items():
        report.print_row(name, (report.number(row[key]) for key, _ in COLUMNS))
    print()
    for what, key in (("those without coalescing", "of_plain"), ("the floor", "of_floor")):
        ratios = ", ".join(f"{name} {value:.2f}x" for name, value in result[key].items())
        print(f"RPC/s of {what}: {ratios}")
    print()
