#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the library beside Boost.Asio's coroutines, in one run; prints ratios.

Run it by `scripts/bench.sh async`. Each row is measured in both within a second of each other and
as often as --rounds says; the fastest round counts, for what else the machine does only adds.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

# Rows that must be this many times as fast as in Asio; all others 2.
TARGETS = {"await": 3, "await_16_deep": 3, "spawn_join": 3, "spawn_join_64": 3}
TARGET = 2


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build/release", help="directory of the build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each measurement")
    parser.add_argument("--only", default="", help="rows that match this expression")
    parser.add_argument("--json", help="where the numbers go; default: BUILD/bench-async.json")
    parser.add_argument("--check", action="store_true", help="fail if a target is missed")
    return parser.parse_args()


def nanoseconds(measured):
    """Of one item, where a row counts items, else of one iteration."""
    if "items_per_second" in measured:
        return 1e9 / measured["items_per_second"]
    return measured["real_time"]


def measure(arguments):
    """{row: {"plain" | "weir" | "asio": nanoseconds}}"""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(
            [pathlib.Path(arguments.build, "bench/async/weir-async-bench"),
             f"--benchmark_out={out.name}", f"--benchmark_filter={arguments.only}",
             f"--benchmark_repetitions={arguments.rounds}",
             "--benchmark_enable_random_interleaving=true",
             f"--benchmark_min_time={arguments.seconds}"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        result = json.load(out)
    rows = {}
    for measured in result["benchmarks"]:
        if measured["run_type"] != "iteration":
            continue
        row, library = measured["run_name"].split("/")[:2]
        times = rows.setdefault(row, {})
        times[library] = min(times.get(library, float("inf")), nanoseconds(measured))
    return rows


def judge(row, times):
    """The ratio to Asio and whether it is enough, or None twice where Asio has no such thing."""
    if "asio" not in times or "weir" not in times:
        return None, None
    ratio = times["asio"] / times["weir"]
    return ratio, ratio >= TARGETS.get(row, TARGET)


def main():
    arguments = parse_arguments()
    rows = measure(arguments)
    print(f"{'ns':32}{'Weir':>10}{'Asio':>10}{'ratio':>8}{'target':>8}")
    missed = []
    for row, times in rows.items():
        ours = times.get("weir", times.get("plain", float("nan")))
        line = f"{row:32}{ours:10.1f}"
        ratio, is_met = judge(row, times)
        if ratio is not None:
            target = TARGETS.get(row, TARGET)
            line += f"{times['asio']:10.1f}{ratio:7.1f}x{target:7}x{'' if is_met else '  missed'}"
            if not is_met:
                missed.append(row)
        print(line)
    path = pathlib.Path(arguments.json or pathlib.Path(arguments.build, "bench-async.json"))
    path.write_text(json.dumps({"rows": rows, "missed": missed}, indent=2) + "\n")
    print(f"\nall numbers: {path}")
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
