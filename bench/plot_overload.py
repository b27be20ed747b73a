#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what bench/run.py has measured of an overload.

    bench/plot_overload.py build/release/bench.json overload docs/overload.svg
    bench/plot_overload.py build/release/bench.json overload_creates docs/overload_creates.svg
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from runner import overload, svg  # noqa: E402


def surge_lines(found, key, scale):
    return {name: [(step["at"], step[key] * scale) for step in surge["steps"]]
            for name, surge in found["surge"].items()}


def smooth(line, width=3):
    """The mean of neighbours: a step is a tenth of a second, with a handful of calls."""
    return [(x, sum(y for _, y in line[max(0, i - width):i + width + 1])
             / len(line[max(0, i - width):i + width + 1])) for i, (x, _) in enumerate(line)]


def main():
    source, bench, target = sys.argv[1:]
    found = json.loads(pathlib.Path(source).read_text())[bench]
    levels = {key: {name: [(row["level"], row[key] * scale) for row in rows]
                    for name, rows in found["levels"].items()}
              for key, scale in (("goodput", 1), ("p99_us", 1e-3))}
    steps = found["surge"][overload.WITH]["steps"]
    over = [step["at"] for step in steps if step["rate"] == max(s["rate"] for s in steps)]
    band = [(over[0], over[-1], f"{overload.OVER} times saturation")]
    goodput = {name: smooth(line) for name, line in surge_lines(found, "right", 10).items()}
    goodput["offered"] = smooth([(step["at"], step["arrivals"] * 10) for step in steps])
    pathlib.Path(target).write_text(svg.page([
        svg.Chart("What is served", "offered, of saturation", "calls/s", levels["goodput"]),
        svg.Chart("How long the slowest hundredth of it takes", "offered, of saturation", "ms",
                  levels["p99_us"], log=True),
        svg.Chart("A surge: what is served", "seconds", "calls/s", goodput, band),
        svg.Chart("A surge: how long it takes, median", "seconds", "ms",
                  {name: [(x, y) for x, y in line if y > 0]
                   for name, line in surge_lines(found, "p50_us", 1e-3).items()}, band, log=True),
    ]))


if __name__ == "__main__":
    main()
