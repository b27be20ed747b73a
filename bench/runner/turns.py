# SPDX-License-Identifier: Apache-2.0
"""Measures servers in turn, round after round, so that what disturbs the machine disturbs all."""

import statistics

from runner import report

COLUMNS = (("rps", "RPC/s"), ("cpu_us", "CPU µs/RPC"), ("p50_us", "p50 µs"), ("p99_us", "p99 µs"))


def measure(arguments, running, generator, title, workload):
    """{name: [one object a round]}"""
    found = {name: [] for name in running}
    for round_number in range(1, arguments.rounds + 1):
        for name, server in running.items():
            report.progress(f"{title}, round {round_number} of {arguments.rounds}: {name}")
            found[name].append(generator.measure(
                server, arguments.conns, arguments.streams, workload=workload))
    return found


def medians(rounds):
    return {name: {key: statistics.median(each[key] for each in found) for key, _ in COLUMNS}
            for name, found in rounds.items()}


def print_medians(title, rows):
    report.print_head(title, COLUMNS)
    for name, row in rows.items():
        report.print_row(name, (report.number(row[key]) for key, _ in COLUMNS))
    print()
