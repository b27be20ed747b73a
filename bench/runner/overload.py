# SPDX-License-Identifier: Apache-2.0
"""Overload: calls that arrive whether or not the service keeps up, and may be refused.

Two methods: VerifyPassword, whose work costs a thousand times what a refusal does, with one thread that
hashes; and CreateUser, one transaction at a time, whose work costs about twenty times as much. Once
with what the service does about an overload, once with only the bounds on what waits for the thread or
for Postgres (`--adaptive-limit=false`). What is measured first is the saturation; all else is in
multiples of it."""

import dataclasses
import json
import statistics
import subprocess
import sys

from runner import report

WITH, WITHOUT = "adaptive limit", "without"
OPTIONS = ("--cache=false", "--limit-slack=1ms", "--limit-first=64", "--limit-least=2")
LEVELS = {WITH: (0.5, 1, 2, 3), WITHOUT: (0.5, 1, 3)}
OVER = 3
SETTLE = 1  # seconds of each level that are not counted
LIGHT = 0.5
BEFORE = 5  # seconds of a light load before a surge
DEADLINE_MS = 2000
GREEDY, MODEST = "127.0.0.2", "127.0.0.3"  # two clients, as far as the service can tell


@dataclasses.dataclass
class Case:
    workload: str
    options: tuple[str, ...]
    at_once: int  # calls on each of as many connections: they keep it busy, and are no more
    seconds: int  # of each level: enough for hundreds of calls


PASSWORDS = Case("verify", (*OPTIONS, "--hash-threads=1", "--attempts=1000000"), 2, 15)
CREATES = Case("create", (*OPTIONS, "--create-group=1", "--create-transactions=1"), 4, 10)


class Surges:
    def __init__(self, arguments, workload):
        self._arguments = arguments
        self._workload = workload
        self._binary = f"{arguments.build}/bench/gload/gload"

    def start(self, server, plan, *options):
        return subprocess.Popen(
            [self._binary, "--address", server.address, "--workload", self._workload,
             "--ids", str(self._arguments.users), "--proc", f"server={server.pid}",
             "--conns", "8", "--streams", "200", "--deadline-ms", str(DEADLINE_MS),
             "--surge", ",".join(f"{rate:.1f}:{seconds}" for rate, seconds in plan), *options],
            stdout=subprocess.PIPE, text=True)

    def finish(self, process):
        out, _ = process.communicate()
        if process.returncode != 0:
            sys.exit("the measurement is void")
        return json.loads(out)

    def run(self, server, plan, *options):
        return self.finish(self.start(server, plan, *options))


def measure(arguments, case, running, generator):
    surges = Surges(arguments, case.workload)
    saturation = generator.measure(
        running[WITHOUT], case.at_once, case.at_once, workload=case.workload)["rps"]
    report.progress(f"overload, {case.workload}: saturated at {saturation:.0f} calls/s")
    found = {"saturation": saturation, "levels": {}, "surge": {}}
    for name, server in running.items():
        report.progress(f"overload, levels: {name}")
        plan = [(level * saturation, seconds) for level in LEVELS[name] for seconds in (SETTLE, case.seconds)]
        phases = surges.run(server, plan)["phases"][1::2]  # without what it takes to settle
        found["levels"][name] = [
            {"level": level, **phase, "goodput": phase["right"] / phase["seconds"]}
            for level, phase in zip(LEVELS[name], phases)]
        report.progress(f"overload, a surge: {name}")
        found["surge"][name] = surges.run(server, [
            (LIGHT * saturation, BEFORE), (OVER * saturation, 4), (LIGHT * saturation, 5)])
    found["fairness"] = fairness(surges, running[WITH], saturation, case.seconds)
    found["priority"] = priority(surges, running[WITH], saturation, case.seconds)
    return found


def fairness(surges, server, saturation, seconds):
    """A client that asks for three times what there is, and never slows down; another for a tenth."""
    report.progress("overload: two clients")
    greedy = surges.start(server, [(OVER * saturation, 1), (OVER * saturation, seconds + 1)], "--source", GREEDY)
    modest = surges.run(server, [(0.1 * saturation, 1), (0.1 * saturation, seconds)], "--source", MODEST)
    return {"greedy": surges.finish(greedy)["phases"][1], "modest": modest["phases"][1]}


def priority(surges, server, saturation, seconds):
    report.progress("overload: batches and others")
    batch = surges.start(server, [(OVER * saturation, 1), (OVER * saturation, seconds + 1)],
                         "--priority", "batch")
    normal = surges.run(server, [(LIGHT * saturation, 1), (LIGHT * saturation, seconds)])
    return {"batch": surges.finish(batch)["phases"][1], "normal": normal["phases"][1]}


def recovery(surge):
    """Seconds from the surge's end to the last half second with a refusal, or whose median (of its tenths)
    was three times that of before."""
    steps = surge["steps"]
    rates = [step["rate"] for step in steps]
    begin, end = rates.index(max(rates)), len(rates) - rates[::-1].index(max(rates))
    before = statistics.median(step["p50_us"] for step in steps[:begin])
    halves = [steps[at:at + 5] for at in range(end, len(steps) - 4, 5)]
    bad = [number for number, half in enumerate(halves, 1)
           if any(step["refused"] > 0 for step in half)
           or statistics.median(step["p50_us"] for step in half) > 3 * before]
    return max(bad, default=0) / 2


def share(phase):
    return phase["right"] / max(1, phase["arrivals"])


def memory_growth(surge):
    """MiB, from before the surge to its most."""
    kib = [step["kib"]["server"] for step in surge["steps"]]
    return (max(kib) - kib[BEFORE * 10]) / 1024


def summarize(found):
    levels = {name: {row["level"]: row for row in rows} for name, rows in found["levels"].items()}
    rows = levels[WITH]
    peak = max(row["goodput"] for row in rows.values())

    def at_most(what, value, wanted, unit):
        return {"what": what, "found": value, "wanted": wanted, "unit": unit, "is_at_least": False,
                "is_met": value <= wanted}

    return {**found, "targets": [
        report.target(f"at {OVER} times saturation, goodput of the peak", rows[OVER]["goodput"] / peak, 0.9),
        at_most(f"at {OVER} times saturation, p99 of what is served, of the unloaded",
                rows[OVER]["p99_us"] / rows[LEVELS[WITH][0]]["p99_us"], 3, "x"),
        at_most("seconds until a surge is forgotten", recovery(found["surge"][WITH]), 2, " s"),
        at_most("memory that a surge takes", memory_growth(found["surge"][WITH]), 16, " MiB"),
        report.target("calls served of a modest client beside a greedy one",
                      share(found["fairness"]["modest"]), 0.95),
        report.target("calls served of normal priority beside batches",
                      share(found["priority"]["normal"]), 0.95)]}


def print_result(result):
    print(f"saturated at {result['saturation']:.0f} calls/s")
    for name, rows in result["levels"].items():
        report.print_head(f"overload, {name}", (
            ("", "offered"), ("", "goodput/s"), ("", "refused"), ("", "p50 ms"), ("", "p99 ms")))
        for row in rows:
            report.print_row("", (f"{row['level']}x", f"{row['goodput']:.0f}",
                                  f"{row['refused'] / max(1, row['arrivals']):.0%}",
                                  f"{row['p50_us'] / 1e3:.1f}", f"{row['p99_us'] / 1e3:.1f}"))
    for name in ("fairness", "priority"):
        for who, phase in result[name].items():
            print(f"{name}, {who}: {share(phase):.1%} of {phase['arrivals']} served, "
                  f"p99 {phase['p99_us'] / 1e3:.1f} ms")
    print()
