# SPDX-License-Identifier: Apache-2.0
"""WatchUsers: many watchers of many changes. Every watcher checks every event; one that is missing,
comes twice or out of order ends the run."""

import statistics

from runner import report

BATCHES = "in batches"
ALONE = "one event a message"
# What two cores can carry alone, watchers and changes: a message costs what a call costs.
ALONE_SHARE = 0.1
COLUMNS = (("events_per_second", "events/s"), ("lag_p50_ms", "lag p50 ms"),
           ("lag_p99_ms", "lag p99 ms"), ("server_cpu", "server CPU s"), ("client_cpu", "client CPU s"))


def measure(arguments, server, generator):
    """{name: [one object a round]}"""
    found = {BATCHES: [], ALONE: []}
    for round_number in range(1, arguments.rounds + 1):
        for name in found:
            report.progress(f"watches, round {round_number} of {arguments.rounds}: {name}")
            changes = arguments.changes if name == BATCHES else arguments.changes * ALONE_SHARE
            one = generator.watch(server, arguments.watchers, changes, batch=name == BATCHES)
            one["server_cpu"] = one["cpu"]["server"] / arguments.duration
            one["client_cpu"] = one["cpu"]["client"] / arguments.duration
            found[name].append(one)
    return found


def summarize(rounds):
    medians = {name: {key: statistics.median(each[key] for each in found) for key, _ in COLUMNS}
               for name, found in rounds.items()}
    lag = medians[BATCHES]["lag_p50_ms"]
    return {"medians": medians,
            "targets": [{"what": "watches in batches, median lag", "found": lag, "wanted": 50,
                         "unit": " ms", "is_at_least": False, "is_met": lag <= 50}]}


def print_result(result):
    report.print_head("watches", COLUMNS)
    for name, row in result["medians"].items():
        report.print_row(name, (report.number(row[key]) for key, _ in COLUMNS))
    print()
